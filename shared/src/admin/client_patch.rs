//! `PATCH /admin/clients/{id}`.

use serde::{Deserialize, Serialize};

use crate::auth::present;

/// `PATCH /admin/clients/{id}`: absent leaves a field as it is, `null` clears it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientPatch {
    /// Shown to people on the sign-in and consent pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where authorization answers may go: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<Vec<String>>,
    /// Any of `authorization_code`, `refresh_token` and `client_credentials`: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    /// Scopes it may ask for: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Audiences it may ask tokens for, and whose tokens it may introspect (RFC 8707): all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
    /// Whether its authorization requests must use PKCE. Those of public clients always must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_pkce: Option<bool>,
    /// Whether it may introspect every access token and API key, and call `/apikey/verify`; confidential clients only.
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
    /// Its home page, linked from the sign-in and consent pages.
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
