//! When one-time links end.

use serde_json::json;

use crate::test_app::{PASSWORD, TestApp, cheap, text};

async fn link(server: &TestApp, user: &str, seconds: u64) -> String {
    let path = format!("/admin/users/{user}/link");
    let body = json!({"purpose": "reset", "expiresInSeconds": seconds});
    let made = server
        .post(&path, &server.operator(), body)
        .await
        .expect(201);
    let (_, token) = text(&made, "url").split_once("token=").expect("a token");
    token.to_owned()
}

#[rocket::async_test]
async fn a_link_works_until_its_exact_end_and_is_swept_a_week_later() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let user = text(&ada, "userId");
    let reset = async |token: &str| {
        let body = json!({"token": token, "newPassword": "another good one"});
        server.post("/auth/password/reset", "", body).await
    };
    let first = link(&server, user, 60).await;
    server.pass(59_999);
    reset(&first).await.expect(204);
    let second = link(&server, user, 60).await;
    server.pass(60_000);
    reset(&second).await.refused(401, "token_expired");
    let (status, _, page) = server
        .send(
            rocket::http::Method::Get,
            &format!("/reset-password?token={second}"),
            &[],
            "",
        )
        .await;
    assert_eq!(status, 404);
    assert!(page.contains("does not work any more"), "{page}");
    let services = server.doorward.services();
    server.pass(8 * 86_400_000);
    services
        .store
        .sweep(services.clock.now(), 365)
        .await
        .expect("it sweeps");
    reset(&second).await.refused(401, "invalid_token");
}

/// Where somebody takes their account back, with its keys, what else may have been handed out with it is over too.
#[rocket::async_test]
async fn links_that_an_account_made_end_where_its_keys_do() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let eve = server.register("eve@example.com").await;
    let (operator, user) = (server.operator(), text(&ada, "userId"));
    // Not the last administrator.
    let other = server.register("other@example.com").await;
    let path = format!("/admin/users/{}", text(&eve, "userId"));
    for path in [&path, &format!("/admin/users/{}", text(&other, "userId"))] {
        let body = json!({"role": "admin"});
        server
            .call(rocket::http::Method::Patch, path, &operator, body)
            .await
            .expect(200);
    }
    let eves = async || {
        let login = json!({"email": "eve@example.com", "password": PASSWORD});
        let session = server.post("/auth/login", "", login).await.expect(200);
        let body = json!({"purpose": "reset"});
        let path = format!("/admin/users/{user}/link");
        let made = server.post(&path, text(&session, "accessToken"), body);
        let made = made.await.expect(201);
        let (_, token) = text(&made, "url").split_once("token=").expect("a token");
        token.to_owned()
    };
    let use_up = async |token: &str| {
        let body = json!({"token": token, "newPassword": "another good one"});
        server.post("/auth/password/reset", "", body).await
    };
    let kept = eves().await;
    server
        .post(&format!("{path}/sessions/revoke"), &operator, json!({}))
        .await
        .expect(200);
    use_up(&kept).await.expect(204);
    let ended = eves().await;
    let body = json!({"apiKeys": true});
    server
        .post(&format!("{path}/sessions/revoke"), &operator, body)
        .await
        .expect(200);
    use_up(&ended).await.refused(401, "invalid_token");
    let ended = eves().await;
    for disabled in [true, false] {
        let body = json!({"disabled": disabled});
        server
            .call(rocket::http::Method::Patch, &path, &operator, body)
            .await
            .expect(200);
    }
    use_up(&ended).await.refused(401, "invalid_token");
}

/// What a thief does with rights that are taken away afterwards is not done.
#[rocket::async_test]
async fn a_link_ends_with_its_makers_right_to_make_it() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let eve = server.register("eve@example.com").await;
    let path = format!("/admin/users/{}", text(&eve, "userId"));
    let permit = async |permissions: &[&str]| {
        let body = json!({"permissions": permissions});
        let operator = server.operator();
        let changed = server.call(rocket::http::Method::Patch, &path, &operator, body);
        changed.await.expect(200);
    };
    permit(&["admin:users"]).await;
    let login = json!({"email": "eve@example.com", "password": PASSWORD});
    let session = server.post("/auth/login", "", login).await.expect(200);
    let link_of = format!("/admin/users/{}/link", text(&ada, "userId"));
    let body = json!({"purpose": "reset"});
    let made = server.post(&link_of, text(&session, "accessToken"), body);
    let made = made.await.expect(201);
    let (_, token) = text(&made, "url").split_once("token=").expect("a token");
    permit(&[]).await;
    let body = json!({"token": token, "newPassword": "another good one"});
    let used = server.post("/auth/password/reset", "", body.clone()).await;
    used.refused(401, "invalid_token");
    // The link is as good as the right.
    permit(&["admin:users"]).await;
    server
        .post("/auth/password/reset", "", body)
        .await
        .expect(204);
}

/// Initial access tokens are what a thief of a session leaves behind, as keys and links are.
#[rocket::async_test]
async fn registration_tokens_of_an_account_end_where_its_keys_do() {
    let server = TestApp::open(doorward_server::Settings {
        client_registration: doorward_server::settings::ClientRegistration::Token,
        ..cheap()
    })
    .await;
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", text(&ada, "userId"));
    let body = json!({"permissions": ["admin:clients"]});
    let operator = server.operator();
    let changed = server.call(rocket::http::Method::Patch, &path, &operator, body);
    changed.await.expect(200);
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let session = server.post("/auth/login", "", login).await.expect(200);
    let mint = async |by: &str| {
        let body = json!({"expiresInSeconds": 3600, "maxUses": 5});
        let made = server.post("/admin/clients/registration-tokens", by, body);
        text(&made.await.expect(201), "token").to_owned()
    };
    let (hers, ours) = (
        mint(text(&session, "accessToken")).await,
        mint(&operator).await,
    );
    let register = async |token: &str| {
        let body = json!({"client_name": "x", "redirect_uris": ["https://app.example/back"]});
        server.post("/oauth/register", token, body).await
    };
    register(&hers).await.expect(201);
    let body = json!({"apiKeys": true});
    server
        .post(&format!("{path}/sessions/revoke"), &operator, body)
        .await
        .expect(200);
    let refused = register(&hers).await.expect(401);
    assert_eq!(text(&refused, "error"), "invalid_token");
    register(&ours).await.expect(201);
}
