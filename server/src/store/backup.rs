//! Backup and check, of a database that may be in use.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};

use super::{DATABASE, MASTER_KEY, OPERATOR_KEY, Store, StoreError, schema};
use crate::domain::{Cause, Refusal};

/// Writes a consistent copy of a data directory's database to `file` (mode 0600), whether it is in use or not.
/// The copy appears whole or not at all. Writers are not held up.
///
/// # Errors
/// When there is no database, or `file` cannot be written.
pub fn back_up(directory: &Path, file: &Path) -> Result<u64, StoreError> {
    let source = existing(directory)?;
    let target = std::path::absolute(file)?;
    if is_in_use(directory, &target) {
        return Err(StoreError::Unavailable(format!(
            "{} is a file that the server needs",
            target.display()
        )));
    }
    if target.is_dir() {
        return Err(StoreError::Unavailable(format!(
            "{} is a directory",
            target.display()
        )));
    }
    let partial = beside(&target, "partial")?;
    let made = copy(&source, &partial).and_then(|()| put(&partial, &target));
    if made.is_err() {
        let _ = fs::remove_file(&partial);
    }
    made?;
    Ok(fs::metadata(&target)?.len())
}

/// Whether a path is one of the data directory's own files, there or not.
fn is_in_use(directory: &Path, target: &Path) -> bool {
    let home = target.parent().and_then(|home| fs::canonicalize(home).ok());
    let ours = fs::canonicalize(directory).is_ok_and(|ours| home == Some(ours));
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let suffix = name.strip_prefix(DATABASE);
    ours && (suffix.is_some_and(|suffix| ["", "-wal", "-shm", "-journal"].contains(&suffix))
        || [MASTER_KEY, OPERATOR_KEY].contains(&&*name))
}

fn existing(directory: &Path) -> Result<PathBuf, StoreError> {
    let path = directory.join(DATABASE);
    if fs::metadata(&path).is_ok_and(|found| found.len() > 0) {
        Ok(path)
    } else {
        Err(StoreError::Unavailable(format!(
            "there is no database in {}",
            directory.display()
        )))
    }
}

pub(super) fn copy(source: &Path, partial: &Path) -> Result<(), StoreError> {
    let _ = fs::remove_file(partial);
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(partial)?;
    let text = partial
        .to_str()
        .ok_or_else(|| StoreError::Unavailable("the file's name is not UTF-8".into()))?;
    // Read-write, because the last reader of a WAL database may have to recover it.
    let conn = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.execute_batch("PRAGMA busy_timeout = 5000")?;
    schema::known(&conn)?;
    // One read transaction over the whole copy: a snapshot, in WAL mode without holding up the writer.
    conn.execute("VACUUM INTO ?1", [text])?;
    Ok(())
}

/// Puts a finished file in its place, and sees to it that both are on disk.
pub(super) fn put(partial: &Path, target: &Path) -> Result<(), StoreError> {
    File::open(partial)?.sync_all()?;
    fs::rename(partial, target)?;
    if let Some(parent) = target.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

pub(super) fn beside(path: &Path, what: &str) -> Result<PathBuf, StoreError> {
    let name = path
        .file_name()
        .ok_or_else(|| StoreError::Unavailable("not the name of a file".into()))?;
    let name = format!("{}.{what}-{}", name.to_string_lossy(), std::process::id());
    Ok(path.with_file_name(name))
}

/// Whether a data directory's database is whole: pages, foreign keys, schema version. Works while it is in use.
///
/// # Errors
/// What is wrong, in one line.
pub fn check(directory: &Path) -> Result<u32, StoreError> {
    let path = existing(directory)?;
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.execute_batch("PRAGMA busy_timeout = 5000")?;
    let found = schema::recognise(&conn)?;
    examine(&conn)?;
    Ok(found)
}

/// Whether pages and foreign keys are whole.
pub(super) fn examine(conn: &Connection) -> Result<(), StoreError> {
    let whole: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if whole != "ok" {
        return Err(StoreError::Unavailable(format!(
            "the database is damaged: {}",
            whole.replace('\n', " ")
        )));
    }
    let mut broken = conn.prepare("PRAGMA foreign_key_check")?;
    if let Some(row) = broken.query([])?.next()? {
        let table: String = row.get(0)?;
        return Err(StoreError::Unavailable(format!(
            "the database is damaged: a row of {table} refers to nothing"
        )));
    }
    Ok(())
}

impl Store {
    /// Writes a backup of the running database.
    ///
    /// # Errors
    /// As [`back_up`].
    pub async fn back_up(&self, file: PathBuf, cause: Cause) -> Result<u64, StoreError> {
        let Ok(_alone) = self.inner.backup.try_lock() else {
            return Err(Refusal::Conflict("a backup is being made".into()).into());
        };
        let (directory, target) = (self.directory().to_owned(), file.clone());
        // On a thread of its own: readers are few, and this takes long.
        let made = tokio::task::spawn_blocking(move || back_up(&directory, &target)).await;
        let bytes = made.map_err(|error| StoreError::Unavailable(error.to_string()))??;
        let target = file.to_string_lossy().into_owned();
        let noted = self
            .write(move |unit| unit.event(&cause, "server.backed_up", Some(&target), None, None));
        if let Err(error) = noted.await {
            let _ = fs::remove_file(&file);
            return Err(error);
        }
        Ok(bytes)
    }
}
