//! Sessions: one sign-in, or one authorization by an OAuth client.

use std::net::IpAddr;

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};

/// A session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    /// The OAuth client it was granted to; none for a first-party login.
    pub client_id: Option<ClientId>,
    pub scope: ScopeSet,
    pub ip: IpAddr,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// The absolute end, whatever is refreshed.
    pub expires_at: Timestamp,
    /// When its newest refresh and access tokens are both over: unless it is refreshed it ends here.
    pub idle_until: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl Session {
    /// Neither revoked nor at its end: at the exact instant of expiry it is dead.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at && now < self.idle_until
    }
}

/// Which door a refresh token belongs to: `/auth/refresh` and `/oauth/token` refuse each other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lineage {
    FirstParty,
    Client(ClientId),
}
