//! Users' operations on their own account: changing the password, and deleting the account.

use super::{Caller, Error, accounts::Accounts, passwords::Retyped};
use crate::{
    crypto::secret::Secret,
    domain::{AuditContext, DomainError, EntryPoint, rules::password::check_password},
    store::EndsWithPassword,
};

/// A change of one's own password.
#[derive(Debug)]
pub(crate) struct PasswordChange {
    pub current: Secret,
    pub new: Secret,
    /// Whether the account's API keys are revoked too.
    pub api_keys: bool,
}

impl Accounts {
    /// Changes the user's own password; ends their other sessions.
    ///
    /// # Errors
    /// [`Error::Wrong`] for a wrong current password; as sign-in; [`Error::Invalid`].
    pub(crate) async fn change_own_password(
        &self,
        by: &Caller,
        change: PasswordChange,
        context: AuditContext,
    ) -> Result<(), Error> {
        let (account, session) = by.first_party().ok_or(DomainError::NotFirstParty)?;
        let email = account.user.email.as_str();
        // First, so that a rejected new password costs no attempt.
        check_password(change.new.expose(), email)
            .map_err(|why| Error::invalid("newPassword", why))?;
        let ip = context.limited_by();
        let current = Retyped {
            field: "currentPassword",
            text: change.current,
        };
        let verified = self
            .passwords
            .verify_again(account, current, ip, &context)
            .await?;
        let hash = self
            .passwords
            .hash_new_password(change.new, email, "newPassword")
            .await?;
        let seen = Some(verified.password);
        let ends = EndsWithPassword {
            keep: Some(session.id),
            api_keys: change.api_keys,
        };
        let act = self.act_now(by, EntryPoint::Own, &context)?;
        self.store()
            .set_password(account.user.id, hash, seen, ends, act)
            .await?;
        self.passwords.forget_failures(email);
        Ok(())
    }

    /// Deletes the user's own account, after another password check.
    ///
    /// # Errors
    /// [`Error::NoSelfDeletion`]; as [`Passwords::verify`]; `conflict` for the last administrator.
    pub(crate) async fn delete_own(
        &self,
        by: &Caller,
        password: Secret,
        context: AuditContext,
    ) -> Result<(), Error> {
        let (account, _) = by.first_party().ok_or(DomainError::NotFirstParty)?;
        if !self.self_deletion {
            return Err(Error::NoSelfDeletion);
        }
        let ip = context.limited_by();
        let seen = self
            .passwords
            .verify_again(account, password.into(), ip, &context)
            .await?;
        let act = self.act_now(by, EntryPoint::Own, &context)?;
        let user = account.user.id;
        Ok(self.store().delete_own_user(user, seen.into(), act).await?)
    }
}
