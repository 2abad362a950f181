//! Keys of a secret that is shown: to see it, to send it to the clipboard, to write it, to leave.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Reveal;
use crate::core::{confirm, layer::Layer, msg::Effect, state::State, text_input::TextInput};

/// How long it stays readable, in milliseconds.
const SHOWN: u64 = 10_000;

pub(crate) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let now = state.now.ms;
    if let Some(Layer::Reveal(reveal)) = state.layers.last_mut()
        && reveal.key(key, now, effects)
    {
        state.layers.pop();
    }
}

impl Reveal {
    /// Takes a key while the name of a file is typed.
    fn file_key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) {
        let Some(line) = &mut self.file else { return };
        match key.code {
            KeyCode::Esc => self.file = None,
            KeyCode::Enter if !line.is_empty() => {
                let path = PathBuf::from(line.text());
                self.note = "writing…".into();
                self.file = None;
                let text = self.secret.clone();
                effects.push(Effect::Write { path, text });
            }
            _ => {
                line.key(key);
            }
        }
    }

    /// Takes a key; `true` closes.
    fn key(&mut self, key: KeyEvent, now: u64, effects: &mut Vec<Effect>) -> bool {
        if self.file.is_some() {
            self.file_key(key, effects);
            return false;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let leave = matches!(key.code, KeyCode::Esc | KeyCode::Char('q'))
            || (control && key.code == KeyCode::Char('c'));
        if self.asked {
            // Typed ahead is not an answer to a question nobody has read.
            self.asked = false;
            // Who has sent it to the clipboard looks there, and leaves by the same key.
            let goes = match key.code {
                KeyCode::Char('y') => !control,
                KeyCode::Esc => self.sent,
                _ => false,
            };
            return goes && now >= self.opened_at + confirm::INPUT_GUARD;
        }
        match key.code {
            _ if leave => {
                self.asked = !self.taken;
                self.opened_at = now;
                return self.taken;
            }
            KeyCode::Char('v') => {
                self.shown_until = match self.shown_until {
                    Some(_) => None,
                    None => Some(now + SHOWN),
                };
                self.taken = true;
            }
            KeyCode::Char('c') => {
                // Nobody knows whether the terminal took it: many do not.
                effects.push(Effect::Copy(self.secret.clone()));
                self.sent = true;
                self.note = "sent to the terminal's clipboard".into();
            }
            KeyCode::Char('w') => self.file = Some(TextInput::new(self.suggested.clone())),
            _ => {}
        }
        false
    }
}
