//! A limit of a key, or its removal.

use std::{fmt, str::FromStr};

use doorward_shared::apikey::Metadata;

/// The word that removes a limit.
pub(crate) const NO_LIMIT: &str = "none";

/// A limit, or its removal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit<T>(pub(super) Option<T>);

impl<T: fmt::Display> fmt::Display for Limit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(limit) => limit.fmt(f),
            None => f.write_str(NO_LIMIT),
        }
    }
}

pub(super) fn limit<T: FromStr>(text: &str) -> Result<Limit<T>, T::Err> {
    if text == NO_LIMIT {
        Ok(Limit(None))
    } else {
        text.parse().map(|limit| Limit(Some(limit)))
    }
}

pub(super) fn metadata(text: &str) -> Result<Limit<Metadata>, String> {
    if text == NO_LIMIT {
        return Ok(Limit(None));
    }
    Metadata::parse(text).map(|metadata| Limit(Some(metadata)))
}
