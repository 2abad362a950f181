//! Back-channel logout of sessions that expire: which clients are notified.

use doorward_server::Settings;
use serde_json::{Value, json};

use crate::test_app::{TestApp, cheap, text};

const HOUR: u64 = 3_600_000;

fn notices(server: &TestApp) -> i64 {
    let sql = "SELECT count(*) FROM logout_notices";
    server
        .database()
        .query_row(sql, [], |row| row.get(0))
        .unwrap()
}

/// A client that is told, and sessions there which the person's sign-in opened: `count`, without refresh tokens.
async fn opened(server: &TestApp, count: u8, idle: u64) {
    let body = json!({ "name": "App", "redirectUris": ["https://app.example/cb"],
        "backchannelLogoutUri": "http://127.0.0.1:9/out" });
    server
        .post("/admin/clients", &server.operator(), body)
        .await
        .expect(201);
    let sql = "INSERT INTO sessions (id, user_id, client_id, scope, ip, created_at, last_seen_at, expires_at, idle_until, amr, \
               signed_in_by) SELECT randomblob(16), s.user_id, (SELECT id FROM clients WHERE name = 'App'), s.scope, s.ip, \
               s.created_at, s.last_seen_at, s.expires_at, s.created_at + ?1, s.amr, s.id \
               FROM sessions s WHERE s.client_id IS NULL";
    let conn = server.database();
    for _ in 0..count {
        assert_eq!(conn.execute(sql, [idle]).unwrap(), 1);
    }
    TestApp::recount(&conn);
}

async fn look(server: &TestApp) {
    let services = server.doorward.services();
    let noted = services.store.note_expired_sessions(services.clock.now());
    noted.await.unwrap();
}

#[rocket::async_test]
async fn a_client_without_refresh_tokens_is_told_at_sign_out_and_not_when_its_access_token_ends() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    opened(&server, 3, HOUR).await;
    look(&server).await;
    server.pass(2 * HOUR);
    look(&server).await;
    assert_eq!(notices(&server), 0);
    let refreshed = json!({ "refreshToken": text(&ada, "refreshToken") });
    let fresh = server
        .post("/auth/refresh", "", refreshed)
        .await
        .expect(200);
    let ended = server.post("/auth/logout", text(&fresh, "accessToken"), Value::Null);
    ended.await.expect(204);
    assert_eq!(notices(&server), 3);
    server.pass(1000 * HOUR);
    look(&server).await;
    assert_eq!(notices(&server), 3);
}

#[rocket::async_test]
async fn a_client_without_refresh_tokens_is_told_when_the_sign_in_is_over() {
    let server = TestApp::open(Settings {
        refresh_token_seconds: 10_000,
        ..cheap()
    })
    .await;
    server.register("ada@example.com").await;
    opened(&server, 2, HOUR).await;
    look(&server).await;
    server.pass(10_000_000 - 1);
    look(&server).await;
    assert_eq!(notices(&server), 0);
    server.pass(1);
    look(&server).await;
    assert_eq!(notices(&server), 2);
    server.pass(HOUR);
    look(&server).await;
    assert_eq!(notices(&server), 2);
}

/// Of an idle server no commit comes each minute; and none of many sessions of one instant is passed over.
#[rocket::async_test]
async fn each_session_that_is_over_is_noted_once() {
    let server = TestApp::open(cheap()).await;
    server.register("ada@example.com").await;
    opened(&server, 1, HOUR).await;
    let conn = server.database();
    look(&server).await;
    let looked = || -> String {
        let sql = "SELECT value FROM meta WHERE key = 'expired_until'";
        conn.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let first = looked();
    server.pass(60_000);
    look(&server).await;
    assert_eq!(looked(), first);
    // They have refresh tokens, and all end at once.
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100) \
               INSERT INTO sessions (id, user_id, client_id, scope, ip, created_at, last_seen_at, expires_at, idle_until, amr, \
               refresh_generation, refresh_hash, refresh_until) SELECT randomblob(16), s.user_id, s.client_id, s.scope, s.ip, \
               s.created_at, s.last_seen_at, s.expires_at, s.created_at + 3600000, s.amr, 1, randomblob(32), s.expires_at \
               FROM n, sessions s WHERE s.client_id IS NOT NULL";
    assert_eq!(conn.execute(sql, []).unwrap(), 1100);
    TestApp::recount(&conn);
    server.pass(HOUR);
    look(&server).await;
    assert_eq!(notices(&server), 1100);
}
