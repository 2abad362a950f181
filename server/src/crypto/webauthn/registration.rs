//! Registration of a WebAuthn credential, section 7.1.

use ciborium::Value;
use serde::Deserialize;

use super::{
    CeremonyError, RelyingParty,
    authenticator_data::{self, Attested},
    client_data::{self, Ceremony},
    cose,
};
use crate::domain::PublicKey;

/// A verified new credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    pub credential_id: Vec<u8>,
    pub public_key: PublicKey,
    pub sign_count: u32,
    /// The key can leave its device (a synchronised passkey).
    pub backup_eligible: bool,
}

/// The parts of an attestation object, section 6.5.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationObject {
    fmt: String,
    att_stmt: Value,
    #[serde(with = "serde_bytes_value")]
    auth_data: Vec<u8>,
}

/// CBOR byte strings, which serde's `Vec<u8>` does not accept.
mod serde_bytes_value {
    use ciborium::Value;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        Value::deserialize(from)?
            .into_bytes()
            .map_err(|_| D::Error::custom("not a byte string"))
    }
}

/// Verifies an authenticator's response to a request for a new credential.
///
/// # Errors
/// [`CeremonyError`], naming the first step that fails.
pub fn verify_registration(
    party: &RelyingParty,
    challenge: &[u8],
    client_data: &[u8],
    attestation_object: &[u8],
) -> Result<Registered, CeremonyError> {
    // Steps 5 to 10.
    client_data::verify(client_data, Ceremony::Create, challenge, party)?;
    // Step 12: the attestation object.
    let mut rest = attestation_object;
    let object: AttestationObject =
        ciborium::from_reader(&mut rest).map_err(|_| CeremonyError::Malformed)?;
    if !rest.is_empty() {
        return Err(CeremonyError::Malformed);
    }
    // Steps 13 to 15: relying party, user presence, user verification.
    let data = authenticator_data::verify(&object.auth_data, party)?;
    let Some(Attested {
        credential_id,
        public_key,
    }) = data.attested
    else {
        return Err(CeremonyError::Malformed);
    };
    // Step 16: the algorithm is an offered one.
    let public_key = cose::from_cose(&public_key)?;
    // Steps 18 to 21: attestation was not requested. A statement of another format is treated as none (step 21,
    // "none"), since it is not trusted; a statement of the format `none` must be empty (section 8.7).
    if object.fmt == "none" && object.att_stmt.as_map().is_none_or(|map| !map.is_empty()) {
        return Err(CeremonyError::Malformed);
    }
    Ok(Registered {
        credential_id: credential_id.to_vec(),
        public_key,
        sign_count: data.sign_count,
        backup_eligible: data.backup_eligible,
    })
}
