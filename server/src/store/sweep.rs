//! Deletes long-expired rows in short batches with a pause between them, so that other writes are not delayed.
//!
//! The rows are found on a reading connection, however long that takes, and deleted by key.

use std::time::{Duration, Instant};

use doorward_shared::Timestamp;

use super::{
    Store, StoreError,
    key_usage::{KEEP_DAYS, KEEP_HOURS},
    row_counts::{
        Difference, EVENT_DELETED, NOT_COUNTED, REVOKED_SESSION_DELETED, UNREVOKED_SESSION_DELETED,
    },
    row_mapping::first_id,
    sql::{self, params},
    write_tx::WriteTx,
};

/// Time budget of one delete batch, excluding its commit, and the pause between batches.
const UNIT_BUDGET: Duration = Duration::from_millis(5);
/// Maximum keys that one statement looks up.
const LOOKUP_LIMIT: usize = 5000;
/// Maximum rows that one statement deletes.
const DELETE_LIMIT: usize = 200;
/// Retention of ended sessions and keys for operators to see, in seconds: 30 days.
const KEEP_DEAD: i64 = 30 * 86_400;
/// Retention of a revoked token after its expiry, in seconds: the clock may be set back between two runs.
const KEEP_TOKEN: i64 = 3600;
/// Retention of a link after its expiry, in seconds: a week.
const KEEP_LINK: i64 = 7 * 86_400;
/// Retention of a code after its expiry, in seconds: a day.
const KEEP_CODE: i64 = 86_400;
/// Retention of an address that has signed in, in seconds: 180 days.
const KEEP_ADDRESS: i64 = 180 * 86_400;

/// Retention of a key's usage after its last change, in seconds: 62 days.
const KEEP_METERS: i64 = 62 * 86_400;

/// A kind of row to delete.
struct Kind {
    /// Selects up to `?2` keys of rows that ended before `?1`.
    find: &'static str,
    /// Deletes up to `?2` rows that depend on the row with the key `?1`, before the row itself.
    first: Option<&'static str>,
    /// Deletes the row with the key `?1`, if it still ended before `?2`.
    delete: &'static str,
    /// Change of the counts for each deleted row.
    each: Difference,
}

const SESSION_TOKENS: &str = "DELETE FROM refresh_tokens WHERE hash IN \
     (SELECT hash FROM refresh_tokens WHERE session_id = ?1 LIMIT ?2)";

const SESSIONS_REVOKED: Kind = Kind {
    find: "SELECT id FROM sessions WHERE revoked_at IS NOT NULL AND revoked_at < ?1 LIMIT ?2",
    first: Some(SESSION_TOKENS),
    delete: "DELETE FROM sessions WHERE id = ?1 AND revoked_at < ?2",
    each: REVOKED_SESSION_DELETED,
};
const SESSIONS_ENDED: Kind = Kind {
    find: "SELECT id FROM sessions WHERE revoked_at IS NULL AND idle_until < ?1 LIMIT ?2",
    first: Some(SESSION_TOKENS),
    delete: "DELETE FROM sessions WHERE id = ?1 AND revoked_at IS NULL AND idle_until < ?2",
    each: UNREVOKED_SESSION_DELETED,
};
const TOKENS: Kind = Kind {
    find: "SELECT jti FROM revoked_tokens WHERE expires_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM revoked_tokens WHERE jti = ?1 AND expires_at < ?2",
    each: NOT_COUNTED,
};
const ASSERTIONS: Kind = Kind {
    find: "SELECT hash FROM assertions WHERE expires_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM assertions WHERE hash = ?1 AND expires_at < ?2",
    each: NOT_COUNTED,
};
const REGISTRATION_TOKENS: Kind = Kind {
    find: "SELECT hash FROM registration_tokens WHERE expires_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM registration_tokens WHERE hash = ?1 AND expires_at < ?2",
    each: NOT_COUNTED,
};
const LINKS: Kind = Kind {
    find: "SELECT hash FROM links WHERE expires_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM links WHERE hash = ?1 AND expires_at < ?2",
    each: NOT_COUNTED,
};
// Undelivered mails have been given up long before, or wait for a worker that no longer exists.
const MAILS: Kind = Kind {
    find: "SELECT id FROM mails WHERE created_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM mails WHERE id = ?1 AND created_at < ?2",
    each: NOT_COUNTED,
};
const DEVICES: Kind = Kind {
    find: "SELECT CAST(user_id || device AS BLOB) FROM user_devices WHERE seen_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM user_devices \
             WHERE user_id = substr(CAST(?1 AS BLOB), 1, 16) AND device = substr(CAST(?1 AS BLOB), 17) AND seen_at < ?2",
    each: NOT_COUNTED,
};
const KEYS_REVOKED: Kind = Kind {
    find: "SELECT id FROM api_keys WHERE revoked_at IS NOT NULL AND revoked_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM api_keys WHERE id = ?1 AND revoked_at < ?2",
    each: NOT_COUNTED,
};
const KEYS_EXPIRED: Kind = Kind {
    find: "SELECT id FROM api_keys WHERE expires_at IS NOT NULL AND expires_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM api_keys WHERE id = ?1 AND expires_at < ?2",
    each: NOT_COUNTED,
};
const CODES: Kind = Kind {
    find: "SELECT hash FROM codes WHERE expires_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM codes WHERE hash = ?1 AND expires_at < ?2",
    each: NOT_COUNTED,
};
// No index on `seen_at`, since each sign-in would have to update it. The reader scans the table.
const ADDRESSES: Kind = Kind {
    find: "SELECT CAST(user_id || ip AS BLOB) FROM user_addresses WHERE seen_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM user_addresses \
             WHERE user_id = substr(CAST(?1 AS BLOB), 1, 16) AND ip = substr(CAST(?1 AS BLOB), 17) AND seen_at < ?2",
    each: NOT_COUNTED,
};
// No index on `time`, for the same reason.
const KEY_HOURS: Kind = Kind {
    find: "SELECT DISTINCT key_id FROM key_hours WHERE time < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM key_hours WHERE key_id = ?1 AND time < ?2",
    each: NOT_COUNTED,
};
const KEY_DAYS: Kind = Kind {
    find: "SELECT DISTINCT key_id FROM key_days WHERE time < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM key_days WHERE key_id = ?1 AND time < ?2",
    each: NOT_COUNTED,
};
// Longer than the longest window of a limit, and than the longest month.
const KEY_METERS: Kind = Kind {
    find: "SELECT id FROM key_meters WHERE changed_at < ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM key_meters WHERE id = ?1 AND changed_at < ?2",
    each: NOT_COUNTED,
};
const BLOCKS: Kind = Kind {
    find: "SELECT id FROM blocks WHERE until <= ?1 LIMIT ?2",
    first: None,
    delete: "DELETE FROM blocks WHERE id = ?1 AND until <= ?2",
    each: NOT_COUNTED,
};
const EVENTS: Kind = Kind {
    find: "SELECT id FROM events WHERE id < CAST(?1 AS BLOB) LIMIT ?2",
    first: None,
    delete: "DELETE FROM events WHERE id = ?1 AND id < CAST(?2 AS BLOB)",
    each: EVENT_DELETED,
};

