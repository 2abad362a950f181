//! Completes what is typed behind `/`: the terms of the filter language, and their values.

use std::collections::BTreeSet;

use doorward_shared::scope::ADMIN_SCOPES;

use super::{layer::Layer, line::Line, list::List, msg::Effect, state::State};
use crate::core::{
    resource::{Resource, Row},
    search::{
        terms::{kinds, names, states},
        values::{ACTIONS, GRANTS, SPANS},
    },
};

/// Candidates that are offered, at most.
const MOST: usize = 40;
/// Letters of a name from which the server is asked for more.
const LETTERS: usize = 2;

/// What the word at the cursor may become, and which of it stands there now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    /// The text before the word.
    before: String,
    pub candidates: Vec<String>,
    /// Which one Tab has put in; none before the first Tab.
    pub at: Option<usize>,
}

/// The word at the end of a text, and what is before it. A space between quotes ends no word.
fn last_word(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => start = at + c.len_utf8(),
            _ => {}
        }
    }
    text.split_at(start)
}

/// What a text may become in a list.
pub(crate) fn completion(state: &State, list: &List, text: &str) -> Completion {
    let (before, word) = last_word(text);
    let candidates = match word.split_once(':') {
        Some((term, value)) if names(list.kind).contains(&term.to_lowercase().as_str()) => {
            let value = value.trim_matches('"').to_lowercase();
            let values = values(state, list, &term.to_lowercase());
            let mut fits: Vec<String> = values
                .into_iter()
                .filter(|one| one.to_lowercase().contains(&value) && one.to_lowercase() != value)
                .collect();
            // What begins with it comes first.
            fits.sort_by_key(|one| !one.to_lowercase().starts_with(&value));
            fits.iter()
                .map(|one| format!("{term}:{}", quoted(one)))
                .collect()
        }
        Some(_) => Vec::new(),
        None => {
            let typed = word.to_lowercase();
            let fits = names(list.kind)
                .iter()
                .filter(|name| name.starts_with(&typed));
            fits.map(|name| format!("{name}:")).collect()
        }
    };
    let mut candidates: Vec<String> = candidates;
    candidates.truncate(MOST);
    Completion {
        before: before.to_owned(),
        candidates,
        at: None,
    }
}

/// A value as it is typed.
fn quoted(value: &str) -> String {
    if value.contains(char::is_whitespace) {
        format!("\"{}\"", value.replace('"', ""))
    } else {
        value.to_owned()
    }
}

/// The values that a term may have here: the words it takes, and what the rows and names that are known hold.
fn values(state: &State, list: &List, term: &str) -> Vec<String> {
    let fixed = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    match term {
        "state" => fixed(states(list.kind)),
        "kind" => fixed(kinds(list.kind)),
        "grant" => fixed(&GRANTS),
        "since" | "until" | "unused" | "expires" => fixed(&SPANS),
        "action" => of_rows(list, &fixed(&ACTIONS), |row| match row {
            Row::Event(event) => vec![event.action.clone()],
            _ => Vec::new(),
        }),
        "role" => of_rows(list, &fixed(&["admin", "customer"]), |row| match row {
            Row::User(user) => vec![user.role.clone()],
            _ => Vec::new(),
        }),
        "scope" => {
            let mut known = fixed(&["admin", "read", "write"]);
            for scope in ADMIN_SCOPES {
                known.extend([format!("{scope}:read"), scope.to_owned()]);
            }
            of_rows(list, &known, scopes)
        }
        "ip" => of_rows(list, &[], addresses),
        "owner" => named(state, &["user_"]),
        "client" => named(state, &["client_"]),
        _ => named(state, &["user_", "client_", "key_"]),
    }
}

fn scopes(row: &Row) -> Vec<String> {
    let scopes = match row {
        Row::User(user) => &user.permissions,
        Row::Session(session) => &session.scope,
        Row::Key(key) => &key.scopes,
        Row::Client(client) => &client.scopes,
        Row::Role(role) => &role.permissions,
        _ => return Vec::new(),
    };
    scopes.to_string().split(' ').map(str::to_owned).collect()
}

fn addresses(row: &Row) -> Vec<String> {
    let ip = match row {
        Row::Session(session) => Some(session.ip.clone()),
        Row::Key(key) => key.last_used_ip.clone(),
        Row::Event(event) => event.ip.clone(),
        _ => None,
    };
    ip.into_iter().collect()
}

/// What the loaded rows hold, and what is known besides, each once and in order.
fn of_rows(list: &List, known: &[String], of: impl Fn(&Row) -> Vec<String>) -> Vec<String> {
    let held = list.rows.iter().flat_map(of);
    let all: BTreeSet<String> = held.chain(known.iter().cloned()).collect();
    all.into_iter().filter(|one| !one.is_empty()).collect()
}

/// Names of what has such an id.
fn named(state: &State, prefixes: &[&str]) -> Vec<String> {
    let names = state.known.names.iter();
    let found = names.filter(|(id, _)| prefixes.iter().any(|prefix| id.starts_with(prefix)));
    let all: BTreeSet<String> = found.map(|(_, name)| name.clone()).collect();
    all.into_iter().collect()
}

