//! Second factors: setting them up, showing them, taking them away.

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

/// A factor that was found right, and the sign-in it makes of a password.
#[derive(Debug)]
pub(crate) struct VerifiedFactor {
    pub user: UserId,
    pub factor: ShownFactor,
    /// `None` for codes.
    pub passkey: Option<PasskeyKind>,
}

impl VerifiedFactor {
    /// How somebody has signed in who has shown this beside a password, or alone.
    pub(crate) fn method(&self, with_password: bool) -> SignInMethod {
        match self.passkey {
            None => SignInMethod::PasswordAndCode,
            Some(kind) if with_password => SignInMethod::PasswordAndPasskey(kind),
            Some(kind) => SignInMethod::Passkey(kind),
        }
    }
}

/// What is needed to set factors up and to check them.
#[derive(Debug)]
pub(crate) struct SecondFactors {
    pub store: Store,
    pub master: Arc<MasterKey>,
    /// None where the issuer's host is an address: passkeys are not offered then.
    pub party: Option<RelyingParty>,
    /// Shown by authenticators beside the account.
    pub name: String,
    pub challenges: PasskeyChallenges,
    pub pending: MfaTokens,
    /// Sign-ins that go on with the set-up of a factor.
    pub enrolments: MfaTokens,
}

impl SecondFactors {
    /// The factors with which an account's sign-in can go on. Codes whose secret cannot be opened are none of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn methods(&self, user: UserId) -> Result<Vec<MfaMethod>, StoreError> {
        let factors = self.store.factors(user).await?;
        let codes = factors.totp && self.opens_codes(user).await?;
        Ok(Self::offered(&factors, codes))
    }

    /// Whether `master.key` opens the secret of an account's one-time codes: after a restore beside another key it does not.
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

    /// Begins the set-up of one-time codes: the secret, and the address for authenticators.
    ///
    /// # Errors
    /// `conflict` where codes are in use.
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

    /// One-time codes of a secret whose first code is right, and the recovery codes that go with them.
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

    /// Takes one-time codes into use with the first code; answers the recovery codes, which are shown once.
    ///
    /// # Errors
    /// [`DomainError::FactorWrong`]; `conflict` where no set-up is open, or its time or tries are over.
    pub(crate) async fn confirm_totp(
        &self,
        user: UserId,
        typed: &str,
        act: Act,
    ) -> Result<Vec<Secret>, Error> {
        let sealed = self.store.try_totp_setup(user, act.clone()).await?;
        let sealed = sealed.ok_or_else(|| {
            DomainError::Conflict("no set-up of one-time codes is open: begin one first".into())
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

    /// Takes one-time codes out of use.
    ///
    /// # Errors
    /// [`DomainError::FactorWrong`]; `not_found` where none are in use.
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

    /// Gives new recovery codes; those before are dead.
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

    /// Whether a typed code is one of the account's authenticator now.
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

    /// A recovery code as a factor; whether it is one of the account's is seen when it is used up.
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
