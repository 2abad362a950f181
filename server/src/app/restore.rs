//! `doorward-server restore`: replaces the database by a backup, and decides which of its keys stay valid.

use std::path::Path;

use super::OpenError;
use crate::{
    clock::Clock,
    crypto::seal::MasterKey,
    service::found_operator_key,
    settings::Settings,
    store::{self, MASTER_KEY, Restore, Restored},
};

/// Options of a restore.
#[derive(Debug, Clone, Copy)]
pub struct RestoreOptions {
    /// Whether a newer database is replaced.
    pub force: bool,
    /// Whether the backup's sessions stay valid.
    pub keep_sessions: bool,
}

/// Replaces the database of a data directory that is not in use by the backup `file`.
///
/// # Errors
/// If the backup or the directory cannot be used; the directory is then unchanged.
pub fn restore(
    settings: &Settings,
    file: &Path,
    options: RestoreOptions,
    clock: &Clock,
) -> Result<Restored, OpenError> {
    let directory = &settings.data_dir;
    let path = directory.join(MASTER_KEY);
    let master = if path.exists() {
        match MasterKey::load_or_create(&path) {
            Ok((master, _)) => Some(master),
            Err(error) => return Err(OpenError::File { path, error }),
        }
    } else {
        None
    };
    let opens = |place: &str, sealed: &[u8]| {
        let master = master.as_ref();
        master.is_some_and(|master| master.open(place, sealed).is_ok())
    };
    let operator = found_operator_key(settings)?.map(|key| key.digest());
    let how = Restore {
        force: options.force,
        keep_sessions: options.keep_sessions,
        operator,
        opens: &opens,
        now: clock.now(),
    };
    Ok(store::restore(directory, file, &how)?)
}
