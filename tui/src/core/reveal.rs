//! A secret that is shown once: masked until asked, and not closed unseen by accident.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    layer::Layer,
    line::Line,
    msg::{Effect, OneTimeSecret},
    state::State,
};
use crate::command::secret::Secret;

/// How long it stays readable, in milliseconds.
const SHOWN: u64 = 10_000;

#[derive(Debug)]
pub(crate) struct Reveal {
    pub title: String,
    pub lines: Vec<(String, String)>,
    secret: Secret,
    /// Until when it can be read.
    pub shown_until: Option<u64>,
    /// Whether it was seen or written: closing no longer loses it.
    pub taken: bool,
    /// Whether it was sent to the terminal, for its clipboard.
    pub sent: bool,
    /// Whether closing was asked for while it was not.
    pub asked: bool,
    /// Name of the file, while it is being typed.
    pub file: Option<Line>,
    suggested: String,
    pub note: String,
    opened_at: u64,
}

impl Reveal {
    pub(crate) fn new(made: OneTimeSecret, now: u64) -> Self {
        Self {
            title: made.title,
            lines: made.lines,
            secret: made.secret,
            shown_until: None,
            taken: false,
            sent: false,
            asked: false,
            file: None,
            suggested: made.file,
            note: String::new(),
            opened_at: now,
        }
    }

    /// The secret, while it may be read.
    pub(crate) fn visible(&self) -> Option<&str> {
        self.shown_until.map(|_| self.secret.expose())
    }

    pub(crate) fn length(&self) -> usize {
        self.secret.expose().chars().count()
    }

    pub(crate) fn tick(&mut self, now: u64) {
        if self.shown_until.is_some_and(|until| until <= now) {
            self.shown_until = None;
        }
    }

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
            return goes && now >= self.opened_at + super::confirm::INPUT_GUARD;
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
            KeyCode::Char('w') => self.file = Some(Line::new(self.suggested.clone())),
            _ => {}
        }
        false
    }
}

pub(crate) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let now = state.now.ms;
    if let Some(Layer::Reveal(reveal)) = state.layers.last_mut()
        && reveal.key(key, now, effects)
    {
        state.layers.pop();
    }
}

impl State {
    pub(crate) fn reveal(&mut self, made: OneTimeSecret) {
        let reveal = Reveal::new(made, self.now.ms);
        self.layers.push(Layer::Reveal(Box::new(reveal)));
    }

    pub(crate) fn written(&mut self, path: &std::path::Path) {
        let text = format!("written to {} (mode 0600)", path.display());
        if let Some(Layer::Reveal(reveal)) = self.layers.last_mut() {
            reveal.taken = true;
            reveal.note = text;
        } else {
            self.say(text);
        }
    }

    pub(crate) fn not_written(&mut self, why: &str) {
        if let Some(Layer::Reveal(reveal)) = self.layers.last_mut() {
            reveal.note = format!("not written: {why}");
        } else {
            if let super::state::View::Incident(incident) = &mut self.view {
                incident.written = 0;
            }
            self.warn(format!("not written: {why}"));
        }
    }
}
