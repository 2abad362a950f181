//! Exact expiry of codes, authorization requests, browser sessions and keys in lists, and retention after it.

use doorward_server::Settings;
use doorward_shared::Timestamp;
use rocket::http::Method;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, app, authorize, redeem, total},
    test_app::{START, TestApp, cheap, text},
};

const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;

#[rocket::async_test]
async fn a_code_is_good_for_60_seconds() {
    let server = TestApp::open(cheap()).await;
    server.register("ada@example.com").await;
    let app = app(&server).await;
    let browser = Browser::new(&server);
    browser.enter("ada@example.com").await;
    let (one, two) = (browser.code(&app, "").await, browser.code(&app, "").await);
    server.pass(60 * SECOND - 1);
    redeem(&server, &app, &one).await.expect(200);
    server.pass(1);
    let late = redeem(&server, &app, &two).await;
    assert_eq!(
        (late.status, &late.body["error"]),
        (400, &json!("invalid_grant"))
    );
}

#[rocket::async_test]
async fn a_code_that_comes_again_ends_what_it_gave_for_a_day_after_its_end() {
    for (wait, ended) in [(DAY + 60 * SECOND, true), (DAY + 60 * SECOND + 1, false)] {
        let server = TestApp::open(cheap()).await;
        server.register("ada@example.com").await;
        let app = app(&server).await;
        let browser = Browser::new(&server);
        browser.enter("ada@example.com").await;
        let code = browser.code(&app, "").await;
        redeem(&server, &app, &code).await.expect(200);
        server.pass(wait);
        let now = server.doorward.services().clock.now();
        server
            .doorward
            .services()
            .store
            .sweep(now, 365)
            .await
            .unwrap();
        let again = redeem(&server, &app, &code).await;
        assert_eq!(again.body["error"], "invalid_grant");
        assert_eq!(
            server.events("session.replayed").await,
            u64::from(ended),
            "{wait}"
        );
    }
}

/// The `request` that a page asks to sign in for.
async fn kept(browser: &Browser<'_>, app: &str) -> String {
    let page = browser.get(&authorize(app, "&prompt=login")).await;
    let fields = page.form("/sign-in");
    let field = fields.into_iter().find(|(name, _)| name == "request");
    field.unwrap().1
}

#[rocket::async_test]
async fn a_kept_request_goes_on_for_an_hour_then_anew_and_is_over_after_a_day() {
    let server = TestApp::open(cheap()).await;
    server.register("ada@example.com").await;
    let app = app(&server).await;
    let browser = Browser::new(&server);
    let request = kept(&browser, &app).await;
    let go_on = format!("/oauth/authorize/continue?request={request}");
    server.pass(1);
    browser.enter("ada@example.com").await;
    server.pass(HOUR - 2);
    // Whoever has signed in since it came has signed in for it.
    assert!(!browser.get(&go_on).await.asks_to_sign_in());
    server.pass(1);
    assert!(browser.get(&go_on).await.asks_to_sign_in());
    server.pass(23 * HOUR - 1);
    assert_eq!(browser.get(&go_on).await.status, 200);
    server.pass(1);
    assert_eq!(browser.get(&go_on).await.status, 400);
}

#[rocket::async_test]
async fn max_age_asks_a_sign_in_that_is_older_by_a_millisecond() {
    let server = TestApp::open(cheap()).await;
    server.register("ada@example.com").await;
    let app = app(&server).await;
    let browser = Browser::new(&server);
    browser.enter("ada@example.com").await;
    server.pass(100 * SECOND);
    let asked = authorize(&app, "&max_age=100");
    assert!(!browser.get(&asked).await.asks_to_sign_in());
    server.pass(1);
    assert!(browser.get(&asked).await.asks_to_sign_in());
}

