//! Second factors and time.

use doorward_server::Settings;
use rocket::http::Method;
use serde_json::json;

use crate::test_app::{PASSWORD, TestApp, cheap, text};

/// A password that was shown at home makes no other address a known one.
#[rocket::async_test]
async fn wrong_codes_from_anywhere_count_against_the_account() {
    let settings = Settings {
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        password_failures_per_account: 3,
        ..cheap()
    };
    let server = TestApp::open(settings).await;
    let ada = server.register("ada@example.com").await;
    server.set_up_totp(text(&ada, "accessToken")).await;
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let mut statuses = Vec::new();
    for from in 1..=4 {
        let begun = server.post("/auth/login", "", login.clone()).await;
        let from = format!("203.0.113.{from}");
        let headers = [
            ("content-type", "application/json"),
            ("x-forwarded-for", from.as_str()),
        ];
        let tried = json!({"mfaToken": begun.body["mfaToken"], "code": "000000"}).to_string();
        let answer = server.answer(Method::Post, "/auth/mfa", &headers, &tried);
        statuses.push(answer.await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429]);
    // At home its owner goes on.
    server
        .post("/auth/login", "", login)
        .await
        .refused(401, "mfa_required");
    server.close().await;
}

#[rocket::async_test]
async fn a_set_up_of_one_time_codes_is_open_for_ten_minutes() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let access = ada["accessToken"].as_str().unwrap();
    let begin = || server.post("/auth/mfa/totp", access, json!({"password": PASSWORD}));
    let wrong = || server.post("/auth/mfa/totp/confirm", access, json!({"code": "000000"}));
    begin().await.expect(200);
    server.pass(599_999);
    wrong().await.refused(401, "invalid_credentials");
    server.pass(1);
    wrong().await.refused(409, "conflict");
    begin().await.expect(200);
    wrong().await.refused(401, "invalid_credentials");
}
