//! Picking one thing out of those the server has: typed letters narrow it down.

mod offers;

use crossterm::event::{KeyCode, KeyEvent};

pub(crate) use self::offers::Offer;
use super::{
    search_box::{Pressed, SearchBox},
    text_input::TextInput,
};
use crate::core::resource::Resource;

#[derive(Debug, Clone)]
pub(crate) struct Pick {
    pub search: SearchBox,
    pub kind: Resource,
    /// What the server offered last; none when nothing came yet, or may not be seen.
    pub offers: Vec<Offer>,
    /// The text they were asked for, and the answer that is awaited.
    asked: Option<String>,
    generation: u64,
}

impl Pick {
    pub(crate) fn new(kind: Resource, text: &str) -> Self {
        Self {
            search: SearchBox::new(text),
            kind,
            offers: Vec::new(),
            asked: None,
            generation: 0,
        }
    }

    /// What fits what was typed. Roles all come at once; people are looked for by the server.
    pub(crate) fn matches(&self) -> Vec<&Offer> {
        let typed = self.search.text().to_lowercase();
        let whole = self.offers.iter().any(|offer| offer.value == typed);
        let fits = |offer: &&Offer| {
            // What was picked does not hide what else there is.
            whole || self.kind != Resource::Roles || offer.value.contains(&typed)
        };
        self.offers.iter().filter(fits).collect()
    }

    /// Takes a key; `false` for one that is the form's.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        let matches: Vec<String> = self
            .matches()
            .into_iter()
            .map(|offer| offer.value.clone())
            .collect();
        if key.code != KeyCode::Enter {
            return self.search.key(key, matches.len()) == Pressed::Taken;
        }
        match matches.get(self.search.at) {
            // A second Enter goes on.
            Some(value) if value != self.search.text() => {
                self.search.line = TextInput::new(value.clone());
                true
            }
            _ => false,
        }
    }

    /// Id of what was picked, or typed whole; none for an empty field.
    ///
    /// # Errors
    /// One line, where the server has no such thing.
    pub(crate) fn picked(&self) -> Result<Option<String>, String> {
        let typed = self.search.text();
        if typed.is_empty() {
            return Ok(None);
        }
        let folded = typed.to_lowercase();
        let is_it = |offer: &&Offer| {
            offer.id == typed
                || offer.value.to_lowercase() == folded
                || offer.about.to_lowercase() == folded
        };
        let mut same = self.offers.iter().filter(is_it);
        match (same.next(), same.next()) {
            (Some(offer), None) => Ok(Some(offer.id.clone())),
            (Some(_), Some(_)) => Err(format!("there are several called {typed}: pick one")),
            (None, _) if Resource::of_id(typed) == Some(self.kind) => Ok(Some(typed.to_owned())),
            (None, _) => Err(format!("there is none called {typed}: pick one")),
        }
    }

    /// Why what was typed is none of the roles there are.
    ///
    /// # Errors
    /// One line.
    pub(crate) fn known(&self) -> Result<(), String> {
        let typed = self.search.text();
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
