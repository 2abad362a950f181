//! Refresh tokens: grace, lost answers, replays, and whose they are.

use doorward_server::{
    Settings,
    domain::{Actor, AuditContext, Email},
    store::NewSession,
};
use doorward_shared::{ClientId, ScopeSet, UserId};
use rocket::http::Method;
use serde_json::{Value, json};

use crate::test_app::{Reply, START, TestApp, cheap, text};

const SECOND: u64 = 1000;
const DAY: u64 = 86_400 * SECOND;

async fn refresh(server: &TestApp, token: &str) -> Reply {
    let body = json!({"refreshToken": token});
    server.post("/auth/refresh", "", body).await
}

/// A registered client: its id and secret.
async fn client(server: &TestApp) -> (ClientId, String) {
    let body = json!({
        "name": "x",
        "redirectUris": ["https://a.example/"],
        "grantTypes": ["authorization_code", "refresh_token"],
        "scopes": ["admin", "read", "write", "openid", "offline_access"],
    });
    let made = server
        .post("/admin/clients", &server.operator(), body)
        .await;
    let made = made.expect(201);
    (
        text(&made, "id").parse().unwrap(),
        text(&made, "clientSecret").to_owned(),
    )
}

/// The refresh token of a session that a client was granted, by a sign-in at `auth_time`.
async fn granted(server: &TestApp, user: &Value, client: ClientId, scope: &str) -> String {
    let user: UserId = text(user, "userId").parse().unwrap();
    let door = &server.doorward;
    let ip = "192.0.2.1".parse().unwrap();
    let facts = door
        .services()
        .store
        .login_facts(Email::keys_of("ada@example.com"), ip)
        .await;
    let password = facts.unwrap().account.unwrap().password.unwrap();
    let (first, refresh) = door.services().tokens.new_session(ip, None, START);
    let new = NewSession {
        client_id: Some(client),
        scope: Some(ScopeSet::parse(scope).unwrap()),
        auth_time: Some(START.plus_seconds(-100)),
        ..first
    };
    let context = AuditContext {
        actor: Actor::User(user),
        client_id: None,
        ip: Some(ip),
        request_id: None,
        at: START,
        reason: None,
        language: Default::default(),
    };
    let opened = door
        .services()
        .store
        .open_session(user, password, None, new, context)
        .await;
    let (_, session) = opened.unwrap();
    let token = refresh.token(session.id, 1);
    token.expose().to_owned()
}

async fn refresh_as(
    server: &TestApp,
    (id, secret): &(ClientId, String),
    token: &str,
    more: Value,
) -> Reply {
    let mut body = json!({
        "grantType": "refresh_token",
        "refreshToken": token,
        "clientId": id,
        "clientSecret": secret,
    });
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    server.post("/auth/token", "", body).await
}

fn claims(token: &str) -> Value {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[rocket::async_test]
async fn a_client_whose_answer_was_lost_goes_on_and_the_dead_successor_ends_the_session() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let first = text(&ada, "refreshToken");
    let lost = refresh(&server, first).await.expect(200);
    server.pass(2 * SECOND - 1);
    refresh(&server, first).await.refused(401, "token_revoked");
    server.pass(1);
    let again = refresh(&server, first).await.expect(200);
    server.pass(50 * SECOND);
    let third = refresh(&server, first).await.expect(200);
    assert_eq!(server.events("session.refresh_retried").await, 2);
    assert_eq!(server.events("session.replayed").await, 0);
    // The newest goes on.
    server.me(text(&third, "accessToken")).await.expect(200);
    let on = refresh(&server, text(&third, "refreshToken"))
        .await
        .expect(200);
    // Whoever has a dead one was not the client.
    refresh(&server, text(&again, "refreshToken"))
        .await
        .refused(401, "token_revoked");
    assert_eq!(server.events("session.replayed").await, 1);
    for dead in [&lost, &again, &third, &on] {
        server
            .me(text(dead, "accessToken"))
            .await
            .refused(401, "token_revoked");
        refresh(&server, text(dead, "refreshToken"))
            .await
            .refused(401, "token_revoked");
    }
}

