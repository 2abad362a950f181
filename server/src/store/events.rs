//! Reads of the audit log. It is written by [`super::write_tx::WriteTx::event`].

use doorward_shared::{ClientId, EventId, Page, Timestamp, UserId, admin::EventSummary};
use tokio::sync::watch;

use super::{
    Store, StoreError,
    list::{Filter, List, ListQuery, folded},
    row_counts::{Count, EVENT_ADDED},
    row_mapping::{self, EVENT, first_id},
    sql::{self, OptionalExtension, Value},
};
use crate::{
    domain::{
        AuditContext, Event, RejectedParameter,
        event_summary::{Counted, Tally},
    },
    state::RefusedRequest,
};

/// Filter of the event list.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub actor: Option<String>,
    /// The action or a prefix of it: `user.` matches all user events.
    pub action: Option<String>,
    pub target: Option<String>,
    pub user_id: Option<UserId>,
    pub ip: Option<String>,
    /// The client through which the actor acted.
    pub client_id: Option<ClientId>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

const LIST: List<Event> = List {
    from: "events AS e",
    columns: EVENT,
    id: "e.id",
    kept: Some(Count::Events),
    sorts: &[("id", "e.id"), ("time", "e.id")],
    row: row_mapping::event,
};

/// Maximum events counted in a summary, newest first.
const SUMMARISED: u32 = 20_000;

/// Maximum events that a search reads per index: the newest that match the other filters.
const SEARCHED: u32 = 5000;

impl Store {
    /// A page of events. `q` searches action, actor, target, detail, cause and the sent value in the newest 5,000
    /// events that match the filter, and in those whose target or actor equals it.
    pub async fn events(
        &self,
        filter: EventFilter,
        query: ListQuery,
    ) -> Result<Page<Event>, StoreError> {
        let order = LIST.order(&query)?;
        self.read(move |conn| {
            let mut conditions = conditions(filter);
            if let Some(q) = query.q.as_deref().filter(|q| !q.is_empty()) {
                search(&mut conditions, q);
            }
            LIST.page(conn, conditions, &query, order)
        })
        .await
    }

    /// A summary of the newest matching events.
    pub(crate) async fn event_summary(
        &self,
        filter: EventFilter,
    ) -> Result<EventSummary, StoreError> {
        self.read(move |conn| {
            let mut tally = Tally::of(SUMMARISED);
            let columns = "e.time, e.action, e.user_id, coalesce(e.count, 1)";
            // One more than is counted, to detect whether there are more.
            let rows = SUMMARISED + 1;
            LIST.each_newest(conn, conditions(filter), columns, rows, |row| {
                let user = row_mapping::maybe_ulid(row, 2)?.map(UserId);
                tally.add(Counted {
                    at: Timestamp(row.get(0)?),
                    action: row.get_ref(1)?.as_str().map_err(sql::Error::from)?,
                    user,
                    times: row.get(3)?,
                });
                Ok(())
            })?;
            Ok(tally.summary())
        })
        .await
    }

