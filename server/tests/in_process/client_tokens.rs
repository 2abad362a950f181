//! Tokens of a client's own end with the secret that they were got with.

use doorward_shared::ClientId;
use rocket::http::Method;
use serde_json::{Value, json};

use crate::house::{House, Reply, cheap, text};

async fn token(house: &House, id: &str, secret: &str) -> Reply {
    let body = json!({"grantType": "client_credentials", "clientId": id, "clientSecret": secret});
    house.post("/auth/token", "", body).await
}

async fn whoami(house: &House, token: &str) -> Reply {
    house
        .call(Method::Get, "/admin/whoami", token, Value::Null)
        .await
}

async fn client(house: &House) -> Value {
    let body = json!({"name": "x", "grantTypes": ["client_credentials"], "scopes": ["read"]});
    house
        .post("/admin/clients", &house.operator(), body)
        .await
        .expect(201)
}

async fn rotate(house: &House, client: &Value, grace: u32) -> String {
    let path = format!("/admin/clients/{}/secret", text(client, "id"));
    let body = json!({"graceSeconds": grace});
    let rotated = house.post(&path, &house.operator(), body).await;
    assert!(rotated.status < 300, "{}", rotated.body);
    text(&rotated.body, "clientSecret").to_owned()
}

#[rocket::async_test]
async fn a_token_of_a_rotated_secret_ends_with_its_grace_whenever_it_was_got() {
    let house = House::open(cheap()).await;
    let app = client(&house).await;
    let (id, first) = (text(&app, "id"), text(&app, "clientSecret"));
    let before = token(&house, id, first).await.expect(200);
    house.pass(10_000);
    let second = rotate(&house, &app, 60).await;
    let within = token(&house, id, first).await.expect(200);
    let new = token(&house, id, &second).await.expect(200);
    assert_eq!(within["expires_in"], 7200);
    house.pass(59_999);
    for alive in [&before, &within, &new] {
        whoami(&house, text(alive, "access_token"))
            .await
            .expect(200);
    }
    house.pass(1);
    for dead in [&before, &within] {
        whoami(&house, text(dead, "access_token"))
            .await
            .refused(401, "token_revoked");
    }
    whoami(&house, text(&new, "access_token")).await.expect(200);
    // Without a grace at once, and a secret before the last one has none left.
    let third = rotate(&house, &app, 600).await;
    let last = token(&house, id, &third).await.expect(200);
    rotate(&house, &app, 0).await;
    for dead in [&before, &within, &new, &last] {
        whoami(&house, text(dead, "access_token"))
            .await
            .refused(401, "token_revoked");
    }
}

#[rocket::async_test]
async fn a_token_from_before_the_upgrade_is_taken_for_one_of_the_secret_of_then() {
    let house = House::open(cheap()).await;
    let app = client(&house).await;
    let id: ClientId = text(&app, "id").parse().unwrap();
    // As an earlier version left the row, and gave the token: without a mark.
    let path = house
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
    let old = house
        .doorward
        .services()
        .tokens
        .access_token(grant, house.doorward.services().clock.now());
    let old = old.unwrap();
    whoami(&house, &old).await.expect(200);
    rotate(&house, &app, 60).await;
    house.pass(59_999);
    whoami(&house, &old).await.expect(200);
    house.pass(1);
    whoami(&house, &old).await.refused(401, "token_revoked");
    rotate(&house, &app, 60).await;
    whoami(&house, &old).await.refused(401, "token_revoked");
}
