//! Sign-out at Doorward reaches the applications: their sessions end, and they are told (OIDC Back-Channel Logout 1.0).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_tests::{
    Client, Listener, Server,
    browser::{Browser, claims, form, request},
    eventually,
};
use serde_json::{Value, json};

async fn tokens(server: &Server, browser: &Browser<'_>, app: &Client) -> Value {
    let scope = [("scope", "openid offline_access read")];
    let code = browser.code("ada@example.com", &request(app, &scope)).await;
    server.redeem(app, &code).await.expect(200).json()
}

async fn is_active(server: &Server, tokens: &Value) -> bool {
    let of = async |name: &str| {
        let token = tokens[name].as_str().expect("a token");
        server.introspect(token).await["active"] == true
    };
    let (access, refresh) = (of("access_token").await, of("refresh_token").await);
    assert_eq!(access, refresh);
    access
}

/// The claims of the logout tokens that came, and their headers' types.
fn told(listener: &Listener) -> Vec<Value> {
    let bodies = listener.bodies();
    let read = |body: &String| {
        let token = body.strip_prefix("logout_token=").expect("a logout token");
        let header = token.split('.').next().unwrap_or_default();
        let header = BASE64_URL_SAFE_NO_PAD.decode(header).expect("base64url");
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        assert_eq!(header["typ"], "logout+jwt");
        claims(token)
    };
    bodies.iter().map(read).collect()
}

/// An https server at `localhost` with a certificate authority of its own; keeps the bodies that come.
struct Secured {
    port: u16,
    certificate: String,
    bodies: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
}

impl Secured {
    fn start() -> Self {
        use std::io::{Read, Write};
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("made");
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.key_pair.serialize_der());
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("a certificate");
        let config = std::sync::Arc::new(config);
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("an address").port();
        let bodies = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
        let kept = bodies.clone();
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let connection = rustls::ServerConnection::new(config.clone()).expect("TLS");
                let mut stream = rustls::StreamOwned::new(connection, stream);
                let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    request.extend_from_slice(&buffer[..read]);
                    let text = String::from_utf8_lossy(&request);
                    if let Some((_, body)) = text.split_once("logout_token=")
                        && body.split('.').count() == 3
                    {
                        kept.lock().expect("not poisoned").push(body.to_owned());
                        break;
                    }
                }
                let _ = stream
                    .write_all(b"HTTP/1.1 200 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        Self {
            port,
            certificate: made.cert.pem(),
            bodies,
        }
    }

    fn count(&self) -> usize {
        self.bodies.lock().expect("not poisoned").len()
    }
}

#[tokio::test]
async fn an_https_client_is_told_where_its_authority_is_one_of_ssl_cert_file() {
    let (trusted, other) = (Secured::start(), Secured::start());
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("authorities.pem");
    std::fs::write(&file, &trusted.certificate).expect("written");
    let server = Server::with().env("SSL_CERT_FILE", file.display()).start();
    server.register("ada@example.com").await;
    let browser = server.browser();
    for listener in [&other, &trusted] {
        let uri = format!("https://localhost:{}/out", listener.port);
        let app = server.app(json!({ "backchannelLogoutUri": uri })).await;
        tokens(&server, &browser, &app).await;
    }
    let page = browser.open("/sign-out").await.expect(200);
    browser.submit(&form(&page, "/sign-out")).await.expect(200);
    eventually("a logout token over TLS", async || {
        (trusted.count() == 1).then_some(())
    })
    .await;
    assert_eq!(other.count(), 0, "a certificate of an unknown authority");
}

