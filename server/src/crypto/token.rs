//! Claims of the tokens Doorward signs.

use std::ops::Deref;

use doorward_shared::{ScopeSet, SessionId, UserId};
use serde::{Deserialize, Serialize};

/// `aud`, RFC 7519 section 4.1.3: one value or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    /// From the values; one stands alone.
    pub fn new(mut values: Vec<String>) -> Self {
        match values.len() {
            1 => Self::One(values.remove(0)),
            _ => Self::Many(values),
        }
    }

    /// Its values.
    pub fn values(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    /// Whether it names `audience`.
    pub fn contains(&self, audience: &str) -> bool {
        self.values().iter().any(|value| value == audience)
    }
}

/// Claims of an access token, RFC 9068 section 2.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    pub iss: String,
    /// A user's id, or the client's own.
    pub sub: String,
    pub aud: Audience,
    /// Seconds since 1970.
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    /// The client it was issued to; `first-party` for a login.
    pub client_id: String,
    /// Space-separated.
    pub scope: String,
    /// The session, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// When the person signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How they did, RFC 8176.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<Box<str>>,
    /// How strongly, OpenID Connect Core section 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Box<str>>,
}

/// `client_id` of tokens from login and registration.
pub const FIRST_PARTY: &str = "first-party";

/// An access token whose signature was found right, with what its claims say, read once.
#[derive(Debug, PartialEq, Eq)]
pub struct AccessToken {
    claims: AccessClaims,
    /// `scope`.
    pub granted: ScopeSet,
    /// `sid` and `sub` of a person's token.
    pub session: Option<(SessionId, UserId)>,
}

impl AccessToken {
    /// Nothing where a claim has a form that this server does not sign.
    pub fn read(claims: AccessClaims) -> Option<Self> {
        let granted = ScopeSet::parse(&claims.scope).ok()?;
        let session = match &claims.sid {
            Some(sid) => Some((sid.parse().ok()?, claims.sub.parse().ok()?)),
            None => None,
        };
        Some(Self {
            claims,
            granted,
            session,
        })
    }
}

impl Deref for AccessToken {
    type Target = AccessClaims;
    fn deref(&self) -> &AccessClaims {
        &self.claims
    }
}
