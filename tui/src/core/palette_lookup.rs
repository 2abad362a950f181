//! Things by name in the palette: `user ada`, `client shop`, `key ci`, `session ses_01…`, `address 203.0.113.7`.

use doorward_shared::{ClientId, KeyId, SessionId, UserId};

use super::{
    command_palette::{Command, Entry, Palette},
    layer::Layer,
    msg::Effect,
    problem::Problem,
    state::State,
};
use crate::core::{
    cells::{device, full_name},
    page::Subject,
    resource::{Resource, Row},
};

/// After so long without a key, what was typed is looked for. Milliseconds.
const SETTLE: u64 = 120;

/// The words that begin a search for a thing, and the list it is in.
pub(crate) const NOUNS: [(&str, Resource); 4] = [
    ("user", Resource::Users),
    ("client", Resource::Clients),
    ("key", Resource::Keys),
    ("session", Resource::Sessions),
];

/// How far a search for a thing has come.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    /// When the server is asked, on the monotonic clock.
    pub ask_at: Option<u64>,
    /// What it was asked for last, and the answer that is awaited.
    asked: Option<(Resource, String)>,
    generation: u64,
    is_waiting: bool,
    /// What came of it.
    found: Vec<Entry>,
    problem: Option<String>,
    /// Enter was pressed before the answer was there.
    opens: bool,
}

/// What is looked for: the kind of thing, and its name or the beginning of its id.
pub(crate) fn wanted(text: &str) -> Option<(Resource, String)> {
    let (noun, name) = text.trim_start().split_once(' ')?;
    let noun = noun.to_lowercase();
    let (_, kind) = NOUNS.iter().find(|(one, _)| *one == noun)?;
    let name = name.trim();
    (!name.is_empty()).then(|| (*kind, name.to_owned()))
}

/// What is named whole: an address, or an id that says what it is of.
pub(crate) fn named(text: &str) -> Option<Subject> {
    let text = text.trim();
    let text = text.strip_prefix("address ").unwrap_or(text).trim();
    let subject = Subject::of_id(text)?;
    let is_whole = match &subject {
        Subject::User(id) => id.parse::<UserId>().is_ok(),
        Subject::Session(id) => id.parse::<SessionId>().is_ok(),
        Subject::Key(id) => id.parse::<KeyId>().is_ok(),
        Subject::Client(id) => id.parse::<ClientId>().is_ok(),
        Subject::Address(_) => true,
        Subject::Signing(_) => false,
    };
    is_whole.then_some(subject)
}

/// A thing as the palette tells it.
fn entry(state: &State, row: &Row) -> Option<Entry> {
    let subject = Subject::of(row)?;
    let noun = NOUNS.iter().find(|(_, kind)| *kind == row.kind())?.0;
    let (name, about) = match row {
        Row::User(user) => (user.email.clone(), full_name(user)),
        Row::Client(client) => (client.name.clone(), client.id.to_string()),
        Row::Key(key) => {
            let owner = key.owner_id.map(|id| state.name_of(&id.to_string()));
            let owner = owner.unwrap_or_else(|| "the operator".into());
            (
                key.name.clone(),
                format!("{}, of {owner}", key.state.as_str()),
            )
        }
        Row::Session(session) => {
            let who = state.name_of(&session.user_id.to_string());
            let device = device(session.user_agent.as_deref());
            (session.id.to_string(), format!("{who}, {device}"))
        }
        _ => return None,
    };
    Some(Entry {
        name: format!("{noun} {name}"),
        about,
        what: Command::Page(subject),
        key: String::new(),
    })
}

impl Palette {
    /// The things that were found, where things are looked for.
    pub(crate) fn objects(&self) -> Option<Vec<&Entry>> {
        wanted(self.line.text())?;
        Some(self.lookup.found.iter().collect())
    }

    /// What is said where no thing stands.
    pub(crate) fn lookup_word(&self) -> &str {
        match &self.lookup.problem {
            Some(problem) => problem,
            None if self.lookup.is_waiting || self.lookup.ask_at.is_some() => "Looking for it.",
            None => "Nothing is called that.",
        }
    }

    /// Something was typed: what is looked for is asked for a moment later.
    pub(crate) fn typed(&mut self, now: u64) {
        self.lookup.opens = false;
        let wanted = wanted(self.line.text());
        if wanted != self.lookup.asked {
            self.lookup.ask_at = wanted.is_some().then_some(now + SETTLE);
        }
    }

