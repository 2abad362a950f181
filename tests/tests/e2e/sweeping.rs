//! Long-expired rows are deleted without delaying other writes.

use std::time::{Duration, Instant};

use doorward_tests::{Server, recount, run};
use rusqlite::{Connection, params};

const DEAD: u32 = 30_000;
const TURN: &str = r#"doorward_writer_batch_duration_seconds_bucket{le="0.05"}"#;
const BATCHES: &str = "doorward_writer_batch_duration_seconds_count";

/// Puts many sessions into a stopped server's database that ended long ago, some with many used refresh tokens.
fn plant(server: &Server, user: &str) {
    let mut conn = Connection::open(server.data_dir().join("doorward.db")).unwrap();
    let tx = conn.transaction().unwrap();
    let id: Vec<u8> = tx
        .query_row("SELECT id FROM users WHERE email = ?1", [user], |row| {
            row.get(0)
        })
        .unwrap();
    {
        let mut session = tx
            .prepare(
                "INSERT INTO sessions (id, user_id, scope, ip, created_at, last_seen_at, expires_at, idle_until, revoked_at)
                 VALUES (?1, ?2, 'read', zeroblob(16), 1, 1, 2, 2, ?3)",
            )
            .unwrap();
        let mut token = tx
            .prepare("INSERT INTO refresh_tokens VALUES (?1, ?2, 2, 1)")
            .unwrap();
        for number in 0..DEAD {
            let mut key = [0_u8; 16];
            key[..4].copy_from_slice(&number.to_be_bytes());
            let revoked = (number % 2 == 0).then_some(2);
            session.execute(params![key, id, revoked]).unwrap();
            let tokens = if number == 7 {
                20_000
            } else {
                u32::from(number % 8 == 0)
            };
            for count in 0..tokens {
                let mut hash = [0_u8; 32];
                hash[..4].copy_from_slice(&number.to_be_bytes());
                hash[4..8].copy_from_slice(&count.to_be_bytes());
                token.execute(params![hash, key]).unwrap();
            }
        }
    }
    recount(&tx);
    tx.commit().unwrap();
}

async fn metric(server: &Server, name: &str) -> f64 {
    let text = server.get("/metrics").send().await.expect(200).text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}"))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn what_is_long_dead_goes_in_short_turns() {
    let mut server = Server::with().set("issuer", "http://id.example").start();
    let ada = server.register("ada@example.com").await;
    server.stop();
    plant(&server, "ada@example.com");
    server.start_again();
    // Sweeping begins with the start; meanwhile others write, and none of them waits long.
    let until = Instant::now() + Duration::from_secs(60);
    let mut waited = Vec::new();
    while !server.log().contains("expired rows deleted") {
        assert!(Instant::now() < until, "it is never done");
        let started = Instant::now();
        server.key_of(&ada, &["read"]).await;
        waited.push(started.elapsed());
    }
    waited.sort();
    let (short, all) = (metric(&server, TURN).await, metric(&server, BATCHES).await);
    // Now and then a shared machine itself stands still.
    assert!(
        short >= all * 0.97,
        "{short} of {all} turns took at most 50 ms"
    );
    assert!(waited.len() > 20, "writers were kept out: {waited:?}");
    let median = waited[waited.len() / 2];
    assert!(median < Duration::from_millis(250), "{median:?}");

    let sessions = server.admin("GET", "/admin/sessions?limit=1", None).await;
    assert_eq!(
        sessions["pagination"]["total"], 1,
        "hers is there, the dead ones are not"
    );
    server.me(&ada.access).await.expect(200);
    let conn = Connection::open(server.data_dir().join("doorward.db")).unwrap();
    let tokens: u32 = conn
        .query_row("SELECT count(*) FROM refresh_tokens", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tokens, 0);
    let data = server.data_dir().to_str().unwrap();
    run(
        "doorward-server",
        server.directory(),
        &["check", "--data-dir", data],
        &[],
    )
    .done();
}
