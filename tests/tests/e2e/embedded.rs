//! Doorward embedded in another Rocket app: the examples in `server/examples`, run for real.

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
        Self::of("examples/embedded", "orders app on ")
    }

    fn of(program: &str, says: &str) -> Self {
        let home = TempDir::new().unwrap();
        let mut child = command(program, home.path())
            .env("ROCKET_PORT", "0")
            .env("DOORWARD_ARGON2_MEMORY_KIB", "64")
            .env("DOORWARD_ARGON2_ITERATIONS", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Rocket's own log, which is the app's to set, comes first.
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = out.lines().map(Result::unwrap);
        let url = lines.find_map(|line| line.strip_prefix(says).map(str::to_owned));
        let url = url.expect("it says where it listens");
        // Whoever does not read what it says further stops it.
        std::thread::spawn(move || lines.for_each(drop));
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            url,
            child,
            http: Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
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
    assert_eq!(orders.text().await.unwrap(), r#"{"data":["tea"]}"#);
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

/// A browser of the pages' example: its cookies, and what it is sent.
struct Visitor<'a> {
    app: &'a App,
    cookies: Vec<(String, String)>,
}

impl Visitor<'_> {
    async fn go(
        &mut self,
        method: &str,
        path: &str,
        form: Option<&[(&str, &str)]>,
    ) -> (u16, String, String) {
        let url = format!("{}{path}", self.app.url);
        let mut call = self.app.http.request(method.parse().unwrap(), url);
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        call = call
            .header("cookie", cookies.join("; "))
            .header("accept", "text/html");
        if let Some(form) = form {
            call = call.header("origin", &self.app.url).form(form);
        }
        let reply = call.send().await.unwrap();
        for cookie in reply.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(have, _)| have != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let status = reply.status().as_u16();
        let to = reply
            .headers()
            .get("location")
            .map(|to| to.to_str().unwrap().to_owned());
        (status, to.unwrap_or_default(), reply.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_page_asks_for_a_sign_in_and_is_come_back_to() {
    let app = App::of("examples/pages", "tea shop on ");
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    let token = app.json("/auth/register", "", &ada).await;
    let mut visitor = Visitor {
        app: &app,
        cookies: Vec::new(),
    };
    let (status, to, _) = visitor.go("GET", "/orders?sort=new", None).await;
    assert_eq!((status, &*to), (303, "/sign-in"));
    let (status, _, page) = visitor.go("GET", "/sign-in", None).await;
    assert_eq!(status, 200);
    let hidden = page.split("type=\"hidden\"").nth(1).unwrap();
    let of = |name: &str| {
        let rest = hidden.split(&format!("{name}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (name, value) = (of("name"), of("value"));
    let form = [
        (&*name, &*value),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
    ];
    let (status, to, page) = visitor.go("POST", "/sign-in", Some(&form)).await;
    assert_eq!((status, &*to), (303, "/orders?sort=new"), "{page}");
    let (status, _, page) = visitor.go("GET", &to, None).await;
    assert_eq!(status, 200);
    assert!(page.contains("Signed in as ada@example.com"), "{page}");
    let order = [("what", "<tea>")];
    let (status, to, _) = visitor.go("POST", "/orders", Some(&order)).await;
    assert_eq!((status, &*to), (303, "/orders"));
    assert!(
        visitor
            .go("GET", "/orders", None)
            .await
            .2
            .contains("<li>&lt;tea&gt;</li>")
    );

    // What is no page is 401; a token is no browser; and another site's form is refused, cookie or not.
    refused(
        app.call("GET", "/orders", "", "").await,
        401,
        "missing_token",
    )
    .await;
    refused(
        app.call("POST", "/orders", "", "").await,
        401,
        "missing_token",
    )
    .await;
    let token = token["accessToken"].as_str().unwrap();
    refused(
        app.call("GET", "/orders", token, "").await,
        401,
        "missing_token",
    )
    .await;
    let cookies: Vec<_> = visitor
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let call = app
        .http
        .post(format!("{}/orders", app.url))
        .header("cookie", cookies.join("; "));
    let call = call.header("origin", "https://evil.example").form(&order);
    refused(call.send().await.unwrap(), 403, "insufficient_scope").await;
    let call = app
        .http
        .post(format!("{}/orders", app.url))
        .header("cookie", cookies.join("; "));
    let call = call.header("sec-fetch-site", "same-site").form(&order);
    refused(call.send().await.unwrap(), 403, "insufficient_scope").await;
    // A way back that leads elsewhere is none.
    use base64::Engine as _;
    let name = visitor
        .cookies
        .iter()
        .find(|(name, _)| name.ends_with("-next"))
        .unwrap()
        .0
        .clone();
    let planted = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode("//evil.example/");
    visitor.cookies.retain(|(have, _)| *have != name);
    visitor.cookies.push((name, planted));
    assert_eq!(visitor.go("GET", "/sign-in", None).await.1, "/account");
}
