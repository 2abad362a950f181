//! What a page is about.

use crate::core::resource::{Resource, Row};

/// What a page is about: one thing, by its id or address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    User(String),
    Session(String),
    Key(String),
    Client(String),
    Address(String),
    Signing(String),
}

impl Subject {
    /// The page of a row of a list; none for what has none.
    pub(crate) fn of(item: &Row) -> Option<Self> {
        let id = item.id();
        Some(match item {
            Row::User(_) => Self::User(id),
            Row::Session(_) => Self::Session(id),
            Row::Key(_) => Self::Key(id),
            Row::Client(_) => Self::Client(id),
            Row::Signing(_) => Self::Signing(id),
            Row::Event(_) | Row::Role(_) | Row::Block(_) | Row::Profile(_) => return None,
        })
    }

    /// From an id that says what it is of, or an address.
    pub(crate) fn of_id(text: &str) -> Option<Self> {
        let id = text.to_owned();
        let kind = text.split_once('_').map(|(prefix, _)| prefix);
        match kind {
            Some("user") => Some(Self::User(id)),
            Some("ses") => Some(Self::Session(id)),
            Some("key") => Some(Self::Key(id)),
            Some("client") => Some(Self::Client(id)),
            _ => {
                let ip: std::net::IpAddr = text.parse().ok()?;
                Some(Self::Address(ip.to_canonical().to_string()))
            }
        }
    }

    /// One of a kind of list by its id.
    pub(crate) fn in_list(kind: Resource, id: String) -> Option<Self> {
        Some(match kind {
            Resource::Users => Self::User(id),
            Resource::Sessions => Self::Session(id),
            Resource::Keys => Self::Key(id),
            Resource::Clients => Self::Client(id),
            Resource::Signing => Self::Signing(id),
            Resource::Events | Resource::Roles | Resource::Blocks | Resource::Profiles => {
                return None;
            }
        })
    }

    pub(crate) fn id(&self) -> &str {
        match self {
            Self::User(id)
            | Self::Session(id)
            | Self::Key(id)
            | Self::Client(id)
            | Self::Address(id)
            | Self::Signing(id) => id,
        }
    }

    /// Of which list it is; addresses have none.
    pub(crate) fn kind(&self) -> Option<Resource> {
        Some(match self {
            Self::User(_) => Resource::Users,
            Self::Session(_) => Resource::Sessions,
            Self::Key(_) => Resource::Keys,
            Self::Client(_) => Resource::Clients,
            Self::Signing(_) => Resource::Signing,
            Self::Address(_) => return None,
        })
    }

    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::User(_) => "User",
            Self::Session(_) => "Session",
            Self::Key(_) => "API key",
            Self::Client(_) => "Client",
            Self::Address(_) => "Address",
            Self::Signing(_) => "Signing key",
        }
    }
}
