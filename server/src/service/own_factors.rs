//! Users' operations on their own second factors: repeated password checks, counted attempts, and authorization.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{PasskeyId, mfa::CreatedCredential};
use serde_json::Value;

use super::{Caller, Error, Passwords, SecondFactors, passwords::VerifiedPassword};
use crate::{
    crypto::secret::Secret,
    domain::{Account, Act, AuditContext, DomainError, EntryPoint, Passkey, SessionCore},
    state::limits::Attempt,
    store::StoreError,
};

/// Changes users' own second factors.
#[derive(Debug, Clone)]
pub struct OwnFactors {
    pub(crate) passwords: Passwords,
    pub(crate) factors: Arc<SecondFactors>,
    /// Maximum age of a sign-in for administrative operations, in seconds; 0 for no maximum.
    pub(crate) step_up_seconds: u32,
}

/// A user's session on their own account.
struct Own<'a> {
    by: &'a Caller,
    account: &'a Account,
    session: &'a SessionCore,
    cause: &'a AuditContext,
}

impl<'a> Own<'a> {
    fn new(by: &'a Caller, cause: &'a AuditContext) -> Result<Self, Error> {
        let (account, session) = by.first_party().ok_or(DomainError::NotFirstParty)?;
        Ok(Self {
            by,
            account,
            session,
            cause,
        })
    }

    fn ip(&self) -> IpAddr {
        self.cause.limited_by()
    }
}

impl OwnFactors {
    /// The operation at the current time, since checking a password takes a while.
    fn act_now(&self, own: &Own<'_>) -> Result<Act, Error> {
        let cause = AuditContext {
            at: self.passwords.clock.now(),
            ..own.cause.clone()
        };
        own.by.act(EntryPoint::Own, self.step_up_seconds, cause)
    }

    /// Checks the password again: returns the verified password, and the operation.
    async fn prove(
        &self,
        own: &Own<'_>,
        password: Secret,
    ) -> Result<(VerifiedPassword, Act), Error> {
        let seen = self
            .passwords
            .verify_again(own.account, password.into(), own.ip(), own.cause)
            .await?;
        Ok((seen, self.act_now(own)?))
    }

    /// Settles an attempt by the result of a code: a wrong one counts as a wrong password. Any other result counts as a
    /// check only.
    fn with_attempt_recorded<T>(
        &self,
        done: Result<T, Error>,
        attempt: Attempt,
        own: &Own<'_>,
    ) -> Result<T, Error> {
        match done {
            Err(Error::Store(StoreError::Refused(DomainError::FactorWrong))) => {
                drop(attempt);
                let user = own.account.user.id;
                self.passwords
                    .note_failure(Some(user), None, own.cause.clone());
                Err(Error::Wrong("code"))
            }
            done => {
                attempt.succeeded();
                done
            }
        }
    }

    /// Starts the set-up of the user's TOTP: the secret, and the URI for authenticator apps.
    ///
    /// # Errors
    /// As [`Passwords::verify_again`]; `conflict` if TOTP is active.
    pub(crate) async fn begin_totp(
        &self,
        by: &Caller,
        password: Secret,
        cause: AuditContext,
    ) -> Result<(Secret, Secret), Error> {
        let own = Own::new(by, &cause)?;
        let (seen, act) = self.prove(&own, password).await?;
        let user = &own.account.user;
        self.factors.begin_totp(user, seen.into(), act).await
    }

    /// Activates the user's TOTP; returns recovery codes.
    ///
    /// # Errors
    /// [`Error::Wrong`] and [`Error::RateLimited`], as for a password; `conflict` if no set-up is pending.
    pub(crate) async fn confirm_totp(
        &self,
        by: &Caller,
        code: &str,
        cause: AuditContext,
    ) -> Result<Vec<Secret>, Error> {
        let own = Own::new(by, &cause)?;
        let user = &own.account.user;
        let (_, attempt) = self
            .passwords
            .attempt(user.email.as_str(), own.ip())
            .await?;
        let act = self.act_now(&own)?;
        let done = self.factors.confirm_totp(user.id, code, act).await;
        self.with_attempt_recorded(done, attempt, &own)
    }

    /// Deactivates the user's TOTP. Password and code are one attempt.
    ///
    /// # Errors
    /// As [`Passwords::verify_again`]; [`Error::Wrong`] for a code; `not_found` if TOTP is not active.
    pub(crate) async fn remove_totp(
        &self,
        by: &Caller,
        password: Secret,
        code: &str,
        cause: AuditContext,
    ) -> Result<(), Error> {
        let own = Own::new(by, &cause)?;
        let (seen, attempt) = self
            .passwords
            .verify_again_held(own.account, password.into(), own.ip(), &cause)
            .await?;
        let act = self.act_now(&own)?;
        let user = own.account.user.id;
        let done = self.factors.remove_totp(user, code, seen.into(), act).await;
        self.with_attempt_recorded(done, attempt, &own)
    }

    /// Creates new recovery codes for the user.
    ///
    /// # Errors
    /// As [`Passwords::verify_again`]; `conflict` for an account without a factor.
    pub(crate) async fn new_recovery_codes(
        &self,
        by: &Caller,
        password: Secret,
        cause: AuditContext,
    ) -> Result<Vec<Secret>, Error> {
        let own = Own::new(by, &cause)?;
        let (seen, act) = self.prove(&own, password).await?;
        let user = own.account.user.id;
        self.factors
            .new_recovery_codes(user, seen.into(), act)
            .await
    }

    /// Options for a new passkey of the user.
    ///
    /// # Errors
    /// As [`Passwords::verify`]; [`Error::NoPasskeys`].
    pub(crate) async fn passkey_options(
        &self,
        by: &Caller,
        password: Secret,
        cause: AuditContext,
    ) -> Result<Value, Error> {
        let own = Own::new(by, &cause)?;
        let (seen, act) = self.prove(&own, password).await?;
        let user = own.account.user.id;
        self.passwords.store.may_change_factors(user, act).await?;
        let (user, session) = (&own.account.user, own.session.id);
        let now = self.passwords.clock.now();
        self.factors
            .creation_options(user, session, seen.password, now)
            .await
    }

    /// Adds a passkey created with these options.
    ///
    /// # Errors
    /// [`Error::Credential`]; `conflict`.
    pub(crate) async fn add_passkey(
        &self,
        by: &Caller,
        name: String,
        credential: &CreatedCredential,
        cause: AuditContext,
    ) -> Result<Passkey, Error> {
        let own = Own::new(by, &cause)?;
        let act = self.act_now(&own)?;
        let (user, session) = (own.account.user.id, own.session.id);
        self.factors
            .add_passkey(user, session, name, credential, act)
            .await
    }

    /// Removes a passkey of the user.
    ///
    /// # Errors
    /// `not_found`, also for another user's.
    pub(crate) async fn remove_passkey(
        &self,
        by: &Caller,
        id: PasskeyId,
        cause: AuditContext,
    ) -> Result<(), Error> {
        let own = Own::new(by, &cause)?;
        let act = self.act_now(&own)?;
        let user = own.account.user.id;
        Ok(self.passwords.store.remove_passkey(user, id, act).await?)
    }
}
