//! Signing keys and signed tokens: RFC 7515, 7517, 7519, and the access tokens of RFC 9068.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
};

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
use doorward_shared::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    secret::Digest256,
    token::{AccessClaims, AccessToken},
};

/// How much later than now, or than its key stopped signing, a token may have been issued, in seconds: the clock may have
/// been set back between two runs, and a rotation takes a moment. No token lives longer by it.
const ISSUED_LATE: i64 = 5;
/// Longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

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

    fn jwa(self) -> Algorithm {
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

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    Invalid,
    /// Everything else about it is right. Its claims, so that "revoked" can win over "expired".
    Expired(Arc<AccessToken>),
}

/// A key pair, parsed once: a signature costs only the signature.
enum KeyMaterial {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
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
        let (material, kty, crv, parts) = match algorithm {
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| BadKey)?;
                let public = pair.public_key();
                let n = BASE64.encode(public.modulus().big_endian_without_leading_zero());
                let e = BASE64.encode(public.exponent().big_endian_without_leading_zero());
                (
                    KeyMaterial::Rsa(Box::new(pair)),
                    "RSA",
                    None,
                    [Some(n), Some(e), None, None],
                )
            }
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                    .map_err(|_| BadKey)?;
                // An uncompressed point: 0x04, then both coordinates.
                let point = pair.public_key().as_ref().to_vec();
                let (x, y) = (
                    point.get(1..33).ok_or(BadKey)?,
                    point.get(33..65).ok_or(BadKey)?,
                );
                let parts = [None, None, Some(BASE64.encode(x)), Some(BASE64.encode(y))];
                (KeyMaterial::Ecdsa(pair), "EC", Some("P-256"), parts)
            }
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| BadKey)?;
                let x = BASE64.encode(pair.public_key().as_ref());
                (
                    KeyMaterial::Ed25519(pair),
                    "OKP",
                    Some("Ed25519"),
                    [None, None, Some(x), None],
                )
            }
        };
        let [n, e, x, y] = parts;
        let mut jwk = Jwk {
            kty,
            usage: "sig",
            alg: algorithm.as_str(),
            kid: String::new(),
            crv,
            n,
            e,
            x,
            y,
        };
        jwk.kid = jwk.thumbprint();
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

    #[cfg(test)]
    pub(super) fn jwk(&self) -> &Jwk {
        &self.jwk
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

/// A key of the ring.
#[derive(Debug, Clone)]
pub struct RingKey {
    pub key: Arc<SigningKey>,
    /// When it leaves the JWKS; none for the one that signs.
    pub retires_at: Option<Timestamp>,
    /// When it stopped signing; none for the one that signs.
    pub stopped_at: Option<Timestamp>,
}

impl RingKey {
    /// Whether it may have signed a token that says it was issued then, in seconds.
    fn signed_at(&self, issued: i64) -> bool {
        let last = |stopped: Timestamp| stopped.plus_seconds(ISSUED_LATE).0;
        self.stopped_at
            .is_none_or(|stopped| issued.saturating_mul(1000) <= last(stopped))
    }
}

#[derive(Debug)]
struct Ring {
    /// Which ring this is: what an earlier one has verified is verified anew.
    number: u64,
    keys: Vec<RingKey>,
    jwks: Arc<str>,
    /// The header of each token type, encoded.
    access_header: String,
    id_header: String,
    logout_header: String,
}

impl Ring {
    fn new(number: u64, keys: Vec<RingKey>) -> Result<Self, BadKey> {
        #[derive(Serialize)]
        struct Jwks<'a> {
            keys: Vec<&'a Jwk>,
        }
        let jwks = Jwks {
            keys: keys.iter().map(|key| &key.key.jwk).collect(),
        };
        let jwks = serde_json::to_string(&jwks).map_err(|_| BadKey)?;
        let active = keys
            .iter()
            .find(|key| key.retires_at.is_none())
            .ok_or(BadKey)?;
        let (alg, kid) = (active.key.algorithm, active.key.kid());
        let header =
            |typ| BASE64.encode(format!(r#"{{"typ":"{typ}","alg":"{alg}","kid":"{kid}"}}"#));
        let (access_header, id_header) = (header("at+jwt"), header("JWT"));
        let logout_header = header("logout+jwt");
        Ok(Self {
            number,
            jwks: jwks.into(),
            access_header,
            id_header,
            logout_header,
            keys,
        })
    }

    fn active(&self) -> Result<&SigningKey, SignError> {
        self.keys
            .iter()
            .find(|key| key.retires_at.is_none())
            .map(|key| &*key.key)
            .ok_or(SignError)
    }
}

/// The type of a token, its header's `typ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// `at+jwt`, RFC 9068 section 2.1.
    Access,
    /// `JWT`: an OpenID Connect ID token.
    Id,
    /// `logout+jwt`, OIDC Back-Channel Logout section 2.4.
    Logout,
}

/// The keys there are: one signs, those before it still verify.
#[derive(Debug, Clone)]
pub struct KeyRing(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ring: RwLock<Arc<Ring>>,
    issuer: String,
    /// Tokens whose signature was seen to be right, by hash, and the ring that saw it. Whether one is still good is asked
    /// each time.
    verified: Cache<Digest256, (u64, Arc<AccessToken>)>,
}

#[derive(Deserialize)]
struct IssuedAt {
    iat: i64,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde::de::IgnoredAny>,
}

impl KeyRing {
    /// A ring of these keys, exactly one of which signs. `remembered` bounds the verified tokens kept in memory.
    ///
    /// # Errors
    /// [`BadKey`] when none signs.
    pub fn new(keys: Vec<RingKey>, issuer: String, remembered: usize) -> Result<Self, BadKey> {
        let ring = RwLock::new(Arc::new(Ring::new(0, keys)?));
        Ok(Self(Arc::new(Inner {
            ring,
            issuer,
            verified: Cache::new(remembered),
        })))
    }

    /// Puts other keys in their place. Tokens verified before are looked at anew.
    ///
    /// # Errors
    /// [`BadKey`] when none signs; the ring stays as it was.
    pub fn replace(&self, keys: Vec<RingKey>) -> Result<(), BadKey> {
        self.change(|_| keys)
    }

    /// Takes a key that does not sign out. What it signed is not valid from now on.
    ///
    /// # Errors
    /// [`BadKey`] for the one that signs; the ring stays as it was.
    pub fn remove(&self, kid: &str) -> Result<(), BadKey> {
        self.change(|ring| {
            let others = ring.keys.iter().filter(|key| key.key.kid() != kid);
            others.cloned().collect()
        })
    }

    fn change(&self, keys: impl FnOnce(&Ring) -> Vec<RingKey>) -> Result<(), BadKey> {
        let mut ring = self.0.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Arc::new(Ring::new(ring.number + 1, keys(&ring))?);
        drop(ring);
        self.0.verified.clear();
        Ok(())
    }

    fn ring(&self) -> Arc<Ring> {
        self.0
            .ring
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The issuer all tokens name.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The public keys, RFC 7517 section 5.
    pub fn jwks(&self) -> Arc<str> {
        self.ring().jwks.clone()
    }

    /// What new tokens are signed with.
    pub fn algorithm(&self) -> Option<SigningAlgorithm> {
        self.ring().active().ok().map(SigningKey::algorithm)
    }

    /// Signs claims.
    ///
    /// # Errors
    /// [`SignError`] when the library refuses.
    pub fn sign<T: Serialize>(&self, kind: TokenType, claims: &T) -> Result<String, SignError> {
        let ring = self.ring();
        let header = match kind {
            TokenType::Access => &ring.access_header,
            TokenType::Id => &ring.id_header,
            TokenType::Logout => &ring.logout_header,
        };
        let payload = serde_json::to_vec(claims).map_err(|_| SignError)?;
        let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 360);
        token.push_str(header);
        token.push('.');
        BASE64.encode_string(payload, &mut token);
        let signature = ring.active()?.sign(token.as_bytes())?;
        token.push('.');
        BASE64.encode_string(signature, &mut token);
        Ok(token)
    }

    /// Verifies an access token that is meant for this server.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify_access(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<AccessToken>, TokenError> {
        let claims = self.verify_any_audience(token, now)?;
        if claims.aud.contains(&self.0.issuer) {
            Ok(claims)
        } else {
            Err(TokenError::Invalid)
        }
    }

    /// Verifies an access token for whatever audience: for introspection and revocation.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify_any_audience(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<AccessToken>, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Invalid);
        }
        let hash = Digest256::of(token.as_bytes());
        let ring = self.ring();
        let known = self.0.verified.get(&hash);
        let claims = match known.filter(|(number, _)| *number == ring.number) {
            Some((_, claims)) => claims,
            None => {
                let claims = try_verify::<AccessClaims>(&ring, token, TokenType::Access);
                let token = claims.and_then(AccessToken::read);
                let claims = Arc::new(token.ok_or(TokenError::Invalid)?);
                self.0.verified.insert(hash, (ring.number, claims.clone()));
                claims
            }
        };
        let now = now.seconds();
        if claims.iss != self.0.issuer
            || claims.sub.is_empty()
            || claims.iat > now.saturating_add(ISSUED_LATE)
        {
            return Err(TokenError::Invalid);
        }
        if claims.exp <= now {
            Err(TokenError::Expired(claims))
        } else {
            Ok(claims)
        }
    }

    /// Checks header and signature, and reads the claims; not whether they are good now.
    ///
    /// # Errors
    /// [`TokenError::Invalid`].
    pub fn verify_signed<T: serde::de::DeserializeOwned>(
        &self,
        token: &str,
        kind: TokenType,
    ) -> Result<T, TokenError> {
        try_verify(&self.ring(), token, kind).ok_or(TokenError::Invalid)
    }
}

