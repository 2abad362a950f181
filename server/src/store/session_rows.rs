//! Rows of sessions: insert, select and revoke.

use std::sync::LazyLock;

use doorward_shared::{SessionId, Timestamp, UserId};

use super::{
    NewSession, StoreError, authorization_codes,
    bulk_revocations::{self, EndedSessions},
    factors, logout_notices,
    row_counts::{SESSION_ADDED, SESSION_REVOKED},
    row_mapping::{self, ROLE_MAY, SESSION, USER, ip_bytes},
    sql::{Connection, OptionalExtension, params},
    write_tx::WriteTx,
};
use crate::{
    crypto::refresh_token::NextToken,
    domain::{Account, AuditContext, Session, rules::refresh::Family},
};

/// Inserts the row of a new session, with its first refresh token and, if given, the audiences of its tokens.
pub(super) fn write(
    tx: &mut WriteTx<'_>,
    session: &Session,
    new: &NewSession,
) -> Result<(), StoreError> {
    let first = |next: &NextToken| {
        let until = new.refresh_until.min(session.expires_at);
        Family::first(next.digest(session.id, 1), until)
    };
    let family = new.refresh.as_ref().map(first);
    let sql = "INSERT INTO sessions (id, user_id, client_id, scope, ip, user_agent, created_at, last_seen_at, expires_at, \
               idle_until, auth_time, refresh_generation, refresh_hash, refresh_until, amr, signed_in_by, claims) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    tx.counted(
        SESSION_ADDED,
        sql,
        params![
            session.id.0.to_bytes(),
            session.user_id.0.to_bytes(),
            session.client_id.map(|id| id.0.to_bytes()),
            session.scope.to_string(),
            ip_bytes(session.ip),
            session.user_agent,
            session.created_at.0,
            session.last_seen_at.0,
            session.expires_at.0,
            session.idle_until.0,
            session.auth_time.map(|at| at.0),
            family.as_ref().map(|family| family.generation),
            family.as_ref().map(|family| family.newest.0),
            family.as_ref().map(|family| family.expires_at.0),
            session.method.stored(),
            new.signed_in_by.map(|id| id.0.to_bytes()),
            session.claims.stored()
        ],
    )?;
    if !new.resources.is_empty() {
        tx.conn
            .prepare_cached("INSERT INTO session_resources VALUES (?1, ?2)")?
            .execute(params![
                session.id.0.to_bytes(),
                row_mapping::lines(&new.resources)
            ])?;
    }
    Ok(())
}

pub(super) fn find(conn: &Connection, id: SessionId) -> Result<Option<Session>, StoreError> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {SESSION} FROM sessions AS s WHERE s.id = ?1"));
    Ok(conn
        .prepare_cached(&SQL)?
        .query_row([id.0.to_bytes()], row_mapping::session)
        .optional()?)
}

/// A session and its owner.
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
        .query_row([id.0.to_bytes()], row_mapping::session_and_account)
        .optional()?)
}

/// Revokes one session and writes its event, unless it was already revoked.
pub(super) fn end_noted(
    tx: &mut WriteTx<'_>,
    session: &Session,
    action: &str,
    context: &AuditContext,
) -> Result<(), StoreError> {
    if end(tx, session.id, context.at)? {
        tx.event(
            context,
            action,
            Some(&session.id),
            Some(session.user_id),
            None,
        )?;
    }
    Ok(())
}

/// Revokes one session; returns whether it was not yet revoked.
pub(super) fn end(tx: &mut WriteTx<'_>, id: SessionId, now: Timestamp) -> Result<bool, StoreError> {
    if bulk_revocations::ends(tx.conn, id)? {
        return Ok(false);
    }
    let sql = "UPDATE sessions SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    let ended = tx.counted(SESSION_REVOKED, sql, params![id.0.to_bytes(), now.0])?;
    tx.changes.sessions.push(id);
    if ended > 0 {
        logout_notices::session_ended(tx, id, now)?;
    }
    Ok(ended > 0)
}

/// Revokes a user's sessions except `keep`, and what could open more: codes, pending sign-ins, factor set-ups.
pub(super) fn end_all_of(
    tx: &mut WriteTx<'_>,
    user: UserId,
    keep: Option<SessionId>,
    context: &AuditContext,
) -> Result<EndedSessions, StoreError> {
    authorization_codes::drop_unused(tx, user, None)?;
    factors::end_unfinished(tx.conn, user)?;
    bulk_revocations::end_sessions_of(tx, user, None, keep, context)
}
