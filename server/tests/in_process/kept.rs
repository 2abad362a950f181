//! What is kept for a while: answers that may be asked for again, forms that may be filled in, keys until they expire.

use doorward_shared::Timestamp;
use rocket::http::Method;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, START, cheap, text};

const SECOND: u64 = 1000;
const DAY: u64 = 86_400 * SECOND;

/// An operator's call with an `Idempotency-Key`: its status and its answer.
async fn once(house: &House, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let bearer = format!("Bearer {}", house.operator());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    let (status, _, text) = house
        .send(Method::Post, path, &headers, &body.to_string())
        .await;
    (status, serde_json::from_str(&text).unwrap_or_default())
}

#[rocket::async_test]
async fn an_idempotent_call_that_failed_is_tried_again() {
    let house = House::open(cheap()).await;
    let body = json!({"email": "ada@example.com", "role": "clerk"});
    let (status, refused) = once(&house, "/admin/users", "k", &body).await;
    assert_eq!((status, &refused["error"]["field"]), (422, &json!("role")));
    let role = json!({"permissions": ["read"]});
    let operator = house.operator();
    let made = house.call(Method::Put, "/admin/roles/clerk", &operator, role);
    made.await.expect(201);
    let (status, made) = once(&house, "/admin/users", "k", &body).await;
    assert_eq!(status, 201, "{made}");
    // And what has succeeded is not done again.
    assert_eq!(once(&house, "/admin/users", "k", &body).await, (201, made));
}

#[rocket::async_test]
async fn one_idempotency_key_may_come_with_several_calls() {
    let house = House::open(cheap()).await;
    let mut rotated = Vec::new();
    for name in ["nightly", "weekly"] {
        let body = json!({"name": name, "scopes": ["read"]});
        let (status, minted) = once(&house, "/admin/apikeys", name, &body).await;
        assert_eq!(status, 201, "{minted}");
        let path = format!("/admin/apikeys/{}/rotate", text(&minted, "id"));
        let (status, new) = once(&house, &path, "k", &json!({})).await;
        assert_eq!((status, text(&new, "name")), (201, name), "{new}");
        rotated.push((path, new));
    }
    for (path, new) in rotated {
        assert_eq!(once(&house, &path, "k", &json!({})).await, (201, new));
    }
}

#[rocket::async_test]
async fn an_answer_may_be_asked_for_again_for_600_seconds() {
    let house = House::open(cheap()).await;
    let body = json!({"name": "nightly", "scopes": ["read"]});
    let (status, first) = once(&house, "/admin/apikeys", "k", &body).await;
    assert_eq!(status, 201, "{first}");
    house.pass(600 * SECOND - 1);
    let (_, again) = once(&house, "/admin/apikeys", "k", &body).await;
    assert_eq!(again, first);
    house.pass(1);
    let (status, other) = once(&house, "/admin/apikeys", "k", &body).await;
    assert_eq!(status, 201);
    assert_ne!(text(&other, "id"), text(&first, "id"));
}

/// Opens the sign-in page, waits, and sends its form: whether that opened a session.
async fn signs_in_after(house: &House, wait: u64) -> bool {
    let operator = house.operator();
    let live = async || {
        let path = "/admin/sessions?active=true";
        let page = house.call(Method::Get, path, &operator, Value::Null);
        page.await.expect(200)["pagination"]["total"]
            .as_u64()
            .unwrap()
    };
    let before = live().await;
    let (status, cookie, page) = house.send(Method::Get, "/sign-in", &[], "").await;
    assert_eq!(status, 200);
    let field = page.split("name=\"csrf_token\"").nth(1).unwrap();
    let token = field
        .split("value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    house.pass(wait);
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
    house
        .send(Method::Post, "/sign-in", &headers, &encoded.join("&"))
        .await;
    live().await > before
}

#[rocket::async_test]
async fn a_form_may_be_filled_in_for_an_hour() {
    let house = House::open(cheap()).await;
    house.register("ada@example.com").await;
    assert!(signs_in_after(&house, 3600 * SECOND - 1).await);
    assert!(!signs_in_after(&house, 3600 * SECOND).await);
    assert!(signs_in_after(&house, 0).await);
}

#[rocket::async_test]
async fn a_key_that_has_not_expired_survives_the_sweeper() {
    let house = House::open(cheap()).await;
    let ada = house.register("ada@example.com").await;
    let ends = Timestamp(START.0 + 10 * 86_400_000);
    let body = json!({"name": "x", "scopes": ["read"], "expiresAt": ends.to_string()});
    let minted = house
        .post("/apikey", text(&ada, "accessToken"), body)
        .await
        .expect(201);
    let key = text(&minted, "key");
    let sweep = || {
        house
            .doorward
            .services()
            .store
            .sweep(house.doorward.services().clock.now(), 365)
    };
    sweep().await.unwrap();
    house.me(key).await.expect(200);
    house.pass(10 * DAY - 1);
    sweep().await.unwrap();
    house.me(key).await.expect(200);
    house.pass(1);
    sweep().await.unwrap();
    house.me(key).await.refused(401, "token_expired");
}

async fn swept(house: &House, event_days: u32) {
    let services = house.doorward.services();
    let now = services.clock.now();
    services.store.sweep(now, event_days).await.unwrap();
}

#[rocket::async_test]
async fn a_block_that_is_over_is_deleted() {
    let house = House::open(cheap()).await;
    let body = json!({"network": "203.0.113.0/24", "reason": "a flood"});
    let made = house.post("/admin/blocks", &house.operator(), body).await;
    made.expect(201);
    let kept = || -> u32 {
        let count = "SELECT count(*) FROM blocks";
        house
            .database()
            .query_row(count, [], |row| row.get(0))
            .unwrap()
    };
    house.pass(DAY - 1);
    swept(&house, 365).await;
    assert_eq!(kept(), 1);
    house.pass(1);
    swept(&house, 365).await;
    assert_eq!(kept(), 0);
}

#[rocket::async_test]
async fn what_was_done_of_setting_up_is_known_when_its_events_are_gone() {
    let house = House::open(cheap()).await;
    let operator = house.operator();
    let setup = async || {
        let path = "/admin/server";
        let told = house.call(Method::Get, path, &operator, Value::Null).await;
        told.expect(200)["setup"]["backedUpAt"].clone()
    };
    assert_eq!(setup().await, Value::Null);
    let made = house
        .post("/admin/server/backup", &operator, json!({}))
        .await;
    made.expect(201);
    let at = setup().await;
    assert!(at.is_string(), "{at}");
    house.pass(40 * DAY);
    swept(&house, 30).await;
    assert_eq!(house.events("server.backed_up").await, 0);
    assert_eq!(setup().await, at);
}
