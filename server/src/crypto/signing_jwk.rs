//! The published public half of a signing key: RFC 7517, RFC 7638, RFC 8037.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::DecodingKey;
use serde::Serialize;

use super::{secret::Digest256, signing_algorithm::SigningAlgorithm, signing_key::BadKey};

/// The parameters of a public key, in base64url.
pub(super) enum PublicPart {
    Rsa { n: String, e: String },
    Ec { x: String, y: String },
    Okp { x: String },
}

impl PublicPart {
    pub(super) fn jwk(self, algorithm: SigningAlgorithm) -> Jwk {
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
    pub(super) kty: &'static str,
    #[serde(rename = "use")]
    pub(super) usage: &'static str,
    pub(super) alg: &'static str,
    pub(super) kid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) y: Option<String>,
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

    pub(super) fn verifier(&self) -> Result<DecodingKey, BadKey> {
        let key = match (&self.n, &self.e, &self.x, &self.y) {
            (Some(n), Some(e), ..) => DecodingKey::from_rsa_components(n, e),
            (.., Some(x), Some(y)) => DecodingKey::from_ec_components(x, y),
            (.., Some(x), None) => DecodingKey::from_ed_components(x),
            _ => return Err(BadKey),
        };
        key.map_err(|_| BadKey)
    }
}
