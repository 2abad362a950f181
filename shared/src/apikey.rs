//! `/apikey`: the caller's own API keys.

use serde::{Deserialize, Serialize};

use crate::{ClientId, KeyId, ScopeSet, Timestamp, auth::present};

mod limits;
mod metadata;
mod verify;

pub use limits::{Quota, QuotaPeriod, RateLimit};
pub use metadata::Metadata;
pub use verify::{
    KeyCode, KeyUsage, QuotaLeft, RateLeft, UsageBy, UsagePoint, Verification, VerifyRequest,
};

/// What an API key is for; written into the key's text. Doorward treats both alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Environment {
    /// `sk_live_…`
    #[default]
    Live,
    /// `sk_test_…`
    Test,
}

impl Environment {
    /// Its spelling on the wire and in the key.
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

/// `POST /apikey`. Scopes and addresses come as text, so that one of a wrong form is `validation_failed`, not
/// `invalid_request`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MintRequest {
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

/// `PATCH /apikey/{id}`. Scopes may only shrink. What loosens a limit, or turns a key on, needs what minting it needs;
/// `null` (for `allowedIps` `[]` too) takes a limit off.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyPatch {
    /// What the owner calls it, 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do: all that stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// How often it may be used.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RateLimit>))]
    pub rate_limit: Option<Option<RateLimit>>,
    /// How often it may be used in a day or month of UTC.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Quota>))]
    pub quota: Option<Option<Quota>>,
    /// Addresses and networks from which it may be used.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>))]
    pub allowed_ips: Option<Option<Vec<String>>>,
    /// A JSON object of the application's own, at most 4 KiB.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Metadata>))]
    pub metadata: Option<Option<Metadata>>,
    /// Whether it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
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
    /// Id of the key.
    pub id: KeyId,
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

/// A key without its secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// Id of the key; a rotation gives the new secret a new id.
    pub id: KeyId,
    /// What the owner calls it.
    pub name: String,
    /// The key's beginning and last four characters, to tell keys apart: `sk_live_ab…wxyz`.
    pub hint: String,
    /// Scopes it was minted with. What it may do now is bounded by its owner's permissions.
    pub scopes: ScopeSet,
    /// `live` or `test`.
    pub environment: Environment,
    /// When it was minted.
    pub created_at: Timestamp,
    /// End of its validity; `null` for a key that does not expire.
    pub expires_at: Option<Timestamp>,
    /// Last accepted use, written every 30 seconds; `null` for a key that was never used.
    pub last_used_at: Option<Timestamp>,
    /// Address of the last accepted use.
    pub last_used_ip: Option<String>,
    /// When it is revoked: in the future during the grace of a rotation.
    pub revoked_at: Option<Timestamp>,
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

pub(crate) fn yes() -> bool {
    true
}
