//! Sessions: lookup, sign-out and revocation.

use doorward_shared::{ClientId, SessionId, Timestamp, UserId};
use ulid::Ulid;

use super::{
    Store, StoreError, accounts, authority,
    bulk_revocations::{self, AT_ONCE, EndedSessions},
    caches::through,
    keys::{self, KeysOf},
    one_time_links, row_mapping,
    session_rows::end_noted,
    sql::{Connection, params},
    write_tx::WriteTx,
};
pub(super) use super::{
    session_rows::{end, end_all_of, find},
    sign_in::{demand_password, insert, open},
};
use crate::domain::{Act, AuditContext, DomainError, Session, rules::authority as rule};

impl Store {
    /// As [`Store::session`], with the exact last-used time.
    pub async fn session_row(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row = self.read(move |conn| find(conn, id)).await?;
        Ok(row.map(|row| self.with_last_used(row)))
    }

    /// Ends the caller's session, the sessions it opened at clients, and `also` if it belongs to the same user.
    ///
    /// # Errors
    /// As [`rule::sign_out`]; [`DomainError::CredentialEnded`] if the session has already ended.
    pub async fn sign_out(&self, also: Option<SessionId>, act: Act) -> Result<(), StoreError> {
        let ended = self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::sign_out(&by)?;
            let context = act.context(&by);
            let held = act.session().ok_or(DomainError::NotFirstParty)?;
            let session = owned(tx.conn, held, None)?;
            end_noted(tx, &session, "session.logout", context)?;
            let also = also.map(|id| find(tx.conn, id)).transpose()?.flatten();
            // Another user's session, or one deleted since, is ignored.
            if let Some(also) = also.filter(|also| also.user_id == session.user_id) {
                end_noted(tx, &also, "session.logout", context)?;
            }
            DependentSessions::of(held, "session.logout", context).end_some(tx)
        });
        self.end_rest(ended.await?).await
    }

    /// Ends the remaining sessions in short transactions. Their browser session has ended, so no code of it opens
    /// another.
    async fn end_rest(&self, mut left: Option<DependentSessions>) -> Result<(), StoreError> {
        while let Some(opened) = left {
            left = self.write(move |tx| opened.end_some(tx)).await?;
        }
        Ok(())
    }

    /// Ends a session that was granted to the calling client.
    ///
    /// # Errors
    /// [`DomainError::NotFound`], also for another client's session; [`DomainError::CredentialEnded`].
    pub async fn give_back_session(&self, id: SessionId, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            let session = owned(tx.conn, id, None)?;
            rule::give_back(&by, session.client_id)?;
            end_noted(tx, &session, "session.revoked", act.context(&by))
        })
        .await
    }

    /// Called after a sign-in in a browser that already had a session: if both belong to the same user, the new session
    /// takes over what the previous one opened at clients.
    pub async fn hand_over(&self, before: SessionId, next: SessionId) -> Result<(), StoreError> {
        // In short transactions: a browser may have opened many.
        while self
            .write(move |tx| hand_over_some(tx, before, next))
            .await?
            == AT_ONCE
        {}
        Ok(())
    }

    /// Ends a session for an operator or, with `owner`, for its user, whose sign-out also ends what the session opened
    /// at clients. An operator's own links are revoked with their session. In either case a pending address change is
    /// cancelled.
    ///
    /// # Errors
    /// [`DomainError::NotFound`], also if it does not belong to `owner`; as [`rule::end_session`].
    pub async fn end_session(
        &self,
        id: SessionId,
        owner: Option<UserId>,
        act: Act,
    ) -> Result<(), StoreError> {
        let ended = self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            let session = owned(tx.conn, id, owner)?;
            rule::end_session(&by, session.user_id)?;
            let (action, context) = ("session.revoked", act.context(&by));
            end_noted(tx, &session, action, context)?;
            // The address change may have been requested in this session.
            one_time_links::end_address_change(tx.conn, session.user_id)?;
            match owner {
                Some(_) => DependentSessions::of(id, action, context).end_some(tx),
                None => Ok(None),
            }
        });
        self.end_rest(ended.await?).await
    }

    /// Ends all live sessions of a user except `keep`, with `api_keys` also their keys; returns the number of sessions.
    ///
    /// # Errors
    /// [`DomainError::NotFound`]; as [`rule::end_sessions_of`].
    pub async fn revoke_sessions_of(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        api_keys: bool,
        act: Act,
    ) -> Result<u64, StoreError> {
        // Counting very many takes longer than a write transaction may: sessions opened in between are ended but not
        // counted.
        let counted = self
            .read(move |conn| bulk_revocations::count_many(conn, user, keep))
            .await?;
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            accounts::find(tx.conn, user)?.ok_or(DomainError::NotFound("user"))?;
            rule::end_sessions_of(&by, user)?;
            let context = act.context(&by);
            let ended = match (end_all_of(tx, user, keep, context)?, counted) {
                (EndedSessions::Few(ended), _) => ended,
                (EndedSessions::After(id), Some((after, count))) if after == id => count,
                (EndedSessions::After(id), _) => bulk_revocations::count(tx.conn, user, id, keep)?,
            };
            if api_keys {
                keys::end_all(tx, KeysOf::Owner(user), context)?;
            }
            if ended > 0 {
                let detail = format!("{ended} sessions");
                tx.event(
                    context,
                    "user.sessions_revoked",
                    Some(&user),
                    Some(user),
                    Some(&detail),
                )?;
            }
            Ok(ended)
        })
        .await
    }

    /// Revokes a token without a session: the calling client's own.
    ///
    /// # Errors
    /// [`DomainError::NotFound`] for another client's token; [`DomainError::CredentialEnded`].
    pub async fn give_back_token(
        &self,
        jti: Ulid,
        of: ClientId,
        expires_at: Timestamp,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::give_back(&by, Some(of))?;
            let sql = "INSERT INTO revoked_tokens VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            let new = tx
                .conn
                .prepare_cached(sql)?
                .execute(params![jti.to_bytes(), expires_at.0])?;
            tx.changes.revoked_tokens.push(jti);
            if new > 0 {
                let target = jti.to_string().to_ascii_lowercase();
                tx.event(act.context(&by), "token.revoked", Some(&target), None, None)?;
            }
            Ok(())
        })
        .await
    }

    /// Whether a token without a session was revoked.
    ///
    /// # Errors
    /// [`StoreError`], if it is not cached and the disk cannot be read.
    pub async fn is_token_revoked(&self, jti: Ulid) -> Result<bool, StoreError> {
        let found = through(&self.memory().tokens, &jti, async {
            self.look_up(move |conn| {
                let sql = "SELECT EXISTS (SELECT 1 FROM revoked_tokens WHERE jti = ?1)";
                let mut select = conn.prepare_cached(sql)?;
                Ok(Some(select.query_row([jti.to_bytes()], |row| row.get(0))?))
            })
            .await
        });
        Ok(found.await?.unwrap_or(false))
    }

    /// Updates the last-used time with one that may not be on disk yet.
    pub(super) fn with_last_used(&self, mut session: Session) -> Session {
        if let Some(at) = self.touched().sessions.get(&session.id) {
            session.last_seen_at = session.last_seen_at.max(*at);
        }
        session
    }
}

