//! `/admin/users` and `/admin/roles`.

use serde::{Deserialize, Serialize};

use crate::{ScopeSet, Timestamp, UserId, auth::present};

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

/// A one-time link that can still be opened. What it opens with is not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserLink {
    /// What it is for: `invite`, `reset`, `forgot`, `sign-up`, `verify` or `change`.
    pub kind: String,
    /// Whether it was mailed; else an operator was shown it.
    pub mailed: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
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

/// `POST /admin/users`. An account without a password cannot be signed in to until one is set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateUser {
    /// Address to sign in with; compared after NFC and case folding, its domain as IDNA 2008 has it.
    pub email: String,
    /// 8 characters to 1,024 bytes, never trimmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Instead of a password the hash that another system has made of it: Argon2, bcrypt, scrypt or PBKDF2, in PHC or
    /// modular form. It is replaced when the person signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// Up to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Up to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// `customer` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Scopes beside those of the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// What applications know the person as a member of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// `true` when absent: whoever makes the account vouches for its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Whether nobody may sign in to it: `false` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// Absent leaves a field as it is; `null` clears a name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserPatch {
    /// A new address; it is not verified unless `emailVerified` is `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
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
    /// Name of another role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Scopes beside those of the role: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// What applications know the person as a member of: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Whether the operator vouches for the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Disabling ends all sessions; API keys are refused until the account is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// `POST /admin/users/{id}/password`. All sessions of the account end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetPassword {
    /// 8 characters to 1,024 bytes, never trimmed.
    pub password: String,
    /// Ends the account's API keys too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub api_keys: bool,
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

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LinkPurpose {
    /// Somebody's first password, and their name. Whoever makes it vouches for the address.
    Invite,
    /// Another password.
    Reset,
}

impl LinkPurpose {
    /// Its spelling on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Reset => "reset",
        }
    }
}

/// `POST /admin/users/{id}/link`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateLink {
    /// Whether it invites somebody or replaces a password.
    pub purpose: LinkPurpose,
    /// Lifetime in seconds: 86,400 when absent; 60 to 2,592,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<i64>,
    /// Mails the link to the account's address instead of showing it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub send: bool,
}

/// A one-time link. A newer one of the account ends it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Link {
    /// Shown once: whoever opens it sets the account's password. Absent where it was mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// It does not work from then on.
    pub expires_at: Timestamp,
}

/// Answer of `POST /admin/users/{id}/sessions/revoke`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revoked {
    /// Number of sessions that ended.
    pub revoked: u64,
}

/// A named list of permissions that accounts have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Role {
    /// What accounts and `PUT /admin/roles/{name}` call it.
    pub name: String,
    /// Scopes of every account with this role.
    pub permissions: ScopeSet,
    /// `customer` and `admin`: they cannot be deleted, and `admin` cannot be changed.
    pub built_in: bool,
    /// How many users have it.
    pub users: u64,
}

/// `PUT /admin/roles/{name}`: creates the role or replaces its permissions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PutRole {
    /// Scopes of every account with this role: all of them.
    pub permissions: Vec<String>,
}

/// `DELETE /admin/users/{id}/mfa`: why, where the header `X-Reason` does not say it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FactorRemoval {
    /// Stands in the event.
    pub reason: Option<String>,
}
