//! Reads ID tokens that clients send back: `id_token_hint`, OpenID Connect Core section 3.1.2.1 and RP-Initiated
//! Logout.

use doorward_shared::{SessionId, UserId};
use serde::Deserialize;

use crate::crypto::key_ring::{KeyRing, TokenType};

/// The contents of one of our ID tokens, however old: a hint, not a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub user: UserId,
    /// The `client_id` under which the client knows itself: for a metadata document its URL.
    pub client: String,
    pub session: Option<SessionId>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: UserId,
    aud: String,
    sid: Option<SessionId>,
}

impl Hint {
    /// Verifies and reads an ID token that this server issued. Its expiry is ignored.
    pub(crate) fn read(token: &str, keys: &KeyRing) -> Option<Self> {
        let claims: Claims = keys.verify_signed(token, TokenType::Id).ok()?;
        (claims.iss == keys.issuer()).then_some(Self {
            user: claims.sub,
            client: claims.aud,
            session: claims.sid,
        })
    }
}
