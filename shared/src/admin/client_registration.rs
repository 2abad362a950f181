//! `POST /admin/clients`.

use serde::{Deserialize, Serialize};

/// `POST /admin/clients`: an OAuth client (RFC 6749 section 2). A field left out has its default.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterClient {
    /// Shown to people on the sign-in and consent pages.
    pub name: String,
    /// Where authorization answers may go, compared character by character; only the port of a loopback address is free
    /// (RFC 8252 section 7.3).
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Any of `authorization_code`, `refresh_token` and `client_credentials`; the first where left out.
    #[serde(default = "default_grants")]
    pub grant_types: Vec<String>,
    /// Scopes it may ask for; for `client_credentials` those it gets.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether it can keep a secret: one is made, and shown once.
    #[serde(default = "yes")]
    pub confidential: bool,
    /// Audiences it may ask tokens for, and whose tokens it may introspect (RFC 8707).
    #[serde(default)]
    pub resources: Vec<String>,
    /// Whether its authorization requests must use PKCE. Those of public clients always must.
    #[serde(default)]
    pub require_pkce: bool,
    /// Whether it may introspect every access token and API key, and call `/apikey/verify`; confidential clients only.
    #[serde(default)]
    pub resource_server: bool,
    /// Whether ID tokens hold the claims of the granted scopes, as userinfo does; `true` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_claims: Option<bool>,
    /// `withhold` (when absent) or `send`: whether the client is told an address that is not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified_email: Option<String>,
    /// Only members of one of these groups may sign in to it; everyone, when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_groups: Option<Vec<String>>,
    /// Where sign-out may send people, character by character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Audience of tokens whose request names no `resource`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_resource: Option<String>,
    /// Where logout tokens are posted: https, or http at a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Whether logout tokens must name the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_session_required: Option<bool>,
    /// `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`; any that it can do, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    /// Its public keys for `private_key_jwt`: a JWK set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub jwks: Option<serde_json::Value>,
    /// Where its public keys are: https at a public address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Shown on its sign-in and consent pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Its home page, linked from the sign-in and consent pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// A first-party application: nobody is asked for consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_consent: Option<bool>,
}

fn default_grants() -> Vec<String> {
    vec!["authorization_code".into()]
}

pub(super) fn yes() -> bool {
    true
}
