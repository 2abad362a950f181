//! Signing up and in: the one way through limits, Argon2 and storage that every door takes.

use std::net::IpAddr;

use doorward_shared::{ErrorCode, UserId, mfa::PasskeySignIn};

use crate::{
    app::Doorward,
    clock::random_bytes,
    crypto::{
        password::{Overloaded, Stored, Verdict, check_password},
        secret::{self, Secret},
    },
    domain::{Actor, Cause, Email, Refusal, Session, User, email::abridged},
    http::{ApiError, FirstParty, RequestInfo},
    limits::Held,
    service::{FactorError, SecondFactors, Shown},
    state::{PendingSignIn, Try},
    store::{LoginRecord, NewSession, SeenPassword, StoreError},
};

/// A second factor as it comes in.
#[derive(Debug)]
pub(crate) enum Factor {
    Code(Secret),
    Recovery(Secret),
    Passkey(PasskeySignIn),
}

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
            Err(held) => {
                self.metrics.login(match held {
                    Held::Limited(_) => "rate_limited",
                    Held::Overloaded(_) => "overloaded",
                });
                return Err(held.into());
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
        if proven.record.disabled {
            return Ok(Err(Refusal::Disabled.into()));
        }
        if proven.record.has_factor {
            return Err(self.ask_for_factor(email, proven).await?);
        }
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

    /// Keeps a sign-in whose password was right until its second factor comes: the error that says so.
    async fn ask_for_factor(&self, email: &str, proven: Proven) -> Result<ApiError, ApiError> {
        let user_id = proven.record.user_id;
        let methods = SecondFactors::methods(&self.store.factors(user_id).await?);
        let token = secret::mfa_token(random_bytes());
        let pending = PendingSignIn {
            user_id,
            email_key: Email::key_of(email),
            password: proven.password,
            rehashed: proven.rehashed,
            known_address: proven.record.known_address,
        };
        self.factors
            .pending
            .keep(&token, pending, self.clock.now())
            .ok_or(Overloaded)?;
        self.metrics.login("mfa_required");
        Ok(ApiError::mfa_required(&token, methods))
    }

    /// Completes a sign-in with its second factor. Wrong factors count as wrong passwords do.
    ///
    /// # Errors
    /// `invalid_token` for a token that is over, used, or being used; `invalid_credentials`, `rate_limited`,
    /// `account_disabled`.
    pub(crate) async fn second_step(
        &self,
        token: Secret,
        factor: Factor,
        session: NewSession,
        cause: Cause,
    ) -> Result<(User, Session), ApiError> {
        let tried = self
            .factors
            .pending
            .take(&token, cause.at)
            .ok_or_else(ApiError::invalid_token)?;
        let pending = tried.pending().clone();
        let attempt = self.limits.password_check(
            session.ip,
            &pending.email_key,
            pending.known_address,
            &self.clock,
        );
        let attempt = match attempt.await {
            Ok(attempt) => attempt,
            Err(held) => {
                self.factors.pending.unused(tried);
                return Err(held.into());
            }
        };
        let opened = match self.check_factor(pending.user_id, factor, &cause).await {
            Ok(shown) => self.open_with(shown, Some(&pending), session, &cause).await,
            Err(error) => Err(error),
        };
        match opened {
            Ok(opened) => {
                attempt.succeeded();
                self.metrics.login("success");
                Ok(opened)
            }
            Err(error) => Err(self.refused_factor(error, tried, attempt, cause)),
        }
    }

    /// What becomes of a token and an attempt whose factor did not open a session.
    fn refused_factor(
        &self,
        error: FactorError,
        tried: Try,
        attempt: crate::limits::Attempt,
        cause: Cause,
    ) -> ApiError {
        match error {
            FactorError::Wrong | FactorError::Store(StoreError::Refused(Refusal::FactorWrong)) => {
                drop(attempt);
                self.metrics.login("invalid_credentials");
                self.note_failure(Some(tried.pending().user_id), None, cause);
                self.factors.pending.failed(tried);
                FactorError::Wrong.into()
            }
            // The password was set meanwhile, or the account disabled or deleted: the sign-in begins anew.
            FactorError::Store(StoreError::Refused(Refusal::PasswordChanged)) => {
                attempt.released();
                ApiError::invalid_token()
            }
            FactorError::Store(StoreError::Refused(_)) => {
                attempt.released();
                error.into()
            }
            error => {
                attempt.released();
                self.factors.pending.unused(tried);
                error.into()
            }
        }
    }

    async fn check_factor(
        &self,
        user: UserId,
        factor: Factor,
        cause: &Cause,
    ) -> Result<Shown, FactorError> {
        match factor {
            Factor::Code(code) => self.factors.check_code(user, code.expose(), cause.at).await,
            Factor::Recovery(code) => Ok(SecondFactors::recovery_code(user, code.expose())),
            Factor::Passkey(passkey) => {
                let shown = self.factors.check_passkey(&passkey, cause).await?;
                if shown.user == user {
                    Ok(shown)
                } else {
                    Err(FactorError::Wrong)
                }
            }
        }
    }

    async fn open_with(
        &self,
        shown: Shown,
        pending: Option<&PendingSignIn>,
        session: NewSession,
        cause: &Cause,
    ) -> Result<(User, Session), FactorError> {
        let password = pending.map(|pending| SeenPassword {
            hash: pending.password.clone(),
            rehashed: pending.rehashed.clone(),
        });
        let session = NewSession {
            method: shown.method(pending.is_some()),
            ..session
        };
        let cause = Cause {
            actor: Actor::User(shown.user),
            at: self.clock.now(),
            ..cause.clone()
        };
        let opened =
            self.store
                .open_session_with_factor(shown.user, password, shown.factor, session, cause);
        Ok(opened.await?)
    }

    /// Signs a person in with a passkey alone.
    ///
    /// # Errors
    /// `invalid_credentials`, `account_disabled`; `not_found` where passkeys are not offered.
    pub(crate) async fn passkey_sign_in(
        &self,
        passkey: &PasskeySignIn,
        session: NewSession,
        cause: Cause,
    ) -> Result<(User, Session), ApiError> {
        let opened = match self.factors.check_passkey(passkey, &cause).await {
            Ok(shown) => self.open_with(shown, None, session, &cause).await,
            Err(error) => Err(error),
        };
        match &opened {
            Ok(_) => self.metrics.login("success"),
            Err(FactorError::Wrong | FactorError::Store(StoreError::Refused(_))) => {
                self.metrics.login("invalid_credentials");
                self.note_failure(None, None, cause);
            }
            Err(_) => {}
        }
        Ok(opened.map_err(|error| match error {
            FactorError::Store(StoreError::Refused(Refusal::FactorWrong)) => FactorError::Wrong,
            error => error,
        })?)
    }

    /// Checks the password of somebody who is signed in, before something that a stolen token must not do.
    ///
    /// # Errors
    /// As [`Doorward::prove`].
    pub(crate) async fn prove_again(
        &self,
        info: &RequestInfo,
        by: &FirstParty,
        password: Secret,
    ) -> Result<Proven, ApiError> {
        let email = by.account.user.email.as_str();
        let cause = info.cause(by.caller.actor(), self.clock.now());
        let proven = self.prove(email, password, info.ip, &cause).await?;
        if proven.record.user_id != by.account.user.id {
            return Err(ApiError::token_revoked());
        }
        Ok(proven)
    }
}
