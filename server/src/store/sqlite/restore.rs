//! Restore: a backup in the place of a data directory's database.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use doorward_shared::{Timestamp, UserId};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, config::DbConfig, params};
use ulid::Ulid;

use super::{
    backup::{Source, beside, copy},
    check::{LOGS, examine, open_backup, open_to_check, plain},
    leftovers,
    open::{DATABASE, DirectoryLock},
    schema,
};
use crate::{
    crypto::{secret::Digest256, totp},
    domain::AuditContext,
    files::{self, with_suffix},
    store::{StoreError, error::at, operator_key, row_counts, row_mapping::ulid, signing_keys},
};

/// How a backup is put back.
pub struct Restore<'a> {
    /// Overwrite a database that is there.
    pub force: bool,
    /// Leave sessions as they were at the time of the backup. Without it everybody has to sign in again.
    pub keep_sessions: bool,
    /// Hash of the directory's operator key, if there is one.
    pub operator: Option<Digest256>,
    /// Whether the directory's master key opens what is sealed: its place, and the bytes as they are stored.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// API keys that work as they did at the time of the backup: what has become of them since is not in it.
    pub api_keys: u64,
    /// Signing keys that the directory's master key does not open, and that are gone: the next start makes a new one.
    pub signing_keys_lost: usize,
    /// Accounts with one-time codes whose secrets it does not open. They stay: the key may come back.
    pub codes_closed: usize,
    /// Where the old database is, if it was so damaged that its log could not be brought into it.
    pub set_aside: Option<PathBuf>,
}

/// Puts a backup in the place of a data directory's database. A kill or a power cut at any instant leaves the old database
/// or the new one, whole: nothing of the old one is removed before its log is in its one file, on disk, and the new one is
/// ready beside it.
///
/// # Errors
/// When `file` is no whole Doorward database, is newer than this binary, or a database is there and `force` is not set;
/// when the old one's log cannot be brought into it. The old database is as it was then.
pub fn restore(directory: &Path, file: &Path, how: &Restore<'_>) -> Result<Restored, StoreError> {
    plain(file)?;
    let _lock = DirectoryLock::take(directory)?;
    leftovers::clean(directory);
    let target = directory.join(DATABASE);
    let target = files::real(&target).map_err(at(&target))?;
    if !how.force && fs::metadata(&target).is_ok_and(|found| found.len() > 0) {
        let message = format!(
            "{} has a database: --force overwrites it",
            directory.display()
        );
        return Err(StoreError::Unavailable(message));
    }
    let partial = beside(&target, PREPARED)?;
    let done = open_backup(file)
        .and_then(|conn| copy(Source { conn, path: file }, &partial, Some(directory)))
        .and_then(|()| prepare(&partial, how).map_err(|error| error.at(file)))
        .and_then(|restored| {
            let set_aside = put(&partial, &target, how.now)?;
            Ok(Restored {
                set_aside,
                ..restored
            })
        });
    if done.is_err() {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // What failed is what has to be told; the next start removes what stays.
            files::remove(&with_suffix(&partial, suffix)).ok();
        }
    }
    done
}

/// What a database that is being made ready is called, after the name it will have.
pub(super) const PREPARED: &str = "restore";

/// Puts the finished database in the place of the old one; answers where the old one is, if it was damaged.
fn put(partial: &Path, target: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    let old = Old::fold(target)?;
    let set_aside = match &old {
        Old::Damaged => Some(keep(target, now)?),
        Old::Missing | Old::Whole(_) => None,
    };
    for suffix in LOGS {
        let log = with_suffix(target, suffix);
        files::remove(&log).map_err(at(&log))?;
    }
    // Before the rename, so that no power cut can leave the old log beside the new database.
    files::sync_parent(target).map_err(at(target))?;
    for path in [target, partial] {
        refuse_logs(path)?;
    }
    files::replace(partial, target).map_err(at(target))?;
    drop(old);
    Ok(set_aside)
}

/// A log beside a database that is not its own would be played into it.
fn refuse_logs(path: &Path) -> Result<(), StoreError> {
    for suffix in LOGS {
        let log = with_suffix(path, suffix);
        match fs::symlink_metadata(&log) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(&log)(error)),
            Ok(_) => {
                let why = "reappeared: another program is using the database";
                return Err(StoreError::Unavailable(why.into()).at(&log));
            }
        }
    }
    Ok(())
}

/// The database that is to be replaced.
enum Old {
    Missing,
    /// In one file, on disk. The connection keeps other programs out of it, and leaves its files alone when it goes.
    Whole(#[expect(dead_code, reason = "held for its lock")] Connection),
    /// No database, or a broken one: its log cannot be brought into it.
    Damaged,
}

impl Old {
    fn fold(target: &Path) -> Result<Self, StoreError> {
        match fs::symlink_metadata(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Missing),
            Err(error) => return Err(at(target)(error)),
            Ok(_) => plain(target)?,
        }
        match fold(target) {
            Ok(conn) => Ok(Self::Whole(conn)),
            Err(error) => match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Ok(Self::Damaged),
                Some(ErrorCode::DatabaseBusy) => {
                    let why = "another program is using it";
                    Err(StoreError::Unavailable(why.into()).at(target))
                }
                _ => Err(StoreError::from(error).at(target)),
            },
        }
    }
}

