//! Account administration: settings shared by the account use cases, and setting a password as an operator.

use super::{Caller, Error, Passwords, Verification};
use crate::{
    crypto::secret::Secret,
    domain::{Account, Act, AuditContext, Email, EntryPoint},
    settings::Registration,
    store::{EndsWithPassword, Store},
};

/// Creates accounts and sets their passwords.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub(crate) passwords: Passwords,
    pub(crate) verification: Verification,
    /// Whether users can sign in only after verifying their address.
    pub(crate) verified_only: bool,
    pub(crate) registration: Registration,
    /// Whether users may delete their own accounts.
    pub(crate) self_deletion: bool,
    /// Maximum age of a sign-in for administrative operations, in seconds; 0 for no maximum.
    pub(crate) step_up_seconds: u32,
}

impl Accounts {
    pub(super) fn store(&self) -> &Store {
        &self.passwords.store
    }

    /// Sets a user's password as an operator; ends all of the user's sessions, and revokes their API keys if
    /// `api_keys`.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Overloaded`]; storage, including rejections by the domain's rules.
    pub(crate) async fn set_password(
        &self,
        by: &Caller,
        account: &Account,
        password: Secret,
        api_keys: bool,
        context: AuditContext,
    ) -> Result<(), Error> {
        let (user, email) = (account.user.id, account.user.email.as_str());
        let act = self.act_now(by, EntryPoint::Admin, &context)?;
        self.store().may_set_password(user, act).await?;
        let hash = self
            .passwords
            .hash_new_password(password, email, "password")
            .await?;
        let act = self.act_now(by, EntryPoint::Admin, &context)?;
        let keep = None;
        let ends = EndsWithPassword { keep, api_keys };
        self.store()
            .set_password(user, hash, None, ends, act)
            .await?;
        self.passwords.forget_failures(email);
        Ok(())
    }

    /// The operation at the current time, since hashing takes a while.
    pub(super) fn act_now(
        &self,
        by: &Caller,
        door: EntryPoint,
        context: &AuditContext,
    ) -> Result<Act, Error> {
        let context = AuditContext {
            at: self.passwords.clock.now(),
            ..context.clone()
        };
        by.act(door, self.step_up_seconds, context)
    }
}

/// The address of a new account.
pub(super) fn new_email(text: &str) -> Result<Email, Error> {
    let refused = |why| Error::invalid("email", why);
    let email = Email::parse(text).map_err(refused)?;
    email.check_new().map_err(refused)?;
    Ok(email)
}
