//! `POST /admin/users/{id}/link`: a one-time link, and those that can still be opened.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A one-time link that can still be opened. The token itself is not included.
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
