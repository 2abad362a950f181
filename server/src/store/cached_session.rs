//! Compact in-memory form of a session, since the cache holds one for each active session.

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};
use ulid::Ulid;

use crate::{
    cache::{Heap, Interner},
    domain::{RequestedClaims, SessionCore, SignInMethod},
};

/// Maximum size in bytes of a scope set that sessions share; a larger set is stored per session.
const SHARED_BYTES: usize = 1024;
/// Represents an absent time.
const NEVER: i64 = i64::MIN;

/// A [`SessionCore`] without its id.
#[derive(Debug, Clone)]
pub(super) struct CachedSession {
    user: UserId,
    /// Valid only if `has_client`.
    client: ClientId,
    scope: ScopeSet,
    signed_in_at: i64,
    expires_at: i64,
    idle_until: i64,
    revoked: bool,
    has_client: bool,
    method: SignInMethod,
    /// Whether `scope` is not shared with other sessions.
    own_scope: bool,
    claims: RequestedClaims,
}

impl CachedSession {
    /// Equal scope sets are stored once for all sessions.
    pub(super) fn of(session: &SessionCore, scopes: &Interner<ScopeSet>) -> Self {
        let scope = session.scope.clone();
        let (scope, is_shared) = if scope.heap_bytes() <= SHARED_BYTES {
            scopes.of(scope)
        } else {
            (scope, false)
        };
        Self {
            user: session.user_id,
            client: session.client_id.unwrap_or(ClientId(Ulid::nil())),
            has_client: session.client_id.is_some(),
            scope,
            signed_in_at: session.signed_in_at.map_or(NEVER, |at| at.0),
            expires_at: session.expires_at.0,
            idle_until: session.idle_until.0,
            revoked: session.revoked,
            method: session.method,
            own_scope: !is_shared,
            claims: session.claims,
        }
    }

    pub(super) fn unpacked(self, id: SessionId) -> SessionCore {
        let signed_in_at = (self.signed_in_at != NEVER).then_some(Timestamp(self.signed_in_at));
        SessionCore {
            id,
            user_id: self.user,
            client_id: self.has_client.then_some(self.client),
            scope: self.scope,
            signed_in_at,
            expires_at: Timestamp(self.expires_at),
            idle_until: Timestamp(self.idle_until),
            revoked: self.revoked,
            method: self.method,
            claims: self.claims,
        }
    }
}

impl Heap for CachedSession {
    fn heap_bytes(&self) -> usize {
        if self.own_scope {
            self.scope.heap_bytes()
        } else {
            0
        }
    }
}

impl Heap for SessionId {
    fn heap_bytes(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_comes_out_as_it_went_in() {
        let one = SessionCore {
            id: SessionId(Ulid(1)),
            user_id: UserId(Ulid(2)),
            client_id: Some(ClientId(Ulid(3))),
            scope: ScopeSet::parse("read write").unwrap(),
            signed_in_at: Some(Timestamp(4)),
            expires_at: Timestamp(5),
            idle_until: Timestamp(6),
            revoked: true,
            method: SignInMethod::PasswordAndCode,
            claims: RequestedClaims::from_stored(Some("email\nname")),
        };
        let of_nil = SessionCore {
            client_id: Some(ClientId(Ulid::nil())),
            ..one.clone()
        };
        let other = SessionCore {
            client_id: None,
            signed_in_at: None,
            revoked: false,
            ..one.clone()
        };
        let scopes = Interner::default();
        for session in [one, of_nil, other] {
            let packed = CachedSession::of(&session, &scopes);
            assert_eq!(packed.heap_bytes(), 0, "its scopes are shared");
            assert_eq!(packed.unpacked(session.id), session);
        }
    }
}
