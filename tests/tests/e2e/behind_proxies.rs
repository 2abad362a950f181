//! What a proxy in front may get wrong: hosts, schemes, forwarded addresses, and spellings of paths.

use doorward_tests::{Server, browser::filled, eventually};

#[tokio::test]
async fn a_path_has_one_spelling() {
    let server = Server::start();
    server.get("/metrics").send().await.expect(200);
    let host = server.url().trim_start_matches("http://");
    for path in [
        "//metrics",
        "/%6detrics",
        "/%6Detrics",
        "/a/../metrics",
        "/./metrics",
        "/metrics/",
        "/%2e/metrics",
        "/health%2flive",
        "//admin//users",
        "/%61dmin/users",
        "/oauth//token",
    ] {
        let bytes = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = server.raw(bytes.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(
            answer.contains("\"code\":\"not_found\""),
            "{path}: {answer}"
        );
        assert!(
            answer.to_lowercase().contains("x-request-id: "),
            "{path}: {answer}"
        );
    }
}

/// RFC 9112 section 3.2.
#[tokio::test]
async fn a_request_has_one_host() {
    let server = Server::start();
    for (hosts, status) in [
        ("", 400),
        ("Host: a\r\nHost: b\r\n", 400),
        ("Host: a\r\n", 200),
    ] {
        let bytes = format!("GET /health/live HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let answer = server.raw(bytes.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{hosts}: {answer}"
        );
    }
}

#[tokio::test]
async fn there_are_at_most_256_parameters_everywhere() {
    let server = Server::start();
    let of = |n: usize| {
        (0..n)
            .map(|n| format!("a{n}=x"))
            .collect::<Vec<_>>()
            .join("&")
    };
    let kind = "application/x-www-form-urlencoded";
    for path in [
        "/oauth/token",
        "/auth/token",
        "/oauth/revoke",
        "/oauth/introspect",
    ] {
        let many = server
            .post(path)
            .body(kind, of(257))
            .send()
            .await
            .expect(400);
        assert_eq!(many.field("error"), "invalid_request", "{path}");
        let few = server
            .post(path)
            .body(kind, of(256))
            .send()
            .await
            .expect(401);
        assert_eq!(few.field("error"), "invalid_client", "{path}");
    }
    let members: Vec<_> = (0..257).map(|n| format!("\"a{n}\":\"x\"")).collect();
    let body = format!("{{{}}}", members.join(","));
    let many = server.post("/auth/token").body("application/json", body);
    assert_eq!(
        many.send().await.expect(400).field("error"),
        "invalid_request"
    );
    for path in [
        "/oauth/authorize",
        "/oauth/logout",
        "/sign-in",
        "/sign-out",
        "/sign-up",
    ] {
        let many = server.post(path).body(kind, of(257)).send().await;
        assert_eq!(many.status, 400, "{path}");
    }
    for path in [
        "/oauth/authorize",
        "/oauth/logout",
        "/sign-in",
        "/admin/users",
        "/health/live",
    ] {
        let many = server.get(&format!("{path}?{}", of(257))).send().await;
        assert_eq!(many.status, 400, "{path}");
    }
    server
        .get(&format!("/sign-in?{}", of(256)))
        .send()
        .await
        .expect(200);
}

/// A TLS proxy in front, and nobody has set `issuer`.
#[tokio::test]
async fn a_form_from_the_same_host_under_another_scheme_names_the_setting() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let browser = server.browser();
    let page = browser.open("/sign-in").await;
    let sign_in = filled(&page, "ada@example.com");
    let fields: Vec<_> = sign_in
        .fields
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let here = server.url().replacen("http", "https", 1);
    let elsewhere = "https://id.example";
    for (origin, host, site) in [
        (here.as_str(), None, None),
        (elsewhere, Some("id.example"), None),
        // The proxy did not pass the Host on.
        (elsewhere, None, Some("same-origin")),
    ] {
        let mut call = server
            .post("/sign-in")
            .header("origin", origin)
            .form(&fields);
        if let Some(host) = host {
            call = call.header("host", host);
        }
        if let Some(site) = site {
            call = call.header("sec-fetch-site", site);
        }
        let reply = browser.send(call).await.expect(403);
        let text = reply.text();
        assert!(
            text.contains("<code>") && text.contains("issuer") && text.contains(origin),
            "{text}"
        );
    }
    let told = || server.log().matches("the setting `issuer`").count();
    eventually("the log names the setting", async || {
        (told() == 1).then_some(())
    })
    .await;
    // Another site's form is another site's, whatever it says of itself.
    let call = server
        .post("/sign-in")
        .header("origin", elsewhere)
        .form(&fields);
    let reply = browser.send(call).await.expect(403);
    assert!(!reply.text().contains("issuer"), "{}", reply.text());
    assert_eq!(
        browser.open("/account").await.header("location"),
        "/sign-in"
    );
}

