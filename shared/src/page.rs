//! Lists: what is asked for and what comes back.

use serde::{Deserialize, Serialize};

/// Rows in a page when `limit` is not given.
pub const DEFAULT_LIMIT: u32 = 20;
/// Most rows in a page.
pub const MAX_LIMIT: u32 = 100;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// Rows, in the order that was asked for.
    pub data: Vec<T>,
    /// Where the rows stand in the list.
    pub pagination: Pagination,
}

/// Where a page stands in its list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pagination {
    /// Rows that match, over all pages.
    pub total: u64,
    /// Whether more than `total` rows may match: of a filtered list 10,000 are counted. Absent when `total` is exact.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub total_at_least: bool,
    /// Most rows in a page, as asked for.
    pub limit: u32,
    /// Rows before this page; 0 when a cursor was followed.
    pub offset: u64,
    /// Whether rows follow this page.
    pub has_more: bool,
    /// What to send as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The same page with each row changed.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            data: self.data.into_iter().map(change).collect(),
            pagination: self.pagination,
        }
    }
}
