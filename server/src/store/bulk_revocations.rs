//! Bulk revocations: an operation that revokes more sessions or keys than fit in a short transaction inserts one row
//! into `endings`. From its commit on, everything it matches counts as revoked; [`super::bulk_revocation_job`] writes
//! it into the rows later.
//!
//! Every read of a session or key uses the columns in [`super::row_mapping`], which apply the pending bulk revocations.
//! Every condition and count on `revoked_at` itself calls [`any`] and adds [`SESSION_ENDS`] or [`KEY_ENDS`].

use std::net::IpAddr;

use doorward_shared::{ClientId, SessionId, Timestamp, UserId};

use super::{
    SessionFilter, StoreError,
    row_mapping::{self, ip_bytes, ip_text, ulid},
    sessions::end,
    sql::{self, Connection, OptionalExtension, no_index, params},
    write_tx::WriteTx,
};
use crate::domain::AuditContext;

/// Maximum number of rows that an operation revokes in its own transaction; for more it inserts a bulk revocation.
pub(super) const AT_ONCE: usize = 128;

/// The condition under which a bulk revocation, by its alias, matches the session `s`.
macro_rules! ends_session {
    ($e:literal) => {
        concat!(
            "(",
            $e,
            ".what = 'sessions' AND (",
            $e,
            ".user_id IS NULL OR ",
            $e,
            ".user_id = s.user_id) AND (",
            $e,
            ".client_id IS NULL OR ",
            $e,
            ".client_id = s.client_id) AND (",
            $e,
            ".first_ip IS NULL OR s.ip BETWEEN ",
            $e,
            ".first_ip AND ",
            $e,
            ".last_ip) AND (",
            $e,
            ".keep_id IS NULL OR ",
            $e,
            ".keep_id <> s.id) AND s.idle_until > ",
            $e,
            ".idle_after AND (s.created_at < ",
            $e,
            ".made_before OR (s.id <= ",
            $e,
            ".last_id AND s.created_at <= ",
            $e,
            ".made_until)))"
        )
    };
}

/// The condition under which a bulk revocation, by its alias, matches the key `k`. For an account: its own keys, the
/// keys it minted, and the keys minted with the tokens it granted to clients. For an account at a client: only the
/// last, with that client's tokens. For a client: the keys it owns.
macro_rules! ends_key {
    ($e:literal) => {
        concat!(
            "(",
            $e,
            ".what = 'keys' AND (",
            $e,
            ".user_id = k.owner_id OR (",
            $e,
            ".client_id IS NULL AND ",
            $e,
            ".minter_id = k.minter_id) OR (",
            $e,
            ".minter_id = k.granted_by AND (",
            $e,
            ".client_id IS NULL OR ",
            $e,
            ".client_id = k.client_id)) OR (",
            $e,
            ".minter_id IS NULL AND ",
            $e,
            ".client_id = k.client_id)) AND (k.created_at < ",
            $e,
            ".made_before OR (k.id <= ",
            $e,
            ".last_id AND k.created_at <= ",
            $e,
            ".made_until)))"
        )
    };
}

pub(super) use {ends_key, ends_session};

/// Whether a pending bulk revocation matches the session `s`.
pub(super) const SESSION_ENDS: &str = concat!(
    "EXISTS (SELECT 1 FROM endings e WHERE ",
    ends_session!("e"),
    ")"
);
/// Whether a pending bulk revocation matches the key `k`.
pub(super) const KEY_ENDS: &str = concat!(
    "EXISTS (SELECT 1 FROM endings e WHERE ",
    ends_key!("e"),
    ")"
);

/// What a bulk revocation matches. An absent field does not restrict it.
#[derive(Debug, Clone, Default)]
pub(super) struct BulkRevocation {
    pub what: RevokedKind,
    pub user: Option<UserId>,
    pub minter: Option<UserId>,
    pub client: Option<ClientId>,
    pub ips: Option<(IpAddr, IpAddr)>,
    pub keep: Option<SessionId>,
    /// Only rows that a reader saw; with `None`, every row created so far.
    pub seen: Option<SessionSnapshot>,
    /// Action of each row's event; with `None`, only the operation's own event is written.
    pub action: Option<&'static str>,
    pub detail: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum RevokedKind {
    #[default]
    Sessions,
    Keys,
    /// Dependent rows of a deleted account or client.
    Rows,
}

impl RevokedKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Keys => "keys",
            Self::Rows => "rows",
        }
    }
}

