//! `/auth`: accounts, signing in, and the caller's own sessions.

mod export;
mod me;
mod password_and_email;

use serde::{Deserialize, Serialize};

pub use self::{
    export::{OwnApplication, OwnData},
    me::{DeleteAccount, OwnSession, Profile, ProfileKey, ProfilePatch},
    password_and_email::{
        EmailRequest, ForgotRequest, PasswordRequest, ResendRequest, ResetRequest,
        VerifyEmailRequest,
    },
};
use crate::{Timestamp, UserId};

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
