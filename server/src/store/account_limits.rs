//! Limits on live sessions and API keys per account, enforced in the transaction that would exceed them.

use doorward_shared::{SessionId, Timestamp, UserId};

use super::{
    StoreError,
    bulk_revocations::{self, RevokedKind, SESSION_ENDS},
    pending_bulk_revocations::LEFT_OF,
    row_mapping::ulid,
    sessions::end,
    sql::{self, Connection, NO_INDEX, params},
    write_tx::WriteTx,
};
use crate::domain::{
    AuditContext, KeyOwner, Session,
    rules::{
        api_key as keys,
        session::{Live, evicted},
    },
};

/// Maximum number of sessions that one new session ends. Only an account that predates its limit exceeds it by more;
/// each sign-in reduces the excess.
const CHECK_INTERVAL: usize = 200;

/// Ends an account's least recently used sessions above its limit, but never `new`.
pub(super) fn evict(
    tx: &mut WriteTx<'_>,
    new: &Session,
    context: &AuditContext,
) -> Result<(), StoreError> {
    let cap = tx.memory.caps.sessions as usize;
    if cap == 0 {
        return Ok(());
    }
    let mut live = live_of(tx.conn, new.user_id, context.at, cap + CHECK_INTERVAL)?;
    if live.len() > cap {
        // Only when needed for the decision: the latest last-used times may not be on disk yet.
        tx.memory.with_last_used(&mut live);
    }
    for id in evicted(live, new.id, cap) {
        if end(tx, id, context.at)? {
            tx.event(
                context,
                "session.evicted",
                Some(&id),
                Some(new.user_id),
                None,
            )?;
        }
    }
    Ok(())
}

/// At most `limit` live sessions of an account with their last-used times, the earliest to expire first.
fn live_of(
    conn: &Connection,
    user: UserId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Live>, StoreError> {
    let read = |row: &sql::Row<'_>| {
        Ok(Live {
            id: SessionId(ulid(row, 0)?),
            seen: Timestamp(row.get(1)?),
        })
    };
    let values = params![user.0.to_bytes(), now.0, limit];
    if !bulk_revocations::any(conn)? {
        let sql = "SELECT id, last_seen_at FROM sessions WHERE user_id = ?1 AND revoked_at IS NULL AND idle_until > ?2 \
                   ORDER BY idle_until LIMIT ?3";
        let mut select = conn.prepare_cached(sql)?;
        let rows = select.query_map(values, read)?;
        return Ok(rows.collect::<Result<_, _>>()?);
    }
    // Sessions covered by a pending bulk revocation are skipped by id instead of checked row by row.
    let floor = bulk_revocations::floor(conn, RevokedKind::Sessions, user)?;
    let id = user.0.to_bytes();
    if floor == [0; 16] {
        let sql = format!(
            "SELECT s.id, s.last_seen_at FROM sessions s WHERE s.user_id = ?1 AND s.revoked_at IS NULL \
             AND s.idle_until > ?2 AND NOT {SESSION_ENDS} ORDER BY s.idle_until LIMIT ?3"
        );
        let mut select = conn.prepare_cached(&sql)?;
        let rows = select.query_map(params![id, now.0, limit], read)?;
        return Ok(rows.collect::<Result<_, _>>()?);
    }
    let sql = format!(
        "SELECT s.id, s.last_seen_at FROM sessions s WHERE s.id IN ({LEFT_OF}) AND {NO_INDEX}s.user_id = ? AND s.revoked_at IS NULL \
         AND {NO_INDEX}s.idle_until > ? AND NOT {SESSION_ENDS} ORDER BY {NO_INDEX}s.idle_until LIMIT ?"
    );
    let mut select = conn.prepare_cached(&sql)?;
    let rows = select.query_map(params![id, floor, id, id, now.0, limit], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Rejects a new key that would exceed the account's limit of live keys.
///
/// # Errors
/// As [`keys::one_more`].
pub(super) fn key_fits(
    tx: &WriteTx<'_>,
    owner: KeyOwner,
    now: Timestamp,
) -> Result<(), StoreError> {
    let cap = tx.memory.caps.api_keys;
    let Some(owner) = owner.user().filter(|_| cap > 0) else {
        return Ok(());
    };
    let floor = bulk_revocations::floor(tx.conn, RevokedKind::Keys, owner)?;
    // Matches the expression of the index `api_keys_live`.
    let sql = "SELECT count(*) FROM (SELECT 1 FROM api_keys WHERE owner_id = ?1 AND CASE \
               WHEN coalesce(revoked_at, 9223372036854775807) < coalesce(expires_at, 9223372036854775807) \
               THEN coalesce(revoked_at, 9223372036854775807) ELSE coalesce(expires_at, 9223372036854775807) END > ?2 \
               AND id > ?3 LIMIT ?4) AS live";
    let live: u32 = tx
        .conn
        .prepare_cached(sql)?
        .query_row(params![owner.0.to_bytes(), now.0, floor, cap], |row| {
            row.get(0)
        })?;
    Ok(keys::one_more(live, cap)?)
}
