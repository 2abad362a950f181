//! Sign-in with a password. A second factor after it is in `second_factor.rs`.

use std::{net::IpAddr, sync::Arc};

use super::{Error, Passwords, RefusedClients, SecondFactors, VerifiedPassword};
use crate::{
    clock::random_bytes,
    crypto::{
        password::Overloaded,
        secret::{self, Secret},
    },
    domain::{Actor, AuditContext, DomainError, Email, Session, User, client_prefix},
    state::PendingSignIn,
    store::{NewSession, StoreError},
};

/// Opens sessions for users.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub(crate) passwords: Passwords,
    pub(crate) factors: Arc<SecondFactors>,
    pub(crate) refused: RefusedClients,
    /// Whether users can sign in only after verifying their address.
    pub(crate) verified_only: bool,
}

impl SignIn {
    /// Signs a user in with their password.
    ///
    /// # Errors
    /// [`DomainError::Blocked`]; as [`Passwords::verify`]; [`DomainError::Disabled`], [`DomainError::EmailNotVerified`]
    /// and [`Error::FactorRequired`] after a correct password.
    pub async fn with_password(
        &self,
        email: &str,
        password: Secret,
        session: NewSession,
        cause: AuditContext,
    ) -> Result<(User, Session), Error> {
        let ip = session.ip;
        self.admit(ip)?;
        let mut opened = self.open(email, &password, &session, &cause).await;
        if let Err(Error::Store(StoreError::Refused(DomainError::PasswordChanged))) = opened {
            // Perhaps only its hash, which a concurrent sign-in has strengthened.
            opened = self.open(email, &password, &session, &cause).await;
        }
        let metrics = &self.passwords.metrics;
        match opened {
            Ok(opened) => {
                metrics.login("success");
                Ok(opened)
            }
            Err(error @ Error::Store(StoreError::Refused(DomainError::Disabled))) => {
                metrics.login("account_disabled");
                Err(error)
            }
            Err(error @ Error::Store(StoreError::Refused(DomainError::EmailNotVerified))) => {
                metrics.login("email_not_verified");
                Err(error)
            }
            Err(Error::Store(StoreError::Refused(DomainError::PasswordChanged))) => {
                metrics.login("invalid_credentials");
                Err(Error::WrongPassword)
            }
            Err(error @ Error::Store(StoreError::Refused(DomainError::Blocked))) => {
                // Changed since the password was checked.
                metrics.login("blocked");
                self.refused.note_blocked(ip);
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether an address may attempt a sign-in. A blocked attempt is reported to operators, and counts against no
    /// account.
    ///
    /// # Errors
    /// [`DomainError::Blocked`].
    pub(super) fn admit(&self, ip: IpAddr) -> Result<(), Error> {
        self.passwords.admit(ip).inspect_err(|_| {
            self.passwords.metrics.login("blocked");
            self.refused.note_blocked(ip);
        })
    }

    async fn open(
        &self,
        email: &str,
        password: &Secret,
        session: &NewSession,
        cause: &AuditContext,
    ) -> Result<(User, Session), Error> {
        let verified = self
            .passwords
            .verify(email, password.clone(), session.ip, cause)
            .await?;
        let user = verified.record.user_id;
        if verified.record.disabled {
            return Err(DomainError::Disabled.into());
        }
        if self.verified_only && !verified.record.email_verified {
            return Err(DomainError::EmailNotVerified.into());
        }
        if verified.record.has_factor {
            return Err(self.ask_for_factor(email, verified, session.ip).await?);
        }
        if self.passwords.store.demands_factor(&verified.record.role) {
            return Err(self.lead_to_enrolment(email, verified, session.ip)?);
        }
        let cause = AuditContext {
            actor: Actor::User(user),
            at: self.passwords.clock.now(),
            ..cause.clone()
        };
        let opened = self.passwords.store.open_session(
            user,
            verified.password,
            verified.rehashed,
            session.clone(),
            cause,
        );
        Ok(opened.await?)
    }

    /// Keeps a sign-in with a correct password until its second factor arrives; returns the error that reports this.
    async fn ask_for_factor(
        &self,
        email: &str,
        verified: VerifiedPassword,
        ip: IpAddr,
    ) -> Result<Error, Error> {
        let methods = self.factors.methods(verified.record.user_id).await?;
        let token = secret::mfa_token(random_bytes());
        let pending = pending(email, verified, ip);
        self.factors
            .pending
            .keep(&token, pending, self.passwords.clock.now())
            .ok_or(Overloaded)?;
        self.passwords.metrics.login("mfa_required");
        Ok(Error::FactorRequired { token, methods })
    }
}

/// A pending sign-in with a correct password.
pub(super) fn pending(email: &str, verified: VerifiedPassword, ip: IpAddr) -> PendingSignIn {
    PendingSignIn {
        user_id: verified.record.user_id,
        email_key: Email::key_of(email),
        password: verified.password,
        sign_ins_ended: verified.record.sign_ins_ended,
        rehashed: verified.rehashed,
        known_address: verified.record.known_address,
        from: client_prefix(ip),
        secret: None,
    }
}
