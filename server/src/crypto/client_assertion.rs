//! Client assertions: JWTs signed with a client's own key for client authentication, RFC 7523 section 3.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse},
};
use serde::Deserialize;

use super::{access_token::Audience, client_jwks, secret::Digest256};

/// Maximum lifetime of an assertion, in seconds: an hour.
const MAX_SECONDS: i64 = 3600;
/// Maximum lead of a client's clock, in seconds.
const AHEAD: i64 = 60;
/// Maximum size of an assertion, in bytes.
const MAX_BYTES: usize = 8 * 1024;
/// Maximum size of a `jti`, in bytes.
const MAX_JTI: usize = 256;

/// Expected contents of an assertion.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The client's id.
    pub client: &'a str,
    /// The assertion must name one of these.
    pub audiences: &'a [String],
    /// Seconds since 1970.
    pub now: i64,
}

/// A valid assertion. The caller checks that it has not been used before.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    pub jti: String,
    /// Seconds since 1970.
    pub expires: i64,
    /// Fingerprint of the key that signed it.
    pub mark: Digest256,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    jti: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde::de::IgnoredAny>,
}

fn part<T: serde::de::DeserializeOwned>(token: &str, at: usize) -> Option<T> {
    let text = token.split('.').nth(at)?;
    serde_json::from_slice(&BASE64.decode(text).ok()?).ok()
}

/// The client that an assertion claims to be from, unverified.
pub fn claimed_client(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Subject {
        sub: String,
    }
    if token.len() > MAX_BYTES {
        return None;
    }
    part::<Subject>(token, 1).map(|claims| claims.sub)
}

/// Whether the key set may be outdated: none of its keys has the `kid` of the assertion.
pub fn lacks_key(token: &str, keys: &JwkSet) -> bool {
    let kid = part::<Header>(token, 0).and_then(|header| header.kid);
    kid.is_some_and(|kid| keys.find(&kid).is_none())
}

/// Verifies an assertion. Only algorithms of the key's type are accepted.
///
/// # Errors
/// A message for operators.
pub fn verify(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
) -> Result<Accepted, &'static str> {
    if token.len() > MAX_BYTES {
        return Err("the client assertion is too long");
    }
    let header: Header = part(token, 0).ok_or("the client assertion is not a JWT")?;
    if header.crit.is_some() {
        return Err("the client assertion has critical headers that are not understood");
    }
    let named = |key: &&Jwk| match (&header.kid, &key.common.key_id) {
        (Some(wanted), Some(kid)) => wanted == kid,
        (Some(_), None) => keys.keys.len() == 1,
        (None, _) => true,
    };
    let (claims, key) = keys
        .keys
        .iter()
        .filter(named)
        .find_map(|key| Some((signed_by(token, key, &header.alg)?, key)))
        .ok_or("the client assertion's signature matches none of the client's keys")?;
    check(claims, client_jwks::mark(key), expected)
}

/// The claims, if this key signed them.
fn signed_by(token: &str, key: &Jwk, alg: &str) -> Option<Claims> {
    if key.common.public_key_use == Some(PublicKeyUse::Encryption) {
        return None;
    }
    let fits = |algorithm: &&(&str, Algorithm)| algorithm.0 == alg;
    let (_, algorithm) = algorithms(key).iter().find(fits)?;
    let registered = key.common.key_algorithm.map(|known| known.to_string());
    if registered.is_some_and(|known| known != alg) {
        return None;
    }
    let mut validation = Validation::new(*algorithm);
    // Everything is checked below, against our own clock.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_jwk(key).ok()?;
    let decoded = decode::<Claims>(token, &key, &validation).ok()?;
    Some(decoded.claims)
}

fn algorithms(key: &Jwk) -> &'static [(&'static str, Algorithm)] {
    match &key.algorithm {
        AlgorithmParameters::RSA(_) => &[
            ("RS256", Algorithm::RS256),
            ("RS384", Algorithm::RS384),
            ("RS512", Algorithm::RS512),
            ("PS256", Algorithm::PS256),
            ("PS384", Algorithm::PS384),
            ("PS512", Algorithm::PS512),
        ],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => &[("ES256", Algorithm::ES256)],
            EllipticCurve::P384 => &[("ES384", Algorithm::ES384)],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            &[("EdDSA", Algorithm::EdDSA)]
        }
        _ => &[],
    }
}

/// Signing algorithms of assertions, for the metadata.
pub const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

