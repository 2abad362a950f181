//! Limits of API keys as time goes by.

use rocket::http::Method;
use serde_json::{Value, json};

use crate::test_app::{START, TestApp, cheap, text};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

async fn mint(server: &TestApp, terms: Value) -> Value {
    let mut body = terms;
    body["name"] = json!("k");
    body["scopes"] = json!(["read"]);
    let operator = server.operator();
    server
        .post("/admin/apikeys", &operator, body)
        .await
        .expect(201)
}

async fn verify(server: &TestApp, key: &Value, cost: u64) -> Value {
    let body = json!({"key": key["key"], "cost": cost});
    server
        .post("/apikey/verify", &server.operator(), body)
        .await
        .expect(200)
}

async fn usage(server: &TestApp, key: &Value, query: &str) -> Vec<(String, u64, u64)> {
    let path = format!("/admin/apikeys/{}/usage?{query}", text(key, "id"));
    let told = server
        .call(Method::Get, &path, &server.operator(), Value::Null)
        .await
        .expect(200);
    let points = told["data"].as_array().unwrap().iter();
    points
        .map(|point| {
            let of = |name: &str| point[name].as_u64().unwrap();
            (text(point, "time").to_owned(), of("valid"), of("refused"))
        })
        .collect()
}

#[rocket::async_test]
async fn a_window_slides_and_what_is_spent_comes_back_when_it_is_a_window_old() {
    let server = TestApp::open(cheap()).await;
    let key = mint(
        &server,
        json!({"rateLimit": {"limit": 10, "windowSeconds": 60}}),
    )
    .await;
    let told = verify(&server, &key, 6).await;
    assert_eq!(
        told["rateLimit"],
        json!({"limit": 10, "remaining": 4, "resetSeconds": 60})
    );
    server.pass(40_000);
    let told = verify(&server, &key, 4).await;
    assert_eq!(
        told["rateLimit"],
        json!({"limit": 10, "remaining": 0, "resetSeconds": 20})
    );
    server.pass(19_999);
    let told = verify(&server, &key, 1).await;
    assert_eq!(told["code"], "rate_limited");
    assert_eq!(
        told["rateLimit"],
        json!({"limit": 10, "remaining": 0, "resetSeconds": 1})
    );
    // Seven fit only once the four have come back too.
    assert_eq!(
        verify(&server, &key, 7).await["rateLimit"]["resetSeconds"],
        41
    );
    server.pass(1);
    assert_eq!(verify(&server, &key, 7).await["code"], "rate_limited");
    assert_eq!(verify(&server, &key, 6).await["code"], "valid");
    // As Bearer it is the same window, and `Retry-After` is when it fits.
    let me = server.me(text(&key, "key")).await;
    me.refused(429, "rate_limited");
    assert_eq!(me.retry_after, Some(40));
    server.pass(40_000);
    server.whoami(text(&key, "key")).await.expect(200);
    assert_eq!(verify(&server, &key, 1).await["rateLimit"]["remaining"], 2);
}

#[rocket::async_test]
async fn quotas_begin_anew_with_the_day_and_the_month_of_utc() {
    let server = TestApp::open(cheap()).await;
    // The clock begins on 2025-11-24 at 16:00.
    let day = mint(&server, json!({"quota": {"limit": 2, "period": "day"}})).await;
    let month = mint(&server, json!({"quota": {"limit": 2, "period": "month"}})).await;
    for key in [&day, &month] {
        assert_eq!(verify(&server, key, 2).await["code"], "valid");
        assert_eq!(verify(&server, key, 1).await["code"], "quota_exceeded");
    }
    assert_eq!(
        verify(&server, &day, 1).await["quota"]["resetsAt"],
        "2025-11-25T00:00:00.000Z"
    );
    assert_eq!(
        verify(&server, &month, 1).await["quota"]["resetsAt"],
        "2025-12-01T00:00:00.000Z"
    );
    let me = server.whoami(text(&day, "key")).await;
    me.refused(429, "rate_limited");
    assert_eq!(me.retry_after, Some(8 * 3600));
    server.pass(8 * 60 * MINUTE - 1);
    assert_eq!(verify(&server, &day, 1).await["code"], "quota_exceeded");
    server.pass(1);
    assert_eq!(verify(&server, &day, 1).await["quota"]["remaining"], 1);
    assert_eq!(verify(&server, &month, 1).await["code"], "quota_exceeded");
    server.pass(6 * DAY);
    assert_eq!(verify(&server, &month, 1).await["quota"]["remaining"], 1);
}

