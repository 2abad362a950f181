//! Client authentication methods, and client types.

use std::{fmt, str::FromStr};

/// The token endpoint authentication method of a client that is registered for exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    SecretBasic,
    SecretPost,
    PrivateKeyJwt,
    None,
}

/// Client types by their credentials at the token endpoint, RFC 6749 section 2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// A public client: it cannot keep a secret.
    Public,
    /// A confidential client whose only credentials are its own keys.
    WithoutSecret,
    WithSecret,
}

impl AuthMethod {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }
}

impl FromStr for AuthMethod {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [
            Self::SecretBasic,
            Self::SecretPost,
            Self::PrivateKeyJwt,
            Self::None,
        ]
        .into_iter()
        .find(|method| method.as_str() == text)
        .ok_or("must be client_secret_basic, client_secret_post, private_key_jwt or none")
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