#[tokio::test]
async fn a_forwarded_address_that_is_not_believed_is_told_once() {
    let server = Server::start();
    for address in ["192.0.2.1", "192.0.2.2"] {
        let call = server
            .get("/health/live")
            .header("x-forwarded-for", address);
        call.send().await.expect(200);
    }
    let told = || server.log().matches("`trusted_proxies`").count();
    eventually("the log names the setting", async || {
        (told() > 0).then_some(())
    })
    .await;
    assert_eq!(told(), 1, "{}", server.log());
}

/// An event stream that nginx buffers comes late, or never.
#[tokio::test]
async fn event_streams_are_not_buffered() {
    let server = Server::start();
    let stream = server
        .get("/admin/events/stream")
        .bearer(&server.operator_key())
        .open()
        .await;
    assert_eq!(stream.headers()["x-accel-buffering"], "no");
}

/// RFC 8259 section 8.1.
#[tokio::test]
async fn a_byte_order_mark_before_json_is_refused_by_its_name() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let body = "\u{feff}{\"email\":\"ada@example.com\",\"password\":\"correct horse battery\"}";
    let call = server.post("/auth/login").body("application/json", body);
    let reply = call.send().await;
    reply.refused(400, "invalid_request");
    assert!(reply.text().contains("byte order mark"));
}

/// Rocket drops a header that is not UTF-8, and with it the address that an appending proxy has put behind what the client sent.
#[tokio::test]
async fn who_hides_their_address_is_not_taken_for_the_proxy() {
    let server = Server::with()
        .set("trusted_proxies", "[\"127.0.0.1/32\"]")
        .start();
    let ada = server.register("ada@example.com").await;
    let body =
        serde_json::json!({"name": "local", "scopes": ["read"], "allowedIps": ["127.0.0.1"]});
    let key = server.post("/apikey").bearer(&ada.access).json(body);
    let key = key.send().await.expect(201).field("key").clone();
    let host = server.url().trim_start_matches("http://").to_owned();
    let call = async |head: &str, forwarded: &[u8], body: &str| {
        let length = body.len();
        let head = format!(
            "{head} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        );
        let bytes = [head.as_bytes(), forwarded, b"\r\n", body.as_bytes()].concat();
        let answer = server.raw(&bytes).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = body
            .split_once("\"code\":\"")
            .and_then(|(_, rest)| rest.split('"').next());
        (head[9..12].to_owned(), code.unwrap_or_default().to_owned())
    };
    let none: &[u8] = b"";
    let hidden: &[u8] = b"X-Forwarded-For: \xff, 198.51.100.7\r\nX-Forwarded-Proto: https\r\n";
    let told: &[u8] = b"X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n";
    let ok = |status: &str| (status.to_owned(), String::new());
    let no = |code: &str| ("403".to_owned(), code.to_owned());

    let me = "GET /auth/me";
    assert_eq!(call(me, none, "").await, ok("200"), "the machine itself");
    assert_eq!(call(me, told, "").await, no("insufficient_scope"));
    assert_eq!(call(me, hidden, "").await, no("insufficient_scope"));

    let block = serde_json::json!({"network": "203.0.113.0/24", "reason": "a flood"});
    server.admin("POST", "/admin/blocks", Some(block)).await;
    let login = "POST /auth/login";
    let who = serde_json::json!({"email": "ada@example.com", "password": doorward_tests::PASSWORD})
        .to_string();
    assert_eq!(call(login, told, &who).await, ok("200"), "another network");
    assert_eq!(call(login, hidden, &who).await, no("blocked"));
    assert_eq!(
        call(login, none, &who).await,
        ok("200"),
        "the machine itself"
    );
}
