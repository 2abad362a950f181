//! Second factors: setting up, verifying and removing them.

use std::sync::Arc;

use doorward_shared::{Timestamp, UserId, mfa::MfaMethod};
use zeroize::Zeroizing;

use super::Error;
use crate::{
    clock::random_bytes,
    crypto::{
        seal::MasterKey,
        secret::Secret,
        totp::{self, seal_place},
        webauthn::RelyingParty,
    },
    domain::{Act, DomainError, Factors, PasskeyKind, ShownFactor, SignInMethod, User},
    state::{MfaTokens, PasskeyChallenges},
    store::{NewTotp, SeenPassword, Store, StoreError},
};

/// A verified factor, and the method of the sign-in it completes.
#[derive(Debug)]
pub(crate) struct VerifiedFactor {
    pub user: UserId,
    pub factor: ShownFactor,
    /// `None` for codes.
    pub passkey: Option<PasskeyKind>,
}

impl VerifiedFactor {
    /// The method of a sign-in with this factor, after a password or alone.
    pub(crate) fn method(&self, with_password: bool) -> SignInMethod {
        match self.passkey {
            None => SignInMethod::PasswordAndCode,
            Some(kind) if with_password => SignInMethod::PasswordAndPasskey(kind),
            Some(kind) => SignInMethod::Passkey(kind),
        }
    }
}

/// Sets up and verifies second factors.
#[derive(Debug)]
pub(crate) struct SecondFactors {
    pub store: Store,
    pub master: Arc<MasterKey>,
    /// `None` if the issuer's host is an IP address: passkeys are not available then.
    pub party: Option<RelyingParty>,
    /// Issuer name that authenticator apps show beside the account.
    pub name: String,
    pub challenges: PasskeyChallenges,
    pub pending: MfaTokens,
    /// Sign-ins that continue with the set-up of a factor.
    pub enrolments: MfaTokens,
}

