//! The command palette: finds actions and objects by name.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

use super::{
    page::Subject,
    palette_lookup::{self, Lookup},
    recent_places::RecentView,
    state::State,
    text_input::TextInput,
};
use crate::core::{appearance::Theme, keymap::Action, resource::Resource};

#[derive(Debug)]
pub(crate) struct Palette {
    pub line: TextInput,
    pub entries: Vec<Entry>,
    pub at: usize,
    /// How many of the entries are places one was at; they are the first.
    recents: usize,
    /// Things that are looked for by name.
    pub lookup: Lookup,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub name: String,
    pub about: String,
    pub what: Command,
    /// The key that does the same; none: empty.
    pub key: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    Screen(u8),
    List(Resource),
    Do(Action),
    Theme(Theme),
    Profile(String),
    /// A view that was kept.
    View(String),
    Unsave(String),
    /// An own command.
    Run(String),
    Page(Subject),
    /// A place one was at.
    Place(RecentView),
    /// Waits for the name behind it.
    Noun,
    #[cfg(debug_assertions)]
    Crash,
}

impl Command {
    /// The action of the keymap that does the same.
    fn action(&self) -> Option<Action> {
        match self {
            Self::Screen(digit) => Some(Action::Screen(*digit)),
            Self::Do(action) => Some(*action),
            _ => None,
        }
    }
}

/// Positions of what fits a text, best first; all in their order for no text.
pub(crate) fn rank(text: &str, names: &[String]) -> Vec<usize> {
    if text.is_empty() {
        return (0..names.len()).collect();
    }
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut found: Vec<(u32, usize)> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let score = pattern.score(Utf32Str::new(name, &mut buffer), &mut matcher);
        found.extend(score.map(|score| {
            // Whoever types a whole name means it.
            let whole = if name == text { u32::MAX } else { score };
            (whole, at)
        }));
    }
    found.sort_by(|one, two| two.0.cmp(&one.0).then(one.1.cmp(&two.1)));
    found.into_iter().map(|(_, at)| at).collect()
}

/// Screens, lists and what else is reached by its name alone.
const NAMED: [(&str, &str, Command); 15] = [
    ("dashboard", "how the server is doing", Command::Screen(1)),
    ("users", "people's accounts", Command::Screen(2)),
    ("sessions", "sign-ins", Command::Screen(3)),
    ("apikeys", "API keys", Command::Screen(4)),
    ("clients", "OAuth clients", Command::Screen(5)),
    ("events", "the audit log, live", Command::Screen(6)),
    ("health", "the server itself", Command::Screen(7)),
    (
        "roles",
        "named lists of permissions",
        Command::List(Resource::Roles),
    ),
    (
        "blocks",
        "networks from which nobody signs in",
        Command::List(Resource::Blocks),
    ),
    ("keys", "signing keys", Command::List(Resource::Signing)),
    (
        "profiles",
        "servers this console knows",
        Command::List(Resource::Profiles),
    ),
    (
        "save ",
        "keep this list under a name: filter, order, columns",
        Command::Noun,
    ),
    (
        "columns ",
        "choose this list's columns and their order",
        Command::Noun,
    ),
    ("q", "quit", Command::Do(Action::Quit)),
    ("quit", "quit", Command::Do(Action::Quit)),
];

impl Entry {
    fn new(state: &State, name: &str, about: &str, what: Command) -> Self {
        let action = what.action();
        Self {
            name: name.into(),
            about: about.into(),
            key: action.map_or_else(String::new, |action| state.keymap.label(action)),
            what,
        }
    }
}

/// What keys do where the operator is, but for moves.
fn actions(state: &State) -> Vec<Entry> {
    let contexts = state.contexts();
    let rows = state.keymap.rows(&contexts);
    let rows = rows.map(|binding| binding.row).filter(|row| {
        !matches!(
            row.action,
            Action::Screen(_)
                | Action::Up
                | Action::Down
                | Action::Palette
                | Action::Quit
                | Action::Close
        )
    });
    rows.map(|row| Entry::new(state, row.name, row.help, Command::Do(row.action)))
        .collect()
}

fn own_commands(state: &State) -> impl Iterator<Item = Entry> {
    state.own_commands().map(|(name, command)| Entry {
        name: format!("run {name}"),
        about: command.template(),
        key: command.key.map(|key| key.to_string()).unwrap_or_default(),
        what: Command::Run(name.clone()),
    })
}

