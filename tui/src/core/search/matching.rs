//! Whether a row is one that is searched for.

use std::collections::BTreeMap;

use doorward_shared::Timestamp;
use unicode_normalization::UnicodeNormalization;

use super::{
    Search, Term,
    row_facts::{address, began, belongs_to, holds_scope, is_through, named, scopes, used},
};
use crate::core::{cells::cells, resource::Row};

/// Emails of users, names of clients and keys, by id.
pub(crate) type Names = BTreeMap<String, String>;

/// A text without its case, of any script: two texts that people take for the same are the same.
pub(super) fn fold(text: &str) -> String {
    let text: String = text.nfc().collect();
    caseless::default_case_fold_str(&text).nfc().collect()
}

impl Search {
    /// Whether all words stand in what the row shows, and all terms hold.
    pub(crate) fn matches(&self, item: &Row, names: &Names, now: Timestamp) -> bool {
        let holds = |term: &Term| term.holds(item, names);
        if !self.terms.iter().all(holds) {
            return false;
        }
        if self.words.is_empty() {
            return true;
        }
        let shown = shown(item, names, now);
        self.words.iter().all(|word| shown.contains(&fold(word)))
    }
}

/// All text of a row: its columns, and the ids that wide lists show.
fn shown(item: &Row, names: &Names, now: Timestamp) -> String {
    let name = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let mut texts = cells(&name, now, item);
    texts.push(item.id());
    texts.extend(item.mentions());
    match item {
        Row::Session(session) => texts.extend(session.user_agent.clone()),
        Row::Client(client) => texts.extend(client.redirect_uris.iter().cloned()),
        Row::User(user) => texts.push(user.permissions.to_string()),
        Row::Key(key) => texts.extend(key.last_used_ip.clone()),
        _ => {}
    }
    fold(&texts.join("\n"))
}

impl Term {
    fn holds(&self, item: &Row, names: &Names) -> bool {
        match self {
            Self::Role(role) => matches!(item, Row::User(user) if fold(&user.role) == fold(role)),
            Self::State(state) => item.state() == Some(state),
            Self::OfKind(kind) => match item {
                Row::Client(client) => client.confidential == (kind == "confidential"),
                Row::Role(role) => role.built_in == (kind == "built-in"),
                _ => false,
            },
            Self::Grant(grant) => {
                matches!(item, Row::Client(client) if client.grant_types.iter().any(|one| one.starts_with(&grant.to_lowercase())))
            }
            Self::Scope(scope) => scopes(item).is_some_and(|scopes| holds_scope(scopes, scope)),
            Self::Ip(net) => address(item).is_some_and(|ip| net.contains(&ip)),
            Self::Since(at) => began(item).is_some_and(|began| began >= *at),
            Self::Until(at) => began(item).is_some_and(|began| began < *at),
            Self::Unused(at) => used(item).is_some_and(|used| used < *at),
            Self::Expires(at) => {
                matches!(item, Row::Key(key) if key.expires_at.is_some_and(|ends| ends < *at))
            }
            Self::Action(action) => {
                matches!(item, Row::Event(event) if event.action.starts_with(action.as_str()))
            }
            Self::Owner(text) => belongs_to(item, names, text),
            Self::Client(text) => is_through(item, names, text),
            Self::Actor(text) => {
                matches!(item, Row::Event(event) if named(&event.actor, names, text))
            }
            Self::Target(text) => matches!(item, Row::Event(event)
                if event.target.as_ref().is_some_and(|id| named(id, names, text))),
        }
    }
}
