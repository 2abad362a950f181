//! A database of schema 2, with refresh tokens as they were then, in a server of today.

use std::path::Path;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_server::{Settings, crypto::secret::Digest256};
use rusqlite::{Connection, params};
use serde_json::json;

use crate::test_app::{Reply, START, TestApp, cheap, text};

const HOUR: i64 = 3600;

/// Its tables, as they were released.
const SCHEMA_1: &str = include_str!("../../src/store/sqlite/schema.sql");
const TO_SCHEMA_2: &str =
    "ALTER TABLE signing_keys ADD COLUMN longest_token_seconds INTEGER NOT NULL DEFAULT 7200;
    ALTER TABLE codes ADD COLUMN signed_in_by BLOB; PRAGMA user_version = 2;";

fn old_token(number: u8) -> String {
    format!("rt_{}", BASE64_URL_SAFE_NO_PAD.encode([number; 32]))
}

fn plant(directory: &Path) -> Connection {
    std::fs::create_dir(directory).unwrap();
    let conn = Connection::open(directory.join("doorward.db")).unwrap();
    conn.execute_batch(SCHEMA_1).unwrap();
    conn.execute_batch(TO_SCHEMA_2).unwrap();
    conn.execute(
        "INSERT INTO users (id, email, email_key, role, permissions, created_at) \
         VALUES (zeroblob(16), 'ada@example.com', 'ada@example.com', 'customer', '', 1)",
        [],
    )
    .unwrap();
    conn
}

/// A session with tokens: their numbers, and how many seconds ago each was used.
fn session(conn: &Connection, id: u8, tokens: &[(u8, Option<i64>)]) {
    let end = START.plus_seconds(30 * 24 * HOUR).0;
    conn.execute(
        "INSERT INTO sessions VALUES (?1, zeroblob(16), NULL, 'read write', zeroblob(16), NULL, ?2, ?2, ?3, ?3, NULL)",
        params![[id; 16], START.plus_seconds(-24 * HOUR).0, end],
    )
    .unwrap();
    for (number, used) in tokens {
        let hash = Digest256::of(old_token(*number).as_bytes());
        let used = used.map(|ago| START.plus_seconds(-ago).0);
        conn.execute(
            "INSERT INTO refresh_tokens VALUES (?1, ?2, ?3, ?4)",
            params![hash.0, [id; 16], end, used],
        )
        .unwrap();
    }
}

async fn open(plant_in: impl FnOnce(&Connection)) -> (TestApp, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let data_dir = home.path().join("data");
    plant_in(&plant(&data_dir));
    let settings = Settings {
        data_dir,
        ..cheap()
    };
    (TestApp::open(settings).await, home)
}

async fn refresh(server: &TestApp, token: &str) -> Reply {
    let body = json!({"refreshToken": token});
    server.post("/auth/refresh", "", body).await
}

#[rocket::async_test]
async fn a_refresh_token_from_before_goes_on_with_one_of_today() {
    let (server, _home) = open(|conn| session(conn, 1, &[(1, Some(2 * HOUR)), (2, None)])).await;
    let next = refresh(&server, &old_token(2)).await.expect(200);
    assert!(text(&next, "refreshToken").len() > old_token(2).len());
    refresh(&server, &old_token(2))
        .await
        .refused(401, "token_revoked");
    server.me(text(&next, "accessToken")).await.expect(200);
    // A lost answer, the first after the upgrade.
    server.pass(2_000);
    let again = refresh(&server, &old_token(2)).await.expect(200);
    let last = refresh(&server, text(&again, "refreshToken"))
        .await
        .expect(200);
    server.me(text(&last, "accessToken")).await.expect(200);
    // Used once more, much later: a replay, as it always was.
    server.pass(3_600_000);
    refresh(&server, &old_token(2))
        .await
        .refused(401, "token_revoked");
    refresh(&server, text(&last, "refreshToken"))
        .await
        .refused(401, "token_revoked");
    assert_eq!(server.events("session.replayed").await, 1);
}

#[rocket::async_test]
async fn a_used_token_from_before_is_a_replay_before_and_after_its_session_goes_over() {
    let (server, _home) = open(|conn| {
        session(conn, 1, &[(1, Some(2 * HOUR)), (2, Some(HOUR)), (3, None)]);
        session(conn, 2, &[(4, Some(2 * HOUR)), (5, None)]);
        session(conn, 3, &[(6, Some(10)), (7, None)]);
    })
    .await;
    refresh(&server, &old_token(1))
        .await
        .refused(401, "token_revoked");
    refresh(&server, &old_token(3))
        .await
        .refused(401, "token_revoked");
    let next = refresh(&server, &old_token(5)).await.expect(200);
    refresh(&server, &old_token(4))
        .await
        .refused(401, "token_revoked");
    refresh(&server, text(&next, "refreshToken"))
        .await
        .refused(401, "token_revoked");
    assert_eq!(server.events("session.replayed").await, 2);
    // Its answer was lost in the restart: the successor in the table is dead then, and whoever shows it is found out.
    let again = refresh(&server, &old_token(6)).await.expect(200);
    server.me(text(&again, "accessToken")).await.expect(200);
    refresh(&server, &old_token(7))
        .await
        .refused(401, "token_revoked");
    server
        .me(text(&again, "accessToken"))
        .await
        .refused(401, "token_revoked");
}

#[rocket::async_test]
async fn what_was_never_a_token_is_unknown_and_introspection_tells_old_ones_apart() {
    let (server, _home) = open(|conn| session(conn, 1, &[(1, Some(HOUR)), (2, None)])).await;
    refresh(&server, &old_token(9))
        .await
        .refused(401, "invalid_token");
    let active = async |number: u8| {
        let asker = doorward_server::oauth::IntrospectionCaller::Operator { people: true };
        let info = server
            .doorward
            .services()
            .introspection
            .introspect(&asker, &old_token(number))
            .await;
        serde_json::to_value(info.unwrap()).unwrap()["active"] == true
    };
    assert!(!active(1).await);
    assert!(active(2).await);
    refresh(&server, &old_token(2)).await.expect(200);
    assert!(!active(2).await);
}
