//! Whom a client trusts: certificate authorities, a pinned certificate, this machine itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls::ClientConfig;

use super::ClientError;
use crate::tls;

/// The name of this machine itself.
pub(super) const LOCALHOST: &str = "localhost";

/// Loopback addresses that a URL's host stands for. None for another host, and none for `localhost.` and names below
/// `localhost`: a resolver may ask the network for those.
pub fn loopback(url: &reqwest::Url) -> Vec<IpAddr> {
    let Some(host) = url.host_str() else {
        return Vec::new();
    };
    if host == LOCALHOST {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let ip = ip.map(|ip| ip.to_canonical());
    ip.into_iter().filter(IpAddr::is_loopback).collect()
}

/// Whether a host is this machine itself: no request to it leaves through a proxy, and none needs TLS.
pub fn is_loopback(url: &reqwest::Url) -> bool {
    !loopback(url).is_empty()
}

/// Whom to trust, beside the public certificate authorities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Certificates of an authority, in PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// SHA-256 of the server's certificate, in hex: that certificate and no other.
    pub pin: Option<[u8; 32]>,
}

/// A configuration that takes the one certificate whose SHA-256 is known.
pub(super) fn pinned(pin: [u8; 32]) -> Result<ClientConfig, ClientError> {
    use sha2::{Digest, Sha256};
    tls::accepting(move |certificate| Sha256::digest(certificate).as_slice() == pin)
        .map_err(|error| ClientError::Setup(error.to_string()))
}
