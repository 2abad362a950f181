//! ID tokens that come back to us: `id_token_hint`, OpenID Connect Core section 3.1.2.1 and RP-Initiated Logout.

use doorward_shared::{SessionId, UserId};
use serde::Deserialize;

use crate::crypto::key_ring::{KeyRing, TokenType};

/// What an ID token of ours says, however old it is: a hint, not a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub user: UserId,
    /// The id that the client knows itself by: of a metadata document its URL.
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
    /// Reads an ID token that this server issued. Its expiry is not asked for.
    pub(crate) fn read(token: &str, keys: &KeyRing) -> Option<Self> {
        let claims: Claims = keys.verify_signed(token, TokenType::Id).ok()?;
        (claims.iss == keys.issuer()).then_some(Self {
            user: claims.sub,
            client: claims.aud,
            session: claims.sid,
        })
    }
}
