//! Consent and its refusals, and the errors of the OAuth endpoints.

use base64::{Engine, prelude::BASE64_STANDARD};
use doorward_server::{Settings, settings::ClientRegistration};
use rocket::http::Method;
use serde_json::json;

use super::{Transcript, in_each_language};
use crate::{
    browser::{Browser, Page, REDIRECT, VERIFIER, app, authorize},
    test_app::{TestApp, cheap, text},
};

const ADA: &str = "ada@example.com";

/// Ada, signed in, where a client asks for these scopes.
async fn asked(server: &TestApp, browser: &Browser<'_>, scopes: &[&str]) -> Page {
    server.register(ADA).await;
    browser.enter(ADA).await;
    let body = json!({"name": "Billing", "redirectUris": [REDIRECT], "scopes": scopes, "confidential": false,
        "grantTypes": ["authorization_code"]});
    let made = server
        .post("/admin/clients", &server.operator(), body)
        .await;
    let client = text(&made.expect(201), "id").to_owned();
    let path = authorize(&client, "&state=s")
        .replace("scope=read", &format!("scope={}", scopes.join("+")));
    browser.get(&path).await
}

#[rocket::async_test]
async fn consent() {
    in_each_language("consent", cheap, async |server, browser| {
        let scopes = [
            "openid",
            "profile",
            "email",
            "groups",
            "offline_access",
            "read",
            "write:orders",
        ];
        asked(server, browser, &scopes).await
    })
    .await;
    in_each_language("consent_for_nothing", cheap, async |server, browser| {
        asked(server, browser, &["openid"]).await
    })
    .await;
    in_each_language("not_admitted", cheap, async |server, browser| {
        server.register(ADA).await;
        browser.enter(ADA).await;
        let body = json!({"name": "Payroll", "redirectUris": [REDIRECT], "scopes": ["read"],
            "grantTypes": ["authorization_code"], "confidential": false, "allowedGroups": ["hr"]});
        let made = server
            .post("/admin/clients", &server.operator(), body)
            .await;
        let client = text(&made.expect(201), "id").to_owned();
        browser.get(&authorize(&client, "&state=s")).await
    })
    .await;
}

#[rocket::async_test]
async fn requests_that_are_answered_on_a_page() {
    in_each_language("unknown_client", cheap, async |_, browser| {
        browser.get(&authorize("nobody", "")).await
    })
    .await;
    in_each_language("foreign_redirect", cheap, async |server, browser| {
        let app = app(server).await;
        let path = authorize(&app, "").replace("app.example", "evil.example");
        browser.get(&path).await
    })
    .await;
}

#[rocket::async_test]
async fn requests_that_are_told_the_client() {
    let server = TestApp::open(cheap()).await;
    let app = app(&server).await;
    let mut shown = Transcript::of(&server);
    let good = authorize(&app, "&state=s");
    for changed in [
        good.replace("response_type=code", "response_type=token"),
        good.replace("scope=read", "scope=admin"),
        good.replace("code_challenge_method=S256", "code_challenge_method=plain"),
        format!("{good}&prompt=none"),
        format!("{good}&request=eyJ"),
        format!("{good}&resource=not-a-uri"),
        format!("{good}&max_age=soon"),
    ] {
        shown.send(Method::Get, &changed, &[], "").await;
    }
    shown.is("authorize_errors");
}

#[rocket::async_test]
async fn the_token_endpoint() {
    let server = TestApp::open(cheap()).await;
    let app = app(&server).await;
    let body = json!({"name": "billing", "redirectUris": [], "grantTypes": ["client_credentials"],
        "scopes": ["read:orders"], "confidential": true});
    let made = server
        .post("/admin/clients", &server.operator(), body)
        .await;
    let made = made.expect(201);
    let (service, secret) = (text(&made, "clientId"), text(&made, "clientSecret"));
    let basic = |id: &str, secret: &str| {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")))
    };
    let (right, wrong) = (basic(service, secret), basic(service, "wrong"));
    let mut shown = Transcript::of(&server);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let token = "/oauth/token";
    for (authorization, body) in [
        (&right, "grant_type=client_credentials".to_owned()),
        (&wrong, "grant_type=client_credentials".into()),
        (&right, "grant_type=password&username=a&password=b".into()),
        (&right, "scope=read".into()),
        (&right, "grant_type=client_credentials&scope=write".into()),
        (
            &right,
            "grant_type=client_credentials&resource=https%3A%2F%2Fapi.example".into(),
        ),
        (
            &right,
            "grant_type=refresh_token&refresh_token=rt_nobody".into(),
        ),
    ] {
        let headers = [form, ("authorization", authorization.as_str())];
        shown.send(Method::Post, token, &headers, &body).await;
    }
    let code = |more: &str| {
        format!(
            "grant_type=authorization_code&client_id={app}&redirect_uri=https%3A%2F%2Fapp.example%2Fcb{more}"
        )
    };
    for body in [
        code(&format!("&code=nobody&code_verifier={VERIFIER}")),
        code("&code_verifier=short"),
        format!("grant_type=client_credentials&client_id={app}"),
        "grant_type=authorization_code&client_id=nobody&code=x".into(),
    ] {
        shown.send(Method::Post, token, &[form], &body).await;
    }
    let json = [("content-type", "application/xml")];
    shown.send(Method::Post, token, &json, "<xml/>").await;
    shown.is("token_endpoint");
}

#[rocket::async_test]
async fn tokens_that_are_asked_about() {
    let server = TestApp::open(cheap()).await;
    let operator = server.operator();
    let mut shown = Transcript::of(&server);
    let (get, post) = (Method::Get, Method::Post);
    shown.call(post, "/oauth/introspect", "", "token=x").await;
    shown
        .call(post, "/oauth/introspect", &operator, "token=x")
        .await;
    shown
        .call(post, "/oauth/introspect", &operator, "x=y")
        .await;
    shown.call(post, "/oauth/revoke", "", "token=x").await;
    shown.call(get, "/oauth/userinfo", "", "").await;
    shown.call(get, "/oauth/userinfo", "nobody", "").await;
    shown.call(get, "/oauth/userinfo", &operator, "").await;
    shown.is("token_information");
}

#[rocket::async_test]
async fn clients_that_register_themselves() {
    let server = TestApp::open(Settings {
        client_registration: ClientRegistration::Open,
        ..cheap()
    })
    .await;
    let mut shown = Transcript::of(&server);
    for body in [
        r#"{"redirect_uris":["https://app.example/cb"],"client_name":"App"}"#,
        r#"{"redirect_uris":["http://app.example/cb"]}"#,
        r#"{"redirect_uris":["https://app.example:99999/cb"]}"#,
        r#"{"redirect_uris":[]}"#,
        r#"{"redirect_uris":["https://app.example/cb"],"grant_types":["password"]}"#,
        r#"{"redirect_uris":["https://app.example/cb"],"scope":"admin"}"#,
        "{",
    ] {
        shown.call(Method::Post, "/oauth/register", "", body).await;
    }
    shown
        .call(Method::Get, "/oauth/register/nobody", "x", "")
        .await;
    shown.is("registration");
    let closed = TestApp::open(cheap()).await;
    let mut shown = Transcript::of(&closed);
    shown.call(Method::Post, "/oauth/register", "", "{}").await;
    shown.is("registration_closed");
}
