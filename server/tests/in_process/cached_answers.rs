//! Cached responses are never stale or of another caller, and a token that was refused once is checked again.

use rocket::http::Method;
use serde_json::{Value, json};

use crate::test_app::{PASSWORD, TestApp, cheap, text};

/// Asks twice, so that the second answer is one that was made before.
async fn me(server: &TestApp, token: &str) -> Value {
    let first = server.me(token).await.expect(200);
    let second = server.me(token).await.expect(200);
    assert_eq!(first, second);
    second
}

async fn admin(server: &TestApp, method: Method, path: &str, body: Value) -> Value {
    let by = server.operator();
    let answer = server.call(method, path, &by, body).await;
    assert!(answer.status < 300, "{}", answer.body);
    answer.body
}

#[rocket::async_test]
async fn a_profile_is_told_as_it_is_after_each_change() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let token = text(&ada, "accessToken").to_owned();
    let id = text(&ada["user"], "id").to_owned();
    let at = format!("/admin/users/{id}");
    assert_eq!(me(&server, &token).await["firstName"], Value::Null);

    let named = server.call(
        Method::Patch,
        "/auth/me",
        &token,
        json!({"firstName": "Ada"}),
    );
    named.await.expect(200);
    assert_eq!(me(&server, &token).await["firstName"], "Ada");

    admin(&server, Method::Patch, &at, json!({"lastName": "Lovelace"})).await;
    assert_eq!(me(&server, &token).await["lastName"], "Lovelace");

    admin(
        &server,
        Method::Patch,
        &at,
        json!({"permissions": ["read:orders"]}),
    )
    .await;
    let permissions = me(&server, &token).await["permissions"].to_string();
    assert!(permissions.contains("read:orders"), "{permissions}");

    let role = json!({"permissions": ["write:stamps"]});
    admin(&server, Method::Put, "/admin/roles/clerk", role).await;
    admin(&server, Method::Patch, &at, json!({"role": "clerk"})).await;
    assert_eq!(me(&server, &token).await["role"], "clerk");
    let more = json!({"permissions": ["write:letters"]});
    admin(&server, Method::Put, "/admin/roles/clerk", more).await;
    let permissions = me(&server, &token).await["permissions"].to_string();
    assert!(permissions.contains("write:letters"), "{permissions}");
    assert!(!permissions.contains("write:stamps"), "{permissions}");

    let before = me(&server, &token).await["lastLoginAt"].clone();
    server.pass(60_000);
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    server.post("/auth/login", "", login).await.expect(200);
    assert_ne!(me(&server, &token).await["lastLoginAt"], before);

    admin(&server, Method::Patch, &at, json!({"disabled": true})).await;
    server.me(&token).await.refused(401, "token_revoked");
}

#[rocket::async_test]
async fn each_credential_is_told_its_own_profile() {
    let server = TestApp::open(cheap()).await;
    let (ada, bob) = (
        server.register("ada@example.com").await,
        server.register("bob@example.com").await,
    );
    let (ada, bob) = (text(&ada, "accessToken"), text(&bob, "accessToken"));
    let mut keys = Vec::new();
    for (name, scope) in [("one", "read"), ("two", "write")] {
        let asked = json!({"name": name, "scopes": [scope]});
        keys.push(server.post("/apikey", ada, asked).await.expect(201));
    }
    for _ in 0..2 {
        assert_eq!(me(&server, ada).await["email"], "ada@example.com");
        assert_eq!(me(&server, bob).await["email"], "bob@example.com");
        for (key, (name, scope)) in keys.iter().zip([("one", "read"), ("two", "write")]) {
            let told = me(&server, text(key, "key")).await;
            assert_eq!(told["apiKey"]["name"], name);
            assert_eq!(told["permissions"], json!([scope]));
            assert_eq!(told["email"], "ada@example.com");
        }
        assert_eq!(me(&server, ada).await["apiKey"], Value::Null);
    }
    let path = format!("/apikey/{}", text(&keys[0], "id"));
    let renamed = server.call(Method::Patch, &path, ada, json!({"name": "first"}));
    renamed.await.expect(200);
    let told = me(&server, text(&keys[0], "key")).await;
    assert_eq!(told["apiKey"]["name"], "first");
    // The operator key has no profile, whatever was told before.
    server
        .me(&server.operator())
        .await
        .refused(403, "insufficient_scope");
}

#[rocket::async_test]
async fn a_token_that_was_refused_is_refused_again_and_a_letter_less_or_more_is_another() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let good = text(&ada, "accessToken");
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{message}.{other}{}", &signature[1..]);
    for _ in 0..3 {
        server.me(&forged).await.refused(401, "invalid_token");
        server.me(good).await.expect(200);
        for bad in [
            &good[..good.len() - 1],
            &good[1..],
            message,
            "x",
            "a.b",
            "a.b.c.d",
        ] {
            server.me(bad).await.refused(401, "invalid_token");
        }
    }
}
