//! What the log holds, and what it never does, whatever is asked of it.

use doorward_tests::{Options, PASSWORD, Server};
use serde_json::{Value, json};

/// What somebody typed into the wrong box.
const TYPED: &str = "hunter2-typed-as-a-name";
const WRONG: &str = "wrong-Pass-7731";
const NEW: &str = "another-Pass-9912";

/// Does all that can go right and wrong; answers every secret that was in it.
async fn provoke(server: &Server) -> Vec<String> {
    let ada = server.register("ada@example.com").await;
    let mut secrets = vec![
        server.operator_key(),
        ada.access.clone(),
        ada.refresh.clone(),
        TYPED.into(),
        WRONG.into(),
        NEW.into(),
    ];
    let post = async |path: &str, token: &str, body: Value| {
        let call = server.post(path).json(body);
        let call = if token.is_empty() {
            call
        } else {
            call.bearer(token)
        };
        call.send().await
    };
    for email in [TYPED, &format!("{TYPED}@example.com"), "ada@example.com"] {
        post(
            "/auth/login",
            "",
            json!({"email": email, "password": WRONG}),
        )
        .await;
    }
    let taken = json!({"email": "ada@example.com", "password": WRONG});
    post("/auth/register", "", taken)
        .await
        .refused(409, "email_taken");
    post(
        "/auth/login",
        "",
        json!({"email": WRONG, "password": 7, "extra": TYPED}),
    )
    .await;
    post("/auth/refresh", "", json!({"refreshToken": ada.refresh})).await;
    let replayed = post("/auth/refresh", "", json!({"refreshToken": ada.refresh})).await;
    assert_eq!(replayed.status, 401);
    let ada = server.login("ada@example.com").await;
    secrets.extend([ada.access.clone(), ada.refresh.clone()]);
    let change = json!({"currentPassword": PASSWORD, "newPassword": NEW});
    post("/auth/password", &ada.access, change)
        .await
        .expect(204);
    let minted = server.key_of(&ada, &["read"]).await;
    let key = minted["key"].as_str().unwrap().to_owned();
    let client = server.client(&["read"]).await;
    secrets.extend([
        key.clone(),
        client.secret.clone(),
        server.client_token(&client).await,
    ]);

    // Secrets where none belong: in paths, queries, forms, headers, broken bodies.
    for path in [
        format!("/auth/me?access_token={}", ada.access),
        format!("/{key}"),
        format!("/admin/users/{}", ada.refresh),
        format!("/auth/nowhere/{WRONG}?password={WRONG}"),
    ] {
        server.get(&path).send().await;
        server.delete(&path).bearer(&key).send().await;
    }
    server.me(&format!("{}x", ada.access)).await;
    server.me(&key[..key.len() - 1]).await;
    server
        .post("/auth/login")
        .body("application/json", format!("{{\"password\":\"{WRONG}"))
        .send()
        .await;
    server
        .post("/auth/login")
        .body("text/plain", WRONG)
        .send()
        .await;
    server
        .post("/oauth/token")
        .basic(TYPED, &client.secret)
        .form(&[
            ("grant_type", "password"),
            ("username", TYPED),
            ("password", WRONG),
        ])
        .send()
        .await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", ada.refresh.as_str()),
    ];
    server
        .post("/oauth/token")
        .basic(&client.id, WRONG)
        .form(&form)
        .send()
        .await;
    let head = format!(
        "GET /{WRONG} HTTP/1.1\r\nHost: {TYPED}\r\nAuthorization: Bearer {key}\r\nBad Header\r\n\r\n"
    );
    server.raw(head.as_bytes()).await;
    server
        .post("/auth/logout")
        .bearer(&ada.access)
        .send()
        .await
        .expect(204);
    server.me(&ada.access).await;
    secrets
}

fn holds_no_secret(log: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!log.contains(secret.as_str()), "{secret} is in {log}");
        // Nor most of it: the part of a token that proves it.
        let tail = &secret[secret.len() - secret.len().min(20)..];
        assert!(!log.contains(tail), "the end of {secret} is in {log}");
    }
}

fn ways() -> [(&'static str, Options); 4] {
    let with = Server::with;
    let all = "trace,rocket=trace,rocket::server=trace,_=trace,hyper=trace,rustls=trace,h2=trace";
    [
        ("plain", with()),
        (
            "plain, everything",
            with().env("RUST_LOG", all).env("ROCKET_LOG_LEVEL", "debug"),
        ),
        ("json", with().set("log_format", "json")),
        (
            "json, everything",
            with().set("log_format", "json").env("RUST_LOG", all),
        ),
    ]
}

#[tokio::test]
async fn no_secret_and_no_failed_name_is_ever_logged() {
    for (way, options) in ways() {
        let mut server = options.start();
        let secrets = provoke(&server).await;
        assert_eq!(server.stop().code(), Some(0));
        let log = server.log();
        holds_no_secret(&log, &secrets);
        if way.contains("everything") {
            for shown in ["/auth/login", "status", "request_id"] {
                assert!(log.contains(shown), "{way}: no {shown} in {log}");
            }
        }
        if way.starts_with("json") {
            for line in log.lines() {
                let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
                assert!(
                    line["timestamp"].is_string() && line["level"].is_string(),
                    "{line}"
                );
            }
        }
        // The database is not a log, and yet: what was typed into the wrong box is not in it either.
        for file in std::fs::read_dir(server.data_dir()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for typed in [TYPED, WRONG, NEW] {
                let mut parts = bytes.windows(typed.len());
                let found = parts.position(|part| part == typed.as_bytes());
                let around = found.map(|at| &bytes[at.saturating_sub(60)..at + 60]);
                let around = around.map(String::from_utf8_lossy);
                assert_eq!(around, None, "{typed} is stored");
            }
        }
    }
}

#[tokio::test]
async fn metrics_say_what_happened_and_name_nobody() {
    let server = Server::start();
    let secrets = provoke(&server).await;
    let reply = server.get("/metrics").send().await.expect(200);
    assert!(reply.header("content-type").starts_with("text/plain"));
    let text = reply.text();
    holds_no_secret(&text, &secrets);
    assert!(!text.contains("ada@") && !text.contains("user_"), "{text}");
    for wanted in [
        r#"doorward_http_requests_total{method="POST",route="/auth/login",status="200"}"#,
        r#"doorward_http_requests_total{method="POST",route="/auth/login",status="401"}"#,
        r#"doorward_http_request_duration_seconds_bucket{le="0.01",method="GET",route="/auth/me"}"#,
        r#"doorward_http_request_duration_seconds_count{method="POST",route="/auth/register"}"#,
        r#"doorward_tokens_issued_total{grant="client_credentials"}"#,
        r#"doorward_logins_total{outcome="success"}"#,
        r#"doorward_logins_total{outcome="invalid_credentials"}"#,
        "doorward_sessions_live ",
        "doorward_writer_queue ",
        "doorward_writer_batch_size_count ",
        "doorward_writer_batch_duration_seconds_count ",
        "doorward_writer_fsyncs_total ",
        "doorward_argon2_waiting ",
    ] {
        assert!(text.contains(wanted), "no {wanted} in {text}");
    }
    // Routes are patterns: what people ask for does not become a series.
    assert!(!text.contains("nowhere"), "{text}");
    for family in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = family.split_once(' ').unwrap();
        assert_eq!(kind == "counter", name.ends_with("_total"), "{family}");
        assert!(
            text.contains(&format!("# HELP {name} ")),
            "{name} is not described"
        );
    }
}
