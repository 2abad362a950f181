//! A `doorward-server` process for one test.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub use self::options::Options;
use crate::{Call, Reply, program::command};

mod options;

/// The password of every person that [`Server::register`] makes.
pub const PASSWORD: &str = "correct horse battery";

/// A running server. It ends with this value.
#[derive(Debug)]
pub struct Server {
    running: Option<Child>,
    url: String,
    http: reqwest::Client,
    log: Arc<Mutex<String>>,
    options: Options,
    data: PathBuf,
    home: TempDir,
}

/// A call whose body is still to come.
#[derive(Debug)]
pub struct StartedServer {
    stream: TcpStream,
    body: String,
}

impl StartedServer {
    /// Sends the body; answers the status and what comes with it.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn finish(mut self) -> (u16, String) {
        let body = self.body.as_bytes();
        self.stream.write_all(body).await.expect("it reads");
        let mut answer = Vec::new();
        let read = self.stream.read_to_end(&mut answer);
        let read = tokio::time::timeout(Duration::from_secs(30), read).await;
        read.expect("it answers").expect("it answers");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.get(9..12).and_then(|status| status.parse().ok());
        (status.expect("a status"), answer)
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub access: String,
    pub refresh: String,
}

impl Server {
    /// A server with cheap password hashes and signatures, and without caps of an account: a test that is about them
    /// says so itself.
    pub fn start() -> Self {
        Self::with().start()
    }

    /// As [`Server::start`], signing with RS256 as servers do by default: for what is about signatures.
    pub fn start_rs256() -> Self {
        Self::with().set("signing_algorithm", "RS256").start()
    }

    /// As [`Server::start`], with more settings.
    pub fn with() -> Options {
        Options::default()
            .set("signing_algorithm", "EdDSA")
            .set("argon2_memory_kib", 64)
            .set("argon2_iterations", 1)
            .set("sessions_per_account", 0)
            .set("api_keys_per_account", 0)
            .set("writes_per_minute_per_account", 0)
    }

    /// A server as a newcomer starts it, with every default.
    pub fn with_defaults() -> Options {
        Options::default()
    }