impl SecondFactors {
    /// The factors that can complete an account's sign-in. TOTP whose secret cannot be decrypted is not among them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn methods(&self, user: UserId) -> Result<Vec<MfaMethod>, StoreError> {
        let factors = self.store.factors(user).await?;
        let codes = factors.totp && self.opens_codes(user).await?;
        Ok(Self::offered(&factors, codes))
    }

    /// Whether `master.key` decrypts the secret of an account's TOTP: after a restore with another key it does not.
    async fn opens_codes(&self, user: UserId) -> Result<bool, StoreError> {
        let stored = self.store.totp_secret(user).await?;
        Ok(stored.is_some_and(|stored| self.open(user, &stored).is_some()))
    }

    fn open(&self, user: UserId, stored: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let opened = self.master.open(&seal_place(user), stored).ok();
        if opened.is_none() {
            tracing::warn!(
                "master.key does not open the one-time codes of {user}: put the key back that sealed them, or take the \
                 factors away with DELETE /admin/users/{user}/mfa"
            );
        }
        opened
    }

    fn offered(factors: &Factors, codes: bool) -> Vec<MfaMethod> {
        let offered = [
            (codes, MfaMethod::Totp),
            (factors.recovery_codes > 0, MfaMethod::RecoveryCode),
            (!factors.passkeys.is_empty(), MfaMethod::Passkey),
        ];
        offered
            .into_iter()
            .filter_map(|(has, method)| has.then_some(method))
            .collect()
    }

    /// Starts the set-up of TOTP: the secret, and the URI for authenticator apps.
    ///
    /// # Errors
    /// `conflict` if TOTP is active.
    pub(crate) async fn begin_totp(
        &self,
        user: &User,
        password: SeenPassword,
        act: Act,
    ) -> Result<(Secret, Secret), Error> {
        let raw: [u8; totp::SECRET_BYTES] = random_bytes();
        let sealed = self.seal(user.id, &raw)?;
        self.store
            .begin_totp(user.id, sealed, password, act)
            .await?;
        let secret = totp::secret_text(&raw);
        let uri = totp::uri(&secret, &self.name, user.email.as_str());
        Ok((secret, uri))
    }

    fn seal(&self, user: UserId, raw: &[u8]) -> Result<Vec<u8>, Error> {
        self.master.seal(&seal_place(user), raw).map_err(|_| {
            Error::Internal("a secret of one-time codes cannot be sealed with master.key".into())
        })
    }

    /// TOTP with a secret whose first code is correct, and its recovery codes.
    ///
    /// # Errors
    /// [`DomainError::FactorWrong`].
    pub(crate) fn new_totp(
        &self,
        user: UserId,
        secret: &Secret,
        typed: &str,
        now: Timestamp,
    ) -> Result<(NewTotp, Vec<Secret>), Error> {
        let raw = totp::secret_bytes(secret).ok_or(DomainError::FactorWrong)?;
        let step = totp::step_of(&raw, typed, now).ok_or(DomainError::FactorWrong)?;
        let sealed = self.seal(user, &raw)?;
        let (shown, codes) = new_codes();
        let new = NewTotp {
            sealed,
            step,
            codes,
        };
        Ok((new, shown))
    }

    /// Activates TOTP with the first code; returns the recovery codes, which are shown once.
    ///
    /// # Errors
    /// [`DomainError::FactorWrong`]; `conflict` if no set-up is pending, or its time or attempts are used up.
    pub(crate) async fn confirm_totp(
        &self,
        user: UserId,
        typed: &str,
        act: Act,
    ) -> Result<Vec<Secret>, Error> {
        let sealed = self.store.try_totp_setup(user, act.clone()).await?;
        let sealed = sealed.ok_or_else(|| {
            DomainError::Conflict(
                "no TOTP enrolment in progress: start one with POST /auth/mfa/totp".into(),
            )
        })?;
        let step = self.step(user, &sealed, typed, act.at())?;
        let (shown, codes) = new_codes();
        let totp = NewTotp {
            sealed,
            step,
            codes,
        };
        self.store.confirm_totp(user, totp, act).await?;
        Ok(shown)
    }

    /// Deactivates TOTP.
    ///
    /// # Errors
    /// [`DomainError::FactorWrong`]; `not_found` if it is not active.
    pub(crate) async fn remove_totp(
        &self,
        user: UserId,
        typed: &str,
        password: SeenPassword,
        act: Act,
    ) -> Result<(), Error> {
        let sealed = self.store.totp_secret(user).await?;
        let sealed = sealed.ok_or(DomainError::NotFound("one-time code set-up"))?;
        let step = self.step(user, &sealed, typed, act.at())?;
        Ok(self.store.remove_totp(user, step, password, act).await?)
    }

    /// Creates new recovery codes; the old ones become invalid.
    ///
    /// # Errors
    /// `conflict` for an account without a factor.
    pub(crate) async fn new_recovery_codes(
        &self,
        user: UserId,
        password: SeenPassword,
        act: Act,
    ) -> Result<Vec<Secret>, Error> {
        let (codes, hashes) = new_codes();
        self.store
            .replace_recovery_codes(user, hashes, password, act)
            .await?;
        Ok(codes)
    }

    /// Whether an entered code is a valid TOTP code of the account now.
    ///
    /// # Errors
    /// [`DomainError::FactorWrong`].
    pub(crate) async fn check_code(
        &self,
        user: UserId,
        typed: &str,
        now: Timestamp,
    ) -> Result<VerifiedFactor, Error> {
        let sealed = self.store.totp_secret(user).await?;
        let step = self.step(user, &sealed.ok_or(DomainError::FactorWrong)?, typed, now)?;
        Ok(VerifiedFactor {
            user,
            factor: ShownFactor::Totp { step },
            passkey: None,
        })
    }

    /// A recovery code as a factor; it is checked against the account's when it is used up.
    pub(crate) fn recovery_code(user: UserId, typed: &str) -> VerifiedFactor {
        let hash = totp::recovery_digest(typed);
        VerifiedFactor {
            user,
            factor: ShownFactor::Recovery { hash },
            passkey: None,
        }
    }

    fn step(&self, user: UserId, stored: &[u8], typed: &str, now: Timestamp) -> Result<i64, Error> {
        let secret = self.open(user, stored).ok_or(DomainError::FactorWrong)?;
        Ok(totp::step_of(&secret, typed, now).ok_or(DomainError::FactorWrong)?)
    }
}

fn new_codes() -> (Vec<Secret>, Vec<crate::crypto::secret::Digest256>) {
    (0..totp::RECOVERY_CODES)
        .map(|_| totp::recovery_code(random_bytes()))
        .map(|code| {
            let hash = totp::recovery_digest(code.expose());
            (code, hash)
        })
        .unzip()
}
