//! One shape for every error, whatever the request was.

use doorward_tests::{PASSWORD, Reply, Server};
use serde_json::{Value, json};

const ACCEPTS: [&str; 6] = [
    "text/html",
    "*/*",
    "application/xml",
    "image/png",
    "nonsense",
    "application/json;q=0",
];

fn json_error(reply: &Reply) {
    assert!(
        reply.header("content-type").starts_with("application/json"),
        "{}",
        reply.text()
    );
    assert!(!reply.header("x-request-id").is_empty());
    let challenge = reply.header("www-authenticate");
    assert_eq!(
        challenge.starts_with("Bearer"),
        matches!(reply.status, 401 | 403),
        "{challenge}"
    );
}

#[tokio::test]
async fn unknown_paths_are_404_in_the_one_shape() {
    let server = Server::start();
    let key = server.operator_key();
    for path in [
        "/",
        "/nope",
        "/auth",
        "/auth/nope",
        "/auth/me/more",
        "/auth/sessions/a/b",
        "/apikey/a/b",
        "/apikeys",
        "/admin",
        "/admin/nope",
        "/admin/users/a/b/c",
        "/oauth",
        "/oauth/nope",
        "/.well-known/nope",
        "/health",
        "/metrics/x",
        "/openapi.json/x",
        "/docs/x",
        "/AUTH/me",
        "/.env",
        "/%00",
        "/%ff",
        "/auth/%2e%2e/me",
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let reply = server.call(method, path).bearer(&key).send().await;
            assert!(
                matches!(reply.status, 404 | 405),
                "{method} {path}: {}",
                reply.text()
            );
            if reply.status == 404 {
                reply.refused(404, "not_found");
            } else {
                reply.refused(405, "method_not_allowed");
            }
            json_error(&reply);
        }
        let reply = server.get(path).bearer(&key).send().await;
        assert_eq!(reply.status, 404, "{path}");
    }
    for path in [
        "/admin/users/a%2Fb",
        "/admin/users/%ff",
        "/admin/sessions/%F0%9F%98%80",
    ] {
        let reply = server.get(path).bearer(&key).send().await;
        reply.refused(404, "not_found");
    }
    for accept in ACCEPTS {
        let reply = server.get("/nope").header("accept", accept).send().await;
        reply.refused(404, "not_found");
        json_error(&reply);
    }
}

#[tokio::test]
async fn other_methods_are_405_and_say_which_there_are() {
    let server = Server::start();
    let cases = [
        ("GET", "/auth/register", "POST"),
        ("DELETE", "/auth/login", "POST"),
        ("PUT", "/auth/me", "GET, HEAD, PATCH, DELETE"),
        ("POST", "/auth/me", "GET, HEAD, PATCH, DELETE"),
        ("OPTIONS", "/auth/me", "GET, HEAD, PATCH, DELETE"),
        ("GET", "/auth/sessions/x", "DELETE"),
        ("PUT", "/apikey/x", "GET, HEAD, PATCH, DELETE"),
        ("POST", "/admin/whoami", "GET, HEAD"),
        ("PATCH", "/admin/users", "GET, HEAD, POST"),
        ("POST", "/admin/roles/x", "GET, HEAD, PUT, DELETE"),
        ("DELETE", "/health/live", "GET, HEAD"),
        ("TRACE", "/metrics", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/.well-known/jwks.json", "GET, HEAD"),
        ("GET", "/oauth/token", "POST"),
        ("PUT", "/auth/token", "POST"),
        ("POST", "/auth/me/", "GET, HEAD, PATCH, DELETE"),
    ];
    for (method, path, allowed) in cases {
        for accept in ACCEPTS {
            let reply = server
                .call(method, path)
                .header("accept", accept)
                .send()
                .await;
            assert_eq!(reply.status, 405, "{method} {path}: {}", reply.text());
            reply.refused(405, "method_not_allowed");
            json_error(&reply);
            let mut allow: Vec<_> = reply.header("allow").split(", ").collect();
            let mut expected: Vec<_> = allowed.split(", ").collect();
            allow.sort_unstable();
            expected.sort_unstable();
            assert_eq!(allow, expected, "{method} {path}");
        }
    }
    let head = server.call("HEAD", "/auth/login").send().await;
    assert_eq!((head.status, head.body.len()), (405, 0));
    let head = server.call("HEAD", "/nope").send().await;
    assert_eq!((head.status, head.body.len()), (404, 0));
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    for path in [
        "/auth/me",
        "/auth/sessions",
        "/apikey",
        "/health/live",
        "/openapi.json",
        "/docs",
    ] {
        let get = server
            .get(path)
            .bearer(&ada.access)
            .send()
            .await
            .expect(200);
        let head = server
            .call("HEAD", path)
            .bearer(&ada.access)
            .send()
            .await
            .expect(200);
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
    let head = server.call("HEAD", "/auth/me").send().await;
    assert_eq!(head.status, 401);
    assert!(head.header("www-authenticate").starts_with("Bearer"));
}

/// Every operation with a JSON body, from the server's own description.
fn with_body(description: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let json = &operation["requestBody"]["content"]["application/json"];
            let form = &operation["requestBody"]["content"]["application/x-www-form-urlencoded"];
            // The protocol's own calls answer with its own errors.
            let is_protocol = path.starts_with("/oauth/");
            if json.is_object() && form.is_null() && !is_protocol {
                let path = path.replace("{id}", "x").replace("{name}", "x");
                found.push((method.to_uppercase(), path));
            }
        }
    }
    found
}

