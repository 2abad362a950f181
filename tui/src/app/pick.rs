//! Picking one thing out of those the server has: typed letters narrow it down.

use crossterm::event::{KeyCode, KeyEvent};

use super::{form::Value, layer::Layer, line::Line, msg::Effect, state::State};
use crate::item::Kind;

/// Something that can be picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub value: String,
    /// What tells it from others.
    pub about: String,
}

#[derive(Debug, Clone)]
pub struct Pick {
    pub line: Line,
    pub kind: Kind,
    /// What the server offered last; none when nothing came yet, or may not be seen.
    pub offers: Vec<Offer>,
    /// The text they were asked for, and the answer that is awaited.
    asked: Option<String>,
    generation: u64,
    pub at: usize,
}

impl Pick {
    pub fn new(kind: Kind, text: &str) -> Self {
        Self {
            line: Line::new(text),
            kind,
            offers: Vec::new(),
            asked: None,
            generation: 0,
            at: 0,
        }
    }

    /// What fits what was typed. Roles all come at once; people are looked for by the server.
    pub fn matches(&self) -> Vec<&Offer> {
        let typed = self.line.text().trim().to_lowercase();
        let whole = self.offers.iter().any(|offer| offer.value == typed);
        let fits = |offer: &&Offer| {
            // What was picked does not hide what else there is.
            whole || self.kind != Kind::Roles || offer.value.contains(&typed)
        };
        self.offers.iter().filter(fits).collect()
    }

    /// Takes a key; `false` for one that is the form's.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let matches: Vec<String> = self
            .matches()
            .into_iter()
            .map(|offer| offer.value.clone())
            .collect();
        match key.code {
            KeyCode::Up if self.at > 0 => self.at -= 1,
            KeyCode::Down if self.at + 1 < matches.len() => self.at += 1,
            KeyCode::Enter => {
                let typed = self.line.text().trim();
                match matches.get(self.at) {
                    // A second Enter goes on.
                    Some(value) if value != typed => self.line = Line::new(value.clone()),
                    _ => return false,
                }
            }
            _ => {
                let taken = self.line.key(key);
                if taken {
                    self.at = 0;
                }
                return taken;
            }
        }
        true
    }

    /// Why what was typed is none of the roles there are.
    ///
    /// # Errors
    /// One line.
    pub fn known(&self) -> Result<(), String> {
        let typed = self.line.text().trim();
        if self.offers.is_empty() || self.offers.iter().any(|offer| offer.value == typed) {
            return Ok(());
        }
        let names: Vec<_> = self
            .offers
            .iter()
            .map(|offer| offer.value.as_str())
            .take(8)
            .collect();
        Err(format!(
            "there is no role {typed}; there are {}",
            names.join(", ")
        ))
    }
}

impl State {
    /// Asks what can be picked where the focus is, when another text was typed.
    pub fn ask_offers(&mut self, effects: &mut Vec<Effect>) {
        let generation = self.generation + 1;
        let Some(Layer::Form(form)) = self.layers.last_mut() else {
            return;
        };
        for field in &mut form.fields {
            let Value::Pick(pick) = &mut field.value else {
                continue;
            };
            let text = match pick.kind {
                Kind::Roles => "",
                _ => pick.line.text().trim(),
            };
            if pick.asked.as_deref() != Some(text) {
                let text = text.to_owned();
                pick.asked = Some(text.clone());
                pick.generation = generation;
                self.generation = generation;
                let kind = pick.kind;
                effects.push(Effect::Offers {
                    generation,
                    kind,
                    text,
                });
                // The next goes out once this has come: there is one such field in a form.
                return;
            }
        }
    }

    pub fn offered(&mut self, generation: u64, offers: Vec<Offer>) {
        for layer in &mut self.layers {
            let Layer::Form(form) = layer else { continue };
            for field in &mut form.fields {
                if let Value::Pick(pick) = &mut field.value
                    && pick.generation == generation
                {
                    pick.at = pick.at.min(offers.len().saturating_sub(1));
                    pick.offers = offers;
                    return;
                }
            }
        }
    }
}
