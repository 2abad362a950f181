//! Parses ids in request paths.

use std::str::FromStr;

use super::ApiError;

pub(super) use crate::service::validation::{groups, name, name_change, required_name, scopes};

/// Parses an id in a path; a malformed id is `not_found`.
pub(super) fn id<T: FromStr>(text: &str, what: &'static str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(what))
}
