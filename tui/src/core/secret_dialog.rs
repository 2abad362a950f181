//! A secret that is shown once: masked until asked, and not closed unseen by accident.

mod keys;

pub(crate) use self::keys::key;
use super::{layer::Layer, msg::OneTimeSecret, state::State, text_input::TextInput};
use crate::command::secret::Secret;

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
    pub file: Option<TextInput>,
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
