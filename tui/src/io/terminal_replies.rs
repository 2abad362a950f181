//! Answers of the terminal that come after they were waited for: kept from being read as keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A terminal's answer that comes after it was waited for: the reader of keys takes it for keys.
#[derive(Debug, Default)]
pub(super) struct LateReplies {
    /// Whether one may still come.
    pub reply_pending: bool,
    /// Whether one is being read.
    inside: bool,
}

impl LateReplies {
    /// Whether a key is part of such an answer: `alt-]`, then digits and letters up to `alt-\\` or `ctrl-g`.
    pub(super) fn takes(&mut self, key: &KeyEvent) -> bool {
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char(']') if alt && self.reply_pending => {
                (self.reply_pending, self.inside) = (false, true);
                true
            }
            KeyCode::Char('\\') if alt && self.inside => {
                self.inside = false;
                true
            }
            KeyCode::Char('g') if control && self.inside => {
                self.inside = false;
                true
            }
            KeyCode::Char(c) if self.inside && (c.is_ascii_hexdigit() || "rgb:;/".contains(c)) => {
                true
            }
            _ => {
                self.inside = false;
                false
            }
        }
    }
}
