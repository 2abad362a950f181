//! Sessions: how one begins, is found, and ends.

use std::net::IpAddr;

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};
use ulid::Ulid;

pub(super) use super::session_rows::{demand_password, end, end_all_of, find, insert, open};
use super::{
    Store, StoreError, accounts, authority,
    endings::{self, AT_ONCE, Ended},
    factors,
    keys::{self, KeysOf},
    memory::through,
    packed::PackedSession,
    rows,
    session_rows::{end_noted, with_account},
    sql::{Connection, params},
    unit::Unit,
};
use crate::{
    crypto::{refresh::NextToken, secret::Digest256},
    domain::{
        Act, Cause, Refusal, RequestedClaims, Session, SessionCore, SignInMethod, User,
        rules::{authority as rule, session},
    },
};

/// What a session starts with.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub client_id: Option<ClientId>,
    /// All the user may do then, when `None`.
    pub scope: Option<ScopeSet>,
    pub ip: IpAddr,
    pub user_agent: Option<String>,
    /// The first refresh token; none where the grant gives no refresh token.
    pub refresh: Option<NextToken>,
    pub refresh_until: Timestamp,
    pub access_until: Timestamp,
    /// The absolute end.
    pub expires_at: Timestamp,
    /// Hash of the cookie of the browser that signs in.
    pub browser: Option<Digest256>,
    /// Audiences its tokens are for, RFC 8707; the server itself when there are none.
    pub resources: Vec<String>,
    /// When the person signed in; now, when `None`.
    pub auth_time: Option<Timestamp>,
    /// How the person signed in.
    pub method: SignInMethod,
    /// The browser's session in which a client's session was allowed.
    pub signed_in_by: Option<SessionId>,
    /// Claims that were asked for one by one.
    pub claims: RequestedClaims,
}

