//! What a session in use takes in memory, of the process as the system counts it. Alone in its program, so that nothing
//! else grows meanwhile.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, reason = "a test that cannot go on should panic")]

use std::{fs, net::IpAddr};

use doorward_server::{Doorward, Settings, clock::Clock, service::Grant};
use doorward_shared::{ScopeSet, SessionId, Timestamp, UserId};
use rusqlite::{Connection, params};
use tempfile::TempDir;
use ulid::Ulid;

/// Sessions that are used before any is counted, so that all else is as large as it gets.
const BEFORE: u64 = 10_000;
/// Sessions that are counted.
const COUNTED: u64 = 40_000;
/// Sessions of one person.
const EACH: u64 = 50;
/// What a session and its token take in the caches is about 260 bytes; the process grew by 368 to 408, with what the
/// allocator keeps beside them while they grow.
const MOST_BYTES: u64 = 500;

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the process's status");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("VmRSS");
    let kib = line.trim().strip_suffix(" kB").expect("kB");
    1024 * kib.parse::<u64>().expect("a number")
}

fn user(number: u64) -> UserId {
    UserId(Ulid::from_parts(1, (number / EACH).into()))
}

fn session(number: u64) -> SessionId {
    SessionId(Ulid::from_parts(2, number.into()))
}

/// Writes people with [`EACH`] sessions.
fn seed(directory: &std::path::Path, now: Timestamp) -> rusqlite::Result<()> {
    let conn = Connection::open(directory.join("doorward.db"))?;
    conn.execute_batch("PRAGMA synchronous = OFF; BEGIN IMMEDIATE")?;
    let until = now.plus_seconds(86_400).0;
    for number in 0..BEFORE + COUNTED {
        let (user, session) = (user(number).0.to_bytes(), session(number).0.to_bytes());
        if number % EACH == 0 {
            let email = format!("person{number}@example.com");
            conn.prepare_cached(
                "INSERT INTO users (id, email, email_key, first_name, last_name, role, permissions, created_at) \
                 VALUES (?1, ?2, ?2, 'Ada', 'Lovelace', 'customer', '', ?3)",
            )?
            .execute(params![user, email, now.0])?;
        }
        conn.prepare_cached(
            "INSERT INTO sessions (id, user_id, scope, ip, user_agent, created_at, last_seen_at, expires_at, idle_until) \
             VALUES (?1, ?2, 'read write', ?3, 'Mozilla/5.0 (X11; Linux x86_64) of a test', ?4, ?4, ?5, ?5)",
        )?
        .execute(params![session, user, [0u8; 16], now.0, until])?;
    }
    let counted = include_str!("../src/store/counted.sql");
    conn.execute_batch(&format!(
        "UPDATE counts SET rows = {counted}; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)"
    ))
}

/// Signs a token of each session and shows it.
async fn use_sessions(doorward: &Doorward, sessions: std::ops::Range<u64>, now: Timestamp) {
    let scope = ScopeSet::parse("read write").expect("scopes");
    let ip = IpAddr::from([127, 0, 0, 1]);
    let services = doorward.services();
    for number in sessions {
        let grant = Grant {
            subject: user(number).to_string(),
            client_id: None,
            session: Some(session(number)),
            scope: &scope,
            audience: Vec::new(),
            auth_time: Some(now),
            method: Some(Default::default()),
            seconds: 3600,
            secret: None,
        };
        let token = services.tokens.access_token(grant, now).expect("a token");
        let caller = services.authenticator.authenticate(&token, ip).await;
        let caller = caller.expect("a caller");
        assert_eq!(caller.session_id(), Some(session(number)));
        if number % 5000 == 0 {
            // As the server does while it runs.
            let flushed = services.store.flush_touches().await;
            flushed.expect("last uses are written");
        }
    }
}

#[tokio::test]
async fn a_session_in_use_takes_no_more_than_its_bytes() {
    let directory = TempDir::new().expect("a temporary directory");
    let clock = Clock::manual(Timestamp(1_764_000_000_000));
    let now = clock.now();
    let doorward = Doorward::open_at(
        Settings {
            data_dir: directory.path().to_owned(),
            issuer: Some("https://id.example".into()),
            signing_algorithm: "EdDSA".into(),
            ..Settings::default()
        },
        clock,
    );
    let doorward = doorward.await.expect("it opens");
    seed(directory.path(), now).expect("people");
    use_sessions(&doorward, 0..BEFORE, now).await;
    // The pages that connections keep are no part of a session.
    let store = &doorward.services().store;
    for number in 0..BEFORE + COUNTED {
        let row = store.session_row(session(number)).await;
        row.expect("it can be read").expect("it is there");
        store.touch_session(session(number), now);
        if number % 5000 == 0 {
            store.flush_touches().await.expect("last uses are written");
        }
    }
    store.flush_touches().await.expect("last uses are written");
    let before = resident();
    use_sessions(&doorward, BEFORE..BEFORE + COUNTED, now).await;
    let each = resident().saturating_sub(before) / COUNTED;
    println!("{each} bytes for each session in use, with its token and its part of an account");
    assert!(each <= MOST_BYTES, "{each} bytes");
    assert!(each >= 100, "{each} bytes: nothing was kept");
    // They are all there: none is read again.
    let text = doorward.services().metrics.text();
    let reads = |text: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("doorward_store_reads_total "));
        line.and_then(|count| count.parse::<u64>().ok())
    };
    let so_far = reads(&text).expect("a count");
    use_sessions(&doorward, BEFORE..BEFORE + 1000, now).await;
    assert_eq!(reads(&doorward.services().metrics.text()), Some(so_far));
}