/// Brings the log of a database into its one file. Every step tells whether it is on disk.
fn fold(target: &Path) -> Result<Connection, rusqlite::Error> {
    let conn = Connection::open_with_flags(
        target,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW,
    )?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.execute_batch(
        "PRAGMA trusted_schema = OFF;
         PRAGMA busy_timeout = 5000;
         PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA synchronous = FULL;",
    )?;
    // Reading takes the lock, and plays a journal back that a crash has left.
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let (busy, log, copied): (i64, i64, i64) =
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    if busy != 0 || log != copied {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(busy, None));
    }
    Ok(conn)
}

/// Gives a damaged database and its logs names of their own: `--force` is no reason to lose what may still be saved.
fn keep(target: &Path, now: Timestamp) -> Result<PathBuf, StoreError> {
    let kept = with_suffix(target, &format!(".damaged-{}", now.0));
    for suffix in ["", "-wal", "-journal"] {
        let (from, to) = (with_suffix(target, suffix), with_suffix(&kept, suffix));
        match fs::hard_link(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !suffix.is_empty() => {}
            done => done.map_err(at(&to))?,
        }
    }
    files::sync_parent(&kept).map_err(at(&kept))?;
    Ok(kept)
}

/// Makes a copy of the backup ready; answers what is to be said of it.
fn prepare(path: &Path, how: &Restore<'_>) -> Result<Restored, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut conn = open_to_check(path, flags)?;
    schema::recognise(&conn)?;
    examine(&conn)?;
    // Nobody needs a file that was being prepared: no journal beside it, and one sync when it is finished.
    conn.execute_batch(
        "PRAGMA journal_mode = MEMORY;
         PRAGMA synchronous = OFF;
         PRAGMA secure_delete = ON;
         PRAGMA foreign_keys = ON;",
    )?;
    schema::migrate(&mut conn)?;
    let tx = conn.transaction()?;
    // Who was given one may have used it since; mails were sent.
    tx.execute("DELETE FROM links", [])?;
    tx.execute("DELETE FROM registration_tokens", [])?;
    tx.execute("DELETE FROM mails WHERE due_at IS NOT NULL", [])?;
    let signing_keys_lost = drop_sealed(&tx, how)?;
    if !how.keep_sessions {
        end_sessions(&tx, how.now)?;
    }
    let codes_closed = closed_codes(&tx, how)?;
    fit_operator_key(&tx, how)?;
    let api_keys = live_keys(&tx, how)?;
    note(&tx, how)?;
    row_counts::recount(&tx)?;
    tx.commit()?;
    conn.close().map_err(|(_, error)| error)?;
    Ok(Restored {
        api_keys,
        signing_keys_lost,
        codes_closed,
        set_aside: None,
    })
}

/// Ends all sessions and what clients got for themselves.
fn end_sessions(tx: &Transaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    // Their clients are told at the next start.
    let notices = "INSERT INTO logout_notices SELECT randomblob(16), s.client_id, s.id, s.user_id, ?1, ?1, 0 \
         FROM sessions s JOIN clients c ON c.id = s.client_id \
         WHERE s.revoked_at IS NULL AND (s.idle_until > ?1 OR s.refresh_hash IS NULL) \
         AND c.backchannel_logout_uri IS NOT NULL";
    tx.execute(notices, [now.0])?;
    let live = "UPDATE sessions SET revoked_at = ?1 WHERE revoked_at IS NULL";
    tx.execute(live, [now.0])?;
    // It hangs on no session. Of what was given up since nothing is known here.
    tx.execute("UPDATE clients SET own_tokens_from = ?1", [now.0])?;
    // Nothing that they have signed is good any more, and one that was revoked since would verify for others what whoever has
    // stolen it signs: the next start makes a new one.
    signing_keys::withdraw_all(tx, now)
}

/// API keys that work, the operator's apart, which is the directory's.
fn live_keys(tx: &Transaction<'_>, how: &Restore<'_>) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM api_keys WHERE (revoked_at IS NULL OR revoked_at > ?1) \
               AND (expires_at IS NULL OR expires_at > ?1) \
               AND NOT EXISTS (SELECT 1 FROM meta WHERE meta.key = 'operator_key:' || hex(api_keys.id))";
    Ok(tx.query_row(sql, [how.now.0], |row| row.get(0))?)
}

/// Accounts with one-time codes whose secret nobody can open here.
fn closed_codes(tx: &Transaction<'_>, how: &Restore<'_>) -> Result<usize, StoreError> {
    let mut select =
        tx.prepare("SELECT user_id, sealed FROM totp WHERE confirmed_at IS NOT NULL")?;
    let mut rows = select.query([])?;
    let mut closed = 0;
    while let Some(row) = rows.next()? {
        let (user, sealed): (_, Vec<u8>) = (UserId(ulid(row, 0)?), row.get(1)?);
        closed += usize::from(!(how.opens)(&totp::seal_place(user), &sealed));
    }
    Ok(closed)
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
    let context = AuditContext::system(how.now);
    match how.operator {
        Some(hash) if operator_key::is_live(tx, hash)? => {
            operator_key::retire_others(tx, hash, &context)
        }
        _ => operator_key::retire_all(tx, &context),
    }
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
