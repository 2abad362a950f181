//! Who may do what with accounts.

use doorward_shared::{ScopeSet, UserId};

use super::{Rights, administration};
use crate::domain::DomainError;

/// What of an account is changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountActs {
    /// Its email address, its role, its permissions, or whether it is disabled: what decides who can be it, and what
    /// it may do.
    pub guarded: bool,
    /// Its email address, or whether that is verified, where mails follow: a link that is mailed there sets the password,
    /// and whether it is verified decides what of the account such a link ends.
    pub lets_in: bool,
}

/// Changing an account. `before` and `after` is what it may do, `given` what the call names: a role's permissions and
/// the account's own.
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
        // Of their own account people change their names here; no door of theirs offers more.
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

/// Making an account that may do `may`, of which the call names `given`. Whoever gives it a password can sign in as it.
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

/// Deleting an account that may do `may`.
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

/// Setting the password of an account that may do `may`: whoever does can sign in with it, so they must hold as much.
/// People set their own; that they know the one before is asked elsewhere.
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

/// Mailing a link that sets a password to the verified address of its account: whoever asks for it never sees it.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn mail_link(by: &Rights) -> Result<(), DomainError> {
    by.operator("admin:users")
}

/// Asking for another address of one's own account.
///
/// # Errors
/// [`DomainError::NotFirstParty`].
pub fn change_address(by: &Rights, user: UserId) -> Result<(), DomainError> {
    by.own(user)
}

/// Setting up, taking away or replacing one's second factors. With one somebody signs in, or is kept out.
///
/// # Errors
/// [`DomainError::NotFirstParty`].
pub fn change_factors(by: &Rights, user: UserId) -> Result<(), DomainError> {
    by.own(user)
}
