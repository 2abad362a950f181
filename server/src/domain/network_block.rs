//! Network blocks: networks from which signing in and up is temporarily refused.

use std::net::IpAddr;

use doorward_shared::{BlockId, Timestamp};
use ipnet::{IpNet, Ipv4Net};

use super::client_prefix;

/// A blocked network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub id: BlockId,
    pub network: IpNet,
    pub reason: String,
    pub until: Timestamp,
    pub created_at: Timestamp,
    pub created_by: String,
    /// The address of the operator who created it, which stays exempt so that they do not lock themselves out.
    pub exempt: Option<IpAddr>,
}

impl Block {
    /// Whether an address is blocked now.
    pub fn holds(&self, ip: IpAddr, now: Timestamp) -> bool {
        let ip = ip.to_canonical();
        let spared = self
            .exempt
            .is_some_and(|spared| client_prefix(spared) == client_prefix(ip));
        now < self.until && !spared && self.network.contains(&ip)
    }
}

/// A network in canonical form: host bits cleared, IPv4-mapped IPv6 as IPv4.
pub fn canonical(network: IpNet) -> IpNet {
    if let IpNet::V6(v6) = network
        && let Some(v4) = v6.addr().to_ipv4_mapped()
        && let Some(bits) = v6.prefix_len().checked_sub(96)
        && let Ok(net) = Ipv4Net::new(v4, bits)
    {
        return IpNet::V4(net.trunc());
    }
    network.trunc()
}

/// The trusted proxy that overlaps a network: blocking it would block every request through the proxy whose headers
/// name no client address.
pub fn proxy_in(network: IpNet, proxies: &[IpNet]) -> Option<IpNet> {
    let mut proxies = proxies.iter().map(|proxy| canonical(*proxy));
    proxies.find(|proxy| network.contains(proxy) || proxy.contains(&network))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(network: &str, spared: Option<&str>) -> Block {
        Block {
            id: BlockId(ulid::Ulid::from_parts(1, 1)),
            network: canonical(network.parse().unwrap()),
            reason: "a flood".into(),
            until: Timestamp(1_000),
            created_at: Timestamp(0),
            created_by: "system".into(),
            exempt: spared.map(|ip| ip.parse().unwrap()),
        }
    }

    #[test]
    fn a_block_holds_inside_its_network_until_its_end_but_for_the_operator() {
        let held = |block: &Block, ip: &str, now| block.holds(ip.parse().unwrap(), Timestamp(now));
        let v4 = block("203.0.113.7/24", Some("203.0.113.9"));
        for (ip, now, expected) in [
            ("203.0.113.0", 0, true),
            ("203.0.113.255", 999, true),
            ("::ffff:203.0.113.7", 999, true),
            ("203.0.113.7", 1_000, false),
            ("203.0.114.1", 0, false),
            ("203.0.113.9", 0, false),
            ("2001:db8::1", 0, false),
        ] {
            assert_eq!(held(&v4, ip, now), expected, "{ip} at {now}");
        }
        let v6 = block("2001:db8::/32", Some("2001:db8:0:1::5"));
        assert!(held(&v6, "2001:db8:ffff::1", 0));
        assert!(
            !held(&v6, "2001:db8:0:1:2:3:4:5", 0),
            "the operator's household"
        );
        let mapped = block("::ffff:203.0.113.0/120", None);
        assert_eq!(mapped.network.to_string(), "203.0.113.0/24");
        assert!(held(&mapped, "203.0.113.7", 0));
    }

    #[test]
    fn a_network_that_holds_a_proxy_or_is_a_part_of_its_network_is_known() {
        let net = |text: &str| -> IpNet { text.parse().unwrap() };
        let proxies = [net("10.0.0.0/24"), net("::ffff:192.0.2.1/128")];
        for (network, found) in [
            ("10.0.0.7/32", Some("10.0.0.0/24")),
            ("10.0.0.0/8", Some("10.0.0.0/24")),
            ("192.0.2.0/24", Some("192.0.2.1/32")),
            ("10.0.1.0/24", None),
            ("203.0.113.0/24", None),
            ("2001:db8::/32", None),
        ] {
            let expected = found.map(net);
            assert_eq!(proxy_in(net(network), &proxies), expected, "{network}");
        }
    }
}
