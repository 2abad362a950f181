//! Sessions: one sign-in, or one authorization by an OAuth client.

use std::net::IpAddr;

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId, admin::SessionState};

use super::{RequestedClaims, SignInMethod};

/// A session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    /// The OAuth client it was granted to; `None` for a first-party login.
    pub client_id: Option<ClientId>,
    pub scope: ScopeSet,
    pub ip: IpAddr,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// The absolute end, regardless of refreshes.
    pub expires_at: Timestamp,
    /// When its newest refresh and access tokens have both expired: unless it is refreshed it ends then.
    pub idle_until: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// When the user signed in, if not when the session began.
    pub auth_time: Option<Timestamp>,
    /// How the user signed in.
    pub method: SignInMethod,
    /// Individually requested claims.
    pub claims: RequestedClaims,
}

impl Session {
    /// Neither revoked nor expired: at the exact instant of expiry it is expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state(now) == SessionState::Live
    }

    /// Whether its tokens are accepted: [`SessionCore::state`].
    pub fn state(&self, now: Timestamp) -> SessionState {
        state(
            self.revoked_at.is_some(),
            self.expires_at,
            self.idle_until,
            now,
        )
    }

    /// The fields that requests need.
    pub fn core(&self) -> SessionCore {
        SessionCore {
            id: self.id,
            user_id: self.user_id,
            client_id: self.client_id,
            scope: self.scope.clone(),
            signed_in_at: self.signed_in_at(),
            expires_at: self.expires_at,
            idle_until: self.idle_until,
            revoked: self.revoked_at.is_some(),
            method: self.method,
            claims: self.claims,
        }
    }

    /// When it ends unless it is refreshed, or when it ended.
    pub fn ends_at(&self) -> Timestamp {
        self.revoked_at
            .unwrap_or_else(|| self.expires_at.min(self.idle_until))
    }

    /// When the user signed in, regardless of refreshes.
    pub fn signed_in_at(&self) -> Option<Timestamp> {
        match self.client_id {
            None => Some(self.created_at),
            Some(_) => self.auth_time,
        }
    }
}

/// The fields of a session that requests need, cached in memory for each active session.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionCore {
    pub id: SessionId,
    pub user_id: UserId,
    /// The OAuth client it was granted to; `None` for a first-party login.
    pub client_id: Option<ClientId>,
    pub scope: ScopeSet,
    /// As [`Session::signed_in_at`].
    pub signed_in_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    pub idle_until: Timestamp,
    pub revoked: bool,
    pub method: SignInMethod,
    pub claims: RequestedClaims,
}

impl SessionCore {
    /// Whether its tokens are accepted.
    pub fn state(&self, now: Timestamp) -> SessionState {
        state(self.revoked, self.expires_at, self.idle_until, now)
    }

    /// Neither revoked nor expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state(now) == SessionState::Live
    }
}

/// The one rule of whether a session's tokens are accepted. Revoked wins over expired.
fn state(
    revoked: bool,
    expires_at: Timestamp,
    idle_until: Timestamp,
    now: Timestamp,
) -> SessionState {
    if revoked {
        SessionState::Revoked
    } else if now >= expires_at {
        SessionState::Expired
    } else if now >= idle_until {
        SessionState::Idle
    } else {
        SessionState::Live
    }
}

/// The owner of a refresh token: `/auth/refresh` and `/oauth/token` reject each other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshOwner {
    FirstParty,
    Client(ClientId),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn session(expires: i64, idle: i64, revoked: Option<i64>) -> Session {
        Session {
            id: SessionId(ulid::Ulid::nil()),
            user_id: UserId(ulid::Ulid::nil()),
            client_id: None,
            scope: ScopeSet::default(),
            ip: IpAddr::from([127, 0, 0, 1]),
            user_agent: None,
            created_at: Timestamp(0),
            auth_time: None,
            last_seen_at: Timestamp(0),
            expires_at: Timestamp(expires),
            idle_until: Timestamp(idle),
            revoked_at: revoked.map(Timestamp),
            method: SignInMethod::Password,
            claims: RequestedClaims::default(),
        }
    }

    #[test]
    fn at_the_exact_instant_of_its_end_a_session_is_dead() {
        let one = session(100, 60, None);
        let state = |now| one.state(Timestamp(now));
        assert_eq!(state(59), SessionState::Live);
        assert_eq!(
            (state(60), state(99)),
            (SessionState::Idle, SessionState::Idle)
        );
        assert_eq!(state(100), SessionState::Expired);
        assert_eq!(one.ends_at(), Timestamp(60));
        let revoked = session(100, 60, Some(40));
        assert_eq!(revoked.state(Timestamp(200)), SessionState::Revoked);
        assert_eq!(revoked.ends_at(), Timestamp(40));
    }

    proptest! {
        #[test]
        fn a_session_that_is_not_revoked_is_live_exactly_before_its_end(expires in 1..1_000_i64, idle in 1..1_000_i64, now in 0..1_000_i64) {
            let one = session(expires, idle, None);
            prop_assert_eq!(one.is_live(Timestamp(now)), Timestamp(now) < one.ends_at());
        }
    }
}
