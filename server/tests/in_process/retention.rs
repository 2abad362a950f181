//! Retention: idempotent responses, form tokens, and keys until they expire.

use doorward_shared::Timestamp;
use rocket::http::Method;
use serde_json::{Value, json};

use crate::test_app::{PASSWORD, START, TestApp, cheap, text};

const SECOND: u64 = 1000;
const DAY: u64 = 86_400 * SECOND;

/// An operator's call with an `Idempotency-Key`: its status and its answer.
async fn once(server: &TestApp, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let bearer = format!("Bearer {}", server.operator());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    let (status, _, text) = server
        .send(Method::Post, path, &headers, &body.to_string())
        .await;
    (status, serde_json::from_str(&text).unwrap_or_default())
}

#[rocket::async_test]
async fn an_idempotent_call_that_failed_is_tried_again() {
    let server = TestApp::open(cheap()).await;
    let body = json!({"email": "ada@example.com", "role": "clerk"});
    let (status, refused) = once(&server, "/admin/users", "k", &body).await;
    assert_eq!((status, &refused["error"]["field"]), (422, &json!("role")));
    let role = json!({"permissions": ["read"]});
    let operator = server.operator();
    let made = server.call(Method::Put, "/admin/roles/clerk", &operator, role);
    made.await.expect(201);
    let (status, made) = once(&server, "/admin/users", "k", &body).await;
    assert_eq!(status, 201, "{made}");
    // And what has succeeded is not done again.
    assert_eq!(once(&server, "/admin/users", "k", &body).await, (201, made));
}

#[rocket::async_test]
async fn one_idempotency_key_may_come_with_several_calls() {
    let server = TestApp::open(cheap()).await;
    let mut rotated = Vec::new();
    for name in ["nightly", "weekly"] {
        let body = json!({"name": name, "scopes": ["read"]});
        let (status, minted) = once(&server, "/admin/apikeys", name, &body).await;
        assert_eq!(status, 201, "{minted}");
        let path = format!("/admin/apikeys/{}/rotate", text(&minted, "id"));
        let (status, new) = once(&server, &path, "k", &json!({})).await;
        assert_eq!((status, text(&new, "name")), (201, name), "{new}");
        rotated.push((path, new));
    }
    for (path, new) in rotated {
        assert_eq!(once(&server, &path, "k", &json!({})).await, (201, new));
    }
}

#[rocket::async_test]
async fn an_answer_may_be_asked_for_again_for_600_seconds() {
    let server = TestApp::open(cheap()).await;
    let body = json!({"name": "nightly", "scopes": ["read"]});
    let (status, first) = once(&server, "/admin/apikeys", "k", &body).await;
    assert_eq!(status, 201, "{first}");
    server.pass(600 * SECOND - 1);
    let (_, again) = once(&server, "/admin/apikeys", "k", &body).await;
    assert_eq!(again, first);
    server.pass(1);
    let (status, other) = once(&server, "/admin/apikeys", "k", &body).await;
    assert_eq!(status, 201);
    assert_ne!(text(&other, "id"), text(&first, "id"));
}

/// Opens the sign-in page, waits, and sends its form: whether that opened a session.
async fn signs_in_after(server: &TestApp, wait: u64) -> bool {
    let operator = server.operator();
    let live = async || {
        let path = "/admin/sessions?active=true";
        let page = server.call(Method::Get, path, &operator, Value::Null);
        page.await.expect(200)["pagination"]["total"]
            .as_u64()
            .unwrap()
    };
    let before = live().await;
    let (status, cookie, page) = server.send(Method::Get, "/sign-in", &[], "").await;
    assert_eq!(status, 200);
    let field = page.split("name=\"csrf_token\"").nth(1).unwrap();
    let token = field
        .split("value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    server.pass(wait);
    let form = [
        ("csrf_token", token),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
    ];
    let encoded: Vec<_> = form
        .map(|(name, value)| format!("{name}={}", value.replace('+', "%2B").replace(' ', "+")))
        .to_vec();
    let headers = [
        ("cookie", cookie.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    server
        .send(Method::Post, "/sign-in", &headers, &encoded.join("&"))
        .await;
    live().await > before
}

#[rocket::async_test]
async fn a_form_may_be_filled_in_for_an_hour() {
    let server = TestApp::open(cheap()).await;
    server.register("ada@example.com").await;
    assert!(signs_in_after(&server, 3600 * SECOND - 1).await);
    assert!(!signs_in_after(&server, 3600 * SECOND).await);
    assert!(signs_in_after(&server, 0).await);
}

#[rocket::async_test]
async fn a_key_that_has_not_expired_survives_the_sweeper() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let ends = Timestamp(START.0 + 10 * 86_400_000);
    let body = json!({"name": "x", "scopes": ["read"], "expiresAt": ends.to_string()});
    let minted = server
        .post("/apikey", text(&ada, "accessToken"), body)
        .await
        .expect(201);
    let key = text(&minted, "key");
    let sweep = || {
        server
            .doorward
            .services()
            .store
            .sweep(server.doorward.services().clock.now(), 365)
    };
    sweep().await.unwrap();
    server.me(key).await.expect(200);
    server.pass(10 * DAY - 1);
    sweep().await.unwrap();
    server.me(key).await.expect(200);
    server.pass(1);
    sweep().await.unwrap();
    server.me(key).await.refused(401, "token_expired");
}

async fn swept(server: &TestApp, event_days: u32) {
    let services = server.doorward.services();
    let now = services.clock.now();
    services.store.sweep(now, event_days).await.unwrap();
}

#[rocket::async_test]
async fn a_block_that_is_over_is_deleted() {
    let server = TestApp::open(cheap()).await;
    let body = json!({"network": "203.0.113.0/24", "reason": "a flood"});
    let made = server.post("/admin/blocks", &server.operator(), body).await;
    made.expect(201);
    let kept = || -> u32 {
        let count = "SELECT count(*) FROM blocks";
        server
            .database()
            .query_row(count, [], |row| row.get(0))
            .unwrap()
    };
    server.pass(DAY - 1);
    swept(&server, 365).await;
    assert_eq!(kept(), 1);
    server.pass(1);
    swept(&server, 365).await;
    assert_eq!(kept(), 0);
}

#[rocket::async_test]
async fn what_was_done_of_setting_up_is_known_when_its_events_are_gone() {
    let server = TestApp::open(cheap()).await;
    let operator = server.operator();
    let setup = async || {
        let path = "/admin/server";
        let told = server.call(Method::Get, path, &operator, Value::Null).await;
        told.expect(200)["setup"]["backedUpAt"].clone()
    };
    assert_eq!(setup().await, Value::Null);
    let made = server
        .post("/admin/server/backup", &operator, json!({}))
        .await;
    made.expect(201);
    let at = setup().await;
    assert!(at.is_string(), "{at}");
    server.pass(40 * DAY);
    swept(&server, 30).await;
    assert_eq!(server.events("server.backed_up").await, 0);
    assert_eq!(setup().await, at);
}
