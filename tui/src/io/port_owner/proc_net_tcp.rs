//! The kernel's tables of sockets: whose sockets a connection may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// `TCP_LISTEN` in the kernel's tables.
const LISTEN: &str = "0A";

/// The users of the sockets that a connection to `address` may reach, out of `/proc/net/tcp` and `/proc/net/tcp6`.
pub(super) fn listeners(four: &str, six: &str, address: SocketAddr) -> Vec<u32> {
    let mut users = Vec::new();
    for line in four.lines().chain(six.lines()).skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (Some(local), Some(state), Some(uid)) = (fields.get(1), fields.get(3), fields.get(7))
        else {
            continue;
        };
        let reached = socket(local).is_some_and(|(ip, port)| {
            port == address.port() && (ip == address.ip() || is_any(ip, address.ip()))
        });
        if *state == LISTEN
            && reached
            && let Ok(uid) = uid.parse()
        {
            users.push(uid);
        }
    }
    users
}

/// Whether a socket at every address takes connections to this one.
fn is_any(socket: IpAddr, asked: IpAddr) -> bool {
    match socket {
        // One at `::` takes IPv4 too, unless it says otherwise, which the table does not tell.
        IpAddr::V6(ip) => ip.is_unspecified(),
        IpAddr::V4(ip) => ip.is_unspecified() && asked.is_ipv4(),
    }
}

/// An address of the table: 32-bit words in the machine's byte order, in hexadecimal, and the port.
fn socket(text: &str) -> Option<(IpAddr, u16)> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::with_capacity(16);
    for at in (0..ip.len()).step_by(8) {
        let word = u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?;
        bytes.extend_from_slice(&word.to_ne_bytes());
    }
    let ip = match bytes.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)).to_canonical(),
        _ => return None,
    };
    Some((ip, port))
}
