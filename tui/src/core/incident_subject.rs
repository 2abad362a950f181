//! What an incident turns around: users, addresses, networks, clients and keys.

use doorward_shared::{admin::Event, client::Filter};
use ipnet::IpNet;

/// Subjects of one incident, at most: each is asked about.
pub(crate) const SUBJECTS: usize = 8;

/// What an incident turns around.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum IncidentSubject {
    User(String),
    Address(String),
    /// In CIDR notation.
    Network(String),
    Client(String),
    Key(String),
}

/// There is no incident around this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is neither a user, an address, a network, a client nor a key")]
pub(crate) struct NoSubject(String);

impl IncidentSubject {
    /// From an id, an address or a network.
    ///
    /// # Errors
    /// One line.
    pub(crate) fn parse(text: &str) -> Result<Self, NoSubject> {
        if text.starts_with("user_") {
            Ok(Self::User(text.into()))
        } else if text.starts_with("client_") {
            Ok(Self::Client(text.into()))
        } else if text.starts_with("key_") {
            Ok(Self::Key(text.into()))
        } else if let Ok(ip) = text.parse::<std::net::IpAddr>() {
            Ok(Self::Address(ip.to_canonical().to_string()))
        } else if let Ok(network) = text.parse::<IpNet>() {
            Ok(Self::Network(canonical(network).to_string()))
        } else {
            Err(NoSubject(text.to_owned()))
        }
    }

    /// The id, address or network.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::User(id)
            | Self::Address(id)
            | Self::Network(id)
            | Self::Client(id)
            | Self::Key(id) => id,
        }
    }

    /// What it is called.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Address(_) => "address",
            Self::Network(_) => "network",
            Self::Client(_) => "client",
            Self::Key(_) => "key",
        }
    }

    /// Filters of the event lists that together hold its timeline; none for a network, whose events are looked for.
    pub(crate) fn filters(&self) -> Vec<(Filter, &str)> {
        match self {
            Self::User(id) => vec![(Filter::UserId, id), (Filter::Actor, id)],
            Self::Address(ip) => vec![(Filter::Ip, ip)],
            Self::Network(_) => Vec::new(),
            Self::Client(id) => vec![
                (Filter::Target, id),
                (Filter::Actor, id),
                (Filter::ClientId, id),
            ],
            Self::Key(id) => vec![(Filter::Target, id), (Filter::Actor, id)],
        }
    }

    /// The filter of the session list that finds its sessions; a key opens none.
    pub(crate) fn sessions(&self) -> Option<(Filter, &str)> {
        match self {
            Self::User(id) => Some((Filter::UserId, id)),
            Self::Address(ip) | Self::Network(ip) => Some((Filter::Ip, ip)),
            Self::Client(id) => Some((Filter::ClientId, id)),
            Self::Key(_) => None,
        }
    }

    /// Whether an address is it, or inside it.
    pub(crate) fn holds(&self, ip: &str) -> bool {
        match self {
            Self::Address(own) => own == ip,
            Self::Network(network) => {
                let network = network.parse::<IpNet>();
                let ip = ip.parse::<std::net::IpAddr>();
                matches!((network, ip), (Ok(network), Ok(ip)) if network.contains(&ip))
            }
            Self::User(_) | Self::Client(_) | Self::Key(_) => false,
        }
    }

    /// Whether an event belongs into its timeline.
    pub(crate) fn touches(&self, event: &Event) -> bool {
        let id = self.id();
        let named = event.actor == id || event.target.as_deref() == Some(id);
        match self {
            Self::User(_) => named || event.user_id.is_some_and(|user| user.to_string() == id),
            Self::Client(_) => {
                named
                    || event
                        .client_id
                        .is_some_and(|client| client.to_string() == id)
            }
            Self::Key(_) => named,
            Self::Address(_) | Self::Network(_) => {
                event.ip.as_deref().is_some_and(|ip| self.holds(ip))
            }
        }
    }
}

/// As the server compares networks: IPv4 as itself where it was written in IPv6.
fn canonical(network: IpNet) -> IpNet {
    if let IpNet::V6(v6) = network
        && let Some(v4) = v6.addr().to_ipv4_mapped()
        && let Some(bits) = v6.prefix_len().checked_sub(96)
        && let Ok(net) = ipnet::Ipv4Net::new(v4, bits)
    {
        return IpNet::V4(net.trunc());
    }
    network.trunc()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::event;

    #[test]
    fn subjects_are_told_apart_by_how_they_are_written() {
        for (text, kind, id) in [
            ("user_01abc", "user", "user_01abc"),
            ("client_01abc", "client", "client_01abc"),
            ("key_01abc", "key", "key_01abc"),
            ("203.0.113.7", "address", "203.0.113.7"),
            ("::ffff:203.0.113.7", "address", "203.0.113.7"),
            ("203.0.113.7/24", "network", "203.0.113.0/24"),
            ("::ffff:203.0.113.0/120", "network", "203.0.113.0/24"),
            ("2001:db8::1/64", "network", "2001:db8::/64"),
        ] {
            let subject = IncidentSubject::parse(text).unwrap();
            assert_eq!((subject.kind(), subject.id()), (kind, id));
        }
        for text in ["ada", "", "203.0.113.0/33", "session_01abc"] {
            assert!(IncidentSubject::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_network_holds_the_events_from_inside() {
        let failed = event(1, "login.failed");
        let touches = |text: &str| IncidentSubject::parse(text).unwrap().touches(&failed);
        assert!(touches("203.0.113.0/24") && touches("203.0.113.7"));
        assert!(!touches("203.0.114.0/24") && !touches("203.0.113.8"));
        assert!(touches(&failed.actor) && touches(&failed.user_id.unwrap().to_string()));
    }
}
