//! Refresh tokens: each works once, and one that comes again ends its session.

use doorward_shared::{ScopeSet, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Store, StoreError, accounts, roles,
    rows::{self, ulid},
    sessions::{end, find},
    writer::Unit,
};
use crate::{
    crypto::secret::Digest256,
    domain::{Cause, Lineage, Session, User},
};

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

impl Store {
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
}

/// Writes a refresh token of a session.
pub(super) fn insert(
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
    insert(unit, rotation.next, id, next_until)?;
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
