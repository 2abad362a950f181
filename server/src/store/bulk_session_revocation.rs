//! Revocation of many sessions at once: a preview determines the sessions, then exactly those are revoked.

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

/// The table that sessions are selected from.
const FROM: &str = "sessions AS s";

/// Maximum number of sessions that a bulk revocation lists by id; a larger set is described by its filter.
const MAX_LISTED_SESSIONS: usize = 1000;

/// The sessions that a bulk revocation covers.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRevocation {
    pub count: u64,
    /// Number of users they belong to.
    pub users: u64,
    /// Set if these are all sessions of an account or client: then pending sign-ins are revoked too.
    pub all_of: Option<RevocationFilter>,
    pub which: SessionSelection,
}

/// All sessions of an account, of an account at a client, or of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationFilter {
    Account(UserId),
    AccountAt(UserId, ClientId),
    Client(ClientId),
}

impl RevocationFilter {
    /// Returns a value if the filter has no other condition than liveness.
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

/// An explicit list of sessions; later ones are not included.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionSelection {
    These(Vec<SessionId>),
    Seen(PreviewedSessions),
}

/// Sessions that match the filter and were live at the snapshot, except `keep`.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviewedSessions {
    pub filter: SessionFilter,
    pub keep: Option<SessionId>,
    pub seen: SessionSnapshot,
}

impl PreviewedSessions {
    /// Number of them that are live at `now`.
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
    /// The current sessions that match the filter, except `keep`: a few by id, many by filter.
    pub async fn sessions_to_end(
        &self,
        filter: SessionFilter,
        keep: Option<SessionId>,
        now: Timestamp,
    ) -> Result<SessionRevocation, StoreError> {
        let all_of = RevocationFilter::of(&filter);
        self.read(move |conn| {
            // A read transaction sees one snapshot of the database.
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

    /// Revokes what could still become a session: authorization codes and, for an account, sign-ins that wait for their
    /// second factor and factor set-ups.
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

    /// Revokes, in one transaction, the sessions that match a filter and were live when a reader saw them, and pending
    /// email changes requested in them. Returns the number that were still live: `just_counted`, if the same call has
    /// counted them.
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
            tx.conn.prepare_cached(END_ADDRESS_CHANGES)?.execute([])?;
            Ok(())
        })
        .await?;
        Ok(live)
    }

    /// Revokes these sessions and pending email changes requested in them; returns how many were not already revoked.
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

/// Cancels the pending email changes of all users with a session matched by the newest bulk revocation.
const END_ADDRESS_CHANGES: &str = concat!(
    "DELETE FROM links WHERE kind = 'change' AND EXISTS (SELECT 1 FROM sessions s JOIN endings e ON ",
    ends_session!("e"),
    " WHERE s.user_id = links.user_id AND s.revoked_at IS NULL \
     AND e.id = (SELECT id FROM endings ORDER BY id DESC LIMIT 1))"
);

/// The sessions that match a filter, except `keep`.
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

/// A few sessions, listed by id.
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

/// Whether a network or a client has so large a share of the sessions that a table scan is faster than an index with a
/// lookup per row.
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
    // The statement always has the last parameter; a client filter has no address for it.
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM sessions WHERE {by} AND CAST(?3 AS BLOB) IS NOT NULL LIMIT ?1) AS found"
    );
    let found: u64 = conn
        .prepare_cached(&sql)?
        .query_row(sql::params![most, values[0], values[1]], |row| row.get(0))?;
    Ok(found >= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::test::plan;

    /// Neither all links are looked at, nor all sessions.
    #[test]
    fn changes_of_address_are_found_by_their_index() {
        let plan = plan(END_ADDRESS_CHANGES);
        for way in ["INDEX links_change", "INDEX sessions_live (user_id=?"] {
            assert!(plan.contains(way), "{way}: {plan}");
        }
    }
}
