//! Back-channel logout notices: clients to notify of an ended session (OIDC Back-Channel Logout 1.0). A row is written
//! in the transaction that ends the session, so that a restart loses none.

use doorward_shared::{ClientId, SessionId, Timestamp, UserId};
use ulid::Ulid;

use super::{
    Store, StoreError,
    bulk_revocations::AT_ONCE,
    row_counts::SESSION_REVOKED,
    row_mapping::ulid,
    sql::{Connection, OptionalExtension, params},
    write_tx::WriteTx,
};

/// How long delivery is retried, in seconds: a day.
const TRIED_FOR: i64 = 86_400;
/// Delays between two tries, in seconds; the last one repeats.
const WAITS: [i64; 6] = [20, 60, 300, 900, 1800, 3600];
/// Maximum expired sessions that one transaction examines.
const SESSIONS_PER_UNIT: usize = 500;

/// A client to notify of an ended session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutNotice {
    pub id: Ulid,
    pub client: ClientId,
    pub session: SessionId,
    pub user: UserId,
    pub tries: u32,
    pub created_at: Timestamp,
}

/// Records that a session has ended, if its client wants to be notified, and the same for sessions it has opened at
/// clients that lasted no longer than their single access token.
pub(super) fn session_ended(
    tx: &mut WriteTx<'_>,
    session: SessionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    enqueue(tx, session, now)?;
    let sql = "UPDATE sessions SET revoked_at = ?2 WHERE id IN (SELECT id FROM sessions WHERE signed_in_by = ?1 \
               AND revoked_at IS NULL AND refresh_hash IS NULL AND idle_until <= ?2 LIMIT ?3) RETURNING id";
    let values = params![session.0.to_bytes(), now.0, AT_ONCE];
    let over = tx.counted_rows(SESSION_REVOKED, sql, values, |row| ulid(row, 0))?;
    for id in over {
        tx.changes.sessions.push(SessionId(id));
        enqueue(tx, SessionId(id), now)?;
    }
    Ok(())
}

fn enqueue(tx: &mut WriteTx<'_>, session: SessionId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "SELECT s.client_id, s.user_id FROM sessions s JOIN clients c ON c.id = s.client_id \
               WHERE s.id = ?1 AND c.backchannel_logout_uri IS NOT NULL";
    let found = tx
        .conn
        .prepare_cached(sql)?
        .query_row([session.0.to_bytes()], |row| {
            Ok((ulid(row, 0)?, ulid(row, 1)?))
        })
        .optional()?;
    let Some((client, user)) = found else {
        return Ok(());
    };
    let id = tx.id(now);
    tx.conn
        .prepare_cached("INSERT INTO logout_notices VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0)")?
        .execute(params![
            id.to_bytes(),
            client.to_bytes(),
            session.0.to_bytes(),
            user.to_bytes(),
            now.0
        ])?;
    tx.changes.notices = true;
    Ok(())
}

