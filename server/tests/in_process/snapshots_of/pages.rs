//! Pages that anybody may be shown: signing in, up and out, second factors, what went wrong.

use doorward_server::{Settings, settings::Registration};
use rocket::http::Method;
use serde_json::{Value, json};

use super::{Transcript, in_each_language};
use crate::{
    browser::{Browser, Page, app, authorize},
    test_app::{PASSWORD, TestApp, cheap, text},
};

const ADA: &str = "ada@example.com";

#[rocket::async_test]
async fn signing_in() {
    in_each_language("sign_in", cheap, async |_, browser| {
        browser.get("/sign-in").await
    })
    .await;
    in_each_language("sign_in_wrong_password", cheap, async |server, browser| {
        server.register(ADA).await;
        let page = browser.get("/sign-in").await;
        let typed = [("email", ADA), ("password", "not this one")];
        browser.send(&page, "/sign-in", &typed).await
    })
    .await;
    in_each_language("sign_in_for_app", cheap, async |server, browser| {
        let app = app(server).await;
        browser.get(&authorize(&app, "")).await
    })
    .await;
    in_each_language("sign_in_disabled", cheap, async |server, browser| {
        let ada = server.register(ADA).await;
        let path = format!("/admin/users/{}", text(&ada, "userId"));
        let operator = server.operator();
        let off = server.call(Method::Patch, &path, &operator, json!({"disabled": true}));
        off.await.expect(200);
        let page = browser.get("/sign-in").await;
        browser.sign_in(&page, ADA).await
    })
    .await;
}

#[rocket::async_test]
async fn too_many_attempts() {
    let strict = || Settings {
        password_failures_per_account_and_ip: 1,
        ..cheap()
    };
    in_each_language("rate_limited", strict, async |server, browser| {
        server.register(ADA).await;
        let page = browser.get("/sign-in").await;
        let typed = [("email", ADA), ("password", "not this one")];
        let page = browser.send(&page, "/sign-in", &typed).await;
        browser.send(&page, "/sign-in", &typed).await
    })
    .await;
}

/// Somebody with an authenticator who has shown their password.
async fn asked_for_a_factor(server: &TestApp, browser: &Browser<'_>) -> Page {
    let ada = server.register(ADA).await;
    let access = text(&ada, "accessToken");
    server.set_up_totp(access).await;
    let page = browser.get("/sign-in").await;
    browser.sign_in(&page, ADA).await
}

#[rocket::async_test]
async fn second_factors() {
    in_each_language("factor", cheap, asked_for_a_factor).await;
    in_each_language("factor_wrong", cheap, async |server, browser| {
        let page = asked_for_a_factor(server, browser).await;
        let wrong = [("code", "000000")];
        browser.send(&page, "/sign-in/factor", &wrong).await
    })
    .await;
    let required = || Settings {
        mfa_required_for: vec!["customer".into()],
        ..cheap()
    };
    in_each_language("enrol", required, async |server, browser| {
        let body = json!({"email": ADA, "password": PASSWORD});
        server.post("/auth/register", "", body).await;
        let page = browser.get("/sign-in").await;
        browser.sign_in(&page, ADA).await
    })
    .await;
}

#[rocket::async_test]
async fn signing_up() {
    in_each_language("sign_up", cheap, async |_, browser| {
        browser.get("/sign-up").await
    })
    .await;
    in_each_language("sign_up_email_taken", cheap, async |server, browser| {
        server.register(ADA).await;
        let page = browser.get("/sign-up").await;
        let typed = [("email", ADA), ("password", "a good long one")];
        browser.send(&page, "/sign-up", &typed).await
    })
    .await;
    in_each_language("sign_up_weak_password", cheap, async |_, browser| {
        let page = browser.get("/sign-up").await;
        let typed = [
            ("email", ADA),
            ("password", "password"),
            ("firstName", "Ada"),
        ];
        browser.send(&page, "/sign-up", &typed).await
    })
    .await;
    let closed = || Settings {
        registration: Registration::Closed,
        ..cheap()
    };
    in_each_language("sign_up_closed", closed, async |_, browser| {
        browser.get("/sign-up").await
    })
    .await;
}

#[rocket::async_test]
async fn signing_out() {
    in_each_language("sign_out", cheap, async |server, browser| {
        server.register(ADA).await;
        browser.enter(ADA).await;
        browser.get("/sign-out").await
    })
    .await;
    in_each_language("signed_out", cheap, async |server, browser| {
        server.register(ADA).await;
        browser.enter(ADA).await;
        let page = browser.get("/sign-out").await;
        let gone = browser.send(&page, "/sign-out", &[]).await;
        match gone.onward {
            Some(to) => browser.get(&to).await,
            None => gone,
        }
    })
    .await;
}

#[rocket::async_test]
async fn forms_that_are_not_taken() {
    in_each_language("form_used", cheap, async |server, browser| {
        server.register(ADA).await;
        let page = browser.get("/sign-in").await;
        let wrong = [("email", ADA), ("password", "not this one")];
        browser.send(&page, "/sign-in", &wrong).await;
        browser.send(&page, "/sign-in", &wrong).await
    })
    .await;
    in_each_language("form_foreign", cheap, async |_, browser| {
        let page = browser.get("/sign-up").await;
        browser.submit_from_elsewhere(&page, "/sign-up").await
    })
    .await;
}

/// What an application without a page of its own hears of somebody at `/`.
#[rocket::async_test]
async fn the_front_door() {
    let server = TestApp::open(cheap()).await;
    let mut shown = Transcript::of(&server);
    let page = [("accept", "text/html")];
    shown.send(Method::Get, "/", &page, "").await;
    shown.call(Method::Get, "/", "", "").await;
    let change = "/.well-known/change-password";
    shown.send(Method::Get, change, &page, "").await;
    shown.is("front_door");
    let body = server.call(Method::Get, "/", "", Value::Null).await;
    body.refused(404, "not_found");
}
