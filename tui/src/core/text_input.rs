//! One line of text that is typed. It keeps nothing that was deleted, and its `Debug` shows nothing.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::core::sanitize::clean;

/// Longest line, in characters.
const MAX: usize = 2000;

#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct TextInput {
    text: String,
    /// In characters.
    cursor: usize,
}

impl fmt::Debug for TextInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

impl TextInput {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let cursor = text.chars().count();
        Self { text, cursor }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// In characters from the start.
    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn byte(&self, at: usize) -> usize {
        let found = self.text.char_indices().nth(at);
        found.map_or(self.text.len(), |(byte, _)| byte)
    }

    fn cut(&mut self, from: usize, to: usize) {
        let (from_byte, to_byte) = (self.byte(from), self.byte(to));
        self.text.replace_range(from_byte..to_byte, "");
        self.cursor = from;
    }

    /// Text at the cursor; what no line holds is left out.
    pub(crate) fn insert(&mut self, text: &str) {
        let room = MAX.saturating_sub(self.text.chars().count());
        let text: String = clean(text).chars().take(room).collect();
        self.text.insert_str(self.byte(self.cursor), &text);
        self.cursor += text.chars().count();
    }

    fn word_start(&self) -> usize {
        let before: Vec<char> = self.text.chars().take(self.cursor).collect();
        let blank = before.iter().rev().take_while(|c| **c == ' ').count();
        let word = before
            .iter()
            .rev()
            .skip(blank)
            .take_while(|c| **c != ' ')
            .count();
        self.cursor - blank - word
    }

    /// Takes a key that edits; `false` for one that means something else.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        let length = self.text.chars().count();
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('u') if control => self.cut(0, self.cursor),
            KeyCode::Char('k') if control => self.cut(self.cursor, length),
            KeyCode::Char('w') if control => self.cut(self.word_start(), self.cursor),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = length,
            KeyCode::Char(_) if control || alt => return false,
            KeyCode::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace if self.cursor > 0 => self.cut(self.cursor - 1, self.cursor),
            KeyCode::Delete if self.cursor < length => self.cut(self.cursor, self.cursor + 1),
            KeyCode::Backspace | KeyCode::Delete => {}
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(length),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = length,
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(line: &mut TextInput, code: KeyCode, modifiers: KeyModifiers) {
        line.key(KeyEvent::new(code, modifiers));
    }

    #[test]
    fn a_line_is_edited_by_characters_not_bytes() {
        let mut line = TextInput::new("李ab");
        press(&mut line, KeyCode::Home, KeyModifiers::NONE);
        press(&mut line, KeyCode::Delete, KeyModifiers::NONE);
        press(&mut line, KeyCode::Char('é'), KeyModifiers::NONE);
        assert_eq!((line.text(), line.cursor()), ("éab", 1));
        press(&mut line, KeyCode::End, KeyModifiers::NONE);
        press(&mut line, KeyCode::Backspace, KeyModifiers::NONE);
        assert_eq!(line.text(), "éa");
        line.insert(" two  ");
        press(&mut line, KeyCode::Char('w'), KeyModifiers::CONTROL);
        assert_eq!(line.text(), "éa ");
    }

    #[test]
    fn pasted_text_cannot_hold_controls() {
        let mut line = TextInput::default();
        line.insert("a\r\nb\x1b[31m\u{202e}");
        assert_eq!(line.text(), "ab[31m");
        assert_eq!(format!("{line:?}"), "Line");
    }
}
