//! When one-time links end.

use serde_json::json;

use crate::house::{House, cheap, text};

async fn link(house: &House, user: &str, seconds: u64) -> String {
    let path = format!("/admin/users/{user}/link");
    let body = json!({"purpose": "reset", "expiresInSeconds": seconds});
    let made = house.post(&path, &house.operator(), body).await.expect(201);
    let (_, token) = text(&made, "url").split_once("token=").expect("a token");
    token.to_owned()
}

#[rocket::async_test]
async fn a_link_works_until_its_exact_end_and_is_swept_a_week_later() {
    let house = House::open(cheap()).await;
    let ada = house.register("ada@example.com").await;
    let user = text(&ada, "userId");
    let reset = async |token: &str| {
        let body = json!({"token": token, "newPassword": "another good one"});
        house.post("/auth/password/reset", "", body).await
    };
    let first = link(&house, user, 60).await;
    house.pass(59_999);
    reset(&first).await.expect(204);
    let second = link(&house, user, 60).await;
    house.pass(60_000);
    reset(&second).await.refused(401, "token_expired");
    let (status, _, page) = house
        .send(
            rocket::http::Method::Get,
            &format!("/reset-password?token={second}"),
            &[],
            "",
        )
        .await;
    assert_eq!(status, 404);
    assert!(page.contains("does not work any more"), "{page}");
    let services = house.doorward.services();
    house.pass(8 * 86_400_000);
    services
        .store
        .sweep(services.clock.now(), 365)
        .await
        .expect("it sweeps");
    reset(&second).await.refused(401, "invalid_token");
}
