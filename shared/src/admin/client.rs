//! `/admin/clients`.

use serde::{Deserialize, Serialize};

use crate::{ClientId, RegistrationTokenId, ScopeSet, Timestamp, auth::present};

/// Absent leaves a field at its default. `authorization_code`, `refresh_token` and `client_credentials` are the grants there are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterClient {
    pub name: String,
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    #[serde(default = "default_grants")]
    pub grant_types: Vec<String>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// A first-party application: nobody is asked for consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_consent: Option<bool>,
}

fn default_grants() -> Vec<String> {
    vec!["authorization_code".into()]
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_pkce: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_server: Option<bool>,
    /// Whether ID tokens hold the claims of the granted scopes, as userinfo does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_claims: Option<bool>,
    /// `withhold` or `send`: whether the client is told an address that is not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified_email: Option<String>,
    /// Only members of one of these groups may sign in to it; everyone, when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_groups: Option<Vec<String>>,
    /// Where sign-out may send people, character by character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Audience of tokens whose request names no `resource`.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub default_resource: Option<Option<String>>,
    /// Where logout tokens are posted: https, or http at a loopback address.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub backchannel_logout_uri: Option<Option<String>>,
    /// Whether logout tokens must name the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_session_required: Option<bool>,
    /// `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`; any that it can do, when `null`.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub token_endpoint_auth_method: Option<Option<String>>,
    /// Its public keys for `private_key_jwt`: a JWK set.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub jwks: Option<Option<serde_json::Value>>,
    /// Where its public keys are: https at a public address.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub jwks_uri: Option<Option<String>>,
    /// Shown on its sign-in and consent pages.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub logo_uri: Option<Option<String>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub client_uri: Option<Option<String>>,
    /// A first-party application: nobody is asked for consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_consent: Option<bool>,
}

/// `POST /admin/clients/registration-tokens`: with one a client may register itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MintRegistrationToken {
    /// 86,400 when absent; at most 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u32>,
    /// 1 when absent; at most 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
}

/// Shown once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistrationToken {
    pub token: String,
    pub expires_at: Timestamp,
    pub max_uses: u32,
}

/// An initial access token as operators see it: never the token itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistrationTokenInfo {
    pub id: RegistrationTokenId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// How many clients may still register with it.
    pub uses_left: u32,
    /// Who minted it: a person, a key or a client. It ends with them.
    pub minted_by: String,
    /// Scopes that it gives the clients which register with it, where its minter still has them.
    pub scopes: ScopeSet,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Client {
    pub id: ClientId,
    /// The same as `id`.
    pub client_id: ClientId,
    pub name: String,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<String>,
    pub scopes: ScopeSet,
    pub confidential: bool,
    pub resources: Vec<String>,
    #[serde(default)]
    pub require_pkce: bool,
    #[serde(default)]
    pub resource_server: bool,
    #[serde(default = "yes")]
    pub id_token_claims: bool,
    /// `withhold` or `send`
    #[serde(default)]
    pub unverified_email: String,
    #[serde(default)]
    pub allowed_groups: Vec<String>,
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    #[serde(default)]
    pub default_resource: Option<String>,
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    #[serde(default)]
    pub backchannel_logout_session_required: bool,
    #[serde(default)]
    pub token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub jwks: Option<serde_json::Value>,
    #[serde(default)]
    pub jwks_uri: Option<String>,
    #[serde(default)]
    pub logo_uri: Option<String>,
    #[serde(default)]
    pub client_uri: Option<String>,
    #[serde(default)]
    pub skip_consent: bool,
    /// It registered itself: nobody vouches for what it says of itself.
    #[serde(default)]
    pub dynamic: bool,
    pub created_at: Timestamp,
    /// Shown once: at registration and rotation of a confidential client.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_secret: Option<String>,
}
