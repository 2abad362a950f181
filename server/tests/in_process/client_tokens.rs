//! Tokens of a client's own end with the secret that they were got with.

use doorward_shared::ClientId;
use rocket::http::Method;
use serde_json::{Value, json};

use crate::test_app::{Reply, TestApp, cheap, text};

async fn token(server: &TestApp, id: &str, secret: &str) -> Reply {
    let body = json!({"grantType": "client_credentials", "clientId": id, "clientSecret": secret});
    server.post("/auth/token", "", body).await
}

async fn whoami(server: &TestApp, token: &str) -> Reply {
    server
        .call(Method::Get, "/admin/whoami", token, Value::Null)
        .await
}

async fn client(server: &TestApp) -> Value {
    let body = json!({"name": "x", "grantTypes": ["client_credentials"], "scopes": ["read"]});
    server
        .post("/admin/clients", &server.operator(), body)
        .await
        .expect(201)
}

async fn rotate(server: &TestApp, client: &Value, grace: u32) -> String {
    let path = format!("/admin/clients/{}/secret", text(client, "id"));
    let body = json!({"graceSeconds": grace});
    let rotated = server.post(&path, &server.operator(), body).await;
    assert!(rotated.status < 300, "{}", rotated.body);
    text(&rotated.body, "clientSecret").to_owned()
}

#[rocket::async_test]
async fn a_token_of_a_rotated_secret_ends_with_its_grace_whenever_it_was_got() {
    let server = TestApp::open(cheap()).await;
    let app = client(&server).await;
    let (id, first) = (text(&app, "id"), text(&app, "clientSecret"));
    let before = token(&server, id, first).await.expect(200);
    server.pass(10_000);
    let second = rotate(&server, &app, 60).await;
    let within = token(&server, id, first).await.expect(200);
    let new = token(&server, id, &second).await.expect(200);
    assert_eq!(within["expires_in"], 7200);
    server.pass(59_999);
    for alive in [&before, &within, &new] {
        whoami(&server, text(alive, "access_token"))
            .await
            .expect(200);
    }
    server.pass(1);
    for dead in [&before, &within] {
        whoami(&server, text(dead, "access_token"))
            .await
            .refused(401, "token_revoked");
    }
    whoami(&server, text(&new, "access_token"))
        .await
        .expect(200);
    // Without a grace at once, and a secret before the last one has none left.
    let third = rotate(&server, &app, 600).await;
    let last = token(&server, id, &third).await.expect(200);
    rotate(&server, &app, 0).await;
    for dead in [&before, &within, &new, &last] {
        whoami(&server, text(dead, "access_token"))
            .await
            .refused(401, "token_revoked");
    }
}

#[rocket::async_test]
async fn a_token_from_before_the_upgrade_is_taken_for_one_of_the_secret_of_then() {
    let server = TestApp::open(cheap()).await;
    let app = client(&server).await;
    let id: ClientId = text(&app, "id").parse().unwrap();
    // As an earlier version left the row, and gave the token: without a mark.
    let path = server
        .doorward
        .services()
        .store
        .directory()
        .join("doorward.db");
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute("UPDATE clients SET unmarked_secrets = 2", [])
        .unwrap();
    let scope = doorward_shared::ScopeSet::parse("read").unwrap();
    let grant = doorward_server::service::Grant {
        subject: id.to_string(),
        client_id: Some(id.to_string()),
        session: None,
        scope: &scope,
        audience: Vec::new(),
        auth_time: None,
        method: None,
        seconds: 7200,
        secret: None,
    };
    let old = server
        .doorward
        .services()
        .tokens
        .access_token(grant, server.doorward.services().clock.now());
    let old = old.unwrap();
    whoami(&server, &old).await.expect(200);
    rotate(&server, &app, 60).await;
    server.pass(59_999);
    whoami(&server, &old).await.expect(200);
    server.pass(1);
    whoami(&server, &old).await.refused(401, "token_revoked");
    rotate(&server, &app, 60).await;
    whoami(&server, &old).await.refused(401, "token_revoked");
}
