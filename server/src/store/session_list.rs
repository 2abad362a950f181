//! Lists of sessions, and the end of many at once.

use std::net::IpAddr;

use doorward_shared::{ClientId, Page, SessionId, Timestamp, UserId};
use ipnet::IpNet;
use rusqlite::{Connection, types::Value};
use ulid::Ulid;

use super::{
    Store, StoreError, account_list, authority, codes,
    endings::{self, SESSION_ENDS, Seen, What},
    factors,
    list::{COUNTED, Filter, List, ListQuery, folded},
    pending_endings::{self, LEFT_OF},
    rows::{self, SESSION, ip_bytes, ulid},
    sessions::{end, find},
    stats,
};
use crate::domain::{Act, Session, rules::authority as rule};

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

/// Sessions that a bulk revocation holds one by one; more are held by what sets them apart.
const FEW: usize = 1000;

/// The sessions that a bulk revocation is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Ends {
    pub count: u64,
    /// Users they belong to.
    pub users: u64,
    /// Whose sessions these are all of: what would become one of theirs ends too.
    pub account: Option<UserId>,
    pub which: Which,
}

/// Exactly those sessions, whatever has begun since.
#[derive(Debug, Clone, PartialEq)]
pub enum Which {
    These(Vec<SessionId>),
    /// What matches the filter but `keep`, and was seen live.
    Seen {
        filter: SessionFilter,
        keep: Option<SessionId>,
        seen: Seen,
    },
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
    /// A page of sessions. `q` is an id, an address, or text: that of the user's address or name, or of the user agent
    /// of one of the newest sessions.
    pub async fn sessions(
        &self,
        filter: SessionFilter,
        query: ListQuery,
        now: Timestamp,
    ) -> Result<Page<Session>, StoreError> {
        let order = LIST.order(&query)?;
        if query.sorts_by("lastSeenAt") {
            // As with keys: the order is by what was noted too.
            let _ = self.flush_touches().await;
        }
        let page = self
            .read(move |conn| {
                let mut conditions = conditions(&filter, now, endings::any(conn)?);
                pass_over_ended(conn, &filter, &mut conditions, now)?;
                if let Some(q) = query.q.as_deref().filter(|q| !q.is_empty()) {
                    search(&mut conditions, q);
                } else {
                    known_total(conn, &filter, &mut conditions, now)?;
                }
                LIST.page(conn, conditions, &query, order)
            })
            .await?;
        Ok(page.map(|session| self.freshen(session)))
    }

    /// The sessions that match but `keep`, as they are now: a few by their ids, many by what sets them apart.
    pub async fn sessions_to_end(
        &self,
        filter: SessionFilter,
        keep: Option<SessionId>,
        now: Timestamp,
    ) -> Result<Ends, StoreError> {
        let whole = SessionFilter {
            user_id: filter.user_id,
            active: filter.active,
            ..SessionFilter::default()
        };
        let account = filter.user_id.filter(|_| filter == whole);
        self.read(move |conn| {
            // A read is one view of the database, whatever it asks.
            let matching = || -> Result<Filter, StoreError> {
                let mut conditions = conditions(&filter, now, endings::any(conn)?);
                if let Some(keep) = keep {
                    conditions.and("s.id <> ?", [Value::Blob(keep.0.to_bytes().to_vec())]);
                }
                Ok(conditions)
            };
            let columns = "s.id, s.user_id";
            let few = matching()?.all(conn, columns, LIST.from, FEW + 1, |row| {
                Ok((SessionId(ulid(row, 0)?), UserId(ulid(row, 1)?)))
            })?;
            if few.len() <= FEW {
                let mut users: Vec<_> = few.iter().map(|(_, user)| *user).collect();
                users.sort_unstable();
                users.dedup();
                return Ok(Ends {
                    count: few.len() as u64,
                    users: users.len() as u64,
                    account,
                    which: Which::These(few.into_iter().map(|(id, _)| id).collect()),
                });
            }
            let numbers = "count(*), count(DISTINCT s.user_id), max(s.created_at)";
            let walk = is_most(conn, &filter)?;
            let (count, users, made_until) =
                matching()?.numbers(conn, (numbers, LIST.from), walk, |row| {
                    Ok((row.get(0)?, row.get(1)?, Timestamp(row.get(2)?)))
                })?;
            let newest = "SELECT max(id) FROM sessions";
            let last = conn.query_row(newest, [], |row| Ok(SessionId(ulid(row, 0)?)))?;
            let seen = Seen {
                last,
                made_until,
                at: now,
            };
            Ok(Ends {
                count,
                users,
                account,
                which: Which::Seen { filter, keep, seen },
            })
        })
        .await
    }