#[tokio::test]
async fn signing_out_ends_what_this_browser_opened_at_clients_and_each_is_told() {
    let server = Server::start();
    let listener = Listener::start().await;
    let uri = format!("{}/out", listener.url());
    let app = server
        .app(json!({ "backchannelLogoutUri": uri, "backchannelLogoutSessionRequired": true }))
        .await;
    let quiet = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    let (browser, other) = (server.browser(), server.browser());
    let (one, two) = (
        tokens(&server, &browser, &app).await,
        tokens(&server, &browser, &quiet).await,
    );
    let elsewhere = tokens(&server, &other, &app).await;
    // Signing in again in the same browser keeps them together.
    let again = browser
        .authorize(&request(&quiet, &[("prompt", "login")]))
        .await
        .expect(200);
    let signed_in = browser
        .submit(&doorward_tests::browser::filled(&again, "ada@example.com"))
        .await;
    browser.follow(signed_in).await;
    assert!(is_active(&server, &one).await && is_active(&server, &two).await);
    assert_eq!(listener.bodies().len(), 0);
    let page = browser.open("/sign-out").await.expect(200);
    browser.submit(&form(&page, "/sign-out")).await.expect(200);
    assert!(!is_active(&server, &one).await && !is_active(&server, &two).await);
    assert!(is_active(&server, &elsewhere).await);
    eventually("a logout token", async || {
        (listener.bodies().len() == 1).then_some(())
    })
    .await;
    let token = told(&listener).remove(0);
    let id = claims(one["id_token"].as_str().unwrap());
    for (name, value) in [
        ("iss", json!(server.url())),
        ("aud", json!(app.id)),
        ("sub", json!(ada.id)),
        ("sid", id["sid"].clone()),
        (
            "events",
            json!({ "http://schemas.openid.net/event/backchannel-logout": {} }),
        ),
    ] {
        assert_eq!(token[name], value, "{name}");
    }
    assert!(token["jti"].is_string() && token["iat"].is_i64() && token.get("nonce").is_none());
    assert!(token["exp"].as_i64().unwrap() - token["iat"].as_i64().unwrap() <= 120);
    // It is no credential.
    let body = listener.bodies().remove(0);
    let logout = body.strip_prefix("logout_token=").unwrap();
    server.me(logout).await.expect(401);
    // A session that ends for another reason: its client is told too.
    let users = format!("/admin/users/{}/sessions/revoke", ada.id);
    server.admin("POST", &users, None).await;
    assert!(!is_active(&server, &elsewhere).await);
    eventually("another one", async || {
        (listener.bodies().len() == 2).then_some(())
    })
    .await;
    let id = claims(elsewhere["id_token"].as_str().unwrap());
    assert_eq!(told(&listener)[1]["sid"], id["sid"]);
}

#[tokio::test]
async fn a_client_that_was_not_reached_is_told_after_a_restart() {
    let mut server = Server::start();
    let listener = Listener::start().await;
    listener.answer(500);
    let uri = format!("{}/out", listener.url());
    let app = server.app(json!({ "backchannelLogoutUri": uri })).await;
    let ada = server.register("ada@example.com").await;
    let browser = server.browser();
    let sid = {
        let tokens = tokens(&server, &browser, &app).await;
        claims(tokens["id_token"].as_str().unwrap())["sid"].clone()
    };
    let users = format!("/admin/users/{}/sessions/revoke", ada.id);
    server.admin("POST", &users, None).await;
    eventually("the first try", async || {
        (!listener.bodies().is_empty()).then_some(())
    })
    .await;
    drop(browser);
    server.stop();
    // As if the wait were over: at most a minute.
    let database = rusqlite::Connection::open(server.data_dir().join("doorward.db")).unwrap();
    let (wait, tries): (i64, i64) = database
        .query_row(
            "SELECT due_at - created_at, tries FROM logout_notices",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert!(tries == 1 && wait > 0 && wait <= 60_000, "{tries} {wait}");
    database
        .execute("UPDATE logout_notices SET due_at = 0", [])
        .unwrap();
    drop(database);
    listener.answer(302);
    server.start_again();
    eventually("a try that is redirected", async || {
        (listener.bodies().len() == 2).then_some(())
    })
    .await;
    // A redirect is not followed, and no success: it is still to be told.
    eventually("the second wait", async || {
        server.log().contains("status 302").then_some(())
    })
    .await;
    assert_eq!(listener.bodies().len(), 2);
    server.stop();
    let database = rusqlite::Connection::open(server.data_dir().join("doorward.db")).unwrap();
    database
        .execute("UPDATE logout_notices SET due_at = 0", [])
        .unwrap();
    drop(database);
    listener.answer(204);
    server.start_again();
    eventually("success", async || {
        (listener.bodies().len() == 3).then_some(())
    })
    .await;
    assert!(told(&listener).iter().all(|token| token["sid"] == sid));
    server.stop();
    let database = rusqlite::Connection::open(server.data_dir().join("doorward.db")).unwrap();
    let left: i64 = database
        .query_row("SELECT count(*) FROM logout_notices", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_client_that_never_answers_holds_up_no_other() {
    let server = Server::start();
    let tarpit = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/out", tarpit.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = tarpit.accept().await {
            held.push(stream);
        }
    });
    let slow = server.app(json!({ "backchannelLogoutUri": uri })).await;
    let listener = Listener::start().await;
    let uri = format!("{}/out", listener.url());
    let app = server.app(json!({ "backchannelLogoutUri": uri })).await;
    let ada = server.register("ada@example.com").await;
    let browser = server.browser();
    // More than are under way at once, and before the other's.
    for _ in 0..20 {
        tokens(&server, &browser, &slow).await;
    }
    tokens(&server, &browser, &app).await;
    let ended = std::time::Instant::now();
    let users = format!("/admin/users/{}/sessions/revoke", ada.id);
    server.admin("POST", &users, None).await;
    eventually("a logout token", async || {
        (listener.bodies().len() == 1).then_some(())
    })
    .await;
    // The first of them is given up after ten seconds.
    assert!(ended.elapsed().as_secs() < 9, "{:?}", ended.elapsed());
}
