//! Passwords and addresses that are changed, by mail where nobody is signed in.

use serde::{Deserialize, Serialize};

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