    /// Starts a stopped or killed server on the same directory, on a new port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        let mut child = command("doorward-server", self.home.path())
            .env("DOORWARD_DATA_DIR", &self.data)
            .env("ROCKET_PORT", "0")
            .envs(self.options.env.iter().cloned())
            .args(&self.options.args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut stderr = child.stderr.take().expect("piped");
        let log = self.log.clone();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut buffer) {
                log.lock()
                    .expect("not poisoned")
                    .push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        self.running = Some(child);
        let url = line
            .trim_end()
            .strip_prefix("doorward-server listening on ");
        self.url = url
            .unwrap_or_else(|| panic!("it does not listen: {line}{}", self.log()))
            .to_owned();
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The directory it was started in.
    pub fn directory(&self) -> &Path {
        self.home.path()
    }

    /// Its data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// What it has written to stderr since it was first started.
    ///
    /// # Panics
    /// When the thread that reads it panicked.
    pub fn log(&self) -> String {
        self.log.lock().expect("not poisoned").clone()
    }

    /// The process id.
    ///
    /// # Panics
    /// When it does not run.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("it runs").id()
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), signal).expect("it is ours");
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    /// When it does not end within 10 seconds.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Sends SIGINT and waits for the end.
    ///
    /// # Panics
    /// When it does not end within 10 seconds.
    pub fn interrupt(&mut self) -> ExitStatus {
        self.signal(Signal::INT);
        self.ended()
    }

    /// Sends SIGHUP.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Sends SIGKILL and waits for the end.
    ///
    /// # Panics
    /// When it does not end within 10 seconds.
    pub fn kill(&mut self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.ended()
    }

    fn ended(&mut self) -> ExitStatus {
        let mut child = self.running.take().expect("it runs");
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = child.try_wait().expect("a child of ours") {
                return status;
            }
            assert!(Instant::now() < until, "it does not end: {}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// A call to one of its paths.
    ///
    /// # Panics
    /// For no method.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let method: Method = method.parse().expect("a method");
        Call::new(&self.http, method, &format!("{}{path}", self.url))
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// `POST`.
    pub fn post(&self, path: &str) -> Call {
        self.call("POST", path)
    }

    /// `PATCH`.
    pub fn patch(&self, path: &str) -> Call {
        self.call("PATCH", path)
    }

    /// `PUT`.
    pub fn put(&self, path: &str) -> Call {
        self.call("PUT", path)
    }

    /// `DELETE`.
    pub fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    /// Sends these bytes as they are and reads until the server closes the connection or 5 seconds have passed.
    ///
    /// # Panics
    /// When it cannot be reached.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let address = self.url.strip_prefix("http://").expect("plain HTTP");
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        // A server that has heard enough may close before everything was sent.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_secs(5), read).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends the head of a call and keeps its body back. Answers once the server asks for that: who calls has been judged.
    ///
    /// # Panics
    /// When it does not ask.
    pub async fn begin(
        &self,
        (method, path): (&str, &str),
        token: &str,
        body: &Value,
    ) -> StartedServer {
        let address = self.url.strip_prefix("http://").expect("plain HTTP");
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let body = body.to_string();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("it reads");
        let mut asked = [0; 25];
        let read = stream.read_exact(&mut asked);
        let read = tokio::time::timeout(Duration::from_secs(10), read).await;
        read.expect("it answers").expect("it answers");
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n", "{method} {path}");
        StartedServer { stream, body }
    }

    /// The operator key of the first start: it may do everything.
    ///
    /// # Panics
    /// When there is none.
    pub fn operator_key(&self) -> String {
        let path = self.data.join("operator.key");
        let key = std::fs::read_to_string(path).expect("an operator key");
        key.trim().to_owned()
    }

    /// Signs somebody up with [`PASSWORD`].
    ///
    /// # Panics
    /// When they are refused.
    pub async fn register(&self, email: &str) -> Person {
        let body = json!({"email": email, "password": PASSWORD});
        let reply = self.post("/auth/register").json(body).send().await;
        person(email, &reply.expect(201).json())
    }

    /// Signs somebody in with [`PASSWORD`].
    ///
    /// # Panics
    /// When they are refused.
    pub async fn login(&self, email: &str) -> Person {
        let body = json!({"email": email, "password": PASSWORD});
        let reply = self.post("/auth/login").json(body).send().await;
        person(email, &reply.expect(200).json())
    }

    /// `GET /auth/me` with a token or an API key: whether it is good.
    pub async fn me(&self, token: &str) -> Reply {
        self.get("/auth/me").bearer(token).send().await
    }

    /// `POST /auth/refresh`.
    pub async fn refresh(&self, token: &str) -> Reply {
        let body = json!({"refreshToken": token});
        self.post("/auth/refresh").json(body).send().await
    }

    /// Entries of the audit log with this action, newest first, at most 100.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn events(&self, action: &str) -> Vec<Value> {
        let path = format!("/admin/events?limit=100&action={action}");
        let page = self.admin("GET", &path, None).await;
        page["data"].as_array().expect("a list").clone()
    }

    /// However a server has ended, its counts are true; a database that a test has broken has none.
    fn check_counts(&self) {
        let mut wrong = Vec::new();
        let mut compare = || {
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
            let conn =
                rusqlite::Connection::open_with_flags(self.data_dir().join("doorward.db"), flags)?;
            let sql = format!("SELECT name, rows, {COUNTED} FROM counts");
            let mut select = conn.prepare(&sql)?;
            let mut found = select.query([])?;
            while let Some(row) = found.next()? {
                let (name, kept, rows): (String, i64, i64) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                if kept != rows {
                    wrong.push(format!(
                        "the count of {name} is {kept} and should be {rows}"
                    ));
                }
            }
            Ok::<_, rusqlite::Error>(())
        };
        let _ = compare();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    /// A call of the admin API as the operator; answers the body.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let mut call = self.call(method, path).bearer(&self.operator_key());
        if let Some(body) = body {
            call = call.json(body);
        }
        let reply = call.send().await;
        assert!(reply.status < 300, "{method} {path}: {}", reply.text());
        if reply.body.is_empty() {
            Value::Null
        } else {
            reply.json()
        }
    }
}

/// How many rows there are for the count of a row of `counts`.
const COUNTED: &str = include_str!("../../server/src/store/counted.sql");

/// Counts all rows anew after some were written beside the server.
///
/// # Panics
/// When that fails.
pub fn recount(conn: &rusqlite::Connection) {
    let sql = format!("UPDATE counts SET rows = {COUNTED}");
    conn.execute(&sql, []).expect("it counts");
}

fn person(email: &str, tokens: &Value) -> Person {
    let text = |name: &str| tokens[name].as_str().expect("a string").to_owned();
    Person {
        id: text("userId"),
        email: email.to_owned(),
        access: text("accessToken"),
        refresh: text("refreshToken"),
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if !thread::panicking() {
            self.check_counts();
        }
    }
}