impl Store {
    /// A session, live or not. From memory once it was asked for.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionCore>, StoreError> {
        self.session_and(id, |_, _| Ok(())).await
    }

    /// As [`Store::session`]; where it has to be read, what `also` reads is read with it.
    pub(super) async fn session_and(
        &self,
        id: SessionId,
        also: fn(&Connection, &Session) -> Result<(), StoreError>,
    ) -> Result<Option<SessionCore>, StoreError> {
        let memory = self.memory();
        let found = through(&memory.sessions, &id, async {
            let found = self.read(move |conn| {
                let found = find(conn, id)?;
                if let Some(session) = &found {
                    also(conn, session)?;
                }
                Ok(found)
            });
            let found = found.await?;
            Ok(found.map(|session| PackedSession::of(&session.core(), &memory.scopes)))
        });
        Ok(found.await?.map(|packed| packed.unpacked(id)))
    }

    /// As [`Store::session`]; where it has to be read, the account that is said to hold it is read with it.
    pub async fn session_of(
        &self,
        id: SessionId,
        user: UserId,
    ) -> Result<Option<SessionCore>, StoreError> {
        let memory = self.memory();
        let (sessions, accounts) = (&memory.sessions, &memory.accounts);
        if let Some(found) = sessions.get(&id) {
            return Ok(Some(found.unpacked(id)));
        }
        if accounts.contains_key(&user) {
            return self.session(id).await;
        }
        // Both places are held before the read begins, always in this order: a commit takes them back.
        let place = match sessions.get_value_or_guard_async(&id).await {
            Ok(found) => return Ok(Some(found.unpacked(id))),
            Err(place) => place,
        };
        let account_place = accounts.get_value_or_guard_async(&user).await.err();
        let found = self.look_up(move |conn| with_account(conn, id)).await?;
        let (session, account) = found.unzip();
        let session = session.map(|session| session.core());
        // What is not there is not kept, so that guesses cannot push out what is.
        if let Some(session) = &session {
            let _ = place.insert(PackedSession::of(session, &memory.scopes));
        }
        let account = account.flatten().filter(|account| account.user.id == user);
        let account = account.and_then(|account| memory.packed(&account));
        if let Some((account, place)) = account.zip(account_place) {
            let _ = place.insert(account);
        }
        Ok(session)
    }

    /// As [`Store::session`], with when it was last seen to the moment.
    pub async fn session_row(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row = self.read(move |conn| find(conn, id)).await?;
        Ok(row.map(|row| self.freshen(row)))
    }

    /// Opens a session after a right password. Only if `password` is still the account's and it is not disabled:
    /// a login that races a change of either leaves no session. With `rehashed` the password's hash is replaced too.
    ///
    /// # Errors
    /// [`Refusal::PasswordChanged`] (also for an account that is gone), [`Refusal::Disabled`].
    pub async fn open_session(
        &self,
        user_id: UserId,
        password: String,
        rehashed: Option<String>,
        new: NewSession,
        cause: Cause,
    ) -> Result<(User, Session), StoreError> {
        self.write(move |unit| {
            demand_password(unit, user_id, &password, rehashed)?;
            // A factor that was set up since the password was checked is asked for at the next try.
            session::password_is_enough(factors::has_factor(unit.conn, user_id)?)?;
            open(unit, user_id, new, &cause)
        })
        .await
    }

    /// Ends the session that the caller holds, what it opened at clients, and with it `also`, where that is a session of the
    /// same person's.
    ///
    /// # Errors
    /// As [`rule::sign_out`]; [`Refusal::CredentialEnded`] for a session that has ended already.
    pub async fn sign_out(&self, also: Option<SessionId>, act: Act) -> Result<(), StoreError> {
        let ended = self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            rule::sign_out(&by)?;
            let cause = act.cause(&by);
            let held = act.session().ok_or(Refusal::NotFirstParty)?;
            let session = owned(unit.conn, held, None)?;
            end_noted(unit, &session, "session.logout", cause)?;
            let also = also.map(|id| find(unit.conn, id)).transpose()?.flatten();
            // Another person's, or swept since: nothing to end.
            if let Some(also) = also.filter(|also| also.user_id == session.user_id) {
                end_noted(unit, &also, "session.logout", cause)?;
            }
            let more = end_opened_by(unit, held, [0; 16], cause)?;
            Ok((held, cause.clone(), more))
        });
        let (held, cause, mut more) = ended.await?;
        // With the session ended no code of it opens another; what is left goes in short units.
        while let Some(last) = more {
            let cause = cause.clone();
            let rest = self.write(move |unit| end_opened_by(unit, held, last, &cause));
            more = rest.await?;
        }
        Ok(())
    }

    /// Ends a session that was granted to the client that asks.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for another client's; [`Refusal::CredentialEnded`].
    pub async fn give_back_session(&self, id: SessionId, act: Act) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            let session = owned(unit.conn, id, None)?;
            rule::give_back(&by, session.client_id)?;
            end_noted(unit, &session, "session.revoked", act.cause(&by))
        })
        .await
    }

    /// After a sign-in in a browser that had one: what the session before opened at clients belongs to the next one, where
    /// both are the same person's.
    pub async fn hand_over(&self, before: SessionId, next: SessionId) -> Result<(), StoreError> {
        // In short units: a browser may have opened many.
        while self
            .write(move |unit| hand_over_some(unit, before, next))
            .await?
            == AT_ONCE
        {}
        Ok(())
    }

    /// Ends a session for whoever may: an operator, or with `owner` the person themselves.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also when `owner` is given and it is another's; as [`rule::end_session`].
    pub async fn end_session(
        &self,
        id: SessionId,
        owner: Option<UserId>,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            let session = owned(unit.conn, id, owner)?;
            rule::end_session(&by, session.user_id)?;
            end_noted(unit, &session, "session.revoked", act.cause(&by))
        })
        .await
    }

    /// Ends all live sessions of a user but `keep`, with `api_keys` their keys too; answers how many sessions.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; as [`rule::end_sessions_of`].
    pub async fn revoke_sessions_of(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        api_keys: bool,
        act: Act,
    ) -> Result<u64, StoreError> {
        // Counting very many takes longer than the writer has: what comes between here and there ends uncounted.
        let counted = self
            .read(move |conn| endings::count_many(conn, user, keep))
            .await?;
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            accounts::find(unit.conn, user)?.ok_or(Refusal::NotFound("user"))?;
            rule::end_sessions_of(&by, user)?;
            let cause = act.cause(&by);
            let ended = match (end_all_of(unit, user, keep, cause)?, counted) {
                (Ended::Few(ended), _) => ended,
                (Ended::After(id), Some((after, count))) if after == id => count,
                (Ended::After(id), _) => endings::count(unit.conn, user, id, keep)?,
            };
            if api_keys {
                keys::end_all(unit, KeysOf::Owner(user), cause)?;
            }
            if ended > 0 {
                let detail = format!("{ended} sessions");
                unit.event(
                    cause,
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

    /// Gives up a token that has no session: one of the client's own that asks.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for another client's; [`Refusal::CredentialEnded`].
    pub async fn give_back_token(
        &self,
        jti: Ulid,
        of: ClientId,
        expires_at: Timestamp,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            rule::give_back(&by, Some(of))?;
            let sql = "INSERT INTO revoked_tokens VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            let new = unit
                .conn
                .prepare_cached(sql)?
                .execute(params![jti.to_bytes(), expires_at.0])?;
            unit.changes.revoked_tokens.push(jti);
            if new > 0 {
                let target = jti.to_string().to_ascii_lowercase();
                unit.event(act.cause(&by), "token.revoked", Some(&target), None, None)?;
            }
            Ok(())
        })
        .await
    }

    /// Whether a token without a session was given up.
    ///
    /// # Errors
    /// [`StoreError`], when it is not in memory and the disk cannot be read.
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

    /// Puts in when it was last seen, which may not be on disk yet.
    pub(super) fn freshen(&self, mut session: Session) -> Session {
        if let Some(at) = self.touched().sessions.get(&session.id) {
            session.last_seen_at = session.last_seen_at.max(*at);
        }
        session
    }
}

