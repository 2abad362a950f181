//! `client.refused`: why an application does not work, for operators.

use std::{fs, path::Path};

use doorward_tests::{
    Server,
    browser::{CALLBACK, request},
    eventually,
};
use serde_json::{Value, json};

async fn refusals(server: &Server) -> Vec<Value> {
    let events = server
        .admin("GET", "/admin/events?action=client.refused&limit=100", None)
        .await;
    events["data"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn each_refusal_is_an_event_with_its_cause_and_a_log_line() {
    let server = Server::with_defaults().start();
    let app = server.app(json!({})).await;
    let browser = server.browser();
    browser
        .authorize(&request(&app, &[("redirect_uri", "https://evil.example/")]))
        .await
        .expect(400);
    browser
        .authorize(&request(&app, &[("response_type", "token")]))
        .await
        .expect(303);
    browser
        .authorize(&request(
            &app,
            &[("client_id", "client_01arz3ndektsv4rrffq69g5fav")],
        ))
        .await;
    // Nothing is wrong with a client whose person has yet to sign in.
    browser
        .authorize(&request(&app, &[("prompt", "none")]))
        .await
        .expect(303);
    let token = [("grant_type", "client_credentials"), ("token", "x")];
    for path in ["/oauth/token", "/oauth/introspect", "/oauth/revoke"] {
        let call = server.post(path).basic(&app.id, "wrong").form(&token);
        call.send().await.expect(401);
    }
    let call = server
        .post("/oauth/introspect")
        .bearer("nonsense")
        .form(&token);
    call.send().await.expect(401);
    let logout = format!(
        "/oauth/logout?client_id={}&post_logout_redirect_uri=https://evil.example/",
        app.id
    );
    browser.open(&logout).await.expect(400);
    let found = eventually("all refusals are there", async || {
        let found = refusals(&server).await;
        (found.len() >= 6).then_some(found)
    })
    .await;
    assert_eq!(found.len(), 6, "{found:#?}");
    let of = |cause: &str| {
        let mut same = found.iter().filter(|event| {
            event["cause"]
                .as_str()
                .is_some_and(|text| text.contains(cause))
        });
        let event = same
            .next()
            .unwrap_or_else(|| panic!("no {cause}: {found:#?}"));
        assert!(same.next().is_none());
        (event["target"].clone(), event["count"].clone())
    };
    let id = json!(app.id);
    assert_eq!(
        of(": redirect_uri is not registered"),
        (id.clone(), json!(1))
    );
    assert_eq!(of("unsupported_response_type"), (id.clone(), json!(1)));
    assert_eq!(
        of("no client has this").0,
        "client_01arz3ndektsv4rrffq69g5fav"
    );
    assert_eq!(of("the client secret is wrong"), (id.clone(), json!(3)));
    assert_eq!(of("post_logout_redirect_uri"), (id, json!(1)));
    assert_eq!(of("invalid_token").0, Value::Null);
    for event in &found {
        assert_eq!(
            (&event["actor"], &event["ip"]),
            (&json!("anonymous"), &json!("127.0.0.1"))
        );
    }
    // Counters by cause; none is called by what a stranger has written.
    let mut twice = request(&app, &[]);
    twice.extend([1, 2].map(|n| ("stranger".to_owned(), n.to_string())));
    browser.authorize(&twice).await.expect(303);
    let metrics = server.get("/metrics").send().await.expect(200).text();
    for (cause, count) in [
        ("invalid_client: the client secret is wrong", 3),
        (
            "invalid_request: redirect_uri is not registered for this client",
            1,
        ),
        ("invalid_request", 1),
    ] {
        let line = format!("doorward_client_refusals_total{{cause=\"{cause}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
    assert!(!metrics.contains("stranger"), "{metrics}");
    assert!(!metrics.contains("evil.example"), "{metrics}");
    assert!(server.log().contains("client refused"), "{}", server.log());
    assert_eq!(CALLBACK, "https://app.example/cb");
}

/// What the event of a cause tells of the request.
async fn sent(server: &Server, cause: &str) -> Value {
    eventually(cause, async || {
        let found = refusals(server).await;
        let of = |event: &&Value| {
            event["cause"]
                .as_str()
                .is_some_and(|text| text.contains(cause))
        };
        Some(found.iter().find(of)?["sent"].clone())
    })
    .await
}

#[tokio::test]
async fn what_was_sent_is_told_beside_what_is_registered() {
    let server = Server::with_defaults().start();
    let app = server
        .app(json!({ "resources": ["https://api.example"], "tokenEndpointAuthMethod": "client_secret_basic" }))
        .await;
    let browser = server.browser();
    let told = |parameter: &str, value: &str, allowed: &[&str]| json!({ "parameter": parameter, "value": value, "allowed": allowed });
    let mistyped = "https://ada:PASSWORD@app.example/callbak\u{202e}?code=SECRET";
    let ask = async |with: &[(&str, &str)]| browser.authorize(&request(&app, with)).await;
    ask(&[("redirect_uri", mistyped)]).await.expect(400);
    let bad = told(
        "redirect_uri",
        "https://…@app.example/callbak\u{fffd}?…",
        &[CALLBACK],
    );
    assert_eq!(sent(&server, ": redirect_uri is not registered").await, bad);
    for (name, value, cause, allowed) in [
        (
            "response_type",
            "token",
            "unsupported_response_type",
            &["code"][..],
        ),
        (
            "response_mode",
            "fragment",
            "response_mode must",
            &["query", "form_post"],
        ),
        (
            "code_challenge_method",
            "plain",
            "code_challenge_method must",
            &["S256"],
        ),
        (
            "prompt",
            "create",
            "prompt has",
            &["none", "login", "select_account", "consent"],
        ),
        (
            "resource",
            "https://apy.example/",
            "invalid_target",
            &[server.url(), "https://api.example"],
        ),
    ] {
        ask(&[(name, value)]).await.expect(303);
        assert_eq!(sent(&server, cause).await, told(name, value, allowed));
    }
    ask(&[("scope", "admin")]).await.expect(303);
    let scope = sent(&server, "invalid_scope").await;
    assert_eq!(
        (&scope["parameter"], &scope["value"]),
        (&json!("scope"), &json!("admin"))
    );
    assert!(
        scope["allowed"]
            .as_array()
            .is_some_and(|all| all.contains(&json!("openid")))
    );

    let grant = async |grant: &str| {
        let call = server.post("/oauth/token").basic(&app.id, &app.secret);
        call.form(&[("grant_type", grant)]).send().await.expect(400);
    };
    grant("client_credentials").await;
    let registered = &["authorization_code", "refresh_token"];
    let bad = told("grant_type", "client_credentials", registered);
    assert_eq!(sent(&server, "unauthorized_client").await, bad);
    grant("password").await;
    assert_eq!(
        sent(&server, "unsupported_grant_type").await["value"],
        "password"
    );
    let form = [
        ("client_id", &*app.id),
        ("client_secret", &*app.secret),
        ("grant_type", "refresh_token"),
    ];
    server
        .post("/oauth/token")
        .form(&form)
        .send()
        .await
        .expect(401);
    let bad = told(
        "token_endpoint_auth_method",
        "client_secret_post",
        &["client_secret_basic"],
    );
    assert_eq!(
        sent(&server, "different token_endpoint_auth_method").await,
        bad
    );
    let logout = format!(
        "/oauth/logout?client_id={}&post_logout_redirect_uri=https://app.example/bye%3FSECRET",
        app.id
    );
    browser.open(&logout).await.expect(400);
    let bad = told(
        "post_logout_redirect_uri",
        "https://app.example/bye?…",
        &[CALLBACK],
    );
    assert_eq!(sent(&server, "post_logout_redirect_uri").await, bad);
    // A typing error in an id is told; what may be a secret in the wrong field is not.
    ask(&[("client_id", "client_01arz3")]).await.expect(400);
    let bad = told("client_id", "client_01arz3", &[]);
    assert_eq!(sent(&server, "no client has this").await, bad);
    let log = server.log();
    assert!(log.contains(r#"sent=redirect_uri "https://…@app.example/callbak�?…", allowed ["https://app.example/cb"]"#), "{log}");
    assert!(
        !log.contains("SECRET") && !log.contains("PASSWORD"),
        "{log}"
    );
}

#[tokio::test]
async fn the_same_refusal_is_one_event_and_what_is_counted_is_written_at_the_stop() {
    let mut server = Server::start();
    let app = server.app(json!({})).await;
    let wrong = async || {
        let call = server.post("/oauth/token").basic(&app.id, "wrong");
        call.form(&[("grant_type", "client_credentials")])
            .send()
            .await
            .expect(401);
    };
    wrong().await;
    eventually("the first is told", async || {
        (refusals(&server).await.len() == 1).then_some(())
    })
    .await;
    for _ in 0..20 {
        wrong().await;
    }
    assert_eq!(refusals(&server).await.len(), 1);
    server.stop();
    server.start_again();
    let found = refusals(&server).await;
    let counts: Vec<_> = found.iter().map(|event| event["count"].clone()).collect();
    assert_eq!(counts, [json!(20), json!(1)]);
}

/// The text of all product code under `folder`, without comments and with each string on one line.
fn product_code(folder: &Path) -> String {
    let mut code = String::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            code += &product_code(&path);
        } else if !path.to_string_lossy().ends_with("tests.rs") {
            let source = fs::read_to_string(&path).expect("a source");
            let product = source.split("#[cfg(test)]").next().unwrap_or_default();
            let lines = product.lines().map(str::trim_start);
            for line in lines.filter(|line| !line.starts_with("//")) {
                code += line.strip_suffix('\\').unwrap_or(line);
                code += if line.ends_with('\\') { "" } else { "\n" };
            }
        }
    }
    code
}

/// The console recognizes a cause by a part of the server's error description.
#[test]
fn each_cause_that_the_console_explains_is_an_error_of_the_server() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let explained = fs::read_to_string(root.join("tui/src/core/client_diagnosis.rs"))
        .expect("the console's explanations");
    let server = product_code(&root.join("server/src"));
    let written = |cause: &str| match cause.strip_suffix(" is missing") {
        Some(name) if !server.contains(cause) => {
            server.contains("\"{name} is missing\"") && server.contains(&format!("\"{name}\""))
        }
        _ => server.contains(cause),
    };
    let causes: Vec<&str> = explained
        .split("KnownCause(\n")
        .skip(1)
        .filter_map(|row| row.split('"').nth(1))
        .collect();
    assert!(causes.len() > 25, "{causes:?}");
    let unknown: Vec<_> = causes.iter().filter(|cause| !written(cause)).collect();
    assert!(
        unknown.is_empty(),
        "no error of the server contains {unknown:?}"
    );
}
