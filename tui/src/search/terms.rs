//! Terms: what each may say, and what of it the server's lists can be asked for.

use doorward_shared::{ClientId, Timestamp, UserId};
use ipnet::IpNet;

use crate::{item::Kind, when};

/// A condition on a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    Role(String),
    /// A word that the row's state is.
    State(String),
    Kind(String),
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

/// The terms of a list.
pub fn names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Users => &[
            "role", "state", "owner", "scope", "unused", "since", "until",
        ],
        Kind::Sessions => &[
            "state", "ip", "owner", "client", "scope", "unused", "since", "until",
        ],
        Kind::Keys => &[
            "state", "ip", "owner", "scope", "unused", "expires", "since", "until",
        ],
        Kind::Clients => &["kind", "grant", "scope", "since", "until"],
        Kind::Events => &[
            "action", "ip", "owner", "client", "actor", "target", "since", "until",
        ],
        Kind::Roles => &["scope", "kind"],
        Kind::Signing => &["state"],
        Kind::Profiles => &[],
    }
}

/// The words a state can be.
fn states(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Users => &["active", "disabled"],
        Kind::Sessions => &["live", "idle", "expired", "revoked"],
        Kind::Keys => &["live", "expired", "revoked", "disabled"],
        Kind::Signing => &["signs", "verifies"],
        _ => &[],
    }
}

fn kinds(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Roles => &["built-in", "own"],
        _ => &["confidential", "public"],
    }
}

fn one_of(value: &str, words: &[&str]) -> Result<String, String> {
    let value = value.to_lowercase();
    if words.contains(&value.as_str()) {
        Ok(value)
    } else {
        Err(format!("must be {}", words.join(", ")))
    }
}

impl Term {
    /// Reads the value of a term that this list has.
    ///
    /// # Errors
    /// What it must be.
    pub fn parse(kind: Kind, name: &str, value: &str, now: Timestamp) -> Result<Self, String> {
        let text = || value.to_owned();
        Ok(match name {
            "role" => Self::Role(text()),
            "state" => Self::State(one_of(value, states(kind))?),
            "kind" => Self::Kind(one_of(value, kinds(kind))?),
            "grant" => Self::Grant(text()),
            "scope" => Self::Scope(text()),
            "ip" => Self::Ip(network(value)?),
            "since" => Self::Since(when::before(value, now)?),
            "until" => Self::Until(when::before(value, now)?),
            "unused" => Self::Unused(when::before(value, now)?),
            "expires" => Self::Expires(when::ahead_of(value, now)?),
            "action" => Self::Action(value.to_lowercase()),
            "owner" => Self::Owner(text()),
            "client" => Self::Client(text()),
            "actor" => Self::Actor(text()),
            _ => Self::Target(text()),
        })
    }

    /// What the server's list is asked for, where it has such a parameter.
    pub fn params(&self, kind: Kind) -> Vec<(&'static str, String)> {
        let active = |live: bool| vec![("active", live.to_string())];
        match (self, kind) {
            (Self::Role(role), Kind::Users) => vec![("role", role.to_lowercase())],
            (Self::State(state), Kind::Users) => {
                vec![("disabled", (state == "disabled").to_string())]
            }
            (Self::State(state), Kind::Sessions) => active(state == "live"),
            // A disabled owner's key is neither revoked nor expired.
            (Self::State(state), Kind::Keys) => active(state == "live" || state == "disabled"),
            (Self::Scope(scope), Kind::Keys) if scope.parse::<doorward_shared::Scope>().is_ok() => {
                vec![("scope", scope.clone())]
            }
            (Self::Ip(net), Kind::Sessions) => vec![("ip", net.to_string())],
            (Self::Ip(net), Kind::Events) if net.prefix_len() == net.max_prefix_len() => {
                vec![("ip", net.addr().to_string())]
            }
            (Self::Since(at), Kind::Events) => vec![("since", at.to_string())],
            (Self::Until(at), Kind::Events) => vec![("until", at.to_string())],
            (Self::Unused(at), Kind::Keys) => vec![("unusedSince", at.to_string())],
            (Self::Expires(at), Kind::Keys) => vec![("expiresBefore", at.to_string())],
            (Self::Action(action), Kind::Events) => vec![("action", action.clone())],
            (Self::Owner(id), kind) if id.parse::<UserId>().is_ok() => owner(kind, id),
            (Self::Client(id), Kind::Sessions) if id.parse::<ClientId>().is_ok() => {
                vec![("clientId", id.clone())]
            }
            (Self::Actor(id), Kind::Events) if Kind::of_id(id).is_some() => {
                vec![("actor", id.clone())]
            }
            (Self::Target(id), Kind::Events) if Kind::of_id(id).is_some() => {
                vec![("target", id.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// Whether its parameters hold for exactly the rows that it means.
    pub fn is_exact(&self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::State(state), Kind::Sessions) => state == "live",
            (Self::State(_) | Self::Scope(_), Kind::Keys) => false,
            _ => true,
        }
    }

    /// What names somebody by a text that has to be looked up.
    pub fn named(&self) -> Option<&str> {
        match self {
            Self::Owner(text) | Self::Client(text) | Self::Actor(text) | Self::Target(text) => {
                Some(text)
            }
            _ => None,
        }
    }
}

/// The parameter by which a list is somebody's.
pub fn owner(kind: Kind, id: &str) -> Vec<(&'static str, String)> {
    let name = match kind {
        Kind::Sessions | Kind::Events => "userId",
        Kind::Keys => "ownerId",
        _ => return Vec::new(),
    };
    vec![(name, id.to_owned())]
}

fn network(text: &str) -> Result<IpNet, String> {
    if let Ok(ip) = text.parse::<std::net::IpAddr>() {
        return Ok(IpNet::from(ip.to_canonical()));
    }
    let net: IpNet = text
        .parse()
        .map_err(|_| "must be an address, or a network such as 10.0.1.0/24".to_owned())?;
    Ok(net.trunc())
}
