//! Passkeys: the two ceremonies of Web Authentication Level 2, section 7, as the relying party verifies them.
//!
//! Steps that need the account (is the credential known, who owns it, its counter) are the caller's; all others are
//! implemented here under their numbers. No attestation is requested, so none is verified (`none`).

mod assertion;
mod authenticator_data;
mod client_data;
mod cose;
mod registration;
#[cfg(test)]
pub(crate) mod soft_token;

pub use assertion::{Assertion, verify_assertion};
pub use client_data::challenge_of;
pub use cose::ALGORITHMS;
pub use registration::{Registered, verify_registration};

use aws_lc_rs::digest::{SHA256, digest};
use url::{Host, Url};

/// Why a credential is rejected. The texts end messages that name the field `credential`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyError {
    #[error("is not the JSON form of a public key credential")]
    Malformed,
    #[error("has client data of another ceremony")]
    OtherCeremony,
    #[error("answers another challenge")]
    OtherChallenge,
    #[error("was made for another origin")]
    OtherOrigin,
    #[error("was made for another relying party")]
    OtherRelyingParty,
    #[error("was made without the user's presence")]
    UserNotPresent,
    #[error("was made without verifying the user")]
    UserNotVerified,
    #[error("has a key of an algorithm that is not offered")]
    OtherAlgorithm,
    #[error("has a signature that does not verify")]
    WrongSignature,
}

/// The relying party, identified by the issuer's host, and the single origin whose pages may use passkeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    pub id: String,
    pub origin: String,
}

impl RelyingParty {
    /// The relying party of an issuer; `None` if its host is an IP address, which cannot be an RP ID (section 5.1.2).
    pub fn of_issuer(issuer: &str) -> Option<Self> {
        let url = Url::parse(issuer).ok()?;
        match url.host()? {
            Host::Domain(host) => Some(Self {
                id: host.to_owned(),
                origin: url.origin().ascii_serialization(),
            }),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }

    fn id_hash(&self) -> Vec<u8> {
        digest(&SHA256, self.id.as_bytes()).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_relying_party() {
        assert_eq!(RelyingParty::of_issuer("http://127.0.0.1:8000"), None);
        assert_eq!(RelyingParty::of_issuer("http://[::1]:8000"), None);
        let local = RelyingParty::of_issuer("http://localhost:8000").unwrap();
        assert_eq!(
            (local.id.as_str(), local.origin.as_str()),
            ("localhost", "http://localhost:8000")
        );
        let public = RelyingParty::of_issuer("https://login.example.com/").unwrap();
        assert_eq!(public.origin, "https://login.example.com");
    }
}
