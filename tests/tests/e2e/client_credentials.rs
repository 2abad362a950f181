//! Clients' own tokens, at `/oauth/token` and `/auth/token`.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_tests::{Client, Reply, Server, fields};
use serde_json::{Value, json};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const DOORS: [&str; 2] = ["/oauth/token", "/auth/token"];

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

async fn ask(server: &Server, door: &str, client: &Client, form: &[(&str, &str)]) -> Reply {
    let call = server.post(door).basic(&client.id, &client.secret);
    call.form(form).send().await
}

#[track_caller]
fn failed(reply: &Reply, status: u16, error: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let body = reply.json();
    assert_eq!(body["error"], error, "{body}");
    assert_eq!(fields(&body), "error error_description");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(!reply.header("x-request-id").is_empty());
}

#[tokio::test]
async fn a_client_gets_its_scopes_for_two_hours_and_no_refresh_token() {
    let server = Server::start();
    let client = server.client(&["read", "write:orders", "openid"]).await;
    let reply = ask(&server, "/oauth/token", &client, &[GRANT])
        .await
        .expect(200);
    assert_eq!(reply.header("cache-control"), "no-store");
    let body = reply.json();
    assert_eq!(fields(&body), "access_token expires_in scope token_type");
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(7200))
    );
    assert_eq!(body["scope"], "read write:orders");
    let claims = claims(&reply.field("access_token"));
    assert_eq!(fields(&claims), "aud client_id exp iat iss jti scope sub");
    assert_eq!(
        (&claims["sub"], &claims["client_id"]),
        (&json!(client.id), &json!(client.id))
    );
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(server.url()), &json!(server.url()))
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        7200
    );
}

