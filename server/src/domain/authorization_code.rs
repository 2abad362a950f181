//! Authorization codes, RFC 6749 section 4.1.2.

use std::net::IpAddr;

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};

use super::RequestedClaims;

/// Lifetime of a code, in seconds.
pub const CODE_SECONDS: i64 = 60;

/// The authorization that a client exchanges a code for, within one minute.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorizationCode {
    pub client_id: ClientId,
    pub user_id: UserId,
    /// As sent in the authorization request; compared character by character.
    pub redirect_uri: String,
    pub scope: ScopeSet,
    /// PKCE `S256` challenge, RFC 7636 section 4.2; `None` if the client sent none and does not need one.
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    /// When the user signed in.
    pub auth_time: Timestamp,
    /// Requested audiences, RFC 8707.
    pub resources: Vec<String>,
    /// Individually requested claims.
    pub claims: RequestedClaims,
    /// User agent of the browser: the code itself is exchanged from the client's own machine.
    pub ip: IpAddr,
    pub user_agent: Option<String>,
    pub expires_at: Timestamp,
    /// The browser session in which the user consented: when it ends, the code becomes invalid.
    pub signed_in_by: Option<SessionId>,
    pub used_at: Option<Timestamp>,
    /// The session it was exchanged for.
    pub session_id: Option<SessionId>,
}

impl AuthorizationCode {
    /// When it was issued.
    pub fn made_at(&self) -> Timestamp {
        self.expires_at.plus_seconds(-CODE_SECONDS)
    }
}