    /// Up to `limit` events after `after`, oldest first. Lets a stream resume without loss or duplicates.
    pub async fn events_after(
        &self,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        self.read(move |conn| {
            let sql =
                format!("SELECT {EVENT} FROM events AS e WHERE e.id > ?1 ORDER BY e.id LIMIT ?2");
            let after = after.map_or([0; 16], |id| id.0.to_bytes());
            let mut select = conn.prepare_cached(&sql)?;
            let rows = select.query_map(sql::params![after, limit], row_mapping::event)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The newest event's id.
    pub async fn newest_event(&self) -> Result<Option<EventId>, StoreError> {
        self.read(|conn| {
            let sql = "SELECT id FROM events ORDER BY id DESC LIMIT 1";
            let id = conn.query_row(sql, [], |row| row_mapping::ulid(row, 0));
            Ok(id.optional()?.map(EventId))
        })
        .await
    }

    /// Changes whenever events have been committed.
    pub fn event_signal(&self) -> watch::Receiver<u64> {
        self.memory().events.subscribe()
    }

    /// Appends one event per refusal.
    pub(crate) async fn note_refusals(
        &self,
        refusals: Vec<RefusedRequest>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            for refusal in &refusals {
                let id = tx.id(now).to_bytes();
                let sql = "INSERT INTO events (id, time, actor, action, target, ip, cause, count, sent) \
                           VALUES (?1, ?2, 'anonymous', ?7, ?3, ?4, ?5, ?6, ?8)";
                let values = sql::params![
                    id,
                    now.0,
                    refusal.client.map(|id| id.to_string()),
                    refusal.ip.map(row_mapping::ip_text),
                    refusal.cause,
                    refusal.count,
                    refusal.what.action(),
                    refusal.sent.as_ref().map(json)
                ];
                tx.counted(EVENT_ADDED, sql, values)?;
            }
            tx.changes.events = true;
            Ok(())
        })
        .await
    }

    /// Appends an event that accompanies no other change, such as a refused sign-in.
    pub async fn append(
        &self,
        action: &'static str,
        user: Option<UserId>,
        detail: Option<String>,
        cause: AuditContext,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let target = user.as_ref().map(|id| id as &dyn std::fmt::Display);
            tx.event(&cause, action, target, user, detail.as_deref())
        })
        .await
    }
}

/// `{"parameter":"redirect_uri","value":"https://…","allowed":["https://…"]}`
fn json(sent: &RejectedParameter) -> String {
    let RejectedParameter {
        parameter,
        value,
        allowed,
    } = sent;
    serde_json::json!({ "parameter": parameter, "value": value, "allowed": allowed }).to_string()
}

fn conditions(filter: EventFilter) -> Filter {
    let mut conditions = Filter::default();
    let equal = [
        ("e.actor = ?", filter.actor),
        ("e.target = ?", filter.target),
        ("e.ip = ?", filter.ip),
    ];
    for (condition, value) in equal {
        if let Some(value) = value {
            conditions.and(condition, [Value::Text(value)]);
        }
    }
    if let Some(action) = filter.action {
        // A range, so that an index is used. No action has a character beyond `~`.
        let end = format!("{action}\u{7f}");
        conditions.and(
            "~e.action >= ? AND ~e.action < ?",
            [action, end].map(Value::Text),
        );
    }
    if let Some(id) = filter.user_id {
        conditions.and("e.user_id = ?", [Value::Blob(id.0.to_bytes().to_vec())]);
    }
    if let Some(id) = filter.client_id {
        conditions.and("e.client_id = ?", [Value::Blob(id.0.to_bytes().to_vec())]);
    }
    if let Some(since) = filter.since {
        // An id's time is never earlier than its event's time.
        conditions.and(
            "e.time >= ? AND e.id >= ?",
            [Value::Integer(since.0), Value::Blob(first_id(since).into())],
        );
    }
    if let Some(until) = filter.until {
        // An id's time is later only while the clock catches up after being set back.
        let surely = until.plus_seconds(86_400);
        conditions.and(
            "e.time < ? AND e.id < ?",
            [
                Value::Integer(until.0),
                Value::Blob(first_id(surely).into()),
            ],
        );
    }
    conditions
}

/// Restricted to the newest events, because text is searched row by row.
fn search(conditions: &mut Filter, q: &str) {
    // A whole value that is indexed is found regardless of its age.
    let whole = ["e.target = ?", "e.actor = ?"];
    let whole = whole.map(|condition| (condition, Value::Text(q.to_owned())));
    conditions.newest(LIST.id, LIST.from, SEARCHED, &whole);
    let found = "(instr(fold(e.action), ?) > 0 OR instr(fold(e.actor), ?) > 0 \
                 OR instr(fold(e.target), ?) > 0 OR instr(fold(e.detail), ?) > 0 \
                 OR instr(fold(e.cause), ?) > 0 OR instr(fold(e.sent), ?) > 0)";
    conditions.and(found, [q; 6].map(folded));
}
