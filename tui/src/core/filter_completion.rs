//! Completes what is typed behind `/`: the terms of the filter language, and their values.

mod line;
mod values;

use self::values::values;
use super::{list::List, state::State};
use crate::core::search::terms::names;

/// Candidates that are offered, at most.
const MAX_CANDIDATES: usize = 40;

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
    candidates.truncate(MAX_CANDIDATES);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{core::resource::Resource, tests::test_console::TestConsole};

    fn offered(kind: Resource, text: &str) -> Vec<String> {
        let bench = TestConsole::on(kind, 80, 24);
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
        let mut bench = TestConsole::on(Resource::Sessions, 80, 24);
        let id = crate::tests::test_console::client(7, "x").id.to_string();
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
            let bench = TestConsole::on(kind, 80, 24);
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
