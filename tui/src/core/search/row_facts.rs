//! What a row says of itself that a term asks for.

use std::net::IpAddr;

use doorward_shared::{ScopeSet, Timestamp};

use super::matching::{Names, fold};
use crate::core::resource::Row;

/// Whether it is somebody's of this name or id.
pub(super) fn belongs_to(item: &Row, names: &Names, text: &str) -> bool {
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
pub(super) fn is_through(item: &Row, names: &Names, text: &str) -> bool {
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

pub(super) fn named(id: &str, names: &Names, text: &str) -> bool {
    is_named(id, names.get(id), text)
}

/// An id is meant whole; a name by any part of it.
fn is_named(id: &str, name: Option<&String>, text: &str) -> bool {
    id == text.to_lowercase() || name.is_some_and(|name| fold(name).contains(&fold(text)))
}

pub(super) fn scopes(item: &Row) -> Option<&ScopeSet> {
    match item {
        Row::User(user) => Some(&user.permissions),
        Row::Session(session) => Some(&session.scope),
        Row::Key(key) => Some(&key.scopes),
        Row::Client(client) => Some(&client.scopes),
        Row::Role(role) => Some(&role.permissions),
        _ => None,
    }
}

pub(super) fn holds_scope(scopes: &ScopeSet, scope: &str) -> bool {
    scopes.iter().any(|one| one.to_string() == scope)
}

pub(super) fn address(item: &Row) -> Option<IpAddr> {
    let text = match item {
        Row::Session(session) => Some(&session.ip),
        Row::Key(key) => key.last_used_ip.as_ref(),
        Row::Event(event) => event.ip.as_ref(),
        _ => None,
    };
    text?.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

pub(super) fn began(item: &Row) -> Option<Timestamp> {
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
pub(super) fn used(item: &Row) -> Option<Timestamp> {
    match item {
        Row::User(user) => Some(user.last_login_at.unwrap_or(user.created_at)),
        Row::Session(session) => Some(session.last_seen_at),
        Row::Key(key) => Some(key.last_used_at.unwrap_or(key.created_at)),
        _ => None,
    }
}
