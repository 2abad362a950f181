//! Authorization rules for API keys.

use doorward_shared::ScopeSet;

use super::{ADMIN, CallerKind, Rights, strong_for};
use crate::domain::{DomainError, KeyOwner};

/// The current state of an API key.
#[derive(Debug, Clone, Copy)]
pub struct KeyFacts<'a> {
    pub owner: KeyOwner,
    pub scopes: &'a ScopeSet,
    /// Whether it is the operator key, or a predecessor of it in its grace period.
    pub is_operator_key: bool,
}

/// Minting a key. A key outlives the sign-in it was minted with, so one with an operator's scopes requires a recent
/// sign-in.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`], [`DomainError::NotFirstParty`].
pub fn mint_key(by: &Rights, owner: KeyOwner, scopes: &ScopeSet) -> Result<(), DomainError> {
    if by.is_own() {
        own_keys(by, owner)?;
        strong_for(by, scopes)?;
        return by.must_hold(scopes);
    }
    by.operator("admin:apikeys")?;
    by.may_give(scopes)
}

/// Renaming a key, shrinking its scopes, revoking it.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`], [`DomainError::NotFirstParty`].
pub fn change_key(by: &Rights, key: KeyFacts<'_>) -> Result<(), DomainError> {
    if by.is_own() {
        own_keys(by, key.owner)?;
    } else {
        by.operator("admin:apikeys")?;
    }
    if key.is_operator_key {
        by.require(ADMIN)?;
    }
    Ok(())
}

/// Loosening a key's restrictions, or enabling it: authorized as minting it would be. `scopes` are those it has
/// afterwards.
///
/// # Errors
/// As [`mint_key`].
pub fn grow_key(by: &Rights, key: KeyFacts<'_>) -> Result<(), DomainError> {
    mint_key(by, key.owner, key.scopes)
}

/// Rotating a key: the caller obtains the new secret, as when minting.
///
/// # Errors
/// As [`mint_key`].
pub fn rotate_key(by: &Rights, key: KeyFacts<'_>) -> Result<(), DomainError> {
    change_key(by, key)?;
    strong_for(by, key.scopes)?;
    by.may_give(key.scopes)
}

/// Users change their own keys; a key may do so only with `admin:apikeys`.
fn own_keys(by: &Rights, owner: KeyOwner) -> Result<(), DomainError> {
    match by.who {
        CallerKind::Key(own) if own == owner => by.require("admin:apikeys"),
        CallerKind::Person(own) if owner == KeyOwner::User(own) => Ok(()),
        _ => Err(DomainError::NotFirstParty),
    }
}
