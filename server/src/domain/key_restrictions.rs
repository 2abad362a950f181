//! Restrictions of an API key: allowed addresses, rate limit and quota.

use std::{fmt, net::IpAddr};

use doorward_shared::apikey::{Metadata, Quota, RateLimit};
use ipnet::{IpNet, Ipv4Net};

/// An address or a network from which a key may be used. IPv4-mapped IPv6 is stored as IPv4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedIp {
    net: IpNet,
    /// Whether it was given as a network, and is displayed as one.
    is_network: bool,
}

impl AllowedIp {
    /// From an address, or a network in CIDR notation; host bits are ignored.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self {
                net: ip.to_canonical().into(),
                is_network: false,
            });
        }
        let net = canonical(text.parse().ok()?).trunc();
        Some(Self {
            net,
            is_network: true,
        })
    }

    /// Whether it contains an address.
    pub fn holds(&self, ip: IpAddr) -> bool {
        self.net.contains(&ip.to_canonical())
    }

    /// As a network.
    pub fn net(&self) -> IpNet {
        self.net
    }
}

impl fmt::Display for AllowedIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_network {
            self.net.fmt(f)
        } else {
            self.net.addr().fmt(f)
        }
    }
}

fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let mapped = v6.addr().to_ipv4_mapped().filter(|_| v6.prefix_len() >= 96);
    let mapped = mapped.and_then(|v4| Ipv4Net::new(v4, v6.prefix_len() - 96).ok());
    mapped.map_or(net, IpNet::V4)
}

/// Restrictions of a key.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyRestrictions {
    pub rate_limit: Option<RateLimit>,
    pub quota: Option<Quota>,
    /// Empty: from any address.
    pub allowed_ips: Vec<AllowedIp>,
    pub metadata: Option<Metadata>,
    /// Whether the key is enabled.
    pub enabled: bool,
}

impl Default for KeyRestrictions {
    fn default() -> Self {
        Self {
            rate_limit: None,
            quota: None,
            allowed_ips: Vec::new(),
            metadata: None,
            enabled: true,
        }
    }
}

/// Changes to a key's restrictions: a field that is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct KeyTermsChange {
    pub rate_limit: Option<Option<RateLimit>>,
    pub quota: Option<Option<Quota>>,
    pub allowed_ips: Option<Vec<AllowedIp>>,
    pub metadata: Option<Option<Metadata>>,
    pub enabled: Option<bool>,
}

impl KeyTermsChange {
    /// The restrictions after the change.
    #[must_use]
    pub fn applied(self, before: &KeyRestrictions) -> KeyRestrictions {
        let allowed_ips = self.allowed_ips;
        KeyRestrictions {
            rate_limit: self.rate_limit.unwrap_or(before.rate_limit),
            quota: self.quota.unwrap_or(before.quota),
            allowed_ips: allowed_ips.unwrap_or_else(|| before.allowed_ips.clone()),
            metadata: self.metadata.unwrap_or_else(|| before.metadata.clone()),
            enabled: self.enabled.unwrap_or(before.enabled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str) -> AllowedIp {
        AllowedIp::parse(text).unwrap()
    }

    #[test]
    fn mapped_addresses_and_networks_are_the_ipv4_ones() {
        for (text, shown) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("192.0.2.1/32", "192.0.2.1/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(allowed(text).to_string(), shown);
            assert_eq!(allowed(shown), allowed(text));
        }
        for text in [
            "",
            "x",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0",
            "::/129",
            "10.0.0.1 ",
        ] {
            assert_eq!(AllowedIp::parse(text), None, "{text}");
        }
        let mapped: IpAddr = "::ffff:10.1.2.3".parse().unwrap();
        assert!(allowed("10.0.0.0/8").holds(mapped));
        assert!(allowed("::ffff:10.0.0.0/104").holds("10.255.0.1".parse().unwrap()));
        assert!(!allowed("10.0.0.0/8").holds("11.0.0.1".parse().unwrap()));
        assert!(!allowed("::/0").holds(mapped));
    }
}
