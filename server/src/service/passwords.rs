//! Password verification: the single path through rate limits, Argon2 and storage. New passwords are in
//! `new_passwords.rs`.

use std::net::IpAddr;

use doorward_shared::UserId;

use super::{Breached, Error};
use crate::{
    clock::Clock,
    crypto::{
        password::{HashingThreads, Overloaded, Stored, Verdict},
        secret::Secret,
    },
    domain::{Account, AuditContext, DomainError, Email, email::abridged},
    metrics::Metrics,
    state::limits::{Attempt, LimitError, Limits},
    store::{LoginFacts, LoginRecord, SeenPassword, Store},
};

/// A verified password.
#[derive(Debug)]
pub(crate) struct VerifiedPassword {
    pub record: LoginRecord,
    /// The hash it was checked against.
    pub password: String,
    /// A new hash, if the stored one's parameters are now too weak.
    pub rehashed: Option<String>,
}

/// The repeated password of a signed-in user.
#[derive(Debug)]
pub(crate) struct Retyped {
    /// The request field it came from.
    pub field: &'static str,
    pub text: Secret,
}

impl From<Secret> for Retyped {
    /// A password from the field `password`.
    fn from(text: Secret) -> Self {
        Self {
            field: "password",
            text,
        }
    }
}

impl From<VerifiedPassword> for SeenPassword {
    fn from(verified: VerifiedPassword) -> Self {
        Self {
            hash: verified.password,
            rehashed: verified.rehashed,
        }
    }
}

/// Verifies passwords and hashes new ones.
#[derive(Debug, Clone)]
pub struct Passwords {
    pub(crate) store: Store,
    pub(crate) threads: HashingThreads,
    pub(crate) breached: Breached,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
}

impl Passwords {
    /// Whether a client at an address may sign in, sign up or request a mail now.
    ///
    /// # Errors
    /// [`DomainError::Blocked`].
    pub(super) fn admit(&self, ip: IpAddr) -> Result<(), Error> {
        if self.store.keeps_out(ip) {
            Err(DomainError::Blocked.into())
        } else {
            Ok(())
        }
    }

    /// Verifies a password. Every sign-in uses this: the limits are shared, and an address without an account costs and
    /// counts the same as a wrong password.
    ///
    /// # Errors
    /// [`Error::RateLimited`], [`Error::WrongPassword`], [`Error::Overloaded`], storage.
    pub(crate) async fn verify(
        &self,
        email: &str,
        password: Secret,
        ip: IpAddr,
        context: &AuditContext,
    ) -> Result<VerifiedPassword, Error> {
        let (verified, attempt) = self.verify_held(email, password, ip, context).await?;
        attempt.succeeded();
        Ok(verified)
    }

    /// As [`Passwords::verify`], also returning the attempt, which the caller settles: for sign-ins that need more than
    /// the password.
    ///
    /// # Errors
    /// As [`Passwords::verify`].
    async fn verify_held(
        &self,
        email: &str,
        password: Secret,
        ip: IpAddr,
        context: &AuditContext,
    ) -> Result<(VerifiedPassword, Attempt), Error> {
        if self.threads.is_full() {
            // Before reading storage: in a flood almost all attempts end here, and verification needs the time.
            self.metrics.login("overloaded");
            return Err(Overloaded.into());
        }
        let (facts, attempt) = self.attempt(email, ip).await?;
        let record = facts.account;
        let hash = record.as_ref().and_then(|record| record.password.clone());
        let stored = Stored {
            phc: hash.clone(),
            costliest: facts.costliest,
        };
        let verdict = match self.threads.verify(password.clone(), stored).await {
            Ok(verdict) => verdict,
            Err(overloaded) => {
                attempt.released();
                self.metrics.login("overloaded");
                return Err(overloaded.into());
            }
        };
        match (verdict, record, hash) {
            (Verdict::Right { rehash }, Some(record), Some(hash)) => {
                // If the queue is full, the next sign-in rehashes.
                let rehashed = if rehash {
                    self.threads.hash(password).await.ok()
                } else {
                    None
                };
                let verified = VerifiedPassword {
                    record,
                    password: hash,
                    rehashed,
                };
                Ok((verified, attempt))
            }
            (_, record, _) => {
                drop(attempt);
                let user = record.map(|record| record.user_id);
                Err(self.wrong_password(email, user, context))
            }
        }
    }

