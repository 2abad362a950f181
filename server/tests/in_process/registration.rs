//! Clients that registered themselves go when nobody uses them.

use doorward_server::{Settings, settings::ClientRegistration};
use rocket::http::Method;
use serde_json::{Value, json};

use crate::house::{House, cheap, text};

const HOUR: u64 = 3_600_000;

#[rocket::async_test]
async fn a_client_that_registered_itself_is_deleted_after_a_day_without_use() {
    let house = House::open(Settings {
        client_registration: ClientRegistration::Open,
        ..cheap()
    })
    .await;
    let body = json!({ "redirect_uris": ["https://app.example/cb"] });
    let made = house.post("/oauth/register", "", body).await.expect(201);
    let own = json!({ "name": "own", "redirectUris": ["https://own.example/cb"] });
    let own = house
        .post("/admin/clients", &house.operator(), own)
        .await
        .expect(201);
    let of = |id: &str| format!("/admin/clients/{id}");
    let (dynamic, own) = (of(text(&made, "client_id")), of(text(&own, "id")));
    let sweep = async || {
        let now = house.doorward.services().clock.now();
        house
            .doorward
            .services()
            .store
            .sweep_unused_clients(now)
            .await
            .unwrap()
    };
    let status = async |path: &str| {
        let operator = house.operator();
        let call = house.call(Method::Get, path, &operator, Value::Null);
        call.await.status
    };
    house.pass(24 * HOUR);
    assert_eq!((sweep().await, status(&dynamic).await), (0, 200));
    house.pass(1);
    assert_eq!((sweep().await, status(&dynamic).await), (1, 404));
    assert_eq!((sweep().await, status(&own).await), (0, 200));
    assert_eq!(house.events("client.deleted").await, 1);
}

#[rocket::async_test]
async fn an_initial_access_token_ends_at_its_exact_time() {
    let house = House::open(Settings {
        client_registration: ClientRegistration::Token,
        ..cheap()
    })
    .await;
    let path = "/admin/clients/registration-tokens";
    let body = json!({ "expiresInSeconds": 60, "maxUses": 2 });
    let minted = house.post(path, &house.operator(), body).await.expect(201);
    let register = async || {
        let body = json!({ "redirect_uris": ["https://app.example/cb"] });
        let reply = house.post("/oauth/register", text(&minted, "token"), body);
        reply.await.status
    };
    house.pass(59_999);
    assert_eq!(register().await, 201);
    house.pass(1);
    assert_eq!(register().await, 401);
}