#[rocket::async_test]
async fn a_browser_is_signed_in_until_its_idle_end_which_use_moves_and_its_absolute_end() {
    let settings = Settings {
        refresh_token_seconds: 1000,
        session_seconds: 2500,
        ..cheap()
    };
    let server = TestApp::open(settings).await;
    server.register("ada@example.com").await;
    let [idle, used] = [Browser::new(&server), Browser::new(&server)];
    for browser in [&idle, &used] {
        browser.enter("ada@example.com").await;
    }
    server.pass(1000 * SECOND - 1);
    assert!(used.is_signed_in().await);
    server.pass(1);
    assert!(!idle.is_signed_in().await);
    server.pass(999 * SECOND);
    assert!(used.is_signed_in().await);
    server.pass(501 * SECOND - 1);
    assert!(used.is_signed_in().await);
    server.pass(1);
    assert!(!used.is_signed_in().await);
}

#[rocket::async_test]
async fn what_is_over_is_counted_and_listed_as_over_at_that_instant() {
    let settings = Settings {
        refresh_token_seconds: 100,
        access_token_seconds: 50,
        sessions_per_account: 2,
        ..cheap()
    };
    let server = TestApp::open(settings).await;
    let ada = server.register("ada@example.com").await;
    let live = async || {
        let user = text(&ada, "userId");
        let own = format!("/admin/sessions?active=true&userId={user}");
        let over = format!("/admin/sessions?active=false&userId={user}");
        let all = server
            .doorward
            .services()
            .store
            .stats(server.doorward.services().clock.now())
            .await;
        (
            total(&server, &own).await,
            total(&server, &over).await,
            total(&server, "/admin/sessions?active=true").await,
            all.unwrap().now.active_sessions,
        )
    };
    server.pass(100 * SECOND - 1);
    assert_eq!(live().await, (1, 0, 1, 1));
    server.pass(1);
    assert_eq!(live().await, (0, 1, 0, 0));
    // It takes no place of the cap either: nothing is evicted.
    let login = json!({"email": "ada@example.com", "password": crate::test_app::PASSWORD});
    for _ in 0..2 {
        server
            .post("/auth/login", "", login.clone())
            .await
            .expect(200);
    }
    assert_eq!(server.events("session.evicted").await, 0);
    server.pass(100 * SECOND - 1);
    server
        .post("/auth/login", "", login.clone())
        .await
        .expect(200);
    assert_eq!(server.events("session.evicted").await, 1);
}

#[rocket::async_test]
async fn a_key_that_expires_takes_its_place_until_then() {
    let settings = Settings {
        api_keys_per_account: 1,
        ..cheap()
    };
    let server = TestApp::open(settings).await;
    let ada = server.register("ada@example.com").await;
    let (user, access) = (text(&ada, "userId"), text(&ada, "accessToken"));
    let mint = async || {
        let ends = Timestamp(START.0 + 60_000).to_string();
        let body = json!({"name": "x", "scopes": ["read"], "expiresAt": ends});
        server.post("/apikey", access, body).await
    };
    let minted = mint().await.expect(201);
    let plain = json!({"name": "y", "scopes": ["read"]});
    let listed = async |state: &str| {
        let path = format!("/admin/apikeys?active={state}&ownerId={user}");
        total(&server, &path).await
    };
    server.pass(60 * SECOND - 1);
    server
        .post("/apikey", access, plain.clone())
        .await
        .refused(409, "conflict");
    assert_eq!((listed("true").await, listed("false").await), (1, 0));
    server.pass(1);
    assert_eq!((listed("true").await, listed("false").await), (0, 1));
    server
        .post("/apikey", access, plain.clone())
        .await
        .expect(201);
    // The same of a key in the grace of its rotation.
    assert_ne!(text(&minted, "id"), "");
    let own = server
        .call(Method::Get, "/apikey", access, Value::Null)
        .await
        .expect(200);
    let id = own["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/apikey/{id}/rotate");
    server
        .post(&path, access, json!({"graceSeconds": 60}))
        .await
        .refused(409, "conflict");
    server.post(&path, access, Value::Null).await.expect(201);
}

