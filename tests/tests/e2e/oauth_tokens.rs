//! Introspection (RFC 7662), revocation (RFC 7009), client authentication, and tokens that pose as others.

use base64::{Engine, prelude::BASE64_STANDARD};
use doorward_tests::{
    Client, Server,
    browser::{claims, form, request},
    fields,
};
use serde_json::{Value, json};

const INACTIVE: &str = r#"{"active":false}"#;

async fn about(server: &Server, by: &Client, token: &str) -> String {
    let call = server.post("/oauth/introspect").basic(&by.id, &by.secret);
    call.form(&[("token", token)])
        .send()
        .await
        .expect(200)
        .text()
}

async fn tokens(server: &Server, app: &Client, changes: &[(&str, &str)]) -> Value {
    let code = server
        .browser()
        .code("ada@example.com", &request(app, changes))
        .await;
    server.redeem(app, &code).await.expect(200).json()
}

fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
        .to_owned()
}

#[tokio::test]
async fn strangers_do_not_introspect() {
    let server = Server::start();
    let public = server.app(json!({ "confidential": false })).await;
    let ada = server.register("ada@example.com").await;
    let question = [("token", ada.access.as_str())];
    let ask = || server.post("/oauth/introspect").form(&question);
    for call in [
        ask(),
        ask().bearer("nonsense"),
        ask().basic(&public.id, ""),
        ask().basic("client_01arz3ndektsv4rrffq69g5fav", "x"),
        server
            .post("/oauth/introspect")
            .form(&[question[0], ("client_id", &public.id)]),
    ] {
        let refused = call.send().await.expect(401);
        assert!(!refused.header("www-authenticate").is_empty());
    }
    // Somebody who is known, but may not.
    let refused = ask().bearer(&ada.access).send().await.expect(403);
    assert_eq!(refused.field("error"), "insufficient_scope");
}

/// RFC 7662 section 2.2.
#[tokio::test]
async fn a_client_sees_its_own_tokens_and_those_for_its_resources() {
    let server = Server::start();
    let app = server
        .app(json!({ "resources": ["https://api.example/"], "unverifiedEmail": "send" }))
        .await;
    let api = server
        .app(json!({ "resources": ["https://api.example/"] }))
        .await;
    let other = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    let scope = "email openid offline_access read";
    let given = tokens(&server, &app, &[("scope", scope)]).await;
    let (access, refresh) = (text(&given, "access_token"), text(&given, "refresh_token"));
    let own: Value = serde_json::from_str(&about(&server, &app, &access).await).unwrap();
    assert_eq!(
        fields(&own),
        "active aud client_id exp iat iss jti scope sid sub token_type username"
    );
    assert_eq!(own["active"], true);
    assert_eq!(own["scope"], "email offline_access openid read");
    assert_eq!(
        (&own["sub"], &own["username"]),
        (&json!(ada.id), &json!("ada@example.com"))
    );
    assert_eq!(
        (&own["iss"], &own["client_id"]),
        (&json!(server.url()), &json!(app.id))
    );
    let own: Value = serde_json::from_str(&about(&server, &app, &refresh).await).unwrap();
    assert_eq!(
        (&own["active"], &own["sub"]),
        (&json!(true), &json!(ada.id))
    );
    assert_eq!(own.get("token_type"), None);
    for token in [&access, &refresh] {
        assert_eq!(about(&server, &other, token).await, INACTIVE);
        assert_eq!(server.introspect(token).await["active"], true);
    }
    // One meant for an API is seen by the API.
    let meant = tokens(&server, &app, &[("resource", "https://api.example/")]).await;
    let meant = text(&meant, "access_token");
    assert!(
        about(&server, &api, &meant)
            .await
            .contains("\"active\":true")
    );
    assert_eq!(about(&server, &other, &meant).await, INACTIVE);
    // First-party tokens and API keys are an operator's business.
    let key = server.key_of(&ada, &["read"]).await;
    let key = text(&key, "key");
    for token in [&ada.access, &ada.refresh, &key] {
        assert_eq!(about(&server, &app, token).await, INACTIVE);
        assert_eq!(server.introspect(token).await["active"], true, "{token}");
    }
    let about_key = server.introspect(&key).await;
    assert_eq!(
        (&about_key["scope"], &about_key["sub"]),
        (&json!("read"), &json!(ada.id))
    );
}

