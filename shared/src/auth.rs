//! `/auth`: accounts and the caller's own sessions.

use serde::{Deserialize, Serialize};

use crate::{KeyId, ScopeSet, SessionId, Timestamp, UserId, apikey::Environment};

/// `POST /auth/register`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// Address to sign in with; compared after NFC and case folding, its domain as IDNA 2008 has it.
    pub email: String,
    /// 8 characters to 1,024 bytes, never trimmed.
    pub password: String,
    /// `given_name` of OpenID Connect, up to 200 characters.
    pub first_name: Option<String>,
    /// `family_name` of OpenID Connect, up to 200 characters.
    pub last_name: Option<String>,
}

/// `POST /auth/login`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// The account's address, in any spelling that folds to the same.
    pub email: String,
    /// The account's password.
    pub password: String,
}

/// `POST /auth/refresh`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshRequest {
    /// Of the latest token response; it is used up.
    pub refresh_token: String,
}

/// `POST /auth/password`. Every other session of the account ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordRequest {
    /// The password that is replaced.
    pub current_password: String,
    /// 8 characters to 1,024 bytes, never trimmed.
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
    /// 8 characters to 1,024 bytes, never trimmed.
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
    /// Address to mail a link to, if an account has it; the answer does not tell.
    pub email: String,
}

/// `POST /auth/email/resend`: without an address that of the caller's own account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResendRequest {
    /// Address that is to be verified; needs no credential.
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
    /// The new address.
    pub email: String,
    /// The account's password.
    pub password: String,
}

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
    /// A JWT (RFC 9068): goes into `Authorization: Bearer`.
    pub access_token: String,
    /// Works once, for `POST /auth/refresh`.
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// The configured lifetime of the access token, in seconds.
    pub expires_in: u64,
    /// What was granted: space-separated, RFC 6749 section 3.3.
    pub scope: String,
    /// The account that signed in.
    pub user_id: UserId,
    /// When the tokens were made.
    pub issued_at: Timestamp,
}

/// Answer of `POST /auth/register`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterResponse {
    /// Absent where an address has to be verified before anybody signs in, or a second factor to be set up.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = TokenResponse))]
    pub tokens: Option<TokenResponse>,
    /// The account that was made.
    pub user: RegisteredUser,
}

/// A new account, as its owner sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisteredUser {
    /// Id of the account, `sub` of its tokens.
    pub id: UserId,
    /// Address as it was given.
    pub email: String,
    /// `null` where none was given.
    pub first_name: Option<String>,
    /// `null` where none was given.
    pub last_name: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
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

/// `GET /auth/me/export`: what is kept about the person. Secrets are kept as hashes, and are not in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnData {
    /// When it was collected.
    pub exported_at: Timestamp,
    /// The account.
    pub user: crate::admin::User,
    /// Second factors and passkeys, without their secrets.
    pub factors: crate::mfa::Factors,
    /// Live sessions, and those that ended of late.
    pub sessions: Vec<OwnSession>,
    /// API keys, without their secrets.
    pub api_keys: Vec<crate::apikey::ApiKey>,
    /// Applications with consent.
    pub applications: Vec<OwnApplication>,
    /// The newest entries of the audit log about the account, 1,000 at most.
    pub events: Vec<crate::admin::Event>,
}

/// An application that a person has given access to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnApplication {
    /// The OAuth client.
    pub client_id: crate::ClientId,
    /// Its registered name.
    pub name: String,
    /// What the person consented to.
    pub scope: ScopeSet,
    /// When the person consented last.
    pub granted_at: Timestamp,
}
