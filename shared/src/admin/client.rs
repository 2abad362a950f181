//! `/admin/clients`.

use serde::{Deserialize, Serialize};

use crate::{ClientId, ScopeSet, Timestamp};

/// `authorization_code`, `refresh_token` and `client_credentials` are the grants there are.
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
    pub created_at: Timestamp,
    /// Shown once: at registration and rotation of a confidential client.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_secret: Option<String>,
}
