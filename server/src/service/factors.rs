//! Second factors: setting them up, showing them, taking them away.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_shared::{
    SessionId, Timestamp, UserId,
    mfa::{AssertedCredential, CreatedCredential, MfaMethod, PasskeySignIn},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Error;
use crate::{
    clock::random_bytes,
    crypto::{
        seal::MasterKey,
        secret::Secret,
        totp::{self, seal_place},
        webauthn::{
            self, ALGORITHMS, Assertion, CeremonyError, RelyingParty, challenge_of,
            verify_assertion, verify_registration,
        },
    },
    domain::{
        Act, Cause, Factors, Passkey, PasskeyKind, Refusal, ShownFactor, SignInMethod, User,
        counter_goes_on,
    },
    state::{MfaTokens, PasskeyChallenges},
    store::{NewPasskey, NewTotp, SeenPassword, Store, StoreError},
};

/// A factor that was found right, and the sign-in it makes of a password.
#[derive(Debug)]
pub(crate) struct Shown {
    pub user: UserId,
    pub factor: ShownFactor,
    /// `None` for codes.
    pub passkey: Option<PasskeyKind>,
}

impl Shown {
    /// How somebody has signed in who has shown this beside a password, or alone.
    pub fn method(&self, with_password: bool) -> SignInMethod {
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
    /// Roles whose people must have a factor.
    pub roles: Arc<[String]>,
}

impl SecondFactors {
    /// The factors with which an account's sign-in can go on. Codes whose secret cannot be opened are none of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn methods(&self, user: UserId) -> Result<Vec<MfaMethod>, StoreError> {
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
    pub async fn begin_totp(
        &self,
        user: &User,
        password: SeenPassword,
        act: Act,
    ) -> Result<(Secret, Secret), Error> {
        let raw: [u8; totp::SECRET_BYTES] = random_bytes();
        let sealed = self.master.seal(&seal_place(user.id), &raw).map_err(|_| {
            Error::Internal("a secret of one-time codes cannot be sealed with master.key".into())
        })?;
        self.store
            .begin_totp(user.id, sealed, password, act)
            .await?;
        let secret = totp::secret_text(&raw);
        let uri = totp::uri(&secret, &self.name, user.email.as_str());
        Ok((secret, uri))
    }