fn check(
    claims: Claims,
    mark: Digest256,
    expected: &Expected<'_>,
) -> Result<Accepted, &'static str> {
    let now = expected.now;
    if claims.iss != expected.client || claims.sub != expected.client {
        return Err("the client assertion is of another client");
    }
    if !expected
        .audiences
        .iter()
        .any(|audience| claims.aud.contains(audience))
    {
        return Err("the client assertion names neither the issuer nor the token endpoint");
    }
    if claims.exp <= now {
        return Err("the client assertion has expired");
    }
    if claims.exp > now.saturating_add(MAX_SECONDS) {
        return Err("the client assertion's lifetime exceeds one hour");
    }
    let ahead = |at: Option<i64>| at.is_some_and(|at| at > now.saturating_add(AHEAD));
    if ahead(claims.nbf) || ahead(claims.iat) {
        return Err("the client assertion is not valid yet (nbf)");
    }
    if claims.jti.is_empty() || claims.jti.len() > MAX_JTI {
        return Err("the client assertion needs a jti of at most 256 bytes");
    }
    Ok(Accepted {
        mark,
        jti: claims.jti,
        expires: claims.exp,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::key_ring::{SigningAlgorithm, SigningKey};

    const NOW: i64 = 1_764_000_000;

    struct Signer(SigningKey);

    impl Signer {
        fn new(algorithm: SigningAlgorithm) -> Self {
            let pkcs8 = SigningKey::generate(algorithm).unwrap();
            Self(SigningKey::from_pkcs8(algorithm, &pkcs8).unwrap())
        }

        fn keys(&self) -> JwkSet {
            let jwk = serde_json::to_value(self.0.jwk()).unwrap();
            serde_json::from_value(serde_json::json!({ "keys": [jwk] })).unwrap()
        }

        fn token(&self, header: serde_json::Value, claims: serde_json::Value) -> String {
            let encode = |value: serde_json::Value| BASE64.encode(value.to_string());
            let message = format!("{}.{}", encode(header), encode(claims));
            let signature = self.0.sign(message.as_bytes()).unwrap();
            format!("{message}.{}", BASE64.encode(signature))
        }
    }

    fn right() -> serde_json::Value {
        serde_json::json!({
            "iss": "client_x", "sub": "client_x", "aud": "https://auth.example",
            "exp": NOW + 60, "iat": NOW, "jti": "one",
        })
    }

    fn validated(
        signer: &Signer,
        header: serde_json::Value,
        claims: serde_json::Value,
    ) -> Result<Accepted, &'static str> {
        let audiences = [
            "https://auth.example".to_owned(),
            "https://auth.example/oauth/token".to_owned(),
        ];
        let expected = Expected {
            client: "client_x",
            audiences: &audiences,
            now: NOW,
        };
        verify(&signer.token(header, claims), &signer.keys(), &expected)
    }

    #[test]
    fn each_kind_of_key_signs_with_its_own_algorithm() {
        for (algorithm, alg) in [
            (SigningAlgorithm::Es256, "ES256"),
            (SigningAlgorithm::EdDsa, "EdDSA"),
            (SigningAlgorithm::Rs256, "RS256"),
        ] {
            let signer = Signer::new(algorithm);
            let header = serde_json::json!({ "alg": alg, "kid": signer.0.kid() });
            let accepted = validated(&signer, header, right()).unwrap();
            assert_eq!((accepted.jti.as_str(), accepted.expires), ("one", NOW + 60));
            for other in ["none", "HS256", "RS512", ""] {
                let header = serde_json::json!({ "alg": other });
                assert!(
                    validated(&signer, header, right()).is_err(),
                    "{alg} {other}"
                );
            }
        }
    }

    #[test]
    fn each_claim_is_asked_for() {
        let signer = Signer::new(SigningAlgorithm::EdDsa);
        let of = |name: &str, value: serde_json::Value| {
            let mut claims = right();
            claims[name] = value;
            validated(&signer, serde_json::json!({ "alg": "EdDSA" }), claims)
        };
        let endpoint = "https://auth.example/oauth/token";
        assert!(of("aud", endpoint.into()).is_ok());
        assert!(of("aud", serde_json::json!(["x", endpoint])).is_ok());
        assert!(of("exp", (NOW + 3600).into()).is_ok());
        for (name, value) in [
            ("iss", "client_y".into()),
            ("sub", "client_y".into()),
            ("aud", "https://other.example".into()),
            ("aud", "https://auth.example/".into()),
            ("exp", NOW.into()),
            ("exp", (NOW + 3601).into()),
            ("exp", i64::MAX.into()),
            ("nbf", (NOW + 61).into()),
            ("iat", (NOW + 61).into()),
            ("jti", "".into()),
            ("jti", "x".repeat(257).into()),
            ("jti", serde_json::Value::Null),
        ] {
            assert!(of(name, value.clone()).is_err(), "{name} {value}");
        }
        let other = Signer::new(SigningAlgorithm::EdDsa);
        let token = other.token(serde_json::json!({ "alg": "EdDSA" }), right());
        let expected = Expected {
            client: "client_x",
            audiences: &["https://auth.example".to_owned()],
            now: NOW,
        };
        assert!(verify(&token, &signer.keys(), &expected).is_err());
        let crit = serde_json::json!({ "alg": "EdDSA", "crit": ["x"] });
        assert!(validated(&signer, crit, right()).is_err());
    }
}
