//! Numbers over what is stored: totals, minutes, and who fails to sign in.

use doorward_shared::{
    Timestamp, UserId,
    admin::{FailingAccount, FailingAddress, Minute, Stats, Totals},
};
use rusqlite::{Connection, params};

use super::{Store, StoreError, endings, rows};

/// Refused sign-ins that are looked at for the worst addresses and accounts.
const FAILURES: u32 = 20_000;
/// How long minutes are kept, in seconds: a day.
const MINUTES_KEPT: i64 = 86_400;
/// Addresses and accounts that are named.
const WORST: u32 = 10;

impl Store {
    /// Totals now, the minutes kept, and the worst of the last hour.
    pub async fn stats(&self, now: Timestamp) -> Result<Stats, StoreError> {
        self.read(move |conn| {
            let count = |sql: &str| -> Result<u64, StoreError> {
                Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
            };
            let soon = now.plus_seconds(7 * 86_400);
            let pending = if endings::any(conn)? {
                format!("AND NOT {}", endings::KEY_ENDS)
            } else {
                String::new()
            };
            let expiring = format!(
                "SELECT count(*) FROM api_keys k WHERE k.expires_at > ?1 AND k.expires_at < ?2 \
                 AND (k.revoked_at IS NULL OR k.revoked_at > ?1) {pending}"
            );
            let keys = format!(
                "SELECT count(*) FROM api_keys k WHERE (k.revoked_at IS NULL OR k.revoked_at > ?1) \
                 AND (k.expires_at IS NULL OR k.expires_at > ?1) {pending}"
            );
            Ok(Stats {
                time: now,
                now: Totals {
                    users: rows_of(conn, "users")?,
                    disabled_users: count(
                        "SELECT count(*) FROM users WHERE disabled_at IS NOT NULL",
                    )?,
                    active_sessions: active(conn, now)?,
                    api_keys: conn
                        .prepare_cached(&keys)?
                        .query_row([now.0], |row| row.get(0))?,
                    clients: count("SELECT count(*) FROM clients")?,
                },
                series: minutes(conn)?,
                failing_addresses: failing_addresses(conn, now)?,
                failing_accounts: failing_accounts(conn, now)?,
                keys_expiring: conn
                    .prepare_cached(&expiring)?
                    .query_row([now.0, soon.0], |row| row.get(0))?,
            })
        })
        .await
    }

    /// Sessions that are live.
    pub(crate) async fn active_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.read(move |conn| active(conn, now)).await
    }

    /// Whether the disk takes a commit.
    pub(crate) async fn probe(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |unit| {
            // Another value each time: SQLite does not write what is there already.
            unit.conn
                .prepare_cached("INSERT OR REPLACE INTO meta VALUES ('probe', ?1)")?
                .execute([now.to_string()])?;
            Ok(())
        })
        .await
    }

    /// Writes what happened in a minute, beside what a process before has written of it, and forgets those of long ago.
    /// Of two parts of a minute, the latency is that of the one with more requests.
    pub(crate) async fn put_minute(&self, minute: Minute) -> Result<(), StoreError> {
        self.write(move |unit| put_minute(unit.conn, &minute)).await
    }
}

fn put_minute(conn: &Connection, minute: &Minute) -> Result<(), StoreError> {
    let floor = minute.time.plus_seconds(-MINUTES_KEPT);
    conn.prepare_cached("DELETE FROM minutes WHERE time < ?1")?
        .execute([floor.0])?;
    conn
                .prepare_cached(
                    "INSERT INTO minutes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                     ON CONFLICT (time) DO UPDATE SET logins = logins + excluded.logins,
                       failures = failures + excluded.failures, registrations = registrations + excluded.registrations,
                       tokens = tokens + excluded.tokens, requests = requests + excluded.requests,
                       active_sessions = excluded.active_sessions,
                       p50_ms = iif(excluded.requests >= requests, excluded.p50_ms, p50_ms),
                       p95_ms = iif(excluded.requests >= requests, excluded.p95_ms, p95_ms)",
                )?
                .execute(params![
                    minute.time.0,
                    minute.logins,
                    minute.failures,
                    minute.registrations,
                    minute.tokens,
                    minute.requests,
                    minute.active_sessions,
                    minute.p50_ms,
                    minute.p95_ms
                ])?;
    Ok(())
}

/// Sessions that are live, by the same rule as `Session::is_live`: those not revoked but the few that are over and not
/// yet swept, which an index of its own counts, and those that a pending ending has ended.
pub(super) fn active(conn: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "SELECT rows - (SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND idle_until <= ?1) \
               FROM counts WHERE name = 'sessions_unrevoked'";
    let rows: u64 = conn
        .prepare_cached(sql)?
        .query_row([now.0], |row| row.get(0))?;
    Ok(rows.saturating_sub(endings::pending_live(conn, now)?))
}