    /// One-time codes of a secret whose first code is right, and the recovery codes that go with them.
    ///
    /// # Errors
    /// [`Error::WrongFactor`].
    pub fn new_totp(
        &self,
        user: UserId,
        secret: &Secret,
        typed: &str,
        now: Timestamp,
    ) -> Result<(NewTotp, Vec<Secret>), Error> {
        let raw = totp::secret_bytes(secret).ok_or(Error::WrongFactor)?;
        let step = totp::step_of(&raw, typed, now).ok_or(Error::WrongFactor)?;
        let sealed = self.master.seal(&seal_place(user), &raw);
        let sealed = sealed.map_err(|_| {
            Error::Internal("a secret of one-time codes cannot be sealed with master.key".into())
        })?;
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
    /// [`Error::WrongFactor`]; `conflict` where no set-up is open, or its time or tries are over.
    pub async fn confirm_totp(
        &self,
        user: UserId,
        typed: &str,
        act: Act,
    ) -> Result<Vec<Secret>, Error> {
        let sealed = self.store.try_totp_setup(user, act.clone()).await?;
        let sealed = sealed.ok_or_else(|| {
            Refusal::Conflict("no set-up of one-time codes is open: begin one first".into())
        })?;
        let step = self.step(user, &sealed, typed, act.at())?;
        let (codes, hashes) = new_codes();
        self.store
            .confirm_totp(user, (sealed, step), hashes, act)
            .await?;
        Ok(codes)
    }

    /// Takes one-time codes out of use.
    ///
    /// # Errors
    /// [`Error::WrongFactor`]; `not_found` where none are in use.
    pub async fn remove_totp(
        &self,
        user: UserId,
        typed: &str,
        password: SeenPassword,
        act: Act,
    ) -> Result<(), Error> {
        let sealed = self.store.totp_secret(user).await?;
        let sealed = sealed.ok_or(Refusal::NotFound("one-time code set-up"))?;
        let step = self.step(user, &sealed, typed, act.at())?;
        let roles = self.roles.clone();
        Ok(self
            .store
            .remove_totp((user, step), password, roles, act)
            .await?)
    }

    /// Gives new recovery codes; those before are dead.
    ///
    /// # Errors
    /// `conflict` for an account without a factor.
    pub async fn new_recovery_codes(
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
    /// [`Error::WrongFactor`].
    pub async fn check_code(
        &self,
        user: UserId,
        typed: &str,
        now: Timestamp,
    ) -> Result<Shown, Error> {
        let sealed = self.store.totp_secret(user).await?;
        let step = self.step(user, &sealed.ok_or(Error::WrongFactor)?, typed, now)?;
        Ok(Shown {
            user,
            factor: ShownFactor::Totp { step },
            passkey: None,
        })
    }

    /// A recovery code as a factor; whether it is one of the account's is seen when it is used up.
    pub fn recovery_code(user: UserId, typed: &str) -> Shown {
        let hash = totp::recovery_digest(typed);
        Shown {
            user,
            factor: ShownFactor::Recovery { hash },
            passkey: None,
        }
    }

    fn step(&self, user: UserId, stored: &[u8], typed: &str, now: Timestamp) -> Result<i64, Error> {
        let secret = self.open(user, stored).ok_or(Error::WrongFactor)?;
        totp::step_of(&secret, typed, now).ok_or(Error::WrongFactor)
    }

    fn party(&self) -> Result<&RelyingParty, Error> {
        self.party.as_ref().ok_or(Error::NoPasskeys)
    }

    /// Options for a new passkey of an account, WebAuthn Level 2 section 5.4, in their JSON form. They are for this
    /// session, while the account has the password with this hash.
    ///
    /// # Errors
    /// [`Error::NoPasskeys`], [`Error::Overloaded`].
    pub async fn creation_options(
        &self,
        user: &User,
        (session, password): (SessionId, String),
        now: Timestamp,
    ) -> Result<Value, Error> {
        let party = self.party()?;
        let known = self.store.factors(user.id).await?.passkeys;
        let challenge = self.challenges.register(session, password, now);
        let challenge = challenge.ok_or(Error::Overloaded("too many set-ups are open"))?;
        let excluded: Vec<Value> = known
            .iter()
            .map(|key| json!({"type": "public-key", "id": text(&key.credential_id)}))
            .collect();
        let shown = match (&user.first_name, &user.last_name) {
            (Some(first), Some(last)) => format!("{first} {last}"),
            (Some(name), None) | (None, Some(name)) => name.clone(),
            (None, None) => user.email.as_str().to_owned(),
        };
        Ok(json!({
            "rp": {"id": party.id, "name": self.name},
            "user": {
                "id": text(&user.id.0.to_bytes()),
                "name": user.email.as_str(),
                "displayName": shown,
            },
            "challenge": text(&challenge),
            "pubKeyCredParams": ALGORITHMS.map(|alg| json!({"type": "public-key", "alg": alg})),
            "timeout": crate::state::CHALLENGE_SECONDS * 1000,
            "excludeCredentials": excluded,
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
        }))
    }

    /// Adds the passkey that an authenticator has made for the account.
    ///
    /// # Errors
    /// [`Error::Credential`]; `conflict` for one that is known.
    pub async fn add_passkey(
        &self,
        (user, session): (UserId, SessionId),
        name: String,
        credential: &CreatedCredential,
        act: Act,
    ) -> Result<Passkey, Error> {
        let party = self.party()?;
        let refused = Error::Credential;
        let client_data = bytes(&credential.response.client_data_json)?;
        let object = bytes(&credential.response.attestation_object)?;
        let challenge = challenge_of(&client_data).map_err(refused)?;
        let password = self
            .challenges
            .take_registration(&challenge, session, act.at())
            .ok_or_else(|| refused(CeremonyError::OtherChallenge))?;
        let made =
            verify_registration(party, &challenge, &client_data, &object).map_err(refused)?;
        if credential.r#type != "public-key" || bytes(&credential.id)? != made.credential_id {
            return Err(refused(CeremonyError::Malformed));
        }
        let new = NewPasskey {
            credential_id: made.credential_id,
            public_key: made.public_key,
            sign_count: made.sign_count,
            kind: if made.backup_eligible {
                PasskeyKind::Synced
            } else {
                PasskeyKind::DeviceBound
            },
            name,
        };
        let password = SeenPassword {
            hash: password,
            rehashed: None,
        };
        Ok(self.store.add_passkey(user, new, password, act).await?)
    }

    /// Options for a sign-in with any passkey of this server, and the state that brings the challenge back.
    ///
    /// # Errors
    /// [`Error::NoPasskeys`].
    pub fn request_options(&self, now: Timestamp) -> Result<(Value, String), Error> {
        let party = self.party()?;
        let (challenge, state) = self.challenges.sign_in(self.master.stamp(), now);
        let options = json!({
            "challenge": text(&challenge),
            "timeout": crate::state::CHALLENGE_SECONDS * 1000,
            "rpId": party.id,
            "allowCredentials": [],
            "userVerification": "required",
        });
        Ok((options, state))
    }

    /// Checks a passkey's answer to the challenge of its state, and uses the challenge up.
    ///
    /// # Errors
    /// [`Error::WrongFactor`], whatever is wrong with it: strangers ask here.
    pub async fn check_passkey(
        &self,
        shown: &PasskeySignIn,
        cause: &Cause,
    ) -> Result<Shown, Error> {
        let party = self.party()?;
        let PasskeySignIn { state, credential } = shown;
        let challenge = self
            .challenges
            .open(self.master.stamp(), state, cause.at)
            .ok_or(Error::WrongFactor)?;
        let id = bytes(&credential.id).map_err(|_| Error::WrongFactor)?;
        let passkey = self.store.passkey(id).await?.ok_or(Error::WrongFactor)?;
        let sign_count = verify(party, &challenge.bytes, &passkey, credential)?;
        if !self.challenges.use_up(challenge, cause.at) {
            return Err(Error::WrongFactor);
        }
        if !counter_goes_on(passkey.sign_count, sign_count) {
            self.store
                .note_copied_passkey(passkey.user_id, passkey.id, cause.clone())
                .await?;
            return Err(Error::WrongFactor);
        }
        Ok(Shown {
            user: passkey.user_id,
            factor: ShownFactor::Passkey {
                id: passkey.id,
                sign_count,
            },
            passkey: Some(passkey.kind),
        })
    }
}

/// The signature counter of an assertion that verifies.
fn verify(
    party: &RelyingParty,
    challenge: &[u8],
    passkey: &Passkey,
    credential: &AssertedCredential,
) -> Result<u32, Error> {
    let wrong = |_| Error::WrongFactor;
    let response = &credential.response;
    // Level 2, section 7.2 step 6: a user handle, where the authenticator gives one, is the credential's owner.
    if let Some(handle) = &response.user_handle
        && bytes(handle).map_err(wrong)? != passkey.user_id.0.to_bytes()
    {
        return Err(Error::WrongFactor);
    }
    if credential.r#type != "public-key" {
        return Err(Error::WrongFactor);
    }
    let (client_data, data, signature) = (
        bytes(&response.client_data_json).map_err(wrong)?,
        bytes(&response.authenticator_data).map_err(wrong)?,
        bytes(&response.signature).map_err(wrong)?,
    );
    let assertion = Assertion {
        client_data: &client_data,
        authenticator_data: &data,
        signature: &signature,
    };
    verify_assertion(party, challenge, &passkey.public_key, &assertion).map_err(|error| {
        tracing::info!(%error, passkey = %passkey.id, "a passkey was refused");
        Error::WrongFactor
    })
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

fn text(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(text: &str) -> Result<Vec<u8>, Error> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Error::Credential(webauthn::CeremonyError::Malformed))
}