/// Somebody who may make the call at all.
fn caller<'a>(path: &str, person: &'a str, operator: &'a str) -> &'a str {
    if path.starts_with("/admin") || path == "/apikey/verify" {
        operator
    } else {
        person
    }
}

#[tokio::test]
async fn every_body_is_judged_alike_after_its_caller() {
    let server = Server::with()
        .set("registrations_per_hour_per_ip", 0)
        .start();
    let ada = server.register("ada@example.com").await;
    let operator = server.operator_key();
    let description = server.get("/openapi.json").send().await.expect(200).json();
    let calls = with_body(&description);
    assert!(calls.len() >= 18, "{calls:?}");
    for (method, path) in &calls {
        let token = caller(path, &ada.access, &operator);
        let open = [
            "/auth/register",
            "/auth/login",
            "/auth/refresh",
            "/auth/mfa",
            "/auth/passkey",
            "/auth/password/reset",
            "/auth/password/forgot",
            "/auth/email/resend",
            "/auth/email/verify",
        ]
        .contains(&path.as_str());
        let send = async |kind: &str, body: Vec<u8>| {
            let call = server
                .call(method, path)
                .bearer(token)
                .header("accept", "text/html");
            let call = if kind.is_empty() {
                call.raw_body(body)
            } else {
                call.body(kind, body)
            };
            call.send().await
        };
        let what = format!("{method} {path}");
        // The caller first.
        if !open {
            for body in [&b"{"[..], &vec![b' '; 70_000]] {
                let anonymous = server.call(method, path).body("text/plain", body.to_vec());
                anonymous.send().await.refused(401, "missing_token");
            }
        }
        for kind in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonx",
            "text/json",
            "application/xml",
        ] {
            let reply = send(kind, b"{}".to_vec()).await;
            assert_eq!(reply.status, 415, "{what} {kind}: {}", reply.text());
            reply.refused(415, "unsupported_media_type");
            json_error(&reply);
        }
        let large = [&b"{\"a\":\""[..], &vec![b'x'; 64 * 1024], b"\"}"].concat();
        let reply = send("application/json", large).await;
        assert_eq!(reply.status, 413, "{what}: {}", reply.text());
        reply.refused(413, "payload_too_large");
        json_error(&reply);
        for bad in [
            &b"{"[..],
            b"}",
            b"nonsense",
            b"[]",
            b"null",
            b"true",
            b"7",
            b"\"text\"",
            b"{}{}",
            b"{} x",
            b"{'a':1}",
            b"{\"a\":1,}",
            b"{\"a\" 1}",
            b"\xff\xfe{}",
            b"\xef\xbb\xbf{}",
            b"{\"\xff\":1}",
            b"{\"a\":\"\xc3\x28\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\\u12\"}",
            b"{\"a\":NaN}",
            b"{\"a\":1e999}",
            b"{\"a\":\"\x01\"}",
            b" ",
            b"\0",
        ] {
            let reply = send("application/json", bad.to_vec()).await;
            assert_eq!(
                reply.status,
                400,
                "{what} {}: {}",
                String::from_utf8_lossy(bad),
                reply.text()
            );
            reply.refused(400, "invalid_request");
            json_error(&reply);
        }
        let reply = send(
            "application/json; charset=utf-8",
            br#"{"noSuchField":1}"#.to_vec(),
        )
        .await;
        assert_eq!(reply.status, 400, "{what}: {}", reply.text());
        let field = reply.json()["error"]["field"].as_str().map(str::to_owned);
        assert!(field.is_some(), "{what}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_body_of_nothing_is_told_for_what_it_is() {
    let server = Server::start();
    server
        .post("/auth/login")
        .send()
        .await
        .refused(400, "invalid_request");
    let typed = server.post("/auth/login").body("application/json", "");
    typed.send().await.refused(400, "invalid_request");
    let other = server.post("/auth/login").body("text/plain", "");
    other.send().await.refused(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_refused_body_names_its_field() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let key = server.operator_key();
    let cases = [
        (
            "POST",
            "/auth/register",
            json!({"password": PASSWORD}),
            "email",
        ),
        (
            "POST",
            "/auth/register",
            json!({"email": "x@example.com"}),
            "password",
        ),
        (
            "POST",
            "/auth/register",
            json!({"email": null, "password": PASSWORD}),
            "email",
        ),
        (
            "POST",
            "/auth/register",
            json!({"email": ["x"], "password": PASSWORD}),
            "email",
        ),
        (
            "POST",
            "/auth/register",
            json!({"email": "x@example.com", "password": 12_345_678}),
            "password",
        ),
        (
            "POST",
            "/auth/register",
            json!({"email": "x@example.com", "password": PASSWORD, "firstName": 1}),
            "firstName",
        ),
        (
            "POST",
            "/auth/register",
            json!({"email": "x@example.com", "password": PASSWORD, "first_name": "X"}),
            "first_name",
        ),
        ("POST", "/auth/login", json!({"email": "x"}), "password"),
        (
            "POST",
            "/auth/login",
            json!({"email": "x", "password": "y", "totp": "1"}),
            "totp",
        ),
        (
            "POST",
            "/auth/login",
            json!({"email": {"$gt": ""}, "password": "y"}),
            "email",
        ),
        ("POST", "/auth/refresh", json!({}), "refreshToken"),
        (
            "POST",
            "/auth/refresh",
            json!({"refreshToken": 1}),
            "refreshToken",
        ),
        (
            "POST",
            "/auth/refresh",
            json!({"refresh_token": "x"}),
            "refresh_token",
        ),
        (
            "POST",
            "/auth/password",
            json!({"newPassword": PASSWORD}),
            "currentPassword",
        ),
        (
            "POST",
            "/auth/password",
            json!({"currentPassword": PASSWORD}),
            "newPassword",
        ),
        ("PATCH", "/auth/me", json!({"firstName": 1}), "firstName"),
        (
            "PATCH",
            "/auth/me",
            json!({"email": "x@example.com"}),
            "email",
        ),
        ("POST", "/admin/users", json!({}), "email"),
        (
            "POST",
            "/admin/users",
            json!({"email": "x@example.com", "permissions": "admin"}),
            "permissions",
        ),
        (
            "POST",
            "/admin/users",
            json!({"email": "x@example.com", "permissions": [1]}),
            "permissions",
        ),
        (
            "POST",
            "/admin/users",
            json!({"email": "x@example.com", "id": "user_x"}),
            "id",
        ),
        (
            "PATCH",
            "/admin/users/x",
            json!({"disabled": "yes"}),
            "disabled",
        ),
        (
            "PATCH",
            "/admin/users/x",
            json!({"password": "x"}),
            "password",
        ),
        ("POST", "/admin/users/x/password", json!({}), "password"),
        ("POST", "/admin/clients", json!({}), "name"),
        (
            "POST",
            "/admin/clients",
            json!({"name": "x", "redirectUris": "x"}),
            "redirectUris",
        ),
        (
            "POST",
            "/admin/clients",
            json!({"name": "x", "confidential": "no"}),
            "confidential",
        ),
        (
            "POST",
            "/admin/clients",
            json!({"name": "x", "clientSecret": "x"}),
            "clientSecret",
        ),
        ("PUT", "/admin/roles/x", json!({}), "permissions"),
        (
            "PUT",
            "/admin/roles/x",
            json!({"permissions": [], "builtIn": true}),
            "builtIn",
        ),
        (
            "POST",
            "/admin/sessions/revoke",
            json!({"dryRun": 1}),
            "dryRun",
        ),
        (
            "POST",
            "/admin/sessions/revoke",
            json!({"user": "x"}),
            "user",
        ),
    ];
    for (method, path, body, field) in cases {
        let call = server
            .call(method, path)
            .bearer(caller(path, &ada.access, &key));
        let reply = call.json(body.clone()).send().await;
        assert_eq!(
            reply.status,
            400,
            "{method} {path} {body}: {}",
            reply.text()
        );
        reply.refused_at(400, "invalid_request", field);
    }
    let twice =
        r#"{"email":"x@example.com","password":"a long enough one","email":"y@example.com"}"#;
    let reply = server
        .post("/auth/register")
        .body("application/json", twice)
        .send()
        .await;
    reply.refused_at(400, "invalid_request", "email");
}

#[tokio::test]
async fn every_operation_of_the_description_is_there() {
    // Passkeys are offered where the issuer has a host name, links by mail where mail is sent.
    let server = Server::with()
        .set("issuer", "http://localhost:8000")
        .set("mail_url", "smtp://localhost:1")
        .set("mail_from", "id@example.com")
        .start();
    let description = server.get("/openapi.json").send().await.expect(200).json();
    let mut count = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "x").replace("{name}", "x");
        for method in operations.as_object().unwrap().keys() {
            let call = server.call(&method.to_uppercase(), &path);
            let reply = call.open().await;
            let status = reply.status().as_u16();
            assert!(
                !matches!(status, 404 | 405 | 500),
                "{method} {path}: {status}"
            );
            count += 1;
        }
    }
    assert!(count >= 50, "{count}");
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let server = Server::start();
    let mut seen = std::collections::HashSet::new();
    for path in [
        "/health/live",
        "/nope",
        "/auth/me",
        "/docs",
        "/metrics",
        "/openapi.json",
        "/.well-known/jwks.json",
    ] {
        let reply = server.get(path).header("x-request-id", "mine").send().await;
        assert!(
            seen.insert(reply.header("x-request-id").to_owned()),
            "{path}"
        );
    }
    assert!(!seen.contains("mine") && !seen.contains(""));
}

