//! Exact expiry of tokens, sessions, keys, rate limits and signing keys: valid a millisecond before, expired at the instant.

use crate::test_app::{PASSWORD, Reply, START, TestApp, cheap, text};
use doorward_server::Settings;
use rocket::http::Method;
use serde_json::{Value, json};

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

async fn refresh(server: &TestApp, token: &str) -> Reply {
    server
        .post("/auth/refresh", "", json!({"refreshToken": token}))
        .await
}

async fn login(server: &TestApp, password: &str) -> Reply {
    let body = json!({"email": "ada@example.com", "password": password});
    server.post("/auth/login", "", body).await
}

#[rocket::async_test]
async fn an_access_token_is_good_for_exactly_its_lifetime() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    assert_eq!(ada["issuedAt"], START.to_string());
    server.pass(HOUR - 1);
    server.me(text(&ada, "accessToken")).await.expect(200);
    server.pass(1);
    server
        .me(text(&ada, "accessToken"))
        .await
        .refused(401, "token_expired");
    // Its session goes on.
    let next = refresh(&server, text(&ada, "refreshToken"))
        .await
        .expect(200);
    server.me(text(&next, "accessToken")).await.expect(200);
}

#[rocket::async_test]
async fn a_refresh_token_ends_when_it_was_idle_for_so_long() {
    let server = TestApp::open(Settings {
        refresh_token_seconds: 60,
        access_token_seconds: 30,
        ..cheap()
    })
    .await;
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    server.pass(MINUTE - 1);
    let next = refresh(&server, text(&ada, "refreshToken"))
        .await
        .expect(200);
    server.pass(1);
    refresh(&server, text(&bob, "refreshToken"))
        .await
        .refused(401, "token_expired");
    // Each use begins a new minute.
    server.pass(MINUTE - 2);
    let last = refresh(&server, text(&next, "refreshToken"))
        .await
        .expect(200);
    server.pass(MINUTE);
    refresh(&server, text(&last, "refreshToken"))
        .await
        .refused(401, "token_expired");
    // An end by itself is no event of revocation, and the list says the session is over.
    let path = "/admin/sessions?active=true";
    let live = server
        .call(Method::Get, path, &server.operator(), Value::Null)
        .await
        .expect(200);
    assert_eq!(live["pagination"]["total"], 0);
}

#[rocket::async_test]
async fn a_session_ends_however_often_it_was_refreshed() {
    let server = TestApp::open(Settings {
        session_seconds: 100,
        ..cheap()
    })
    .await;
    let ada = server.register("ada@example.com").await;
    server.pass(99 * SECOND);
    let next = refresh(&server, text(&ada, "refreshToken"))
        .await
        .expect(200);
    server.pass(SECOND - 1);
    server.me(text(&next, "accessToken")).await.expect(200);
    let last = refresh(&server, text(&next, "refreshToken"))
        .await
        .expect(200);
    server.pass(1);
    for tokens in [&ada, &next, &last] {
        server
            .me(text(tokens, "accessToken"))
            .await
            .refused(401, "token_expired");
    }
    refresh(&server, text(&last, "refreshToken"))
        .await
        .refused(401, "token_expired");
    server
        .post("/auth/logout", text(&last, "accessToken"), Value::Null)
        .await
        .refused(401, "token_expired");
}

#[rocket::async_test]
async fn a_replay_within_the_grace_is_refused_and_after_it_ends_the_session() {
    let server = TestApp::open(Settings {
        refresh_retry_seconds: 0,
        ..cheap()
    })
    .await;
    let ada = server.register("ada@example.com").await;
    let next = refresh(&server, text(&ada, "refreshToken"))
        .await
        .expect(200);
    server.pass(2 * SECOND - 1);
    for _ in 0..3 {
        refresh(&server, text(&ada, "refreshToken"))
            .await
            .refused(401, "token_revoked");
    }
    server.me(text(&next, "accessToken")).await.expect(200);
    server.pass(1);
    refresh(&server, text(&ada, "refreshToken"))
        .await
        .refused(401, "token_revoked");
    server
        .me(text(&next, "accessToken"))
        .await
        .refused(401, "token_revoked");
    server
        .me(text(&ada, "accessToken"))
        .await
        .refused(401, "token_revoked");
    refresh(&server, text(&next, "refreshToken"))
        .await
        .refused(401, "token_revoked");
}

