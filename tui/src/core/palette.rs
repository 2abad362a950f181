//! The palette: everything by its name.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

use super::{
    line::Line,
    objects::{self, Lookup},
    page::Subject,
    places::Place,
    state::State,
};
use crate::core::{keymap::Action, look::Theme, resource::Resource};

#[derive(Debug)]
pub(crate) struct Palette {
    pub line: Line,
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
    Place(Place),
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

impl Palette {
    pub(crate) fn of(state: &State) -> Self {
        let entry = |name: &str, about: &str, what: Command| Entry {
            name: name.into(),
            about: about.into(),
            key: what
                .action()
                .map_or_else(String::new, |action| state.keymap.label(action)),
            what,
        };
        let recent = state.recent_places().into_iter().map(|place| {
            let name = place.name(state);
            entry(&name, "you were there", Command::Place(place))
        });
        let mut entries = vec![
            entry("dashboard", "how the server is doing", Command::Screen(1)),
            entry("users", "people's accounts", Command::Screen(2)),
            entry("sessions", "sign-ins", Command::Screen(3)),
            entry("apikeys", "API keys", Command::Screen(4)),
            entry("clients", "OAuth clients", Command::Screen(5)),
            entry("events", "the audit log, live", Command::Screen(6)),
            entry("health", "the server itself", Command::Screen(7)),
            entry(
                "roles",
                "named lists of permissions",
                Command::List(Resource::Roles),
            ),
            entry(
                "blocks",
                "networks from which nobody signs in",
                Command::List(Resource::Blocks),
            ),
            entry("keys", "signing keys", Command::List(Resource::Signing)),
            entry(
                "profiles",
                "servers this console knows",
                Command::List(Resource::Profiles),
            ),
            entry(
                "save ",
                "keep this list under a name: filter, order, columns",
                Command::Noun,
            ),
            entry(
                "columns ",
                "choose this list's columns and their order",
                Command::Noun,
            ),
            entry("q", "quit", Command::Do(Action::Quit)),
            entry("quit", "quit", Command::Do(Action::Quit)),
        ];
        let contexts = state.contexts();
        for binding in state.keymap.rows(&contexts) {
            let row = binding.row;
            let moves = matches!(
                row.action,
                Action::Screen(_)
                    | Action::Up
                    | Action::Down
                    | Action::Palette
                    | Action::Quit
                    | Action::Close
            );
            if !moves {
                entries.push(entry(row.name, row.help, Command::Do(row.action)));
            }
        }
        for (name, command) in state.own_commands() {
            entries.push(Entry {
                name: format!("run {name}"),
                about: command.template(),
                key: command.key.map(|key| key.to_string()).unwrap_or_default(),
                what: Command::Run(name.clone()),
            });
        }
        for (name, view) in &state.yours.views {
            let to = Command::View(name.clone());
            entries.push(entry(&format!("view {name}"), &view.about(), to));
            let gone = "take this view out of the configuration";
            entries.push(entry(
                &format!("unsave {name}"),
                gone,
                Command::Unsave(name.clone()),
            ));
        }
        let own = state.own_themes.iter().enumerate();
        let own = own.map(|(at, (name, _))| (name.as_str(), Theme::Own(at)));
        for (name, theme) in Theme::NAMES.into_iter().chain(own) {
            let about = match theme {
                Theme::Own(_) => "colours of your own",
                _ => "colours",
            };
            entries.push(entry(
                &format!("theme {name}"),
                about,
                Command::Theme(theme),
            ));
        }
        for profile in &state.server.profiles {
            let name = format!("profile {}", profile.name);
            entries.push(entry(
                &name,
                &profile.url,
                Command::Profile(profile.name.clone()),
            ));
        }
        #[cfg(debug_assertions)]
        entries.push(entry(
            "crash",
            "panic, to see the terminal restored",
            Command::Crash,
        ));
        for (noun, kind) in objects::NOUNS {
            let about = format!(
                "one of the {} by its name or id",
                kind.title().to_lowercase()
            );
            entries.push(entry(&format!("{noun} "), &about, Command::Noun));
        }
        // Before anything is typed, the places one was at come first.
        let recent: Vec<_> = recent.collect();
        let recents = recent.len();
        entries.splice(0..0, recent);
        Self {
            line: Line::default(),
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
        if super::yours::takes_words(self.line.text()) {
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
        self.line = Line::new(name);
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
