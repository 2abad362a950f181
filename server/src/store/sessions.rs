//! Sessions: how one begins, is found, and ends.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};
use rusqlite::{Connection, params};
use ulid::Ulid;

pub(super) use super::session_rows::{demand_password, end, end_all_of, find, insert, open};
use super::{
    Store, StoreError, accounts, authority,
    endings::{self, AT_ONCE, Ended},
    factors,
    keys::{self, KeysOf},
    memory::through,
    rows,
    session_rows::end_noted,
    writer::Unit,
};
use crate::{
    crypto::{refresh::NextToken, secret::Digest256},
    domain::{
        Act, Cause, Refusal, RequestedClaims, Session, SignInMethod, User,
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
    pub async fn session(&self, id: SessionId) -> Result<Option<Arc<Session>>, StoreError> {
        through(&self.memory().sessions, &id, async {
            self.read(move |conn| Ok(find(conn, id)?.map(Arc::new)))
                .await
        })
        .await
    }

    /// As [`Store::session`]; where it has to be read, the account that is said to hold it is read with it.
    pub async fn session_of(
        &self,
        id: SessionId,
        user: UserId,
    ) -> Result<Option<Arc<Session>>, StoreError> {
        let (sessions, accounts) = (&self.memory().sessions, &self.memory().accounts);
        if let Some(found) = sessions.get(&id) {
            return Ok(found);
        }
        if accounts.get(&user).is_some() {
            return self.session(id).await;
        }
        // Both places are held before the read begins, always in this order: a commit takes them back.
        let place = match sessions.get_value_or_guard_async(&id).await {
            Ok(found) => return Ok(found),
            Err(place) => place,
        };
        let account_place = accounts.get_value_or_guard_async(&user).await.err();
        let (session, account) = self
            .read(move |conn| Ok((find(conn, id)?, accounts::account(conn, user)?)))
            .await?;
        let session = session.map(Arc::new);
        // What is not there is not kept, so that guesses cannot push out what is.
        if session.is_some() {
            let _ = place.insert(session.clone());
        }
        if let Some((account, place)) = account.zip(account_place) {
            let _ = place.insert(Some(Arc::new(account)));
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
            let more = end_opened_by(unit, (held, [0; 16]), cause)?;
            Ok((held, cause.clone(), more))
        });
        let (held, cause, mut more) = ended.await?;
        // With the session ended no code of it opens another; what is left goes in short units.
        while let Some(last) = more {
            let cause = cause.clone();
            let rest = self.write(move |unit| end_opened_by(unit, (held, last), &cause));
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
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            accounts::find(unit.conn, user)?.ok_or(Refusal::NotFound("user"))?;
            rule::end_sessions_of(&by, user)?;
            let cause = act.cause(&by);
            let ended = match end_all_of(unit, user, keep, cause)? {
                Ended::Few(ended) => ended,
                Ended::After(id) => endings::count(unit.conn, user, id, keep)?,
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
        (jti, of): (Ulid, ClientId),
        expires_at: Timestamp,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            rule::give_back(&by, Some(of))?;
            let sql = "INSERT OR IGNORE INTO revoked_tokens VALUES (?1, ?2)";
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
            self.read(move |conn| {
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

<<<<<<< HEAD
=======
fn end_noted(
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

/// Demands that a password, which was found right, is still the account's; replaces its hash by a dearer one.
pub(super) fn demand_password(
    unit: &mut Unit<'_>,
    user: UserId,
    password: &str,
    rehashed: Option<String>,
) -> Result<(), StoreError> {
    let stored: Option<Option<String>> = unit
        .conn
        .prepare_cached("SELECT password FROM users WHERE id = ?1")?
        .query_row([user.0.to_bytes()], |row| row.get(0))
        .optional()?;
    session::password_stands(stored.flatten().as_deref(), password)?;
    if let Some(rehashed) = rehashed {
        unit.conn
            .prepare_cached("UPDATE users SET password = ?2 WHERE id = ?1")?
            .execute(params![user.0.to_bytes(), rehashed])?;
    }
    Ok(())
}

/// Opens a session for a user who has shown who they are.
pub(super) fn open(
    unit: &mut Unit<'_>,
    user_id: UserId,
    new: NewSession,
    cause: &Cause,
) -> Result<(User, Session), StoreError> {
    let account = session::may_sign_in(accounts::account(unit.conn, user_id)?)?;
    let must_have = unit.memory.demands_factor(&account.user.role);
    session::factor_suffices(must_have, new.method.has_factor())?;
    // A client's session rests on a sign-in that was judged.
    if new.client_id.is_none() && unit.memory.requires_verified_email() {
        session::has_verified_email(&account)?;
    }
    let scope = new.scope.clone();
    let scope = scope.unwrap_or_else(|| account.may.clone());
    let session = insert(unit, user_id, scope, new, cause)?;
    let mut user = account.user;
    user.last_login_at = Some(cause.at);
    let may = account.may;
    let account = Account { user, may };
    unit.changes.now_is_account(&account);
    Ok((account.user, session))
}

/// Writes a session, its first refresh token and the event, and notes the sign-in with its account.
pub(super) fn insert(
    unit: &mut Unit<'_>,
    user_id: UserId,
    scope: ScopeSet,
    new: NewSession,
    cause: &Cause,
) -> Result<Session, StoreError> {
    // A client's session rests on a sign-in that was judged, and its address is the application's.
    if new.client_id.is_none() && unit.memory.keeps_out(new.ip) {
        return Err(Refusal::Blocked.into());
    }
    let session = Session {
        id: SessionId(unit.id(cause.at)),
        user_id,
        client_id: new.client_id,
        scope,
        ip: new.ip,
        user_agent: new.user_agent,
        created_at: cause.at,
        last_seen_at: cause.at,
        expires_at: new.expires_at,
        idle_until: session::idle_until(session::Ends {
            access: new.access_until,
            refresh: new.refresh.as_ref().map(|_| new.refresh_until),
            absolute: new.expires_at,
        }),
        revoked_at: None,
        auth_time: new.auth_time,
        method: new.method,
        claims: new.claims,
    };
    let first = |next: NextToken| {
        let until = new.refresh_until.min(session.expires_at);
        Family::first(next.digest(session.id, 1), until)
    };
    let family = new.refresh.map(first);
    unit.conn
        .prepare_cached(
            "INSERT INTO sessions (id, user_id, client_id, scope, ip, user_agent, created_at, last_seen_at, expires_at, \
             idle_until, auth_time, refresh_generation, refresh_hash, refresh_until, amr, signed_in_by, claims) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            session.id.0.to_bytes(),
            user_id.0.to_bytes(),
            session.client_id.map(|id| id.0.to_bytes()),
            session.scope.to_string(),
            ip_bytes(session.ip),
            session.user_agent,
            cause.at.0,
            cause.at.0,
            session.expires_at.0,
            session.idle_until.0,
            session.auth_time.map(|at| at.0),
            family.as_ref().map(|family| family.generation),
            family.as_ref().map(|family| family.newest.0),
            family.as_ref().map(|family| family.expires_at.0),
            session.method.stored(),
            new.signed_in_by.map(|id| id.0.to_bytes()),
            session.claims.stored()
        ])?;
    if let Some(browser) = new.browser {
        browsers::insert(unit, browser, session.id)?;
    }
    if !new.resources.is_empty() {
        unit.conn
            .prepare_cached("INSERT INTO session_resources VALUES (?1, ?2)")?
            .execute(params![
                session.id.0.to_bytes(),
                rows::lines(&new.resources)
            ])?;
    }
    unit.conn
        .prepare_cached("UPDATE users SET last_login_at = ?2 WHERE id = ?1")?
        .execute(params![user_id.0.to_bytes(), cause.at.0])?;
    unit.conn
        .prepare_cached(
            "INSERT INTO user_addresses VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at WHERE seen_at < ?4",
        )?
        .execute(params![
            user_id.0.to_bytes(),
            ip_bytes(household(session.ip)),
            cause.at.0,
            cause.at.plus_seconds(-ADDRESS_STEP).0
        ])?;
    if session.client_id.is_none() && mails::is_telling(unit) {
        note_device(unit, &session, cause)?;
    }
    unit.changes.users.push(user_id);
    let by = session.client_id.map(|id| id.to_string());
    let through = Cause {
        client_id: session.client_id.or(cause.client_id),
        ..cause.clone()
    };
    unit.event(
        &through,
        "session.created",
        Some(&session.id),
        Some(user_id),
        by.as_deref(),
    )?;
    caps::evict(unit, &session, cause)?;
    if !endings::ends(unit.conn, session.id)? {
        unit.changes.now_is_session(&session);
    }
    Ok(session)
}

/// Devices that are known of an account, at most.
const DEVICES: u32 = 100;

/// Remembers from where and with what somebody has signed in, and tells them of what is new. Of where they signed in
/// first there is nothing to tell.
fn note_device(unit: &mut Unit<'_>, session: &Session, cause: &Cause) -> Result<(), StoreError> {
    let name = device::known_device(session.user_agent.as_deref());
    let place = [&ip_bytes(household(session.ip))[..], name.as_bytes()].concat();
    let hash = Digest256::of(&place);
    let user = session.user_id.0.to_bytes();
    let sql = "SELECT EXISTS (SELECT 1 FROM user_devices WHERE user_id = ?1), \
               EXISTS (SELECT 1 FROM user_devices WHERE user_id = ?1 AND device = ?2)";
    let (any, same): (bool, bool) = unit
        .conn
        .prepare_cached(sql)?
        .query_row(params![user, hash.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let sql = "INSERT INTO user_devices VALUES (?1, ?2, ?3) \
               ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at WHERE seen_at < ?4";
    let stale = cause.at.plus_seconds(-ADDRESS_STEP).0;
    unit.conn
        .prepare_cached(sql)?
        .execute(params![user, hash.0, cause.at.0, stale])?;
    if same {
        return Ok(());
    }
    // Those that were not seen for longest make room.
    let sql = "DELETE FROM user_devices WHERE user_id = ?1 AND device IN (SELECT device FROM user_devices \
               WHERE user_id = ?1 ORDER BY seen_at DESC, device LIMIT 1000 OFFSET ?2)";
    let room = params![user, DEVICES];
    unit.conn.prepare_cached(sql)?.execute(room)?;
    if !any {
        return Ok(());
    }
    let Some(user) = accounts::find(unit.conn, session.user_id)? else {
        return Ok(());
    };
    let ip = session.ip.to_canonical().to_string();
    mails::notice(unit, MailKind::NewSignIn, &user, cause, |mail| {
        (mail.device, mail.ip) = (Some(name), Some(ip));
    })
}

>>>>>>> a1eeb97 (Blocks: what keeps everybody out needs admin, an IPv6 address is its /64, one's own address is refused, a sign-in under way is judged again in its unit, a link sets no password from inside)
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
    (id, after): (SessionId, [u8; 16]),
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
