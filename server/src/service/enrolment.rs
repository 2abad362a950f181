//! Signing in to an account that must have a second factor and has none: one is set up on the way in.

use std::net::IpAddr;

use super::{Error, SignIn, VerifiedPassword, sign_in::pending};
use crate::{
    clock::random_bytes,
    crypto::{
        password::Overloaded,
        secret::{self, Secret},
        totp,
    },
    domain::{Actor, AuditContext, Session, SignInMethod},
    state::PendingSignIn,
    store::NewSession,
};

/// What an authenticator needs to know.
#[derive(Debug)]
pub(crate) struct EnrolmentOffer {
    /// As people type it.
    pub secret: Secret,
    /// What the QR code says.
    pub uri: Secret,
}

/// A sign-in that set one-time codes up.
#[derive(Debug)]
pub(crate) struct Enrolled {
    pub session: Session,
    /// Shown once.
    pub recovery_codes: Vec<Secret>,
}

impl SignIn {
    /// Keeps a sign-in whose password was right until codes are set up: the error that says so.
    pub(super) fn lead_to_enrolment(
        &self,
        email: &str,
        verified: VerifiedPassword,
        ip: IpAddr,
    ) -> Result<Error, Error> {
        let token = secret::mfa_token(random_bytes());
        let raw: [u8; totp::SECRET_BYTES] = random_bytes();
        let pending = PendingSignIn {
            secret: Some(totp::secret_text(&raw)),
            ..pending(email, verified, ip)
        };
        self.factors
            .enrolments
            .keep(&token, pending, self.passwords.clock.now())
            .ok_or(Overloaded)?;
        self.passwords.metrics.login("mfa_enrolment_required");
        Ok(Error::EnrolmentRequired { token })
    }

    /// What an authenticator is shown for a sign-in that waits.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that is over; storage.
    pub(crate) async fn enrolment(&self, token: &Secret) -> Result<EnrolmentOffer, Error> {
        let now = self.passwords.clock.now();
        let pending = self.factors.enrolments.look_at(token, now);
        let pending = pending.ok_or(Error::InvalidToken)?;
        let account = self.passwords.store.account(pending.user_id).await?;
        let account = account.ok_or(Error::InvalidToken)?;
        let secret = pending.secret.ok_or(Error::InvalidToken)?;
        let email = account.user.email.as_str();
        Ok(EnrolmentOffer {
            uri: totp::uri(&secret, &self.factors.name, email),
            secret,
        })
    }

    /// Takes codes into use with the first right one, and signs in. Wrong ones count as wrong passwords do.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that is over, used, or being used; [`DomainError::FactorWrong`],
    /// [`Error::RateLimited`], [`DomainError::Disabled`].
    pub(crate) async fn enrol(
        &self,
        token: Secret,
        typed: &str,
        session: NewSession,
        context: AuditContext,
    ) -> Result<Enrolled, Error> {
        self.admit(session.ip)?;
        let waiting = &self.factors.enrolments;
        let (tried, attempt) = self.go_on(waiting, &token, session.ip, &context).await?;
        let pending = tried.pending().clone();
        let enrolled = self.take_into_use(&pending, typed, session, &context).await;
        self.with_attempt_recorded(waiting, enrolled, tried, attempt, context)
    }

    async fn take_into_use(
        &self,
        pending: &PendingSignIn,
        typed: &str,
        session: NewSession,
        context: &AuditContext,
    ) -> Result<Enrolled, Error> {
        let user = pending.user_id;
        let secret = pending.secret.as_ref().ok_or(Error::InvalidToken)?;
        let (new, recovery_codes) = self.factors.new_totp(user, secret, typed, context.at)?;
        let session = NewSession {
            method: SignInMethod::PasswordAndCode,
            ..session
        };
        let context = AuditContext {
            actor: Actor::User(user),
            at: self.passwords.clock.now(),
            ..context.clone()
        };
        let first = Self::first_step(pending);
        let store = &self.passwords.store;
        let (_, session) = store.enrol_totp(user, first, new, session, context).await?;
        Ok(Enrolled {
            session,
            recovery_codes,
        })
    }
}
