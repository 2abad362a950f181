//! Restore: a backup in the place of a data directory's database.

use std::{fs, path::Path};

use doorward_shared::Timestamp;
use rusqlite::{Connection, OpenFlags, Transaction, params};
use ulid::Ulid;

use super::{
    DATABASE, DirectoryLock, StoreError,
    backup::{beside, copy, examine, put},
    open,
    operator::{MADE, OPERATOR},
    schema,
};
use crate::crypto::secret::Digest256;

/// How a backup is put back.
pub struct Restore<'a> {
    /// Overwrite a database that is there.
    pub force: bool,
    /// Leave sessions as they were at the time of the backup. Without it everybody has to sign in again.
    pub keep_sessions: bool,
    /// Hash of the directory's operator key, if there is one.
    pub operator: Option<Digest256>,
    /// Whether the directory's master key opens a signing key: its id, and the key as it is stored.
    pub opens: &'a dyn Fn(&str, &[u8]) -> bool,
    pub now: Timestamp,
}

impl std::fmt::Debug for Restore<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restore")
            .field("force", &self.force)
            .field("keep_sessions", &self.keep_sessions)
            .finish_non_exhaustive()
    }
}

/// What became of what a restored database shares with its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Signing keys that the directory's master key does not open, and that are gone: the next start makes a new one.
    pub signing_keys_lost: usize,
}

/// Puts a backup in the place of a data directory's database. A kill at any instant leaves the old database or the new one.
///
/// # Errors
/// When `file` is no whole Doorward database, is newer than this binary, or a database is there and `force` is not set.
pub fn restore(directory: &Path, file: &Path, how: &Restore<'_>) -> Result<Restored, StoreError> {
    let named = |error| match error {
        StoreError::Unavailable(why) => {
            StoreError::Unavailable(format!("{}: {why}", file.display()))
        }
        other => other,
    };
    if !file.is_file() {
        return Err(named(StoreError::Unavailable("is not a file".into())));
    }
    let _lock = DirectoryLock::take(directory)?;
    clean(directory);
    let target = directory.join(DATABASE);
    if !how.force && fs::metadata(&target).is_ok_and(|found| found.len() > 0) {
        let message = format!(
            "{} has a database: --force overwrites it",
            directory.display()
        );
        return Err(StoreError::Unavailable(message));
    }
    let partial = beside(&target, PREPARED)?;
    let prepared = copy(file, &partial)
        .and_then(|()| prepare(&partial, how))
        .map_err(named);
    let done = prepared.and_then(|restored| {
        retire(&target);
        put(&partial, &target)?;
        Ok(restored)
    });
    remove(&partial, &["", "-wal", "-shm", "-journal"]);
    done
}

/// What a database that is being made ready is called, after the name it will have.
const PREPARED: &str = "restore";

/// Removes what a restore that was killed has left in a directory that is locked.
pub(super) fn clean(directory: &Path) {
    let start = format!("{DATABASE}.{PREPARED}-");
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&start) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes an old database and its log one file: the log must not be replayed into the new database, and a kill before
/// that is in place must leave the old one whole.
fn retire(target: &Path) {
    if target.exists()
        && let Ok(old) = open::writing(target)
    {
        let _ = old.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;");
    }
    remove(target, &["-wal", "-shm"]);
}

fn remove(path: &Path, suffixes: &[&str]) {
    for suffix in suffixes {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
}

fn prepare(path: &Path, how: &Restore<'_>) -> Result<Restored, StoreError> {
    let mut conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    schema::recognise(&conn)?;
    examine(&conn)?;
    conn.execute_batch("PRAGMA foreign_keys = ON")?;
    schema::migrate(&mut conn)?;
    let tx = conn.transaction()?;
    if !how.keep_sessions {
        tx.execute(
            "UPDATE sessions SET revoked_at = ?1 WHERE revoked_at IS NULL",
            [how.now.0],
        )?;
    }
    let signing_keys_lost = drop_sealed(&tx, how)?;
    fit_operator_key(&tx, how)?;
    note(&tx, how)?;
    tx.commit()?;
    Ok(Restored { signing_keys_lost })
}

/// Drops signing keys that nobody can open here.
fn drop_sealed(tx: &Transaction<'_>, how: &Restore<'_>) -> Result<usize, StoreError> {
    let mut select = tx.prepare("SELECT kid, sealed FROM signing_keys")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let keys: Vec<(String, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    let mut lost = 0;
    for (kid, _) in keys
        .iter()
        .filter(|(kid, sealed)| !(how.opens)(kid, sealed))
    {
        lost += tx.execute("DELETE FROM signing_keys WHERE kid = ?1", [kid])?;
    }
    Ok(lost)
}

/// The operator key is the one in the directory, not the one of the time of the backup. Where the backup does not know
/// it, the next start takes it up, or makes one.
fn fit_operator_key(tx: &Transaction<'_>, how: &Restore<'_>) -> Result<(), StoreError> {
    let known = match how.operator {
        Some(hash) => tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM api_keys WHERE hash = ?1 AND owner_id IS NULL AND revoked_at IS NULL)",
            params![hash.0],
            |row| row.get(0),
        )?,
        None => false,
    };
    if !known {
        let sql = "UPDATE api_keys SET revoked_at = ?1 WHERE owner_id IS NULL AND name = ?2 AND revoked_at IS NULL";
        tx.execute(sql, params![how.now.0, OPERATOR])?;
        tx.execute("DELETE FROM meta WHERE key = ?1", [MADE])?;
    }
    Ok(())
}

fn note(tx: &Transaction<'_>, how: &Restore<'_>) -> Result<(), StoreError> {
    let time = u64::try_from(how.now.0).unwrap_or_default();
    // Greater than every event of the backup, as ids of events are.
    let newest: Option<[u8; 16]> =
        tx.query_row("SELECT max(id) FROM events", [], |row| row.get(0))?;
    let newest = newest.map_or(0, |id| Ulid::from_bytes(id).0);
    let id = Ulid(Ulid::from_parts(time, 0).0.max(newest.saturating_add(1)));
    let detail = if how.keep_sessions {
        "sessions kept"
    } else {
        "all sessions ended"
    };
    tx.execute(
        "INSERT INTO events (id, time, actor, action, detail) VALUES (?1, ?2, 'system', 'server.restored', ?3)",
        params![id.to_bytes(), how.now.0, detail],
    )?;
    Ok(())
}
