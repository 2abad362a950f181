//! `/admin/users`: an account, its mails, and what ending its sessions comes to.

use serde::{Deserialize, Serialize};

use super::one_time_link::UserLink;
use crate::{ScopeSet, Timestamp, UserId};

/// An account as operators see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// Id of the account, `sub` of its tokens.
    pub id: UserId,
    /// Address the person signs in with, as it was given.
    pub email: String,
    /// `given_name` of OpenID Connect.
    pub first_name: Option<String>,
    /// `family_name` of OpenID Connect.
    pub last_name: Option<String>,
    /// Name of the account's one role.
    pub role: String,
    /// The user's own permissions, beside the role's.
    pub permissions: ScopeSet,
    /// What applications know the person as a member of; a client's `allowedGroups` admits them.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether the person has shown that the address is theirs, or an operator vouches for it.
    #[serde(default)]
    pub email_verified: bool,
    /// Whether nobody can sign in to it; its sessions and keys are refused.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Last successful sign-in; `null` before the first.
    pub last_login_at: Option<Timestamp>,
    /// The second factors, where there are any; of one user, not of those in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<crate::mfa::Factors>,
    /// One-time links that can still be opened, the newest first; of one user, not of those in a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<UserLink>,
    /// Mails of the last days, the newest first; of one user, not of those in a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mails: Vec<UserMail>,
}

/// A mail to somebody. What it says is not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserMail {
    /// What it is about, such as `sign-up` or `password-changed`.
    pub kind: String,
    /// What has become of it.
    pub state: UserMailState,
    /// When it was written.
    pub created_at: Timestamp,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
    /// Why the mail server did not take it at the last try.
    pub error: Option<String>,
}

/// What has become of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum UserMailState {
    /// The mail server took it.
    Sent,
    /// It is tried, or tried again.
    Waiting,
    /// It was given up.
    Failed,
}

/// What ends beside an account's sessions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokeSessionsOf {
    /// Ends the account's API keys too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub api_keys: bool,
}

/// Answer of `POST /admin/users/{id}/sessions/revoke`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revoked {
    /// Number of sessions that ended.
    pub revoked: u64,
}

/// `DELETE /admin/users/{id}/mfa`: why, where the header `X-Reason` does not say it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FactorRemoval {
    /// Stands in the event.
    pub reason: Option<String>,
}
