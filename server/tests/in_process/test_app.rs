//! The one server that these tests start: in this process, with a clock that they move.

use std::{path::PathBuf, time::Duration};

use doorward_server::{
    Doorward, Settings,
    clock::Clock,
    crypto::totp,
    store::{self, DirectoryLock},
};
use doorward_shared::Timestamp;
use rocket::{
    http::{ContentType, Header, HeaderMap, Method},
    local::asynchronous::Client,
};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "correct horse battery";
/// When every test begins: a whole second.
pub(crate) const START: Timestamp = Timestamp(1_764_000_000_000);

/// How many rows there are for the count of a row of `counts`.
const COUNTED: &str = include_str!("../../src/store/counted.sql");

pub(crate) struct TestApp {
    pub doorward: Doorward,
    http: Client,
    _home: Home,
}

/// Where a server of a test has its data.
struct Home {
    data: PathBuf,
    _directory: TempDir,
}

/// Whatever a test has done, the database is whole after it, and its counts are true.
impl Drop for Home {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.data.join("doorward.db").exists() {
            store::check(&self.data).unwrap();
        }
    }
}

/// Status, `Retry-After`, body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub body: Value,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["error"]["code"], code, "{}", self.body);
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap<'static>,
    pub text: String,
}

/// Settings whose hashes and signatures cost little.
pub(crate) fn cheap() -> Settings {
    Settings {
        issuer: Some("https://id.example".into()),
        signing_algorithm: "EdDSA".into(),
        argon2_memory_kib: 64,
        argon2_iterations: 1,
        ..Settings::default()
    }
}

