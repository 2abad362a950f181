//! Errors of the store.

use std::path::Path;

use super::sql;
use crate::domain::DomainError;

/// A failed write transaction. Nothing of it is on disk, except for [`StoreError::Uncertain`].
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Rejected by a domain rule.
    #[error(transparent)]
    Refused(#[from] DomainError),
    /// The disk is full or failing, or the database is damaged.
    #[error("{0}")]
    Unavailable(String),
    /// The disk refused to sync the commit and the one after it: if the process ends now, the change may turn out to be
    /// fully written.
    #[error("{0}; the change may or may not have been written")]
    Uncertain(String),
    /// The queue is full.
    #[error("storage is overloaded")]
    Overloaded,
    #[error(
        "the database has schema {found}, this doorward-server knows up to {known}: use a newer one"
    )]
    NewerSchema { found: u32, known: u32 },
}

impl StoreError {
    /// Adds the name of the file concerned.
    pub(super) fn at(self, path: &Path) -> Self {
        match self {
            Self::Unavailable(why) => Self::Unavailable(format!("{}: {why}", path.display())),
            other => other,
        }
    }
}

/// Adds the name of the file that an operation failed on. No conversion works without a name, so none is forgotten.
pub(super) fn at(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    move |error| StoreError::Unavailable(format!("{}: {error}", path.display()))
}

/// The system cannot start another thread.
pub(super) fn no_thread(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("cannot start a thread: {error}"))
}

impl From<sql::Error> for StoreError {
    fn from(error: sql::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