fn try_verify<T: serde::de::DeserializeOwned>(
    ring: &Ring,
    token: &str,
    kind: TokenType,
) -> Option<T> {
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let header: Header = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
    let typ = header.typ.as_deref()?;
    let typ_ok = match kind {
        TokenType::Access => {
            typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
        }
        TokenType::Id => typ.eq_ignore_ascii_case("JWT"),
        TokenType::Logout => typ.eq_ignore_ascii_case("logout+jwt"),
    };
    // RFC 7515 section 4.1.11: we understand no extension.
    if !typ_ok || header.crit.is_some() {
        return None;
    }
    let kid = header.kid?;
    let known = ring.keys.iter().find(|key| key.key.kid() == kid)?;
    let key = &known.key;
    // The algorithm is the key's. What the header says must agree, and decides nothing.
    if header.alg != key.algorithm.as_str() {
        return None;
    }
    // Only the canonical spelling of a signature: two texts of one token would be two entries everywhere.
    if BASE64.encode(BASE64.decode(signature).ok()?) != signature {
        return None;
    }
    let right = jsonwebtoken::crypto::verify(
        signature,
        message.as_bytes(),
        &key.verifier,
        key.algorithm.jwa(),
    );
    if !right.ok()? {
        return None;
    }
    let payload = BASE64.decode(payload).ok()?;
    let issued: IssuedAt = serde_json::from_slice(&payload).ok()?;
    // Whoever has got hold of an old key can sign anything, but not in the past that it signed in.
    if !known.signed_at(issued.iat) {
        return None;
    }
    serde_json::from_slice(&payload).ok()
}