#[rocket::async_test]
async fn a_replay_ends_the_session_even_long_after() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let mut newest = refresh(&server, text(&ada, "refreshToken"))
        .await
        .expect(200);
    for _ in 0..5 {
        server.pass(20 * 24 * HOUR / 5);
        newest = refresh(&server, text(&newest, "refreshToken"))
            .await
            .expect(200);
    }
    server.pass(11 * 24 * HOUR);
    // By now the first token is past its own 30 days too: it was used, and that is what counts.
    refresh(&server, text(&ada, "refreshToken"))
        .await
        .refused(401, "token_revoked");
    refresh(&server, text(&newest, "refreshToken"))
        .await
        .refused(401, "token_revoked");
}

#[rocket::async_test]
async fn revoked_wins_over_expired() {
    let server = TestApp::open(Settings {
        session_seconds: 7200,
        ..cheap()
    })
    .await;
    let ada = server.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    server
        .post("/auth/logout", access, Value::Null)
        .await
        .expect(204);
    for _ in 0..3 {
        server.me(access).await.refused(401, "token_revoked");
        server
            .post("/auth/logout", access, Value::Null)
            .await
            .refused(401, "token_revoked");
        refresh(&server, text(&ada, "refreshToken"))
            .await
            .refused(401, "token_revoked");
        server.pass(2 * HOUR);
    }
}

#[rocket::async_test]
async fn an_api_key_ends_at_its_time() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    let mint = async |at: i64| {
        let expires_at = START.plus_seconds(at).to_string();
        server
            .post(
                "/apikey",
                access,
                json!({"name": "x", "scopes": ["read"], "expiresAt": expires_at}),
            )
            .await
    };
    mint(0).await.refused(422, "validation_failed");
    let minted = mint(60).await.expect(201);
    server.pass(MINUTE - 1);
    server.me(text(&minted, "key")).await.expect(200);
    server.pass(1);
    server
        .me(text(&minted, "key"))
        .await
        .refused(401, "token_expired");
    let path = format!("/apikey/{}/rotate", text(&minted, "id"));
    server
        .post(&path, access, Value::Null)
        .await
        .refused(409, "conflict");
}

#[rocket::async_test]
async fn the_grace_of_a_rotation_ends_at_its_time() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    let first = server
        .post("/apikey", access, json!({"name": "x", "scopes": ["read"]}))
        .await
        .expect(201);
    let path = format!("/apikey/{}/rotate", text(&first, "id"));
    server
        .post(&path, access, json!({"graceSeconds": 60}))
        .await
        .expect(201);
    server.pass(MINUTE - 1);
    server.me(text(&first, "key")).await.expect(200);
    server.pass(1);
    server
        .me(text(&first, "key"))
        .await
        .refused(401, "token_revoked");

    let body = json!({"name": "x", "grantTypes": ["client_credentials"], "scopes": ["read"]});
    let client = server
        .post("/admin/clients", &server.operator(), body)
        .await
        .expect(201);
    let path = format!("/admin/clients/{}/secret", text(&client, "id"));
    server
        .post(&path, &server.operator(), json!({"graceSeconds": 60}))
        .await;
    let ask = async || {
        let body = json!({"grantType": "client_credentials", "clientId": client["id"], "clientSecret": client["clientSecret"]});
        server.post("/auth/token", "", body).await.status
    };
    server.pass(MINUTE - 1);
    assert_eq!(ask().await, 200);
    server.pass(1);
    assert_eq!(ask().await, 401);
}

#[rocket::async_test]
async fn a_clients_token_is_good_for_two_hours() {
    let server = TestApp::open(cheap()).await;
    let body = json!({"name": "x", "grantTypes": ["client_credentials"], "scopes": ["read"]});
    let client = server
        .post("/admin/clients", &server.operator(), body)
        .await
        .expect(201);
    let body = json!({"grantType": "client_credentials", "clientId": client["id"], "clientSecret": client["clientSecret"]});
    let token = server.post("/auth/token", "", body).await.expect(200);
    let whoami = async || {
        server
            .call(
                Method::Get,
                "/admin/whoami",
                text(&token, "accessToken"),
                Value::Null,
            )
            .await
    };
    server.pass(2 * HOUR - 1);
    whoami().await.expect(200);
    server.pass(1);
    whoami().await.refused(401, "token_expired");
}

#[rocket::async_test]
async fn failures_of_an_account_from_an_address_are_forgotten_after_ten_minutes() {
    let server = TestApp::open(cheap()).await;
    server.register("ada@example.com").await;
    for _ in 0..10 {
        login(&server, "not my password")
            .await
            .refused(401, "invalid_credentials");
        server.pass(SECOND);
    }
    let held = login(&server, PASSWORD).await;
    held.refused(429, "rate_limited");
    assert_eq!(held.retry_after, Some(590));
    server.pass(590 * SECOND - 1);
    let held = login(&server, PASSWORD).await;
    held.refused(429, "rate_limited");
    assert_eq!(held.retry_after, Some(1));
    server.pass(1);
    login(&server, PASSWORD).await.expect(200);
}

