//! Public keys of credentials: COSE_Key, RFC 9053, for the three offered algorithms.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use ciborium::Value;

use super::CeremonyError;
use crate::domain::PublicKey;

/// COSE algorithm identifiers offered to authenticators, in order of preference: ES256, EdDSA, RS256.
pub const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// Labels of RFC 9052 section 7.1 and RFC 9053 section 7.
const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;

/// Parses a COSE key from authenticator data.
///
/// # Errors
/// [`CeremonyError::OtherAlgorithm`] for an algorithm that is not offered, [`CeremonyError::Malformed`].
pub(super) fn from_cose(value: &Value) -> Result<PublicKey, CeremonyError> {
    let key = value.as_map().ok_or(CeremonyError::Malformed)?;
    let kind = (integer(key, KEY_TYPE)?, integer(key, ALGORITHM)?);
    match kind {
        (2, -7) => {
            let (x, y) = (bytes(key, -2)?, bytes(key, -3)?);
            if integer(key, -1)? != 1 || x.len() != 32 || y.len() != 32 {
                return Err(CeremonyError::Malformed);
            }
            Ok(PublicKey::P256([&[4], x, y].concat()))
        }
        (1, -8) => {
            let x = bytes(key, -2)?;
            if integer(key, -1)? != 6 || x.len() != 32 {
                return Err(CeremonyError::Malformed);
            }
            Ok(PublicKey::Ed25519(x.to_vec()))
        }
        (3, -257) => {
            let (n, e) = (bytes(key, -1)?.to_vec(), bytes(key, -2)?.to_vec());
            if !(256..=1024).contains(&n.len()) || !(1..=8).contains(&e.len()) {
                return Err(CeremonyError::Malformed);
            }
            Ok(PublicKey::Rsa { n, e })
        }
        _ => Err(CeremonyError::OtherAlgorithm),
    }
}

/// Verifies a signature over `message`. ECDSA signatures are ASN.1, section 6.5.6.
pub(super) fn verify(
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) -> Result<(), CeremonyError> {
    let verified = match key {
        PublicKey::P256(point) => {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
        }
        PublicKey::Ed25519(bytes) => {
            UnparsedPublicKey::new(&ED25519, bytes).verify(message, signature)
        }
        PublicKey::Rsa { n, e } => {
            RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
        }
    };
    verified.map_err(|_| CeremonyError::WrongSignature)
}

fn field(key: &[(Value, Value)], label: i64) -> Result<&Value, CeremonyError> {
    let mut found = key
        .iter()
        .filter(|(name, _)| name.as_integer().map(i128::from) == Some(i128::from(label)));
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Ok(value),
        _ => Err(CeremonyError::Malformed),
    }
}

fn integer(key: &[(Value, Value)], label: i64) -> Result<i64, CeremonyError> {
    let value = field(key, label)?.as_integer();
    value
        .and_then(|value| i64::try_from(value).ok())
        .ok_or(CeremonyError::Malformed)
}

fn bytes(key: &[(Value, Value)], label: i64) -> Result<&[u8], CeremonyError> {
    let value = field(key, label)?.as_bytes();
    value.map(Vec::as_slice).ok_or(CeremonyError::Malformed)
}
