//! `/admin/sessions`.

use serde::{Deserialize, Serialize};

use crate::{ClientId, ScopeSet, SessionId, Timestamp, UserId};

/// Whether a session's tokens are accepted, as the server judges them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SessionState {
    Live,
    /// Its last refresh and access tokens have expired: only a new sign-in goes on.
    Idle,
    /// Past its absolute end.
    Expired,
    Revoked,
}

impl SessionState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Idle => "idle",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    /// The OAuth client it was granted to; `null` for a first-party login.
    pub client_id: Option<ClientId>,
    pub scope: ScopeSet,
    pub ip: String,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// The absolute end, however often it is refreshed.
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub state: SessionState,
    /// When it ends unless it is refreshed, or when it ended.
    pub ends_at: Timestamp,
}

/// Which sessions to end: all filters given must match, and without `dryRun` at least one must be given.
/// First with `dryRun: true`, then with the `previewId` that came back, and nothing else.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokeSessions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// An address, or a network as CIDR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Only live ones can end; `false` matches none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Exactly these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<SessionId>>,
    /// The caller's own session is left out unless this is true.
    #[serde(default)]
    pub include_own: bool,
    #[serde(default)]
    pub dry_run: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview_id: Option<String>,
    /// Why; goes into the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a bulk revocation would end (`dryRun`) or has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokedSessions {
    pub dry_run: bool,
    /// Sessions ended; 0 in a preview.
    pub revoked: u64,
    /// Sessions the preview holds, or held.
    pub count: u64,
    /// Users they belong to.
    pub users: u64,
    /// The first of them.
    pub sessions: Vec<Session>,
    /// Good for 5 minutes, once.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub preview_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
}
