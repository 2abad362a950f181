//! Sessions and their refresh tokens.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{ClientId, Page, ScopeSet, SessionId, Timestamp, UserId};
use ipnet::IpNet;
use rusqlite::{Connection, OptionalExtension, params, types::Value};
use ulid::Ulid;

use super::{
    Store, StoreError, accounts, browsers,
    list::{Filter, List, ListQuery, contains},
    memory::through,
    roles,
    rows::{self, SESSION, ip_bytes, ulid},
    stats,
    writer::Unit,
};
use crate::{
    crypto::secret::Digest256,
    domain::{Cause, Lineage, Refusal, Session, User, household},
};

/// What a session starts with.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub client_id: Option<ClientId>,
    /// All the user may do then, when `None`.
    pub scope: Option<ScopeSet>,
    pub ip: IpAddr,
    pub user_agent: Option<String>,
    /// Hash of the first refresh token; none where the grant gives no refresh token.
    pub refresh: Option<Digest256>,
    pub refresh_until: Timestamp,
    pub access_until: Timestamp,
    /// The absolute end.
    pub expires_at: Timestamp,
    /// Hash of the cookie of the browser that signs in.
    pub browser: Option<Digest256>,
    /// Audiences its tokens are for, RFC 8707; the server itself when there are none.
    pub resources: Vec<String>,
}

/// One use of a refresh token.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The token that came.
    pub used: Digest256,
    /// The one that follows it.
    pub next: Digest256,
    /// Through which door it came.
    pub lineage: Lineage,
    /// When the next one expires; never later than its session.
    pub next_until: Timestamp,
    pub access_until: Timestamp,
    /// For how long a loser of a race is only refused, in seconds.
    pub grace_seconds: u32,
    /// Scopes that are asked for; all that were granted, when `None`.
    pub scope: Option<ScopeSet>,
    /// Audiences that are asked for; all that were granted, when there are none.
    pub resources: Vec<String>,
}

/// What became of a use.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one for each request, and mostly the large one"
)]
pub enum Refreshed {
    /// The token is used up and the next one lives.
    Rotated {
        session: Session,
        user: User,
        scope: ScopeSet,
        /// Audiences of the next access token.
        resources: Vec<String>,
    },
    /// There is no such token for this door.
    Unknown,
    Expired,
    /// The session was ended before, or somebody else used the token a moment ago.
    Revoked,
    /// A replay: the whole session has ended now.
    Replayed,
    /// More is asked for than was granted. The token is still good.
    ScopeTooWide,
    /// Another audience is asked for than was granted. The token is still good.
    OtherResource,
}

/// Which sessions a list or a bulk revocation holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionFilter {
    pub user_id: Option<UserId>,
    pub client_id: Option<ClientId>,
    pub ip: Option<IpNet>,
    pub active: Option<bool>,
    /// First-party sessions only.
    pub first_party: bool,
    /// Exactly these.
    pub ids: Option<Vec<SessionId>>,
}

const LIST: List<Session> = List {
    from: "sessions AS s",
    columns: SESSION,
    id: "s.id",
    kept: Some("sessions"),
    sorts: &[
        ("id", "s.id"),
        // Ids come in the order of creation.
        ("createdAt", "s.id"),
        ("lastSeenAt", "s.last_seen_at"),
        ("expiresAt", "s.expires_at"),
        ("userId", "s.user_id"),
        ("ip", "s.ip"),
    ],
    row: rows::session,
};

