//! Backups on an operator's request: their location and file names.

use std::path::PathBuf;

use doorward_shared::Timestamp;

use super::Error;
use crate::{
    domain::Act,
    store::{Store, StoreError},
};

/// Creates backups.
#[derive(Debug, Clone)]
pub struct Backups {
    pub(crate) store: Store,
}

/// A created backup.
#[derive(Debug)]
pub(crate) struct Backup {
    pub file: PathBuf,
    pub bytes: u64,
    pub at: Timestamp,
}

impl Backups {
    /// Creates a backup in the folder `backups` of the data directory, named by its time.
    ///
    /// # Errors
    /// Storage, including rejections by the domain's rules.
    pub(crate) async fn make(&self, act: Act) -> Result<Backup, Error> {
        let at = act.at();
        let directory = self.store.backups();
        let name = at.to_string().replace([':', '.'], "-");
        let file = directory.join(format!("doorward-{name}.db"));
        // Reads the current directory from the operating system, which may block.
        let file = tokio::task::spawn_blocking(move || std::path::absolute(file)).await;
        let lost = |why: String| StoreError::Unavailable(format!("the path cannot be made: {why}"));
        let file = file
            .map_err(|error| lost(error.to_string()))?
            .map_err(|error| lost(error.to_string()))?;
        let (store, target) = (self.store.clone(), file.clone());
        // A client that disconnects does not interrupt it: the copied backup is also recorded in the log.
        let made = tokio::spawn(async move { store.back_up(target, act).await }).await;
        let bytes = made.map_err(|error| StoreError::Unavailable(error.to_string()))??;
        Ok(Backup { file, bytes, at })
    }
}
