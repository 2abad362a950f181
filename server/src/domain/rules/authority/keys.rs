//! Who may do what with API keys.

use doorward_shared::ScopeSet;

use super::{ADMIN, CallerKind, Rights, strong_for};
use crate::domain::{DomainError, KeyOwner};

/// An API key as it is now.
#[derive(Debug, Clone, Copy)]
pub struct KeyFacts<'a> {
    pub owner: KeyOwner,
    pub scopes: &'a ScopeSet,
    /// Whether it is the operator key, or one that is dying in its favour.
    pub is_operator_key: bool,
}

/// Minting a key. It outlives the sign-in it was minted with: one that may run the server asks for a recent one.
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

/// Loosening what bounds a key, or turning it on: as minting it would be. `scopes` are those it has afterwards.
///
/// # Errors
/// As [`mint_key`].
pub fn grow_key(by: &Rights, key: KeyFacts<'_>) -> Result<(), DomainError> {
    mint_key(by, key.owner, key.scopes)
}

/// Rotating a key: whoever does learns the new secret, which is minting it.
///
/// # Errors
/// As [`mint_key`].
pub fn rotate_key(by: &Rights, key: KeyFacts<'_>) -> Result<(), DomainError> {
    change_key(by, key)?;
    strong_for(by, key.scopes)?;
    by.may_give(key.scopes)
}

/// People change their own keys; a key does so only with `admin:apikeys`.
fn own_keys(by: &Rights, owner: KeyOwner) -> Result<(), DomainError> {
    match by.who {
        CallerKind::Key(own) if own == owner => by.require("admin:apikeys"),
        CallerKind::Person(own) if owner == KeyOwner::User(own) => Ok(()),
        _ => Err(DomainError::NotFirstParty),
    }
}
