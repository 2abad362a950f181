//! Second factors and time.

use doorward_server::Settings;
use rocket::http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    browser::{Browser, REDIRECT, authorize, parameter, redeem},
    test_app::{PASSWORD, TestApp, cheap, text},
};

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

/// Signs in with password and code.
async fn sign_in(server: &TestApp, code: &str) -> u16 {
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let begun = server.post("/auth/login", "", login).await;
    let step = json!({"mfaToken": begun.body["mfaToken"], "code": code});
    server.post("/auth/mfa", "", step).await.status
}

#[rocket::async_test]
async fn clocks_may_differ_by_one_step_and_no_step_or_earlier_one_works_again() {
    let settings = Settings {
        password_failures_per_account_and_ip: 0,
        ..cheap()
    };
    let server = TestApp::open(settings).await;
    let ada = server.register("ada@example.com").await;
    let secret = server.set_up_totp(text(&ada, "accessToken")).await;
    let code = |ahead| server.code_of_step(&secret, ahead);
    // That of the set-up, and one before it.
    assert_eq!(sign_in(&server, &code(0)).await, 401);
    assert_eq!(sign_in(&server, &code(-1)).await, 401);
    server.pass(60_000);
    assert_eq!(sign_in(&server, &code(-2)).await, 401, "a clock far behind");
    assert_eq!(sign_in(&server, &code(2)).await, 401, "a clock far ahead");
    assert_eq!(sign_in(&server, &code(-1)).await, 200, "a clock behind");
    assert_eq!(sign_in(&server, &code(1)).await, 200, "a clock ahead");
    for ahead in [1, 0, -1] {
        let status = sign_in(&server, &code(ahead)).await;
        assert_eq!(status, 401, "{ahead} after a later one was used");
    }
    server.pass(30_000);
    assert_eq!(sign_in(&server, &code(0)).await, 401, "used from ahead");
    assert_eq!(sign_in(&server, &code(1)).await, 200);
    server.close().await;
}

/// Phones change their network between the two steps. What opens is from where the code came.
#[rocket::async_test]
async fn a_sign_in_goes_on_from_another_network_once() {
    let settings = Settings {
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..cheap()
    };
    let server = TestApp::open(settings).await;
    let ada = server.register("ada@example.com").await;
    let secret = server.set_up_totp(text(&ada, "accessToken")).await;
    server.pass(30_000);
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let begun = server.post("/auth/login", "", login).await;
    let code = server.code_of(&secret);
    let tried = json!({"mfaToken": begun.body["mfaToken"], "code": code}).to_string();
    let headers = |ip| {
        [
            ("content-type", "application/json"),
            ("x-forwarded-for", ip),
        ]
    };
    let (here, there) = (headers("203.0.113.7"), headers("203.0.113.8"));
    let opened = server.answer(Method::Post, "/auth/mfa", &here, &tried);
    let opened = opened.await;
    assert_eq!(opened.status, 200, "{}", opened.text);
    let again = server.answer(Method::Post, "/auth/mfa", &there, &tried);
    assert_eq!(again.await.status, 401);
    let opened: Value = serde_json::from_str(&opened.text).unwrap();
    let access = text(&opened, "accessToken");
    let sessions = server.call(Method::Get, "/auth/sessions", access, Value::Null);
    let sessions = sessions.await.expect(200);
    let current = sessions["data"].as_array().unwrap().iter();
    let current: Vec<_> = current.filter(|one| one["current"] == true).collect();
    assert_eq!(current[0]["ip"], "203.0.113.7", "{sessions}");
    server.close().await;
}

/// What an application is given after a sign-in with a factor.
async fn given_with_a_factor(server: &TestApp, client: &str, code: &str) -> String {
    let browser = Browser::new(server);
    let page = browser.get("/sign-in").await;
    let page = browser.sign_in(&page, "ada@example.com").await;
    let typed = [("code", code)];
    let entered = browser.send(&page, "/sign-in/factor", &typed).await;
    assert_eq!(entered.status, 303, "{}", entered.text);
    let asked = authorize(client, "").replace("scope=read", "scope=admin");
    let mut page = browser.get(&asked).await;
    if page.onward.is_none() {
        page = browser.send(&page, "/oauth/consent", &[]).await;
    }
    let code = parameter(&page.onward.unwrap(), "code").unwrap();
    let given = redeem(server, client, &code).await.expect(200);
    text(&given, "accessToken").to_owned()
}

/// The id from when a factor was taken away is of the time that the clock was ahead.
#[rocket::async_test]
async fn a_factor_counts_for_an_application_after_the_clock_was_set_back_too() {
    let directory = TempDir::new().unwrap();
    let settings = Settings {
        data_dir: directory.path().join("data"),
        ..cheap()
    };
    let server = TestApp::open(settings.clone()).await;
    server.pass(24 * 3_600_000);
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", text(&ada, "userId"));
    let operator = server.operator();
    let is_admin = json!({"role": "admin"});
    let promoted = server.call(Method::Patch, &path, &operator, is_admin);
    promoted.await.expect(200);
    let access = text(&ada, "accessToken");
    server.set_up_totp(access).await;
    let new_codes = async |server: &TestApp, by: &str| {
        let body = json!({"password": PASSWORD});
        let made = server.post("/auth/mfa/recovery-codes", by, body).await;
        made.expect(200)["recoveryCodes"].clone()
    };
    let codes = new_codes(&server, access).await;
    let app = json!({"name": "app", "redirectUris": [REDIRECT], "scopes": ["admin"],
        "grantTypes": ["authorization_code"], "confidential": false});
    let app = server.post("/admin/clients", &operator, app).await;
    let app = text(&app.expect(201), "id").to_owned();
    server.close().await;

    let server = TestApp::open(settings).await;
    let renames = async |by: &str| {
        let renamed = json!({"firstName": "Ada"});
        server.call(Method::Patch, &path, by, renamed).await.status
    };
    let given = given_with_a_factor(&server, &app, codes[0].as_str().unwrap()).await;
    assert_eq!(renames(&given).await, 200);
    // Nor does what was given before it is taken away once more.
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let begun = server.post("/auth/login", "", login).await;
    let step = json!({"mfaToken": begun.body["mfaToken"], "recoveryCode": codes[1]});
    let here = server.post("/auth/mfa", "", step).await.expect(200);
    let codes = new_codes(&server, text(&here, "accessToken")).await;
    assert_eq!(renames(&given).await, 401);
    let given = given_with_a_factor(&server, &app, codes[0].as_str().unwrap()).await;
    assert_eq!(renames(&given).await, 200);
    server.close().await;
}
