//! Server metadata for stock clients: RFC 8414 and OpenID Connect Discovery 1.0, one document for both.

use doorward_shared::scope::OPENID_SCOPES;
use serde::Serialize;

use crate::{
    crypto::{client_assertion::ALGORITHMS, key_ring::SigningAlgorithm},
    domain::ACR_VALUES,
    settings::{ClientRegistration, Settings},
};

/// The document. Nothing stands here that is not served, and what is served stands here.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    client_id_metadata_document_supported: bool,
    end_session_endpoint: String,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    jwks_uri: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 2],
    grant_types_supported: [&'static str; 3],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: [&'static str; 4],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 9],
    revocation_endpoint_auth_methods_supported: [&'static str; 4],
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 9],
    /// Also a bearer token with `admin:sessions:read`.
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 9],
    code_challenge_methods_supported: [&'static str; 1],
    prompt_values_supported: [&'static str; 4],
    acr_values_supported: [&'static str; 2],
    claim_types_supported: [&'static str; 1],
    claims_supported: &'static [&'static str],
    ui_locales_supported: Vec<&'static str>,
    authorization_response_iss_parameter_supported: bool,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

const METHODS: [&str; 4] = [
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "none",
];

/// Claims of ID tokens and of userinfo.
const CLAIMS: [&str; 20] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "at_hash",
    "sid",
    "amr",
    "acr",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "updated_at",
    "email",
    "email_verified",
    "groups",
    "roles",
];

impl Metadata {
    /// The document of an issuer whose tokens are signed with `algorithm`. `ui_locales` are the languages of its pages.
    pub(crate) fn new(
        issuer: &str,
        algorithm: Option<SigningAlgorithm>,
        ui_locales: Vec<&'static str>,
        settings: &Settings,
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
            registration_endpoint: (settings.client_registration != ClientRegistration::Closed)
                .then(|| at("/oauth/register")),
            client_id_metadata_document_supported: settings.client_metadata_documents,
            end_session_endpoint: at("/oauth/logout"),
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            jwks_uri: at("/.well-known/jwks.json"),
            scopes_supported: OPENID_SCOPES.into_iter().chain(["read", "write"]).collect(),
            response_types_supported: ["code"],
            response_modes_supported: ["query", "form_post"],
            grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: algorithm.into_iter().collect(),
            token_endpoint_auth_methods_supported: METHODS,
            token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            revocation_endpoint_auth_methods_supported: METHODS,
            revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            introspection_endpoint_auth_methods_supported: [METHODS[0], METHODS[1], METHODS[2]],
            introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            code_challenge_methods_supported: ["S256"],
            prompt_values_supported: ["none", "login", "consent", "select_account"],
            acr_values_supported: ACR_VALUES,
            claim_types_supported: ["normal"],
            claims_supported: &CLAIMS,
            ui_locales_supported: ui_locales,
            authorization_response_iss_parameter_supported: true,
            claims_parameter_supported: true,
            request_parameter_supported: false,
            // Explicit, since its default is true (OpenID Connect Discovery section 3).
            request_uri_parameter_supported: false,
        }
    }
}
