//! Values of requests, parsed once at the edge.

use std::str::FromStr;

use super::ApiError;

pub(super) use crate::service::validation::{groups, name, name_change, required_name, scopes};

/// An id in a path. One of another form is of nothing.
pub(super) fn id<T: FromStr>(text: &str, what: &'static str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(what))
}