    /// Whether what is shown is what was typed.
    fn is_settled(&self) -> bool {
        let is_asked = wanted(self.line.text()) == self.lookup.asked;
        is_asked && !self.lookup.is_waiting
    }
}

impl State {
    fn palette(&mut self) -> Option<&mut Palette> {
        match self.layers.last_mut() {
            Some(Layer::Palette(palette)) => Some(palette),
            _ => None,
        }
    }

    /// Asks for the things that are looked for, once their time has come.
    pub(crate) fn look_up(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now.ms;
        let due = self
            .palette()
            .is_some_and(|palette| palette.lookup.ask_at.is_some_and(|at| at <= now));
        if !due {
            return;
        }
        let generation = self.next_generation();
        let Some(palette) = self.palette() else {
            return;
        };
        palette.lookup.ask_at = None;
        let Some((kind, text)) = wanted(palette.line.text()) else {
            return;
        };
        palette.lookup.asked = Some((kind, text.clone()));
        palette.lookup.generation = generation;
        palette.lookup.is_waiting = true;
        palette.lookup.problem = None;
        let effect = Effect::Find {
            generation,
            kind,
            text,
            now: self.now.wall,
        };
        self.ask(effect, effects);
    }

    /// Enter where a thing is looked for: it opens now, or once it is found. `false` where none is.
    pub(crate) fn open_object(&mut self, effects: &mut Vec<Effect>) -> bool {
        let now = self.now.ms;
        let Some(palette) = self.palette() else {
            return false;
        };
        if wanted(palette.line.text()).is_none() {
            return false;
        }
        if palette.is_settled() {
            let chosen = palette.lookup.found.get(palette.at).cloned();
            if let Some(Command::Page(subject)) = chosen.map(|entry| entry.what) {
                self.go_page(subject, effects);
            }
            return true;
        }
        palette.lookup.opens = true;
        if !palette.lookup.is_waiting || wanted(palette.line.text()) != palette.lookup.asked {
            palette.lookup.ask_at = Some(now);
            self.look_up(effects);
        }
        true
    }

    /// Things were found, or not.
    pub(crate) fn found(
        &mut self,
        generation: u64,
        found: Result<Vec<Row>, Problem>,
        effects: &mut Vec<Effect>,
    ) {
        let now = self.now;
        if found.is_ok() {
            self.connection.answered(now);
        }
        if let Err(problem) = &found {
            self.failed(problem);
        }
        let entries = match &found {
            Ok(rows) => rows.iter().filter_map(|row| entry(self, row)).collect(),
            Err(_) => Vec::new(),
        };
        let Some(palette) = self
            .palette()
            .filter(|palette| palette.lookup.generation == generation)
        else {
            return;
        };
        palette.lookup.is_waiting = false;
        palette.lookup.found = entries;
        palette.lookup.problem = found.err().map(|problem| problem.message);
        palette.at = 0;
        // Never pick one of several matches: a name may be chosen to impersonate another.
        let is_one = palette.lookup.found.len() == 1;
        if std::mem::take(&mut palette.lookup.opens) && is_one {
            self.open_object(effects);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_and_a_name_look_for_a_thing_and_other_text_does_not() {
        assert_eq!(
            wanted("user ada  lovelace "),
            Some((Resource::Users, "ada  lovelace".into()))
        );
        assert_eq!(wanted("Key ci"), Some((Resource::Keys, "ci".into())));
        assert_eq!(wanted("user "), None);
        assert_eq!(wanted("users"), None);
        assert_eq!(wanted("theme dark"), None);
    }

    #[test]
    fn what_is_named_whole_needs_no_looking() {
        let address = Some(Subject::Address("2001:db8::1".into()));
        assert_eq!(named("address 2001:db8::1"), address);
        assert_eq!(named(" 2001:DB8:0::1"), address);
        let id = UserId(ulid::Ulid::from_parts(1, 1)).to_string();
        assert_eq!(named(&id), Some(Subject::User(id.clone())));
        assert_eq!(
            named(&id[..12]),
            None,
            "the beginning of an id is looked for"
        );
        assert_eq!(named("ses"), None);
    }
}
