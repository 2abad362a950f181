//! Rows of sessions: found, ended.

use std::sync::LazyLock;

use doorward_shared::{SessionId, Timestamp, UserId};

use super::{
    StoreError, codes,
    counts::SESSION_REVOKED,
    endings::{self, Ended},
    factors, notices,
    rows::{self, ROLE_MAY, SESSION, USER},
    sql::{Connection, OptionalExtension, params},
    unit::Unit,
};
use crate::domain::{Account, Cause, Session};

pub(super) fn find(conn: &Connection, id: SessionId) -> Result<Option<Session>, StoreError> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {SESSION} FROM sessions AS s WHERE s.id = ?1"));
    Ok(conn
        .prepare_cached(&SQL)?
        .query_row([id.0.to_bytes()], rows::session)
        .optional()?)
}

/// A session, and whose it is.
pub(super) fn with_account(
    conn: &Connection,
    id: SessionId,
) -> Result<Option<(Session, Option<Account>)>, StoreError> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {SESSION}, {USER}, {ROLE_MAY} FROM sessions AS s LEFT JOIN users AS u ON u.id = s.user_id WHERE s.id = ?1"
        )
    });
    Ok(conn
        .prepare_cached(&SQL)?
        .query_row([id.0.to_bytes()], rows::session_and_account)
        .optional()?)
}

/// Ends one session, with its event if it was not ended before.
pub(super) fn end_noted(
    unit: &mut Unit<'_>,
    session: &Session,
    action: &str,
    cause: &Cause,
) -> Result<(), StoreError> {
    if end(unit, session.id, cause.at)? {
        unit.event(
            cause,
            action,
            Some(&session.id),
            Some(session.user_id),
            None,
        )?;
    }
    Ok(())
}

/// Ends one session; whether it was not ended before.
pub(super) fn end(unit: &mut Unit<'_>, id: SessionId, now: Timestamp) -> Result<bool, StoreError> {
    if endings::ends(unit.conn, id)? {
        return Ok(false);
    }
    let sql = "UPDATE sessions SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    let ended = unit.counted(SESSION_REVOKED, sql, params![id.0.to_bytes(), now.0])?;
    unit.changes.sessions.push(id);
    if ended > 0 {
        notices::session_ended(unit, id, now)?;
    }
    Ok(ended > 0)
}

/// Ends a user's sessions but `keep`, and what would open more: codes, sign-ins under way, set-ups of factors.
pub(super) fn end_all_of(
    unit: &mut Unit<'_>,
    user: UserId,
    keep: Option<SessionId>,
    cause: &Cause,
) -> Result<Ended, StoreError> {
    codes::drop_unused(unit, user, None)?;
    factors::end_unfinished(unit.conn, user)?;
    endings::end_sessions_of(unit, user, None, keep, cause)
}
