//! The help: what keys do, in groups, and what of it a text finds.

use super::{state::State, text_input::TextInput};
use crate::core::keymap::{Action, Binding, DIALOGS, KeyContext};

/// The help, opened.
#[derive(Debug, Default)]
pub(crate) struct Help {
    /// Lines above the first one that is shown.
    pub scroll: usize,
    /// What is searched for, while it is typed or was.
    pub search: Option<TextInput>,
}

/// A group of the help: its name, and its keys with what they do.
pub(crate) type Group = (&'static str, Vec<(String, String)>);

fn keys(binding: &Binding) -> String {
    let keys = binding.keys.iter().map(ToString::to_string);
    keys.collect::<Vec<_>>().join(" ")
}

fn is_move(action: Action) -> bool {
    matches!(
        action,
        Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::Top
            | Action::Bottom
            | Action::Focus
            | Action::FocusBack
            | Action::Close
            | Action::Back
            | Action::Forward
            | Action::Screen(_)
            | Action::Palette
    )
}

/// The name of the group that a row is in where it is good on other screens.
fn elsewhere(contexts: &[KeyContext]) -> &'static str {
    match contexts.first() {
        Some(KeyContext::Users) => "Users",
        Some(KeyContext::Sessions) => "Sessions",
        Some(KeyContext::Keys) => "API keys",
        Some(KeyContext::Clients) => "Clients",
        Some(KeyContext::Events) => "Events",
        Some(KeyContext::Roles) => "Roles",
        Some(KeyContext::Signing) => "Signing keys",
        Some(KeyContext::Blocks) => "Blocked networks",
        Some(KeyContext::Dashboard) => "Dashboard",
        Some(KeyContext::Health) => "Health",
        Some(KeyContext::Incident) => "Incident",
        Some(KeyContext::Page | KeyContext::Detail) => "A page",
        _ => "Lists",
    }
}

impl State {
    /// The groups of the help, those that are good here first; only what a text finds, where one is searched for.
    pub(crate) fn help(&self, search: &str) -> Vec<Group> {
        let contexts = self.contexts();
        let mut groups: Vec<Group> = vec![
            ("Here", self.own_help()),
            ("Moving", Vec::new()),
            ("Everywhere", Vec::new()),
        ];
        let mut others: Vec<Group> = Vec::new();
        for binding in self.keymap.rows(&KeyContext::ALL) {
            let row = binding.row;
            let anywhere = row.contexts.contains(&KeyContext::Anywhere);
            let here = row.contexts.iter().any(|one| contexts.contains(one));
            let line = (keys(binding), row.help.to_owned());
            match (anywhere, here) {
                (true, _) if is_move(row.action) => groups[1].1.push(line),
                (true, _) => groups[2].1.push(line),
                (false, true) => groups[0].1.push(line),
                (false, false) => {
                    let name = elsewhere(row.contexts);
                    match others.iter_mut().find(|(have, _)| *have == name) {
                        Some((_, lines)) => lines.push(line),
                        None => others.push((name, vec![line])),
                    }
                }
            }
        }
        let dialogs = DIALOGS.map(|(key, help)| (key.to_owned(), help.to_owned()));
        groups.push(("Dialogs", dialogs.into()));
        groups.extend(others);
        let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        for (name, lines) in &mut groups {
            lines.retain(|(key, help)| {
                let text = format!("{key} {help} {name}").to_lowercase();
                words.iter().all(|word| text.contains(word))
            });
        }
        groups.retain(|(_, lines)| !lines.is_empty());
        groups
    }
}
