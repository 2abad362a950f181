//! A key that signs tokens, and its public half: RFC 7517, RFC 7638, RFC 8037.

use std::{fmt, str::FromStr};

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Serialize;
use zeroize::Zeroizing;

use super::secret::Digest256;

/// What signs tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 and 2048 bits.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl SigningAlgorithm {
    /// Its name in `alg`, RFC 7518 section 3.1 and RFC 8037.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(super) fn jwa(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

impl FromStr for SigningAlgorithm {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "RS256" => Ok(Self::Rs256),
            "ES256" => Ok(Self::Es256),
            "EdDSA" => Ok(Self::EdDsa),
            _ => Err("must be RS256, ES256 or EdDSA"),
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A key that cannot be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key is broken")]
pub struct BadKey;

/// Signing failed: the library refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signing failed")]
pub struct SignError;

/// A key pair, parsed once: a signature costs only the signature.
enum KeyMaterial {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl KeyMaterial {
    /// Reads a PKCS #8 key, with what is public of it.
    fn read(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<(Self, PublicPart), BadKey> {
        match algorithm {
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| BadKey)?;
                let public = pair.public_key();
                let part = PublicPart::Rsa {
                    n: BASE64.encode(public.modulus().big_endian_without_leading_zero()),
                    e: BASE64.encode(public.exponent().big_endian_without_leading_zero()),
                };
                Ok((Self::Rsa(Box::new(pair)), part))
            }
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                    .map_err(|_| BadKey)?;
                // An uncompressed point: 0x04, then both coordinates.
                let point = pair.public_key().as_ref();
                let coordinate = |range| point.get(range).map(|bytes| BASE64.encode(bytes));
                let part = PublicPart::Ec {
                    x: coordinate(1..33).ok_or(BadKey)?,
                    y: coordinate(33..65).ok_or(BadKey)?,
                };
                Ok((Self::Ecdsa(pair), part))
            }
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| BadKey)?;
                let part = PublicPart::Okp {
                    x: BASE64.encode(pair.public_key().as_ref()),
                };
                Ok((Self::Ed25519(pair), part))
            }
        }
    }
}

/// The numbers of a public key, in base64url.
enum PublicPart {
    Rsa { n: String, e: String },
    Ec { x: String, y: String },
    Okp { x: String },
}

impl PublicPart {
    fn jwk(self, algorithm: SigningAlgorithm) -> Jwk {
        let empty = Jwk {
            kty: "",
            usage: "sig",
            alg: algorithm.as_str(),
            kid: String::new(),
            crv: None,
            n: None,
            e: None,
            x: None,
            y: None,
        };
        let mut jwk = match self {
            Self::Rsa { n, e } => Jwk {
                kty: "RSA",
                n: Some(n),
                e: Some(e),
                ..empty
            },
            Self::Ec { x, y } => Jwk {
                kty: "EC",
                crv: Some("P-256"),
                x: Some(x),
                y: Some(y),
                ..empty
            },
            Self::Okp { x } => Jwk {
                kty: "OKP",
                crv: Some("Ed25519"),
                x: Some(x),
                ..empty
            },
        };
        jwk.kid = jwk.thumbprint();
        jwk
    }
}

/// A public key, RFC 7517 section 4.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Jwk {
    kty: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    kid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

/// A key that may sign, with its public half.
pub struct SigningKey {
    algorithm: SigningAlgorithm,
    material: KeyMaterial,
    jwk: Jwk,
    verifier: DecodingKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.jwk.kid)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes a key; answers its PKCS #8 form. RSA takes some 100 ms: not for an async worker.
    ///
    /// # Errors
    /// [`BadKey`] when the library refuses.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Zeroizing<Vec<u8>>, BadKey> {
        let rng = SystemRandom::new();
        let document = match algorithm {
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| BadKey)?;
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().map_err(|_| BadKey)?;
                der.as_ref().to_vec()
            }
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng)
                    .map_err(|_| BadKey)?
                    .as_ref()
                    .to_vec()
            }
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&rng)
                .map_err(|_| BadKey)?
                .as_ref()
                .to_vec(),
        };
        Ok(Zeroizing::new(document))
    }

    /// Reads a PKCS #8 key.
    ///
    /// # Errors
    /// [`BadKey`] when it is not one of this algorithm.
    pub fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, BadKey> {
        let (material, public) = KeyMaterial::read(algorithm, pkcs8)?;
        let jwk = public.jwk(algorithm);
        let verifier = jwk.verifier()?;
        Ok(Self {
            algorithm,
            material,
            jwk,
            verifier,
        })
    }

    /// RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.jwk.kid
    }

    /// What it signs with.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Its public half.
    pub(super) fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Its public half, parsed for [`jsonwebtoken`].
    pub(super) fn verifier(&self) -> &DecodingKey {
        &self.verifier
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let rng = SystemRandom::new();
        match &self.material {
            KeyMaterial::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature)
                    .map_err(|_| SignError)?;
                Ok(signature)
            }
            KeyMaterial::Ecdsa(pair) => Ok(pair
                .sign(&rng, message)
                .map_err(|_| SignError)?
                .as_ref()
                .to_vec()),
            KeyMaterial::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

impl Jwk {
    /// RFC 7638 section 3: the required members in lexical order, without white space.
    fn thumbprint(&self) -> String {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let canonical = match self.kty {
            "RSA" => format!(
                r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                text(&self.e),
                text(&self.n)
            ),
            "EC" => format!(
                r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                text(&self.x),
                text(&self.y)
            ),
            _ => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(&self.x)),
        };
        BASE64.encode(Digest256::of(canonical.as_bytes()).0)
    }

    fn verifier(&self) -> Result<DecodingKey, BadKey> {
        let key = match (&self.n, &self.e, &self.x, &self.y) {
            (Some(n), Some(e), ..) => DecodingKey::from_rsa_components(n, e),
            (.., Some(x), Some(y)) => DecodingKey::from_ec_components(x, y),
            (.., Some(x), None) => DecodingKey::from_ed_components(x),
            _ => return Err(BadKey),
        };
        key.map_err(|_| BadKey)
    }
}