#[rocket::async_test]
async fn checks_of_an_address_are_forgotten_after_a_minute() {
    let server = TestApp::open(Settings {
        password_checks_per_minute_per_ip: 3,
        ..cheap()
    })
    .await;
    server.register("ada@example.com").await;
    for _ in 0..3 {
        login(&server, PASSWORD).await.expect(200);
    }
    let held = login(&server, PASSWORD).await;
    held.refused(429, "rate_limited");
    assert_eq!(held.retry_after, Some(60));
    server.pass(MINUTE - 1);
    login(&server, PASSWORD).await.refused(429, "rate_limited");
    server.pass(1);
    login(&server, PASSWORD).await.expect(200);
}

#[rocket::async_test]
async fn registrations_of_an_address_are_forgotten_after_an_hour() {
    let server = TestApp::open(Settings {
        registrations_per_hour_per_ip: 2,
        ..cheap()
    })
    .await;
    server.register("ada@example.com").await;
    server.register("bob@example.com").await;
    let body = json!({"email": "eve@example.com", "password": PASSWORD});
    let held = server.post("/auth/register", "", body.clone()).await;
    held.refused(429, "rate_limited");
    assert_eq!(held.retry_after, Some(3600));
    server.pass(HOUR - 1);
    server
        .post("/auth/register", "", body.clone())
        .await
        .refused(429, "rate_limited");
    server.pass(1);
    server.post("/auth/register", "", body).await.expect(201);
}

#[rocket::async_test]
async fn a_preview_is_over_after_five_minutes() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let revoke = async |body: Value| {
        server
            .post("/admin/sessions/revoke", &server.operator(), body)
            .await
    };
    let body = json!({"userId": ada["userId"], "dryRun": true});
    let (one, two) = (
        revoke(body.clone()).await.expect(200),
        revoke(body).await.expect(200),
    );
    server.pass(5 * MINUTE - 1);
    revoke(json!({"previewId": one["previewId"]}))
        .await
        .expect(200);
    server.pass(1);
    revoke(json!({"previewId": two["previewId"]}))
        .await
        .refused(409, "conflict");
}

#[rocket::async_test]
async fn what_is_swept_stays_dead() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    let minted = server.ended_key_and_session(access).await;
    server.pass(31 * 24 * HOUR);
    let gone = server
        .doorward
        .services()
        .store
        .sweep(server.doorward.services().clock.now(), 365)
        .await
        .unwrap();
    assert!(gone >= 2, "{gone}");
    for token in [access, text(&minted, "key")] {
        assert_eq!(server.me(token).await.status, 401);
    }
    assert_eq!(
        refresh(&server, text(&ada, "refreshToken")).await.status,
        401
    );
}

#[rocket::async_test]
async fn an_address_stays_known_for_180_days_after_its_last_sign_in() {
    let server = TestApp::open(cheap()).await;
    server.register("ada@example.com").await;
    let stays_known = async |hours: u64| {
        server.pass(hours * HOUR);
        let (store, now) = (
            &server.doorward.services().store,
            server.doorward.services().clock.now(),
        );
        store.sweep(now, 365).await.unwrap();
        let conn = rusqlite::Connection::open(store.directory().join("doorward.db")).unwrap();
        let sql = "SELECT count(*) FROM user_addresses";
        conn.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap() == 1
    };
    assert!(stays_known(100 * 24).await);
    login(&server, PASSWORD).await.expect(200);
    assert!(stays_known(100 * 24).await, "it was used since");
    // Within a day of what is on disk nothing is written.
    login(&server, PASSWORD).await.expect(200);
    server.pass(23 * HOUR);
    login(&server, PASSWORD).await.expect(200);
    assert!(stays_known(179 * 24).await);
    assert!(!stays_known(25).await);
}

#[rocket::async_test]
async fn a_signing_key_verifies_what_it_signed_under_longer_lifetimes_than_todays() {
    let home = tempfile::tempdir().unwrap();
    let settings = |seconds, algorithm: &str| Settings {
        data_dir: home.path().join("data"),
        access_token_seconds: seconds,
        client_token_seconds: seconds,
        signing_algorithm: algorithm.into(),
        ..cheap()
    };
    let server = TestApp::open(settings(3600, "EdDSA")).await;
    let ada = server.register("ada@example.com").await;
    server.close().await;
    let server = TestApp::open(settings(60, "EdDSA")).await;
    server.close().await;
    let server = TestApp::open(settings(60, "ES256")).await;
    let retire = async || {
        let (store, now) = (
            &server.doorward.services().store,
            server.doorward.services().clock.now(),
        );
        let gone = store.drop_retired_keys(now).await.unwrap();
        server
            .doorward
            .services()
            .signing_keys
            .reload()
            .await
            .unwrap();
        gone
    };
    server.pass(HOUR - SECOND);
    assert_eq!(retire().await, 0);
    server.me(text(&ada, "accessToken")).await.expect(200);
    server.pass(2 * MINUTE);
    assert_eq!(retire().await, 1);
}

