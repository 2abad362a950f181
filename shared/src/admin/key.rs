//! `/admin/apikeys` and `/admin/keys` (signing keys), as operators see them.

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
    /// It is accepted.
    Live,
    /// `expiresAt` is past.
    Expired,
    /// `revokedAt` is past.
    Revoked,
    /// It is turned off, or its owner is disabled.
    Disabled,
}

impl KeyState {
    /// Its spelling on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
        }
    }
}

/// An API key as operators see it, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminKey {
    /// Id of the key; a rotation gives the new secret a new id.
    pub id: KeyId,
    /// `null` for the operator key of this server.
    pub owner_id: Option<UserId>,
    /// Name its owner gave it.
    pub name: String,
    /// The key's beginning and last four characters, to tell keys apart: `sk_live_ab…wxyz`.
    pub hint: String,
    /// Scopes it was minted with. What it may do now is bounded by its owner's permissions.
    pub scopes: ScopeSet,
    /// `live` or `test`; part of the key's text.
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
    /// Whether it is accepted now.
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
    /// When it was made; it signed from then on.
    pub created_at: Timestamp,
    /// When it leaves the JWKS; `null` while it is active.
    pub retires_at: Option<Timestamp>,
}
