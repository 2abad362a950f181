//! Whether a database is whole: pages, foreign keys, schema, counts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};

use super::{open::DATABASE, schema};
use crate::store::{StoreError, counts};

/// Whether a data directory's database is whole; answers the version of its schema. Works while it is in use.
///
/// # Errors
/// What is wrong, in one line.
pub fn check(directory: &Path) -> Result<u32, StoreError> {
    check_at(&existing(directory)?, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// As [`check`], of a backup.
///
/// # Errors
/// What is wrong, in one line.
pub fn check_file(file: &Path) -> Result<u32, StoreError> {
    plain(file)?;
    check_at(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn check_at(path: &Path, flags: OpenFlags) -> Result<u32, StoreError> {
    let conn = open_to_check(path, flags)?;
    let examined = schema::recognise(&conn).and_then(|found| {
        examine(&conn)?;
        counts::compare(&conn)?;
        Ok(found)
    });
    examined.map_err(|error| error.at(path))
}

/// The database of a data directory.
pub(in crate::store) fn existing(directory: &Path) -> Result<PathBuf, StoreError> {
    let path = directory.join(DATABASE);
    match fs::metadata(&path) {
        Ok(found) if found.len() > 0 => Ok(path),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(crate::store::error::at(&path)(error))
        }
        _ => Err(StoreError::Unavailable(format!(
            "there is no database in {}",
            directory.display()
        ))),
    }
}

/// Refuses what is no plain file, or cannot be looked at.
pub(in crate::store) fn plain(file: &Path) -> Result<(), StoreError> {
    let found = fs::metadata(file).map_err(crate::store::error::at(file))?;
    if found.is_file() {
        Ok(())
    } else {
        Err(StoreError::Unavailable(format!(
            "{}: is not a file",
            file.display()
        )))
    }
}

/// A connection to a database that need not be ours: nothing that its schema names is trusted.
pub(in crate::store) fn open_to_check(
    path: &Path,
    flags: OpenFlags,
) -> Result<Connection, StoreError> {
    let open = || {
        let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 5000")?;
        Ok::<_, rusqlite::Error>(conn)
    };
    open().map_err(|error| StoreError::from(error).at(path))
}

/// Whether pages and foreign keys are whole.
pub(in crate::store) fn examine(conn: &Connection) -> Result<(), StoreError> {
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
