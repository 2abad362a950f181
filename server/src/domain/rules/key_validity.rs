//! Validity of an API key for a call, not counting its usage limits.

use std::net::IpAddr;

use doorward_shared::{Scope, ScopeSet, Timestamp, apikey::KeyCode};

use crate::domain::{Account, ApiKey, KeyOwner, is_unknown};

/// The current owner of a key.
#[derive(Debug, Clone, Copy)]
pub enum OwnerNow<'a> {
    /// The operator's keys have none.
    Nobody,
    /// Deleted.
    Gone,
    Account(&'a Account),
}

impl<'a> OwnerNow<'a> {
    /// The owner of a key; an account that is not found was deleted.
    pub fn of(key: &ApiKey, owner: Option<&'a Account>) -> Self {
        match (key.owner, owner) {
            (KeyOwner::Operator, _) => Self::Nobody,
            (KeyOwner::User(_), None) => Self::Gone,
            (KeyOwner::User(_), Some(account)) => Self::Account(account),
        }
    }
}

/// The reason why the key itself is invalid, if it is.
pub fn check(key: &ApiKey, owner: OwnerNow<'_>, now: Timestamp) -> Result<(), KeyCode> {
    if key.is_revoked(now) || matches!(owner, OwnerNow::Gone) {
        return Err(KeyCode::Revoked);
    }
    if key.is_expired(now) {
        return Err(KeyCode::Expired);
    }
    let owner_disabled = matches!(owner, OwnerNow::Account(account) if !account.user.is_enabled());
    if !key.terms.enabled || owner_disabled {
        return Err(KeyCode::Disabled);
    }
    Ok(())
}

/// Current scopes of a key: those that its owner still has.
pub fn scopes_now(key: &ApiKey, owner: OwnerNow<'_>) -> ScopeSet {
    match owner {
        OwnerNow::Nobody => key.scopes.clone(),
        OwnerNow::Gone => ScopeSet::default(),
        OwnerNow::Account(account) => key.scopes.intersect(&account.may),
    }
}

/// Whether a key may be used from an address. A key restricted to addresses may not be used if the address is unknown,
/// that is, unspecified.
pub fn may_come_from(key: &ApiKey, ip: Option<IpAddr>) -> bool {
    let allowed = &key.terms.allowed_ips;
    let known = ip.filter(|ip| !is_unknown(*ip));
    allowed.is_empty() || known.is_some_and(|ip| allowed.iter().any(|net| net.holds(ip)))
}

/// Validates a call: the first error, in the order of [`KeyCode::ALL`].
///
/// # Errors
/// The error.
pub fn validate(
    key: &ApiKey,
    owner: OwnerNow<'_>,
    scopes: &ScopeSet,
    wanted: &[Scope],
    ip: Option<IpAddr>,
    now: Timestamp,
) -> Result<(), KeyCode> {
    check(key, owner, now)?;
    if !may_come_from(key, ip) {
        return Err(KeyCode::IpNotAllowed);
    }
    if !wanted.iter().all(|scope| scopes.covers(scope.as_str())) {
        return Err(KeyCode::InsufficientScope);
    }
    Ok(())
}