/// The sessions live at one moment: those with an id up to the newest one then, and not expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSnapshot {
    pub last: SessionId,
    /// Latest creation time among them. It may not belong to the newest id: if the clock is set back, ids still
    /// increase but times do not.
    pub made_until: Timestamp,
    /// Sessions expired at this moment are excluded.
    pub at: Timestamp,
}

/// Inserts a bulk revocation, invalidates the matching cache entries and wakes the worker.
pub(super) fn insert(
    tx: &mut WriteTx<'_>,
    ending: &BulkRevocation,
    context: &AuditContext,
) -> Result<(), StoreError> {
    let id = tx.id(context.at);
    let blob = |id: ulid::Ulid| id.to_bytes();
    // Ids show which rows were created before. Rows with an imported id are compared by creation time, with a minute of
    // tolerance: the time is taken before the transaction runs.
    let (before, until, last, idle_after) = match ending.seen {
        None => (context.at.plus_seconds(-60).0, i64::MAX, id, i64::MIN),
        Some(seen) => (i64::MIN, seen.made_until.0, seen.last.0, seen.at.0),
    };
    let sql = "INSERT INTO endings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";
    tx.conn.prepare_cached(sql)?.execute(params![
        blob(id),
        ending.what.as_str(),
        ending.user.map(|id| blob(id.0)),
        ending.minter.map(|id| blob(id.0)),
        ending.client.map(|id| blob(id.0)),
        ending.ips.map(|(first, _)| ip_bytes(first)),
        ending.ips.map(|(_, last)| ip_bytes(last)),
        ending.keep.map(|id| blob(id.0)),
        before,
        until,
        blob(last),
        idle_after,
        context.at.0,
        ending.action,
        ending.detail,
        context.actor.to_string(),
        context.ip.map(ip_text),
        context.request_id.as_deref(),
        context.reason.as_deref(),
        context.client_id.map(|id| blob(id.0))
    ])?;
    match ending.what {
        RevokedKind::Sessions => tx.changes.all_sessions = true,
        RevokedKind::Keys => tx.changes.all_keys = true,
        RevokedKind::Rows => {}
    }
    tx.changes.endings = true;
    Ok(())
}

/// Whether any bulk revocation is pending.
pub(super) fn any(conn: &Connection) -> Result<bool, StoreError> {
    let mut select = conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM endings)")?;
    Ok(select.query_row([], |row| row.get(0))?)
}

/// Whether a pending bulk revocation matches this session.
pub(super) fn ends(conn: &Connection, session: SessionId) -> Result<bool, StoreError> {
    if !any(conn)? {
        return Ok(false);
    }
    let sql =
        format!("SELECT EXISTS (SELECT 1 FROM sessions s WHERE s.id = ?1 AND {SESSION_ENDS})");
    let mut select = conn.prepare_cached(&sql)?;
    Ok(select.query_row([session.0.to_bytes()], |row| row.get(0))?)
}

/// The id up to which all sessions (or keys) of this account are revoked, except those that a pending bulk revocation
/// keeps. Taken from the newest pending bulk revocation that covers the whole account.
pub(super) fn floor(
    conn: &Connection,
    what: RevokedKind,
    user: UserId,
) -> Result<[u8; 16], StoreError> {
    let sql = "SELECT last_id FROM endings WHERE what = ?1 AND user_id = ?2 AND client_id IS NULL \
               AND first_ip IS NULL AND made_until = 9223372036854775807 ORDER BY last_id DESC LIMIT 1";
    let mut select = conn.prepare_cached(sql)?;
    let of = params![what.as_str(), user.0.to_bytes()];
    let found = select.query_row(of, |row| row.get(0)).optional()?;
    Ok(found.unwrap_or_default())
}

/// At most `limit` unrevoked sessions of an account, with their clients, without those covered by pending bulk
/// revocations.
pub(super) fn unrevoked(
    conn: &Connection,
    user: UserId,
    limit: usize,
) -> Result<Vec<(SessionId, Option<ClientId>)>, StoreError> {
    let floor = floor(conn, RevokedKind::Sessions, user)?;
    let read = |row: &sql::Row<'_>| {
        Ok((
            SessionId(ulid(row, 0)?),
            row_mapping::maybe_ulid(row, 1)?.map(ClientId),
        ))
    };
    if floor == [0; 16] {
        let sql =
            "SELECT id, client_id FROM sessions WHERE user_id = ?1 AND revoked_at IS NULL LIMIT ?2";
        let mut select = conn.prepare_cached(sql)?;
        let rows = select.query_map(params![user.0.to_bytes(), limit], read)?;
        return Ok(rows.collect::<Result<_, _>>()?);
    }
    let sql = "SELECT id, client_id FROM sessions WHERE user_id = ?1 AND id > ?2 AND revoked_at IS NULL LIMIT ?3";
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map(params![user.0.to_bytes(), floor, limit], read)?;
    let mut found = rows.collect::<Result<Vec<_>, _>>()?;
    let kept = "SELECT id, client_id FROM sessions WHERE user_id = ?1 AND revoked_at IS NULL AND id <= ?2 AND id IN \
                (SELECT keep_id FROM endings WHERE user_id = ?1 AND keep_id IS NOT NULL)";
    let mut select = conn.prepare_cached(kept)?;
    let rows = select.query_map(params![user.0.to_bytes(), floor], read)?;
    for row in rows {
        found.push(row?);
    }
    Ok(found)
}

