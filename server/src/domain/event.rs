//! The audit log.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use doorward_shared::{ClientId, EventId, KeyId, Timestamp, UserId};

use super::mail::Language;

/// The actor of an event. Prints as its id: `user_…`, `key_…`, `client_…`.
///
/// ```
/// use doorward_server::Actor;
///
/// assert_eq!(Actor::System.to_string(), "system");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A user.
    User(UserId),
    /// An API key.
    Key(KeyId),
    /// An OAuth client with a client-credentials token.
    Client(ClientId),
    /// Doorward itself: deleting expired rows, retiring keys, the command line.
    System,
    /// A client that has not signed in.
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

/// Audit context of a change: actor, address, request and time.
#[derive(Debug, Clone)]
pub struct AuditContext {
    pub actor: Actor,
    /// The OAuth client through which a user acts.
    pub client_id: Option<ClientId>,
    pub ip: Option<IpAddr>,
    pub request_id: Option<Arc<str>>,
    pub at: Timestamp,
    /// The language for mails about the change.
    pub language: Language,
    /// The operator's reason; recorded in the detail of every event of the operation.
    pub reason: Option<Arc<str>>,
}

impl AuditContext {
    /// The address that rate limits count by: requests without one share one counter.
    pub fn limited_by(&self) -> IpAddr {
        self.ip.unwrap_or(Ipv6Addr::UNSPECIFIED.into())
    }

    /// An operation by Doorward itself.
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

/// An entry of the audit log.
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
    /// For human readers; programs use `changes`.
    pub detail: Option<String>,
    /// Why a client was rejected.
    pub cause: Option<String>,
    /// A JSON object: the value the client sent and the values that would have been accepted.
    pub sent: Option<String>,
    /// How often it happened since it was last recorded.
    pub count: Option<u32>,
    /// The OAuth client through which the user acted.
    pub client_id: Option<ClientId>,
    /// A JSON object: each field's name, and its value before and after.
    pub changes: Option<String>,
}
