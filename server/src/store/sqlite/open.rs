//! Opening a data directory.

use std::{
    fs::File,
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use doorward_shared::Timestamp;
use rusqlite::{
    Connection, OpenFlags, OptionalExtension, config::DbConfig, functions::FunctionFlags,
};
use rustix::fs::{FlockOperation, flock};

use super::{checkpoint::Checkpoints, leftovers, readers::Readers, schema, writer::Writer};
use crate::{
    clock::Clock,
    domain::text::fold,
    files,
    metrics::StoreMetrics,
    store::{
        Inner, Store, StoreError,
        caches::{CacheSizes, Caches},
        error::at,
    },
};

/// File name of the database in the data directory.
pub const DATABASE: &str = "doorward.db";

/// File name of the master key.
pub const MASTER_KEY: &str = "master.key";
/// File name of the operator key.
pub const OPERATOR_KEY: &str = "operator.key";

/// Number of readers. More than cores, because a read that waits for the disk blocks its thread and the reads queued
/// behind it.
const READERS: usize = 8;

/// The write lock of a data directory; released when the process ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _directory: File,
}

/// Size limits of the store.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    /// Total size of the caches, in bytes.
    pub cache_bytes: usize,
    /// Limits per account.
    pub caps: CacheSizes,
}

impl DirectoryLock {
    /// Creates the directory (mode 0700) if it is missing, and locks it for this process.
    ///
    /// # Errors
    /// If it cannot be created, or another process has locked it.
    pub fn take(directory: &Path) -> Result<Self, StoreError> {
        files::create_directory(directory).map_err(|error| {
            StoreError::Unavailable(format!("cannot create {}: {error}", directory.display()))
        })?;
        let handle = File::open(directory).map_err(at(directory))?;
        flock(&handle, FlockOperation::NonBlockingLockExclusive).map_err(|error| {
            StoreError::Unavailable(if error == rustix::io::Errno::WOULDBLOCK {
                format!("another doorward-server is using {}", directory.display())
            } else {
                format!("cannot lock {}: {error}", directory.display())
            })
        })?;
        Ok(Self { _directory: handle })
    }
}

impl Store {
    /// Opens, creates or upgrades the database of a data directory and starts its threads. `cache_bytes` limits all
    /// caches together, `caps` the sessions and keys of an account. Transactions check permissions at the time of
    /// `clock`.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], or [`StoreError::Unavailable`] for a disk error.
    pub fn open(
        directory: &Path,
        lock: DirectoryLock,
        bounds: Bounds,
        clock: Clock,
        metrics: Arc<StoreMetrics>,
    ) -> Result<Self, StoreError> {
        leftovers::clean(directory);
        let path = directory.join(DATABASE);
        // Created here instead of by SQLite: mode 0600 whatever the umask; the -wal and -shm files follow its mode and
        // owner.
        match files::create(&path) {
            Ok(file) => files::give(&file, directory).map_err(at(&path))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(at(&path)(error)),
        }
        let named = |error: StoreError| error.at(&path);
        let real = files::real(&path).map_err(at(&path))?;
        let mut conn = writing(&real).map_err(named)?;
        schema::migrate(&mut conn).map_err(named)?;
        keep_dead(&mut conn, clock.now()).map_err(named)?;
        // The file itself, and the removal of the journal from the change to WAL, which would otherwise roll back later
        // commits.
        files::sync_parent(&real).map_err(at(&path))?;
        let memory = Arc::new(Caches::new(bounds.cache_bytes, bounds.caps, clock));
        let conn = with_statement_log(conn)?;
        let readers = (0..READERS)
            .map(|_| reading(&real).and_then(with_statement_log).map_err(named))
            .collect::<Result<_, _>>()?;
        let checkpoints = Checkpoints::start(&real, memory.clone()).map_err(named)?;
        let (queue, thread) = Writer::start(conn, checkpoints, memory.clone(), metrics.clone())?;
        Ok(Self {
            inner: Arc::new(Inner {
                queue,
                readers: Readers::start(readers)?,
                metrics,
                memory,
                thread: Mutex::new(Some(thread)),
                directory: directory.to_owned(),
                backup: tokio::sync::Mutex::default(),
                copies: Arc::default(),
                _lock: lock,
            }),
        })
    }
}

