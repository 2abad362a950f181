//! Stored state of a session's refresh tokens, and how a rotation updates it.

use std::sync::LazyLock;

use doorward_shared::{SessionId, Timestamp};

use super::{
    StoreError, bulk_revocations,
    refresh::Rotation,
    row_mapping::{self, SESSION, ulid},
    sql::{self, Connection, OptionalExtension, Row, params},
    write_tx::WriteTx,
};
use crate::{
    crypto::{refresh_token::Presented, secret::Digest256},
    domain::{
        Session,
        rules::refresh::{Family, RefreshUse},
    },
};

/// The facts that a presented token is judged by.
pub(super) struct RefreshState {
    pub session: Session,
    pub family: Family,
    /// Hash of the token, as stored in its family.
    pub shown: Digest256,
}

pub(super) fn facts(
    conn: &Connection,
    shown: Presented,
) -> Result<Option<RefreshState>, StoreError> {
    let (id, hash, row) = match shown {
        Presented::Numbered { session, hash, .. } => (session, hash, None),
        Presented::Tabled(hash) => match tabled(conn, hash)? {
            Some(row) => (row.session, hash, Some(row)),
            None => return Ok(None),
        },
    };
    let Some((session, family)) = session_and_family(conn, id)? else {
        return Ok(None);
    };
    let family = match row {
        Some(row) => with_tabled(conn, family, hash, &row)?,
        // A genuine token that this database never issued: after a restore, the session has advanced beyond the backup.
        None => family.unwrap_or_else(|| Family {
            generation: 0,
            ..Family::first(NEVER, Timestamp(0))
        }),
    };
    // A token from another master key, which the database was used with before, is identified by its hash.
    if matches!(shown, Presented::Numbered { genuine: false, .. }) && !family.knows(hash) {
        return Ok(None);
    }
    Ok(Some(RefreshState {
        session,
        family,
        shown: hash,
    }))
}

/// A hash that no token has.
const NEVER: Digest256 = Digest256([0; 32]);

/// A token of an earlier version.
struct RefreshRow {
    session: SessionId,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
}

fn tabled(conn: &Connection, hash: Digest256) -> Result<Option<RefreshRow>, StoreError> {
    let sql = "SELECT session_id, expires_at, used_at FROM refresh_tokens WHERE hash = ?1";
    let found = conn.prepare_cached(sql)?.query_row([hash.0], |row| {
        Ok(RefreshRow {
            session: SessionId(ulid(row, 0)?),
            expires_at: Timestamp(row.get(1)?),
            used_at: row_mapping::maybe_time(row, 2)?,
        })
    });
    Ok(found.optional()?)
}

/// The family by which a token of an earlier version is judged.
fn with_tabled(
    conn: &Connection,
    family: Option<Family>,
    hash: Digest256,
    row: &RefreshRow,
) -> Result<Family, StoreError> {
    let used = row.used_at.map(|at| RefreshUse { token: hash, at });
    if let Some(mut family) = family {
        // The session has moved to numbered tokens. The table still has the time at which this one was used.
        let known = |used: &RefreshUse| {
            family
                .parent
                .is_some_and(|parent| parent.token == used.token)
        };
        let used = used.filter(|used| !known(used));
        family.recent.extend(used);
        return Ok(family);
    }
    let Some(used) = used else {
        return Ok(Family {
            generation: 0,
            ..Family::first(hash, row.expires_at)
        });
    };
    let id = row.session.0.to_bytes();
    let sql =
        "SELECT hash, expires_at FROM refresh_tokens WHERE session_id = ?1 AND used_at IS NULL";
    let newest = conn.prepare_cached(sql)?.query_row([id], |row| {
        Ok((Digest256(row.get(0)?), Timestamp(row.get(1)?)))
    });
    // Each used row of an earlier version has a successor; if there is none, the token itself is not valid.
    let (newest, expires_at) = newest.optional()?.unwrap_or((NEVER, used.at));
    let sql = "SELECT max(used_at) FROM refresh_tokens WHERE session_id = ?1";
    let last: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row([id], |row| row.get(0))?;
    let is_parent = last == Some(used.at.0);
    Ok(Family {
        generation: 0,
        newest,
        expires_at,
        parent: is_parent.then_some(used),
        recent: if is_parent { Vec::new() } else { vec![used] },
    })
}

