//! Limits on openly registered clients: unused ones are deleted, and their number is bounded.

use doorward_shared::{ClientId, Timestamp};

use super::{
    Store, StoreError,
    clients::{find, remove},
    row_mapping::ulid,
    sql::{Connection, OptionalExtension, params},
    write_tx::WriteTx,
};
use crate::domain::AuditContext;

/// Maximum clients that one sweep examines at a time.
const CLIENTS_PER_SWEEP: usize = 50;
/// Retention of an unused client, in seconds: a day.
const UNUSED: i64 = 86_400;
/// Maximum number of openly registered clients.
const MAX_UNUSED_CLIENTS: usize = 10_000;

/// An openly registered client (`c`), without a live session at `?1`.
const IS_IDLE: &str = "c.openly = 1 AND NOT EXISTS (SELECT 1 FROM sessions s \
     WHERE s.client_id = c.id AND s.revoked_at IS NULL AND s.idle_until > ?1)";
/// Its last-used time, as its index has it.
const USED: &str = "coalesce(c.last_used_at, c.created_at)";

impl Store {
    /// Deletes openly registered clients that were unused for a day; returns their number. A client with a live session
    /// is in use.
    pub async fn sweep_unused_clients(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut gone = 0;
        loop {
            let found = self.read(move |conn| unused(conn, now)).await?;
            let last = found.len() < CLIENTS_PER_SWEEP;
            gone += self
                .write(move |tx| {
                    let mut gone = 0;
                    for id in found {
                        // It may have been used since.
                        if let Some(client) = find(tx.conn, id)?
                            && is_unused(tx.conn, id, now)?
                        {
                            remove(tx, &client, &AuditContext::system(now))?;
                            gone += 1;
                        }
                    }
                    Ok(gone)
                })
                .await?;
            if last {
                return Ok(gone);
            }
        }
    }
}

/// Ensures capacity for one more client: at the limit, the longest idle one is deleted before its day is over.
///
/// # Errors
/// [`StoreError::Overloaded`] if all of them are in use.
pub(super) fn make_room(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM clients WHERE openly = 1 LIMIT ?1) AS found";
    let count: usize = tx
        .conn
        .prepare_cached(sql)?
        .query_row([MAX_UNUSED_CLIENTS], |row| row.get(0))?;
    if count < MAX_UNUSED_CLIENTS {
        return Ok(());
    }
    let sql = format!("SELECT c.id FROM clients c WHERE {IS_IDLE} ORDER BY {USED} LIMIT 1");
    let idle = tx
        .conn
        .prepare_cached(&sql)?
        .query_row([now.0], |row| ulid(row, 0));
    let idle = idle.optional()?.map(ClientId);
    let client = idle.map(|id| find(tx.conn, id)).transpose()?.flatten();
    let client = client.ok_or(StoreError::Overloaded)?;
    remove(tx, &client, &AuditContext::system(now))
}

fn unused(conn: &Connection, now: Timestamp) -> Result<Vec<ClientId>, StoreError> {
    let sql = format!("SELECT c.id FROM clients c WHERE {USED} < ?2 AND {IS_IDLE} LIMIT ?3");
    let mut select = conn.prepare_cached(&sql)?;
    let before = now.plus_seconds(-UNUSED).0;
    let rows = select.query_map(params![now.0, before, CLIENTS_PER_SWEEP], |row| {
        ulid(row, 0).map(ClientId)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn is_unused(conn: &Connection, id: ClientId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM clients c WHERE c.id = ?3 AND {USED} < ?2 AND {IS_IDLE})"
    );
    let before = now.plus_seconds(-UNUSED).0;
    Ok(conn
        .prepare_cached(&sql)?
        .query_row(params![now.0, before, id.0.to_bytes()], |row| row.get(0))?)
}