#[rocket::async_test]
async fn a_signing_key_verifies_until_its_last_token_has_expired() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let operator = server.operator();
    server
        .post("/admin/keys/rotate", &operator, Value::Null)
        .await
        .expect(201);
    let keys = server
        .call(
            Method::Get,
            "/admin/keys?sort=createdAt:asc",
            &operator,
            Value::Null,
        )
        .await
        .expect(200);
    let ends: Vec<_> = keys["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|key| key["retiresAt"].as_str())
        .collect();
    // The longest token there is lives for two hours.
    assert!(
        ends.len() == 1 && ends[0] > START.plus_seconds(7200).to_string().as_str(),
        "{keys}"
    );
    server.pass(HOUR - 1);
    server.me(text(&ada, "accessToken")).await.expect(200);
}

#[rocket::async_test]
async fn a_refresh_past_the_limit_of_changes_does_not_use_the_token_up() {
    let server = TestApp::open(Settings {
        writes_per_minute_per_account: 1,
        ..cheap()
    })
    .await;
    let ada = server.register("ada@example.com").await;
    let change = |name: &str| {
        let (token, body) = (text(&ada, "accessToken"), json!({"firstName": name}));
        server.call(Method::Patch, "/auth/me", token, body)
    };
    change("Ada").await.expect(200);
    server.pass(MINUTE - 1);
    let refused = refresh(&server, text(&ada, "refreshToken")).await;
    refused.refused(429, "rate_limited");
    assert_eq!(refused.retry_after, Some(1));
    server.pass(1);
    refresh(&server, text(&ada, "refreshToken"))
        .await
        .expect(200);
    change("Eve").await.refused(429, "rate_limited");
}

/// A server whose clock was ahead, and is put right by a restart: what was dead then is dead now.
#[rocket::async_test]
async fn a_clock_that_is_behind_after_a_restart_brings_no_key_and_no_secret_back() {
    let directory = tempfile::tempdir().unwrap();
    let settings = || Settings {
        data_dir: directory.path().join("data"),
        ..cheap()
    };
    let server = TestApp::open(settings()).await;
    let ada = server.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    let mint = async |name: &str| {
        let body = json!({"name": name, "scopes": ["read"]});
        server.post("/apikey", access, body).await.expect(201)
    };
    let deleted = mint("deleted").await;
    let rotated = mint("rotated").await;
    let graced = mint("graced").await;
    let kept = mint("kept").await;
    let body = json!({"name": "x", "grantTypes": ["client_credentials"], "scopes": ["read"]});
    let operator = server.operator();
    let client = server.post("/admin/clients", &operator, body).await;
    let client = client.expect(201);
    server.pass(HOUR / 2);
    let path = format!("/admin/clients/{}/secret", text(&client, "id"));
    let body = json!({"graceSeconds": 3});
    server.post(&path, &operator, body).await.expect(200);
    let id = |key: &Value| format!("/apikey/{}", text(key, "id"));
    let rotate = async |key: &Value, seconds: u64| {
        let path = format!("{}/rotate", id(key));
        let body = json!({"graceSeconds": seconds});
        server.post(&path, access, body).await.expect(201)
    };
    rotate(&rotated, 0).await;
    rotate(&graced, HOUR / 1000).await;
    server.pass(5_000);
    server
        .call(Method::Delete, &id(&deleted), access, Value::Null)
        .await
        .expect(204);
    server.close().await;
    let server = TestApp::open(settings()).await;
    for dead in [&deleted, &rotated] {
        let key = text(dead, "key");
        server.me(key).await.refused(401, "token_revoked");
    }
    let body = json!({"grantType": "client_credentials", "clientId": client["id"], "clientSecret": client["clientSecret"]});
    let refused = server.post("/auth/token", "", body).await;
    assert_eq!(text(&refused.expect(401), "error"), "invalid_client");
    // What had time left has some still.
    for alive in [&graced, &kept] {
        server.me(text(alive, "key")).await.expect(200);
    }
    server.close().await;
}
