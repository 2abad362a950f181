//! How long a page of a list takes with millions of rows behind it.
//!
//! `cargo bench -p doorward-server --bench lists [-- USERS SESSIONS]` (100,000 and 1,000,000 unless given)
//!
//! Each list is asked for 20 times; the median and the slowest are shown, in milliseconds.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on should panic")]

use std::{path::Path, time::Instant};

use doorward_server::{
    Doorward, Settings,
    clock::Clock,
    store::{EventFilter, ListQuery, SessionFilter, Sort, Store, UserFilter},
};
use doorward_shared::{Timestamp, UserId};
use rusqlite::Connection;
use ulid::Ulid;

const ROUNDS: usize = 20;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|arg| arg.parse().ok());
    let users = numbers.next().unwrap_or(100_000);
    let sessions = numbers.next().unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(users, sessions));
}

async fn run(users: u64, sessions: u64) {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings {
        data_dir: directory.path().to_owned(),
        ..Settings::default()
    };
    let now = Clock::system().now();
    let empty = Doorward::open(settings.clone()).await.unwrap();
    seed(directory.path(), users, sessions, now);
    empty.close();
    drop(empty);
    let doorward = Doorward::open(settings).await.unwrap();
    println!("{users} users, {sessions} sessions and as many events");
    println!(
        "{:<44} {:>10} {:>8} {:>8}",
        "list", "total", "median", "max"
    );
    people(&doorward.services().store).await;
    sign_ins(&doorward.services().store, users, now).await;
    log(&doorward.services().store, now).await;
}

/// Rows as SQL makes them: ids that rise with time, addresses and users spread evenly, one session in a hundred dead.
fn seed(directory: &Path, users: u64, sessions: u64, now: Timestamp) {
    let conn = Connection::open(directory.join("doorward.db")).unwrap();
    let start = now.plus_seconds(-40 * 86_400).0;
    conn.execute_batch(&format!(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN IMMEDIATE;
         CREATE TEMP TABLE n (n INTEGER PRIMARY KEY);
         WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {most}) INSERT INTO n SELECT n FROM c;
         INSERT INTO users (id, email, email_key, first_name, last_name, role, permissions, created_at, last_login_at)
         SELECT unhex(printf('%012x%020x', {start}, n)), 'person' || n || '@example.com', 'person' || n || '@example.com',
                'First' || (n % 1000), 'Last' || (n % 7919), 'customer', '', {start} + n, {start} + n
         FROM n WHERE n < {users};
         INSERT INTO sessions (id, user_id, scope, ip, user_agent, created_at, last_seen_at, expires_at, idle_until, revoked_at)
         SELECT unhex(printf('%012x%020x', {start} + n, n)), unhex(printf('%012x%020x', {start}, n * 7 % {users})), 'read write',
                unhex(printf('00000000000000000000ffff0a%06x', n * 31 % 1000000)), 'Mozilla/5.0 (X11; Linux x86_64)',
                {start} + n, {start} + n, {end} + n, {end} + n, CASE WHEN n % 100 = 0 THEN {start} + n END
         FROM n WHERE n < {sessions};
         INSERT INTO events (id, time, actor, action, target, user_id, ip)
         SELECT unhex(printf('%012x%020x', {start} + n, n)), {start} + n, 'anonymous',
                CASE WHEN n % 10 = 0 THEN 'login.failed' ELSE 'session.created' END, 'ses_' || n,
                unhex(printf('%012x%020x', {start}, n * 7 % {users})), '10.0.' || (n % 256) || '.' || (n % 251)
         FROM n WHERE n < {sessions};
         UPDATE counts SET rows = {counted}; COMMIT; PRAGMA wal_checkpoint(TRUNCATE);",
        most = users.max(sessions),
        counted = include_str!("../src/store/counted.sql"),
        end = now.plus_seconds(30 * 86_400).0,
    ))
    .unwrap();
}

async fn measure(name: &str, mut ask: impl AsyncFnMut() -> u64) {
    let mut times = Vec::with_capacity(ROUNDS);
    let mut total = 0;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        total = ask().await;
        times.push(started.elapsed().as_secs_f64() * 1000.);
    }
    times.sort_by(f64::total_cmp);
    let (median, max) = (times[ROUNDS / 2], times[ROUNDS - 1]);
    println!("{name:<44} {total:>10} {median:>8.2} {max:>8.2}");
}

