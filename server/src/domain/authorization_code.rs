//! Authorization codes, RFC 6749 section 4.1.2.

use std::net::IpAddr;

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};

use super::RequestedClaims;

/// How long a code is good, in seconds.
pub const CODE_SECONDS: i64 = 60;

/// What a person allowed a client to do, to be fetched with a code within a minute.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorizationCode {
    pub client_id: ClientId,
    pub user_id: UserId,
    /// As it came in the authorization request, character by character.
    pub redirect_uri: String,
    pub scope: ScopeSet,
    /// PKCE `S256` challenge, RFC 7636 section 4.2; none where the client sent none and need not.
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    /// When the person signed in.
    pub auth_time: Timestamp,
    /// Audiences that were asked for, RFC 8707.
    pub resources: Vec<String>,
    /// Claims that were asked for one by one.
    pub claims: RequestedClaims,
    /// Of the browser: the code itself comes from the client's own machine.
    pub ip: IpAddr,
    pub user_agent: Option<String>,
    pub expires_at: Timestamp,
    /// The browser's session in which the person said so: with it ended, the code is worth nothing.
    pub signed_in_by: Option<SessionId>,
    pub used_at: Option<Timestamp>,
    /// The session it gave.
    pub session_id: Option<SessionId>,
}

impl AuthorizationCode {
    /// When it was made.
    pub fn made_at(&self) -> Timestamp {
        self.expires_at.plus_seconds(-CODE_SECONDS)
    }
}