    /// Ends what would become a session of an account without being one yet: codes, sign-ins that wait for their factor,
    /// and set-ups of factors.
    ///
    /// # Errors
    /// As [`rule::end_many_sessions`].
    pub async fn end_under_way(&self, user: UserId, act: Act) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            rule::end_many_sessions(&by)?;
            codes::drop_unused(unit, user, None)?;
            factors::end_unfinished(unit.conn, user)
        })
        .await
    }

    /// Ends sessions that match a filter and were live when a reader saw them, in one unit however many they are; answers
    /// how many were still live a moment before: `just_counted`, where that was counted in the same call.
    pub async fn revoke_seen(
        &self,
        (filter, keep, seen): (SessionFilter, Option<SessionId>, Seen),
        just_counted: Option<u64>,
        reason: Option<String>,
        act: Act,
    ) -> Result<u64, StoreError> {
        let mut ending = endings::matching(&filter);
        (ending.keep, ending.seen, ending.detail) = (keep, Some(seen), reason);
        let now = act.at();
        let live = self.read(move |conn| {
            if let Some(count) = just_counted {
                return Ok(count);
            }
            let walk = is_most(conn, &filter)?;
            let mut conditions = conditions(&filter, now, endings::any(conn)?);
            let blob = |id: SessionId| Value::Blob(id.0.to_bytes().to_vec());
            if let Some(keep) = keep {
                conditions.and("s.id <> ?", [blob(keep)]);
            }
            conditions.and(
                "s.id <= ? AND s.created_at <= ?",
                [blob(seen.last), Value::Integer(seen.made_until.0)],
            );
            conditions.numbers(conn, ("count(*)", LIST.from), walk, |row| row.get(0))
        });
        let live = live.await?;
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            rule::end_many_sessions(&by)?;
            endings::insert(unit, &ending, act.cause(&by))
        })
        .await?;
        Ok(live)
    }

    /// Ends these sessions; answers how many were not ended before.
    pub async fn revoke_these(
        &self,
        ids: Vec<SessionId>,
        reason: Option<String>,
        act: Act,
    ) -> Result<u64, StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            rule::end_many_sessions(&by)?;
            let cause = act.cause(&by);
            let mut ended = 0;
            for id in ids {
                let Some(session) = find(unit.conn, id)? else {
                    continue;
                };
                if end(unit, id, cause.at)? {
                    let user = Some(session.user_id);
                    unit.event(cause, "session.revoked", Some(&id), user, reason.as_deref())?;
                    ended += 1;
                }
            }
            Ok(ended)
        })
        .await
    }
}

/// `pending` is whether endings are pending, which a condition on `revoked_at` has to know.
fn conditions(filter: &SessionFilter, now: Timestamp, pending: bool) -> Filter {
    let mut conditions = Filter::default();
    if let Some(id) = filter.user_id {
        conditions.and("s.user_id = ?", [Value::Blob(id.0.to_bytes().to_vec())]);
    }
    if let Some(id) = filter.client_id {
        conditions.and("~s.client_id = ?", [Value::Blob(id.0.to_bytes().to_vec())]);
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
        Some(true) => {
            conditions.and(
                "(s.revoked_at IS NULL AND ~s.idle_until > ?)",
                [Value::Integer(now.0)],
            );
            if pending {
                conditions.and(format!("NOT {SESSION_ENDS}"), []);
            }
        }
        Some(false) if pending => conditions.and(
            format!("(s.revoked_at IS NOT NULL OR s.idle_until <= ? OR {SESSION_ENDS})"),
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

/// Whether a network or a client has so many of the sessions that the table is read from end to end sooner than by an
/// index and a look at each row.
fn is_most(conn: &Connection, filter: &SessionFilter) -> Result<bool, StoreError> {
    if filter.user_id.is_some() || filter.ids.is_some() {
        return Ok(false);
    }
    let most = stats::rows_of(conn, "sessions")? / 8;
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
        "SELECT count(*) FROM (SELECT 1 FROM sessions WHERE {by} AND ?3 IS NOT NULL LIMIT ?1)"
    );
    let found: u64 = conn
        .prepare_cached(&sql)?
        .query_row(rusqlite::params![most, values[0], values[1]], |row| {
            row.get(0)
        })?;
    Ok(found >= most)
}

/// Where a pending ending has ended all that an account had, a list of live sessions does not look at each of them.
fn pass_over_ended(
    conn: &Connection,
    filter: &SessionFilter,
    conditions: &mut Filter,
    now: Timestamp,
) -> Result<(), StoreError> {
    if filter.active != Some(true) || !endings::any(conn)? {
        return Ok(());
    }
    let blob = |bytes: [u8; 16]| Value::Blob(bytes.to_vec());
    if let Some(user) = filter.user_id {
        let floor = endings::floor(conn, What::Sessions, user)?;
        if floor != [0; 16] {
            let id = user.0.to_bytes();
            let values = [blob(id), blob(floor), blob(id)];
            conditions.and(format!("s.id IN ({LEFT_OF})"), values);
        }
    } else if is_alone(filter) && stats::active(conn, now)? < COUNTED {
        // Where more are live, the page is soon full.
        let left = pending_endings::left();
        conditions.and(format!("s.id IN ({left})"), [Value::Integer(now.0)]);
    }
    Ok(())
}

/// Whether nothing is asked for but whether sessions are live.
fn is_alone(filter: &SessionFilter) -> bool {
    let alone = SessionFilter {
        active: filter.active,
        ..SessionFilter::default()
    };
    *filter == alone
}

/// Live and dead sessions are not counted when nothing else is asked for: their numbers are known.
fn known_total(
    conn: &Connection,
    filter: &SessionFilter,
    conditions: &mut Filter,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(active) = filter.active.filter(|_| is_alone(filter)) else {
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
        let (users, text) = account_list::matching(q, USERS);
        conditions.and(
            format!(
                "(s.user_id IN (SELECT id FROM users AS u WHERE {users}) OR s.id IN \
                 (SELECT id FROM (SELECT id, user_agent FROM sessions ORDER BY id DESC LIMIT {NEWEST}) \
                 WHERE instr(fold(user_agent), ?) > 0))"
            ),
            [text, folded(q)],
        );
        conditions.among(NEWEST);
    }
}
