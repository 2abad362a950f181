//! The end of many sessions at once: what they are is seen first, then exactly those end.

use doorward_shared::{ClientId, SessionId, Timestamp, UserId};

use super::{
    Store, StoreError, authority, authorization_codes,
    bulk_revocations::{self, BulkRevocation, SessionSnapshot, ends_session},
    factors,
    list::Filter,
    one_time_links,
    row_counts::{self, Count},
    row_mapping::{ip_bytes, ulid},
    session_list::{SessionFilter, conditions},
    sessions::{end, find},
    sql::{self, Connection, Value},
};
use crate::domain::{Act, rules::authority as rule};

/// Where sessions are looked for.
const FROM: &str = "sessions AS s";

/// Sessions that a bulk revocation holds one by one; more are held by what sets them apart.
const MAX_LISTED_SESSIONS: usize = 1000;

/// The sessions that a bulk revocation is about.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRevocation {
    pub count: u64,
    /// Users they belong to.
    pub users: u64,
    /// Whose sessions these are all of: what would become one of theirs ends too.
    pub all_of: Option<RevocationFilter>,
    pub which: SessionSelection,
}

/// An account, an account at a client, or a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationFilter {
    Account(UserId),
    AccountAt(UserId, ClientId),
    Client(ClientId),
}

impl RevocationFilter {
    /// Of a filter that asks for nothing else but whether they are live.
    fn of(filter: &SessionFilter) -> Option<Self> {
        let whole = SessionFilter {
            user_id: filter.user_id,
            client_id: filter.client_id,
            active: filter.active,
            ..SessionFilter::default()
        };
        match (filter.user_id, filter.client_id) {
            _ if *filter != whole => None,
            (Some(user), None) => Some(Self::Account(user)),
            (Some(user), Some(client)) => Some(Self::AccountAt(user, client)),
            (None, Some(client)) => Some(Self::Client(client)),
            (None, None) => None,
        }
    }
}

/// Exactly those sessions, whatever has begun since.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionSelection {
    These(Vec<SessionId>),
    Seen(PreviewedSessions),
}

/// What matches the filter but `keep`, and was seen live.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviewedSessions {
    pub filter: SessionFilter,
    pub keep: Option<SessionId>,
    pub seen: SessionSnapshot,
}

impl PreviewedSessions {
    /// Those of them that are live at `now`.
    fn live(&self, conn: &Connection, now: Timestamp) -> Result<u64, StoreError> {
        let walk = is_most(conn, &self.filter)?;
        let mut live = matching(conn, &self.filter, self.keep, now)?;
        let last = Value::Blob(self.seen.last.0.to_bytes().to_vec());
        live.and(
            "s.id <= ? AND s.created_at <= ?",
            [last, Value::Integer(self.seen.made_until.0)],
        );
        live.numbers(conn, "count(*)", FROM, walk, |row| row.get(0))
    }
}

impl Store {
    /// The sessions that match but `keep`, as they are now: a few by their ids, many by what sets them apart.
    pub async fn sessions_to_end(
        &self,
        filter: SessionFilter,
        keep: Option<SessionId>,
        now: Timestamp,
    ) -> Result<SessionRevocation, StoreError> {
        let all_of = RevocationFilter::of(&filter);
        self.read(move |conn| {
            // A read is one view of the database, whatever it asks.
            let found = matching(conn, &filter, keep, now)?;
            let few = found.all(
                conn,
                "s.id, s.user_id",
                FROM,
                MAX_LISTED_SESSIONS + 1,
                |row| Ok((SessionId(ulid(row, 0)?), UserId(ulid(row, 1)?))),
            )?;
            if few.len() <= MAX_LISTED_SESSIONS {
                return Ok(these(few, all_of));
            }
            let numbers = "count(*), count(DISTINCT s.user_id), max(s.created_at)";
            let walk = is_most(conn, &filter)?;
            let found = matching(conn, &filter, keep, now)?;
            let (count, users, made_until) = found.numbers(conn, numbers, FROM, walk, |row| {
                Ok((row.get(0)?, row.get(1)?, Timestamp(row.get(2)?)))
            })?;
            let newest = "SELECT id FROM sessions ORDER BY id DESC LIMIT 1";
            let last = conn.query_row(newest, [], |row| Ok(SessionId(ulid(row, 0)?)))?;
            let seen = SessionSnapshot {
                last,
                made_until,
                at: now,
            };
            Ok(SessionRevocation {
                count,
                users,
                all_of,
                which: SessionSelection::Seen(PreviewedSessions { filter, keep, seen }),
            })
        })
        .await
    }