#[rocket::async_test]
async fn a_key_in_its_grace_is_listed_as_live_until_it_is_over() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    let made = server
        .post("/apikey", access, json!({"name": "y", "scopes": ["read"]}))
        .await
        .expect(201);
    let path = format!("/apikey/{}/rotate", text(&made, "id"));
    server
        .post(&path, access, json!({"graceSeconds": 60}))
        .await
        .expect(201);
    let live = async || {
        let path = format!(
            "/admin/apikeys?active=true&ownerId={}",
            text(&ada, "userId")
        );
        let stats = server
            .doorward
            .services()
            .store
            .stats(server.doorward.services().clock.now())
            .await;
        // The operator key is one more.
        (total(&server, &path).await, stats.unwrap().now.api_keys - 1)
    };
    server.pass(60 * SECOND - 1);
    assert_eq!(live().await, (2, 2));
    server.pass(1);
    assert_eq!(live().await, (1, 1));
}

#[rocket::async_test]
async fn dead_sessions_and_keys_are_kept_for_thirty_days() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    server.ended_key_and_session(access).await;
    let rows = async || {
        let now = server.doorward.services().clock.now();
        server
            .doorward
            .services()
            .store
            .sweep(now, 365)
            .await
            .unwrap();
        let keys = format!("/admin/apikeys?ownerId={}", text(&ada, "userId"));
        (
            total(&server, "/admin/sessions").await,
            total(&server, &keys).await,
        )
    };
    server.pass(30 * DAY);
    assert_eq!(rows().await, (1, 1));
    server.pass(1);
    assert_eq!(rows().await, (0, 0));
}

#[rocket::async_test]
async fn a_client_token_that_was_given_up_is_known_until_it_would_have_ended() {
    let server = TestApp::open(cheap()).await;
    let body = json!({"name": "x", "grantTypes": ["client_credentials"], "scopes": ["read"]});
    let client = server
        .post("/admin/clients", &server.operator(), body)
        .await
        .expect(201);
    let ask = json!({"grantType": "client_credentials", "clientId": client["id"], "clientSecret": client["clientSecret"]});
    let token = server.post("/auth/token", "", ask).await.expect(200);
    let token = text(&token, "accessToken");
    server
        .post("/auth/logout", token, Value::Null)
        .await
        .expect(204);
    server.pass(2 * HOUR - 1);
    let now = server.doorward.services().clock.now();
    server
        .doorward
        .services()
        .store
        .sweep(now, 365)
        .await
        .unwrap();
    server.whoami(token).await.refused(401, "token_revoked");
}

#[rocket::async_test]
async fn a_lost_answer_can_be_had_again_until_the_last_millisecond_of_its_window() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let refresh = async || {
        let body = json!({"refreshToken": ada["refreshToken"]});
        server.post("/auth/refresh", "", body).await
    };
    refresh().await.expect(200);
    server.pass(60 * SECOND - 1);
    refresh().await.expect(200);
    server.pass(1);
    refresh().await.refused(401, "token_revoked");
    assert_eq!(server.events("session.replayed").await, 1);
}

#[rocket::async_test]
async fn the_failures_of_an_account_from_everywhere_are_forgotten_after_an_hour() {
    let settings = Settings {
        password_failures_per_account: 2,
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..cheap()
    };
    let server = TestApp::open(settings).await;
    server.register("ada@example.com").await;
    let try_from = async |address: &str, password: &str| {
        let headers = [
            ("content-type", "application/json"),
            ("x-forwarded-for", address),
        ];
        let body = json!({"email": "ada@example.com", "password": password}).to_string();
        server
            .send(Method::Post, "/auth/login", &headers, &body)
            .await
            .0
    };
    let right = crate::test_app::PASSWORD;
    for address in ["192.0.2.1", "192.0.2.2"] {
        assert_eq!(try_from(address, "wrong wrong wrong").await, 401);
    }
    server.pass(HOUR - 1);
    assert_eq!(try_from("192.0.2.3", right).await, 429);
    server.pass(1);
    assert_eq!(try_from("192.0.2.3", right).await, 200);
}
