//! Signing keys: what they may still say when they have stopped signing, and their end.

use doorward_server::crypto::key_ring::TokenType;
use rocket::http::Method;
use serde_json::{Value, json};

use crate::test_app::{START, TestApp, cheap, text};

fn claims(token: &str) -> Value {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn rotate(server: &TestApp) -> Value {
    server
        .post("/admin/keys/rotate", &server.operator(), Value::Null)
        .await
        .expect(201)
}

/// The keys there are: the one that signs, then the others.
async fn keys(server: &TestApp) -> Vec<String> {
    let operator = server.operator();
    let list = server.call(Method::Get, "/admin/keys", &operator, Value::Null);
    let mut rows = list.await.expect(200)["data"].as_array().unwrap().clone();
    rows.sort_by_key(|key| key["active"] != true);
    rows.iter().map(|key| text(key, "id").to_owned()).collect()
}

async fn jwks(server: &TestApp) -> Vec<String> {
    let jwks = server.call(Method::Get, "/.well-known/jwks.json", "", Value::Null);
    let jwks = jwks.await.expect(200);
    let keys = jwks["keys"].as_array().unwrap();
    keys.iter().map(|key| text(key, "kid").to_owned()).collect()
}

#[rocket::async_test]
async fn a_token_issued_more_than_five_seconds_after_its_key_stopped_signing_is_refused() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let real = claims(text(&ada, "accessToken"));
    let issued = |after: i64| {
        let mut claims = real.clone();
        claims["iat"] = json!(START.seconds() + after);
        server
            .doorward
            .services()
            .keys
            .sign(TokenType::Access, &claims)
            .unwrap()
    };
    let (just, late, later) = (issued(5), issued(6), issued(600));
    rotate(&server).await;
    server.pass(700_000);
    server.me(text(&ada, "accessToken")).await.expect(200);
    server.me(&just).await.expect(200);
    server.me(&late).await.refused(401, "invalid_token");
    server.me(&later).await.refused(401, "invalid_token");
}

#[rocket::async_test]
async fn a_revoked_keys_tokens_are_dead_on_the_next_request_also_those_just_verified() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let old = keys(&server).await.remove(0);
    let path = format!("/admin/keys/{old}");
    let revoke =
        async |path: &str, token: &str| server.call(Method::Delete, path, token, Value::Null).await;
    revoke(&path, &server.operator())
        .await
        .refused(409, "conflict");
    rotate(&server).await;
    let bob = server.register("bob@example.com").await;
    for person in [&ada, &bob] {
        server.me(text(person, "accessToken")).await.expect(200);
    }
    revoke(&path, text(&bob, "accessToken"))
        .await
        .refused(403, "insufficient_scope");
    revoke(&path, &server.operator()).await.expect(204);
    server
        .me(text(&ada, "accessToken"))
        .await
        .refused(401, "invalid_token");
    server.me(text(&bob, "accessToken")).await.expect(200);
    assert!(!jwks(&server).await.contains(&old));
    assert_eq!(keys(&server).await.len(), 1);
    assert_eq!(server.events("signing_key.revoked").await, 1);
    revoke(&path, &server.operator())
        .await
        .refused(404, "not_found");
    revoke("/admin/keys/nonsense", &server.operator())
        .await
        .refused(404, "not_found");
    assert_eq!(server.events("signing_key.revoked").await, 1);
    // Her session is not the key's: it goes on with a token of the new one.
    let body = json!({"refreshToken": ada["refreshToken"]});
    let next = server.post("/auth/refresh", "", body).await.expect(200);
    server.me(text(&next, "accessToken")).await.expect(200);
}

#[rocket::async_test]
async fn a_retired_key_leaves_the_jwks_when_its_last_token_has_expired() {
    let server = TestApp::open(cheap()).await;
    let old = keys(&server).await.remove(0);
    rotate(&server).await;
    let retire = async || {
        let (store, now) = (
            &server.doorward.services().store,
            server.doorward.services().clock.now(),
        );
        store.drop_retired_keys(now).await.unwrap();
        server
            .doorward
            .services()
            .signing_keys
            .reload()
            .await
            .unwrap();
    };
    // Two hours, and a minute for the clocks of others.
    server.pass((7200 + 60) * 1000 - 1);
    retire().await;
    assert!(jwks(&server).await.contains(&old));
    assert_eq!(server.events("signing_key.retired").await, 0);
    server.pass(1);
    retire().await;
    assert!(!jwks(&server).await.contains(&old));
    assert_eq!(jwks(&server).await.len(), 1);
    assert_eq!(server.events("signing_key.retired").await, 1);
}