#[tokio::test]
async fn what_is_not_good_now_is_inactive_and_nothing_more() {
    let server = Server::with().set("access_token_seconds", 1).start();
    let app = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    let given = tokens(&server, &app, &[("scope", "openid offline_access")]).await;
    let (access, refresh) = (text(&given, "access_token"), text(&given, "refresh_token"));
    // An ID token is no access token, whatever its signature.
    for token in [
        &text(&given, "id_token"),
        "nonsense",
        "",
        "rt_nonsense",
        "sk_live_nonsense",
        "a.b.c",
    ] {
        if token.is_empty() {
            continue;
        }
        assert_eq!(about(&server, &app, token).await, INACTIVE, "{token}");
    }
    doorward_tests::eventually("its expiry", async || {
        (about(&server, &app, &access).await == INACTIVE).then_some(())
    })
    .await;
    // A used refresh token, then a revoked key, then everything of somebody who was disabled.
    let call = server.post("/oauth/token").basic(&app.id, &app.secret);
    let next = call
        .form(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)])
        .send()
        .await
        .expect(200);
    assert_eq!(about(&server, &app, &refresh).await, INACTIVE);
    let key = json!({ "name": "x", "scopes": ["read"], "ownerId": ada.id });
    let key = server.admin("POST", "/admin/apikeys", Some(key)).await;
    let path = format!("/admin/apikeys/{}", text(&key, "id"));
    server.admin("DELETE", &path, None).await;
    assert_eq!(
        server.introspect(&text(&key, "key")).await.to_string(),
        INACTIVE
    );
    server
        .admin(
            "PATCH",
            &format!("/admin/users/{}", ada.id),
            Some(json!({ "disabled": true })),
        )
        .await;
    assert_eq!(
        about(&server, &app, &next.field("refresh_token")).await,
        INACTIVE
    );
}

#[tokio::test]
async fn permissions_that_are_gone_are_gone_from_introspection() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    let given = tokens(&server, &app, &[("scope", "openid read write")]).await;
    let body = json!({ "permissions": ["read"] });
    server
        .call("PUT", "/admin/roles/reader")
        .bearer(&server.operator_key())
        .json(body)
        .send()
        .await;
    server
        .admin(
            "PATCH",
            &format!("/admin/users/{}", ada.id),
            Some(json!({ "role": "reader" })),
        )
        .await;
    let now = server.introspect(&text(&given, "access_token")).await;
    assert_eq!(now["scope"], "openid read");
}

#[tokio::test]
async fn what_a_client_may_no_longer_have_its_peoples_tokens_lose_at_once() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let scope = ("scope", "openid offline_access read write");
    let given = tokens(&server, &app, &[scope]).await;
    let code = server
        .browser()
        .code("ada@example.com", &request(&app, &[scope]))
        .await;
    let body = json!({ "scopes": ["openid", "offline_access", "read:orders"] });
    let path = format!("/admin/clients/{}", app.id);
    server.admin("PATCH", &path, Some(body)).await;

    let left = "offline_access openid read:orders";
    for token in ["access_token", "refresh_token"] {
        let now = server.introspect(&text(&given, token)).await;
        assert_eq!(now["scope"], left, "{token}");
    }
    let whoami = server
        .get("/admin/whoami")
        .bearer(&text(&given, "access_token"));
    let whoami = whoami.send().await.expect(200).json();
    assert_eq!(
        whoami["scopes"],
        json!(["offline_access", "openid", "read:orders"])
    );
    let later = server.redeem(&app, &code).await.expect(200).json();
    assert_eq!(later["scope"], left);
    let refresh = text(&given, "refresh_token");
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    let call = server.post("/oauth/token").basic(&app.id, &app.secret);
    let next = call.form(&pairs).send().await.expect(200);
    assert_eq!(next.field("scope"), left);
}

