//! `/admin/whoami`: who calls, and what they may do.

use serde::{Deserialize, Serialize};

use crate::{ScopeSet, SessionId, UserId};

/// What kind of credential the caller came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CallerKind {
    /// An access token of a user's session.
    User,
    /// An API key.
    Apikey,
    /// A client's own token (`client_credentials`).
    Client,
}

/// Answer of `GET /admin/whoami`: the caller and its rights.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Whoami {
    /// Kind of the credential.
    pub kind: CallerKind,
    /// Id of the user, the key or the client.
    pub id: String,
    /// The key's owner, or the user itself.
    pub user_id: Option<UserId>,
    /// The user's address, where the token's scope has `email`, the token is first-party, or the caller has
    /// `admin:users:read`.
    pub email: Option<String>,
    /// The session of an access token.
    pub session_id: Option<SessionId>,
    /// What the caller may do now.
    pub scopes: ScopeSet,
}
