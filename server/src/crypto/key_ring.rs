//! The signing key ring: signs and verifies JWTs (RFC 7515, RFC 7519), including the access tokens of RFC 9068.

use std::sync::{Arc, PoisonError, RwLock};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use doorward_shared::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    access_token::{AccessClaims, AccessToken, TermsInUse},
    secret::Digest256,
    signing_jwk::Jwk,
};
pub use super::{
    signing_algorithm::SigningAlgorithm,
    signing_key::{BadKey, SignError, SigningKey},
};
use crate::cache::{Cache, cache};

/// Tolerance in seconds for an `iat` later than now or than the end of its key's use: the clock may have been set back
/// between two runs, and a rotation takes a moment. It does not extend a token's lifetime.
const ISSUED_LATE: i64 = 5;
/// Size of the cache of recently rejected tokens, in bytes.
const REFUSED_BYTES: usize = 512 * 1024;
/// Maximum size of a token to examine, in bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why a token is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    Invalid,
    /// The token is otherwise valid. Contains its claims, so that "revoked" takes precedence over "expired".
    Expired(AccessToken),
    /// The key was revoked together with all tokens it signed.
    Withdrawn,
}

/// A key of the ring.
#[derive(Debug, Clone)]
pub struct RingKey {
    pub key: Arc<SigningKey>,
    /// When it leaves the JWKS; `None` for the signing key.
    pub retires_at: Option<Timestamp>,
    /// When it stopped signing; `None` for the signing key.
    pub stopped_at: Option<Timestamp>,
    /// Whether its tokens are recognized as revoked. Such a key is not published.
    pub is_revoked: bool,
}

impl RingKey {
    /// Whether it may have signed a token issued at this time, in seconds.
    fn signed_at(&self, issued: i64) -> bool {
        let last = |stopped: Timestamp| stopped.plus_seconds(ISSUED_LATE).0;
        self.stopped_at
            .is_none_or(|stopped| issued.saturating_mul(1000) <= last(stopped))
    }
}

#[derive(Debug)]
struct Ring {
    /// Version of the ring: tokens verified by an earlier one are verified again.
    number: u32,
    keys: Vec<RingKey>,
    jwks: Arc<str>,
    /// Encoded header of each token type.
    access_header: String,
    id_header: String,
    logout_header: String,
}

