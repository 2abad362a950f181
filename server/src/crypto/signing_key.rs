//! A token signing key.

use std::fmt;

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
use jsonwebtoken::DecodingKey;
use zeroize::Zeroizing;

use super::{
    signing_algorithm::SigningAlgorithm,
    signing_jwk::{Jwk, PublicPart},
};

/// A key that cannot be created or parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key is broken")]
pub struct BadKey;

/// The library failed to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signing failed")]
pub struct SignError;

/// A key pair, parsed once, so that each signature costs no parsing.
enum KeyMaterial {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl KeyMaterial {
    /// Parses a PKCS #8 key and its public half.
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

/// A signing key with its public half.
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
    /// Generates a key; returns its PKCS #8 form. RSA takes some 100 ms: not for an async worker.
    ///
    /// # Errors
    /// [`BadKey`] if the library fails.
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

    /// Parses a PKCS #8 key.
    ///
    /// # Errors
    /// [`BadKey`] if it is not a key of this algorithm.
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

    /// Its algorithm.
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
