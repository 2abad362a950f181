//! Doorward inside somebody else's Rocket app: the example in `server/examples/embedded.rs`, run for real.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use doorward_tests::{PASSWORD, command};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

struct App {
    child: Child,
    url: String,
    http: Client,
    home: TempDir,
}

impl App {
    fn start() -> Self {
        let home = TempDir::new().unwrap();
        let mut child = command("examples/embedded", home.path())
            .env("ROCKET_PORT", "0")
            .env("DOORWARD_ARGON2_MEMORY_KIB", "64")
            .env("DOORWARD_ARGON2_ITERATIONS", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("orders app on ").expect(&line);
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            url: url.to_owned(),
            child,
            http: Client::new(),
            home,
        }
    }

    async fn call(&self, method: &str, path: &str, token: &str, body: &str) -> Response {
        let method: Method = method.parse().unwrap();
        let mut call = self.http.request(method, format!("{}{path}", self.url));
        if !token.is_empty() {
            call = call.bearer_auth(token);
        }
        call.body(body.to_owned()).send().await.unwrap()
    }

    async fn json(&self, path: &str, token: &str, body: &Value) -> Value {
        let call = self.http.post(format!("{}{path}", self.url)).json(body);
        let reply = call.bearer_auth(token).send().await.unwrap();
        assert!(reply.status().is_success(), "{path}: {}", reply.status());
        serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap_or_default()
    }

    fn operator_key(&self) -> String {
        let path = self.home.path().join("doorward-data/operator.key");
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn refused(reply: Response, status: u16, code: &str) {
    assert_eq!(reply.status(), status);
    assert!(reply.headers().contains_key("www-authenticate"));
    assert!(reply.headers().contains_key("x-request-id"));
    let body: Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
    assert_eq!(body["error"]["code"], code, "{body}");
}

#[tokio::test]
async fn the_apps_routes_are_guarded_by_doorwards_tokens() {
    let app = App::start();
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    let ada = app.json("/auth/register", "", &ada).await;
    let token = ada["accessToken"].as_str().unwrap();

    // Nobody, nonsense, and too little: 401, 401 and 403, in Doorward's shape on the app's own routes.
    refused(
        app.call("GET", "/orders", "", "").await,
        401,
        "missing_token",
    )
    .await;
    refused(
        app.call("GET", "/hello", "", "").await,
        401,
        "missing_token",
    )
    .await;
    refused(
        app.call("GET", "/orders", "nonsense", "").await,
        401,
        "invalid_token",
    )
    .await;
    let key = json!({"name": "reader", "scopes": ["read:orders"]});
    let key = app.json("/apikey", token, &key).await;
    let key = key["key"].as_str().unwrap();
    let reply = app.call("POST", "/orders", key, "tea").await;
    let challenge = reply.headers()["www-authenticate"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(challenge.contains("write:orders"), "{challenge}");
    refused(reply, 403, "insufficient_scope").await;

    assert_eq!(
        app.call("POST", "/orders", token, "tea").await.status(),
        200
    );
    let orders = app.call("GET", "/orders", token, "").await;
    assert_eq!(orders.text().await.unwrap(), "tea\n");
    assert_eq!(app.call("GET", "/orders", key, "").await.status(), 200);
    let hello = app
        .call("GET", "/hello", token, "")
        .await
        .text()
        .await
        .unwrap();
    assert!(hello.contains(ada["userId"].as_str().unwrap()), "{hello}");

    // A revoked session and a revoked key are dead in the app on the next request.
    let operator = app.operator_key();
    let user = ada["userId"].as_str().unwrap();
    let path = format!("/admin/users/{user}/sessions/revoke");
    app.json(&path, &operator, &json!({})).await;
    refused(
        app.call("GET", "/orders", token, "").await,
        401,
        "token_revoked",
    )
    .await;
    assert_eq!(app.call("GET", "/orders", key, "").await.status(), 200);
    let disabled = app.http.patch(format!("{}/admin/users/{user}", app.url));
    let disabled = disabled
        .bearer_auth(&operator)
        .json(&json!({"disabled": true}));
    assert_eq!(disabled.send().await.unwrap().status(), 200);
    refused(
        app.call("GET", "/orders", key, "").await,
        401,
        "token_revoked",
    )
    .await;
}

#[tokio::test]
async fn the_apps_own_errors_stay_its_own() {
    let app = App::start();
    let lost = app.call("GET", "/nowhere", "", "").await;
    assert_eq!(lost.status(), 404);
    assert_eq!(
        lost.text().await.unwrap(),
        "no such page of the orders app\n"
    );
    let ours = app.call("GET", "/auth/nowhere", "", "").await;
    assert_eq!(ours.status(), 404);
    let body: Value = serde_json::from_slice(&ours.bytes().await.unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "not_found");
    for path in [
        "/health/live",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/.well-known/jwks.json",
    ] {
        assert_eq!(app.call("GET", path, "", "").await.status(), 200, "{path}");
    }
}