#[rocket::async_test]
async fn a_retry_is_over_when_the_window_is_when_the_successor_was_used_or_when_it_is_off() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let next = refresh(&server, text(&ada, "refreshToken"))
        .await
        .expect(200);
    server.pass(60 * SECOND);
    refresh(&server, text(&ada, "refreshToken"))
        .await
        .refused(401, "token_revoked");
    refresh(&server, text(&next, "refreshToken"))
        .await
        .refused(401, "token_revoked");

    let bob = server.register("bob@example.com").await;
    let next = refresh(&server, text(&bob, "refreshToken"))
        .await
        .expect(200);
    let last = refresh(&server, text(&next, "refreshToken"))
        .await
        .expect(200);
    server.pass(2 * SECOND);
    refresh(&server, text(&bob, "refreshToken"))
        .await
        .refused(401, "token_revoked");
    server
        .me(text(&last, "accessToken"))
        .await
        .refused(401, "token_revoked");
    assert_eq!(server.events("session.refresh_retried").await, 0);
}

#[rocket::async_test]
async fn a_token_another_client_shows_is_an_invalid_grant_and_nothing_ends() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let (one, other) = (client(&server).await, client(&server).await);
    let first = granted(&server, &ada, one.0, "read offline_access").await;
    let theft = refresh_as(&server, &other, &first, Value::Null).await;
    assert_eq!(
        (theft.status, &theft.body["error"]),
        (400, &json!("invalid_grant"))
    );
    let next = refresh_as(&server, &one, &first, Value::Null)
        .await
        .expect(200);
    // Neither a used one: it is no replay, at whatever time.
    for wait in [0, 2 * SECOND, 60 * SECOND] {
        server.pass(wait);
        let theft = refresh_as(&server, &other, &first, Value::Null).await;
        assert_eq!(
            (theft.status, &theft.body["error"]),
            (400, &json!("invalid_grant"))
        );
        refresh(&server, &first).await.refused(401, "invalid_token");
    }
    assert_eq!(server.events("session.replayed").await, 0);
    assert_eq!(server.events("session.refresh_retried").await, 0);
    refresh_as(&server, &one, text(&next, "refresh_token"), Value::Null)
        .await
        .expect(200);
}

#[rocket::async_test]
async fn a_client_retries_at_the_token_endpoint_too() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let app = client(&server).await;
    let first = granted(&server, &ada, app.0, "read offline_access").await;
    let lost = refresh_as(&server, &app, &first, Value::Null)
        .await
        .expect(200);
    server.pass(2 * SECOND);
    let again = refresh_as(&server, &app, &first, Value::Null)
        .await
        .expect(200);
    let dead = refresh_as(&server, &app, text(&lost, "refresh_token"), Value::Null).await;
    assert_eq!(
        (dead.status, &dead.body["error"]),
        (400, &json!("invalid_grant"))
    );
    server
        .call(
            Method::Get,
            "/admin/whoami",
            text(&again, "access_token"),
            Value::Null,
        )
        .await
        .refused(401, "token_revoked");
}

#[rocket::async_test]
async fn a_forged_token_of_a_session_is_unknown_and_ends_nothing() {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let next = refresh(&server, text(&ada, "refreshToken"))
        .await
        .expect(200);
    server.pass(120 * SECOND);
    let whole = BASE64.decode(&text(&next, "refreshToken")[3..]).unwrap();
    for at in [0, 15, 16, 19, 20, 51, 52, whole.len() - 1] {
        let mut forged = whole.clone();
        forged[at] ^= 1;
        refresh(&server, &format!("rt_{}", BASE64.encode(forged)))
            .await
            .refused(401, "invalid_token");
    }
    server.me(text(&next, "accessToken")).await.expect(200);
    refresh(&server, text(&next, "refreshToken"))
        .await
        .expect(200);
}