    /// Ends what would become a session without being one yet: codes; of an account also sign-ins that wait for their
    /// factor, and set-ups of factors.
    ///
    /// # Errors
    /// As [`rule::end_many_sessions`].
    pub async fn end_under_way(
        &self,
        all_of: RevocationFilter,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::end_many_sessions(&by)?;
            match all_of {
                RevocationFilter::Account(user) => {
                    authorization_codes::drop_unused(tx, user, None)?;
                    factors::end_unfinished(tx.conn, user)
                }
                RevocationFilter::AccountAt(user, client) => {
                    authorization_codes::drop_unused(tx, user, Some(client))
                }
                RevocationFilter::Client(client) => {
                    authorization_codes::end_codes_of(tx, client, act.context(&by).at)
                }
            }
        })
        .await
    }

    /// Ends sessions that match a filter and were live when a reader saw them, in one unit however many they are, and changes
    /// of address that may have been asked for there; answers how many were still live a moment before: `just_counted`, where
    /// that was counted in the same call.
    pub async fn revoke_seen(
        &self,
        these: PreviewedSessions,
        just_counted: Option<u64>,
        reason: Option<String>,
        act: Act,
    ) -> Result<u64, StoreError> {
        let ending = BulkRevocation {
            keep: these.keep,
            seen: Some(these.seen),
            detail: reason,
            ..bulk_revocations::matching(&these.filter)
        };
        let now = act.at();
        let live = match just_counted {
            Some(count) => count,
            None => self.read(move |conn| these.live(conn, now)).await?,
        };
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::end_many_sessions(&by)?;
            bulk_revocations::insert(tx, &ending, act.context(&by))?;
            end_address_changes(tx.conn)
        })
        .await?;
        Ok(live)
    }

    /// Ends these sessions, and changes of address that may have been asked for there; answers how many were not ended before.
    pub async fn revoke_these(
        &self,
        ids: Vec<SessionId>,
        reason: Option<String>,
        act: Act,
    ) -> Result<u64, StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::end_many_sessions(&by)?;
            let context = act.context(&by);
            let mut ended = 0;
            for id in ids {
                let Some(session) = find(tx.conn, id)? else {
                    continue;
                };
                one_time_links::end_address_change(tx.conn, session.user_id)?;
                if end(tx, id, context.at)? {
                    let user = Some(session.user_id);
                    tx.event(
                        context,
                        "session.revoked",
                        Some(&id),
                        user,
                        reason.as_deref(),
                    )?;
                    ended += 1;
                }
            }
            Ok(ended)
        })
        .await
    }
}

/// Ends changes of address of everybody of whom the newest ending ends a session. Few are under way at a time.
fn end_address_changes(conn: &Connection) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "DELETE FROM links WHERE kind = 'change' AND EXISTS (SELECT 1 FROM sessions s JOIN endings e ON ",
        ends_session!("e"),
        " WHERE s.user_id = links.user_id AND s.revoked_at IS NULL \
         AND e.id = (SELECT id FROM endings ORDER BY id DESC LIMIT 1))"
    );
    conn.prepare_cached(SQL)?.execute([])?;
    Ok(())
}

/// The sessions that match but `keep`.
fn matching(
    conn: &Connection,
    filter: &SessionFilter,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<Filter, StoreError> {
    let mut matching = conditions(filter, now, bulk_revocations::any(conn)?);
    if let Some(keep) = keep {
        matching.and("s.id <> ?", [Value::Blob(keep.0.to_bytes().to_vec())]);
    }
    Ok(matching)
}

/// Few sessions, one by one.
fn these(few: Vec<(SessionId, UserId)>, all_of: Option<RevocationFilter>) -> SessionRevocation {
    let mut users: Vec<_> = few.iter().map(|(_, user)| *user).collect();
    users.sort_unstable();
    users.dedup();
    SessionRevocation {
        count: few.len() as u64,
        users: users.len() as u64,
        all_of,
        which: SessionSelection::These(few.into_iter().map(|(id, _)| id).collect()),
    }
}

/// Whether a network or a client has so many of the sessions that the table is read from end to end sooner than by an
/// index and a look at each row.
fn is_most(conn: &Connection, filter: &SessionFilter) -> Result<bool, StoreError> {
    if filter.user_id.is_some() || filter.ids.is_some() {
        return Ok(false);
    }
    let most = row_counts::stored_count(conn, Count::Sessions)? / 8;
    let (by, values) = match (filter.client_id, filter.ip) {
        (Some(id), _) => ("client_id = ?2", [id.0.to_bytes(), [0; 16]]),
        (None, Some(net)) => (
            "ip BETWEEN ?2 AND ?3",
            [ip_bytes(net.network()), ip_bytes(net.broadcast())],
        ),
        (None, None) => return Ok(true),
    };
    // The last parameter stands in the statement always; of a client it is no address.
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM sessions WHERE {by} AND CAST(?3 AS BLOB) IS NOT NULL LIMIT ?1) AS found"
    );
    let found: u64 = conn
        .prepare_cached(&sql)?
        .query_row(sql::params![most, values[0], values[1]], |row| row.get(0))?;
    Ok(found >= most)
}
