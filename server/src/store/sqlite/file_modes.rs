//! Modes of what a data directory holds: others must not read its keys.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use super::open::{DATABASE, MASTER_KEY, OPERATOR_KEY};
use crate::{
    files::raw,
    store::{StoreError, error::at},
};

/// Bits of group and others.
const LOOSE: u32 = 0o077;

/// Takes from group and others what they may do with a data directory, its database and its keys; answers a line for each
/// that was open to them. Links are left to whoever made them.
///
/// # Errors
/// When others may read a file or change the directory, and this process may not change that.
pub fn tighten(directory: &Path) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    tighten_one(directory, 0o002, &mut lines)?;
    let wal = format!("{DATABASE}-wal");
    for name in [DATABASE, &wal, MASTER_KEY, OPERATOR_KEY] {
        tighten_one(&directory.join(name), 0o006, &mut lines)?;
    }
    Ok(lines)
}

/// `unbearable` are the bits with which nothing goes on.
fn tighten_one(path: &Path, unbearable: u32, lines: &mut Vec<String>) -> Result<(), StoreError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(path)(error)),
    };
    let mode = found.permissions().mode() & 0o7777;
    if !(found.is_file() || found.is_dir()) || mode & LOOSE == 0 {
        return Ok(());
    }
    let tight = mode & 0o700;
    match open(path).and_then(|file| file.set_permissions(Permissions::from_mode(tight))) {
        Ok(()) => lines.push(format!(
            "{}: mode {mode:o} was open to others; it is {tight:o} now",
            path.display()
        )),
        Err(error) if mode & unbearable != 0 => {
            return Err(StoreError::Unavailable(format!(
                "{}: mode {mode:o} is open to others, and cannot be made {tight:o}: {error}",
                path.display()
            )));
        }
        Err(error) => lines.push(format!(
            "{}: mode {mode:o} is open to its group or others, and cannot be made {tight:o}: {error}",
            path.display()
        )),
    }
    Ok(())
}

/// Not through a link that came in between: it could lead anywhere.
fn open(path: &Path) -> io::Result<File> {
    let no_follow = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut how = OpenOptions::new();
    how.read(true).custom_flags(raw(no_follow)).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_to_others_is_closed_and_told() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        for name in [DATABASE, MASTER_KEY, "other"] {
            fs::write(at(name), "").unwrap();
            fs::set_permissions(at(name), Permissions::from_mode(0o644)).unwrap();
        }
        std::os::unix::fs::symlink("other", at(OPERATOR_KEY)).unwrap();
        fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
        assert_eq!(tighten(home.path()).unwrap().len(), 3);
        assert_eq!(mode(home.path()), 0o700);
        assert_eq!((mode(&at(DATABASE)), mode(&at(MASTER_KEY))), (0o600, 0o600));
        assert_eq!(mode(&at("other")), 0o644);
        assert!(tighten(home.path()).unwrap().is_empty());
        assert!(tighten(&at("missing")).unwrap().is_empty());
    }
}
