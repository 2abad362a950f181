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

/// The database's name in the data directory.
pub const DATABASE: &str = "doorward.db";

/// The master key's name there.
pub const MASTER_KEY: &str = "master.key";
/// The operator key's name there.
pub const OPERATOR_KEY: &str = "operator.key";

/// Readers: more than cores, because a read that waits for the disk holds its thread, and those behind it would wait too.
const READERS: usize = 8;

/// Held by whoever may write to a data directory; gone with its process.
#[derive(Debug)]
pub struct DirectoryLock {
    _directory: File,
}

/// How much the store may hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    /// Of the caches together.
    pub cache_bytes: usize,
    /// Of one account.
    pub caps: CacheSizes,
}

impl DirectoryLock {
    /// Creates the directory (mode 0700) if it is missing, and takes it for this process.
    ///
    /// # Errors
    /// When it cannot be made, or another process has it.
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
    /// Opens, creates or upgrades the database of a data directory and starts its threads.
    /// `cache_bytes` bounds the caches together, `caps` what an account may have;
    /// by `clock` it is judged who may do something when it is done.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], or [`StoreError::Unavailable`] for what the disk refuses.
    pub fn open(
        directory: &Path,
        lock: DirectoryLock,
        bounds: Bounds,
        clock: Clock,
        metrics: Arc<StoreMetrics>,
    ) -> Result<Self, StoreError> {
        leftovers::clean(directory);
        let path = directory.join(DATABASE);
        // Made here rather than by SQLite: 0600 whatever the umask; the -wal and -shm files follow its mode and owner.
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
        // The file itself, and that the journal of the change to WAL is gone: it would take back what came after.
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

/// Keys and secrets that had ended by the clock of the last run stay ended where this one's is behind it: one column says both
/// that one is dead and that it dies after a grace, so whether it is over is a matter of the time.
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
    // A code lives a minute: without those from the time that is to come again, what bars older ones need not bar new ones.
    unit.execute("DELETE FROM codes", [])?;
    unit.execute(
        "UPDATE clients SET codes_after = ?1 WHERE codes_after > ?1",
        [now.0],
    )?;
    Ok(unit.commit()?)
}

fn opened(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    // What a link leads to was judged before.
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let conn = Connection::open_with_flags(path, flags)?;
    // A plan may not hang on what is bound: else SQLite, which could look into statistics that are never made here, parses
    // and plans joins anew whenever one is taken from the cache, which costs several times what the join does.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

/// A connection that writes: WAL, an fsync for each commit. Its commits copy back what of the log is still to be once it
/// has grown to 64 MiB, as beside a long read; 16 MiB of its file are kept.
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

#[cfg(debug_assertions)]
fn with_statement_log(mut conn: Connection) -> Result<Connection, StoreError> {
    super::statement_log::record(&mut conn)?;
    Ok(conn)
}

/// What a debug build notes, this one does not.
#[cfg(not(debug_assertions))]
fn noted(conn: Connection) -> Result<Connection, StoreError> {
    Ok(conn)
}

/// Gives a connection the function `fold`: a text without its case, beyond ASCII too.
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
        // 2 is FULL: the log is synced at each commit, not at checkpoints only.
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
                // Back in the cache after each use, which takes its values away.
                let mut join = conn.prepare_cached(sql).unwrap();
                assert!(!join.exists([id]).unwrap());
                assert_eq!(join.get_status(StatementStatus::RePrepare), 0);
            }
        }
    }
}
