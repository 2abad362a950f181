//! `/apikey`: the caller's own API keys.

use serde::{Deserialize, Serialize};

use crate::{ClientId, KeyId, ScopeSet, Timestamp};

/// Which half of an application a key is for; written into the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Environment {
    #[default]
    Live,
    Test,
}

impl Environment {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

impl TryFrom<String> for Environment {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        match &*text {
            "live" => Ok(Self::Live),
            "test" => Ok(Self::Test),
            _ => Err("neither live nor test"),
        }
    }
}

/// Scopes come as text, so that one of a wrong form is `validation_failed`, not `invalid_request`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MintRequest {
    pub name: String,
    pub scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(default)]
    pub environment: Environment,
}

/// Scopes may only shrink.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}

/// Rotation of an API key or a client secret.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RotateRequest {
    /// How long the old secret stays good, in seconds; at most 30 days.
    #[serde(default)]
    pub grace_seconds: u32,
}

/// A key with its secret: shown once, at minting.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MintedKey {
    pub id: KeyId,
    pub name: String,
    pub key: String,
    pub scopes: ScopeSet,
    pub environment: Environment,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// A key without its secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    pub id: KeyId,
    pub name: String,
    /// `sk_live_ab…wxyz`
    pub hint: String,
    pub scopes: ScopeSet,
    pub environment: Environment,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub last_used_ip: Option<String>,
    pub revoked_at: Option<Timestamp>,
    /// Who minted it: a user, a key, a client, or `system`. `null` where that is not known.
    #[serde(default)]
    pub minted_by: Option<String>,
    /// The OAuth client with whose token it was minted; it ends with the client.
    #[serde(default)]
    pub client_id: Option<ClientId>,
}
