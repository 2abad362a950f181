//! The session list and its filters.

use std::net::IpAddr;

use doorward_shared::{ClientId, Page, SessionId, Timestamp, UserId};
use ipnet::IpNet;
use ulid::Ulid;

use super::{
    Store, StoreError, account_list,
    bulk_revocations::{self, RevokedKind, SESSION_ENDS},
    list::{COUNTED, Filter, List, ListQuery, folded},
    pending_bulk_revocations::{self, LEFT_OF},
    row_counts::{self, Count},
    row_mapping::{self, SESSION, ip_bytes},
    sql::{Connection, Value},
    stats,
};
use crate::domain::Session;

/// Filter of a session list or bulk revocation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionFilter {
    pub user_id: Option<UserId>,
    pub client_id: Option<ClientId>,
    pub ip: Option<IpNet>,
    pub active: Option<bool>,
    /// First-party sessions only.
    pub first_party: bool,
    /// Exactly these sessions.
    pub ids: Option<Vec<SessionId>>,
    /// Whether text is searched in users' addresses and names: a caller who may not read those could guess them letter
    /// by letter.
    pub searches_people: bool,
}

const LIST: List<Session> = List {
    from: "sessions AS s",
    columns: SESSION,
    id: "s.id",
    kept: Some(Count::Sessions),
    sorts: &[
        ("id", "s.id"),
        // Ids are ordered by creation time.
        ("createdAt", "s.id"),
        ("lastSeenAt", "s.last_seen_at"),
        ("expiresAt", "s.expires_at"),
        ("userId", "s.user_id"),
        ("ip", "s.ip"),
    ],
    row: row_mapping::session,
};

impl Store {
    /// A page of sessions. `q` is an id, an address or text. Text is searched in the user agents of the newest sessions
    /// and, if the filter allows it, in users' addresses and names.
    pub async fn sessions(
        &self,
        filter: SessionFilter,
        query: ListQuery,
        now: Timestamp,
    ) -> Result<Page<Session>, StoreError> {
        let order = LIST.order(&query)?;
        if query.sorts_by("lastSeenAt") {
            // As for keys: the sort order depends on buffered last-used times.
            let _ = self.flush_touches().await;
        }
        let page = self
            .read(move |conn| {
                let mut conditions = conditions(&filter, now, bulk_revocations::any(conn)?);
                pass_over_ended(conn, &filter, &mut conditions, now)?;
                if let Some(q) = query.q.as_deref().filter(|q| !q.is_empty()) {
                    search(&mut conditions, q, filter.searches_people);
                } else {
                    known_total(conn, &filter, &mut conditions, now)?;
                }
                LIST.page(conn, conditions, &query, order)
            })
            .await?;
        Ok(page.map(|session| self.with_last_used(session)))
    }
}

/// `pending`: whether bulk revocations are pending, which a condition on `revoked_at` must take into account.
pub(super) fn conditions(filter: &SessionFilter, now: Timestamp, pending: bool) -> Filter {
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
        conditions.any_of("s.id", ids.iter().map(|id| id.0));
    }
    // Same rule as `Session::is_live`: the idle expiry is never later than the absolute one.
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

/// If a pending bulk revocation has ended all sessions of the account, a list of live sessions skips them instead of
/// checking each.
fn pass_over_ended(
    conn: &Connection,
    filter: &SessionFilter,
    conditions: &mut Filter,
    now: Timestamp,
) -> Result<(), StoreError> {
    if filter.active != Some(true) || !bulk_revocations::any(conn)? {
        return Ok(());
    }
    let blob = |bytes: [u8; 16]| Value::Blob(bytes.to_vec());
    if let Some(user) = filter.user_id {
        let floor = bulk_revocations::floor(conn, RevokedKind::Sessions, user)?;
        if floor != [0; 16] {
            let id = user.0.to_bytes();
            let values = [blob(id), blob(floor), blob(id)];
            conditions.and(format!("s.id IN ({LEFT_OF})"), values);
        }
    } else if is_alone(filter) && stats::active(conn, now)? < COUNTED {
        // If more are live, the page fills quickly.
        let left = pending_bulk_revocations::left();
        conditions.and(format!("s.id IN ({left})"), [Value::Integer(now.0)]);
    }
    Ok(())
}

/// Whether the filter has no other condition than liveness.
fn is_alone(filter: &SessionFilter) -> bool {
    let alone = SessionFilter {
        active: filter.active,
        searches_people: filter.searches_people,
        ..SessionFilter::default()
    };
    *filter == alone
}

/// Without other conditions live and ended sessions are not counted: their numbers are stored.
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
        row_counts::stored_count(conn, Count::Sessions)?.saturating_sub(live)
    });
    Ok(())
}

/// Number of newest sessions whose user agents are searched.
const NEWEST: u32 = 5000;
/// Maximum users whose sessions are found by text.
const USERS: u32 = 500;

fn search(conditions: &mut Filter, q: &str, people: bool) {
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
        let agents = format!(
            "s.id IN (SELECT id FROM (SELECT id, user_agent FROM sessions ORDER BY id DESC LIMIT {NEWEST}) AS newest \
             WHERE instr(fold(user_agent), ?) > 0)"
        );
        if people {
            let (users, text) = account_list::matching(q, USERS);
            let users = format!("s.user_id IN (SELECT id FROM users AS u WHERE {users})");
            conditions.and(format!("({users} OR {agents})"), [text, folded(q)]);
        } else {
            conditions.and(agents, [folded(q)]);
        }
        conditions.among(NEWEST);
    }
}
