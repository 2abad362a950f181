//! Which addresses count as one customer's: an IPv6 network of 64 bits, and the wider ones around it.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Bits of an IPv6 address that name a household, and of the wider networks that providers give to one customer too.
const WIDTHS: [u32; 3] = [64, 56, 48];

/// Who is behind an address: an IPv6 network of 64 bits is one household.
pub fn client_prefix(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(network(v6, WIDTHS[0])),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Whether an address says that none is known: the unspecified one, as where a proxy lost the client's.
pub fn is_unknown(ip: IpAddr) -> bool {
    ip.to_canonical().is_unspecified()
}

/// The household of an address, and the networks of 56 and of 48 bits around one of IPv6, any of which may be a single
/// customer's.
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

/// The network around an address that one provider's customers share: 24 bits of IPv4, 48 of IPv6.
pub fn provider_prefix(ip: IpAddr) -> IpNet {
    around(ip, 24, WIDTHS[2])
}

/// The network around an address, of so many bits.
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
