//! `/admin/clients`.

use serde::{Deserialize, Serialize};

use crate::{ClientId, RegistrationTokenId, ScopeSet, Timestamp, auth::present};

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

fn yes() -> bool {
    true
}

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

/// `POST /admin/clients/registration-tokens`: an initial access token (RFC 7591 section 3) with which clients register
/// themselves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MintRegistrationToken {
    /// Lifetime in seconds: 86,400 when absent; at most 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u32>,
    /// How many clients may register with it: 1 when absent; at most 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
}

/// An initial access token (RFC 7591 section 3). It is shown once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistrationToken {
    /// Goes into `Authorization: Bearer` of `POST /oauth/register`.
    pub token: String,
    /// Nobody registers with it from then on.
    pub expires_at: Timestamp,
    /// How many clients may register with it.
    pub max_uses: u32,
}

/// An initial access token as operators see it: never the token itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistrationTokenInfo {
    /// What `DELETE /admin/clients/registration-tokens/{id}` takes.
    pub id: RegistrationTokenId,
    /// When it was minted.
    pub created_at: Timestamp,
    /// Nobody registers with it from then on.
    pub expires_at: Timestamp,
    /// How many clients may still register with it.
    pub uses_left: u32,
    /// Who minted it: a person, a key or a client. It ends with them.
    pub minted_by: String,
    /// Scopes that it gives the clients which register with it, where its minter still has them.
    pub scopes: ScopeSet,
}

/// An OAuth client as operators see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Client {
    /// Id of the client.
    pub id: ClientId,
    /// The same as `id`: the `client_id` of RFC 6749 section 2.2.
    pub client_id: ClientId,
    /// Shown to people on the sign-in and consent pages.
    pub name: String,
    /// Where authorization answers may go.
    pub redirect_uris: Vec<String>,
    /// Any of `authorization_code`, `refresh_token` and `client_credentials`.
    pub grant_types: Vec<String>,
    /// Scopes it may ask for.
    pub scopes: ScopeSet,
    /// Whether it authenticates, with a secret or a key of its own (RFC 6749 section 2.1).
    pub confidential: bool,
    /// Audiences it may ask tokens for, and whose tokens it may introspect (RFC 8707).
    pub resources: Vec<String>,
    /// Whether its authorization requests must use PKCE. Those of public clients always must.
    #[serde(default)]
    pub require_pkce: bool,
    /// Whether it may introspect every access token and API key, and call `/apikey/verify`.
    #[serde(default)]
    pub resource_server: bool,
    /// Whether ID tokens hold the claims of the granted scopes, as userinfo does.
    #[serde(default = "yes")]
    pub id_token_claims: bool,
    /// `withhold` or `send`: whether the client is told an address that is not verified.
    #[serde(default)]
    pub unverified_email: String,
    /// Only members of one of these groups may sign in to it; everyone, when there are none.
    #[serde(default)]
    pub allowed_groups: Vec<String>,
    /// Where sign-out may send people, character by character.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Audience of tokens whose request names no `resource`.
    #[serde(default)]
    pub default_resource: Option<String>,
    /// Where logout tokens are posted (OpenID Connect Back-Channel Logout 1.0).
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// Whether logout tokens must name the session.
    #[serde(default)]
    pub backchannel_logout_session_required: bool,
    /// `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`; `null` for any that it can do.
    #[serde(default)]
    pub token_endpoint_auth_method: Option<String>,
    /// Its public keys for `private_key_jwt`: a JWK set.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub jwks: Option<serde_json::Value>,
    /// Where its public keys are.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// Shown on its sign-in and consent pages.
    #[serde(default)]
    pub logo_uri: Option<String>,
    /// Its home page, linked from the sign-in and consent pages.
    #[serde(default)]
    pub client_uri: Option<String>,
    /// A first-party application: nobody is asked for consent.
    #[serde(default)]
    pub skip_consent: bool,
    /// It registered itself: nobody vouches for what it says of itself.
    #[serde(default)]
    pub dynamic: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Shown once: at registration and rotation of a confidential client.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_secret: Option<String>,
}