#[rocket::async_test]
async fn a_session_takes_no_more_room_however_often_it_is_refreshed() {
    let server = TestApp::open(cheap()).await;
    let mut newest = server.register("ada@example.com").await;
    let size = || {
        let path = server
            .doorward
            .services()
            .store
            .directory()
            .join("doorward.db");
        let conn = rusqlite::Connection::open(path).unwrap();
        let sql =
            "SELECT (SELECT count(*) FROM refresh_tokens), length(refresh_used) FROM sessions";
        conn.query_row(sql, [], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?))
        })
        .unwrap()
    };
    for _ in 0..40 {
        newest = refresh(&server, text(&newest, "refreshToken"))
            .await
            .expect(200);
    }
    assert!(size().1 <= 17 * 40, "{:?}", size());
    server.pass(3 * SECOND);
    refresh(&server, text(&newest, "refreshToken"))
        .await
        .expect(200);
    assert_eq!(size(), (0, 40));
}

#[rocket::async_test]
async fn use_and_refresh_keep_a_session_beyond_its_first_idle_end() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    server.pass(20 * DAY);
    let next = refresh(&server, text(&ada, "refreshToken"))
        .await
        .expect(200);
    server.me(text(&next, "accessToken")).await.expect(200);
    // The first idle end was after 30 days.
    server.pass(11 * DAY);
    let last = refresh(&server, text(&next, "refreshToken"))
        .await
        .expect(200);
    server.me(text(&last, "accessToken")).await.expect(200);
    let list = server
        .call(
            Method::Get,
            "/admin/sessions?active=true",
            &server.operator(),
            Value::Null,
        )
        .await
        .expect(200);
    assert_eq!(list["pagination"]["total"], 1);
}

#[rocket::async_test]
async fn auth_time_stays_that_of_the_sign_in_however_often_a_token_is_refreshed() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let app = client(&server).await;
    let mut token = granted(&server, &ada, app.0, "read offline_access").await;
    for _ in 0..3 {
        server.pass(600 * SECOND);
        let next = refresh_as(&server, &app, &token, Value::Null)
            .await
            .expect(200);
        let claims = claims(text(&next, "access_token"));
        assert_eq!(claims["auth_time"], START.seconds() - 100);
        token = text(&next, "refresh_token").to_owned();
    }
}

#[rocket::async_test]
async fn step_up_counts_from_the_sign_in_for_refreshed_tokens_too() {
    let server = TestApp::open(Settings {
        step_up_seconds: 150,
        ..cheap()
    })
    .await;
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", text(&ada, "userId"));
    let body = json!({"role": "admin"});
    server
        .call(Method::Patch, &path, &server.operator(), body)
        .await
        .expect(200);
    let app = client(&server).await;
    let first = granted(&server, &ada, app.0, "admin offline_access").await;
    let change = async |token: &str| {
        let body = json!({"permissions": ["read"]});
        server
            .call(Method::Put, "/admin/roles/night", token, body)
            .await
    };
    // 100 seconds after the sign-in: good; 51 later the next token is not fresher.
    let next = refresh_as(&server, &app, &first, Value::Null)
        .await
        .expect(200);
    let status = change(text(&next, "access_token")).await.status;
    assert!((200..300).contains(&status), "{status}");
    server.pass(51 * SECOND);
    let next = refresh_as(&server, &app, text(&next, "refresh_token"), Value::Null)
        .await
        .expect(200);
    change(text(&next, "access_token"))
        .await
        .refused(401, "step_up_required");
}

#[rocket::async_test]
async fn who_was_demoted_refreshes_into_nothing_that_was_taken_away() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", text(&ada, "userId"));
    let may = async |permissions: Value| {
        let body = json!({"permissions": permissions});
        server
            .call(Method::Patch, &path, &server.operator(), body)
            .await
            .expect(200)
    };
    may(json!(["admin:users"])).await;
    let app = client(&server).await;
    let first = granted(&server, &ada, app.0, "admin:users read offline_access").await;
    may(json!([])).await;
    let asked = json!({"scope": "admin:users read"});
    let next = refresh_as(&server, &app, &first, asked).await.expect(200);
    assert_eq!(next["scope"], "read");
    assert_eq!(claims(text(&next, "access_token"))["scope"], "read");
    let token = text(&next, "access_token");
    server
        .call(Method::Get, "/admin/users", token, Value::Null)
        .await
        .refused(403, "insufficient_scope");
}

