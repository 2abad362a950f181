//! Bulk revocations: immediate and complete for any number of sessions or keys, without delaying other writes.

use std::time::{Duration, Instant};

use doorward_tests::{MailServer, PASSWORD, Person, Server, eventually, recount};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

/// More than lists count.
const SESSIONS: u32 = 12_000;
const DONE: &str = "bulk revocation applied";

fn database(server: &Server) -> Connection {
    let conn = Connection::open(server.data_dir().join("doorward.db")).unwrap();
    conn.busy_timeout(Duration::from_secs(20)).unwrap();
    conn
}

fn bytes(id: &str) -> Vec<u8> {
    let ulid = id.split_once('_').unwrap().1.to_ascii_uppercase();
    ulid::Ulid::from_string(&ulid).unwrap().to_bytes().to_vec()
}

/// An id of a session that was planted.
fn planted(number: u32) -> String {
    let ulid = ulid::Ulid::from_parts(1_700_000_000_000, number.into());
    format!("ses_{}", ulid.to_string().to_ascii_lowercase())
}

/// Puts live sessions into a stopped server's database.
fn plant(server: &Server, user: &str, client: Option<&str>) {
    let conn = database(server);
    conn.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -64000;")
        .unwrap();
    let first = ulid::Ulid::from_parts(1_700_000_000_000, 0).to_bytes();
    conn.execute(
        "WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < ?1 - 1)
         INSERT INTO sessions (id, user_id, client_id, scope, ip, created_at, last_seen_at, expires_at, idle_until)
         SELECT CAST(substr(?2, 1, 12) || unhex(printf('%08x', n)) AS BLOB), ?3, ?4, 'read', unhex('00000000000000000000ffff0a000001'),
                1700000000000, 1700000000000, 9000000000000, 9000000000000 FROM c",
        params![SESSIONS, first.as_slice(), bytes(user), client.map(bytes)],
    )
    .unwrap();
    recount(&conn);
}

async fn total(server: &Server, path: &str) -> Value {
    server.admin("GET", path, None).await["pagination"]["total"].clone()
}

/// What the database says once everything is written: no ending is pending, and its counts are true.
fn settled(server: &Server) -> u32 {
    let conn = database(server);
    let number = |sql: &str| -> u32 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(number("SELECT count(*) FROM endings"), 0);
    let live = number("SELECT count(*) FROM sessions WHERE revoked_at IS NULL");
    assert_eq!(
        number("SELECT rows FROM counts WHERE name = 'sessions_unrevoked'"),
        live
    );
    live
}

/// Rows that say of themselves that they live.
fn rows_left(server: &Server) -> u32 {
    let sql = "SELECT count(*) FROM sessions WHERE revoked_at IS NULL";
    let counted = database(server).query_row(sql, [], |row| row.get(0));
    counted.unwrap()
}

