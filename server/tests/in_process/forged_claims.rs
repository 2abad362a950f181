//! Correctly signed tokens with false claims.

use crate::test_app::{Reply, START, TestApp, cheap, text};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_server::crypto::key_ring::TokenType;
use serde_json::{Value, json};

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The claims of a real token with some changed; `null` takes one away.
fn with(real: &Value, changes: &Value) -> Value {
    let mut claims = real.clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    claims
}

async fn try_claims(server: &TestApp, kind: TokenType, claims: &Value) -> Reply {
    let token = server.doorward.services().keys.sign(kind, claims).unwrap();
    server.me(&token).await
}

#[rocket::async_test]
async fn every_claim_must_be_there_and_of_its_type() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let real = claims(text(&ada, "accessToken"));
    try_claims(&server, TokenType::Access, &real)
        .await
        .expect(200);
    for name in [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "jti",
        "client_id",
        "scope",
    ] {
        try_claims(
            &server,
            TokenType::Access,
            &with(&real, &json!({name: null})),
        )
        .await
        .refused(401, "invalid_token");
        let others = match name {
            "exp" | "iat" => vec![
                json!("1764000000"),
                json!(1.5e9),
                json!(1e30),
                json!(true),
                json!([1_764_000_000]),
                json!({}),
            ],
            "aud" => vec![json!(1), json!({}), json!([1]), json!([]), json!("")],
            _ => vec![json!(1), json!(["x"]), json!({}), json!("")],
        };
        for other in others {
            if matches!((name, &other), ("scope" | "jti", Value::String(_))) {
                // An empty scope is a scope, and the token's own id is its issuer's affair.
                continue;
            }
            let reply = try_claims(
                &server,
                TokenType::Access,
                &with(&real, &json!({name: other})),
            )
            .await;
            assert_eq!(reply.status, 401, "{name} {other}: {}", reply.body);
            reply.refused(401, "invalid_token");
        }
    }
}

#[rocket::async_test]
async fn every_claim_must_be_right() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let eve = server.register("eve@example.com").await;
    let real = claims(text(&ada, "accessToken"));
    let now = START.seconds();
    let eves = claims(text(&eve, "accessToken"));
    let wrong = [
        json!({"iss": "https://evil.example"}),
        json!({"iss": "https://id.example/"}),
        json!({"iss": "HTTPS://ID.EXAMPLE"}),
        json!({"aud": "https://evil.example"}),
        json!({"aud": ["https://a.example", "https://b.example"]}),
        json!({"sub": eve["userId"]}),
        json!({"sub": "user_00000000000000000000000000"}),
        json!({"sid": eves["sid"]}),
        json!({"sid": "nonsense"}),
        json!({"sid": null}),
        json!({"client_id": "client_00000000000000000000000000"}),
        json!({"client_id": "first-party", "sid": null, "sub": "first-party"}),
        json!({"iat": now + 6, "exp": now + 3600}),
        json!({"scope": "READ"}),
        json!({"scope": "read\twrite"}),
    ];
    for changes in wrong {
        let reply = try_claims(&server, TokenType::Access, &with(&real, &changes)).await;
        assert_eq!(reply.status, 401, "{changes}: {}", reply.body);
        reply.refused(401, "invalid_token");
    }
    let gone = with(&real, &json!({"sid": "ses_00000000000000000000000000"}));
    assert_eq!(
        try_claims(&server, TokenType::Access, &gone).await.status,
        401
    );
    for (exp, code) in [
        (now, "token_expired"),
        (now - 4, "token_expired"),
        (now - 3600, "token_expired"),
        (0, "token_expired"),
        (-1, "token_expired"),
        (i64::MIN, "token_expired"),
    ] {
        let reply = try_claims(
            &server,
            TokenType::Access,
            &with(&real, &json!({"exp": exp})),
        )
        .await;
        reply.refused(401, code);
    }
    for fine in [
        json!({"exp": now + 1}),
        json!({"iat": now + 5}),
        json!({"aud": ["https://a.example", "https://id.example"]}),
    ] {
        try_claims(&server, TokenType::Access, &with(&real, &fine))
            .await
            .expect(200);
    }
}

#[rocket::async_test]
async fn a_signed_scope_gives_no_more_than_its_owner_may() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let real = claims(text(&ada, "accessToken"));
    let wide = with(&real, &json!({"scope": "admin read"}));
    let token = server
        .doorward
        .services()
        .keys
        .sign(TokenType::Access, &wide)
        .unwrap();
    let get = rocket::http::Method::Get;
    server
        .call(get, "/admin/users", &token, Value::Null)
        .await
        .refused(403, "insufficient_scope");
}

#[rocket::async_test]
async fn an_id_token_is_no_access_token() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let real = claims(text(&ada, "accessToken"));
    try_claims(&server, TokenType::Id, &real)
        .await
        .refused(401, "invalid_token");
}

#[rocket::async_test]
async fn an_end_that_no_clock_reaches_breaks_nothing() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let real = claims(text(&ada, "accessToken"));
    let reply = try_claims(
        &server,
        TokenType::Access,
        &with(&real, &json!({"exp": i64::MAX})),
    )
    .await;
    assert!(matches!(reply.status, 200 | 401), "{}", reply.body);
    let reply = try_claims(
        &server,
        TokenType::Access,
        &with(&real, &json!({"iat": i64::MIN})),
    )
    .await;
    assert!(matches!(reply.status, 200 | 401), "{}", reply.body);
}