impl TestApp {
    pub(crate) async fn open(settings: Settings) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let mut settings = settings;
        if settings.data_dir == Settings::default().data_dir {
            settings.data_dir = directory.path().join("data");
        }
        let data = settings.data_dir.clone();
        let doorward = Doorward::open_at(settings, Clock::manual(START)).await;
        let doorward = doorward.expect("it opens");
        let config = rocket::Config {
            log_level: rocket::config::LogLevel::Off,
            ..rocket::Config::default()
        };
        let rocket = rocket::custom(config).attach(doorward.fairing_alone());
        let http = Client::untracked(rocket).await.expect("it ignites");
        Self {
            doorward,
            http,
            _home: Home {
                data,
                _directory: directory,
            },
        }
    }

    /// Ends it, so that another can open its directory.
    pub(crate) async fn close(self) {
        let directory = self.doorward.settings().data_dir.clone();
        self.http.terminate().await;
        self.doorward.close();
        drop(self.doorward);
        // Its own tasks end a moment later.
        for _ in 0..500 {
            if DirectoryLock::take(&directory).is_ok() {
                return;
            }
            rocket::tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the directory stays locked");
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, milliseconds: u64) {
        self.doorward
            .services()
            .clock
            .advance(Duration::from_millis(milliseconds));
    }

    pub(crate) async fn call(&self, method: Method, path: &str, token: &str, body: Value) -> Reply {
        let mut request = self.http.req(method, path.to_owned());
        if !token.is_empty() {
            request.add_header(Header::new("authorization", format!("Bearer {token}")));
        }
        if !body.is_null() {
            request.add_header(ContentType::JSON);
            request.set_body(body.to_string());
        }
        let response = request.dispatch().await;
        let status = response.status().code;
        let retry_after = response
            .headers()
            .get_one("retry-after")
            .and_then(|text| text.parse().ok());
        let text = response.into_string().await.unwrap_or_default();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply {
            status,
            retry_after,
            body,
        }
    }

    /// A request with a body of any kind; answers its status, its cookies as they are sent back, and its text.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> (u16, String, String) {
        let (status, cookies, _, text) = self.show(method, path, headers, body).await;
        (status, cookies, text)
    }

    /// As [`TestApp::send`], with where it leads.
    pub(crate) async fn show(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> (u16, String, Option<String>, String) {
        let answer = self.answer(method, path, headers, body).await;
        let cookies = answer.headers.get("set-cookie");
        let cookies: Vec<_> = cookies
            .filter_map(|cookie| cookie.split(';').next())
            .collect();
        let location = answer.headers.get_one("location").map(str::to_owned);
        (answer.status, cookies.join("; "), location, answer.text)
    }

    /// A request with a body of any kind, and all of its answer.
    pub(crate) async fn answer(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = self.http.req(method, path.to_owned());
        for (name, value) in headers {
            request = request.header(Header::new(*name, (*value).to_owned()));
        }
        request.set_body(body);
        let response = request.dispatch().await;
        let mut headers = HeaderMap::new();
        for header in response.headers().iter() {
            headers.add_raw(header.name.as_str().to_owned(), header.value.into_owned());
        }
        Answer {
            status: response.status().code,
            headers,
            text: response.into_string().await.unwrap_or_default(),
        }
    }

    /// The code that an authenticator shows now.
    pub(crate) fn code_of(&self, secret: &str) -> String {
        self.code_of_step(secret, 0)
    }

    /// The code of so many steps after the current one.
    pub(crate) fn code_of_step(&self, secret: &str, ahead: i64) -> String {
        let secret = totp::secret_bytes(&secret.to_owned().into()).expect("base 32");
        let now = self.doorward.services().clock.now();
        totp::code(&secret, now.seconds() / totp::STEP_SECONDS + ahead)
    }

    /// Sets up an authenticator for whoever holds the token; answers its secret.
    pub(crate) async fn set_up_totp(&self, access: &str) -> String {
        let begun = self.post("/auth/mfa/totp", access, json!({"password": PASSWORD}));
        let secret = text(&begun.await.expect(200), "secret").to_owned();
        let code = json!({"code": self.code_of(&secret)});
        let confirmed = self.post("/auth/mfa/totp/confirm", access, code);
        confirmed.await.expect(200);
        secret
    }

    /// The database, beside the server that has it open.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        let path = self.doorward.settings().data_dir.join("doorward.db");
        let conn = rusqlite::Connection::open(path).unwrap();
        conn.busy_timeout(std::time::Duration::from_secs(10))
            .unwrap();
        conn
    }

    /// Counts all rows anew after some were written beside the server.
    pub(crate) fn recount(conn: &rusqlite::Connection) {
        let sql = format!("UPDATE counts SET rows = {COUNTED}");
        conn.execute(&sql, []).unwrap();
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Reply {
        self.call(Method::Post, path, token, body).await
    }

    /// Mints a key, revokes it, and ends the session it was minted in; answers the key.
    pub(crate) async fn ended_key_and_session(&self, access: &str) -> Value {
        let asked = json!({"name": "x", "scopes": ["read"]});
        let minted = self.post("/apikey", access, asked).await.expect(201);
        let path = format!("/apikey/{}", text(&minted, "id"));
        let revoked = self.call(Method::Delete, &path, access, Value::Null);
        revoked.await.expect(204);
        let ended = self.post("/auth/logout", access, Value::Null);
        ended.await.expect(204);
        minted
    }

    pub(crate) async fn me(&self, token: &str) -> Reply {
        self.call(Method::Get, "/auth/me", token, Value::Null).await
    }

    /// How often an action stands in the audit log.
    pub(crate) async fn events(&self, action: &str) -> u64 {
        let path = format!("/admin/events?action={action}");
        let operator = self.operator();
        let list = self.call(Method::Get, &path, &operator, Value::Null);
        list.await.expect(200)["pagination"]["total"]
            .as_u64()
            .expect("a number")
    }

    /// Whether a credential is good, whoever obtained it.
    pub(crate) async fn whoami(&self, token: &str) -> Reply {
        self.call(Method::Get, "/admin/whoami", token, Value::Null)
            .await
    }

    /// Signs somebody up; answers the token response.
    pub(crate) async fn register(&self, email: &str) -> Value {
        let body = json!({"email": email, "password": PASSWORD});
        self.post("/auth/register", "", body).await.expect(201)
    }

    /// The key that may do everything.
    pub(crate) fn operator(&self) -> String {
        let path = self
            .doorward
            .services()
            .store
            .directory()
            .join("operator.key");
        std::fs::read_to_string(path)
            .expect("an operator key")
            .trim()
            .to_owned()
    }
}

/// A string of a body.
#[track_caller]
pub(crate) fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {body}"))
}