#[tokio::test]
async fn auth_token_answers_in_both_spellings() {
    let server = Server::start();
    let client = server.client(&["read"]).await;
    let requests = [
        json!({"grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret}),
        json!({"grantType": "client_credentials", "clientId": client.id, "clientSecret": client.secret, "scope": "read"}),
    ];
    for request in requests {
        let reply = server
            .post("/auth/token")
            .json(request)
            .send()
            .await
            .expect(200);
        let body = reply.json();
        let names = "accessToken access_token expiresIn expires_in scope tokenType token_type";
        assert_eq!(fields(&body), names);
        for (camel, snake) in [
            ("accessToken", "access_token"),
            ("expiresIn", "expires_in"),
            ("tokenType", "token_type"),
        ] {
            assert_eq!(body[camel], body[snake]);
        }
    }
    let form = ask(&server, "/auth/token", &client, &[GRANT])
        .await
        .expect(200);
    assert_eq!(fields(&form.json()).split(' ').count(), 7);
    let posted = [
        GRANT,
        ("client_id", client.id.as_str()),
        ("client_secret", &client.secret),
    ];
    server
        .post("/oauth/token")
        .form(&posted)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_client_asks_for_less_but_not_for_more() {
    let server = Server::start();
    let client = server
        .client(&["read", "write:orders", "openid", "profile"])
        .await;
    for door in DOORS {
        for (asked, got) in [
            ("read", "read"),
            ("write:orders read", "read write:orders"),
            ("read:orders", "read:orders"),
            ("", "read write:orders"),
            ("read read", "read"),
        ] {
            let reply = ask(&server, door, &client, &[GRANT, ("scope", asked)]).await;
            assert_eq!(reply.expect(200).field("scope"), got, "{asked}");
        }
        for asked in [
            "write",
            "admin",
            "read admin",
            "other",
            "READ",
            "read:",
            "read,write:orders",
            "re\u{e9}d",
            "read\twrite:orders",
            "openid",
        ] {
            failed(
                &ask(&server, door, &client, &[GRANT, ("scope", asked)]).await,
                400,
                "invalid_scope",
            );
        }
    }
    // One that may do nothing by itself is given nothing, not what means nothing without a person.
    let idle = server.client(&["openid", "profile"]).await;
    for door in DOORS {
        let reply = ask(&server, door, &idle, &[GRANT]).await;
        assert_eq!(reply.expect(200).field("scope"), "");
    }
}

#[tokio::test]
async fn every_failed_authentication_of_a_client_is_alike() {
    let server = Server::start();
    let client = server.client(&["read"]).await;
    let nobody = "client_00000000000000000000000000";
    for door in DOORS {
        for (id, secret) in [
            (client.id.as_str(), "wrong"),
            (client.id.as_str(), ""),
            (nobody, &client.secret),
            ("x", "y"),
            ("", ""),
        ] {
            let basic = server
                .post(door)
                .basic(id, secret)
                .form(&[GRANT])
                .send()
                .await;
            failed(&basic, 401, "invalid_client");
            assert!(
                basic.header("www-authenticate").starts_with("Basic "),
                "{}",
                basic.header("www-authenticate")
            );
            let posted = [GRANT, ("client_id", id), ("client_secret", secret)];
            let posted = server.post(door).form(&posted).send().await;
            failed(&posted, 401, "invalid_client");
            assert!(!posted.header("www-authenticate").starts_with("Basic"));
            assert_eq!(basic.json(), posted.json());
        }
        failed(
            &server.post(door).form(&[GRANT]).send().await,
            401,
            "invalid_client",
        );
        failed(
            &server
                .post(door)
                .form(&[GRANT, ("client_id", &client.id)])
                .send()
                .await,
            401,
            "invalid_client",
        );
        for header in ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Basic /////w=="] {
            let reply = server
                .post(door)
                .header("authorization", header)
                .form(&[GRANT])
                .send()
                .await;
            failed(&reply, 401, "invalid_client");
        }
        let both = [
            GRANT,
            ("client_id", client.id.as_str()),
            ("client_secret", &client.secret),
        ];
        let reply = ask(&server, door, &client, &both).await;
        failed(&reply, 400, "invalid_request");
        let same = ask(&server, door, &client, &[GRANT, ("client_id", &client.id)]).await;
        same.expect(200);
        let other = ask(&server, door, &client, &[GRANT, ("client_id", nobody)]).await;
        failed(&other, 401, "invalid_client");
    }
}

#[tokio::test]
async fn grants_that_are_not_the_clients_are_refused() {
    let server = Server::start();
    let client = server.client(&["read"]).await;
    let body = json!({"name": "x", "grantTypes": ["authorization_code"], "redirectUris": ["https://a.example/"], "scopes": ["read"]});
    let other = server.admin("POST", "/admin/clients", Some(body)).await;
    let other = Client {
        id: other["id"].as_str().unwrap().to_owned(),
        secret: other["clientSecret"].as_str().unwrap().to_owned(),
    };
    for door in DOORS {
        failed(
            &ask(&server, door, &other, &[GRANT]).await,
            400,
            "unauthorized_client",
        );
        for grant in ["authorization_code", "refresh_token"] {
            let form = [
                ("grant_type", grant),
                ("code", "x"),
                ("refresh_token", "x"),
                ("redirect_uri", "https://a.example/"),
            ];
            failed(
                &ask(&server, door, &client, &form).await,
                400,
                "unauthorized_client",
            );
        }
        for grant in [
            "password",
            "implicit",
            "Client_Credentials",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ] {
            let form = [
                ("grant_type", grant),
                ("username", "ada@example.com"),
                ("password", "x"),
            ];
            failed(
                &ask(&server, door, &client, &form).await,
                400,
                "unsupported_grant_type",
            );
        }
        failed(
            &ask(&server, door, &client, &[]).await,
            400,
            "invalid_request",
        );
        failed(
            &ask(&server, door, &client, &[("grant_type", "")]).await,
            400,
            "invalid_request",
        );
    }
}

#[tokio::test]
async fn a_parameter_given_twice_is_refused() {
    let server = Server::start();
    let client = server.client(&["read"]).await;
    for door in DOORS {
        for twice in [
            GRANT,
            ("scope", "read"),
            ("client_id", client.id.as_str()),
            ("unknown", "x"),
        ] {
            let reply = ask(&server, door, &client, &[GRANT, twice, twice]).await;
            failed(&reply, 400, "invalid_request");
        }
    }
    let mixed = ask(
        &server,
        "/auth/token",
        &client,
        &[GRANT, ("grantType", "client_credentials")],
    )
    .await;
    failed(&mixed, 400, "invalid_request");
    let body = r#"{"grant_type":"client_credentials","grant_type":"client_credentials"}"#;
    let call = server.post("/auth/token").basic(&client.id, &client.secret);
    failed(
        &call.body("application/json", body).send().await,
        400,
        "invalid_request",
    );
    // Extensions are ignored, RFC 6749 section 3.2.
    ask(&server, "/oauth/token", &client, &[GRANT, ("unknown", "x")])
        .await
        .expect(200);
}

#[tokio::test]
async fn bodies_of_other_kinds_are_told_in_oauths_shape() {
    let server = Server::start();
    let client = server.client(&["read"]).await;
    let form = "grant_type=client_credentials";
    let send = async |door: &str, kind: &str, body: Vec<u8>| {
        let call = server
            .post(door)
            .basic(&client.id, &client.secret)
            .header("accept", "text/html");
        let call = if kind.is_empty() {
            call.raw_body(body)
        } else {
            call.body(kind, body)
        };
        call.send().await
    };
    failed(
        &send(
            "/oauth/token",
            "application/json",
            br#"{"grant_type":"client_credentials"}"#.to_vec(),
        )
        .await,
        415,
        "invalid_request",
    );
    for door in DOORS {
        for kind in ["", "text/plain", "multipart/form-data; boundary=x"] {
            failed(&send(door, kind, form.into()).await, 415, "invalid_request");
        }
        let large = format!("{form}&x={}", "y".repeat(64 * 1024));
        failed(
            &send(door, "application/x-www-form-urlencoded", large.into()).await,
            413,
            "invalid_request",
        );
    }
    for bad in [
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"grant_type\":1}",
        "{\"grant_type\":[\"client_credentials\"]}",
        "{} {}",
        "{\"grant_type\":{}}",
    ] {
        failed(
            &send("/auth/token", "application/json", bad.into()).await,
            400,
            "invalid_request",
        );
    }
    send(
        "/oauth/token",
        "application/x-www-form-urlencoded; charset=UTF-8",
        form.into(),
    )
    .await
    .expect(200);
}

#[tokio::test]
async fn a_requested_resource_is_the_audience() {
    let server = Server::start();
    let body = json!({"name": "x", "grantTypes": ["client_credentials"], "scopes": ["read"],
        "resources": ["https://api.example", "https://other.example"]});
    let made = server.admin("POST", "/admin/clients", Some(body)).await;
    let client = Client {
        id: made["id"].as_str().unwrap().to_owned(),
        secret: made["clientSecret"].as_str().unwrap().to_owned(),
    };
    let one = ask(
        &server,
        "/oauth/token",
        &client,
        &[GRANT, ("resource", "https://api.example")],
    )
    .await;
    let one = one.expect(200).field("access_token");
    assert_eq!(claims(&one)["aud"], "https://api.example");
    // Not meant for this server, so not taken by it.
    server
        .get("/admin/whoami")
        .bearer(&one)
        .send()
        .await
        .refused(401, "invalid_token");
    let two = [
        GRANT,
        ("resource", "https://api.example"),
        ("resource", "https://other.example"),
    ];
    let two = ask(&server, "/oauth/token", &client, &two)
        .await
        .expect(200)
        .field("access_token");
    assert_eq!(
        claims(&two)["aud"],
        json!(["https://api.example", "https://other.example"])
    );
    for unknown in ["https://evil.example", "https://api.example/x", "api"] {
        let reply = ask(
            &server,
            "/oauth/token",
            &client,
            &[GRANT, ("resource", unknown)],
        )
        .await;
        failed(&reply, 400, "invalid_target");
    }
}

#[tokio::test]
async fn logout_kills_a_clients_token_and_only_that() {
    let server = Server::start();
    let client = server.client(&["read"]).await;
    let (one, two) = (
        server.client_token(&client).await,
        server.client_token(&client).await,
    );
    let whoami = async |token: &str| server.get("/admin/whoami").bearer(token).send().await;
    whoami(&one).await.expect(200);
    server
        .post("/auth/logout")
        .bearer(&one)
        .send()
        .await
        .expect(204);
    whoami(&one).await.refused(401, "token_revoked");
    server
        .post("/auth/logout")
        .bearer(&one)
        .send()
        .await
        .refused(401, "token_revoked");
    whoami(&two).await.expect(200);
}

#[tokio::test]
async fn a_killed_client_token_stays_dead_after_a_restart() {
    let mut server = Server::with().set("issuer", "https://id.example").start();
    let client = server.client(&["read"]).await;
    let (dead, live) = (
        server.client_token(&client).await,
        server.client_token(&client).await,
    );
    server
        .post("/auth/logout")
        .bearer(&dead)
        .send()
        .await
        .expect(204);
    server.stop();
    server.start_again();
    let whoami = async |token: &str| server.get("/admin/whoami").bearer(token).send().await;
    whoami(&dead).await.refused(401, "token_revoked");
    whoami(&live).await.expect(200);
}

#[tokio::test]
async fn a_clients_token_opens_what_its_scope_covers_and_no_users_route() {
    let server = Server::start();
    let client = server.client(&["admin:users:read", "read"]).await;
    let token = server.client_token(&client).await;
    server
        .get("/admin/users")
        .bearer(&token)
        .send()
        .await
        .expect(200);
    server
        .get("/admin/sessions")
        .bearer(&token)
        .send()
        .await
        .refused(403, "insufficient_scope");
    for (method, path) in [
        ("GET", "/auth/me"),
        ("PATCH", "/auth/me"),
        ("POST", "/auth/password"),
        ("GET", "/auth/sessions"),
        ("DELETE", "/auth/sessions/ses_00000000000000000000000000"),
        ("GET", "/apikey"),
        ("POST", "/apikey"),
        ("GET", "/apikey/key_00000000000000000000000000"),
        ("DELETE", "/apikey/key_00000000000000000000000000"),
    ] {
        let reply = server.call(method, path).bearer(&token).send().await;
        assert_eq!(reply.status, 403, "{method} {path}: {}", reply.text());
        reply.refused(403, "insufficient_scope");
    }
}

#[tokio::test]
async fn the_lifetime_is_a_setting() {
    let server = Server::with().set("client_token_seconds", 33).start();
    let client = server.client(&["read"]).await;
    let reply = ask(&server, "/oauth/token", &client, &[GRANT])
        .await
        .expect(200);
    assert_eq!(reply.json()["expires_in"], 33);
}

#[tokio::test]
async fn a_login_refresh_token_is_none_of_oauths() {
    let server = Server::start();
    let body = json!({"name": "x", "grantTypes": ["client_credentials", "refresh_token"], "scopes": ["read"]});
    let made = server.admin("POST", "/admin/clients", Some(body)).await;
    let client = Client {
        id: made["id"].as_str().unwrap().to_owned(),
        secret: made["clientSecret"].as_str().unwrap().to_owned(),
    };
    let ada = server.register("ada@example.com").await;
    for door in DOORS {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", ada.refresh.as_str()),
        ];
        failed(
            &ask(&server, door, &client, &form).await,
            400,
            "invalid_grant",
        );
    }
    let body = json!({"refreshToken": ada.refresh});
    server
        .post("/auth/refresh")
        .json(body)
        .send()
        .await
        .expect(200);
}
