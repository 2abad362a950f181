//! Public keys of credentials: COSE_Key, RFC 9053, for the three algorithms that are offered.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use ciborium::Value;

use super::CeremonyError;

/// COSE algorithm identifiers offered to authenticators, the preferred first: ES256, EdDSA, RS256.
pub const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// Labels of RFC 9052 section 7.1 and RFC 9053 section 7.
const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;

/// A credential's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// ES256: the uncompressed point of P-256, 65 bytes.
    P256(Vec<u8>),
    /// EdDSA: Ed25519, 32 bytes.
    Ed25519(Vec<u8>),
    /// RS256: modulus and exponent, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    /// Takes a COSE key as it stands in authenticator data.
    ///
    /// # Errors
    /// [`CeremonyError::OtherAlgorithm`] for a key of no offered algorithm, [`CeremonyError::Malformed`].
    pub(super) fn from_cose(value: &Value) -> Result<Self, CeremonyError> {
        let key = value.as_map().ok_or(CeremonyError::Malformed)?;
        let kind = (integer(key, KEY_TYPE)?, integer(key, ALGORITHM)?);
        match kind {
            (2, -7) => {
                let (x, y) = (bytes(key, -2)?, bytes(key, -3)?);
                if integer(key, -1)? != 1 || x.len() != 32 || y.len() != 32 {
                    return Err(CeremonyError::Malformed);
                }
                Ok(Self::P256([&[4], x, y].concat()))
            }
            (1, -8) => {
                let x = bytes(key, -2)?;
                if integer(key, -1)? != 6 || x.len() != 32 {
                    return Err(CeremonyError::Malformed);
                }
                Ok(Self::Ed25519(x.to_vec()))
            }
            (3, -257) => {
                let (n, e) = (bytes(key, -1)?.to_vec(), bytes(key, -2)?.to_vec());
                if !(256..=1024).contains(&n.len()) || !(1..=8).contains(&e.len()) {
                    return Err(CeremonyError::Malformed);
                }
                Ok(Self::Rsa { n, e })
            }
            _ => Err(CeremonyError::OtherAlgorithm),
        }
    }

    /// Whether `signature` is this key's over `message`. ECDSA signatures are ASN.1, section 6.5.6.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), CeremonyError> {
        let verified = match self {
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
        };
        verified.map_err(|_| CeremonyError::WrongSignature)
    }

    /// As it is stored: one byte for the kind, then the key.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::P256(point) => [&[1], point.as_slice()].concat(),
            Self::Ed25519(key) => [&[2], key.as_slice()].concat(),
            Self::Rsa { n, e } => [&[3, e.len() as u8], e.as_slice(), n].concat(),
        }
    }

    /// From storage; `None` for bytes that [`PublicKey::to_bytes`] did not write.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, key) = bytes.split_first()?;
        match kind {
            1 => Some(Self::P256(key.to_vec())),
            2 => Some(Self::Ed25519(key.to_vec())),
            3 => {
                let (length, rest) = key.split_first()?;
                let (e, n) = rest.split_at_checked(usize::from(*length))?;
                let (n, e) = (n.to_vec(), e.to_vec());
                Some(Self::Rsa { n, e })
            }
            _ => None,
        }
    }
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
