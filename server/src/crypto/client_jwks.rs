//! Public keys of clients: JWK sets, RFC 7517 section 5.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet};

use super::secret::Digest256;
use crate::domain::client_uris::MAX_JWKS;

/// Maximum keys of a set: they are tried one after the other.
const MAX_KEYS: usize = 20;

/// Parses a set. A key of an unsupported type makes the whole set invalid.
///
/// # Errors
/// A message with the cause.
pub fn parse(text: &str) -> Result<JwkSet, String> {
    if text.len() > MAX_JWKS {
        return Err("must be at most 16 KiB".into());
    }
    let set: JwkSet =
        serde_json::from_str(text).map_err(|error| format!("is not a JWK set: {error}"))?;
    if set.keys.is_empty() || set.keys.len() > MAX_KEYS {
        return Err(format!("must hold 1 to {MAX_KEYS} keys"));
    }
    Ok(set)
}

/// Fingerprint of a key, stored with the tokens a client gets with it: a digest of the key, independent of its `kid`.
pub fn mark(key: &Jwk) -> Digest256 {
    Digest256::of(&serde_json::to_vec(&key.algorithm).unwrap_or_default())
}

/// Fingerprints of a client's registered keys: one per key of a set, or a single one for a `jwks_uri`, whose keys may
/// change at any time.
pub fn marks(jwks: Option<&str>, jwks_uri: Option<&str>) -> Vec<Digest256> {
    let listed = jwks.and_then(|text| parse(text).ok());
    let listed = listed.iter().flat_map(|set| set.keys.iter().map(mark));
    let fetched = jwks_uri.map(|uri| Digest256::of(uri.as_bytes()));
    listed.chain(fetched).collect()
}

/// Checks that a set may be registered: public keys only.
///
/// # Errors
/// A message with the cause.
pub fn check(text: &str) -> Result<(), String> {
    let set = parse(text)?;
    let raw: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let private = ["d", "p", "q", "dp", "dq", "qi", "k"];
    let keys = raw["keys"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let is_secret = |key: &serde_json::Value| private.iter().any(|name| key.get(name).is_some());
    if keys.iter().any(is_secret) {
        return Err("must hold public keys alone".into());
    }
    let is_public = |key: &Jwk| !matches!(key.algorithm, AlgorithmParameters::OctetKey(_));
    if set.keys.iter().all(is_public) {
        Ok(())
    } else {
        Err("must hold RSA, EC or OKP keys".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

    #[test]
    fn only_public_keys_are_registered() {
        assert_eq!(check(&format!("{{\"keys\":[{EC}]}}")), Ok(()));
        let private = EC.replace("\"kty\"", "\"d\":\"AA\",\"kty\"");
        for bad in [
            "{}".to_owned(),
            "[]".into(),
            "{\"keys\":[]}".into(),
            format!("{{\"keys\":[{private}]}}"),
            "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}".into(),
            format!("{{\"keys\":[{}]}}", vec![EC; 21].join(",")),
        ] {
            assert!(check(&bad).is_err(), "{bad}");
        }
    }
}
