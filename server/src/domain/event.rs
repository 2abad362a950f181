//! The audit log.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use doorward_shared::{ClientId, EventId, KeyId, Timestamp, UserId};

use super::mail::Language;

/// Who does something. Prints as its id: `user_…`, `key_…`, `client_…`.
///
/// ```
/// use doorward_server::Actor;
///
/// assert_eq!(Actor::System.to_string(), "system");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// An API key.
    Key(KeyId),
    /// An OAuth client with its own token.
    Client(ClientId),
    /// Doorward itself: sweeping, retiring keys, the command line.
    System,
    /// Somebody who has not signed in.
    Anonymous,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
            Self::Client(id) => id.fmt(f),
            Self::System => f.write_str("system"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

/// Why something changes: who, from where, in which request, when.
#[derive(Debug, Clone)]
pub struct AuditContext {
    pub actor: Actor,
    /// The OAuth client through which a person acts.
    pub client_id: Option<ClientId>,
    pub ip: Option<IpAddr>,
    pub request_id: Option<Arc<str>>,
    pub at: Timestamp,
    /// The language in which people are told of it.
    pub language: Language,
    /// Why, in an operator's words; stands in the detail of every event this leads to.
    pub reason: Option<Arc<str>>,
}

impl AuditContext {
    /// The address by which tries are limited: what comes from none of them counts as from one.
    pub fn limited_by(&self) -> IpAddr {
        self.ip.unwrap_or(Ipv6Addr::UNSPECIFIED.into())
    }

    /// Doorward's own doing.
    pub fn system(at: Timestamp) -> Self {
        Self {
            actor: Actor::System,
            client_id: None,
            ip: None,
            request_id: None,
            at,
            language: Language::default(),
            reason: None,
        }
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: EventId,
    pub time: Timestamp,
    pub actor: String,
    pub action: String,
    pub target: Option<String>,
    pub user_id: Option<UserId>,
    pub ip: Option<String>,
    pub request_id: Option<String>,
    /// For people; what decides stands in `changes`.
    pub detail: Option<String>,
    /// Why a client was refused.
    pub cause: Option<String>,
    /// A JSON object: what the client sent beside what would have been right.
    pub sent: Option<String>,
    /// How often that came since it was told before.
    pub count: Option<u32>,
    /// The OAuth client through which the person acted.
    pub client_id: Option<ClientId>,
    /// A JSON object: each field's name, and its value before and after.
    pub changes: Option<String>,
}