/// RFC 7009 sections 2.1 and 2.2.
#[tokio::test]
async fn a_client_gives_up_its_own_tokens_and_nobody_elses() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let other = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    let give_up = async |by: &Client, token: &str| {
        let call = server.post("/oauth/revoke").basic(&by.id, &by.secret);
        let reply = call
            .form(&[("token", token), ("token_type_hint", "refresh_token")])
            .send()
            .await;
        assert_eq!((reply.status, reply.text().as_str()), (200, ""));
    };
    for which in ["access_token", "refresh_token"] {
        let given = tokens(&server, &app, &[("scope", "openid offline_access")]).await;
        let access = text(&given, "access_token");
        // Foreign, random and first-party tokens, and API keys: the same answer, and no effect.
        let key = text(&server.key_of(&ada, &["read"]).await, "key");
        give_up(&other, &text(&given, which)).await;
        for token in ["nonsense", "rt_nonsense", &ada.access, &ada.refresh, &key] {
            give_up(&app, token).await;
        }
        server
            .get("/oauth/userinfo")
            .bearer(&access)
            .send()
            .await
            .expect(200);
        server.me(&ada.access).await.expect(200);
        server.me(&key).await.expect(200);
        // One's own ends the whole grant, and twice is as good as once.
        give_up(&app, &text(&given, which)).await;
        give_up(&app, &text(&given, which)).await;
        server
            .get("/oauth/userinfo")
            .bearer(&access)
            .send()
            .await
            .expect(401);
        assert_eq!(
            about(&server, &app, &text(&given, "refresh_token")).await,
            INACTIVE
        );
    }
    server
        .post("/auth/refresh")
        .json(json!({ "refreshToken": ada.refresh }))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_clients_own_token_and_a_public_clients_tokens_can_be_given_up() {
    let server = Server::start();
    let machine = server.client(&["read"]).await;
    let token = server.client_token(&machine).await;
    let call = server
        .post("/oauth/revoke")
        .basic(&machine.id, &machine.secret);
    call.form(&[("token", &token)]).send().await.expect(200);
    assert_eq!(about(&server, &machine, &token).await, INACTIVE);
    let public = server.app(json!({ "confidential": false })).await;
    server.register("ada@example.com").await;
    let given = tokens(&server, &public, &[("scope", "openid offline_access")]).await;
    let refresh = text(&given, "refresh_token");
    let form = [("token", refresh.as_str()), ("client_id", &public.id)];
    server
        .post("/oauth/revoke")
        .form(&form)
        .send()
        .await
        .expect(200);
    assert_eq!(server.introspect(&refresh).await.to_string(), INACTIVE);
    // Without a client, or without a token.
    server
        .post("/oauth/revoke")
        .form(&[("token", "x")])
        .send()
        .await
        .expect(401);
    let nothing = server
        .post("/oauth/revoke")
        .form(&[("client_id", &public.id)])
        .send()
        .await
        .expect(400);
    assert_eq!(nothing.field("error"), "invalid_request");
}

