//! Claims of access tokens, and verified access tokens as the cache holds them.

use std::sync::Arc;

use doorward_shared::{ClientId, ScopeSet, SessionId, UserId};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::cache::{Heap, Interner};

/// `aud`, RFC 7519 section 4.1.3: one value or several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    /// A single value is serialized as a string.
    pub fn new(mut values: Vec<String>) -> Self {
        match values.len() {
            1 => Self::One(values.remove(0)),
            _ => Self::Many(values),
        }
    }

    /// The values.
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
    /// A user's id, or that of the client for its own token.
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
    /// The session, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// When the user signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How the user signed in, RFC 8176.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<Box<str>>,
    /// The authentication context, OpenID Connect Core section 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Box<str>>,
}

/// `client_id` of tokens from login and registration.
pub const FIRST_PARTY: &str = "first-party";

/// Maximum size in bytes of the terms that tokens share; larger terms are stored per token.
const SHARED_BYTES: usize = 512;

/// Claims that tokens of many sessions have in common.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct SharedClaims {
    client_id: Box<str>,
    audience: Audience,
    granted: ScopeSet,
}

impl SharedClaims {
    fn heap_bytes(&self) -> usize {
        let audience = self.audience.values().iter();
        let audience = audience.map(|value| value.len() + size_of::<String>());
        let texts = self.client_id.len() + audience.sum::<usize>();
        size_of::<Self>() + texts + self.granted.heap_bytes()
    }
}

/// Shared terms, each stored once.
pub(super) type TermsInUse = Interner<Arc<SharedClaims>>;

/// An access token with a verified signature and its claims, parsed once. Compact, since the cache holds one for each
/// active session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Session id; nil for client-credentials tokens.
    session: Ulid,
    /// Id of the user or client.
    subject: Ulid,
    jti: Ulid,
    /// Seconds since 1970, until 2106.
    exp: u32,
    iat: u32,
    /// 0 if absent.
    auth_time: u32,
    /// Number of the key ring that verified the signature.
    pub(super) ring: u32,
    /// Size of `terms`, if no other token shares it.
    own_bytes: u32,
    terms: Arc<SharedClaims>,
}

impl AccessToken {
    /// `None` if a claim has a form that this server does not sign.
    pub(super) fn read(claims: AccessClaims, ring: u32, in_use: &TermsInUse) -> Option<Self> {
        let granted = ScopeSet::parse(&claims.scope).ok()?;
        let (session, subject) = match &claims.sid {
            Some(sid) => (
                sid.parse::<SessionId>().ok()?.0,
                claims.sub.parse::<UserId>().ok()?.0,
            ),
            None if claims.sub == claims.client_id => {
                (Ulid::nil(), claims.sub.parse::<ClientId>().ok()?.0)
            }
            None => return None,
        };
        // Nil means "no session", so a token that names it as its session is not accepted as a client's own.
        if claims.sid.is_some() && session.is_nil() {
            return None;
        }
        let jti = Ulid::from_string(&claims.jti).ok()?;
        let terms = Arc::new(SharedClaims {
            client_id: claims.client_id.into(),
            audience: claims.aud,
            granted,
        });
        let bytes = terms.heap_bytes();
        let (terms, is_shared) = if bytes <= SHARED_BYTES {
            in_use.of(terms)
        } else {
            (terms, false)
        };
        Some(Self {
            session,
            subject,
            jti,
            exp: seconds(claims.exp),
            iat: seconds(claims.iat),
            auth_time: claims.auth_time.map_or(0, seconds),
            ring,
            own_bytes: if is_shared { 0 } else { bytes.try_into().ok()? },
            terms,
        })
    }

    /// `sid` and `sub` of a user's token.
    pub fn session(&self) -> Option<(SessionId, UserId)> {
        let of = || (SessionId(self.session), UserId(self.subject));
        (!self.session.is_nil()).then(of)
    }

    /// The client, for a client's own token; `None` for a user's.
    pub fn client(&self) -> Option<ClientId> {
        self.session.is_nil().then_some(ClientId(self.subject))
    }

    /// `sub`.
    pub fn subject(&self) -> String {
        match self.session() {
            Some((_, user)) => user.to_string(),
            None => ClientId(self.subject).to_string(),
        }
    }

    /// `client_id`.
    pub fn client_id(&self) -> &str {
        &self.terms.client_id
    }

    /// `aud`.
    pub fn audience(&self) -> &Audience {
        &self.terms.audience
    }

    /// `scope`.
    pub fn granted(&self) -> &ScopeSet {
        &self.terms.granted
    }

    pub fn jti(&self) -> Ulid {
        self.jti
    }

    /// `exp`, in seconds since 1970.
    pub fn exp(&self) -> i64 {
        self.exp.into()
    }

    /// `iat`, in seconds since 1970.
    pub fn iat(&self) -> i64 {
        self.iat.into()
    }

    /// `auth_time`, in seconds since 1970.
    pub fn auth_time(&self) -> Option<i64> {
        (self.auth_time != 0).then_some(self.auth_time.into())
    }
}

/// Times before 1970 or after 2106 are clamped: they are only compared with the current time.
fn seconds(value: i64) -> u32 {
    value.clamp(0, u32::MAX.into()) as u32
}

impl Heap for AccessToken {
    fn heap_bytes(&self) -> usize {
        self.own_bytes as usize
    }
}