/// Another user's session is reported as not found, the same as a missing one.
fn owned(conn: &Connection, id: SessionId, owner: Option<UserId>) -> Result<Session, StoreError> {
    let session = find(conn, id)?;
    let session = session.filter(|session| owner.is_none_or(|owner| owner == session.user_id));
    session.ok_or_else(|| DomainError::NotFound("session").into())
}

fn hand_over_some(
    tx: &mut WriteTx<'_>,
    before: SessionId,
    next: SessionId,
) -> Result<usize, StoreError> {
    let (old, new) = (find(tx.conn, before)?, find(tx.conn, next)?);
    // If the new session has already ended, the sessions of the previous one end with that.
    let are_ones = old
        .zip(new)
        .is_some_and(|(old, new)| old.user_id == new.user_id && new.revoked_at.is_none());
    if !are_ones || before == next {
        return Ok(0);
    }
    let sql = "UPDATE sessions SET signed_in_by = ?2 WHERE id IN \
               (SELECT id FROM sessions WHERE signed_in_by = ?1 AND revoked_at IS NULL LIMIT ?3)";
    let of = params![before.0.to_bytes(), next.0.to_bytes(), AT_ONCE];
    Ok(tx.conn.prepare_cached(sql)?.execute(of)?)
}

/// Sessions that a browser session has opened at clients and that end with it.
#[derive(Debug)]
struct DependentSessions {
    by: SessionId,
    /// All up to this id have been ended.
    after: [u8; 16],
    /// Action of each one's event.
    action: &'static str,
    context: AuditContext,
}

impl DependentSessions {
    fn of(by: SessionId, action: &'static str, context: &AuditContext) -> Self {
        Self {
            by,
            after: [0; 16],
            action,
            context: context.clone(),
        }
    }

    /// Ends up to [`AT_ONCE`] sessions; returns the rest if there may be more.
    fn end_some(&self, tx: &mut WriteTx<'_>) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT id FROM sessions WHERE signed_in_by = ?1 AND revoked_at IS NULL AND id > ?3 ORDER BY id LIMIT ?2";
        let mut select = tx.conn.prepare_cached(sql)?;
        let of = params![self.by.0.to_bytes(), AT_ONCE, self.after];
        let found = select.query_map(of, |row| row_mapping::ulid(row, 0))?;
        let found = found.collect::<Result<Vec<_>, _>>()?;
        for id in &found {
            if let Some(session) = find(tx.conn, SessionId(*id))? {
                end_noted(tx, &session, self.action, &self.context)?;
            }
        }
        let last = found.last().filter(|_| found.len() == AT_ONCE);
        Ok(last.map(|last| Self {
            after: last.to_bytes(),
            ..Self::of(self.by, self.action, &self.context)
        }))
    }
}