/// Size of a stored use in bytes: the token's hash, then its time.
const USE: usize = 32 + 8;

fn session_and_family(
    conn: &Connection,
    id: SessionId,
) -> Result<Option<(Session, Option<Family>)>, StoreError> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {SESSION}, s.refresh_generation, s.refresh_hash, s.refresh_until, s.refresh_used \
             FROM sessions AS s WHERE s.id = ?1"
        )
    });
    let read = |row: &Row<'_>| {
        let first = row.as_ref().column_index("refresh_generation")?;
        let newest: Option<[u8; 32]> = row.get(first + 1)?;
        let family = newest.map(|newest| family(row, first, newest));
        Ok((row_mapping::session(row)?, family.transpose()?))
    };
    let found = conn
        .prepare_cached(&SQL)?
        .query_row([id.0.to_bytes()], read);
    Ok(found.optional()?)
}

/// The family whose columns begin at `first`.
fn family(row: &Row<'_>, first: usize, newest: [u8; 32]) -> sql::Result<Family> {
    let uses: Option<Vec<u8>> = row.get(first + 3)?;
    // The first use is the parent's.
    let mut uses = uses
        .unwrap_or_default()
        .chunks_exact(USE)
        .map(read_use)
        .collect::<Vec<_>>();
    let parent = (!uses.is_empty()).then(|| uses.remove(0));
    Ok(Family {
        generation: row.get(first)?,
        newest: Digest256(newest),
        expires_at: Timestamp(row.get(first + 2)?),
        parent,
        recent: uses,
    })
}

fn read_use(bytes: &[u8]) -> RefreshUse {
    let (mut token, mut at) = ([0; 32], [0; 8]);
    token.copy_from_slice(&bytes[..32]);
    at.copy_from_slice(&bytes[32..USE]);
    RefreshUse {
        token: Digest256(token),
        at: Timestamp(i64::from_be_bytes(at)),
    }
}

/// Encodes uses for storage; `None` if there are none.
fn uses(family: &Family) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity((family.recent.len() + 1) * USE);
    for used in family.parent.iter().chain(&family.recent) {
        bytes.extend_from_slice(&used.token.0);
        bytes.extend_from_slice(&used.at.0.to_be_bytes());
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// Stores the new state of a session's tokens: one row.
pub(super) fn keep(
    tx: &mut WriteTx<'_>,
    rotation: &Rotation,
    session: &Session,
    next: &Family,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Presented::Tabled(hash) = rotation.used {
        tx.conn
            .prepare_cached(
                "UPDATE refresh_tokens SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL",
            )?
            .execute(params![hash.0, now.0])?;
    }
    let idle_until = next
        .expires_at
        .max(rotation.access_until)
        .min(session.expires_at);
    tx.conn
        .prepare_cached(
            "UPDATE sessions SET last_seen_at = ?2, idle_until = CASE WHEN idle_until < ?3 THEN ?3 ELSE idle_until END, refresh_generation = ?4, \
             refresh_hash = ?5, refresh_until = ?6, refresh_used = ?7 WHERE id = ?1",
        )?
        .execute(params![
            session.id.0.to_bytes(),
            now.0,
            idle_until.0,
            next.generation,
            next.newest.0,
            next.expires_at.0,
            uses(next)
        ])?;
    tx.changes.sessions.push(session.id);
    let mut session = session.clone();
    session.last_seen_at = now;
    session.idle_until = session.idle_until.max(idle_until);
    // An idle session that a pending bulk revocation did not match a moment ago may match it now.
    if !bulk_revocations::ends(tx.conn, session.id)? {
        tx.changes.now_is_session(&session);
    }
    Ok(())
}

pub(super) fn resources(conn: &Connection, id: SessionId) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT resources FROM session_resources WHERE session_id = ?1";
    let found: Option<String> = conn
        .prepare_cached(sql)?
        .query_row([id.0.to_bytes()], |row| row.get(0))
        .optional()?;
    Ok(found
        .map(|text| text.lines().map(str::to_owned).collect())
        .unwrap_or_default())
}
