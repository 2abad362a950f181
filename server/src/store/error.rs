//! What goes wrong in the store.

use crate::domain::Refusal;

/// A unit that did not happen. Nothing of it is on disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The rules refuse it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The disk is full, failing, or the database is damaged.
    #[error("{0}")]
    Unavailable(String),
    /// The queue is full.
    #[error("storage is overloaded")]
    Overloaded,
    #[error(
        "the database has schema {found}, this doorward-server knows up to {known}: use a newer one"
    )]
    NewerSchema { found: u32, known: u32 },
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