/// Another person's session is not found, the same as a missing one.
fn owned(conn: &Connection, id: SessionId, owner: Option<UserId>) -> Result<Session, StoreError> {
    let session = find(conn, id)?;
    let session = session.filter(|session| owner.is_none_or(|owner| owner == session.user_id));
    session.ok_or_else(|| Refusal::NotFound("session").into())
}

fn hand_over_some(
    unit: &mut Unit<'_>,
    before: SessionId,
    next: SessionId,
) -> Result<usize, StoreError> {
    let (old, new) = (find(unit.conn, before)?, find(unit.conn, next)?);
    let are_ones = old
        .zip(new)
        .is_some_and(|(old, new)| old.user_id == new.user_id);
    if !are_ones || before == next {
        return Ok(0);
    }
    let sql = "UPDATE sessions SET signed_in_by = ?2 WHERE id IN \
               (SELECT id FROM sessions WHERE signed_in_by = ?1 AND revoked_at IS NULL LIMIT ?3)";
    let of = params![before.0.to_bytes(), next.0.to_bytes(), AT_ONCE];
    Ok(unit.conn.prepare_cached(sql)?.execute(of)?)
}

/// Ends sessions after `after` that were opened by a browser's sign-in, [`AT_ONCE`] at most; answers the last one where
/// there may be more.
fn end_opened_by(
    unit: &mut Unit<'_>,
    id: SessionId,
    after: [u8; 16],
    cause: &Cause,
) -> Result<Option<[u8; 16]>, StoreError> {
    let sql = "SELECT id FROM sessions WHERE signed_in_by = ?1 AND revoked_at IS NULL AND id > ?3 ORDER BY id LIMIT ?2";
    let mut select = unit.conn.prepare_cached(sql)?;
    let of = params![id.0.to_bytes(), AT_ONCE, after];
    let found = select.query_map(of, |row| rows::ulid(row, 0))?;
    let found = found.collect::<Result<Vec<_>, _>>()?;
    for id in &found {
        let id = SessionId(*id);
        if let Some(session) = find(unit.conn, id)? {
            end_noted(unit, &session, "session.logout", cause)?;
        }
    }
    let last = found.last().filter(|_| found.len() == AT_ONCE);
    Ok(last.map(Ulid::to_bytes))
}
