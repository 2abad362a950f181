//! A client, as operators see it.

use serde::{Deserialize, Serialize};

use super::client_registration::yes;
use crate::{ClientId, ScopeSet, Timestamp};

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
    /// Dynamically registered (RFC 7591): its metadata is not verified.
    #[serde(default)]
    pub dynamic: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Shown once: at registration and rotation of a confidential client.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_secret: Option<String>,
}
