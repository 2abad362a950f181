//! Rules of client metadata, and their effect on authorization requests.

use doorward_tests::{
    Client, Reply, Server,
    browser::{CALLBACK, CHALLENGE, VERIFIER, claims, landed, request},
};
use serde_json::{Value, json};

async fn register(server: &Server, changes: Value) -> Reply {
    let mut body = json!({
        "name": "Wiki", "redirectUris": [CALLBACK], "confidential": true,
        "grantTypes": ["authorization_code", "refresh_token"],
        "scopes": ["openid", "offline_access", "read"],
    });
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let call = server.post("/admin/clients").bearer(&server.operator_key());
    call.json(body).send().await
}

#[tokio::test]
async fn a_redirect_uri_that_can_never_match_or_is_unsafe_is_refused() {
    let server = Server::with()
        .set("http_redirect_hosts", "[\"wiki.lan\"]")
        .start();
    let bad = [
        "https://app.example:99999/cb",
        "https://app.example:0/cb",
        "https://*.example/cb",
        "https://app.example/*",
        "http://app.example/cb",
        "http://wiki.lan.example/cb",
        "http://127.0.0.1:65536/cb",
    ];
    for uri in bad {
        let reply = register(&server, json!({ "redirectUris": [CALLBACK, uri] })).await;
        reply.refused_at(422, "validation_failed", "redirectUris");
        let message = reply.json()["error"]["message"].clone();
        let message = message.as_str().expect("a message");
        assert!(message.starts_with("redirectUris[1]: "), "{message}");
    }
    let good = [
        "http://wiki.lan:8080/cb",
        "http://localhost/cb",
        "http://[::1]/cb",
    ];
    let made = register(&server, json!({ "redirectUris": good }))
        .await
        .expect(201);
    // Changing it asks the same.
    let path = format!("/admin/clients/{}", made.field("id"));
    let call = server.patch(&path).bearer(&server.operator_key());
    let changed = call.json(json!({ "redirectUris": [bad[0]] })).send().await;
    changed.refused_at(422, "validation_failed", "redirectUris");
}

/// OpenID Connect Core section 11: with `openid` alone no refresh token would ever come.
#[tokio::test]
async fn openid_with_refresh_tokens_needs_offline_access() {
    let server = Server::start();
    let reply = register(&server, json!({ "scopes": ["openid", "read"] })).await;
    reply.refused_at(422, "validation_failed", "scopes");
    let made = register(&server, json!({})).await.expect(201);
    let path = format!("/admin/clients/{}", made.field("id"));
    let patch = async |body: Value| {
        let call = server.patch(&path).bearer(&server.operator_key());
        call.json(body).send().await
    };
    let reply = patch(json!({ "scopes": ["openid", "read"] })).await;
    reply.refused_at(422, "validation_failed", "scopes");
    let both = json!({ "scopes": ["openid", "read"], "grantTypes": ["authorization_code"] });
    patch(both).await.expect(200);
    let reply = patch(json!({ "grantTypes": ["authorization_code", "refresh_token"] })).await;
    reply.refused_at(422, "validation_failed", "scopes");
}

#[tokio::test]
async fn a_request_without_openid_gets_a_refresh_token_where_the_client_may_have_one() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let without = server
        .app(json!({ "grantTypes": ["authorization_code"] }))
        .await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    for (client, scope, gets) in [
        (&app, "read", true),
        (&app, "openid read", false),
        (&app, "openid offline_access", true),
        (&without, "read", false),
    ] {
        let code = browser
            .code("ada@example.com", &request(client, &[("scope", scope)]))
            .await;
        let tokens = server.redeem(client, &code).await.expect(200).json();
        assert_eq!(tokens.get("refresh_token").is_some(), gets, "{scope}");
    }
}

async fn code_of(server: &Server, app: &Client, changes: &[(&str, &str)]) -> String {
    server
        .browser()
        .code("ada@example.com", &request(app, changes))
        .await
}

