//! Second factors and time.

use serde_json::json;

use crate::test_app::{PASSWORD, TestApp, cheap};

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
