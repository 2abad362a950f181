//! The palette: everything by its name.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

use super::{line::Line, state::State};
use crate::core::{keymap::Action, look::Theme, resource::Resource};

#[derive(Debug)]
pub struct Palette {
    pub line: Line,
    pub entries: Vec<Entry>,
    pub at: usize,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub name: String,
    pub about: String,
    pub what: Command,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Screen(u8),
    List(Resource),
    Do(Action),
    Theme(Theme),
    Profile(String),
    #[cfg(debug_assertions)]
    Crash,
}

/// Positions of what fits a text, best first; all in their order for no text.
pub fn rank(text: &str, names: &[String]) -> Vec<usize> {
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
    pub fn of(state: &State) -> Self {
        let entry = |name: &str, about: &str, what| Entry {
            name: name.into(),
            about: about.into(),
            what,
        };
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
        for (name, theme) in Theme::NAMES {
            entries.push(entry(
                &format!("theme {name}"),
                "colours",
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
        Self {
            line: Line::default(),
            entries,
            at: 0,
        }
    }

    /// What fits, best first.
    pub fn matches(&self) -> Vec<&Entry> {
        let names: Vec<_> = self
            .entries
            .iter()
            .map(|entry| entry.name.clone())
            .collect();
        rank(self.line.text().trim(), &names)
            .into_iter()
            .map(|at| &self.entries[at])
            .collect()
    }

    /// What Enter does.
    pub fn chosen(&self) -> Option<&Entry> {
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
