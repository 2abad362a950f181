//! What this server serves, for stock clients: RFC 8414 and OpenID Connect Discovery 1.0, one document for both.

use doorward_shared::scope::OPENID_SCOPES;
use serde::Serialize;

use crate::crypto::signing::SigningAlgorithm;

/// The document. Nothing stands here that is not served, and what is served stands here.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    end_session_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 3],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: [&'static str; 3],
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    /// Also a bearer token with `admin:sessions:read`.
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    code_challenge_methods_supported: [&'static str; 1],
    prompt_values_supported: [&'static str; 4],
    claim_types_supported: [&'static str; 1],
    claims_supported: &'static [&'static str],
    ui_locales_supported: Vec<&'static str>,
    authorization_response_iss_parameter_supported: bool,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

/// Claims of ID tokens and of userinfo.
const CLAIMS: [&str; 14] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "at_hash",
    "sid",
    "name",
    "given_name",
    "family_name",
    "email",
    "email_verified",
];

impl Metadata {
    /// The document of an issuer whose tokens are signed with `algorithm`. `ui_locales` are the languages of its pages.
    pub(crate) fn new(
        issuer: &str,
        algorithm: Option<SigningAlgorithm>,
        ui_locales: Vec<&'static str>,
    ) -> Self {
        let at = |path: &str| format!("{issuer}{path}");
        let algorithm = algorithm.map(|algorithm| algorithm.as_str());
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: at("/oauth/authorize"),
            token_endpoint: at("/oauth/token"),
            userinfo_endpoint: at("/oauth/userinfo"),
            revocation_endpoint: at("/oauth/revoke"),
            introspection_endpoint: at("/oauth/introspect"),
            end_session_endpoint: at("/oauth/logout"),
            jwks_uri: at("/.well-known/jwks.json"),
            scopes_supported: OPENID_SCOPES.into_iter().chain(["read", "write"]).collect(),
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: algorithm.into_iter().collect(),
            token_endpoint_auth_methods_supported: METHODS,
            revocation_endpoint_auth_methods_supported: METHODS,
            introspection_endpoint_auth_methods_supported: [METHODS[0], METHODS[1]],
            code_challenge_methods_supported: ["S256"],
            prompt_values_supported: ["none", "login", "consent", "select_account"],
            claim_types_supported: ["normal"],
            claims_supported: &CLAIMS,
            ui_locales_supported: ui_locales,
            authorization_response_iss_parameter_supported: true,
            claims_parameter_supported: false,
            request_parameter_supported: false,
            // Said aloud: its default is true (OpenID Connect Discovery section 3).
            request_uri_parameter_supported: false,
        }
    }
}