    /// Records a wrong password; for an address without an account, the address too.
    fn wrong_password(&self, email: &str, user: Option<UserId>, context: &AuditContext) -> Error {
        self.metrics.login("invalid_credentials");
        let detail = match user {
            Some(_) => None,
            None => abridged(email),
        };
        self.note_failure(user, detail, context.clone());
        Error::WrongPassword
    }

    /// Reserves a check of an account's password, or of a factor that counts as one.
    ///
    /// # Errors
    /// [`Error::RateLimited`], [`Error::Overloaded`], storage.
    pub(super) async fn attempt(
        &self,
        email: &str,
        ip: IpAddr,
    ) -> Result<(LoginFacts, Attempt), Error> {
        let facts = self.store.login_facts(Email::keys_of(email), ip).await?;
        let known = facts.account.as_ref();
        let known = known.is_some_and(|record| record.known_address);
        let account = Email::key_of(email);
        let attempt = self.limits.password_check(ip, &account, known, &self.clock);
        match attempt.await {
            Ok(attempt) => Ok((facts, attempt)),
            Err(held) => {
                self.metrics.login(match held {
                    LimitError::Limited(_) => "rate_limited",
                    LimitError::Overloaded(_) => "overloaded",
                });
                Err(held.into())
            }
        }
    }

    /// Writes a rejected sign-in to the audit log.
    pub(super) fn note_failure(
        &self,
        user: Option<UserId>,
        detail: Option<String>,
        context: AuditContext,
    ) {
        self.metrics.failure();
        self.record_failure("login.failed", user, detail, context);
    }

    /// Writes an event without a change when the writer has time; the caller does not wait.
    pub(super) fn record_failure(
        &self,
        action: &'static str,
        user: Option<UserId>,
        detail: Option<String>,
        context: AuditContext,
    ) {
        let store = self.store.clone();
        tokio::spawn(async move {
            let noted = store.append(action, user, detail, context);
            if let Err(error) = noted.await {
                tracing::debug!(%error, action, "not written to the audit log");
            }
        });
    }

    /// Setting an account's password resets its failed attempts: its owner is meant to sign in.
    pub(crate) fn forget_failures(&self, email: &str) {
        let account = Email::key_of(email);
        self.limits.forget(&account, self.clock.monotonic());
    }

    /// Checks a signed-in user's password again, before an operation that a stolen token must not allow.
    ///
    /// # Errors
    /// [`Error::Wrong`] with the field it came in, else as [`Passwords::verify`].
    pub(crate) async fn verify_again(
        &self,
        account: &Account,
        password: Retyped,
        ip: IpAddr,
        context: &AuditContext,
    ) -> Result<VerifiedPassword, Error> {
        let (verified, attempt) = self
            .verify_again_held(account, password, ip, context)
            .await?;
        attempt.succeeded();
        Ok(verified)
    }

    /// As [`Passwords::verify_again`], also returning the attempt, which the caller settles: a code comes with the
    /// password.
    ///
    /// # Errors
    /// As [`Passwords::verify_again`].
    pub(super) async fn verify_again_held(
        &self,
        account: &Account,
        password: Retyped,
        ip: IpAddr,
        context: &AuditContext,
    ) -> Result<(VerifiedPassword, Attempt), Error> {
        let email = account.user.email.as_str();
        let verified = self.verify_held(email, password.text, ip, context).await;
        let (verified, attempt) = verified.map_err(|error| match error {
            Error::WrongPassword => Error::Wrong(password.field),
            error => error,
        })?;
        if verified.record.user_id != account.user.id {
            attempt.succeeded();
            return Err(Error::TokenRevoked);
        }
        Ok((verified, attempt))
    }
}
