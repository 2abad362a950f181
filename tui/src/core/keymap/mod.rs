//! What keys do, as data: the help and the hints are made from these rows, and the configuration may put keys elsewhere.

mod bindings;
mod configured;
mod key;
mod preset;

use crossterm::event::KeyEvent;

pub(crate) use self::{
    bindings::{Action, KeyContext, KeyRow, ROWS},
    configured::KeymapError,
    key::Key,
};

/// Keys of dialogs, which are always the same.
pub(crate) const DIALOGS: [(&str, &str); 5] = [
    ("esc", "Cancel: close the dialog, do nothing"),
    ("tab", "to the next field or button"),
    ("enter", "confirm (after typing the word)"),
    ("ctrl-s", "a form: go on"),
    ("v c w", "a secret: view, clipboard, write a file"),
];

/// Lines of the whole help.
pub(crate) fn help_length(keymap: &Keymap) -> usize {
    keymap.rows(&KeyContext::ALL).count() + DIALOGS.len() + 3
}

/// The keys in force.
#[derive(Debug, Clone)]
pub(crate) struct Keymap {
    bindings: Vec<Binding>,
}

/// A row with its keys.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub row: &'static KeyRow,
    pub keys: Vec<Key>,
}

impl Default for Keymap {
    fn default() -> Self {
        // The rows' own keys are known to be good: a test reads them.
        let bindings = ROWS.iter().map(|row| Binding {
            row,
            keys: row.keys.iter().filter_map(|key| key.parse().ok()).collect(),
        });
        Self {
            bindings: bindings.collect(),
        }
    }
}

impl Keymap {
    /// What a key does where the cursor is.
    pub(crate) fn action(&self, event: KeyEvent, contexts: &[KeyContext]) -> Option<Action> {
        let key = Key::of(event);
        let here = |binding: &&Binding| {
            binding.keys.contains(&key)
                && contexts
                    .iter()
                    .any(|context| binding.row.contexts.contains(context))
        };
        self.bindings
            .iter()
            .find(here)
            .map(|binding| binding.row.action)
    }

    /// Whether a key does something anywhere.
    pub(crate) fn binds(&self, key: Key) -> bool {
        let mut bindings = self.bindings.iter();
        bindings.any(|binding| binding.keys.contains(&key))
    }

    /// The rows that are good in these places.
    pub(crate) fn rows<'a>(
        &'a self,
        contexts: &'a [KeyContext],
    ) -> impl Iterator<Item = &'a Binding> {
        let here = |binding: &&Binding| {
            contexts
                .iter()
                .any(|context| binding.row.contexts.contains(context))
        };
        self.bindings.iter().filter(here)
    }

    /// What a key does already in one of these places.
    pub(crate) fn taken(&self, key: Key, contexts: &[KeyContext]) -> Option<&'static str> {
        // Whatever is open, these are the terminal's.
        let reserved = ["ctrl-c", "ctrl-l", "ctrl-z"];
        let found = reserved.iter().find(|name| key.to_string() == **name);
        let bound = |binding: &&Binding| {
            let mut places = binding.row.contexts.iter();
            binding.keys.contains(&key) && places.any(|place| contexts.contains(place))
        };
        let found = found.map(|_| "the console's own");
        found.or_else(|| Some(self.bindings.iter().find(bound)?.row.name))
    }

    /// How the key of an action is written.
    pub(crate) fn label(&self, action: Action) -> String {
        let found = self
            .bindings
            .iter()
            .find(|binding| binding.row.action == action);
        let key = found.and_then(|binding| binding.keys.first());
        key.map_or_else(|| "-".into(), ToString::to_string)
    }
}
