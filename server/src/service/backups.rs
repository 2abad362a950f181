//! Backups that an operator asks for: where they go, and what they are called.

use std::path::PathBuf;

use doorward_shared::Timestamp;

use super::Error;
use crate::{
    domain::Act,
    store::{Store, StoreError},
};

/// What makes backups.
#[derive(Debug, Clone)]
pub struct Backups {
    pub(crate) store: Store,
}

/// A backup that was made.
#[derive(Debug)]
pub(crate) struct Backup {
    pub file: PathBuf,
    pub bytes: u64,
    pub at: Timestamp,
}

impl Backups {
    /// Makes a backup in `backups` of the data directory, called by its time.
    ///
    /// # Errors
    /// Storage, with what the rules refuse.
    pub(crate) async fn make(&self, act: Act) -> Result<Backup, Error> {
        let at = act.at();
        let directory = self.store.backups();
        let name = at.to_string().replace([':', '.'], "-");
        let file = directory.join(format!("doorward-{name}.db"));
        // Asks the system for the current directory, which may block.
        let file = tokio::task::spawn_blocking(move || std::path::absolute(file)).await;
        let lost = |why: String| StoreError::Unavailable(format!("the path cannot be made: {why}"));
        let file = file
            .map_err(|error| lost(error.to_string()))?
            .map_err(|error| lost(error.to_string()))?;
        let (store, target) = (self.store.clone(), file.clone());
        // A caller who hangs up cuts nothing off: what is copied also stands in the log.
        let made = tokio::spawn(async move { store.back_up(target, act).await }).await;
        let bytes = made.map_err(|error| StoreError::Unavailable(error.to_string()))??;
        Ok(Backup { file, bytes, at })
    }
}
