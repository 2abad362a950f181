//! Groups IP addresses by customer: the /64 network of an IPv6 address, and the wider networks around it.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Bits of an IPv6 network that count as one customer, and of the wider networks that providers also assign to one.
const WIDTHS: [u32; 3] = [64, 56, 48];

/// The network that counts as one client: the /64 of an IPv6 address, or the IPv4 address itself.
pub fn client_prefix(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(network(v6, WIDTHS[0])),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Whether the client's address is unknown: the unspecified address, used when a proxy did not pass it on.
pub fn is_unknown(ip: IpAddr) -> bool {
    ip.to_canonical().is_unspecified()
}

/// The client prefix of an address and, for IPv6, the /56 and /48 around it, any of which may belong to a single
/// customer.
pub fn networks(ip: IpAddr) -> [Option<IpAddr>; 3] {
    match ip.to_canonical() {
        IpAddr::V6(v6) => WIDTHS.map(|bits| Some(IpAddr::V6(network(v6, bits)))),
        v4 @ IpAddr::V4(_) => [Some(v4), None, None],
    }
}

/// [`client_prefix`] as a network.
pub fn client_prefix_net(ip: IpAddr) -> IpNet {
    around(ip, 32, WIDTHS[0])
}

/// The network that customers of one provider share: /24 of IPv4, /48 of IPv6.
pub fn provider_prefix(ip: IpAddr) -> IpNet {
    around(ip, 24, WIDTHS[2])
}

/// The network of this many bits around an address.
fn around(ip: IpAddr, v4: u32, v6: u32) -> IpNet {
    let ip = ip.to_canonical();
    let bits = if ip.is_ipv4() { v4 } else { v6 } as u8;
    IpNet::new(ip, bits).map_or_else(|_| IpNet::from(ip), |net| net.trunc())
}

fn network(ip: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << (128 - bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_is_in_three_networks_and_an_ipv4_address_in_none_but_itself() {
        let at = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let found = networks("2001:db8:1234:5678:9abc::1".parse().unwrap());
        assert_eq!(
            found,
            [
                at("2001:db8:1234:5678::"),
                at("2001:db8:1234:5600::"),
                at("2001:db8:1234::")
            ]
        );
        let v4 = networks("::ffff:192.0.2.1".parse().unwrap());
        assert_eq!(v4, [at("192.0.2.1"), None, None]);
    }
}
