//! The bulk revocation worker: writes pending bulk revocations into the rows they match, in short transactions with a
//! pause between them, so that other writes are not delayed. After a restart it continues: rows already written are no
//! longer found.

use std::time::{Duration, Instant};

use doorward_shared::{ClientId, SessionId, Timestamp, UserId};
use tokio::sync::futures::Notified;

use super::{
    Store, StoreError,
    bulk_revocations::{ends_key, ends_session},
    logout_notices,
    row_counts::SESSION_REVOKED,
    row_mapping::{maybe_ulid, ulid},
    sql::{Connection, OptionalExtension, Row, params},
    write_tx::{EventActor, NewEvent, WriteTx},
};

/// Time budget of one transaction, excluding its commit.
const UNIT_BUDGET: Duration = Duration::from_millis(4);
/// Maximum ids that one statement looks up.
const LOOKUP_LIMIT: usize = 2000;
/// Maximum rows that one statement deletes.
const DELETE_LIMIT: usize = 128;

/// A bulk revocation as the worker needs it.
#[derive(Debug, Clone)]
struct Pending {
    id: [u8; 16],
    what: String,
    user: Option<[u8; 16]>,
    client: Option<[u8; 16]>,
    at: Timestamp,
    action: Option<String>,
    detail: Option<String>,
    by: EventActor,
}

impl Store {
    /// Applies all pending bulk revocations to their rows; returns the number of rows written.
    ///
    /// # Errors
    /// [`StoreError`]; rows already written stay, and the next call continues.
    pub async fn carry_out_endings(&self) -> Result<u64, StoreError> {
        let mut written = 0;
        while let Some(ending) = self.read(oldest).await? {
            written += match &*ending.what {
                "sessions" => self.end_each(&ending, SESSIONS, end_session).await?,
                "keys" => self.end_each(&ending, KEYS, end_key).await?,
                _ => self.delete_rows(&ending).await?,
            };
            let id = ending.id;
            self.write(move |tx| {
                tx.conn
                    .prepare_cached("DELETE FROM endings WHERE id = ?1")?
                    .execute([id])?;
                Ok(())
            })
            .await?;
        }
        Ok(written)
    }

    /// Resolves once a bulk revocation has been committed since the last call.
    pub(crate) fn ending_signal(&self) -> Notified<'_> {
        self.memory().endings.notified()
    }

    async fn end_each(
        &self,
        ending: &Pending,
        find: &'static str,
        end: EndOne,
    ) -> Result<u64, StoreError> {
        let (mut after, mut written) = ([0; 16], 0);
        loop {
            let of = ending.clone();
            let mut left = self.read(move |conn| some(conn, &of, find, after)).await?;
            let last = left.len() < LOOKUP_LIMIT;
            after = left.last().copied().unwrap_or(after);
            left.reverse();
            while !left.is_empty() {
                let of = ending.clone();
                let rows;
                (left, rows) = self.write(move |tx| turn(tx, &of, left, end)).await?;
                written += rows;
                self.pause().await;
            }
            if last {
                return Ok(written);
            }
        }
    }

    async fn delete_rows(&self, ending: &Pending) -> Result<u64, StoreError> {
        let (user, client) = (ending.user, ending.client);
        let mut written = 0;
        loop {
            let gone = self
                .write(move |tx| delete_some(tx.conn, user, client))
                .await?;
            written += gone as u64;
            if gone < DELETE_LIMIT {
                return Ok(written);
            }
            self.pause().await;
        }
    }
}

fn oldest(conn: &Connection) -> Result<Option<Pending>, StoreError> {
    let sql = "SELECT id, what, user_id, client_id, at, action, detail, actor, ip, request_id, reason, through \
               FROM endings ORDER BY id LIMIT 1";
    let read = |row: &Row<'_>| {
        Ok(Pending {
            id: row.get(0)?,
            what: row.get(1)?,
            user: row.get(2)?,
            client: row.get(3)?,
            at: Timestamp(row.get(4)?),
            action: row.get(5)?,
            detail: row.get(6)?,
            by: EventActor {
                actor: row.get(7)?,
                ip: row.get(8)?,
                request_id: row.get(9)?,
                reason: row.get(10)?,
                client: maybe_ulid(row, 11)?.map(ClientId),
            },
        })
    };
    Ok(conn.prepare_cached(sql)?.query_row([], read).optional()?)
}

/// Finds ids after `?2` that match the bulk revocation `?1`; the other parameters are the leading columns of an index.
const SESSIONS: &str = concat!(
    "SELECT s.id FROM endings f JOIN sessions s ON ",
    ends_session!("f"),
    " WHERE f.id = ?1 AND s.id > ?2 AND s.revoked_at IS NULL NARROW ORDER BY s.id LIMIT ?4"
);
const KEYS: &str = concat!(
    "SELECT k.id FROM endings f JOIN api_keys k ON ",
    ends_key!("f"),
    " WHERE f.id = ?1 AND k.id > ?2 AND (k.revoked_at IS NULL OR k.revoked_at > f.at) AND CAST(?3 AS BLOB) IS NOT NULL \
     ORDER BY k.id LIMIT ?4"
);

