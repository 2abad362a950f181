//! Logout notices: which clients are still to be told that a session has ended (OIDC Back-Channel Logout 1.0). A row is
//! written in the transaction that ends the session, so no restart loses one.

use doorward_shared::{ClientId, SessionId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};
use ulid::Ulid;

use super::{Store, StoreError, rows::ulid, writer::Unit};

/// How long a client is tried, in seconds: a day.
const TRIED_FOR: i64 = 86_400;
/// Waits between two tries, in seconds; the last one goes on.
const WAITS: [i64; 6] = [20, 60, 300, 900, 1800, 3600];
/// Sessions whose time is over that one unit looks at.
const SOME: usize = 500;

/// A client that is to be told of an ended session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutNotice {
    pub id: Ulid,
    pub client: ClientId,
    pub session: SessionId,
    pub user: UserId,
    pub tries: u32,
    pub created_at: Timestamp,
}

/// Notes that a session has ended, if its client wants to be told.
pub(super) fn session_ended(
    unit: &mut Unit<'_>,
    session: SessionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT s.client_id, s.user_id FROM sessions s JOIN clients c ON c.id = s.client_id \
               WHERE s.id = ?1 AND c.backchannel_logout_uri IS NOT NULL";
    let found = unit
        .conn
        .prepare_cached(sql)?
        .query_row([session.0.to_bytes()], |row| {
            Ok((ulid(row, 0)?, ulid(row, 1)?))
        })
        .optional()?;
    let Some((client, user)) = found else {
        return Ok(());
    };
    let id = unit.id(now);
    unit.conn
        .prepare_cached("INSERT INTO logout_notices VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0)")?
        .execute(params![
            id.to_bytes(),
            client.to_bytes(),
            session.0.to_bytes(),
            user.to_bytes(),
            now.0
        ])?;
    unit.changes.notices = true;
    Ok(())
}

impl Store {
    /// Notices that are due, the oldest first, `limit` at most.
    pub async fn due_notices(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<LogoutNotice>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT id, client_id, session_id, user_id, tries, created_at FROM logout_notices \
                       WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
            let mut select = conn.prepare_cached(sql)?;
            let rows = select.query_map(params![now.0, limit], |row| {
                Ok(LogoutNotice {
                    id: ulid(row, 0)?,
                    client: ClientId(ulid(row, 1)?),
                    session: SessionId(ulid(row, 2)?),
                    user: UserId(ulid(row, 3)?),
                    tries: row.get(4)?,
                    created_at: Timestamp(row.get(5)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// A client was told, or is not to be told any more.
    pub async fn notice_done(&self, id: Ulid) -> Result<(), StoreError> {
        self.write(move |unit| {
            unit.conn
                .prepare_cached("DELETE FROM logout_notices WHERE id = ?1")?
                .execute([id.to_bytes()])?;
            Ok(())
        })
        .await
    }

    /// A client was not reached: it is tried again later, for a day. Answers whether it is.
    pub async fn notice_failed(
        &self,
        notice: LogoutNotice,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let wait = WAITS[(notice.tries as usize).min(WAITS.len() - 1)];
        let due = now.plus_seconds(wait);
        if due >= notice.created_at.plus_seconds(TRIED_FOR) {
            self.notice_done(notice.id).await?;
            return Ok(false);
        }
        self.write(move |unit| {
            unit.conn
                .prepare_cached(
                    "UPDATE logout_notices SET due_at = ?2, tries = tries + 1 WHERE id = ?1",
                )?
                .execute(params![notice.id.to_bytes(), due.0])?;
            Ok(true)
        })
        .await
    }

    /// When the next notice is due, if there is one.
    pub async fn next_notice(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|conn| {
            let sql = "SELECT min(due_at) FROM logout_notices";
            let due: Option<i64> = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok(due.map(Timestamp))
        })
        .await
    }

    /// Is ready once a notice was committed since the last time.
    pub(crate) fn notice_signal(&self) -> tokio::sync::futures::Notified<'_> {
        self.memory().notices.notified()
    }

    /// Writes notices of sessions whose time was over since the last call: nobody ended them.
    pub async fn note_expired_sessions(&self, now: Timestamp) -> Result<(), StoreError> {
        loop {
            let found = self.read(move |conn| expired(conn, now)).await?;
            let last = found.len() < SOME;
            let until = found.last().map_or(now, |(_, at)| *at);
            // Those of one instant are written together: the next look begins after it.
            let reached = if last { now } else { until };
            self.write(move |unit| {
                for (id, _) in found {
                    session_ended(unit, id, now)?;
                }
                let sql = "INSERT INTO meta VALUES ('expired_until', ?1) \
                           ON CONFLICT (key) DO UPDATE SET value = excluded.value";
                unit.conn
                    .prepare_cached(sql)?
                    .execute([reached.0.to_string()])?;
                Ok(())
            })
            .await?;
            if last {
                return Ok(());
            }
        }
    }
}

/// Sessions of clients with a logout address whose time was over since the last look.
fn expired(conn: &Connection, now: Timestamp) -> Result<Vec<(SessionId, Timestamp)>, StoreError> {
    let since: Option<String> = conn
        .prepare_cached("SELECT value FROM meta WHERE key = 'expired_until'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    // The first look begins at the time of the upgrade.
    let since = since.and_then(|text| text.parse().ok()).unwrap_or(now.0);
    let sql = "SELECT s.id, s.idle_until FROM sessions s JOIN clients c ON c.id = s.client_id \
               WHERE s.revoked_at IS NULL AND s.idle_until > ?1 AND s.idle_until <= ?2 \
               AND c.backchannel_logout_uri IS NOT NULL ORDER BY s.idle_until LIMIT ?3";
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map(params![since, now.0, SOME], |row| {
        Ok((SessionId(ulid(row, 0)?), Timestamp(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
