//! The ID token that goes with a code, OpenID Connect Core section 2.

use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_shared::ScopeSet;
use serde::Serialize;

use super::{OAuthError, token_issuance::Exchange};
use crate::{
    crypto::key_ring::{SigningAlgorithm, TokenType},
    domain::{AuthorizationCode, ClaimSet, PersonClaims, Session},
};

/// Claims of an ID token, OpenID Connect Core section 2.
#[derive(Debug, Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    auth_time: i64,
    amr: &'static [&'static str],
    acr: &'static str,
    at_hash: String,
    sid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(flatten)]
    person: PersonClaims,
}

impl Exchange {
    /// Claims about the user in an ID token: the individually requested ones, and those of the granted scopes if the
    /// client has them in ID tokens.
    pub(super) fn wanted_claims(&self, code: &AuthorizationCode, scope: &ScopeSet) -> ClaimSet {
        let asked = code.claims.id_token.within(&self.client.scopes);
        if self.client.policy.id_token_claims {
            ClaimSet::of_scopes(scope).union(asked)
        } else {
            asked
        }
    }

    pub(super) fn id_token(
        &self,
        session: &Session,
        code: &AuthorizationCode,
        person: PersonClaims,
        access_token: &str,
    ) -> Result<String, OAuthError> {
        let (tokens, now) = (&self.endpoint.tokens, self.context.at.seconds());
        let claims = IdClaims {
            iss: &tokens.issuer,
            sub: session.user_id.to_string(),
            aud: self.client.public_id(),
            exp: now + i64::from(tokens.settings.access_token_seconds),
            iat: now,
            auth_time: code.auth_time.seconds(),
            amr: session.method.amr(),
            acr: session.method.acr(),
            at_hash: at_hash(access_token, tokens.keys.algorithm()),
            sid: session.id.to_string(),
            nonce: code.nonce.clone(),
            person,
        };
        Ok(tokens.keys.sign(TokenType::Id, &claims)?)
    }
}

/// OpenID Connect Core section 3.1.3.6: the left half of a hash by the signature's hash algorithm. For Ed25519 that is
/// SHA-512, as clients that support it expect.
fn at_hash(access_token: &str, algorithm: Option<SigningAlgorithm>) -> String {
    let hash = match algorithm {
        Some(SigningAlgorithm::EdDsa) => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let hash = digest::digest(hash, access_token.as_bytes());
    let hash = hash.as_ref();
    BASE64_URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of OpenID Connect Core appendix A.3, whose ID token is signed with RS256.
    #[test]
    fn at_hash_is_the_left_half_of_the_hash() {
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        let short = at_hash(token, Some(SigningAlgorithm::Rs256));
        assert_eq!(short, "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(at_hash(token, Some(SigningAlgorithm::EdDsa)).len(), 43);
    }
}
