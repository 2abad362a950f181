//! `/admin/apikeys` and `/admin/keys` (signing keys).

use serde::{Deserialize, Serialize};

use crate::{
    ClientId, KeyId, ScopeSet, Timestamp, UserId,
    apikey::{Environment, Metadata, Quota, RateLimit, yes},
};

/// Whether an API key is accepted, as the server judges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum KeyState {
    Live,
    Expired,
    Revoked,
    /// It is turned off, or its owner is disabled.
    Disabled,
}

impl KeyState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminKey {
    pub id: KeyId,
    /// `null` for the operator key of this server.
    pub owner_id: Option<UserId>,
    pub name: String,
    /// `sk_live_ab…wxyz`
    pub hint: String,
    pub scopes: ScopeSet,
    pub environment: Environment,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub last_used_ip: Option<String>,
    /// In the future during the grace of a rotation.
    pub revoked_at: Option<Timestamp>,
    pub state: KeyState,
    /// When it ends, or ended: the earlier of `expiresAt` and `revokedAt`; `null` for a key that never does.
    pub ends_at: Option<Timestamp>,
    /// Who minted it: a user, a key, a client, or `system`. `null` where that is not known.
    #[serde(default)]
    pub minted_by: Option<String>,
    /// The OAuth client with whose token it was minted; it ends with the client.
    #[serde(default)]
    pub client_id: Option<ClientId>,
    /// How often it may be used; `null` without a limit.
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
    /// How often it may be used in a day or month of UTC; `null` without a quota.
    #[serde(default)]
    pub quota: Option<Quota>,
    /// Addresses and networks from which it may be used; empty: from everywhere.
    #[serde(default)]
    pub allowed_ips: Vec<String>,
    /// What the application keeps with it.
    #[serde(default)]
    pub metadata: Option<Metadata>,
    /// Whether it has not been turned off.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// As `POST /apikey`, for any owner; without `ownerId` for the caller.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminMint {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<UserId>,
    pub name: String,
    pub scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(default)]
    pub environment: Environment,
    /// How often it may be used: sliding, exact on one node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// How often it may be used in a day or month of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Addresses, and networks as CIDR, from which it may be used; none: from everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_ips: Option<Vec<String>>,
    /// A JSON object of the application's own, at most 4 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// `false`: it is not accepted until it is turned on; `true` where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A key with its secret: shown once, at minting or rotation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminMintedKey {
    pub id: KeyId,
    pub owner_id: Option<UserId>,
    pub name: String,
    pub key: String,
    pub scopes: ScopeSet,
    pub environment: Environment,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// A key that signs tokens. Its private half never leaves the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SigningKey {
    /// `kid` of RFC 7517 section 4.5.
    pub id: String,
    /// `RS256`, `ES256` or `EdDSA`.
    pub algorithm: String,
    /// Whether new tokens are signed with it.
    pub active: bool,
    pub created_at: Timestamp,
    /// When it leaves the JWKS; `null` while it is active.
    pub retires_at: Option<Timestamp>,
}