impl Store {
    /// Deletes expired rows; returns their number. Other writes run between two transactions.
    ///
    /// # Errors
    /// [`StoreError`]; rows already deleted stay deleted.
    pub async fn sweep(&self, now: Timestamp, event_days: u32) -> Result<usize, StoreError> {
        let before = |seconds: i64| now.plus_seconds(-seconds).0;
        let due = [
            (&SESSIONS_REVOKED, before(KEEP_DEAD)),
            (&SESSIONS_ENDED, before(KEEP_DEAD)),
            (&TOKENS, before(KEEP_TOKEN)),
            (&ASSERTIONS, before(KEEP_TOKEN)),
            (&REGISTRATION_TOKENS, before(KEEP_TOKEN)),
            (&LINKS, before(KEEP_LINK)),
            (&MAILS, before(KEEP_DEAD)),
            (&DEVICES, before(KEEP_ADDRESS)),
            (&KEYS_REVOKED, before(KEEP_DEAD)),
            (&KEYS_EXPIRED, before(KEEP_DEAD)),
            (&CODES, before(KEEP_CODE)),
            (&ADDRESSES, before(KEEP_ADDRESS)),
            (&KEY_HOURS, before((KEEP_HOURS + 1) * 86_400)),
            (&KEY_DAYS, before((KEEP_DAYS + 1) * 86_400)),
            (&KEY_METERS, before(KEEP_METERS)),
            (&BLOCKS, now.0),
        ];
        self.memory().blocks.forget(now);
        self.keep_beginnings().await?;
        let mut gone = 0;
        for (kind, before) in due {
            gone += self.sweep_kind(kind, before).await?;
        }
        if event_days > 0 {
            // Events are ordered by id, and ids begin with their time.
            let floor = now.plus_seconds(-i64::from(event_days) * 86_400);
            gone += self.sweep_kind(&EVENTS, first_id(floor)).await?;
        }
        Ok(gone)
    }

    async fn sweep_kind<P>(&self, kind: &'static Kind, before: P) -> Result<usize, StoreError>
    where
        P: sql::ToSql + Copy + Send + 'static,
    {
        let mut gone = 0;
        loop {
            let found = self.read(move |conn| {
                let mut find = conn.prepare_cached(kind.find)?;
                let rows = find.query_map(params![before, LOOKUP_LIMIT], |row| row.get(0))?;
                Ok(rows.collect::<Result<Vec<Vec<u8>>, _>>()?)
            });
            let mut dead = found.await?;
            let last = dead.len() < LOOKUP_LIMIT;
            while !dead.is_empty() {
                let rows;
                (dead, rows) = self
                    .write(move |tx| delete_dead(tx, kind, dead, before))
                    .await?;
                gone += rows;
                if !dead.is_empty() {
                    self.pause().await;
                }
            }
            if last {
                return Ok(gone);
            }
        }
    }
}

/// Deletes rows until the time budget is used up; returns the remaining keys, and the number of rows of this kind
/// deleted.
fn delete_dead<P: sql::ToSql>(
    tx: &mut WriteTx<'_>,
    kind: &Kind,
    mut dead: Vec<Vec<u8>>,
    before: P,
) -> Result<(Vec<Vec<u8>>, usize), StoreError> {
    let until = Instant::now() + UNIT_BUDGET;
    let mut gone = 0;
    while let Some(key) = dead.last() {
        if let Some(first) = kind.first
            && tx
                .conn
                .prepare_cached(first)?
                .execute(params![key, DELETE_LIMIT])?
                == DELETE_LIMIT
        {
            // There may be more of them: the row itself is deleted after they are.
        } else {
            gone += tx.counted(kind.each, kind.delete, params![key, before])?;
            dead.pop();
        }
        if Instant::now() >= until {
            break;
        }
    }
    Ok((dead, gone))
}
