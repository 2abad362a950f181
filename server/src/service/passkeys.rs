//! The WebAuthn ceremonies of passkeys: their options, and verification of the responses.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_shared::{
    SessionId, Timestamp, UserId,
    mfa::{AssertedCredential, CreatedCredential, PasskeySignIn},
};
use serde_json::{Value, json};

use super::{Error, SecondFactors, VerifiedFactor};
use crate::{
    crypto::webauthn::{
        self, ALGORITHMS, Assertion, CeremonyError, RelyingParty, challenge_of, verify_assertion,
        verify_registration,
    },
    domain::{
        Act, AuditContext, DomainError, Passkey, PasskeyKind, ShownFactor, User, counter_goes_on,
    },
    store::{NewPasskey, SeenPassword},
};

impl SecondFactors {
    fn party(&self) -> Result<&RelyingParty, Error> {
        self.party.as_ref().ok_or(Error::NoPasskeys)
    }

    /// Options for a new passkey of an account, WebAuthn Level 2 section 5.4, in their JSON form. Valid for this
    /// session, as long as the account's password hash is this one.
    ///
    /// # Errors
    /// [`Error::NoPasskeys`], [`Error::Overloaded`].
    pub(crate) async fn creation_options(
        &self,
        user: &User,
        session: SessionId,
        password: String,
        now: Timestamp,
    ) -> Result<Value, Error> {
        let party = self.party()?;
        let known = self.store.factors(user.id).await?.passkeys;
        let challenge = self.challenges.register(session, password, now);
        let challenge = challenge.ok_or(Error::Overloaded(
            "too many passkey registrations in progress",
        ))?;
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

    /// Adds the passkey that an authenticator has created for the account.
    ///
    /// # Errors
    /// [`Error::Credential`]; `conflict` for one that is already registered.
    pub(crate) async fn add_passkey(
        &self,
        user: UserId,
        session: SessionId,
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

    /// Options for a sign-in with any passkey of this server, and the state that contains the challenge.
    ///
    /// # Errors
    /// [`Error::NoPasskeys`].
    pub(crate) fn request_options(&self, now: Timestamp) -> Result<(Value, String), Error> {
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

    /// Verifies a passkey's response to the challenge in its state, and uses up the challenge. `user` is the user whose
    /// password was verified, if there was one.
    ///
    /// # Errors
    /// [`DomainError::FactorWrong`], whatever the reason: callers are unauthenticated.
    pub(crate) async fn check_passkey(
        &self,
        shown: &PasskeySignIn,
        user: Option<UserId>,
        context: &AuditContext,
    ) -> Result<VerifiedFactor, Error> {
        let party = self.party()?;
        let PasskeySignIn { state, credential } = shown;
        let challenge = self
            .challenges
            .open(self.master.stamp(), state, context.at)
            .ok_or(DomainError::FactorWrong)?;
        let id = bytes(&credential.id).map_err(|_| DomainError::FactorWrong)?;
        let passkey = self
            .store
            .passkey(id)
            .await?
            .ok_or(DomainError::FactorWrong)?;
        check_owner(&passkey, user, credential)?;
        let sign_count = verify(party, &challenge.bytes, &passkey, credential)?;
        if !self.challenges.use_up(challenge, context.at) {
            return Err(DomainError::FactorWrong.into());
        }
        if !counter_goes_on(passkey.sign_count, sign_count) {
            self.store
                .note_copied_passkey(passkey.user_id, passkey.id, context.clone())
                .await?;
            return Err(DomainError::FactorWrong.into());
        }
        Ok(VerifiedFactor {
            user: passkey.user_id,
            factor: ShownFactor::Passkey {
                id: passkey.id,
                sign_count,
            },
            passkey: Some(passkey.kind),
        })
    }
}

/// Level 2, section 7.2 step 6: the credential belongs to the user who is signing in. If none is known yet, the user
/// handle identifies them.
fn check_owner(
    passkey: &Passkey,
    user: Option<UserId>,
    credential: &AssertedCredential,
) -> Result<(), Error> {
    let handle = credential.response.user_handle.as_deref();
    let handle = handle.map(bytes).transpose();
    let handle = handle.map_err(|_| DomainError::FactorWrong)?;
    let owner = passkey.user_id;
    let is_owners = match (user, handle) {
        (None, None) => false,
        (Some(user), None) => user == owner,
        (user, Some(handle)) => {
            user.is_none_or(|user| user == owner) && handle == owner.0.to_bytes()
        }
    };
    if is_owners {
        Ok(())
    } else {
        Err(DomainError::FactorWrong.into())
    }
}

/// The signature counter of a valid assertion.
fn verify(
    party: &RelyingParty,
    challenge: &[u8],
    passkey: &Passkey,
    credential: &AssertedCredential,
) -> Result<u32, Error> {
    let wrong = |_| DomainError::FactorWrong;
    let response = &credential.response;
    if credential.r#type != "public-key" {
        return Err(DomainError::FactorWrong.into());
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
        DomainError::FactorWrong.into()
    })
}

fn text(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(text: &str) -> Result<Vec<u8>, Error> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Error::Credential(webauthn::CeremonyError::Malformed))
}
