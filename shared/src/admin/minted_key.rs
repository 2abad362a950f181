//! `POST /admin/apikeys`, and the key that it answers.

use serde::{Deserialize, Serialize};

use crate::{
    KeyId, ScopeSet, Timestamp, UserId,
    apikey::{Environment, Metadata, Quota, RateLimit},
};

/// As `POST /apikey`, for any owner; without `ownerId` for the caller.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminMint {
    /// Whose key it is; the caller's where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<UserId>,
    /// What the owner calls it, 1 to 200 characters.
    pub name: String,
    /// What it may do; the caller must hold each of them.
    pub scopes: Vec<String>,
    /// End of its validity; it does not expire where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// `live` where left out.
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
    /// Id of the key.
    pub id: KeyId,
    /// Whose key it is; `null` for the operator key.
    pub owner_id: Option<UserId>,
    /// What the owner calls it.
    pub name: String,
    /// The secret: what goes into `Authorization: Bearer`. Only its SHA-256 is stored.
    pub key: String,
    /// What it may do, as far as its owner may.
    pub scopes: ScopeSet,
    /// `live` or `test`.
    pub environment: Environment,
    /// When it was minted.
    pub created_at: Timestamp,
    /// End of its validity; `null` for a key that does not expire.
    pub expires_at: Option<Timestamp>,
}