fn some(
    conn: &Connection,
    ending: &Pending,
    find: &str,
    after: [u8; 16],
) -> Result<Vec<[u8; 16]>, StoreError> {
    let (narrow, of) = match (ending.user, ending.client) {
        (Some(user), _) => ("AND s.user_id = ?3", user),
        (None, Some(client)) => ("AND s.client_id = ?3", client),
        (None, None) => ("AND f.id = ?3", ending.id),
    };
    let mut select = conn.prepare_cached(&find.replace("NARROW", narrow))?;
    let rows = select.query_map(params![ending.id, after, of, LOOKUP_LIMIT], |row| {
        row.get(0)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

type EndOne = fn(&mut WriteTx<'_>, &Pending, [u8; 16]) -> Result<bool, StoreError>;

/// Revokes rows until the time budget is used up; returns the remaining work and the number of rows written.
fn turn(
    tx: &mut WriteTx<'_>,
    ending: &Pending,
    mut left: Vec<[u8; 16]>,
    end: EndOne,
) -> Result<(Vec<[u8; 16]>, u64), StoreError> {
    let until = Instant::now() + UNIT_BUDGET;
    let mut written = 0;
    while let Some(id) = left.pop() {
        written += u64::from(end(tx, ending, id)?);
        if Instant::now() >= until {
            break;
        }
    }
    Ok((left, written))
}

fn end_session(tx: &mut WriteTx<'_>, ending: &Pending, id: [u8; 16]) -> Result<bool, StoreError> {
    let sql = "UPDATE sessions SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL RETURNING user_id";
    let ended = tx.counted_rows(SESSION_REVOKED, sql, params![id, ending.at.0], |row| {
        ulid(row, 0)
    })?;
    let Some(&user) = ended.first() else {
        return Ok(false);
    };
    logout_notices::session_ended(tx, SessionId(ulid::Ulid::from_bytes(id)), ending.at)?;
    note(
        tx,
        ending,
        &SessionId(ulid::Ulid::from_bytes(id)),
        Some(UserId(user)),
    )?;
    Ok(true)
}

fn end_key(tx: &mut WriteTx<'_>, ending: &Pending, id: [u8; 16]) -> Result<bool, StoreError> {
    let sql = "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND (revoked_at IS NULL OR revoked_at > ?2) \
               RETURNING owner_id";
    let owner = tx
        .conn
        .prepare_cached(sql)?
        .query_row(params![id, ending.at.0], |row| maybe_ulid(row, 0));
    let Some(owner) = owner.optional()? else {
        return Ok(false);
    };
    let key = doorward_shared::KeyId(ulid::Ulid::from_bytes(id));
    note(tx, ending, &key, owner.map(UserId))?;
    Ok(true)
}

fn note(
    tx: &mut WriteTx<'_>,
    ending: &Pending,
    target: &dyn std::fmt::Display,
    user: Option<UserId>,
) -> Result<(), StoreError> {
    match &ending.action {
        Some(action) => {
            let happened = NewEvent {
                action,
                target: Some(target),
                user,
                detail: ending.detail.as_deref(),
            };
            tx.event_by(&ending.by, ending.at, happened, None)
        }
        None => Ok(()),
    }
}

/// Deletes up to [`DELETE_LIMIT`] rows that belong to a deleted account or client; returns their number. Fewer than the
/// limit means that none are left.
pub(super) fn delete_some(
    conn: &Connection,
    user: Option<[u8; 16]>,
    client: Option<[u8; 16]>,
) -> Result<usize, StoreError> {
    const OF_USER: [&str; 2] = [
        "DELETE FROM consents WHERE user_id = ?1 AND client_id IN (SELECT client_id FROM consents WHERE user_id = ?1 LIMIT ?2)",
        "DELETE FROM user_addresses WHERE user_id = ?1 AND ip IN (SELECT ip FROM user_addresses WHERE user_id = ?1 LIMIT ?2)",
    ];
    const OF_CLIENT: [&str; 1] = [
        "DELETE FROM consents WHERE client_id = ?1 AND user_id IN (SELECT user_id FROM consents WHERE client_id = ?1 LIMIT ?2)",
    ];
    let of_user = user.into_iter().flat_map(|id| OF_USER.map(|sql| (sql, id)));
    let of_client = client
        .into_iter()
        .flat_map(|id| OF_CLIENT.map(|sql| (sql, id)));
    let mut most = 0;
    for (sql, id) in of_user.chain(of_client) {
        most = most.max(
            conn.prepare_cached(sql)?
                .execute(params![id, DELETE_LIMIT])?,
        );
    }
    Ok(most)
}

/// As [`delete_some`], in the transaction that deletes the account or client; returns whether rows are left for the
/// worker.
pub(super) fn is_more_left(
    conn: &Connection,
    user: Option<UserId>,
    client: Option<doorward_shared::ClientId>,
) -> Result<bool, StoreError> {
    let (user, client) = (
        user.map(|id| id.0.to_bytes()),
        client.map(|id| id.0.to_bytes()),
    );
    Ok(delete_some(conn, user, client)? >= DELETE_LIMIT)
}
