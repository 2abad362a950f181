//! Values of requests, parsed once at the edge.

use std::str::FromStr;

use doorward_shared::{Scope, ScopeSet, scope::MAX_SCOPES};

use super::ApiError;
use crate::domain::text;

/// An id in a path. One of another form is of nothing.
pub fn id<T: FromStr>(text: &str, what: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(what))
}

/// A person's name; empty is none.
pub fn name(field: &str, given: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(given) = given else {
        return Ok(None);
    };
    let name = text::name(&given).map_err(|why| ApiError::validation(field, why))?;
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// A change of a name: absent leaves it, `null` and empty clear it.
pub fn name_change(
    field: &str,
    given: Option<Option<String>>,
) -> Result<Option<Option<String>>, ApiError> {
    given.map(|given| name(field, given)).transpose()
}

/// A name that must be there.
pub fn required_name(field: &str, given: &str) -> Result<String, ApiError> {
    text::required_name(given).map_err(|why| ApiError::validation(field, why))
}

/// Scopes, each of its form.
pub fn scopes(field: &str, given: &[String]) -> Result<ScopeSet, ApiError> {
    if given.len() > MAX_SCOPES {
        return Err(ApiError::validation(field, "must be at most 64 scopes"));
    }
    let parse = |text: &String| {
        text.parse::<Scope>().map_err(|_| {
            let reason = "must be scopes: lower-case words joined by ':', at most 128 bytes";
            ApiError::validation(field, reason)
        })
    };
    given.iter().map(parse).collect()
}
