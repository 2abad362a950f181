//! Terms: what each may say, and what of it the server's lists can be asked for.

use doorward_shared::{ClientId, Timestamp, UserId, client::Filter};
use ipnet::IpNet;

use crate::{
    command::time_arg::{TimeArg, TimeArgError},
    core::resource::Resource,
};

/// A condition on a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    Role(String),
    /// A word that the row's state is.
    State(String),
    OfKind(String),
    Grant(String),
    Scope(String),
    Ip(IpNet),
    Since(Timestamp),
    Until(Timestamp),
    /// Not used, seen or signed in since.
    Unused(Timestamp),
    /// Ends before.
    Expires(Timestamp),
    Action(String),
    /// These name a person, client or key: by id, or by a part of its name.
    Owner(String),
    Client(String),
    Actor(String),
    Target(String),
}

/// What the value of a term must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WrongValue {
    #[error("must be {}", .0.join(", "))]
    NoneOf(&'static [&'static str]),
    #[error("must be an address, or a network such as 10.0.1.0/24")]
    NoNetwork,
    #[error(transparent)]
    NoTime(#[from] TimeArgError),
}

/// The terms of a list.
pub(crate) fn names(kind: Resource) -> &'static [&'static str] {
    match kind {
        Resource::Users => &[
            "role", "state", "owner", "scope", "unused", "since", "until",
        ],
        Resource::Sessions => &[
            "state", "ip", "owner", "client", "scope", "unused", "since", "until",
        ],
        Resource::Keys => &[
            "state", "ip", "owner", "scope", "unused", "expires", "since", "until",
        ],
        Resource::Clients => &["kind", "grant", "scope", "since", "until"],
        Resource::Events => &[
            "action", "ip", "owner", "client", "actor", "target", "since", "until",
        ],
        Resource::Roles => &["scope", "kind"],
        Resource::Signing => &["state"],
        Resource::Blocks => &["since", "until"],
        Resource::Profiles => &[],
    }
}

/// The words a state can be.
pub(crate) fn states(kind: Resource) -> &'static [&'static str] {
    match kind {
        Resource::Users => &["active", "disabled"],
        Resource::Sessions => &["live", "idle", "expired", "revoked"],
        Resource::Keys => &["live", "expired", "revoked", "disabled"],
        Resource::Signing => &["signs", "verifies"],
        _ => &[],
    }
}

/// The kinds there are.
pub(crate) fn kinds(kind: Resource) -> &'static [&'static str] {
    match kind {
        Resource::Roles => &["built-in", "own"],
        _ => &["confidential", "public"],
    }
}

fn before(value: &str, now: Timestamp) -> Result<Timestamp, TimeArgError> {
    value.parse().map(|at: TimeArg| at.before(now))
}

fn one_of(value: &str, words: &'static [&'static str]) -> Result<String, WrongValue> {
    let value = value.to_lowercase();
    if words.contains(&value.as_str()) {
        Ok(value)
    } else {
        Err(WrongValue::NoneOf(words))
    }
}

impl Term {
    /// Reads the value of a term that this list has.
    ///
    /// # Errors
    /// What it must be.
    pub(crate) fn parse(
        kind: Resource,
        name: &str,
        value: &str,
        now: Timestamp,
    ) -> Result<Self, WrongValue> {
        let text = || value.to_owned();
        Ok(match name {
            "role" => Self::Role(text()),
            "state" => Self::State(one_of(value, states(kind))?),
            "kind" => Self::OfKind(one_of(value, kinds(kind))?),
            "grant" => Self::Grant(text()),
            "scope" => Self::Scope(text()),
            "ip" => Self::Ip(network(value)?),
            "since" => Self::Since(before(value, now)?),
            "until" => Self::Until(before(value, now)?),
            "unused" => Self::Unused(before(value, now)?),
            "expires" => Self::Expires(value.parse::<TimeArg>()?.after(now)),
            "action" => Self::Action(value.to_lowercase()),
            "owner" => Self::Owner(text()),
            "client" => Self::Client(text()),
            "actor" => Self::Actor(text()),
            _ => Self::Target(text()),
        })
    }

    /// What the server's list is asked for, where it has such a parameter.
    pub(crate) fn params(&self, kind: Resource) -> Vec<(Filter, String)> {
        let active = |live: bool| vec![(Filter::Active, live.to_string())];
        match (self, kind) {
            (Self::Role(role), Resource::Users) => vec![(Filter::Role, role.to_lowercase())],
            (Self::State(state), Resource::Users) => {
                vec![(Filter::Disabled, (state == "disabled").to_string())]
            }
            (Self::State(state), Resource::Sessions) => active(state == "live"),
            // A disabled owner's key is neither revoked nor expired.
            (Self::State(state), Resource::Keys) => active(state == "live" || state == "disabled"),
            (Self::Scope(scope), Resource::Keys)
                if scope.parse::<doorward_shared::Scope>().is_ok() =>
            {
                vec![(Filter::Scope, scope.clone())]
            }
            (Self::Ip(net), Resource::Sessions) => vec![(Filter::Ip, net.to_string())],
            (Self::Ip(net), Resource::Events) if net.prefix_len() == net.max_prefix_len() => {
                vec![(Filter::Ip, net.addr().to_string())]
            }
            (Self::Since(at), Resource::Events) => vec![(Filter::Since, at.to_string())],
            (Self::Until(at), Resource::Events) => vec![(Filter::Until, at.to_string())],
            (Self::Unused(at), Resource::Keys) => vec![(Filter::UnusedSince, at.to_string())],
            (Self::Expires(at), Resource::Keys) => vec![(Filter::ExpiresBefore, at.to_string())],
            (Self::Action(action), Resource::Events) => vec![(Filter::Action, action.clone())],
            (Self::Owner(id), kind) if id.parse::<UserId>().is_ok() => owner(kind, id),
            (Self::Client(id), Resource::Sessions) if id.parse::<ClientId>().is_ok() => {
                vec![(Filter::ClientId, id.clone())]
            }
            (Self::Actor(id), Resource::Events) if Resource::of_id(id).is_some() => {
                vec![(Filter::Actor, id.clone())]
            }
            (Self::Target(id), Resource::Events) if Resource::of_id(id).is_some() => {
                vec![(Filter::Target, id.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// Whether its parameters hold for exactly the rows that it means.
    pub(crate) fn is_exact(&self, kind: Resource) -> bool {
        match (self, kind) {
            (Self::State(state), Resource::Sessions) => state == "live",
            (Self::State(_) | Self::Scope(_), Resource::Keys) => false,
            _ => true,
        }
    }

    /// What names somebody by a text that has to be looked up.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::Owner(text) | Self::Client(text) | Self::Actor(text) | Self::Target(text) => {
                Some(text)
            }
            _ => None,
        }
    }
}

/// The parameter by which a list is somebody's.
pub(crate) fn owner(kind: Resource, id: &str) -> Vec<(Filter, String)> {
    let name = match kind {
        Resource::Sessions | Resource::Events => Filter::UserId,
        Resource::Keys => Filter::OwnerId,
        _ => return Vec::new(),
    };
    vec![(name, id.to_owned())]
}

fn network(text: &str) -> Result<IpNet, WrongValue> {
    if let Ok(ip) = text.parse::<std::net::IpAddr>() {
        return Ok(IpNet::from(ip.to_canonical()));
    }
    let net: IpNet = text.parse().map_err(|_| WrongValue::NoNetwork)?;
    Ok(net.trunc())
}
