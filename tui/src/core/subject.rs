//! What an incident turns around: a user, an address, a client or a key.

use doorward_shared::client::Filter;

/// What an incident turns around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentSubject {
    User(String),
    Address(String),
    Client(String),
    Key(String),
}

/// There is no incident around this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is neither a user, an address, a client nor a key")]
pub struct NoSubject(String);

impl IncidentSubject {
    /// From an id or an address.
    ///
    /// # Errors
    /// One line.
    pub fn parse(text: &str) -> Result<Self, NoSubject> {
        if text.starts_with("user_") {
            Ok(Self::User(text.into()))
        } else if text.starts_with("client_") {
            Ok(Self::Client(text.into()))
        } else if text.starts_with("key_") {
            Ok(Self::Key(text.into()))
        } else if text.parse::<std::net::IpAddr>().is_ok() {
            Ok(Self::Address(text.into()))
        } else {
            Err(NoSubject(text.to_owned()))
        }
    }

    /// The id or address.
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) | Self::Address(id) | Self::Client(id) | Self::Key(id) => id,
        }
    }

    /// What it is called.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Address(_) => "address",
            Self::Client(_) => "client",
            Self::Key(_) => "key",
        }
    }

    /// Filters of the event lists that together hold its timeline.
    pub fn filters(&self) -> Vec<(Filter, &str)> {
        match self {
            Self::User(id) => vec![(Filter::UserId, id), (Filter::Actor, id)],
            Self::Address(ip) => vec![(Filter::Ip, ip)],
            Self::Client(id) | Self::Key(id) => vec![(Filter::Target, id), (Filter::Actor, id)],
        }
    }
}
