//! API keys.

use doorward_shared::{KeyId, ScopeSet, Timestamp, UserId, apikey::Environment};

/// Whose a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOwner {
    User(UserId),
    /// The machine the server runs on: the operator key, bounded by its own scopes alone.
    Operator,
}

impl KeyOwner {
    /// The owning user, if it is one.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::Operator => None,
        }
    }
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiKey {
    pub id: KeyId,
    pub owner: KeyOwner,
    pub name: String,
    pub hint: String,
    pub scopes: ScopeSet,
    pub environment: Environment,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub last_used_ip: Option<String>,
    /// When it dies or died; in the future during the grace of a rotation.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it was revoked, and any grace is over.
    pub fn is_revoked(&self, now: Timestamp) -> bool {
        self.revoked_at.is_some_and(|at| at <= now)
    }

    /// Whether its time is up.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Neither revoked nor expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.is_revoked(now) && !self.is_expired(now)
    }
}
