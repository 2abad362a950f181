//! Picking scopes: fuzzy, and what the caller does not hold is greyed with the reason.

use crossterm::event::{KeyCode, KeyEvent};
use doorward_shared::{Scope, ScopeSet, scope::ADMIN_SCOPES, scope::OPENID_SCOPES};

use super::{
    command_palette::rank,
    search_box::{Pressed, SearchBox},
};

#[derive(Debug, Clone)]
pub(crate) struct Picker {
    pub search: SearchBox,
    pub chosen: Vec<String>,
    known: Vec<String>,
    /// What the caller holds; `None` while that is not known.
    held: Option<ScopeSet>,
    /// Only these may be chosen, when a key's scopes shrink.
    within: Option<ScopeSet>,
    /// Only what is known may be chosen: no scope of one's own.
    closed: bool,
    /// Whether something was chosen or taken away by hand.
    pub touched: bool,
}

/// A scope that can be picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub scope: String,
    pub chosen: bool,
    /// Why it cannot be.
    pub barred: Option<String>,
}

impl Picker {
    pub(crate) fn new(held: Option<ScopeSet>, chosen: Vec<String>) -> Self {
        let mut known: Vec<String> = vec!["read".into(), "write".into()];
        for scope in ADMIN_SCOPES {
            known.extend([format!("{scope}:read"), scope.to_owned()]);
        }
        known.push("admin".into());
        for scope in &chosen {
            if !known.contains(scope) {
                known.insert(0, scope.clone());
            }
        }
        Self {
            search: SearchBox::default(),
            chosen,
            known,
            held,
            within: None,
            closed: false,
            touched: false,
        }
    }

    /// Out of these and no others.
    pub(crate) fn of(known: &[&str], chosen: Vec<String>) -> Self {
        Self {
            known: known.iter().map(ToString::to_string).collect(),
            closed: true,
            ..Self::new(None, chosen)
        }
    }

    /// With the scopes of OpenID Connect, for clients; they need no permission.
    #[must_use]
    pub(crate) fn with_openid(mut self) -> Self {
        let new: Vec<_> = OPENID_SCOPES
            .iter()
            .filter(|scope| !self.known.iter().any(|known| known == *scope))
            .collect();
        self.known
            .splice(0..0, new.into_iter().map(|scope| (*scope).to_owned()));
        self
    }

    /// Only scopes that these cover.
    #[must_use]
    pub(crate) fn within(mut self, scopes: &ScopeSet) -> Self {
        let under: Vec<_> = self
            .known
            .drain(..)
            .filter(|scope| scopes.covers(scope))
            .collect();
        self.known = under;
        self.within = Some(scopes.clone());
        self
    }

    fn barred(&self, scope: &str) -> Option<String> {
        if let Some(within) = &self.within
            && !within.covers(scope)
        {
            return Some("not one of the key's scopes; scopes can only be removed".into());
        }
        let held = self.held.as_ref()?;
        let free = OPENID_SCOPES.contains(&scope) || held.covers(scope) || held.covers("admin");
        (!free).then(|| "you do not hold it".into())
    }

    /// What fits the text, best first; a scope of one's own last.
    pub(crate) fn offers(&self) -> Vec<Offer> {
        let typed = self.search.text();
        let mut scopes: Vec<String> = rank(typed, &self.known)
            .into_iter()
            .map(|at| self.known[at].clone())
            .collect();
        if !self.closed
            && typed.parse::<Scope>().is_ok()
            && !scopes.iter().any(|scope| scope == typed)
        {
            scopes.push(typed.to_owned());
        }
        let offer = |scope: String| Offer {
            chosen: self.chosen.contains(&scope),
            barred: self.barred(&scope),
            scope,
        };
        scopes.into_iter().map(offer).collect()
    }

    /// Takes a key; `false` for one that is the form's.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        let offers = self.offers();
        match key.code {
            KeyCode::Enter | KeyCode::Char(' ') => {
                if let Some(offer) = offers.get(self.search.at) {
                    self.toggle(offer);
                }
            }
            KeyCode::Backspace if self.search.line.is_empty() => {
                self.touched = true;
                self.chosen.pop();
            }
            _ => return self.search.key(key, offers.len()) != Pressed::Other,
        }
        true
    }

    fn toggle(&mut self, offer: &Offer) {
        self.touched = true;
        if offer.chosen {
            self.chosen.retain(|scope| *scope != offer.scope);
        } else if offer.barred.is_none() {
            self.chosen.push(offer.scope.clone());
            if !self.known.contains(&offer.scope) {
                self.known.insert(0, offer.scope.clone());
            }
            let at = self.known.iter().position(|scope| *scope == offer.scope);
            self.search = SearchBox {
                at: at.unwrap_or_default(),
                ..SearchBox::default()
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyModifiers;

    use super::*;

    fn press(picker: &mut Picker, text: &str) {
        for c in text.chars() {
            let code = if c == '\n' {
                KeyCode::Enter
            } else {
                KeyCode::Char(c)
            };
            picker.key(KeyEvent::new(code, KeyModifiers::NONE));
        }
    }

    #[test]
    fn a_scope_that_is_not_held_is_shown_with_the_reason_and_cannot_be_picked() {
        let held = ScopeSet::parse("admin:apikeys read").unwrap();
        let mut picker = Picker::new(Some(held), Vec::new());
        press(&mut picker, "admin:users\n");
        assert_eq!(picker.chosen, Vec::<String>::new());
        let offers = picker.offers();
        let users = offers
            .iter()
            .find(|offer| offer.scope == "admin:users")
            .unwrap();
        assert_eq!(users.barred.as_deref(), Some("you do not hold it"));
        picker.search = SearchBox::default();
        press(&mut picker, "apikr\n");
        assert_eq!(picker.chosen, ["admin:apikeys:read"]);
    }

    #[test]
    fn a_scope_of_ones_own_can_be_typed() {
        let mut picker = Picker::new(None, Vec::new());
        press(&mut picker, "read:orders\n");
        assert_eq!(picker.chosen, ["read:orders"]);
        press(&mut picker, " ");
        assert!(picker.chosen.is_empty(), "the same key takes it away again");
    }

    #[test]
    fn shrinking_offers_nothing_beyond_what_the_key_has() {
        let has = ScopeSet::parse("read admin:users").unwrap();
        let mut picker = Picker::new(None, vec!["read".into(), "admin:users".into()]).within(&has);
        press(&mut picker, "write\n");
        assert_eq!(picker.chosen, ["read", "admin:users"]);
        assert!(picker.offers().iter().all(|offer| offer.barred.is_some()));
    }
}