/// How an account's sessions were ended.
pub(super) enum EndedSessions {
    /// Few enough to revoke at once; their number.
    Few(u64),
    /// By a bulk revocation that matches all ids after this one.
    After([u8; 16]),
}

/// Ends the sessions of an account except `keep`; with `client`, only those of that client. A few are revoked at once,
/// each with its event; more by a bulk revocation.
pub(super) fn end_sessions_of(
    tx: &mut WriteTx<'_>,
    user: UserId,
    client: Option<ClientId>,
    keep: Option<SessionId>,
    context: &AuditContext,
) -> Result<EndedSessions, StoreError> {
    let found = unrevoked(tx.conn, user, AT_ONCE + 1)?;
    if found.len() > AT_ONCE {
        let ending = BulkRevocation {
            user: Some(user),
            client,
            keep,
            action: Some("session.revoked"),
            ..BulkRevocation::default()
        };
        let before = floor(tx.conn, RevokedKind::Sessions, user)?;
        insert(tx, &ending, context)?;
        return Ok(EndedSessions::After(before));
    }
    let mut ended = 0;
    for (id, of) in found {
        if Some(id) != keep && (client.is_none() || of == client) && end(tx, id, context.at)? {
            tx.event(context, "session.revoked", Some(&id), Some(user), None)?;
            ended += 1;
        }
    }
    Ok(EndedSessions::Few(ended))
}

/// Number of unrevoked sessions of an account after an id, except `keep`. Uses the index `sessions_live` alone, but
/// takes some 25 ms for 200,000 rows, so call it only when the number is returned to the caller. The hint avoids an
/// index that needs a row lookup per entry.
pub(super) fn count(
    conn: &Connection,
    user: UserId,
    after: [u8; 16],
    keep: Option<SessionId>,
) -> Result<u64, StoreError> {
    let keep = keep.map(|id| id.0.to_bytes());
    let sql = concat!(
        "SELECT count(*) FROM sessions WHERE user_id = ?1 AND revoked_at IS NULL AND ",
        no_index!("id"),
        " > ?2 AND id IS DISTINCT FROM ?3"
    );
    Ok(conn
        .prepare_cached(sql)?
        .query_row(params![user.0.to_bytes(), after, keep], |row| row.get(0))?)
}

/// As [`count`], with the id it counts after; `None` if they are few enough to revoke at once.
pub(super) fn count_many(
    conn: &Connection,
    user: UserId,
    keep: Option<SessionId>,
) -> Result<Option<([u8; 16], u64)>, StoreError> {
    if unrevoked(conn, user, AT_ONCE + 1)?.len() <= AT_ONCE {
        return Ok(None);
    }
    let after = floor(conn, RevokedKind::Sessions, user)?;
    Ok(Some((after, count(conn, user, after, keep)?)))
}

/// Ends all sessions of a client, for all users.
pub(super) fn end_sessions_of_client(
    tx: &mut WriteTx<'_>,
    client: ClientId,
    context: &AuditContext,
) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM sessions WHERE client_id = ?1 LIMIT 1";
    let any = tx
        .conn
        .prepare_cached(sql)?
        .query_row([client.0.to_bytes()], |_| Ok(()));
    if any.optional()?.is_none() {
        return Ok(());
    }
    let ending = BulkRevocation {
        client: Some(client),
        ..BulkRevocation::default()
    };
    insert(tx, &ending, context)
}

/// The bulk revocation that corresponds to a list filter.
pub(super) fn matching(filter: &SessionFilter) -> BulkRevocation {
    BulkRevocation {
        user: filter.user_id,
        client: filter.client_id,
        ips: filter.ip.map(|net| (net.network(), net.broadcast())),
        action: Some("session.revoked"),
        ..BulkRevocation::default()
    }
}