/// RFC 6749 sections 2.3 and 5.2, at each endpoint a client authenticates at.
#[tokio::test]
async fn client_authentication_fails_alike_everywhere() {
    let server = Server::start();
    let app = server.client(&["read"]).await;
    let encoded = |id: &str, secret: &str| {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")))
    };
    let escaped = app.id.replace('_', "%5F");
    for path in ["/oauth/token", "/oauth/introspect", "/oauth/revoke"] {
        let form = [("grant_type", "client_credentials"), ("token", "x")];
        let with = |more: &[(&'static str, &str)]| {
            let pairs: Vec<_> = form.iter().chain(more).copied().collect();
            server.post(path).form(&pairs)
        };
        // RFC 6749 section 2.3.1: Basic is percent-encoded; and the scheme has no case (RFC 9110 section 11.1).
        with(&[])
            .header("authorization", &encoded(&escaped, &app.secret))
            .send()
            .await
            .expect(200);
        let lower = encoded(&app.id, &app.secret).replace("Basic", "basic");
        with(&[])
            .header("authorization", &lower)
            .send()
            .await
            .expect(200);
        with(&[("client_id", &app.id)])
            .basic(&app.id, &app.secret)
            .send()
            .await
            .expect(200);
        with(&[("client_id", &app.id), ("client_secret", &app.secret)])
            .send()
            .await
            .expect(200);
        for (call, challenge) in [
            (with(&[]).basic(&app.id, "wrong"), "Basic"),
            (with(&[]).header("authorization", "Basic !!!"), "Basic"),
            (
                with(&[("client_id", "another")]).basic(&app.id, &app.secret),
                "Basic",
            ),
            (
                with(&[("client_id", &app.id), ("client_secret", "wrong")]),
                "Bearer",
            ),
            (with(&[("client_id", &app.id)]), "Bearer"),
            (with(&[]), "Bearer"),
        ] {
            let refused = call.send().await.expect(401);
            assert_eq!(refused.field("error"), "invalid_client", "{path}");
            assert!(
                refused.header("www-authenticate").starts_with(challenge),
                "{path}"
            );
        }
        let twice = with(&[("client_id", &app.id), ("client_secret", &app.secret)])
            .basic(&app.id, &app.secret);
        assert_eq!(
            twice.send().await.expect(400).field("error"),
            "invalid_request",
            "{path}"
        );
        let doubled = format!(
            "grant_type=client_credentials&token=x&token=x&grant_type=x&client_id={}",
            app.id
        );
        let call = server
            .post(path)
            .basic(&app.id, &app.secret)
            .body("application/x-www-form-urlencoded", doubled);
        assert_eq!(
            call.send().await.expect(400).field("error"),
            "invalid_request",
            "{path}"
        );
        server.post(path).json(json!({})).send().await.expect(415);
    }
}

/// OpenID Connect Core section 5.3, RFC 6750 section 3.
#[tokio::test]
async fn userinfo_says_what_the_scope_allows() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    server
        .patch("/auth/me")
        .bearer(&ada.access)
        .json(json!({ "firstName": "Ada", "lastName": "Lovelace" }))
        .send()
        .await
        .expect(200);
    let path = format!("/admin/users/{}", ada.id);
    assert_eq!(
        server.admin("GET", &path, None).await["emailVerified"],
        false
    );
    for (scope, expected) in [
        ("openid", json!({ "sub": ada.id })),
        // The address is not verified, and withheld.
        ("openid email", json!({ "sub": ada.id })),
        (
            "openid profile",
            json!({ "sub": ada.id, "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace",
                    "preferred_username": ada.id }),
        ),
    ] {
        let access = text(
            &tokens(&server, &app, &[("scope", scope)]).await,
            "access_token",
        );
        for call in [
            server.get("/oauth/userinfo").bearer(&access),
            server.post("/oauth/userinfo").bearer(&access),
        ] {
            let reply = call.send().await.expect(200);
            let mut told = reply.json();
            let updated = told
                .as_object_mut()
                .and_then(|told| told.remove("updated_at"));
            assert_eq!(updated.is_some(), scope.contains("profile"));
            assert!(updated.is_none_or(|at| at.as_i64().is_some_and(|at| at > 1_700_000_000)));
            assert_eq!(told, expected);
            assert_eq!(reply.header("cache-control"), "no-store");
        }
        let form = server
            .post("/oauth/userinfo")
            .form(&[("access_token", &access)]);
        let told = form.send().await.expect(200).json();
        assert_eq!(told["sub"], expected["sub"]);
        let twice = server
            .post("/oauth/userinfo")
            .bearer(&access)
            .form(&[("access_token", &access)]);
        twice.send().await.expect(400);
    }
    let without = text(
        &tokens(&server, &app, &[("scope", "read email")]).await,
        "access_token",
    );
    let machine = server.client_token(&server.client(&["read"]).await).await;
    for token in [&without, &machine, &ada.access] {
        let refused = server
            .get("/oauth/userinfo")
            .bearer(token)
            .send()
            .await
            .expect(403);
        assert_eq!(refused.field("error"), "insufficient_scope");
        assert!(
            refused
                .header("www-authenticate")
                .contains("insufficient_scope")
        );
    }
    let refused = server.get("/oauth/userinfo").send().await.expect(401);
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer realm=\"doorward\""
    );
    let refused = server
        .get("/oauth/userinfo")
        .bearer("nonsense")
        .send()
        .await
        .expect(401);
    assert!(
        refused
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
}

