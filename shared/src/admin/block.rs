//! `/admin/blocks`: networks from which nobody signs in or up for a while.

use serde::{Deserialize, Serialize};

use crate::{BlockId, Timestamp};

/// A network that is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Block {
    /// What `DELETE /admin/blocks/{id}` takes.
    pub id: BlockId,
    /// In CIDR notation.
    pub network: String,
    /// Why, in an operator's words.
    pub reason: String,
    /// When the block ends by itself.
    pub until: Timestamp,
    /// When the block began.
    pub created_at: Timestamp,
    /// Actor that created it: the id of a user, an API key or a client.
    pub created_by: String,
    /// From where it was blocked: it keeps nobody there out. In CIDR notation; in lists that were asked for an `ip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spares: Option<String>,
}

/// What is blocked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateBlock {
    /// In CIDR notation, or one address.
    pub network: String,
    /// Why, in up to 200 characters.
    pub reason: String,
    /// At most 30 days from now; a day without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}
