//! Sessions with a verified or newly set-up second factor. If an account has a factor, only these may change its
//! factors, password or address, delete it, or act as an operator.

use doorward_shared::{SessionId, UserId};
use ulid::Ulid;

use super::{
    Store, StoreError, authority,
    bulk_revocations::{self, AT_ONCE},
    factors::has_factor,
    one_time_links, row_mapping,
    session_rows::end_noted,
    sessions,
    sql::{Connection, params},
    write_tx::WriteTx,
};
use crate::domain::{
    Act, AuditContext, DomainError, Session,
    rules::{authority as rule, session},
};

impl Store {
    /// Checks early that a user may change their factors, before they are asked for one. The operation checks again.
    ///
    /// # Errors
    /// [`DomainError::FactorFirst`]; as [`rule::change_factors`].
    pub async fn may_change_factors(&self, user: UserId, act: Act) -> Result<(), StoreError> {
        let (memory, now) = (self.memory_shared(), self.memory().clock.now());
        self.read(move |conn| {
            let by = authority::authorize_at(conn, &memory, &act, now)?;
            rule::change_factors(&by, user)?;
            demand(conn, &act)
        })
        .await
    }

    /// Whether a session counts as verified by a second factor; `None` if the account has no factor or is deleted.
    pub async fn factor_shown(&self, id: SessionId) -> Result<Option<bool>, StoreError> {
        self.read(move |conn| match sessions::find(conn, id)? {
            Some(session) => shown(conn, &session),
            None => Ok(None),
        })
        .await
    }
}

/// Requires a session with a verified or newly set-up factor, if the account has any.
pub(super) fn demand(conn: &Connection, act: &Act) -> Result<(), StoreError> {
    let Some(id) = act.session() else {
        return Ok(());
    };
    let session = sessions::find(conn, id)?.ok_or(DomainError::CredentialEnded)?;
    Ok(session::has_shown_factor(shown(conn, &session)?)?)
}

/// Whether a factor was verified or set up in the session, or in the browser session that authorized it and is still
/// live, and none has been removed since; `None` if the account has no factor. A factor that a browser session inherits
/// from an earlier one does not count, and an ended browser session is ignored when factors are removed.
pub(super) fn shown(conn: &Connection, session: &Session) -> Result<Option<bool>, StoreError> {
    if !has_factor(conn, session.user_id)? {
        return Ok(None);
    }
    let sql = "SELECT s.set_factor = 1 OR EXISTS (SELECT 1 FROM sessions b WHERE b.id = s.signed_in_by AND b.id < s.id \
               AND b.set_factor = 1 AND b.revoked_at IS NULL), u.factor_removed, coalesce(s.signed_in_by, s.id) > u.factor_removed \
               FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ?1";
    let mut select = conn.prepare_cached(sql)?;
    let (has_set, removed, is_newer): (bool, _, Option<bool>) = select
        .query_row([session.id.0.to_bytes()], |row| {
            Ok((row.get(0)?, row_mapping::maybe_ulid(row, 1)?, row.get(2)?))
        })?;
    let is_newer = removed
        .is_none_or(|removed| is_newer.unwrap_or_default() && is_signed_in_after(session, removed));
    Ok(Some(has_set || is_newer && session.method.has_factor()))
}

/// Whether a client's session was authorized by a sign-in after this id. The browser session may be newer than the
/// sign-in, since it takes over the sessions of the one before. If the clock was set back, ids still increase but times
/// are unusable until it has caught up.
fn is_signed_in_after(session: &Session, id: Ulid) -> bool {
    let then = i64::try_from(id.timestamp_ms()).unwrap_or(i64::MAX);
    // With a minute of tolerance: a row's time is taken before its transaction runs.
    let is_set_back = session.created_at.plus_seconds(60).0 < then;
    let is_later = session.auth_time.is_none_or(|at| at.0 > then);
    session.id.0 > id && (is_set_back || is_later)
}

/// Applies the consequences of a new factor, set up by a signed-in user or during sign-in: pending address changes are
/// cancelled. One requested without a factor could bypass the new one.
pub(super) fn set_up(
    tx: &WriteTx<'_>,
    user: UserId,
    by: Option<SessionId>,
) -> Result<(), StoreError> {
    if let Some(id) = by {
        note(tx.conn, id, true)?;
    }
    one_time_links::end_address_change(tx.conn, user)
}

/// Applies the consequences of a factor removed by the user: the current session counts as verified, all earlier ones
/// no longer do, even if a factor was set up in them. They may belong to an attacker who found the factor, as may an
/// address change requested in them.
pub(super) fn taken_away(tx: &mut WriteTx<'_>, user: UserId, act: &Act) -> Result<(), StoreError> {
    let removed = tx.id(act.at());
    let sql = "UPDATE users SET factor_removed = ?2 WHERE id = ?1";
    let mut update = tx.conn.prepare_cached(sql)?;
    update.execute(params![user.0.to_bytes(), removed.to_bytes()])?;
    let sql = "UPDATE sessions SET set_factor = 0 WHERE user_id = ?1 AND set_factor = 1 AND revoked_at IS NULL";
    let mut clear = tx.conn.prepare_cached(sql)?;
    clear.execute([user.0.to_bytes()])?;
    one_time_links::end_address_change(tx.conn, user)?;
    act.session().map_or(Ok(()), |id| note(tx.conn, id, true))
}

/// Ends the sessions verified by a factor that an operator removes: they may belong to its thief. If an account has
/// many sessions, all of them end. The other sessions were not verified by a factor.
pub(super) fn end(
    tx: &mut WriteTx<'_>,
    user: UserId,
    context: &AuditContext,
) -> Result<(), StoreError> {
    let found = bulk_revocations::unrevoked(tx.conn, user, AT_ONCE + 1)?;
    if found.len() > AT_ONCE {
        return bulk_revocations::end_sessions_of(tx, user, None, None, context).map(drop);
    }
    for (id, _) in found {
        match sessions::find(tx.conn, id)? {
            Some(session) if session.method.has_factor() => {
                end_noted(tx, &session, "session.revoked", context)?;
            }
            _ => note(tx.conn, id, false)?,
        }
    }
    Ok(())
}

/// Records whether a factor was set up in a session.
fn note(conn: &Connection, session: SessionId, has_set: bool) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET set_factor = ?2 WHERE id = ?1";
    let mut update = conn.prepare_cached(sql)?;
    update.execute(params![session.0.to_bytes(), i64::from(has_set)])?;
    Ok(())
}
