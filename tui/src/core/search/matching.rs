//! Whether a row is one that is searched for.

use std::{collections::BTreeMap, net::IpAddr};

use doorward_shared::{ScopeSet, Timestamp};
use unicode_normalization::UnicodeNormalization;

use super::{Search, Term};
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

/// Whether it is somebody's of this name or id.
fn belongs_to(item: &Row, names: &Names, text: &str) -> bool {
    match item {
        Row::User(user) => is_named(&user.id.to_string(), Some(&user.email), text),
        Row::Session(session) => named(&session.user_id.to_string(), names, text),
        Row::Key(key) => match key.owner_id {
            Some(id) => named(&id.to_string(), names, text),
            None => fold("the operator").contains(&fold(text)),
        },
        Row::Event(event) => event
            .user_id
            .is_some_and(|id| named(&id.to_string(), names, text)),
        _ => false,
    }
}

/// Whether a client of this name or id had to do with it.
fn is_through(item: &Row, names: &Names, text: &str) -> bool {
    match item {
        Row::Session(session) => session
            .client_id
            .is_some_and(|id| named(&id.to_string(), names, text)),
        Row::Event(event) => {
            let through = event.client_id.map(|id| id.to_string());
            [Some(&event.actor), event.target.as_ref(), through.as_ref()]
                .into_iter()
                .flatten()
                .any(|id| id.starts_with("client_") && named(id, names, text))
        }
        _ => false,
    }
}

fn named(id: &str, names: &Names, text: &str) -> bool {
    is_named(id, names.get(id), text)
}

/// An id is meant whole; a name by any part of it.
fn is_named(id: &str, name: Option<&String>, text: &str) -> bool {
    id == text.to_lowercase() || name.is_some_and(|name| fold(name).contains(&fold(text)))
}

fn scopes(item: &Row) -> Option<&ScopeSet> {
    match item {
        Row::User(user) => Some(&user.permissions),
        Row::Session(session) => Some(&session.scope),
        Row::Key(key) => Some(&key.scopes),
        Row::Client(client) => Some(&client.scopes),
        Row::Role(role) => Some(&role.permissions),
        _ => None,
    }
}

fn holds_scope(scopes: &ScopeSet, scope: &str) -> bool {
    scopes.iter().any(|one| one.to_string() == scope)
}

fn address(item: &Row) -> Option<IpAddr> {
    let text = match item {
        Row::Session(session) => Some(&session.ip),
        Row::Key(key) => key.last_used_ip.as_ref(),
        Row::Event(event) => event.ip.as_ref(),
        _ => None,
    };
    text?.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

fn began(item: &Row) -> Option<Timestamp> {
    match item {
        Row::User(user) => Some(user.created_at),
        Row::Session(session) => Some(session.created_at),
        Row::Key(key) => Some(key.created_at),
        Row::Client(client) => Some(client.created_at),
        Row::Event(event) => Some(event.time),
        Row::Signing(key) => Some(key.created_at),
        Row::Block(block) => Some(block.created_at),
        Row::Role(_) | Row::Profile(_) => None,
    }
}

/// When it was last used; what never was counts from when it was made.
fn used(item: &Row) -> Option<Timestamp> {
    match item {
        Row::User(user) => Some(user.last_login_at.unwrap_or(user.created_at)),
        Row::Session(session) => Some(session.last_seen_at),
        Row::Key(key) => Some(key.last_used_at.unwrap_or(key.created_at)),
        _ => None,
    }
}
