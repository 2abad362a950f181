//! Signing in with a second factor after the password, and with a passkey alone.

use std::net::IpAddr;

use doorward_shared::{UserId, mfa::PasskeySignIn};

use super::{Error, SecondFactors, SignIn, VerifiedFactor};
use crate::{
    crypto::secret::Secret,
    domain::{Actor, AuditContext, DomainError, Session, User, client_prefix},
    state::{MfaTokens, PendingSignIn, Try, limits::Attempt},
    store::{FirstStep, NewSession, SeenPassword, StoreError},
};

/// A presented second factor.
#[derive(Debug)]
pub(crate) enum PresentedFactor {
    Code(Secret),
    Recovery(Secret),
    Passkey(PasskeySignIn),
}

impl SignIn {
    /// Completes a sign-in with its second factor. Wrong factors count as wrong passwords do.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that is expired, used, or in use; [`DomainError::FactorWrong`],
    /// [`Error::RateLimited`], [`DomainError::Disabled`].
    pub(crate) async fn second_step(
        &self,
        token: Secret,
        factor: PresentedFactor,
        session: NewSession,
        cause: AuditContext,
    ) -> Result<(User, Session), Error> {
        self.admit(session.ip)?;
        let waiting = &self.factors.pending;
        let (tried, attempt) = self.go_on(waiting, &token, session.ip, &cause).await?;
        let pending = tried.pending().clone();
        let opened = match self.check_factor(pending.user_id, factor, &cause).await {
            Ok(shown) => self.open_with(shown, Some(&pending), session, &cause).await,
            Err(error) => Err(error),
        };
        self.with_attempt_recorded(waiting, opened, tried, attempt, cause)
    }

    /// Resumes a pending sign-in: reserves its token for one attempt, which counts like a password attempt.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that is expired, used, or in use; [`Error::RateLimited`].
    pub(super) async fn go_on(
        &self,
        waiting: &MfaTokens,
        token: &Secret,
        ip: IpAddr,
        cause: &AuditContext,
    ) -> Result<(Try, Attempt), Error> {
        let tried = waiting.take(token, cause.at).ok_or(Error::InvalidToken)?;
        let (limits, clock) = (&self.passwords.limits, &self.passwords.clock);
        let pending = tried.pending();
        // The factor may come from another address than the password.
        let known = pending.known_address && pending.from == client_prefix(ip);
        let attempt = limits.password_check(ip, &pending.email_key, known, clock);
        match attempt.await {
            Ok(attempt) => Ok((tried, attempt)),
            Err(held) => {
                waiting.unused(tried);
                Err(held.into())
            }
        }
    }

    /// Settles a resumed sign-in by its result. Wrong factors count as wrong passwords do.
    pub(super) fn with_attempt_recorded<T>(
        &self,
        waiting: &MfaTokens,
        outcome: Result<T, Error>,
        tried: Try,
        attempt: Attempt,
        cause: AuditContext,
    ) -> Result<T, Error> {
        match outcome {
            Ok(done) => {
                attempt.succeeded();
                self.passwords.metrics.login("success");
                Ok(done)
            }
            Err(Error::Store(StoreError::Refused(DomainError::FactorWrong))) => {
                drop(attempt);
                self.passwords.metrics.login("invalid_credentials");
                let user = Some(tried.pending().user_id);
                self.passwords.note_failure(user, None, cause);
                waiting.failed(tried);
                Err(DomainError::FactorWrong.into())
            }
            // The password or a factor was changed meanwhile, or the account deleted: the sign-in starts again.
            Err(Error::Store(StoreError::Refused(DomainError::PasswordChanged))) => {
                attempt.released();
                Err(Error::InvalidToken)
            }
            Err(error @ Error::Store(StoreError::Refused(_))) => {
                attempt.released();
                Err(error)
            }
            Err(error) => {
                attempt.released();
                waiting.unused(tried);
                Err(error)
            }
        }
    }

    /// The password step of a pending sign-in.
    pub(super) fn first_step(pending: &PendingSignIn) -> FirstStep {
        FirstStep {
            password: SeenPassword {
                hash: pending.password.clone(),
                rehashed: pending.rehashed.clone(),
            },
            sign_ins_ended: pending.sign_ins_ended,
        }
    }

    async fn check_factor(
        &self,
        user: UserId,
        factor: PresentedFactor,
        cause: &AuditContext,
    ) -> Result<VerifiedFactor, Error> {
        match factor {
            PresentedFactor::Code(code) => {
                self.factors.check_code(user, code.expose(), cause.at).await
            }
            PresentedFactor::Recovery(code) => {
                Ok(SecondFactors::recovery_code(user, code.expose()))
            }
            PresentedFactor::Passkey(passkey) => {
                let factors = &self.factors;
                factors.check_passkey(&passkey, Some(user), cause).await
            }
        }
    }

    async fn open_with(
        &self,
        shown: VerifiedFactor,
        pending: Option<&PendingSignIn>,
        session: NewSession,
        cause: &AuditContext,
    ) -> Result<(User, Session), Error> {
        let first = pending.map(Self::first_step);
        let session = NewSession {
            method: shown.method(pending.is_some()),
            ..session
        };
        let cause = AuditContext {
            actor: Actor::User(shown.user),
            at: self.passwords.clock.now(),
            ..cause.clone()
        };
        let opened = self.passwords.store.open_session_with_factor(
            shown.user,
            first,
            shown.factor,
            session,
            cause,
        );
        Ok(opened.await?)
    }

    /// Signs a user in with a passkey alone.
    ///
    /// # Errors
    /// [`Error::RateLimited`], [`DomainError::FactorWrong`], [`DomainError::Disabled`]; [`Error::NoPasskeys`].
    pub(crate) async fn passkey_sign_in(
        &self,
        passkey: &PasskeySignIn,
        session: NewSession,
        cause: AuditContext,
    ) -> Result<(User, Session), Error> {
        let (passwords, ip) = (&self.passwords, session.ip);
        self.admit(ip)?;
        // Before anything else: callers are unauthenticated.
        if let Err(wait) = passwords.limits.check(ip, passwords.clock.monotonic()) {
            passwords.metrics.login("rate_limited");
            return Err(wait.into());
        }
        let opened = match self.factors.check_passkey(passkey, None, &cause).await {
            Ok(shown) => self.open_with(shown, None, session, &cause).await,
            Err(error) => Err(error),
        };
        match &opened {
            Ok(_) => self.passwords.metrics.login("success"),
            Err(Error::Store(StoreError::Refused(_))) => {
                self.passwords.metrics.login("invalid_credentials");
                let why = "passkey rejected: invalid, already used, or the account may not sign in";
                self.refused.note_sign_in(why, ip);
            }
            Err(_) => {}
        }
        opened
    }
}