impl Store {
    /// A session, live or not. From memory once it was asked for.
    pub async fn session(&self, id: SessionId) -> Result<Option<Arc<Session>>, StoreError> {
        through(&self.memory().sessions, &id, async {
            self.read(move |conn| Ok(find(conn, id)?.map(Arc::new)))
                .await
        })
        .await
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
            let sql = "SELECT password FROM users WHERE id = ?1";
            let stored: Option<Option<String>> = unit
                .conn
                .prepare_cached(sql)?
                .query_row([user_id.0.to_bytes()], |row| row.get(0))
                .optional()?;
            if stored.flatten().as_ref() != Some(&password) {
                return Err(Refusal::PasswordChanged.into());
            }
            if let Some(rehashed) = rehashed {
                let sql = "UPDATE users SET password = ?2 WHERE id = ?1";
                unit.conn
                    .prepare_cached(sql)?
                    .execute(params![user_id.0.to_bytes(), rehashed])?;
            }
            open(unit, user_id, new, &cause)
        })
        .await
    }

    /// Uses a refresh token: one atomic check-and-set. Of concurrent uses exactly one rotates.
    pub async fn rotate_refresh(
        &self,
        rotation: Rotation,
        cause: Cause,
    ) -> Result<Refreshed, StoreError> {
        self.write(move |unit| rotate(unit, &rotation, &cause))
            .await
    }

    /// The session a refresh token belongs to, and until when the token is good; `None` once it was used.
    pub async fn refresh_token(
        &self,
        hash: Digest256,
    ) -> Result<Option<(Session, Option<Timestamp>)>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT session_id, expires_at, used_at FROM refresh_tokens WHERE hash = ?1";
            let found = conn.prepare_cached(sql)?.query_row([hash.0], |row| {
                let until = Timestamp(row.get(1)?);
                let unused = rows::maybe_time(row, 2)?.is_none().then_some(until);
                Ok((SessionId(ulid(row, 0)?), unused))
            });
            let Some((id, until)) = found.optional()? else {
                return Ok(None);
            };
            Ok(find(conn, id)?.map(|session| (session, until)))
        })
        .await
    }

    /// Ends a session. Ending one twice is success and leaves one event.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also when `owner` is given and it is another's.
    pub async fn revoke_session(
        &self,
        id: SessionId,
        owner: Option<UserId>,
        action: &'static str,
        cause: Cause,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let session = find(unit.conn, id)?;
            let session =
                session.filter(|session| owner.is_none_or(|owner| owner == session.user_id));
            let session = session.ok_or(Refusal::NotFound("session"))?;
            if end(unit, id, cause.at)? {
                unit.event(&cause, action, Some(&id), Some(session.user_id), None)?;
            }
            Ok(())
        })
        .await
    }

    /// Ends all live sessions of a user but `keep`; answers how many.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn revoke_sessions_of(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        cause: Cause,
    ) -> Result<u64, StoreError> {
        self.write(move |unit| {
            accounts::find(unit.conn, user)?.ok_or(Refusal::NotFound("user"))?;
            let ended = end_all_of(unit, user, keep, &cause)?;
            if ended > 0 {
                let detail = format!("{ended} sessions");
                unit.event(
                    &cause,
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

    /// Gives up a token that has no session: a client's own.
    pub async fn revoke_token(
        &self,
        jti: Ulid,
        expires_at: Timestamp,
        cause: Cause,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let sql = "INSERT OR IGNORE INTO revoked_tokens VALUES (?1, ?2)";
            let new = unit
                .conn
                .prepare_cached(sql)?
                .execute(params![jti.to_bytes(), expires_at.0])?;
            unit.changes.revoked_tokens.push(jti);
            if new > 0 {
                let target = jti.to_string().to_ascii_lowercase();
                unit.event(&cause, "token.revoked", Some(&target), None, None)?;
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

    /// A page of sessions. `q` is an id, an address, or text: that of the user's address or name, or of the user agent
    /// of one of the newest sessions.
    pub async fn sessions(
        &self,
        filter: SessionFilter,
        query: ListQuery,
        now: Timestamp,
    ) -> Result<Page<Session>, StoreError> {
        if query.sorts_by("lastSeenAt") {
            // As with keys: the order is by what was noted too.
            let _ = self.flush_touches().await;
        }
        let page = self
            .read(move |conn| {
                let mut conditions = conditions(&filter, now);
                if let Some(q) = query.q.as_deref().filter(|q| !q.is_empty()) {
                    search(&mut conditions, q);
                } else {
                    known_total(conn, &filter, &mut conditions, now)?;
                }
                LIST.page(conn, conditions, &query)
            })
            .await?;
        Ok(page.map(|session| self.freshen(session)))
    }

    /// Sessions that match but `keep`, at most `limit`, with their users.
    pub async fn sessions_to_end(
        &self,
        filter: SessionFilter,
        keep: Option<SessionId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(SessionId, UserId)>, StoreError> {
        self.read(move |conn| {
            let mut conditions = conditions(&filter, now);
            if let Some(keep) = keep {
                conditions.and("s.id <> ?", [Value::Blob(keep.0.to_bytes().to_vec())]);
            }
            conditions.all(conn, "s.id, s.user_id", "sessions AS s", limit, |row| {
                Ok((SessionId(ulid(row, 0)?), UserId(ulid(row, 1)?)))
            })
        })
        .await
    }

    /// Ends these sessions, some hundreds in a unit; answers how many were not ended before.
    pub async fn revoke_these(
        &self,
        ids: Vec<SessionId>,
        reason: Option<String>,
        cause: Cause,
    ) -> Result<u64, StoreError> {
        let mut ended = 0;
        for some in ids.chunks(250).map(<[_]>::to_vec) {
            let (reason, cause) = (reason.clone(), cause.clone());
            ended += self
                .write(move |unit| {
                    let mut ended = 0;
                    for id in some {
                        let Some(session) = find(unit.conn, id)? else {
                            continue;
                        };
                        if end(unit, id, cause.at)? {
                            let user = Some(session.user_id);
                            let reason = reason.as_deref();
                            unit.event(&cause, "session.revoked", Some(&id), user, reason)?;
                            ended += 1;
                        }
                    }
                    Ok(ended)
                })
                .await?;
        }
        Ok(ended)
    }

    /// Puts in when it was last seen, which may not be on disk yet.
    fn freshen(&self, mut session: Session) -> Session {
        if let Some(at) = self.touched().sessions.get(&session.id) {
            session.last_seen_at = session.last_seen_at.max(*at);
        }
        session
    }
}

pub(super) fn conditions(filter: &SessionFilter, now: Timestamp) -> Filter {
    let mut conditions = Filter::default();
    if let Some(id) = filter.user_id {
        conditions.and("s.user_id = ?", [Value::Blob(id.0.to_bytes().to_vec())]);
    }
    if let Some(id) = filter.client_id {
        conditions.and("s.client_id = ?", [Value::Blob(id.0.to_bytes().to_vec())]);
    }
    if filter.first_party {
        conditions.and("s.client_id IS NULL", []);
    }
    if let Some(net) = filter.ip {
        let ends = [net.network(), net.broadcast()].map(|ip| Value::Blob(ip_bytes(ip).to_vec()));
        conditions.and("~s.ip BETWEEN ? AND ?", ends);
    }
    if let Some(ids) = &filter.ids {
        let places = vec!["?"; ids.len()].join(", ");
        let ids = ids.iter().map(|id| Value::Blob(id.0.to_bytes().to_vec()));
        conditions.and(format!("s.id IN ({places})"), ids);
    }
    // The same rule as `Session::is_live`: the idle end never lies after the absolute one.
    match filter.active {
        Some(true) => conditions.and(
            "(s.revoked_at IS NULL AND ~s.idle_until > ?)",
            [Value::Integer(now.0)],
        ),
        Some(false) => conditions.and(
            "(~s.revoked_at IS NOT NULL OR (s.revoked_at IS NULL AND ~s.idle_until <= ?))",
            [Value::Integer(now.0)],
        ),
        None => {}
    }
    conditions
}

/// Live and dead sessions are not counted when nothing else is asked for: their numbers are known.
fn known_total(
    conn: &Connection,
    filter: &SessionFilter,
    conditions: &mut Filter,
    now: Timestamp,
) -> Result<(), StoreError> {
    let alone = SessionFilter {
        active: filter.active,
        ..SessionFilter::default()
    };
    let Some(active) = filter.active.filter(|_| *filter == alone) else {
        return Ok(());
    };
    let live = stats::active(conn, now)?;
    conditions.matching(if active {
        live
    } else {
        stats::rows_of(conn, "sessions")?.saturating_sub(live)
    });
    Ok(())
}

/// Sessions among which a user agent is searched for.
const NEWEST: u32 = 5000;
/// Users whose sessions are found by text.
const USERS: u32 = 500;

fn search(conditions: &mut Filter, q: &str) {
    let blob = |id: Ulid| [Value::Blob(id.to_bytes().to_vec())];
    if let Ok(id) = q.parse::<SessionId>() {
        conditions.and("s.id = ?", blob(id.0));
    } else if let Ok(id) = q.parse::<UserId>() {
        conditions.and("s.user_id = ?", blob(id.0));
    } else if let Ok(id) = q.parse::<ClientId>() {
        conditions.and("s.client_id = ?", blob(id.0));
    } else if let Ok(ip) = q.parse::<IpAddr>() {
        conditions.and("s.ip = ?", [Value::Blob(ip_bytes(ip).to_vec())]);
    } else {
        let (users, text) = accounts::matching(q, USERS);
        conditions.and(
            format!(
                "(s.user_id IN (SELECT id FROM users AS u WHERE {users}) OR s.id IN \
                 (SELECT id FROM (SELECT id, user_agent FROM sessions ORDER BY id DESC LIMIT {NEWEST}) \
                 WHERE user_agent LIKE ? ESCAPE '\\'))"
            ),
            [text, contains(q)],
        );
        conditions.among(NEWEST);
    }
}

pub(super) fn find(conn: &Connection, id: SessionId) -> Result<Option<Session>, StoreError> {
    let sql = format!("SELECT {SESSION} FROM sessions AS s WHERE s.id = ?1");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id.0.to_bytes()], rows::session)
        .optional()?)
}

/// Opens a session for a user who has shown who they are.
pub(super) fn open(
    unit: &mut Unit<'_>,
    user_id: UserId,
    new: NewSession,
    cause: &Cause,
) -> Result<(User, Session), StoreError> {
    let account = accounts::account(unit.conn, user_id)?.ok_or(Refusal::PasswordChanged)?;
    if account.user.disabled_at.is_some() {
        return Err(Refusal::Disabled.into());
    }
    let scope = new.scope.clone().unwrap_or(account.may);
    let session = insert(unit, user_id, scope, new, cause)?;
    let mut user = account.user;
    user.last_login_at = Some(cause.at);
    Ok((user, session))
}

/// Writes a session, its first refresh token and the event, and notes the sign-in with its account.
pub(super) fn insert(
    unit: &mut Unit<'_>,
    user_id: UserId,
    scope: ScopeSet,
    new: NewSession,
    cause: &Cause,
) -> Result<Session, StoreError> {
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
        idle_until: new
            .refresh
            .map_or(new.access_until, |_| {
                new.access_until.max(new.refresh_until)
            })
            .min(new.expires_at),
        revoked_at: None,
    };
    unit.conn
        .prepare_cached(
            "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL)",
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
            session.idle_until.0
        ])?;
    if let Some(refresh) = new.refresh {
        insert_refresh(
            unit,
            refresh,
            session.id,
            new.refresh_until.min(session.expires_at),
        )?;
    }
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
        .prepare_cached("INSERT OR REPLACE INTO user_addresses VALUES (?1, ?2, ?3)")?
        .execute(params![
            user_id.0.to_bytes(),
            ip_bytes(household(session.ip)),
            cause.at.0
        ])?;
    unit.changes.users.push(user_id);
    let by = session.client_id.map(|id| id.to_string());
    unit.event(
        cause,
        "session.created",
        Some(&session.id),
        Some(user_id),
        by.as_deref(),
    )?;
    Ok(session)
}

fn insert_refresh(
    unit: &mut Unit<'_>,
    hash: Digest256,
    session: SessionId,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    unit.conn
        .prepare_cached("INSERT INTO refresh_tokens VALUES (?1, ?2, ?3, NULL)")?
        .execute(params![hash.0, session.0.to_bytes(), expires_at.0])?;
    Ok(())
}

fn rotate(
    unit: &mut Unit<'_>,
    rotation: &Rotation,
    cause: &Cause,
) -> Result<Refreshed, StoreError> {
    let now = cause.at;
    let sql = "SELECT session_id, expires_at, used_at FROM refresh_tokens WHERE hash = ?1";
    let token = unit
        .conn
        .prepare_cached(sql)?
        .query_row([rotation.used.0], |row| {
            Ok((
                SessionId(ulid(row, 0)?),
                Timestamp(row.get(1)?),
                rows::maybe_time(row, 2)?,
            ))
        });
    let Some((id, expires_at, used_at)) = token.optional()? else {
        return Ok(Refreshed::Unknown);
    };
    let Some(session) = find(unit.conn, id)? else {
        return Ok(Refreshed::Unknown);
    };
    let lineage = session
        .client_id
        .map_or(Lineage::FirstParty, Lineage::Client);
    if lineage != rotation.lineage {
        return Ok(Refreshed::Unknown);
    }
    if session.revoked_at.is_some() {
        return Ok(Refreshed::Revoked);
    }
    if let Some(used_at) = used_at {
        if now < used_at.plus_seconds(i64::from(rotation.grace_seconds)) {
            return Ok(Refreshed::Revoked);
        }
        end(unit, id, now)?;
        let why = "a used refresh token came again";
        unit.event(
            cause,
            "session.replayed",
            Some(&id),
            Some(session.user_id),
            Some(why),
        )?;
        return Ok(Refreshed::Replayed);
    }
    if expires_at <= now || !session.is_live(now) {
        return Ok(Refreshed::Expired);
    }
    let wide = |wanted: &ScopeSet| !session.scope.covers_all(wanted);
    if rotation.scope.as_ref().is_some_and(wide) {
        return Ok(Refreshed::ScopeTooWide);
    }
    let granted = resources(unit.conn, id)?;
    let asked = &rotation.resources;
    if !granted.is_empty() && !asked.iter().all(|uri| granted.contains(uri)) {
        return Ok(Refreshed::OtherResource);
    }
    let Some(account) = accounts::account(unit.conn, session.user_id)? else {
        return Ok(Refreshed::Revoked);
    };
    if account.user.disabled_at.is_some() {
        return Ok(Refreshed::Revoked);
    }
    let sql = "UPDATE refresh_tokens SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL";
    if unit
        .conn
        .prepare_cached(sql)?
        .execute(params![rotation.used.0, now.0])?
        != 1
    {
        return Ok(Refreshed::Revoked);
    }
    let next_until = rotation.next_until.min(session.expires_at);
    insert_refresh(unit, rotation.next, id, next_until)?;
    let idle_until = next_until
        .max(rotation.access_until)
        .min(session.expires_at);
    unit.conn
        .prepare_cached(
            "UPDATE sessions SET last_seen_at = ?2, idle_until = max(idle_until, ?3) WHERE id = ?1",
        )?
        .execute(params![id.0.to_bytes(), now.0, idle_until.0])?;
    unit.changes.sessions.push(id);
    let scope = session.scope.intersect(&roles::grantable(&account.may));
    Ok(Refreshed::Rotated {
        session,
        user: account.user,
        scope,
        resources: if asked.is_empty() {
            granted
        } else {
            asked.clone()
        },
    })
}

fn resources(conn: &Connection, id: SessionId) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT resources FROM session_resources WHERE session_id = ?1";
    let found: Option<String> = conn
        .prepare_cached(sql)?
        .query_row([id.0.to_bytes()], |row| row.get(0))
        .optional()?;
    Ok(found
        .map(|text| text.lines().map(str::to_owned).collect())
        .unwrap_or_default())
}

/// Ends one session; whether it was not ended before.
pub(super) fn end(unit: &mut Unit<'_>, id: SessionId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE sessions SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    let ended = unit
        .conn
        .prepare_cached(sql)?
        .execute(params![id.0.to_bytes(), now.0])?;
    unit.changes.sessions.push(id);
    Ok(ended > 0)
}

/// Ends a user's sessions but `keep`, each with its event; answers how many.
pub(super) fn end_all_of(
    unit: &mut Unit<'_>,
    user: UserId,
    keep: Option<SessionId>,
    cause: &Cause,
) -> Result<u64, StoreError> {
    // A code on its way would open one more session a moment later.
    unit.conn
        .prepare_cached("DELETE FROM codes WHERE user_id = ?1 AND used_at IS NULL")?
        .execute([user.0.to_bytes()])?;
    let sql = "SELECT id FROM sessions WHERE user_id = ?1 AND revoked_at IS NULL";
    let mut select = unit.conn.prepare_cached(sql)?;
    let ids = select
        .query_map([user.0.to_bytes()], |row| ulid(row, 0))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut ended = 0;
    for id in ids
        .into_iter()
        .map(SessionId)
        .filter(|id| Some(*id) != keep)
    {
        end(unit, id, cause.at)?;
        unit.event(cause, "session.revoked", Some(&id), Some(user), None)?;
        ended += 1;
    }
    Ok(ended)
}
