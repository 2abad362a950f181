//! Signing up and in: the one way through limits, Argon2 and storage that every door takes.

use std::net::IpAddr;

use doorward_shared::ErrorCode;

use crate::{
    app::Doorward,
    crypto::{
        password::{Overloaded, Stored, Verdict, check_password},
        secret::Secret,
    },
    domain::{Actor, Cause, Email, Refusal, Session, User, email::abridged},
    http::ApiError,
    limits::Held,
    store::{LoginRecord, NewSession, StoreError},
};

/// A password that was seen to be right.
#[derive(Debug)]
pub struct Proven {
    pub record: LoginRecord,
    /// The hash it was checked against.
    pub password: String,
    /// A new hash, where the stored one has become too cheap.
    pub rehashed: Option<String>,
}

impl Doorward {
    /// Checks a password. Every door comes through here: the limits are shared, and an address nobody has costs and
    /// counts the same as a wrong password.
    ///
    /// # Errors
    /// `rate_limited`, `invalid_credentials`, `overloaded`, `storage_unavailable`.
    pub async fn prove(
        &self,
        email: &str,
        password: Secret,
        ip: IpAddr,
        cause: &Cause,
    ) -> Result<Proven, ApiError> {
        if self.passwords.is_full() {
            // Before storage is asked: in a flood almost all end here, and verification needs the time.
            self.metrics.login("overloaded");
            return Err(Overloaded.into());
        }
        let account = Email::key_of(email);
        let facts = self.store.login_facts(Email::keys_of(email), ip).await?;
        let record = facts.account;
        let known = record.as_ref().is_some_and(|record| record.known_address);
        let attempt = self.limits.password_check(ip, &account, known, &self.clock);
        let attempt = match attempt.await {
            Ok(attempt) => attempt,
            Err(Held::Limited(wait)) => {
                self.metrics.login("rate_limited");
                return Err(wait.into());
            }
            Err(Held::Overloaded(overloaded)) => {
                self.metrics.login("overloaded");
                return Err(overloaded.into());
            }
        };
        let hash = record.as_ref().and_then(|record| record.password.clone());
        let stored = Stored {
            phc: hash.clone(),
            dearest: facts.dearest,
        };
        let verdict = match self.passwords.verify(password.clone(), stored).await {
            Ok(verdict) => verdict,
            Err(overloaded) => {
                attempt.released();
                self.metrics.login("overloaded");
                return Err(overloaded.into());
            }
        };
        match (verdict, record, hash) {
            (Verdict::Right { rehash }, Some(record), Some(hash)) => {
                attempt.succeeded();
                // Should the queue be full now, the next sign-in sees to it.
                let rehashed = if rehash {
                    self.passwords.hash(password).await.ok()
                } else {
                    None
                };
                Ok(Proven {
                    record,
                    password: hash,
                    rehashed,
                })
            }
            (_, record, _) => {
                drop(attempt);
                self.metrics.login("invalid_credentials");
                let user = record.map(|record| record.user_id);
                let detail = if user.is_none() {
                    abridged(email)
                } else {
                    None
                };
                self.note_failure(user, detail, cause.clone());
                Err(ApiError::new(
                    ErrorCode::InvalidCredentials,
                    "email or password is wrong",
                ))
            }
        }
    }

    /// Writes a refused sign-in to the audit log, when the writer has time for it. Nobody waits.
    fn note_failure(
        &self,
        user: Option<doorward_shared::UserId>,
        detail: Option<String>,
        cause: Cause,
    ) {
        let doorward = self.clone();
        tokio::spawn(async move {
            let noted = doorward.store.note("login.failed", user, detail, cause);
            if let Err(error) = noted.await {
                tracing::debug!(%error, "a refused sign-in was not written to the audit log");
            }
        });
    }

    /// Signs a person in.
    ///
    /// # Errors
    /// As [`Doorward::prove`]; `account_disabled` after a right password.
    pub async fn sign_in(
        &self,
        email: &str,
        password: Secret,
        session: NewSession,
        cause: Cause,
    ) -> Result<(User, Session), ApiError> {
        let mut opened = self
            .prove_and_open(email, &password, &session, &cause)
            .await?;
        if let Err(StoreError::Refused(Refusal::PasswordChanged)) = opened {
            // Perhaps only its hash, which a sign-in at the same time has made dearer.
            opened = self
                .prove_and_open(email, &password, &session, &cause)
                .await?;
        }
        match opened {
            Ok(opened) => {
                self.metrics.login("success");
                Ok(opened)
            }
            Err(StoreError::Refused(Refusal::Disabled)) => {
                self.metrics.login("account_disabled");
                Err(ApiError::new(
                    ErrorCode::AccountDisabled,
                    "the account is disabled",
                ))
            }
            Err(StoreError::Refused(Refusal::PasswordChanged)) => {
                self.metrics.login("invalid_credentials");
                Err(ApiError::new(
                    ErrorCode::InvalidCredentials,
                    "email or password is wrong",
                ))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn prove_and_open(
        &self,
        email: &str,
        password: &Secret,
        session: &NewSession,
        cause: &Cause,
    ) -> Result<Result<(User, Session), StoreError>, ApiError> {
        let proven = self
            .prove(email, password.clone(), session.ip, cause)
            .await?;
        let user = proven.record.user_id;
        let cause = Cause {
            actor: Actor::User(user),
            at: self.clock.now(),
            ..cause.clone()
        };
        let opened = self.store.open_session(
            user,
            proven.password,
            proven.rehashed,
            session.clone(),
            cause,
        );
        Ok(opened.await)
    }

    /// Whoever sets an account's password wants its owner in: wrong ones before no longer count.
    pub(crate) fn forget_failures(&self, email: &str) {
        let account = Email::key_of(email);
        self.limits.forget(&account, self.clock.monotonic());
    }

    /// Hashes a new password for an account, once it has been found good enough.
    ///
    /// # Errors
    /// `validation_failed` naming `field`, `overloaded`.
    pub async fn hash_new_password(
        &self,
        password: Secret,
        email: &str,
        field: &'static str,
    ) -> Result<String, ApiError> {
        check_password(password.expose(), email)
            .map_err(|reason| ApiError::validation(field, reason))?;
        Ok(self.passwords.hash(password).await?)
    }
}
