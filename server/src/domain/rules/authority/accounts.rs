//! Authorization rules for accounts.

use doorward_shared::{ScopeSet, UserId};

use super::{Rights, administration};
use crate::domain::DomainError;

/// The kind of an account change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountActs {
    /// Its email address, role, permissions or disabled state: fields that decide who can sign in to it and what it may
    /// do.
    pub guarded: bool,
    /// Its email address or its verified state, where the server sends mail: a link mailed there sets the password, and
    /// the verified state decides which of the account's credentials such a link ends.
    pub lets_in: bool,
}

/// Changing an account. `before` and `after` are its permissions, `given` those named in the call: a role's permissions
/// and the account's own.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`], [`DomainError::NotFirstParty`].
pub fn change_account(
    by: &Rights,
    user: UserId,
    before: &ScopeSet,
    after: &ScopeSet,
    given: &ScopeSet,
    acts: AccountActs,
) -> Result<(), DomainError> {
    if by.is_own() {
        by.own(user)?;
        // Here users can only change their own names; the user API offers nothing else.
        return if acts.guarded || !given.is_empty() {
            Err(DomainError::Scope("admin:users".into()))
        } else {
            Ok(())
        };
    }
    by.operator("admin:users")?;
    by.may_give(given)?;
    if acts.guarded {
        by.may_give(&administration(&before.union(after)))?;
    }
    if acts.lets_in {
        by.may_give(&before.union(after))?;
    }
    Ok(())
}

/// Creating an account with permissions `may`, of which the call names `given`. A caller who sets its password can sign
/// in as it.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn create_account(
    by: &Rights,
    may: &ScopeSet,
    given: &ScopeSet,
    with_password: bool,
) -> Result<(), DomainError> {
    by.operator("admin:users")?;
    by.may_give(given)?;
    by.may_give(&administration(may))?;
    if with_password {
        by.may_give(may)?;
    }
    Ok(())
}

/// Deleting an account with permissions `may`.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn delete_account(by: &Rights, may: &ScopeSet) -> Result<(), DomainError> {
    by.operator("admin:users")?;
    by.may_give(&administration(may))
}

/// Deleting one's own account.
///
/// # Errors
/// [`DomainError::NotFirstParty`].
pub fn delete_own_account(by: &Rights, user: UserId) -> Result<(), DomainError> {
    by.own(user)
}

/// Setting the password of an account with permissions `may`: the caller can then sign in as it, so they must hold as
/// much. Users set their own; the check of the old password is elsewhere.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`], [`DomainError::NotFirstParty`].
pub fn set_password(by: &Rights, user: UserId, may: &ScopeSet) -> Result<(), DomainError> {
    if by.is_own() {
        return by.own(user);
    }
    by.operator("admin:users")?;
    by.may_give(may)
}

/// Mailing a password link to the verified address of an account: the caller never sees the link.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn mail_link(by: &Rights) -> Result<(), DomainError> {
    by.operator("admin:users")
}

/// Requesting a change of one's own email address.
///
/// # Errors
/// [`DomainError::NotFirstParty`].
pub fn change_address(by: &Rights, user: UserId) -> Result<(), DomainError> {
    by.own(user)
}

/// Setting up, removing or replacing one's second factors. They decide who can sign in.
///
/// # Errors
/// [`DomainError::NotFirstParty`].
pub fn change_factors(by: &Rights, user: UserId) -> Result<(), DomainError> {
    by.own(user)
}