impl Completion {
    /// The text with the next candidate, or the one before it.
    fn turn(&mut self, by: isize) -> Option<String> {
        let count = self.candidates.len().cast_signed();
        let next = match self.at {
            _ if count == 0 => return None,
            Some(at) => (at.cast_signed() + by).rem_euclid(count),
            None if by < 0 => count - 1,
            None => 0,
        };
        let next = next.cast_unsigned();
        self.at = Some(next);
        let candidate = self.candidates.get(next)?;
        Some(format!("{}{candidate}", self.before))
    }
}

impl State {
    /// What may be typed next behind `/`.
    pub(crate) fn completion(&self) -> Option<Completion> {
        let Some(Layer::Filter {
            line, completion, ..
        }) = self.layers.last()
        else {
            return None;
        };
        match completion {
            Some(completion) => Some(completion.clone()),
            None => Some(completion_of(self, line)?),
        }
    }

    /// Puts the next candidate where the word at the cursor is. `false` where there is none.
    pub(crate) fn complete(&mut self, by: isize) -> bool {
        let Some(mut completion) = self.completion() else {
            return false;
        };
        let Some(text) = completion.turn(by) else {
            return false;
        };
        // The only one there is: what it may hold comes next.
        let is_last = completion.candidates.len() == 1;
        if let Some(Layer::Filter {
            line,
            completion: kept,
            ..
        }) = self.layers.last_mut()
        {
            *line = Line::new(text);
            *kept = Some(completion).filter(|_| !is_last);
        }
        true
    }

    /// Asks for names that the word at the cursor may mean.
    pub(crate) fn ask_completions(&mut self, effects: &mut Vec<Effect>) {
        let Some(Layer::Filter { line, .. }) = self.layers.last() else {
            return;
        };
        let Some((term, value)) = last_word(line.text()).1.split_once(':') else {
            return;
        };
        let kind = match term {
            "owner" | "actor" => Resource::Users,
            "client" => Resource::Clients,
            _ => return,
        };
        let text = value.trim_matches('"').to_owned();
        if text.chars().count() >= LETTERS {
            effects.push(Effect::Completions { kind, text });
        }
    }
}

/// What a line may become. Only at its end: what stands behind the cursor is not thrown away.
fn completion_of(state: &State, line: &Line) -> Option<Completion> {
    let at_end = line.cursor() == line.text().chars().count();
    let list = state.list()?;
    at_end.then(|| completion(state, list, line.text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::bench::Bench;

    fn offered(kind: Resource, text: &str) -> Vec<String> {
        let bench = Bench::on(kind, 80, 24);
        completion(&bench.state, bench.state.list().unwrap(), text).candidates
    }

    #[test]
    fn terms_then_their_values_are_offered() {
        assert_eq!(offered(Resource::Users, "ada st"), ["state:"]);
        assert_eq!(
            offered(Resource::Users, "state:"),
            ["state:active", "state:disabled"]
        );
        assert_eq!(offered(Resource::Keys, "unused:3"), ["unused:30d"]);
        assert_eq!(
            offered(Resource::Events, "action:login"),
            ["action:login.failed"]
        );
        assert_eq!(
            offered(Resource::Sessions, "ip:203.0.113.3"),
            Vec::<String>::new(),
            "it stands there whole"
        );
        assert_eq!(offered(Resource::Events, "owner:bob"), Vec::<String>::new());
    }

    #[test]
    fn a_name_with_spaces_is_quoted_and_found_again() {
        let mut bench = Bench::on(Resource::Sessions, 80, 24);
        let id = crate::tests::bench::client(7, "x").id.to_string();
        bench.state.learn([(id, "Web \"shop\" 2".to_owned())]);
        let list = bench.state.list().unwrap();
        let found = completion(&bench.state, list, "state:live client:we");
        assert_eq!(found.candidates, ["client:\"Web shop 2\""]);
        assert_eq!(last_word("a client:\"Web sh"), ("a ", "client:\"Web sh"));
    }

    #[test]
    fn every_candidate_is_one_that_the_language_takes() {
        for kind in [
            Resource::Users,
            Resource::Sessions,
            Resource::Keys,
            Resource::Clients,
            Resource::Events,
            Resource::Roles,
            Resource::Signing,
        ] {
            let bench = Bench::on(kind, 80, 24);
            let list = bench.state.list().unwrap();
            for term in names(kind) {
                let found = completion(&bench.state, list, &format!("{term}:"));
                for candidate in &found.candidates {
                    let now = bench.state.now.wall;
                    let read = crate::core::search::Search::parse(kind, candidate, now);
                    assert!(read.is_ok(), "{kind:?} {candidate}: {read:?}");
                    assert_eq!(read.unwrap().terms.len(), 1, "{kind:?} {candidate}");
                }
            }
        }
    }
}
