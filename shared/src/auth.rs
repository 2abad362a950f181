//! `/auth`: accounts and the caller's own sessions.

use serde::{Deserialize, Serialize};

use crate::{KeyId, ScopeSet, SessionId, Timestamp, UserId, apikey::Environment};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    pub email: String,
    /// 8 characters to 1,024 bytes, never trimmed.
    pub password: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    pub email: String,
    pub password: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshRequest {
    pub refresh_token: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordRequest {
    pub current_password: String,
    pub new_password: String,
    /// Ends the account's API keys too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub api_keys: bool,
}

/// `POST /auth/password/reset`: a new password on the strength of a one-time link. All sessions end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResetRequest {
    /// Of the link; works once.
    pub token: String,
    pub new_password: String,
    /// Leaves the account's API keys alive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_api_keys: bool,
}

/// `POST /auth/password/forgot`: whose password was forgotten.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForgotRequest {
    pub email: String,
}

/// `POST /auth/email/resend`: without an address that of the caller's own account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResendRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// `POST /auth/email/verify`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyEmailRequest {
    /// Of the link that was mailed.
    pub token: String,
}

/// `POST /auth/email`: the address is the account's once it is verified.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmailRequest {
    pub email: String,
    pub password: String,
}

/// Absent leaves a name as it is; `null` clears it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfilePatch {
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub first_name: Option<Option<String>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub last_name: Option<Option<String>>,
}

/// Tells a field that is `null` from one that is absent.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// What register, login and refresh answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenResponse {
    pub access_token: String,
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// The configured lifetime of the access token, in seconds.
    pub expires_in: u64,
    /// Space-separated, RFC 6749 section 3.3.
    pub scope: String,
    pub user_id: UserId,
    pub issued_at: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterResponse {
    /// Absent where an address has to be verified before anybody signs in, or a second factor to be set up.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = TokenResponse))]
    pub tokens: Option<TokenResponse>,
    pub user: RegisteredUser,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisteredUser {
    pub id: UserId,
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub created_at: Timestamp,
}

/// `GET /auth/me`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    pub id: UserId,
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: String,
    /// What the user may do now: the role's permissions and the user's own; for an API key, what the key may do now.
    pub permissions: ScopeSet,
    pub created_at: Timestamp,
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
    pub id: KeyId,
    pub name: String,
    pub environment: Environment,
}

/// One of the caller's own sessions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnSession {
    pub id: SessionId,
    /// Read from the user agent: "Firefox on Linux".
    pub device: String,
    pub ip: String,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    /// Whether the request came with this session's token.
    pub current: bool,
}

/// `DELETE /auth/me`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeleteAccount {
    pub password: String,
}

/// `GET /auth/me/export`: what is kept about the person. Secrets are kept as hashes, and are not in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnData {
    pub exported_at: Timestamp,
    pub user: crate::admin::User,
    pub factors: crate::mfa::Factors,
    /// Live ones and those that ended of late.
    pub sessions: Vec<OwnSession>,
    pub api_keys: Vec<crate::apikey::ApiKey>,
    /// Applications that were let in.
    pub applications: Vec<OwnApplication>,
    /// The newest entries of the audit log about the account, 1,000 at most.
    pub events: Vec<crate::admin::Event>,
}

/// An application that a person has let in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnApplication {
    pub client_id: crate::ClientId,
    pub name: String,
    pub scope: ScopeSet,
    pub granted_at: Timestamp,
}
