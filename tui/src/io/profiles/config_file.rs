//! Writing the configuration file piece by piece, so that comments and order stay its owner's.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, Instant},
};

use serde::Serialize;
use toml_edit::{DocumentMut, Item, Table};

use super::{ProfilesError, write_private};

/// How long it is waited for another console that writes the file; and between two looks.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);

pub(super) fn text(path: &Path) -> Result<String, ProfilesError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| ProfilesError::file(path, error)),
    }
}

/// Changes the file as it is now: somebody else may have written it since it was read.
///
/// # Errors
/// One line.
pub(super) fn edit(
    path: &Path,
    change: impl FnOnce(&mut DocumentMut),
) -> Result<(), ProfilesError> {
    // A file that is only linked to from there stays where it is.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let _lock = lock(&real).map_err(|error| ProfilesError::file(path, error))?;
    let before = text(&real)?;
    let parsed = before.parse::<DocumentMut>();
    let mut document = parsed.map_err(|error| ProfilesError::Edited {
        path: path.to_owned(),
        error,
    })?;
    change(&mut document);
    write_private(&real, &document.to_string()).map_err(|error| ProfilesError::file(path, error))
}

/// Keeps other consoles from writing a file until it is dropped: each would write what it read before the other wrote.
///
/// # Errors
/// When another holds it for too long, or no file can be written there.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(name)?;
    let since = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if since.elapsed() > LOCK_TIMEOUT => {
                let why = "another console is writing it, and does not end";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, why));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
        }
    }
}

/// Puts something at its place, or takes it from there. A section that is empty then goes too.
pub(super) fn put(document: &mut DocumentMut, [section, name]: [&str; 2], item: Option<Item>) {
    let mut empty = Table::new();
    empty.set_implicit(true);
    let entry = document.entry(section).or_insert(Item::Table(empty));
    let Some(table) = entry.as_table_like_mut() else {
        return;
    };
    match item {
        Some(item) => {
            table.insert(name, item);
        }
        None => {
            table.remove(name);
        }
    }
    if table.is_empty() {
        document.remove(section);
    }
}

/// A value as a table of its own.
///
/// # Errors
/// When it has no place in such a file.
pub(super) fn table(value: &impl Serialize) -> Result<Item, toml_edit::ser::Error> {
    let document = toml_edit::ser::to_document(value)?;
    Ok(Item::Table(document.as_table().clone()))
}
