//! The client's IP address: the socket's, or the one reported by a trusted proxy.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;
use rocket::Request;

use crate::http::Services;

/// Placeholder for an address that a proxy does not report: no client has it.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Whether a proxy has added headers other than `X-Forwarded-For` to a request. Rocket drops a header that is not
/// UTF-8: a client that sends such an `X-Forwarded-For` removes the part that an appending proxy adds, and would be
/// taken for the proxy itself.
fn is_forwarded(request: &Request<'_>) -> bool {
    request.headers().iter().any(|header| {
        let name = header.name.as_str();
        let start = name.get(.."x-forwarded-".len()).unwrap_or_default();
        (start.eq_ignore_ascii_case("x-forwarded-")
            && !name.eq_ignore_ascii_case("x-forwarded-for"))
            || ["forwarded", "via", "x-real-ip"]
                .iter()
                .any(|mark| name.eq_ignore_ascii_case(mark))
    })
}

/// The client's address. A header from an untrusted peer is ignored, and logged once per peer: it may be the operator's
/// own proxy.
pub(super) fn client_ip(request: &Request<'_>, lines: &[&str], services: &Services) -> IpAddr {
    let peer = request
        .remote()
        .map_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), |remote| {
            remote.ip().to_canonical()
        });
    let trusted = &services.settings.trusted_proxies;
    if trusted.iter().any(|net| net.contains(&peer)) {
        let told = elements(lines).next().is_some();
        if told && let Some(ip) = forwarded(lines, trusted) {
            return ip;
        }
        if told || is_forwarded(request) {
            if services.log_dedup.nameless_proxy() {
                tracing::warn!(
                    %peer,
                    "a request came through a proxy of `trusted_proxies` without a readable X-Forwarded-For: its address \
                     counts as unknown. Let the proxy set the header to the client's address instead of adding to it"
                );
            }
            return UNKNOWN;
        }
        return peer;
    }
    if !lines.is_empty() && services.log_dedup.untrusted_proxy(peer) {
        tracing::warn!(
            %peer,
            "X-Forwarded-For is ignored, because its sender is not one of `trusted_proxies`: rate limits and the audit \
             log take the sender for the client. If it is your proxy, set trusted_proxies = [\"{peer}\"]"
        );
    }
    peer
}

/// The elements of `X-Forwarded-For`, the nearest first.
fn elements<'a>(lines: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let parts = lines.iter().rev().flat_map(|line| line.rsplit(','));
    parts.map(str::trim).filter(|part| !part.is_empty())
}

/// The nearest address of `X-Forwarded-For` that is not a trusted proxy's, else the farthest that is; `None` if none
/// can be parsed. Empty elements are ignored (RFC 9110 section 5.6.1.2).
fn forwarded(lines: &[&str], trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut nearest = None;
    for part in elements(lines) {
        // An invalid element was not written by one of our proxies: the last verified address is used.
        let Some(ip) = address(part) else {
            break;
        };
        let ip = ip.to_canonical();
        nearest = Some(ip);
        if !is_trusted(&ip) {
            break;
        }
    }
    nearest
}

/// Parses an address as proxies write it: some add the port, brackets around IPv6, and the zone of a link-local one.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|ip| ip.strip_suffix(']'));
    let bare = bare.unwrap_or(text);
    let ip = bare.split_once('%').map_or(bare, |(ip, _zone)| ip);
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    ip.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_address_that_is_no_proxys_is_the_clients() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let of = |lines: &[&str]| {
            let found = forwarded(lines, &trusted);
            found.map(|ip| ip.to_string()).unwrap_or_default()
        };
        assert_eq!(of(&["192.0.2.1"]), "192.0.2.1");
        assert_eq!(of(&["203.0.113.9, 192.0.2.1, 10.0.0.2"]), "192.0.2.1");
        assert_eq!(of(&["192.0.2.1,, ,", "", " , "]), "192.0.2.1");
        assert_eq!(of(&["203.0.113.9", "192.0.2.1:51004"]), "192.0.2.1");
        assert_eq!(of(&["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(of(&["[2001:db8::1], fd00::2"]), "2001:db8::1");
        assert_eq!(of(&["::ffff:192.0.2.1"]), "192.0.2.1");
        assert_eq!(of(&["fe80::1%eth0"]), "fe80::1");
        assert_eq!(of(&["[fe80::1%eth0]"]), "fe80::1");
        assert_eq!(of(&["192.0.2.1, unknown"]), "");
        assert_eq!(of(&["10.0.0.2, 10.0.0.3"]), "10.0.0.2");
        assert_eq!(of(&[",", ""]), "");
    }
}