/// Rows of a table whose number is kept.
pub(super) fn rows_of(conn: &Connection, table: &str) -> Result<u64, StoreError> {
    let sql = "SELECT rows FROM counts WHERE name = ?1";
    Ok(conn
        .prepare_cached(sql)?
        .query_row([table], |row| row.get(0))?)
}

fn minutes(conn: &Connection) -> Result<Vec<Minute>, StoreError> {
    let mut select = conn.prepare_cached(
        "SELECT time, logins, failures, registrations, tokens, requests, active_sessions, p50_ms, p95_ms \
         FROM minutes ORDER BY time DESC LIMIT 360",
    )?;
    let rows = select.query_map([], |row| {
        Ok(Minute {
            time: Timestamp(row.get(0)?),
            logins: row.get(1)?,
            failures: row.get(2)?,
            registrations: row.get(3)?,
            tokens: row.get(4)?,
            requests: row.get(5)?,
            active_sessions: row.get(6)?,
            p50_ms: row.get(7)?,
            p95_ms: row.get(8)?,
        })
    })?;
    let mut minutes = rows.collect::<Result<Vec<_>, _>>()?;
    minutes.reverse();
    Ok(minutes)
}

/// The first id an event of the last hour can have.
fn an_hour_ago(now: Timestamp) -> [u8; 16] {
    rows::first_id(now.plus_seconds(-3600))
}

fn failing_addresses(conn: &Connection, now: Timestamp) -> Result<Vec<FailingAddress>, StoreError> {
    let sql = "SELECT ip, count(*) AS failures FROM (SELECT ip FROM events WHERE action = 'login.failed' \
               AND id >= ?1 AND ip IS NOT NULL ORDER BY id DESC LIMIT ?2) GROUP BY ip ORDER BY failures DESC LIMIT ?3";
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map(params![an_hour_ago(now), FAILURES, WORST], |row| {
        Ok(FailingAddress {
            ip: row.get(0)?,
            failures: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn failing_accounts(conn: &Connection, now: Timestamp) -> Result<Vec<FailingAccount>, StoreError> {
    let sql = "SELECT u.id, u.email, count(*) AS failures FROM (SELECT user_id FROM events \
               WHERE action = 'login.failed' AND id >= ?1 AND user_id IS NOT NULL ORDER BY id DESC LIMIT ?2) AS e \
               JOIN users u ON u.id = e.user_id GROUP BY u.id ORDER BY failures DESC LIMIT ?3";
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map(params![an_hour_ago(now), FAILURES, WORST], |row| {
        Ok(FailingAccount {
            user_id: UserId(rows::ulid(row, 0)?),
            email: row.get(1)?,
            failures: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_of_a_minute_in_which_the_server_restarted_count() {
        let mut conn = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut conn).unwrap();
        let part = |requests: u64, active_sessions, p50_ms| Minute {
            time: Timestamp(60_000),
            logins: requests,
            failures: 1,
            registrations: 2,
            tokens: 3,
            requests,
            active_sessions,
            p50_ms,
            p95_ms: 2. * p50_ms,
        };
        put_minute(&conn, &part(10, 5, 1.)).unwrap();
        put_minute(&conn, &part(4, 6, 8.)).unwrap();
        let both = Minute {
            failures: 2,
            registrations: 4,
            tokens: 6,
            ..part(14, 6, 1.)
        };
        assert_eq!(minutes(&conn).unwrap(), [both]);
    }

    #[test]
    fn kept_numbers_are_those_that_counting_gives() {
        let mut conn = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut conn).unwrap();
        let now = Timestamp(1000);
        for n in 0_u8..60 {
            let revoked = (n % 3 == 0).then_some(1);
            let until = if n % 5 == 0 { now.0 } else { now.0 + 1 };
            conn.execute(
                "INSERT INTO sessions (id, user_id, scope, ip, created_at, last_seen_at, expires_at, idle_until, revoked_at) \
                 VALUES (?1, ?1, '', x'00', 0, 0, ?2, ?2, ?3)",
                params![[n; 16], until, revoked],
            )
            .unwrap();
        }
        let later = "UPDATE sessions SET revoked_at = 2 WHERE id IN (SELECT id FROM sessions WHERE revoked_at IS NULL LIMIT 7)";
        conn.execute(later, []).unwrap();
        let swept =
            "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions ORDER BY id LIMIT 11)";
        conn.execute(swept, []).unwrap();
        let count = |sql: &str| -> u64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
        let all = count("SELECT count(*) FROM sessions");
        let live =
            count("SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND idle_until > 1000");
        assert_eq!(rows_of(&conn, "sessions").unwrap(), all);
        assert_eq!(active(&conn, now).unwrap(), live);
        assert!(0 < live && live < all, "{live} of {all}");
    }
}
