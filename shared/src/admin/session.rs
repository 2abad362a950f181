//! `/admin/sessions`.

use serde::{Deserialize, Serialize};

use crate::{ClientId, ScopeSet, SessionId, Timestamp, UserId};

/// Whether a session's tokens are accepted, as the server judges them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SessionState {
    /// Its tokens are accepted.
    Live,
    /// Its last refresh and access tokens have expired: only a new sign-in goes on.
    Idle,
    /// Past its absolute end.
    Expired,
    /// Ended by sign-out, an operator, a password change or a replayed refresh token.
    Revoked,
}

impl SessionState {
    /// Its spelling on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Idle => "idle",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// One sign-in, or one authorization of an OAuth client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Also the claim `sid` of its access tokens.
    pub id: SessionId,
    /// The account that signed in.
    pub user_id: UserId,
    /// The OAuth client it was granted to; `null` for a first-party login.
    pub client_id: Option<ClientId>,
    /// What was granted.
    pub scope: ScopeSet,
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
    /// When it was ended; `null` where nobody ended it.
    pub revoked_at: Option<Timestamp>,
    /// Whether its tokens are accepted now.
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
    /// Sessions of this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Sessions granted to this OAuth client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// An address, or a network as CIDR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Only live ones can end; `false` matches none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Exactly these sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<SessionId>>,
    /// The caller's own session is left out unless this is true.
    #[serde(default)]
    pub include_own: bool,
    /// Ends nothing, and answers with what would end and a `previewId`.
    #[serde(default)]
    pub dry_run: bool,
    /// Of an answer to `dryRun`: ends exactly the sessions it held.
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
    /// Whether this is a preview.
    pub dry_run: bool,
    /// Sessions ended; 0 in a preview.
    pub revoked: u64,
    /// Sessions the preview holds, or held.
    pub count: u64,
    /// Users they belong to.
    pub users: u64,
    /// The first 20 of them.
    pub sessions: Vec<Session>,
    /// Works once, for the same caller, until `expiresAt`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub preview_id: Option<String>,
    /// End of the preview, 5 minutes after it was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
}