fn views(state: &State) -> impl Iterator<Item = Entry> {
    state.customization.views.iter().flat_map(|(name, view)| {
        let view_it = format!("view {name}");
        let unsave = format!("unsave {name}");
        let gone = "take this view out of the configuration";
        [
            Entry::new(state, &view_it, &view.about(), Command::View(name.clone())),
            Entry::new(state, &unsave, gone, Command::Unsave(name.clone())),
        ]
    })
}

fn themes(state: &State) -> impl Iterator<Item = Entry> {
    let own = state.own_themes.iter().enumerate();
    let own = own.map(|(at, (name, _))| (name.as_str(), Theme::Own(at)));
    let all = Theme::NAMES.into_iter().chain(own);
    all.map(|(name, theme)| {
        let about = match theme {
            Theme::Own(_) => "colours of your own",
            _ => "colours",
        };
        let name = format!("theme {name}");
        Entry::new(state, &name, about, Command::Theme(theme))
    })
}

fn profiles(state: &State) -> impl Iterator<Item = Entry> {
    state.server.profiles.iter().map(|profile| {
        let name = format!("profile {}", profile.name);
        let what = Command::Profile(profile.name.clone());
        Entry::new(state, &name, &profile.url, what)
    })
}

/// Words that wait for the name of a thing.
fn nouns(state: &State) -> impl Iterator<Item = Entry> {
    palette_lookup::NOUNS.into_iter().map(|(noun, kind)| {
        let kind = kind.title().to_lowercase();
        let about = format!("one of the {kind} by its name or id");
        Entry::new(state, &format!("{noun} "), &about, Command::Noun)
    })
}

impl Palette {
    pub(crate) fn of(state: &State) -> Self {
        // Before anything is typed, the places one was at come first.
        let recent = state.recent_places().into_iter().map(|place| {
            let name = place.name(state);
            Entry::new(state, &name, "you were there", Command::Place(place))
        });
        let mut entries: Vec<Entry> = recent.collect();
        let recents = entries.len();
        let named = NAMED.into_iter();
        entries.extend(named.map(|(name, about, what)| Entry::new(state, name, about, what)));
        entries.extend(actions(state));
        entries.extend(own_commands(state));
        entries.extend(views(state));
        entries.extend(themes(state));
        entries.extend(profiles(state));
        #[cfg(debug_assertions)]
        entries.push(Entry::new(
            state,
            "crash",
            "panic, to see the terminal restored",
            Command::Crash,
        ));
        entries.extend(nouns(state));
        Self {
            line: TextInput::default(),
            entries,
            at: 0,
            lookup: Lookup::default(),
            recents,
        }
    }

    /// What fits, best first.
    pub(crate) fn matches(&self) -> Vec<&Entry> {
        if let Some(objects) = self.objects() {
            return objects;
        }
        if super::customization::takes_words(self.line.text()) {
            return Vec::new();
        }
        let names: Vec<_> = self
            .entries
            .iter()
            .map(|entry| entry.name.clone())
            .collect();
        let text = self.line.text().trim();
        let mut found = rank(text, &names);
        if !text.is_empty() {
            // A command is not hidden behind a place whose name happens to hold it.
            found.sort_by_key(|at| *at < self.recents);
        }
        found.into_iter().map(|at| &self.entries[at]).collect()
    }

    /// Takes the word that waits for a name: `user` with nothing behind it. Answers whether it was one.
    pub(crate) fn waits_for_a_name(&mut self) -> bool {
        let typed = self.line.text().trim();
        // What stands behind it already is its name, though letters of it are in the word too.
        let open = |entry: &&Entry| entry.what == Command::Noun && !typed.starts_with(&entry.name);
        let chosen = self.chosen().filter(open);
        let Some(name) = chosen.map(|entry| entry.name.clone()) else {
            return false;
        };
        self.line = TextInput::new(name);
        self.at = 0;
        true
    }

    /// What Enter does.
    pub(crate) fn chosen(&self) -> Option<&Entry> {
        self.matches().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_it_and_a_whole_name_wins() {
        let names = ["quit", "q", "apikeys", "keys", "health"].map(String::from);
        let first = |text: &str| rank(text, &names).first().map(|at| names[*at].clone());
        assert_eq!(first("q").as_deref(), Some("q"));
        assert_eq!(first("keys").as_deref(), Some("keys"));
        assert_eq!(first("apk").as_deref(), Some("apikeys"));
        assert_eq!(first("zzz"), None);
    }
}
