//! Secrets that are shown once and stored as hashes.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

pub use crate::domain::Digest256;

/// Secret text: no `Serialize`, redacted `Debug`, zeroized on drop.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself; the only access to it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 of it, as it is stored.
    pub fn digest(&self) -> Digest256 {
        Digest256::of(self.0.as_bytes())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// `cs_` and 256 random bits in base64url.
pub fn client_secret(random: [u8; 32]) -> Secret {
    format!("cs_{}", BASE64_URL_SAFE_NO_PAD.encode(random)).into()
}

/// `mfa_` and 256 random bits in base64url: a sign-in that waits for its second factor.
pub fn mfa_token(random: [u8; 32]) -> Secret {
    format!("mfa_{}", BASE64_URL_SAFE_NO_PAD.encode(random)).into()
}

/// `link_` and 256 random bits in base64url: a one-time link.
pub fn link_token(random: [u8; 32]) -> Secret {
    format!("link_{}", BASE64_URL_SAFE_NO_PAD.encode(random)).into()
}

/// `reg_` and 256 random bits in base64url: for registering a client, or changing its registration.
pub fn registration_token(random: [u8; 32]) -> Secret {
    format!("reg_{}", BASE64_URL_SAFE_NO_PAD.encode(random)).into()
}

/// 256 random bits in base64url.
pub fn authorization_code(random: [u8; 32]) -> Secret {
    BASE64_URL_SAFE_NO_PAD.encode(random).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(
            format!("{:?}", Secret::from("hunter2".to_owned())),
            "[secret]"
        );
    }
}
