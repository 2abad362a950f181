//! What goes wrong in the store.

use std::path::Path;

use super::sql;
use crate::domain::DomainError;

/// A unit that did not happen. Nothing of it is on disk, but for [`StoreError::Uncertain`].
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The rules refuse it.
    #[error(transparent)]
    Refused(#[from] DomainError),
    /// The disk is full, failing, or the database is damaged.
    #[error("{0}")]
    Unavailable(String),
    /// The disk refused to sync a commit, and the one after it too: if the process ends now, the change may be found
    /// done, whole.
    #[error("{0}; whether the change is on disk is not known")]
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
    /// Names the file that it is about.
    pub(super) fn at(self, path: &Path) -> Self {
        match self {
            Self::Unavailable(why) => Self::Unavailable(format!("{}: {why}", path.display())),
            other => other,
        }
    }
}

/// Names the file that an operation failed with. There is no conversion without a name, so that none is forgotten.
pub(super) fn at(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    move |error| StoreError::Unavailable(format!("{}: {error}", path.display()))
}

/// The system gives no more threads.
pub(super) fn no_thread(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("cannot start a thread: {error}"))
}

impl From<sql::Error> for StoreError {
    fn from(error: sql::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