/// RFC 9700 sections 2.1.1 and 4.8.2.
#[tokio::test]
async fn pkce_is_needed_of_public_clients_and_where_it_is_required() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let none = [("code_challenge", ""), ("code_challenge_method", "")];
    let free = server.app(json!({})).await;
    let strict = server.app(json!({ "requirePkce": true })).await;
    let public = server.app(json!({ "confidential": false })).await;
    for client in [&strict, &public] {
        let (_, answer) = landed(&server.browser().authorize(&request(client, &none)).await);
        assert_eq!(answer["error"], "invalid_request");
        assert_eq!(
            answer["error_description"],
            "send a PKCE code_challenge (S256)"
        );
        let shown = server
            .admin("GET", &format!("/admin/clients/{}", client.id), None)
            .await;
        assert_eq!(shown["requirePkce"], true);
    }
    for client in [&free, &strict, &public] {
        let half = [("code_challenge", "")];
        let (_, answer) = landed(&server.browser().authorize(&request(client, &half)).await);
        assert_eq!(answer["error"], "invalid_request");
    }
    // Without a challenge there is no verifier, and with one there is.
    let refused = |reply: Reply| assert_eq!(reply.expect(400).field("error"), "invalid_grant");
    let code = code_of(&server, &free, &none).await;
    refused(server.redeem(&free, &code).await);
    let verifier = [("code_verifier", "")];
    server
        .redeem_with(&free, &code, &verifier)
        .await
        .expect(200);
    let code = code_of(&server, &free, &[]).await;
    refused(server.redeem_with(&free, &code, &verifier).await);
    refused(
        server
            .redeem_with(&free, &code, &[("code_verifier", &"x".repeat(43))])
            .await,
    );
    server.redeem(&free, &code).await.expect(200);
    assert_ne!(CHALLENGE, VERIFIER);
    // What is changed while somebody signs in counts at the end.
    let path = format!("/admin/clients/{}", free.id);
    server
        .admin("PATCH", &path, Some(json!({ "requirePkce": true })))
        .await;
    let (_, answer) = landed(&server.browser().authorize(&request(&free, &none)).await);
    assert_eq!(answer["error"], "invalid_request");
}

#[tokio::test]
async fn resources_are_one_with_or_without_a_slash_and_count_once() {
    let server = Server::start();
    let resources: Vec<_> = (0..9).map(|n| format!("https://api{n}.example")).collect();
    let app = server
        .app(json!({ "resources": resources, "grantTypes": ["client_credentials"] }))
        .await;
    let ask = async |resources: &[String]| {
        let mut pairs = vec![("grant_type", "client_credentials")];
        pairs.extend(resources.iter().map(|uri| ("resource", uri.as_str())));
        let call = server.post("/oauth/token").form(&pairs);
        call.basic(&app.id, &app.secret).send().await
    };
    let twice: Vec<String> = [
        "https://api0.example",
        "https://api0.example/",
        "https://api0.example",
    ]
    .map(str::to_owned)
    .into();
    let tokens = ask(&twice).await.expect(200);
    assert_eq!(
        claims(&tokens.field("access_token"))["aud"],
        "https://api0.example"
    );
    let own = ask(&[format!("{}/", server.url())]).await.expect(200);
    assert_eq!(claims(&own.field("access_token"))["aud"], server.url());
    ask(&resources[..8]).await.expect(200);
    ask(&vec![resources[0].clone(); 20]).await.expect(200);
    assert_eq!(
        ask(&resources).await.expect(400).field("error"),
        "invalid_target"
    );
    let other = ask(&["https://api0.example/x".to_owned()]).await;
    assert_eq!(other.expect(400).field("error"), "invalid_target");
    // Whoever names this server itself by its other spelling sees everybody's tokens too.
    let admin = server.register("ada@example.com").await;
    let grant = json!({ "permissions": ["admin:clients"] });
    server
        .admin("PATCH", &format!("/admin/users/{}", admin.id), Some(grant))
        .await;
    let admin = server.login("ada@example.com").await;
    for issuer in [server.url().to_owned(), format!("{}/", server.url())] {
        let body = json!({ "name": "x", "redirectUris": [CALLBACK], "resources": [issuer] });
        let call = server
            .post("/admin/clients")
            .bearer(&admin.access)
            .json(body);
        call.send().await.refused(403, "insufficient_scope");
    }
}

/// OpenID Connect Core section 3.1.2.1.
#[tokio::test]
async fn scopes_that_are_not_registered_are_left_out() {
    let server = Server::start();
    let app = server
        .app(json!({ "scopes": ["openid", "read:orders"] , "grantTypes": ["authorization_code"] }))
        .await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let scope = "openid groups read print:labels read:orders:open";
    let code = browser
        .code("ada@example.com", &request(&app, &[("scope", scope)]))
        .await;
    let tokens = server.redeem(&app, &code).await.expect(200);
    // `read` is more than is registered: it is left out whole.
    assert_eq!(tokens.field("scope"), "openid read:orders:open");
    for (scope, error) in [("groups read", "invalid_scope"), (" ", "invalid_scope")] {
        let (_, answer) = landed(&browser.authorize(&request(&app, &[("scope", scope)])).await);
        assert_eq!(answer["error"], error, "{scope}");
    }
    let machine = server
        .app(json!({ "grantTypes": ["client_credentials"] }))
        .await;
    let ask = async |scope: &str| {
        let pairs = [("grant_type", "client_credentials"), ("scope", scope)];
        let call = server.post("/oauth/token").form(&pairs);
        call.basic(&machine.id, &machine.secret).send().await
    };
    assert_eq!(ask(" ").await.expect(400).field("error"), "invalid_scope");
    assert_eq!(ask("").await.expect(200).field("scope"), "read write");
    assert_eq!(
        ask("groups").await.expect(400).field("error"),
        "invalid_scope"
    );
}
