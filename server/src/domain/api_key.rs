//! API keys: owner, minter, state and limits.

use doorward_shared::{
    ClientId, KeyId, ScopeSet, Timestamp, UserId, admin::KeyState, apikey::Environment,
};

use super::KeyRestrictions;

/// The owner of a key.
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

/// The account, client or key whose end also ends the keys minted with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Minter {
    /// The account that counts as minter: the user, or the owner of the key used to mint. `None` for the operator key
    /// and for a client-credentials token.
    pub user: Option<UserId>,
    /// The OAuth client whose token was used to mint, or that the minting key was obtained through.
    pub client: Option<ClientId>,
    /// The user who gave the client that token, or the token used to mint the first key of the chain: withdrawing their
    /// consent to the client ends all keys that descend from it.
    pub granted_by: Option<UserId>,
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
    /// When it stops or stopped being valid; in the future during the grace period of a rotation.
    pub revoked_at: Option<Timestamp>,
    /// The actor that minted it; unknown for keys older than this field.
    pub minted_by: Option<String>,
    /// The account that counts as minter.
    pub minter: Option<UserId>,
    /// The OAuth client with whose token it was minted.
    pub client: Option<ClientId>,
    pub terms: KeyRestrictions,
    /// The key whose limits it shares: the first key of its chain of rotations.
    pub meter: Option<KeyId>,
}

impl ApiKey {
    /// The id under which usage is counted: keys that are rotations of each other share their limits.
    pub fn meter(&self) -> KeyId {
        self.meter.unwrap_or(self.id)
    }

    /// Whether it has a limit that uses are counted against.
    pub fn is_metered(&self) -> bool {
        self.terms.rate_limit.is_some() || self.terms.quota.is_some()
    }

    /// Whether it was revoked and any grace period is over.
    pub fn is_revoked(&self, now: Timestamp) -> bool {
        self.revoked_at.is_some_and(|at| at <= now)
    }

    /// Whether it has expired.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// State of the key for an owner who may be disabled. Revoked wins over expired, both over disabled.
    pub fn state(&self, owner_disabled: bool, now: Timestamp) -> KeyState {
        if self.is_revoked(now) {
            KeyState::Revoked
        } else if self.is_expired(now) {
            KeyState::Expired
        } else if owner_disabled || !self.terms.enabled {
            KeyState::Disabled
        } else {
            KeyState::Live
        }
    }

    /// When it ends or ended; `None` for a key that never expires.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.revoked_at.into_iter().chain(self.expires_at).min()
    }

    /// Neither revoked nor expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.is_revoked(now) && !self.is_expired(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(expires: Option<i64>, revoked: Option<i64>) -> ApiKey {
        ApiKey {
            id: KeyId(ulid::Ulid::nil()),
            owner: KeyOwner::Operator,
            name: String::new(),
            hint: String::new(),
            scopes: ScopeSet::default(),
            environment: Environment::Live,
            created_at: Timestamp(0),
            expires_at: expires.map(Timestamp),
            last_used_at: None,
            last_used_ip: None,
            revoked_at: revoked.map(Timestamp),
            minted_by: None,
            minter: None,
            client: None,
            terms: KeyRestrictions::default(),
            meter: None,
        }
    }

    #[test]
    fn a_key_in_grace_is_live_until_the_grace_ends() {
        let one = key(Some(100), Some(60));
        assert_eq!(one.state(false, Timestamp(59)), KeyState::Live);
        assert_eq!(one.state(false, Timestamp(60)), KeyState::Revoked);
        assert_eq!(one.ends_at(), Some(Timestamp(60)));
    }

    #[test]
    fn revoked_wins_over_expired_and_both_over_a_disabled_owner() {
        assert_eq!(
            key(Some(10), Some(90)).state(true, Timestamp(50)),
            KeyState::Expired
        );
        assert_eq!(
            key(Some(10), Some(20)).state(true, Timestamp(50)),
            KeyState::Revoked
        );
        assert_eq!(
            key(None, None).state(true, Timestamp(50)),
            KeyState::Disabled
        );
        assert_eq!(key(None, None).ends_at(), None);
    }
}