#[rocket::async_test]
async fn expired_is_told_before_disabled() {
    let server = TestApp::open(cheap()).await;
    let end = START.plus_seconds(60).to_string();
    let key = mint(&server, json!({"expiresAt": end, "enabled": false})).await;
    assert_eq!(verify(&server, &key, 1).await["code"], "disabled");
    server.pass(MINUTE);
    assert_eq!(verify(&server, &key, 1).await["code"], "expired");
    server
        .me(text(&key, "key"))
        .await
        .refused(401, "token_expired");
}

#[rocket::async_test]
async fn use_is_kept_for_35_days_by_hour_and_13_months_by_day() {
    let server = TestApp::open(cheap()).await;
    let key = mint(
        &server,
        json!({"rateLimit": {"limit": 1, "windowSeconds": 1}}),
    )
    .await;
    for _ in 0..2 {
        verify(&server, &key, 1).await;
    }
    server.pass(60 * MINUTE);
    verify(&server, &key, 1).await;
    let hours = |data: Vec<(String, u64, u64)>| data;
    assert_eq!(
        hours(usage(&server, &key, "by=hour").await),
        [
            ("2025-11-24T16:00:00.000Z".into(), 1, 1),
            ("2025-11-24T17:00:00.000Z".into(), 1, 0)
        ]
    );
    assert_eq!(
        usage(&server, &key, "by=day").await,
        [("2025-11-24T00:00:00.000Z".into(), 2, 1)]
    );
    // The hour that `from` lies in is told whole; one that begins at `to` is not.
    let part = "by=hour&from=2025-11-24T16:30:00Z&to=2025-11-24T17:00:00Z";
    assert_eq!(
        usage(&server, &key, part).await,
        [("2025-11-24T16:00:00.000Z".into(), 1, 1)]
    );
    server.pass(34 * DAY);
    assert_eq!(usage(&server, &key, "by=hour").await.len(), 2);
    server.pass(2 * DAY);
    assert!(
        usage(&server, &key, "by=hour&from=2025-01-01T00:00:00Z")
            .await
            .is_empty()
    );
    server
        .doorward
        .services()
        .store
        .sweep(server.doorward.services().clock.now(), 0)
        .await
        .unwrap();
    assert_eq!(
        usage(&server, &key, "by=day").await,
        [("2025-11-24T00:00:00.000Z".into(), 2, 1)]
    );
    server.pass(365 * DAY);
    server
        .doorward
        .services()
        .store
        .sweep(server.doorward.services().clock.now(), 0)
        .await
        .unwrap();
    assert!(usage(&server, &key, "by=day").await.is_empty());
}

#[rocket::async_test]
async fn what_was_spent_is_known_after_a_restart_and_meters_not_used_are_let_go() {
    let directory = tempfile::tempdir().unwrap();
    let settings = || doorward_server::Settings {
        data_dir: directory.path().join("data"),
        ..cheap()
    };
    let server = TestApp::open(settings()).await;
    let key = mint(
        &server,
        json!({"rateLimit": {"limit": 10, "windowSeconds": 86400}}),
    )
    .await;
    verify(&server, &key, 4).await;
    server.close().await;
    let server = TestApp::open(settings()).await;
    server.pass(1000);
    assert_eq!(verify(&server, &key, 1).await["rateLimit"]["remaining"], 5);
    // Written, and let go of after ten minutes: what is loaded again is the same.
    usage(&server, &key, "by=day").await;
    server.pass(11 * MINUTE);
    usage(&server, &key, "by=day").await;
    assert_eq!(verify(&server, &key, 1).await["rateLimit"]["remaining"], 4);
    server.pass(DAY - 11 * MINUTE);
    assert_eq!(verify(&server, &key, 1).await["rateLimit"]["remaining"], 8);
    server.close().await;
}
