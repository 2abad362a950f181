//! Refresh tokens: each works once, and one that comes again ends its session. What becomes of a use is decided in
//! `domain/rules/refresh.rs`; here its facts are loaded and the decision is applied.

use doorward_shared::{ScopeSet, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    Store, StoreError, accounts, clients, endings, factors, registrations, roles,
    rows::{self, ulid},
    sessions::{end, find},
    writer::Unit,
};
use crate::{
    crypto::{
        refresh::{NextToken, Presented},
        secret::Digest256,
    },
    domain::{
        Account, Cause, Lineage, Session, User,
        rules::refresh::{Decision, Family, Use, Windows, decide},
    },
};

/// One use of a refresh token.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The token that came.
    pub used: Presented,
    /// The one that follows it.
    pub next: NextToken,
    /// Through which door it came.
    pub lineage: Lineage,
    /// When the next one expires; never later than its session.
    pub next_until: Timestamp,
    pub access_until: Timestamp,
    pub windows: Windows,
    /// Scopes that are asked for; all that were granted, when `None`.
    pub scope: Option<ScopeSet>,
    /// Audiences that are asked for; all that were granted, when there are none.
    pub resources: Vec<String>,
    /// The server's own, which every client may name.
    pub issuer: String,
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
        /// Number of the next refresh token.
        generation: u32,
    },
    /// There is no such token for this door.
    Unknown,
    Expired,
    /// The session was ended before, or somebody else used the token a moment ago.
    Revoked,
    /// A replay: the whole session has ended now.
    Replayed,
    /// The account's role demands a second factor by now, which this sign-in had not. The token is still good, should the
    /// role no longer demand one.
    NeedsFactor {
        /// Whether the account has one, which the next sign-in will show.
        has_factor: bool,
    },
    /// More is asked for than was granted. The token is still good.
    ScopeTooWide,
    /// Another audience is asked for than was granted, or none that was is the client's any more. The token is still good.
    OtherResource,
}

impl Store {
    /// Uses a refresh token: one atomic check-and-set. Of concurrent uses exactly one rotates.
    pub async fn rotate_refresh(
        &self,
        rotation: Rotation,
        cause: Cause,
    ) -> Result<Refreshed, StoreError> {
        let used = rotation.used;
        if !matches!(used, Presented::Numbered { genuine: true, .. }) {
            // A stranger's guess costs no turn of the writer.
            let found = self.read(move |conn| Ok(facts(conn, used)?.is_some()));
            if !found.await? {
                return Ok(Refreshed::Unknown);
            }
        }
        self.write(move |unit| rotate(unit, &rotation, &cause))
            .await
    }

    /// The session a refresh token belongs to, and until when the token is good; `None` once it was used.
    pub async fn refresh_token(
        &self,
        shown: Presented,
    ) -> Result<Option<(Session, Option<Timestamp>)>, StoreError> {
        self.read(move |conn| {
            let Some(facts) = facts(conn, shown)? else {
                return Ok(None);
            };
            let Facts {
                session,
                family,
                shown,
            } = facts;
            let until = (family.newest == shown).then_some(family.expires_at);
            Ok(Some((session, until)))
        })
        .await
    }
}

/// What a token that came is judged by.
struct Facts {
    session: Session,
    family: Family,
    /// The token's hash, as the family knows it.
    shown: Digest256,
}

fn facts(conn: &Connection, shown: Presented) -> Result<Option<Facts>, StoreError> {
    let (id, hash, row) = match shown {
        Presented::Numbered { session, hash, .. } => (session, hash, None),
        Presented::Tabled(hash) => match tabled(conn, hash)? {
            Some(row) => (row.session, hash, Some(row)),
            None => return Ok(None),
        },
    };
    let Some(session) = find(conn, id)? else {
        return Ok(None);
    };
    let family = family(conn, id)?;
    let family = match row {
        Some(row) => with_tabled(conn, family, hash, &row)?,
        // A genuine token that this database never gave, after a restore: its session went on without the database.
        None => family.unwrap_or_else(|| Family {
            generation: 0,
            ..Family::first(NEVER, Timestamp(0))
        }),
    };
    // One that another master key made, beside which the database was before, is known by its hash.
    if matches!(shown, Presented::Numbered { genuine: false, .. }) && !family.knows(hash) {
        return Ok(None);
    }
    Ok(Some(Facts {
        session,
        family,
        shown: hash,
    }))
}