#[tokio::test]
async fn the_methods_of_forms_are_what_they_say() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let minted = server.key_of(&ada, &["read"]).await;
    let path = format!("/apikey/{}", minted["id"].as_str().unwrap());
    for method in ["delete", "DELETE", "patch", "put", "get", "head", "options"] {
        let call = server
            .post(&path)
            .bearer(&ada.access)
            .form(&[("_method", method)]);
        call.send().await.refused(405, "method_not_allowed");
        let out = server
            .post("/auth/logout")
            .bearer(minted["key"].as_str().unwrap());
        out.form(&[("_method", method)])
            .send()
            .await
            .refused(403, "insufficient_scope");
        let token = server
            .post("/auth/token")
            .form(&[("_method", method), ("grant_type", "password")]);
        assert_eq!(
            token.send().await.expect(401).json()["error"],
            "invalid_client"
        );
        let query = server
            .post(&path)
            .bearer(&ada.access)
            .query(&[("_method", method)]);
        query.send().await.refused(405, "method_not_allowed");
        let header = server
            .post(&path)
            .bearer(&ada.access)
            .header("x-http-method-override", method);
        header.send().await.refused(405, "method_not_allowed");
    }
    let me = server.me(minted["key"].as_str().unwrap()).await;
    me.expect(200);
}

#[tokio::test]
async fn what_watches_the_server_needs_no_token() {
    let server = Server::start();
    for path in ["/health/live", "/health/ready"] {
        server.get(path).send().await.expect(200);
        // Nor does a bad one matter.
        server.get(path).bearer("nonsense").send().await.expect(200);
    }
    let metrics = server.get("/metrics").send().await.expect(200);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    assert!(metrics.text().contains("# TYPE "));
    let description = server.get("/openapi.json").send().await.expect(200).json();
    assert_eq!(
        description["openapi"].as_str().map(|v| &v[..3]),
        Some("3.1")
    );
    let docs = server.get("/docs").send().await.expect(200);
    assert!(docs.header("content-type").starts_with("text/html"));
    let page = docs.text();
    for outside in [
        "src=\"http",
        "href=\"http",
        "src=\"//",
        "url(http",
        "@import",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
}
