//! The caller's own account: `/auth/me`, `/auth/sessions`.

use serde::{Deserialize, Serialize};

use super::present;
use crate::{KeyId, ScopeSet, SessionId, Timestamp, UserId, apikey::Environment};

/// `PATCH /auth/me`: absent leaves a name as it is; `null` clears it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfilePatch {
    /// Up to 200 characters.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub first_name: Option<Option<String>>,
    /// Up to 200 characters.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub last_name: Option<Option<String>>,
}

/// `GET /auth/me`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    /// Id of the account, `sub` of its tokens.
    pub id: UserId,
    /// Address the person signs in with.
    pub email: String,
    /// `null` where none was given.
    pub first_name: Option<String>,
    /// `null` where none was given.
    pub last_name: Option<String>,
    /// Name of the account's role.
    pub role: String,
    /// What the user may do now: the role's permissions and the user's own; for an API key, what the key may do now.
    pub permissions: ScopeSet,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Last successful sign-in.
    pub last_login_at: Option<Timestamp>,
    /// The API key that asked, of which `permissions` then speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ProfileKey>,
}

/// The API key that a profile was read with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileKey {
    /// Id of the key.
    pub id: KeyId,
    /// What the owner calls it.
    pub name: String,
    /// `live` or `test`.
    pub environment: Environment,
}

/// One of the caller's own sessions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnSession {
    /// What `DELETE /auth/sessions/{id}` takes.
    pub id: SessionId,
    /// Read from the user agent: "Firefox on Linux".
    pub device: String,
    /// Address that it was opened from.
    pub ip: String,
    /// The `User-Agent` that it was opened with.
    pub user_agent: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Last use of one of its tokens; uses are written every 30 seconds.
    pub last_seen_at: Timestamp,
    /// The absolute end, however often it is refreshed.
    pub expires_at: Timestamp,
    /// Whether the request came with this session's token.
    pub current: bool,
}

/// `DELETE /auth/me`: deletes the account with its sessions and keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeleteAccount {
    /// The account's password.
    pub password: String,
}