fn page(sort: Option<&str>, q: Option<&str>) -> ListQuery {
    ListQuery {
        limit: 100,
        sort: sort.map(|field| Sort {
            field: field.into(),
            descending: true,
        }),
        q: q.map(str::to_owned),
        ..ListQuery::default()
    }
}

async fn people(store: &Store) {
    let users = async |name: &str, filter: UserFilter, query: ListQuery| {
        measure(name, async || {
            let page = store.users(filter.clone(), query.clone()).await.unwrap();
            page.pagination.total
        })
        .await;
    };
    let all = UserFilter::default();
    for sort in ["id", "email", "lastLoginAt", "lastName", "role"] {
        let name = format!("users by {sort}");
        users(&name, all.clone(), page(Some(sort), None)).await;
    }
    let mut query = page(None, None);
    for _ in 0..50 {
        let next = store.users(all.clone(), query.clone()).await.unwrap();
        query.cursor = next.pagination.next_cursor;
    }
    users("users, 51st page by cursor", all.clone(), query).await;
    for q in [
        "person4711@",
        "example.com",
        "First77",
        "zzzzzz",
        "er",
        "q!",
    ] {
        let name = format!("users matching {q}");
        users(&name, all.clone(), page(None, Some(q))).await;
    }
    let disabled = UserFilter {
        disabled: Some(true),
        ..all
    };
    users("users that are disabled", disabled, page(None, None)).await;
}

async fn sign_ins(store: &Store, users: u64, now: Timestamp) {
    let sessions = async |name: &str, filter: SessionFilter, query: ListQuery| {
        measure(name, async || {
            let page = store.sessions(filter.clone(), query.clone(), now).await;
            page.unwrap().pagination.total
        })
        .await;
    };
    let all = SessionFilter::default;
    for sort in ["id", "lastSeenAt", "expiresAt", "ip", "userId"] {
        let name = format!("sessions by {sort}");
        sessions(&name, all(), page(Some(sort), None)).await;
    }
    let start = u64::try_from(now.plus_seconds(-40 * 86_400).0).unwrap();
    let user = Ulid::from_parts(start, u128::from(users / 2));
    let of_user = SessionFilter {
        user_id: Some(UserId(user)),
        ..all()
    };
    sessions("sessions of one user", of_user, page(None, None)).await;
    for (name, ip, active) in [
        ("sessions that are live", None, Some(true)),
        ("sessions that are over", None, Some(false)),
        ("sessions from 10.0.0.0/8", Some("10.0.0.0/8"), None),
        (
            "live sessions from 10.1.2.0/24",
            Some("10.1.2.0/24"),
            Some(true),
        ),
    ] {
        let filter = SessionFilter {
            ip: ip.and_then(|ip| ip.parse().ok()),
            active,
            ..all()
        };
        sessions(name, filter, page(None, None)).await;
    }
    for q in [
        "person4711@",
        "example.com",
        "10.1.2.3",
        "Mozilla",
        "zzzzzz",
    ] {
        let name = format!("sessions matching {q}");
        sessions(&name, all(), page(None, Some(q))).await;
    }
}

async fn log(store: &Store, now: Timestamp) {
    let events = async |name: &str, filter: EventFilter, q: Option<&str>| {
        measure(name, async || {
            let page = store.events(filter.clone(), page(None, q)).await;
            page.unwrap().pagination.total
        })
        .await;
    };
    let all = EventFilter::default;
    events("events", all(), None).await;
    let failures = EventFilter {
        action: Some("login.".into()),
        ..all()
    };
    events("events: failed logins", failures, None).await;
    let of_address = EventFilter {
        ip: Some("10.0.1.1".into()),
        ..all()
    };
    events("events of an address", of_address, None).await;
    let recent = EventFilter {
        since: Some(now.plus_seconds(-86_400)),
        ..all()
    };
    events("events of the last day", recent, None).await;
    events("events matching ses_99", all(), Some("ses_99")).await;
    events("events matching zzzzzz", all(), Some("zzzzzz")).await;
    measure("stats", async || {
        store.stats(now).await.unwrap().now.active_sessions
    })
    .await;
}
