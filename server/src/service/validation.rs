//! Validation of text input of the use cases: names and scopes.

use doorward_shared::{Scope, ScopeSet, scope::MAX_SCOPES};

use super::Error;
use crate::domain::{groups, text};

/// A user's name; empty becomes `None`.
pub(crate) fn name(field: &'static str, given: Option<String>) -> Result<Option<String>, Error> {
    let Some(given) = given else {
        return Ok(None);
    };
    let name = text::name(&given).map_err(|why| Error::invalid(field, why))?;
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// A change of a name: absent keeps it, `null` and empty clear it.
pub(crate) fn name_change(
    field: &'static str,
    given: Option<Option<String>>,
) -> Result<Option<Option<String>>, Error> {
    given.map(|given| name(field, given)).transpose()
}

/// A required name.
pub(crate) fn required_name(field: &'static str, given: &str) -> Result<String, Error> {
    text::required_name(given).map_err(|why| Error::invalid(field, why))
}

/// Parses scopes.
pub(crate) fn scopes(field: &'static str, given: &[String]) -> Result<ScopeSet, Error> {
    if given.len() > MAX_SCOPES {
        return Err(Error::invalid(field, "must be at most 64 scopes"));
    }
    let parse = |text: &String| {
        text.parse::<Scope>().map_err(|_| {
            let reason = "must be scopes: lower-case words joined by ':', at most 128 bytes";
            Error::invalid(field, reason)
        })
    };
    given.iter().map(parse).collect()
}

/// Groups of a user or a client.
pub(crate) fn groups(field: &'static str, given: &[String]) -> Result<Vec<String>, Error> {
    groups::groups(given).map_err(|(at, why)| match at {
        Some(at) => Error::Element {
            field,
            at,
            reason: why.into(),
        },
        None => Error::invalid(field, why),
    })
}
