//! `/admin/clients/registration-tokens`: with one, a client registers itself.

use serde::{Deserialize, Serialize};

use crate::{RegistrationTokenId, ScopeSet, Timestamp};

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
