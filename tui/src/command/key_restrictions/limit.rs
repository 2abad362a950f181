//! A limit of a key, or that there is to be none.

use std::{fmt, str::FromStr};

use doorward_shared::apikey::Metadata;

/// The word that takes a limit off.
pub(crate) const NO_LIMIT: &str = "none";

/// A limit, or that there is to be none.
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