/// Hash of no token.
const NEVER: Digest256 = Digest256([0; 32]);

/// A token of an earlier version.
struct Tabled {
    session: SessionId,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
}

fn tabled(conn: &Connection, hash: Digest256) -> Result<Option<Tabled>, StoreError> {
    let sql = "SELECT session_id, expires_at, used_at FROM refresh_tokens WHERE hash = ?1";
    let found = conn.prepare_cached(sql)?.query_row([hash.0], |row| {
        Ok(Tabled {
            session: SessionId(ulid(row, 0)?),
            expires_at: Timestamp(row.get(1)?),
            used_at: rows::maybe_time(row, 2)?,
        })
    });
    Ok(found.optional()?)
}

/// The family as a token of an earlier version is judged by it.
fn with_tabled(
    conn: &Connection,
    family: Option<Family>,
    hash: Digest256,
    row: &Tabled,
) -> Result<Family, StoreError> {
    let used = row.used_at.map(|at| Use { token: hash, at });
    if let Some(mut family) = family {
        // It has gone over to numbered tokens. The table still knows when this one was used.
        let known = |used: &Use| {
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
    // Each used row of an earlier version has a successor; were there none, the token itself is no live one.
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

/// Bytes of a use at rest: its token's hash, then its time.
const USE: usize = 32 + 8;

fn family(conn: &Connection, id: SessionId) -> Result<Option<Family>, StoreError> {
    let sql = "SELECT refresh_generation, refresh_hash, refresh_until, refresh_used FROM sessions \
               WHERE id = ?1 AND refresh_hash IS NOT NULL";
    let read = |row: &Row<'_>| {
        let uses: Option<Vec<u8>> = row.get(3)?;
        // The first is the parent's.
        let mut uses = uses
            .unwrap_or_default()
            .chunks_exact(USE)
            .map(read_use)
            .collect::<Vec<_>>();
        let parent = (!uses.is_empty()).then(|| uses.remove(0));
        Ok(Family {
            generation: row.get(0)?,
            newest: Digest256(row.get(1)?),
            expires_at: Timestamp(row.get(2)?),
            parent,
            recent: uses,
        })
    };
    let found = conn.prepare_cached(sql)?.query_row([id.0.to_bytes()], read);
    Ok(found.optional()?)
}

fn read_use(bytes: &[u8]) -> Use {
    let (mut token, mut at) = ([0; 32], [0; 8]);
    token.copy_from_slice(&bytes[..32]);
    at.copy_from_slice(&bytes[32..USE]);
    Use {
        token: Digest256(token),
        at: Timestamp(i64::from_be_bytes(at)),
    }
}

/// Uses at rest; none where nothing was used yet.
fn uses(family: &Family) -> Option<Vec<u8>> {
    let uses = family.parent.iter().chain(&family.recent);
    let bytes: Vec<u8> = uses
        .flat_map(|used| used.token.0.into_iter().chain(used.at.0.to_be_bytes()))
        .collect();
    (!bytes.is_empty()).then_some(bytes)
}

fn rotate(
    unit: &mut Unit<'_>,
    rotation: &Rotation,
    cause: &Cause,
) -> Result<Refreshed, StoreError> {
    let now = cause.at;
    let Some(facts) = facts(unit.conn, rotation.used)? else {
        return Ok(Refreshed::Unknown);
    };
    let session = facts.session;
    let lineage = session
        .client_id
        .map_or(Lineage::FirstParty, Lineage::Client);
    if lineage != rotation.lineage {
        return Ok(Refreshed::Unknown);
    }
    if session.revoked_at.is_some() {
        return Ok(Refreshed::Revoked);
    }
    let decision = decide(&facts.family, facts.shown, now, rotation.windows);
    match decision {
        Decision::Lost => return Ok(Refreshed::Revoked),
        Decision::Replay => {
            replayed(unit, &session, cause)?;
            return Ok(Refreshed::Replayed);
        }
        Decision::Expired => return Ok(Refreshed::Expired),
        Decision::Rotate | Decision::Retry if !session.is_live(now) => {
            return Ok(Refreshed::Expired);
        }
        Decision::Rotate | Decision::Retry => {}
    }
    let (account, resources) = match allowed(unit.conn, &session, rotation)? {
        Ok(allowed) => allowed,
        Err(refused) => return Ok(refused),
    };
    if unit.memory.demands_factor(&account.user.role) && !session.method.has_factor() {
        let has_factor = factors::has_factor(unit.conn, session.user_id)?;
        return Ok(Refreshed::NeedsFactor { has_factor });
    }
    let next_until = rotation.next_until.min(session.expires_at);
    let next = rotation
        .next
        .digest(session.id, facts.family.next_generation());
    let next = if decision == Decision::Retry {
        facts.family.retried(next, next_until)
    } else {
        facts
            .family
            .rotated(next, next_until, now, rotation.windows)
    };
    keep(unit, rotation, &session, &next, now)?;
    registrations::session_used(unit, session.client_id, now)?;
    if decision == Decision::Retry {
        let user = Some(session.user_id);
        unit.event(
            cause,
            "session.refresh_retried",
            Some(&session.id),
            user,
            None,
        )?;
    }
    let scope = session.scope.intersect(&roles::grantable(&account.may));
    Ok(Refreshed::Rotated {
        session,
        user: account.user,
        scope,
        resources,
        generation: next.generation,
    })
}

fn replayed(unit: &mut Unit<'_>, session: &Session, cause: &Cause) -> Result<(), StoreError> {
    end(unit, session.id, cause.at)?;
    let user = Some(session.user_id);
    let why = "a used refresh token came again";
    unit.event(
        cause,
        "session.replayed",
        Some(&session.id),
        user,
        Some(why),
    )
}

/// The account behind a session and the audiences of its next token, or why what is asked for is refused.
fn allowed(
    conn: &Connection,
    session: &Session,
    rotation: &Rotation,
) -> Result<Result<(Account, Vec<String>), Refreshed>, StoreError> {
    let wide = |wanted: &ScopeSet| !session.scope.covers_all(wanted);
    if rotation.scope.as_ref().is_some_and(wide) {
        return Ok(Err(Refreshed::ScopeTooWide));
    }
    let granted = resources(conn, session.id)?;
    // What was taken from the client since is granted no more.
    let still = match session.client_id {
        Some(client) => clients::still_registered(conn, client, &granted, &rotation.issuer)?,
        None => granted.clone(),
    };
    let asked = &rotation.resources;
    let is_lost = !granted.is_empty() && still.is_empty();
    if is_lost || !granted.is_empty() && !asked.iter().all(|uri| still.contains(uri)) {
        return Ok(Err(Refreshed::OtherResource));
    }
    let account = accounts::account(conn, session.user_id)?;
    let Some(account) = account.filter(|account| account.user.disabled_at.is_none()) else {
        return Ok(Err(Refreshed::Revoked));
    };
    let resources = if asked.is_empty() {
        still
    } else {
        asked.clone()
    };
    Ok(Ok((account, resources)))
}

/// Writes what a session knows of its tokens from now on: one row.
fn keep(
    unit: &mut Unit<'_>,
    rotation: &Rotation,
    session: &Session,
    next: &Family,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Presented::Tabled(hash) = rotation.used {
        unit.conn
            .prepare_cached(
                "UPDATE refresh_tokens SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL",
            )?
            .execute(params![hash.0, now.0])?;
    }
    let idle_until = next
        .expires_at
        .max(rotation.access_until)
        .min(session.expires_at);
    unit.conn
        .prepare_cached(
            "UPDATE sessions SET last_seen_at = ?2, idle_until = max(idle_until, ?3), refresh_generation = ?4, \
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
    unit.changes.sessions.push(session.id);
    let mut session = session.clone();
    session.last_seen_at = now;
    session.idle_until = session.idle_until.max(idle_until);
    // What one could not match a moment ago, because it had been idle too long, it may match now.
    if !endings::ends(unit.conn, session.id)? {
        unit.changes.now_is_session(&session);
    }
    Ok(())
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