async fn written(server: &Server) {
    let until = Instant::now() + Duration::from_secs(120);
    while !server.log().contains(DONE) {
        assert!(Instant::now() < until, "it is never done: {}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How long each write of somebody else's took while `act` ran and until the log says that all is written.
async fn others_wait(server: &Server, bob: &Person) -> Vec<Duration> {
    let mut waited = Vec::new();
    let until = Instant::now() + Duration::from_secs(120);
    while !server.log().contains(DONE) {
        assert!(Instant::now() < until, "it is never done");
        let started = Instant::now();
        let body = json!({"firstName": format!("Bob {}", waited.len())});
        let call = server.patch("/auth/me").bearer(&bob.access).json(body);
        call.send().await.expect(200);
        waited.push(started.elapsed());
    }
    waited.sort();
    waited
}

#[tokio::test]
async fn a_password_change_ends_any_number_of_sessions_at_once() {
    let mut server = Server::with().set("issuer", "http://id.example").start();
    let ada = server.register("ada@example.com").await;
    let here = server.login("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    server.stop();
    plant(&server, &ada.id, None);
    server.start_again();
    let live = format!("/admin/sessions?active=true&userId={}", ada.id);
    assert_eq!(
        total(&server, "/admin/sessions?active=true").await,
        SESSIONS + 3
    );

    let body = json!({"currentPassword": doorward_tests::PASSWORD, "newPassword": "another horse battery"});
    let started = Instant::now();
    let changed = server
        .post("/auth/password")
        .bearer(&here.access)
        .json(body);
    changed.send().await.expect(204);
    let took = started.elapsed();
    assert!(
        rows_left(&server) > SESSIONS / 2,
        "one row stands for them all"
    );

    // Every reader says so before the rows do.
    server.me(&ada.access).await.refused(401, "token_revoked");
    server.me(&here.access).await.expect(200);
    assert_eq!(total(&server, &live).await, 1);
    assert_eq!(total(&server, "/admin/sessions?active=true").await, 2);
    let path = format!("/admin/sessions/{}", planted(SESSIONS - 1));
    let last = server.admin("GET", &path, None).await;
    assert!(last["revokedAt"].is_string(), "{last}");
    let refresh = json!({"refreshToken": ada.refresh});
    let refused = server.post("/auth/refresh").json(refresh).send().await;
    refused.refused(401, "token_revoked");
    // Who signs in now is not among them.
    let body = json!({"email": ada.email, "password": "another horse battery"});
    let new = server
        .post("/auth/login")
        .json(body)
        .send()
        .await
        .expect(200);
    server.me(&new.field("accessToken")).await.expect(200);

    // A kill in the middle loses none of it.
    server.kill();
    server.start_again();
    server.me(&ada.access).await.refused(401, "token_revoked");
    assert_eq!(total(&server, &live).await, 2);
    let waited = others_wait(&server, &bob).await;
    assert!(waited.len() > 20, "writers were kept out: {waited:?}");
    let median = waited[waited.len() / 2];
    assert!(median < Duration::from_millis(250), "{median:?}");
    assert!(took < Duration::from_secs(2), "the act took {took:?}");
    assert_eq!(settled(&server), 3, "hers here and the new one, and Bob's");
    server.me(&here.access).await.expect(200);
    let path = format!("/admin/events?action=session.revoked&target={}", planted(7));
    let told = server.admin("GET", &path, None).await;
    assert_eq!(told["pagination"]["total"], 1);
    assert_eq!(told["data"][0]["actor"], *ada.id);
    let acts = "/admin/events?action=user.password_changed";
    assert_eq!(total(&server, acts).await, 1);
}

#[tokio::test]
async fn an_account_with_any_number_of_sessions_is_deleted_at_once() {
    let mut server = Server::with().set("issuer", "http://id.example").start();
    let ada = server.register("ada@example.com").await;
    server.stop();
    plant(&server, &ada.id, None);
    server.start_again();
    // Twice in a row: what is pending already is passed over, and counted once.
    let path = format!("/admin/users/{}/sessions/revoke", ada.id);
    let ended = server.admin("POST", &path, None).await;
    assert_eq!(ended["revoked"], SESSIONS + 1);
    let ended = server.admin("POST", &path, None).await;
    assert_eq!(ended["revoked"], 0);
    server
        .admin("DELETE", &format!("/admin/users/{}", ada.id), None)
        .await;
    assert_eq!(total(&server, "/admin/sessions?active=true").await, 0);
    let again = server.register("ada@example.com").await;
    assert_ne!(again.id, ada.id);
    assert_eq!(total(&server, "/admin/sessions?active=true").await, 1);
    let stopping = Instant::now();
    assert!(server.stop().success());
    assert!(stopping.elapsed() < Duration::from_secs(6));
    server.start_again();
    written(&server).await;
    eventually("it is settled", async || {
        let conn = database(&server);
        let left: u32 = conn
            .query_row("SELECT count(*) FROM endings", [], |row| row.get(0))
            .unwrap();
        (left == 0).then_some(())
    })
    .await;
    assert_eq!(settled(&server), 1);
    server.me(&again.access).await.expect(200);
}

#[tokio::test]
async fn a_client_and_a_consent_with_any_number_of_sessions_end_at_once() {
    let mut server = Server::with().set("issuer", "http://id.example").start();
    let ada = server.register("ada@example.com").await;
    let app = server.app(json!({})).await;
    let other = server.client(&["read"]).await;
    server.stop();
    plant(&server, &ada.id, Some(&app.id));
    server.start_again();
    let path = format!("/admin/sessions?active=true&clientId={}", other.id);
    assert_eq!(total(&server, &path).await, 0);
    server
        .admin("DELETE", &format!("/admin/clients/{}", app.id), None)
        .await;
    assert_eq!(
        total(&server, "/admin/sessions?active=true").await,
        1,
        "her own"
    );
    server.me(&ada.access).await.expect(200);
    let shown = server
        .admin("GET", &format!("/admin/sessions/{}", planted(0)), None)
        .await;
    assert!(shown["revokedAt"].is_string());
    written(&server).await;
    assert_eq!(settled(&server), 1);
}

#[tokio::test]
async fn a_bulk_revocation_of_any_number_ends_exactly_what_was_shown() {
    let mut server = Server::with().set("issuer", "http://id.example").start();
    let ada = server.register("ada@example.com").await;
    server.stop();
    plant(&server, &ada.id, None);
    server.start_again();
    let revoke = async |body: Value| {
        server
            .admin("POST", "/admin/sessions/revoke", Some(body))
            .await
    };
    let shown = revoke(json!({"userId": ada.id, "dryRun": true})).await;
    assert_eq!(
        (&shown["count"], &shown["users"]),
        (&json!(SESSIONS + 1), &json!(1))
    );
    let later = server.login("ada@example.com").await;
    let done = revoke(json!({"previewId": shown["previewId"], "reason": "spring cleaning"})).await;
    assert_eq!(done["revoked"], SESSIONS + 1);
    server.me(&ada.access).await.refused(401, "token_revoked");
    server.me(&later.access).await.expect(200);
    assert_eq!(total(&server, "/admin/sessions?active=true").await, 1);
    let dead = total(
        &server,
        &format!("/admin/sessions?active=false&userId={}", ada.id),
    )
    .await;
    assert_eq!(dead, 10_000, "counted up to there");
    written(&server).await;
    assert_eq!(settled(&server), 1);
    let path = format!("/admin/events?action=session.revoked&target={}", planted(3));
    let told = server.admin("GET", &path, None).await;
    assert_eq!(told["data"][0]["detail"], "spring cleaning");
    // By a network at once, too: nothing of it is left.
    let done = revoke(json!({"ip": "10.0.0.0/8"})).await;
    assert_eq!((&done["count"], &done["revoked"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn any_number_of_keys_ends_at_once() {
    let mut server = Server::with().set("issuer", "http://id.example").start();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    server.stop();
    {
        let conn = database(&server);
        conn.execute(
            "WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 2999)
             INSERT INTO api_keys (id, hash, owner_id, name, hint, scopes, environment, created_at)
             SELECT unhex(printf('018bcfe5680000000000%012x', n)), unhex(printf('%064x', n)), ?1, 'k', 'sk', 'read', 'live',
                    1700000000000 FROM c",
            [bytes(&ada.id)],
        )
        .unwrap();
    }
    server.start_again();
    let live = "/admin/apikeys?active=true&limit=1";
    assert_eq!(total(&server, live).await, 3002);
    let path = format!("/admin/users/{}/sessions/revoke", ada.id);
    server
        .admin("POST", &path, Some(json!({"apiKeys": true})))
        .await;
    let me = server.get("/auth/me").bearer(key["key"].as_str().unwrap());
    me.send().await.refused(401, "token_revoked");
    assert_eq!(total(&server, live).await, 1, "the operator's");
    assert_eq!(total(&server, "/admin/apikeys?active=false").await, 3001);
    let ada = server.login("ada@example.com").await;
    let new = server.key_of(&ada, &["read"]).await;
    written(&server).await;
    let me = server.get("/auth/me").bearer(new["key"].as_str().unwrap());
    me.send().await.expect(200);
    assert_eq!(total(&server, live).await, 2);
}

/// Everybody who is signed in from there may have been let in by a password that somebody has found.
#[tokio::test]
async fn changes_of_address_end_with_any_number_of_sessions_of_a_network() {
    let mail = MailServer::start().await;
    let options = Server::with()
        .set("mail_url", format!("smtp://localhost:{}", mail.port()))
        .set("mail_from", "id@example.com")
        .set("mail_notices", false)
        .set("issuer", "http://id.example");
    let mut server = options.start();
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    server.stop();
    plant(&server, &bob.id, None);
    let moved = "UPDATE sessions SET ip = (SELECT ip FROM sessions WHERE user_id = ?1 ORDER BY id LIMIT 1) WHERE user_id = ?2";
    database(&server)
        .execute(moved, params![bytes(&bob.id), bytes(&ada.id)])
        .unwrap();
    server.start_again();
    let carol = server.register("carol@example.com").await;
    let mut tokens = Vec::new();
    for (who, to) in [(&ada, "eve@there.example"), (&carol, "carol@here.example")] {
        let body = json!({"email": to, "password": PASSWORD});
        let call = server.post("/auth/email").bearer(&who.access).json(body);
        call.send().await.expect(202);
        tokens.push(mail.wait_for(to, 1).await.token());
    }
    let network = json!({"ip": "10.0.0.0/8"});
    let done = server
        .admin("POST", "/admin/sessions/revoke", Some(network))
        .await;
    assert_eq!(done["revoked"], SESSIONS + 1);
    let verify = async |token: &str| {
        let call = server.post("/auth/email/verify");
        call.json(json!({"token": token})).send().await
    };
    verify(&tokens[0]).await.refused(401, "invalid_token");
    verify(&tokens[1]).await.expect(204);
}
