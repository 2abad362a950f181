//! `private_key_jwt`: a client shows who it is with a key of its own, RFC 7523.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use doorward_tests::{Reply, Server, eventually};
use serde_json::{Value, json};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct Machine {
    id: String,
    key: Ed25519KeyPair,
}

impl Machine {
    async fn register(server: &Server) -> Self {
        let key = Ed25519KeyPair::generate().expect("a key");
        let x = BASE64.encode(key.public_key().as_ref());
        let body = json!({
            "name": "machine", "grantTypes": ["client_credentials"], "scopes": ["read"],
            "tokenEndpointAuthMethod": "private_key_jwt",
            "jwks": { "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x }] },
        });
        let made = server.admin("POST", "/admin/clients", Some(body)).await;
        assert_eq!(
            (made.get("clientSecret"), &made["confidential"]),
            (None, &json!(true))
        );
        let id = made["id"].as_str().expect("an id").to_owned();
        Self { id, key }
    }

    fn assertion(&self, server: &Server, changes: Value) -> String {
        let now = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .expect("after 1970")
            .as_secs();
        static MADE: AtomicU64 = AtomicU64::new(0);
        let mut claims = json!({
            "iss": self.id, "sub": self.id, "aud": server.url(), "iat": now, "exp": now + 60,
            "jti": format!("{}", MADE.fetch_add(1, Ordering::Relaxed)),
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let header = json!({ "alg": "EdDSA", "kid": "one" });
        let part = |value: Value| BASE64.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", BASE64.encode(signature.as_ref()))
    }
}

async fn token(server: &Server, assertion: &str, more: &[(&str, &str)]) -> Reply {
    let mut pairs = vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    pairs.extend(more);
    server.post("/oauth/token").form(&pairs).send().await
}

#[tokio::test]
async fn an_assertion_is_a_clients_credential_once() {
    let mut server = Server::start();
    let machine = Machine::register(&server).await;
    let assertion = machine.assertion(&server, json!({}));
    let access = token(&server, &assertion, &[])
        .await
        .expect(200)
        .field("access_token");
    let replayed = token(&server, &assertion, &[]).await.expect(401);
    assert_eq!(replayed.field("error"), "invalid_client");
    // The token endpoint is as good a name, and the client's id beside it agrees.
    let endpoint = json!({ "aud": [format!("{}/oauth/token", server.url())] });
    let named = machine.assertion(&server, endpoint);
    token(&server, &named, &[("client_id", &machine.id)])
        .await
        .expect(200);
    // Revocation and introspection take it too.
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        let own = machine.assertion(&server, json!({}));
        let pairs = [
            ("token", access.as_str()),
            ("client_assertion_type", TYPE),
            ("client_assertion", &own),
        ];
        server.post(path).form(&pairs).send().await.expect(200);
    }
    assert_eq!(server.introspect(&access).await["active"], false);
    // A restart forgets none of those that were used; the issuer is another address then.
    server.stop();
    let url = server.url().to_owned();
    server.start_again();
    let events = async || {
        server
            .admin("GET", "/admin/events?action=client.refused", None)
            .await
            .to_string()
    };
    let again = machine.assertion(&server, json!({ "aud": url }));
    token(&server, &again, &[]).await.expect(401);
    doorward_tests::eventually("the cause", async || {
        events()
            .await
            .contains("names neither the issuer nor the token endpoint")
            .then_some(())
    })
    .await;
    let metadata = server
        .get("/.well-known/openid-configuration")
        .send()
        .await
        .json();
    let methods = metadata["token_endpoint_auth_methods_supported"].to_string();
    assert!(methods.contains("private_key_jwt"), "{methods}");
}

#[tokio::test]
async fn a_used_assertion_is_known_after_a_restart() {
    let mut server = Server::with().set("issuer", "http://auth.example").start();
    let machine = Machine::register(&server).await;
    let assertion = machine.assertion(&server, json!({ "aud": "http://auth.example" }));
    token(&server, &assertion, &[]).await.expect(200);
    server.kill();
    server.start_again();
    token(&server, &assertion, &[]).await.expect(401);
}

#[tokio::test]
async fn whatever_else_a_client_comes_with_is_refused() {
    let server = Server::start();
    let machine = Machine::register(&server).await;
    let stranger = Machine::register(&server).await;
    let far = json!({ "exp": 4_000_000_000_u64 });
    for (what, assertion) in [
        (
            "of another's key",
            machine.assertion(&server, json!({ "iss": stranger.id, "sub": stranger.id })),
        ),
        (
            "for another server",
            machine.assertion(&server, json!({ "aud": "https://other.example" })),
        ),
        ("over", machine.assertion(&server, json!({ "exp": 1 }))),
        (
            "good for more than an hour",
            machine.assertion(&server, far),
        ),
        (
            "without jti",
            machine.assertion(&server, json!({ "jti": null })),
        ),
        ("no JWT", "x.y.z".into()),
    ] {
        let reply = token(&server, &assertion, &[]).await.expect(401);
        assert_eq!(reply.field("error"), "invalid_client", "{what}");
    }
    let twice = machine.assertion(&server, json!({}));
    let reply = token(&server, &twice, &[("client_secret", "x")])
        .await
        .expect(400);
    assert_eq!(reply.field("error"), "invalid_request");
    token(&server, &twice, &[("client_id", &stranger.id)])
        .await
        .expect(401);
    let pairs = [("grant_type", "client_credentials")];
    let basic = server
        .post("/oauth/token")
        .basic(&machine.id, "x")
        .form(&pairs);
    basic.send().await.expect(401);
    // Bound to one way, another that is right does not do.
    let shop = server.client(&["read"]).await;
    let path = format!("/admin/clients/{}", shop.id);
    server
        .admin(
            "PATCH",
            &path,
            Some(json!({ "tokenEndpointAuthMethod": "client_secret_post" })),
        )
        .await;
    let basic = server
        .post("/oauth/token")
        .basic(&shop.id, &shop.secret)
        .form(&pairs);
    basic.send().await.expect(401);
    let posted = [
        pairs[0],
        ("client_id", shop.id.as_str()),
        ("client_secret", shop.secret.as_str()),
    ];
    server
        .post("/oauth/token")
        .form(&posted)
        .send()
        .await
        .expect(200);
    // A client with a key only gets a secret when it asks for one.
    let path = format!("/admin/clients/{}", machine.id);
    let call = server.patch(&path).bearer(&server.operator_key());
    let reply = call
        .json(json!({ "tokenEndpointAuthMethod": "client_secret_basic" }))
        .send()
        .await;
    reply.refused_at(422, "validation_failed", "tokenEndpointAuthMethod");
    let secret = server.admin("POST", &format!("{path}/secret"), None).await;
    assert!(secret["clientSecret"].is_string());
    server
        .admin(
            "PATCH",
            &path,
            Some(json!({ "tokenEndpointAuthMethod": "client_secret_basic" })),
        )
        .await;
    let call = server
        .post("/oauth/token")
        .basic(&machine.id, secret["clientSecret"].as_str().unwrap());
    call.form(&pairs).send().await.expect(200);
}

#[tokio::test]
async fn a_clients_own_token_ends_with_the_key_it_was_got_with() {
    let server = Server::start();
    let machine = Machine::register(&server).await;
    let path = format!("/admin/clients/{}", machine.id);
    let change = async |body: Value| server.admin("PATCH", &path, Some(body)).await;
    let fresh = async |machine: &Machine| {
        let assertion = machine.assertion(&server, json!({}));
        let got = token(&server, &assertion, &[]).await.expect(200);
        got.field("access_token")
    };
    let active = async |token: &str| server.introspect(token).await["active"] == true;
    let old = fresh(&machine).await;
    // A key beside it changes nothing, nor does another name of it.
    let other = Ed25519KeyPair::generate().expect("a key");
    let jwk = |key: &Ed25519KeyPair, kid: &str| json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": BASE64.encode(key.public_key().as_ref()) });
    let (first, second) = (jwk(&machine.key, "first"), jwk(&other, "one"));
    change(json!({ "jwks": { "keys": [first, second] } })).await;
    let next = Machine {
        id: machine.id.clone(),
        key: other,
    };
    let new = fresh(&next).await;
    assert!(active(&old).await && active(&new).await);
    // The key goes, and its tokens with it.
    change(json!({ "jwks": { "keys": [second] } })).await;
    assert!(!active(&old).await && active(&new).await);
    let call = server.get("/auth/check").bearer(&old).send().await;
    call.refused(401, "token_revoked");

    // As when it may sign in by its key no more.
    let secret = server.admin("POST", &format!("{path}/secret"), None).await;
    assert!(active(&new).await);
    change(json!({ "tokenEndpointAuthMethod": "client_secret_basic" })).await;
    assert!(!active(&new).await);
    let secret = secret["clientSecret"].as_str().unwrap();
    let pairs = [("grant_type", "client_credentials")];
    let call = server.post("/oauth/token").basic(&machine.id, secret);
    let by_secret = call.form(&pairs).send().await.expect(200);
    let by_secret = by_secret.field("access_token");
    change(json!({ "jwks": null })).await;
    assert!(active(&by_secret).await);
}

/// As its own tokens do, so ends what was made with one of them.
#[tokio::test]
async fn what_a_client_was_shown_ends_with_the_key_it_signed_in_with() {
    let server = Server::with().set("client_registration", "token").start();
    let bob = server.register("bob@example.com").await;
    let machine = Machine::register(&server).await;
    let path = format!("/admin/clients/{}", machine.id);
    let change = async |body: Value| server.admin("PATCH", &path, Some(body)).await;
    let scopes = ["read", "write", "admin:users", "admin:clients"];
    let first = change(json!({ "scopes": scopes })).await["jwks"]["keys"][0].clone();
    let assertion = machine.assertion(&server, json!({}));
    let access = token(&server, &assertion, &[]).await.expect(200);
    let access = access.field("access_token");
    let made = async |path: &str, body: Value| {
        let call = server.post(path).bearer(&access).json(body);
        call.send().await.expect(201)
    };
    let path = format!("/admin/users/{}/link", bob.id);
    let link = made(&path, json!({ "purpose": "reset" }))
        .await
        .field("url");
    let path = "/admin/clients/registration-tokens";
    let initial = made(path, json!({ "maxUses": 2 })).await.field("token");
    let register = async || {
        let body = json!({ "redirect_uris": ["https://app.example/cb"] });
        let call = server.post("/oauth/register").bearer(&initial);
        call.json(body).send().await.status
    };
    // A key beside it changes nothing.
    let other = Ed25519KeyPair::generate().expect("a key");
    let x = BASE64.encode(other.public_key().as_ref());
    let second = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "two", "x": x });
    change(json!({ "jwks": { "keys": [first, second] } })).await;
    assert_eq!(register().await, 201);
    change(json!({ "jwks": { "keys": [second] } })).await;
    assert_eq!(register().await, 401);
    let token = link.split_once("token=").expect("a token").1;
    let body = json!({ "token": token, "newPassword": "another horse battery" });
    let reset = server.post("/auth/password/reset").json(body).send().await;
    reset.refused(401, "invalid_token");
}

/// Keys are fetched from public addresses alone.
#[tokio::test]
async fn keys_are_not_fetched_from_inside() {
    let server = Server::start();
    for uri in [
        "https://127.0.0.1:9/keys",
        "https://localhost:9/keys",
        "https://10.0.0.1/keys",
    ] {
        let body = json!({ "name": "m", "grantTypes": ["client_credentials"], "scopes": ["read"],
            "tokenEndpointAuthMethod": "private_key_jwt", "jwksUri": uri });
        let made = server.admin("POST", "/admin/clients", Some(body)).await;
        let key = Ed25519KeyPair::generate().expect("a key");
        let machine = Machine {
            id: made["id"].as_str().unwrap().into(),
            key,
        };
        let assertion = machine.assertion(&server, json!({}));
        let before = server
            .log()
            .matches("is not a public https address")
            .count();
        token(&server, &assertion, &[]).await.expect(401);
        // The log is written by the server's process, when it comes to it.
        eventually("the log says why", async || {
            let said = server
                .log()
                .matches("is not a public https address")
                .count();
            (said > before).then_some(())
        })
        .await;
    }
}