/// Keeps keys and secrets revoked that had ended at the last run, if the clock is now behind it: one column stores both
/// a past revocation and a future one after a grace period, so only the time decides.
fn keep_dead(conn: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let sql = "SELECT time FROM events ORDER BY id DESC LIMIT 1";
    let last: Option<i64> = conn.query_row(sql, [], |row| row.get(0)).optional()?;
    let Some(last) = last.filter(|last| *last > now.0) else {
        return Ok(());
    };
    let unit = conn.transaction()?;
    unit.execute(
        "UPDATE api_keys SET revoked_at = ?1 WHERE revoked_at > ?1 AND revoked_at <= ?2",
        [now.0, last],
    )?;
    unit.execute("UPDATE endings SET at = ?1 WHERE at > ?1", [now.0])?;
    unit.execute(
        "UPDATE clients SET old_secret_until = ?1 WHERE old_secret_until > ?1 AND old_secret_until <= ?2",
        [now.0, last],
    )?;
    // Codes are valid for a minute. Without those from the future, state that blocks older codes need not block new
    // ones.
    unit.execute("DELETE FROM codes", [])?;
    unit.execute(
        "UPDATE clients SET codes_after = ?1 WHERE codes_after > ?1",
        [now.0],
    )?;
    Ok(unit.commit()?)
}

fn opened(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    // The target of a symbolic link was checked before.
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let conn = Connection::open_with_flags(path, flags)?;
    // Plans must not depend on bound values: SQLite would otherwise reparse and replan joins whenever a statement is
    // taken from the cache, which costs several times the join, for statistics that are never created here.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

/// A writing connection: WAL, an fsync for each commit. Its commits checkpoint the rest of the WAL once it has grown to
/// 64 MiB, as during a long read; the file is truncated to 16 MiB.
pub(super) fn writing(path: &Path) -> Result<Connection, StoreError> {
    let conn = opened(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.set_prepared_statement_cache_capacity(256);
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA secure_delete = ON;
         PRAGMA busy_timeout = 5000;
         PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 16000;
         PRAGMA journal_size_limit = 16777216;
         PRAGMA cache_size = -8000;",
    )?;
    Ok(conn)
}

pub(in crate::store) fn reading(path: &Path) -> Result<Connection, StoreError> {
    let conn = opened(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.set_prepared_statement_cache_capacity(128);
    add_fold(&conn)?;
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2000;")?;
    Ok(conn)
}

/// Records statements in debug builds. Compiled in both profiles, so that none can break unseen.
fn with_statement_log(mut conn: Connection) -> Result<Connection, StoreError> {
    if cfg!(debug_assertions) {
        super::statement_log::record(&mut conn)?;
    }
    Ok(conn)
}

/// Registers the SQL function `fold`: case folding, also beyond ASCII.
fn add_fold(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("fold", 1, flags, |call| {
        Ok(call.get_raw(0).as_str_or_null()?.map(fold))
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_commit_is_on_disk_when_it_returns() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(DATABASE);
        File::create(&path).unwrap();
        let conn = writing(&path).unwrap();
        let pragma = |name| {
            conn.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
        };
        assert_eq!(pragma("journal_mode").unwrap(), String::from("wal").into());
        // 2 is FULL: the WAL is synced at each commit, not only at checkpoints.
        assert_eq!(pragma("synchronous").unwrap(), 2.into());
        assert_eq!(pragma("foreign_keys").unwrap(), 1.into());
    }

    #[test]
    fn a_join_is_not_planned_anew_for_each_value() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(DATABASE);
        File::create(&path).unwrap();
        let mut writer = writing(&path).unwrap();
        schema::migrate(&mut writer).unwrap();
        for conn in [writer, reading(&path).unwrap()] {
            let sql = "SELECT u.id FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = ?1";
            for id in [[1; 16], [2; 16], [3; 16]] {
                // Returned to the cache after each use, which clears its values.
                let mut join = conn.prepare_cached(sql).unwrap();
                assert!(!join.exists([id]).unwrap());
                assert_eq!(join.get_status(StatementStatus::RePrepare), 0);
            }
        }
    }
}