/// RFC 9068 section 5, RFC 8725 section 3.11: one kind of token is not taken for another.
#[tokio::test]
async fn tokens_do_not_pose_as_other_kinds() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let given = tokens(&server, &app, &[("scope", "openid offline_access read")]).await;
    let (access, id, refresh) = (
        text(&given, "access_token"),
        text(&given, "id_token"),
        text(&given, "refresh_token"),
    );
    for token in [&id, &refresh] {
        server.me(token).await.refused(401, "invalid_token");
        server
            .get("/oauth/userinfo")
            .bearer(token)
            .send()
            .await
            .expect(401);
    }
    for token in [&access, &id] {
        let call = server.post("/oauth/token").basic(&app.id, &app.secret);
        let call = call.form(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
        assert_eq!(
            call.send().await.expect(400).field("error"),
            "invalid_grant"
        );
        assert_eq!(
            server.redeem(&app, token).await.expect(400).field("error"),
            "invalid_grant"
        );
    }
    // An access token is no ID token hint.
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let reply = browser
        .open(&format!("/oauth/logout?id_token_hint={access}"))
        .await;
    form(&reply.expect(200), "/sign-out");
    browser.open("/account").await.expect(200);
    // What an application obtained does not change the account.
    assert_eq!(claims(&access)["client_id"], app.id);
    server
        .patch("/auth/me")
        .bearer(&access)
        .json(json!({ "firstName": "Eve" }))
        .send()
        .await
        .refused(403, "insufficient_scope");
    server
        .post("/apikey")
        .bearer(&access)
        .json(json!({ "name": "x", "scopes": ["read"] }))
        .send()
        .await
        .refused(403, "insufficient_scope");
}

/// RFC 6749 section 5.2 names the fields of an error, section 2.3.1 allows credentials in the body at every grant, and
/// a header of another scheme is no client authentication.
#[tokio::test]
async fn errors_have_their_names_and_body_credentials_are_taken_at_refresh() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let given = tokens(&server, &app, &[("scope", "openid offline_access")]).await;
    let refresh = text(&given, "refresh_token");
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("client_id", &app.id),
        ("client_secret", &app.secret),
    ];
    let call = server.post("/oauth/token").bearer("something else");
    let next = call.form(&pairs).send().await.expect(200);
    assert_eq!(next.header("cache-control"), "no-store");
    let refused = server
        .post("/oauth/token")
        .form(&pairs[..2])
        .send()
        .await
        .expect(401);
    assert_eq!(fields(&refused.json()), "error error_description");
    let password = [
        ("grant_type", "password"),
        ("username", "a"),
        ("password", "b"),
    ];
    let call = server.post("/oauth/token").basic(&app.id, &app.secret);
    let refused = call.form(&password).send().await.expect(400);
    assert_eq!(refused.field("error"), "unsupported_grant_type");
}
