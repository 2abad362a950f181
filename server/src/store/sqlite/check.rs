//! Integrity check of a database: pages, foreign keys, schema, row counts.

use std::{
    fs, io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::{open::DATABASE, schema};
use crate::{
    files::{self, with_suffix},
    store::{StoreError, error::at, row_counts},
};

/// Files that SQLite keeps beside a database: write-ahead log, rollback journal and shared memory.
pub(super) const LOGS: [&str; 3] = ["-wal", "-journal", "-shm"];
/// Characters to percent-encode in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/');

/// Checks a data directory's database; returns its schema version. Works while the database is in use.
///
/// # Errors
/// The defect, in one line.
pub fn check(directory: &Path) -> Result<u32, StoreError> {
    let path = existing(directory)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let conn = open_to_check(&path, flags)?;
    check_with(&conn, &path)
}

/// As [`check`], for a backup.
///
/// # Errors
/// The defect, in one line.
pub fn check_file(file: &Path) -> Result<u32, StoreError> {
    plain(file)?;
    check_with(&open_backup(file)?, file)
}

fn check_with(conn: &Connection, path: &Path) -> Result<u32, StoreError> {
    let examined = schema::recognise(conn).and_then(|found| {
        examine(conn)?;
        row_counts::compare(conn)?;
        Ok(found)
    });
    examined.map_err(|error| error.at(path))
}

/// The database of a data directory, by a path without symbolic links.
pub(super) fn existing(directory: &Path) -> Result<PathBuf, StoreError> {
    let path = directory.join(DATABASE);
    match fs::metadata(&path) {
        Ok(found) if found.len() > 0 => files::real(&path).map_err(at(&path)),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(&path)(error)),
        _ => Err(StoreError::Unavailable(format!(
            "there is no database in {}",
            directory.display()
        ))),
    }
}

/// Refuses anything that is not a regular file or cannot be examined.
pub(super) fn plain(file: &Path) -> Result<(), StoreError> {
    let found = fs::metadata(file).map_err(at(file))?;
    if found.is_file() {
        Ok(())
    } else {
        Err(StoreError::Unavailable(format!(
            "{}: is not a file",
            file.display()
        )))
    }
}

/// A connection to a database of unknown origin: nothing that its schema names is trusted.
pub(super) fn open_to_check(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let open = || {
        let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 5000")?;
        Ok::<_, rusqlite::Error>(conn)
    };
    open().map_err(|error| StoreError::from(error).at(path))
}

/// A connection to a backup. SQLite replays a log beside a database into it, whoever created the log. If there is none,
/// one that appears later is ignored; one with another owner than the backup is refused.
///
/// # Errors
/// The defect, with the file concerned.
pub(super) fn open_backup(file: &Path) -> Result<Connection, StoreError> {
    // Where SQLite looks for logs.
    let real = fs::canonicalize(file).map_err(at(file))?;
    let named = |error: StoreError| error.at(file);
    if has_logs(&real)? {
        // Read-write, because the last reader of a WAL database may have to recover it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        return open_to_check(&real, flags).map_err(named);
    }
    let path = percent_encode(real.as_os_str().as_bytes(), PATH);
    let alone = format!("file:{path}?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    open_to_check(Path::new(&alone), flags).map_err(named)
}

/// Whether logs of the same owner exist beside a database.
fn has_logs(file: &Path) -> Result<bool, StoreError> {
    let owner = fs::metadata(file).map_err(at(file))?.uid();
    let mut any = false;
    for suffix in LOGS {
        let log = with_suffix(file, suffix);
        match fs::symlink_metadata(&log) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(&log)(error)),
            Ok(found) if found.uid() == owner => any = true,
            Ok(_) => {
                let why = "belongs to another user than the backup; SQLite would replay it into the backup. Remove it";
                return Err(StoreError::Unavailable(why.into()).at(&log));
            }
        }
    }
    Ok(any)
}

/// Checks pages and foreign keys.
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
            "the database is corrupt: foreign key violation in {table}"
        )));
    }
    Ok(())
}
