//! A typed line that narrows offers down, and the offer that the cursor is on.

use crossterm::event::{KeyCode, KeyEvent};

use super::text_input::TextInput;

#[derive(Debug, Clone, Default)]
pub(crate) struct SearchBox {
    pub line: TextInput,
    /// Which of the offers.
    pub at: usize,
}

/// The result of a key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// The cursor moved, or text was edited.
    Taken,
    /// There is no offer beyond this one.
    AtEnd,
    /// It means something else.
    Other,
}

impl SearchBox {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            line: TextInput::new(text),
            at: 0,
        }
    }

    /// What was typed, without spaces around it.
    pub(crate) fn text(&self) -> &str {
        self.line.text().trim()
    }

    /// Takes a key that moves among so many offers, or edits the text: then the first offer is the chosen one.
    pub(crate) fn key(&mut self, key: KeyEvent, offers: usize) -> Pressed {
        match key.code {
            KeyCode::Up if self.at > 0 => self.at -= 1,
            KeyCode::Down if self.at + 1 < offers => self.at += 1,
            KeyCode::Up | KeyCode::Down => return Pressed::AtEnd,
            _ if self.line.key(key) => self.at = 0,
            _ => return Pressed::Other,
        }
        Pressed::Taken
    }
}
