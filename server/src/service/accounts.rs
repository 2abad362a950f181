//! What makes accounts and sets their passwords.

use super::{Caller, Error, Passwords, Verification};
use crate::{
    crypto::secret::Secret,
    domain::{Account, Act, AuditContext, Email, EntryPoint},
    settings::Registration,
    store::{EndsWithPassword, Store},
};

/// What makes accounts and sets their passwords.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub(crate) passwords: Passwords,
    pub(crate) verification: Verification,
    /// Whether people sign in only once their address is verified.
    pub(crate) verified_only: bool,
    pub(crate) registration: Registration,
    /// Whether people may delete their own accounts.
    pub(crate) self_deletion: bool,
    /// How recent a sign-in must be for what changes the server; 0 for however old.
    pub(crate) step_up_seconds: u32,
}

impl Accounts {
    pub(super) fn store(&self) -> &Store {
        &self.passwords.store
    }

    /// Sets somebody's password, as an operator does; all their sessions end, with `api_keys` their keys too.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Overloaded`], storage with what the rules refuse.
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

    /// What is about to be done, at this moment: hashing takes time.
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

/// The address of an account to be.
pub(super) fn new_email(text: &str) -> Result<Email, Error> {
    let refused = |why| Error::invalid("email", why);
    let email = Email::parse(text).map_err(refused)?;
    email.check_new().map_err(refused)?;
    Ok(email)
}
