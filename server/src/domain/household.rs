//! Who stands behind an address.

use std::net::{IpAddr, Ipv6Addr};

/// Who is behind an address: an IPv6 network of 64 bits is one household.
pub fn household(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}
