//! Sign-in with enrolment, for an account that must have a second factor and has none: it sets one up while signing in.

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

/// TOTP secret for an authenticator app.
#[derive(Debug)]
pub(crate) struct EnrolmentOffer {
    /// The secret as users type it.
    pub secret: Secret,
    /// The URI in the QR code.
    pub uri: Secret,
}

/// A completed sign-in that set up TOTP.
#[derive(Debug)]
pub(crate) struct Enrolled {
    pub session: Session,
    /// Shown once.
    pub recovery_codes: Vec<Secret>,
}

impl SignIn {
    /// Keeps a sign-in with a correct password until TOTP is set up; returns the error that reports this.
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

    /// The TOTP secret of a pending sign-in.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for an expired token; storage.
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

    /// Activates TOTP with the first correct code, and signs in. Wrong codes count as wrong passwords do.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that is expired, used, or in use; [`DomainError::FactorWrong`],
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
