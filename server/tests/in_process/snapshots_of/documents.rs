//! What clients read about the server, and the description of its API.

use doorward_server::{Settings, openapi, settings::ClientRegistration};
use rocket::http::Method;
use serde_json::Value;

use super::Transcript;
use crate::test_app::{TestApp, cheap};

#[rocket::async_test]
async fn metadata() {
    let server = TestApp::open(Settings {
        client_registration: ClientRegistration::Token,
        client_metadata_documents: true,
        ..cheap()
    })
    .await;
    for (name, path) in [
        ("openid_configuration", "/.well-known/openid-configuration"),
        (
            "authorization_server",
            "/.well-known/oauth-authorization-server",
        ),
        ("jwks", "/.well-known/jwks.json"),
    ] {
        let mut shown = Transcript::of(&server);
        shown.call(Method::Get, path, "", "").await;
        shown.is(name);
    }
}

#[rocket::async_test]
async fn health() {
    let server = TestApp::open(cheap()).await;
    let operator = server.operator();
    let mut shown = Transcript::of(&server);
    shown.call(Method::Get, "/health/live", "", "").await;
    shown.call(Method::Get, "/health/ready", "", "").await;
    shown
        .call(Method::Get, "/admin/whoami", &operator, "")
        .await;
    shown.is("health");
}

/// Whatever changes here changes for programs that were made from it.
#[test]
fn description() {
    let version = format!(r#""version": "{}""#, env!("CARGO_PKG_VERSION"));
    let text = openapi().replace(&version, r#""version": "[version]""#);
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!("openapi", text);
    });
}

#[test]
fn the_description_says_where_what_and_how() {
    let description: Value = serde_json::from_str(&openapi()).expect("JSON");
    let servers = description["servers"].as_array().expect("servers");
    assert!(!servers.is_empty());
    let named: Vec<_> = description["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .collect();
    for tag in &named {
        assert!(tag["description"].is_string(), "{tag}");
    }
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let tags = operation["tags"].as_array().expect("tags");
            assert!(
                tags.iter()
                    .all(|tag| named.iter().any(|known| known["name"] == *tag)),
                "{method} {path}"
            );
            let body = &operation["requestBody"]["content"];
            for (kind, content) in body.as_object().into_iter().flatten() {
                let has = !content["example"].is_null() || !content["examples"].is_null();
                assert!(has, "{method} {path}: no example of {kind}");
            }
        }
    }
}