impl Ring {
    fn new(number: u32, keys: Vec<RingKey>) -> Result<Self, BadKey> {
        #[derive(Serialize)]
        struct Jwks<'a> {
            keys: Vec<&'a Jwk>,
        }
        let jwks = Jwks {
            keys: keys
                .iter()
                .filter(|key| !key.is_revoked)
                .map(|key| key.key.jwk())
                .collect(),
        };
        let jwks = serde_json::to_string(&jwks).map_err(|_| BadKey)?;
        let active = keys
            .iter()
            .find(|key| key.retires_at.is_none())
            .ok_or(BadKey)?;
        let (alg, kid) = (active.key.algorithm(), active.key.kid());
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

/// The signing keys: one signs, earlier ones still verify.
#[derive(Debug, Clone)]
pub struct KeyRing(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ring: RwLock<Arc<Ring>>,
    issuer: String,
    /// Tokens with a verified signature, by hash. Other checks are made on each use.
    verified: Cache<Digest256, AccessToken>,
    /// Tokens that no key of a ring has signed, by hash, with the ring's version: repeated requests with one cost a
    /// single signature check.
    refused: Cache<Digest256, u32>,
    terms: TermsInUse,
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
    /// Creates a ring of these keys, exactly one of which signs. Verified tokens are cached in at most `bytes`.
    ///
    /// # Errors
    /// [`BadKey`] if none signs.
    pub fn new(keys: Vec<RingKey>, issuer: String, bytes: usize) -> Result<Self, BadKey> {
        let ring = RwLock::new(Arc::new(Ring::new(0, keys)?));
        Ok(Self(Arc::new(Inner {
            ring,
            issuer,
            verified: cache(bytes, 0),
            refused: cache(REFUSED_BYTES, 0),
            terms: TermsInUse::default(),
        })))
    }

    /// Replaces the keys. Cached tokens are verified again.
    ///
    /// # Errors
    /// [`BadKey`] if none signs; the ring is unchanged.
    pub fn replace(&self, keys: Vec<RingKey>) -> Result<(), BadKey> {
        self.change(|_| keys)
    }

    /// Removes a key that does not sign. The tokens it signed are no longer valid.
    ///
    /// # Errors
    /// [`BadKey`] for the signing key; the ring is unchanged.
    pub fn remove(&self, kid: &str) -> Result<(), BadKey> {
        self.change(|ring| {
            let others = ring.keys.iter().filter(|key| key.key.kid() != kid);
            others.cloned().collect()
        })
    }

    fn change(&self, keys: impl FnOnce(&Ring) -> Vec<RingKey>) -> Result<(), BadKey> {
        let mut ring = self.0.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Arc::new(Ring::new(ring.number.wrapping_add(1), keys(&ring))?);
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

    /// The issuer of all tokens.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The public keys, RFC 7517 section 5.
    pub fn jwks(&self) -> Arc<str> {
        self.ring().jwks.clone()
    }

    /// Algorithm of the signing key.
    pub fn algorithm(&self) -> Option<SigningAlgorithm> {
        self.ring().active().ok().map(SigningKey::algorithm)
    }

    /// Signs claims.
    ///
    /// # Errors
    /// [`SignError`] if the library fails.
    pub fn sign<T: Serialize>(&self, kind: TokenType, claims: &T) -> Result<String, SignError> {
        signed_by(&self.ring(), kind, claims)
    }

    /// Signs an access token and caches it as verified: a new token is soon used.
    ///
    /// # Errors
    /// [`SignError`] if the library fails.
    pub fn sign_access(&self, claims: AccessClaims) -> Result<String, SignError> {
        let ring = self.ring();
        let token = signed_by(&ring, TokenType::Access, &claims)?;
        if let Some(read) = AccessToken::read(claims, ring.number, &self.0.terms) {
            let hash = Digest256::of(token.as_bytes());
            self.0.verified.insert(hash, read);
        }
        Ok(token)
    }

    /// Verifies an access token whose audience is this server.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessToken, TokenError> {
        let token = self.verify_any_audience(token, now)?;
        if token.audience().contains(&self.0.issuer) {
            Ok(token)
        } else {
            Err(TokenError::Invalid)
        }
    }

    /// Verifies an access token for any audience: for introspection and revocation.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify_any_audience(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<AccessToken, TokenError> {
        // Two dots: anything that is not a JWT is not even hashed.
        if token.len() > MAX_TOKEN_BYTES || dots(token) != 2 {
            return Err(TokenError::Invalid);
        }
        let hash = Digest256::of(token.as_bytes());
        let ring = self.ring();
        let known = self.0.verified.get(&hash);
        let token = match known.filter(|known| known.ring == ring.number) {
            Some(known) => known,
            None => {
                if self.0.refused.get(&hash) == Some(ring.number) {
                    return Err(TokenError::Invalid);
                }
                let Some((token, key)) = self.first_seen(&ring, token) else {
                    self.0.refused.insert(hash, ring.number);
                    return Err(TokenError::Invalid);
                };
                if key.is_revoked {
                    return Err(TokenError::Withdrawn);
                }
                self.0.verified.insert(hash, token.clone());
                token
            }
        };
        let now = now.seconds();
        if token.iat() > now.saturating_add(ISSUED_LATE) {
            return Err(TokenError::Invalid);
        }
        if token.exp() <= now {
            Err(TokenError::Expired(token))
        } else {
            Ok(token)
        }
    }

    /// Verifies the signature of a token that is not cached; returns its claims and its key.
    fn first_seen<'a>(&self, ring: &'a Ring, token: &str) -> Option<(AccessToken, &'a RingKey)> {
        let (claims, key) = try_verify::<AccessClaims>(ring, token, TokenType::Access)?;
        if claims.iss != self.0.issuer {
            return None;
        }
        let read = AccessToken::read(claims, ring.number, &self.0.terms)?;
        Some((read, key))
    }

    /// Checks header and signature and parses the claims, without checking their validity in time.
    ///
    /// # Errors
    /// [`TokenError::Invalid`].
    pub fn verify_signed<T: serde::de::DeserializeOwned>(
        &self,
        token: &str,
        kind: TokenType,
    ) -> Result<T, TokenError> {
        match try_verify(&self.ring(), token, kind) {
            Some((claims, key)) if !key.is_revoked => Ok(claims),
            _ => Err(TokenError::Invalid),
        }
    }
}

