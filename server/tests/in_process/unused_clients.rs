//! Clients that registered themselves go when nobody uses them.

use doorward_server::{Settings, settings::ClientRegistration};
use rocket::http::Method;
use serde_json::{Value, json};

use crate::test_app::{TestApp, cheap, text};

const HOUR: u64 = 3_600_000;

#[rocket::async_test]
async fn a_client_that_registered_itself_is_deleted_after_a_day_without_use() {
    let server = TestApp::open(Settings {
        client_registration: ClientRegistration::Open,
        ..cheap()
    })
    .await;
    let body = json!({ "redirect_uris": ["https://app.example/cb"] });
    let made = server.post("/oauth/register", "", body).await.expect(201);
    let own = json!({ "name": "own", "redirectUris": ["https://own.example/cb"] });
    let own = server
        .post("/admin/clients", &server.operator(), own)
        .await
        .expect(201);
    let of = |id: &str| format!("/admin/clients/{id}");
    let (dynamic, own) = (of(text(&made, "client_id")), of(text(&own, "id")));
    let sweep = async || {
        let now = server.doorward.services().clock.now();
        server
            .doorward
            .services()
            .store
            .sweep_unused_clients(now)
            .await
            .unwrap()
    };
    let status = async |path: &str| {
        let operator = server.operator();
        let call = server.call(Method::Get, path, &operator, Value::Null);
        call.await.status
    };
    server.pass(24 * HOUR);
    assert_eq!((sweep().await, status(&dynamic).await), (0, 200));
    server.pass(1);
    assert_eq!((sweep().await, status(&dynamic).await), (1, 404));
    assert_eq!((sweep().await, status(&own).await), (0, 200));
    assert_eq!(server.events("client.deleted").await, 1);
}

#[rocket::async_test]
async fn a_client_that_somebody_let_in_stays_without_use() {
    let server = TestApp::open(Settings {
        client_registration: ClientRegistration::Token,
        ..cheap()
    })
    .await;
    let path = "/admin/clients/registration-tokens";
    let operator = server.operator();
    let minted = server.post(path, &operator, json!({})).await.expect(201);
    let body = json!({ "redirect_uris": ["https://app.example/cb"] });
    let made = server.post("/oauth/register", text(&minted, "token"), body);
    let made = made.await.expect(201);
    server.pass(100 * HOUR);
    let services = server.doorward.services();
    let now = services.clock.now();
    assert_eq!(services.store.sweep_unused_clients(now).await.unwrap(), 0);
    let row = format!("/admin/clients/{}", text(&made, "client_id"));
    let operator = server.operator();
    let row = server.call(Method::Get, &row, &operator, Value::Null);
    assert_eq!(row.await.expect(200)["dynamic"], true);
}

/// Ten thousand strangers are enough: the next one takes the place of the one that has lain idle longest.
#[rocket::async_test]
async fn strangers_take_each_others_places_once_there_are_many() {
    let server = TestApp::open(Settings {
        client_registration: ClientRegistration::Open,
        ..cheap()
    })
    .await;
    let body = json!({ "redirect_uris": ["https://app.example/cb"] });
    let register = async || {
        let made = server.post("/oauth/register", "", body.clone());
        let made = made.await;
        text(&made.expect(201), "client_id").to_owned()
    };
    let first = register().await;
    server.pass(1);
    let second = register().await;
    let database = server.doorward.settings().data_dir.join("doorward.db");
    let mut database = rusqlite::Connection::open(database).unwrap();
    let fill = database.transaction().unwrap();
    let at = server.doorward.services().clock.now().0;
    let sql = "INSERT INTO clients (id, name, redirect_uris, grant_types, scopes, resources, created_at, dynamic, openly) \
               VALUES (randomblob(16), 'c', '', '', '', '', ?1, 1, 1)";
    let mut insert = fill.prepare(sql).unwrap();
    for _ in 0..9998 {
        insert.execute([at + 1]).unwrap();
    }
    drop(insert);
    fill.commit().unwrap();
    drop(database);
    register().await;
    let status = async |id: &str| {
        let path = format!("/admin/clients/{id}");
        let call = server
            .call(Method::Get, &path, &server.operator(), Value::Null)
            .await;
        call.status
    };
    assert_eq!((status(&first).await, status(&second).await), (404, 200));
    assert_eq!(server.events("client.deleted").await, 1);
}

#[rocket::async_test]
async fn an_initial_access_token_ends_at_its_exact_time() {
    let server = TestApp::open(Settings {
        client_registration: ClientRegistration::Token,
        ..cheap()
    })
    .await;
    let path = "/admin/clients/registration-tokens";
    let body = json!({ "expiresInSeconds": 60, "maxUses": 2 });
    let minted = server
        .post(path, &server.operator(), body)
        .await
        .expect(201);
    let register = async || {
        let body = json!({ "redirect_uris": ["https://app.example/cb"] });
        let reply = server.post("/oauth/register", text(&minted, "token"), body);
        reply.await.status
    };
    server.pass(59_999);
    assert_eq!(register().await, 201);
    server.pass(1);
    assert_eq!(register().await, 401);
}
