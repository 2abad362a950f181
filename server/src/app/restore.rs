//! `doorward-server restore`: which keys of a backup live on.

use std::path::Path;

use super::OpenError;
use crate::{
    clock::Clock,
    crypto::seal::MasterKey,
    service::found_operator_key,
    settings::Settings,
    store::{self, MASTER_KEY, Restore, Restored},
};

/// What a restore is asked to do beyond taking the backup's rows.
#[derive(Debug, Clone, Copy)]
pub struct RestoreOptions {
    /// Whether a newer database is replaced.
    pub force: bool,
    /// Whether sessions of the backup live on.
    pub keep_sessions: bool,
}

/// Puts the backup `file` in the place of a data directory's database, on a directory that is not in use.
///
/// # Errors
/// When the backup or the directory cannot be used; the directory is as it was then.
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