fn signed_by<T: Serialize>(ring: &Ring, kind: TokenType, claims: &T) -> Result<String, SignError> {
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

/// Number of dots; a JWT has two.
fn dots(text: &str) -> usize {
    memchr::memchr_iter(b'.', text.as_bytes()).count()
}

fn try_verify<'a, T: serde::de::DeserializeOwned>(
    ring: &'a Ring,
    token: &str,
    kind: TokenType,
) -> Option<(T, &'a RingKey)> {
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
    // RFC 7515 section 4.1.11: no extension is supported.
    if !typ_ok || header.crit.is_some() {
        return None;
    }
    let kid = header.kid?;
    let known = ring.keys.iter().find(|key| key.key.kid() == kid)?;
    let key = &known.key;
    // The algorithm is that of the key. The header must match it, but does not choose it.
    if header.alg != key.algorithm().as_str() {
        return None;
    }
    // Only the canonical encoding of a signature: otherwise one token could have two cache entries.
    if BASE64.encode(BASE64.decode(signature).ok()?) != signature {
        return None;
    }
    let right = jsonwebtoken::crypto::verify(
        signature,
        message.as_bytes(),
        key.verifier(),
        key.algorithm().jwa(),
    );
    if !right.ok()? {
        return None;
    }
    let payload = BASE64.decode(payload).ok()?;
    let issued: IssuedAt = serde_json::from_slice(&payload).ok()?;
    // An attacker with an old key can sign anything, but not with an `iat` from the time when the key was in use.
    if !known.signed_at(issued.iat) {
        return None;
    }
    Some((serde_json::from_slice(&payload).ok()?, known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ulid::Ulid;

    use crate::crypto::access_token::Audience;

    const ISSUER: &str = "https://id.example.com";

    fn ring(pkcs8: &[u8]) -> KeyRing {
        let key = SigningKey::from_pkcs8(SigningAlgorithm::EdDsa, pkcs8).unwrap();
        let key = RingKey {
            key: Arc::new(key),
            retires_at: None,
            stopped_at: None,
            is_revoked: false,
        };
        KeyRing::new(vec![key], ISSUER.into(), 1 << 16).unwrap()
    }

    #[test]
    fn a_token_that_was_just_made_is_known_as_it_is_read_anew() {
        let pkcs8 = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
        let (own, other) = (ring(&pkcs8), ring(&pkcs8));
        let now = Timestamp::from_seconds(1_800_000_000);
        let id = Ulid::from_parts(1, 1);
        let claims = AccessClaims {
            iss: ISSUER.into(),
            sub: doorward_shared::UserId(id).to_string(),
            aud: Audience::new(vec![ISSUER.into()]),
            exp: now.seconds() + 60,
            iat: now.seconds(),
            jti: id.to_string().to_ascii_lowercase(),
            client_id: crate::crypto::access_token::FIRST_PARTY.into(),
            scope: "read write:orders".into(),
            sid: Some(doorward_shared::SessionId(id).to_string()),
            auth_time: Some(now.seconds()),
            amr: vec!["pwd".into()],
            acr: None,
        };
        let token = own.sign_access(claims).unwrap();
        assert_eq!((own.0.verified.len(), other.0.verified.len()), (1, 0));
        let known = own.verify_access(&token, now).unwrap();
        assert_eq!(known, other.verify_access(&token, now).unwrap());
        // Other keys did not sign it, whatever is cached.
        let foreign = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
        let key = SigningKey::from_pkcs8(SigningAlgorithm::EdDsa, &foreign).unwrap();
        let foreign = RingKey {
            key: Arc::new(key),
            retires_at: None,
            stopped_at: None,
            is_revoked: false,
        };
        own.replace(vec![foreign.clone()]).unwrap();
        assert_eq!(own.verify_access(&token, now), Err(TokenError::Invalid));
        // A revoked key is recognized and not published.
        let withdrawn = RingKey {
            retires_at: Some(now),
            stopped_at: Some(now),
            is_revoked: true,
            ..other.ring().keys[0].clone()
        };
        let published = own.jwks();
        own.replace(vec![foreign, withdrawn]).unwrap();
        assert_eq!(own.verify_access(&token, now), Err(TokenError::Withdrawn));
        assert_eq!(own.jwks(), published);
    }
}
