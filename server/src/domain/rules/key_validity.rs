//! Whether a key is good for a call, but for what it has spent.

use std::net::IpAddr;

use doorward_shared::{Scope, ScopeSet, Timestamp, apikey::KeyCode};

use crate::domain::{Account, ApiKey, KeyOwner, is_unknown};

/// The owner of a key as they are now.
#[derive(Debug, Clone, Copy)]
pub enum OwnerNow<'a> {
    /// The machine's keys have none.
    Nobody,
    /// Deleted.
    Gone,
    Account(&'a Account),
}

impl<'a> OwnerNow<'a> {
    /// The owner of a key, whose account is missing where it is gone.
    pub fn of(key: &ApiKey, owner: Option<&'a Account>) -> Self {
        match (key.owner, owner) {
            (KeyOwner::Operator, _) => Self::Nobody,
            (KeyOwner::User(_), None) => Self::Gone,
            (KeyOwner::User(_), Some(account)) => Self::Account(account),
        }
    }
}

/// What of the key itself is wrong, if something is.
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

/// What a key may do now: its scopes, as far as its owner has them.
pub fn scopes_now(key: &ApiKey, owner: OwnerNow<'_>) -> ScopeSet {
    match owner {
        OwnerNow::Nobody => key.scopes.clone(),
        OwnerNow::Gone => ScopeSet::default(),
        OwnerNow::Account(account) => key.scopes.intersect(&account.may),
    }
}

/// Whether a key may be used from an address. One that is bound to addresses may not be where none is known, for which the
/// unspecified address stands too.
pub fn may_come_from(key: &ApiKey, ip: Option<IpAddr>) -> bool {
    let allowed = &key.terms.allowed_ips;
    let known = ip.filter(|ip| !is_unknown(*ip));
    allowed.is_empty() || known.is_some_and(|ip| allowed.iter().any(|net| net.holds(ip)))
}

/// Judges a call: the first thing that is wrong, in the order of [`KeyCode::ALL`].
///
/// # Errors
/// What is wrong.
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