impl Store {
    /// Clients with pending notices, each with the due time of its first notice; the longest overdue first.
    pub async fn clients_to_tell(&self) -> Result<Vec<(ClientId, Timestamp)>, StoreError> {
        self.read(|conn| {
            // Steps from client to client, so that many notices of one client do not delay finding the others.
            let sql = "WITH RECURSIVE told (id) AS (
                         SELECT (SELECT client_id FROM logout_notices ORDER BY client_id LIMIT 1)
                         UNION ALL
                         SELECT (SELECT client_id FROM logout_notices WHERE client_id > told.id ORDER BY client_id LIMIT 1) FROM told
                         WHERE told.id IS NOT NULL)
                       SELECT id, (SELECT min(due_at) FROM logout_notices WHERE client_id = told.id) AS due
                       FROM told WHERE id IS NOT NULL ORDER BY due";
            let mut select = conn.prepare_cached(sql)?;
            let rows = select.query_map([], |row| {
                Ok((ClientId(ulid(row, 0)?), Timestamp(row.get(1)?)))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Due notices of a client, oldest first, at most `limit`.
    pub async fn due_notices(
        &self,
        client: ClientId,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<LogoutNotice>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT id, client_id, session_id, user_id, tries, created_at FROM logout_notices \
                       WHERE client_id = ?3 AND due_at <= ?1 ORDER BY due_at LIMIT ?2";
            let mut select = conn.prepare_cached(sql)?;
            let rows = select.query_map(params![now.0, limit, client.0.to_bytes()], |row| {
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

    /// Deletes a notice that was delivered or is no longer to be delivered.
    pub async fn notice_done(&self, id: Ulid) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.conn
                .prepare_cached("DELETE FROM logout_notices WHERE id = ?1")?
                .execute([id.to_bytes()])?;
            Ok(())
        })
        .await
    }

    /// Schedules a notice again after a failed delivery, for up to a day. Returns whether it is retried.
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
        self.write(move |tx| {
            tx.conn
                .prepare_cached(
                    "UPDATE logout_notices SET due_at = ?2, tries = tries + 1 WHERE id = ?1",
                )?
                .execute(params![notice.id.to_bytes(), due.0])?;
            Ok(true)
        })
        .await
    }

    /// Resolves once a notice has been committed since the last call.
    pub(crate) fn notice_signal(&self) -> tokio::sync::futures::Notified<'_> {
        self.memory().notices.notified()
    }

    /// Writes notices for sessions that have expired since the last call, which no transaction has ended.
    pub async fn note_expired_sessions(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut after = None::<(Timestamp, SessionId)>;
        loop {
            let (looked, found) = self.read(move |conn| expired(conn, after, now)).await?;
            let last = found.len() < SESSIONS_PER_UNIT;
            if last && found.is_empty() && now < looked.plus_seconds(LOOK_BACK) {
                // Nothing to write: an idle server has no commit each minute.
                return Ok(());
            }
            after = found.last().map(|(id, at)| (*at, *id)).or(after);
            // If interrupted, the next scan repeats the last instant: a duplicate notice is better than none.
            let reached = match after {
                Some((at, _)) if !last => Timestamp(at.0 - 1),
                _ => now,
            };
            self.write(move |tx| {
                for (id, _) in found {
                    session_ended(tx, id, now)?;
                }
                let sql = "INSERT INTO meta VALUES ('expired_until', ?1) \
                           ON CONFLICT (key) DO UPDATE SET value = excluded.value";
                tx.conn
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

/// How far back a scan may begin if none has found anything since, in seconds.
const LOOK_BACK: i64 = 3600;

/// Sessions of clients with a logout address that expired after `?1` and session `?4`, up to `?2`. A session with a
/// refresh token expires with it. One without lives as long as its access token, while the application continues its
/// own session: it expires with the sign-in session that opened it.
const OVER: &str =
    "SELECT s.id, s.idle_until AS over FROM sessions s JOIN clients c ON c.id = s.client_id
      WHERE s.revoked_at IS NULL AND s.idle_until >= ?1 AND s.idle_until <= ?2
      AND (s.refresh_hash IS NOT NULL OR NOT EXISTS
        (SELECT 1 FROM sessions b WHERE b.id = s.signed_in_by AND b.revoked_at IS NULL))
      AND c.backchannel_logout_uri IS NOT NULL AND (s.idle_until, s.id) > (?1, ?4)
    UNION ALL
    SELECT s.id, b.idle_until AS over FROM sessions b JOIN sessions s ON s.signed_in_by = b.id
      JOIN clients c ON c.id = s.client_id
      WHERE b.revoked_at IS NULL AND b.idle_until >= ?1 AND b.idle_until <= ?2
      AND s.revoked_at IS NULL AND s.refresh_hash IS NULL
      AND c.backchannel_logout_uri IS NOT NULL AND (b.idle_until, s.id) > (?1, ?4)
    ORDER BY over, 1 LIMIT ?3";

type ExpiredSessions = Vec<(SessionId, Timestamp)>;

/// The time of the last scan, and the sessions that have expired since.
fn expired(
    conn: &Connection,
    after: Option<(Timestamp, SessionId)>,
    now: Timestamp,
) -> Result<(Timestamp, ExpiredSessions), StoreError> {
    let since: Option<String> = conn
        .prepare_cached("SELECT value FROM meta WHERE key = 'expired_until'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let known = since.and_then(|text| text.parse().ok()).map(Timestamp);
    // The first scan begins at the time of the upgrade, which is stored.
    let looked = known.unwrap_or(Timestamp(i64::MIN / 2));
    let (since, id) = match after {
        Some((at, id)) => (at, id.0.to_bytes()),
        None => (known.unwrap_or(now), [0xff; 16]),
    };
    let mut select = conn.prepare_cached(OVER)?;
    let rows = select.query_map(params![since.0, now.0, SESSIONS_PER_UNIT, id], |row| {
        Ok((SessionId(ulid(row, 0)?), Timestamp(row.get(1)?)))
    })?;
    Ok((looked, rows.collect::<Result<_, _>>()?))
}