#[rocket::async_test]
async fn after_a_restore_a_token_newer_than_the_database_ends_its_session() {
    let home = tempfile::tempdir().unwrap();
    let settings = || Settings {
        data_dir: home.path().join("data"),
        ..cheap()
    };
    let (database, backup) = (
        home.path().join("data/doorward.db"),
        home.path().join("backup"),
    );
    let server = TestApp::open(settings()).await;
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    server.close().await;
    std::fs::copy(&database, &backup).unwrap();
    let server = TestApp::open(settings()).await;
    let newer = refresh(&server, text(&ada, "refreshToken"))
        .await
        .expect(200);
    server.close().await;
    std::fs::copy(&backup, &database).unwrap();
    let server = TestApp::open(settings()).await;
    // The one of the time of the backup goes on for who has not used it since.
    refresh(&server, text(&bob, "refreshToken"))
        .await
        .expect(200);
    refresh(&server, text(&newer, "refreshToken"))
        .await
        .refused(401, "token_revoked");
    refresh(&server, text(&ada, "refreshToken"))
        .await
        .refused(401, "token_revoked");
}

#[rocket::async_test]
async fn beside_another_master_key_the_newest_token_goes_on_and_others_are_unknown() {
    let home = tempfile::tempdir().unwrap();
    let settings = || Settings {
        data_dir: home.path().join("data"),
        ..cheap()
    };
    let server = TestApp::open(settings()).await;
    let ada = server.register("ada@example.com").await;
    let mut newest = ada.clone();
    for _ in 0..3 {
        let next = refresh(&server, text(&newest, "refreshToken")).await;
        newest = next.expect(200);
        server.pass(3 * SECOND);
    }
    server.close().await;
    // As `restore --keep-sessions` leaves it beside another master key.
    let conn = rusqlite::Connection::open(home.path().join("data/doorward.db")).unwrap();
    conn.execute("DELETE FROM signing_keys", []).unwrap();
    drop(conn);
    std::fs::remove_file(home.path().join("data/master.key")).unwrap();
    let server = TestApp::open(settings()).await;
    refresh(&server, text(&ada, "refreshToken"))
        .await
        .refused(401, "invalid_token");
    let mut changed = text(&newest, "refreshToken").to_owned();
    let last = if changed.pop() == Some('A') { 'B' } else { 'A' };
    changed.push(last);
    refresh(&server, &changed)
        .await
        .refused(401, "invalid_token");
    assert_eq!(server.events("session.replayed").await, 0);
    let next = refresh(&server, text(&newest, "refreshToken"))
        .await
        .expect(200);
    server.me(text(&next, "accessToken")).await.expect(200);
}

#[rocket::async_test]
async fn of_a_used_token_introspection_says_nothing_and_revocation_ends_its_session() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let app = client(&server).await;
    let first = granted(&server, &ada, app.0, "read offline_access").await;
    let next = refresh_as(&server, &app, &first, Value::Null)
        .await
        .expect(200);
    let door = &server.doorward;
    let active = async |token: &str| {
        let asker = doorward_server::oauth::IntrospectionCaller::Operator { people: true };
        let info = door
            .services()
            .introspection
            .introspect(&asker, token)
            .await
            .unwrap();
        serde_json::to_value(info).unwrap()["active"] == true
    };
    assert!(!active(&first).await);
    assert!(active(text(&next, "refresh_token")).await);
    let form = format!("token={first}&client_id={}&client_secret={}", app.0, app.1);
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let revoke = server.send(Method::Post, "/oauth/revoke", &headers, &form);
    assert_eq!(revoke.await.0, 200);
    assert!(!active(text(&next, "refresh_token")).await);
}
