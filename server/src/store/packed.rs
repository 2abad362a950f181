//! Sessions as the cache keeps them: small, since there is one for each that is in use.

use std::num::NonZero;

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};
use ulid::Ulid;

use crate::{
    cache::{Heap, Interner},
    domain::{RequestedClaims, SessionCore, SignInMethod},
};

/// Stands for no time.
const NEVER: i64 = i64::MIN;

/// A [`SessionCore`] without its id.
#[derive(Debug, Clone)]
pub(super) struct PackedSession {
    user: UserId,
    client: Option<NonZero<u128>>,
    scope: ScopeSet,
    signed_in_at: i64,
    expires_at: i64,
    idle_until: i64,
    revoked: bool,
    method: SignInMethod,
    /// Whether no other session shares `scope`.
    own_scope: bool,
    claims: RequestedClaims,
}

impl PackedSession {
    /// Its scopes are kept once for all sessions that have the same.
    pub fn of(session: &SessionCore, scopes: &Interner<ScopeSet>) -> Self {
        let (scope, is_shared) = scopes.of(session.scope.clone());
        Self {
            user: session.user_id,
            client: session.client_id.and_then(|id| NonZero::new(id.0.0)),
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

    pub fn unpacked(self, id: SessionId) -> SessionCore {
        let signed_in_at = (self.signed_in_at != NEVER).then_some(Timestamp(self.signed_in_at));
        SessionCore {
            id,
            user_id: self.user,
            client_id: self.client.map(|id| ClientId(Ulid(id.get()))),
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

impl Heap for PackedSession {
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
        let other = SessionCore {
            client_id: None,
            signed_in_at: None,
            revoked: false,
            ..one.clone()
        };
        let scopes = Interner::default();
        for session in [one, other] {
            let packed = PackedSession::of(&session, &scopes);
            assert_eq!(packed.heap_bytes(), 0, "its scopes are shared");
            assert_eq!(packed.unpacked(session.id), session);
        }
    }
}
