//! One table over every action that the server writes to the audit log: its event, once, in the transaction of what it
//! records. That it is the same transaction shows when the log refuses: then nothing has happened, and can happen still.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use doorward_server::{
    Settings,
    crypto::secret::Digest256,
    domain::{Act, AuditContext, AuthorizationCode, mail::MailKind},
};
use doorward_shared::{ClientId, ScopeSet, SessionId, UserId};
use rocket::http::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    mails::{mailing, tokens},
    test_app::{PASSWORD, Reply, START, TestApp, text},
};

/// Live sessions of an account: more than any other row here needs.
const CAP: u32 = 40;

/// The audit log, looked at and made to refuse from outside.
struct Log {
    server: TestApp,
    conn: Connection,
    seen: Mutex<BTreeSet<&'static str>>,
}

impl Log {
    async fn open() -> Self {
        let settings = Settings {
            sessions_per_account: CAP,
            password_checks_per_minute_per_ip: 0,
            ..mailing()
        };
        let server = TestApp::open(settings).await;
        let conn = server.database();
        Self {
            server,
            conn,
            seen: Mutex::default(),
        }
    }

    fn count(&self, action: &str) -> u32 {
        let sql = "SELECT count(*) FROM events WHERE action = ?1";
        self.conn
            .query_row(sql, [action], |row| row.get(0))
            .unwrap()
    }

    /// But for mails that do not arrive, which a task tells of at its own time.
    fn all(&self) -> u32 {
        let sql = "SELECT count(*) FROM events WHERE action NOT LIKE 'mail.%'";
        self.conn.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Does `act` while the log takes no event of `action`: nothing happens. Then once more: it happens, with one event.
    async fn one(&self, action: &'static str, act: impl AsyncFn(&TestApp) -> Reply) -> Value {
        let before = (self.count(action), self.all());
        let refuse = format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN new.action = '{action}' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        self.conn.execute_batch(&refuse).unwrap();
        let refused = act(&self.server).await;
        self.conn.execute_batch("DROP TRIGGER refuse").unwrap();
        assert_eq!(
            refused.status, 503,
            "{action} without its event: {}",
            refused.body
        );
        assert_eq!((self.count(action), self.all()), before, "{action}");
        let done = act(&self.server).await;
        assert!(
            done.status < 500,
            "{action} has half happened before: {}",
            done.body
        );
        assert_eq!(self.count(action), before.0 + 1, "{action}: {}", done.body);
        self.seen.lock().unwrap().insert(action);
        done.body
    }

    async fn admin(&self, action: &'static str, method: Method, path: &str, body: Value) -> Value {
        let operator = self.server.operator();
        let act = async |server: &TestApp| server.call(method, path, &operator, body.clone()).await;
        self.one(action, act).await
    }
}

fn done<T, E: std::fmt::Display>(result: Result<T, E>) -> Reply {
    match result {
        Ok(_) => Reply {
            status: 200,
            retry_after: None,
            body: Value::Null,
        },
        Err(error) => Reply {
            status: 503,
            retry_after: None,
            body: error.to_string().into(),
        },
    }
}

async fn login(server: &TestApp, email: &str) -> Reply {
    let body = json!({"email": email, "password": PASSWORD});
    server.post("/auth/login", "", body).await
}

fn id_of(value: &Value, path: &str) -> String {
    format!("{path}/{}", text(value, "id"))
}

#[rocket::async_test]
async fn every_action_has_its_event_once_in_its_transaction() {
    let log = Log::open().await;
    users(&log).await;
    sessions(&log).await;
    keys(&log).await;
    clients(&log).await;
    consents(&log).await;
    caps(&log).await;
    server(&log).await;
    mailed(&log).await;
    let written = actions_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let seen = log.seen.lock().unwrap().clone();
    let missing: Vec<_> = written
        .iter()
        .filter(|action| !seen.contains(action.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "no row of this table is for {missing:?}"
    );
    assert!(written.len() > 25, "{written:?}");
}

/// What is asked for by mail: three an hour go to one address, and each is asked for twice here.
async fn mailed(log: &Log) {
    let ask = async |action, token: &str, path: &str, body: Value| {
        let asked = async |server: &TestApp| server.post(path, token, body.clone()).await;
        log.one(action, asked).await;
    };
    let mia = log.server.register("mia@example.com").await;
    let of = json!({"email": "mia@example.com"});
    ask("user.reset_requested", "", "/auth/password/forgot", of).await;
    log.server.register("max@example.com").await;
    let of = json!({"email": "max@example.com"});
    let action = "user.verification_requested";
    ask(action, "", "/auth/email/resend", of).await;
    let token = tokens(&log.server, MailKind::SignUp).await.pop();
    let of = json!({"token": token.unwrap()});
    ask("user.email_verified", "", "/auth/email/verify", of).await;
    let of = json!({"email": "mary@example.com", "password": PASSWORD});
    let token = text(&mia, "accessToken");
    ask("user.email_change_requested", token, "/auth/email", of).await;
    let token = tokens(&log.server, MailKind::Change).await.pop().unwrap();
    let refuse = async |server: &TestApp| {
        let services = server.doorward.services();
        let (hash, context) = (
            Digest256::of(token.as_bytes()),
            AuditContext::system(services.clock.now()),
        );
        done(services.store.disown_account(hash, context).await)
    };
    log.one("user.email_change_refused", refuse).await;
}

async fn users(log: &Log) {
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let register = async |server: &TestApp| server.post("/auth/register", "", body.clone()).await;
    log.one("user.registered", register).await;
    let made = json!({"email": "bob@example.com", "password": PASSWORD});
    let bob = log
        .admin("user.created", Method::Post, "/admin/users", made)
        .await;
    let bob = id_of(&bob, "/admin/users");
    let patch = async |action, body| log.admin(action, Method::Patch, &bob, body).await;
    patch("user.updated", json!({"firstName": "Bob"})).await;
    patch("user.disabled", json!({"disabled": true})).await;
    patch("user.enabled", json!({"disabled": false})).await;
    let path = format!("{bob}/password");
    let body = json!({"password": PASSWORD});
    log.admin("user.password_changed", Method::Post, &path, body)
        .await;
    login(&log.server, "bob@example.com").await.expect(200);
    let path = format!("{bob}/sessions/revoke");
    log.admin("user.sessions_revoked", Method::Post, &path, Value::Null)
        .await;
    let path = format!("{bob}/password");
    log.admin("user.password_removed", Method::Delete, &path, Value::Null)
        .await;
    log.admin("user.deleted", Method::Delete, &bob, Value::Null)
        .await;
    let role = "/admin/roles/clerk";
    let put = async |action, permissions: Value| {
        let body = json!({"permissions": permissions});
        log.admin(action, Method::Put, role, body).await
    };
    put("role.created", json!([])).await;
    put("role.updated", json!(["read"])).await;
    log.admin("role.deleted", Method::Delete, role, Value::Null)
        .await;
}

async fn caps(log: &Log) {
    log.server.register("eve@example.com").await;
    for _ in 1..CAP {
        login(&log.server, "eve@example.com").await.expect(200);
    }
    let one_more = async |server: &TestApp| login(server, "eve@example.com").await;
    log.one("session.evicted", one_more).await;
}

async fn sessions(log: &Log) {
    let server = &log.server;
    let opened = log.one("session.created", async |server: &TestApp| {
        login(server, "ada@example.com").await
    });
    let opened = opened.await;
    let logout = async |server: &TestApp| {
        server
            .post("/auth/logout", text(&opened, "accessToken"), Value::Null)
            .await
    };
    log.one("session.logout", logout).await;
    let other = login(server, "ada@example.com").await.expect(200);
    let listed = server.call(
        Method::Get,
        "/auth/sessions",
        text(&other, "accessToken"),
        Value::Null,
    );
    let listed = listed.await.expect(200)["data"].clone();
    let old = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["current"] == false);
    let path = format!("/auth/sessions/{}", text(old.unwrap(), "id"));
    let end = async |server: &TestApp| {
        server
            .call(
                Method::Delete,
                &path,
                text(&other, "accessToken"),
                Value::Null,
            )
            .await
    };
    log.one("session.revoked", end).await;
    let refresh = async |server: &TestApp, token: &str| {
        server
            .post("/auth/refresh", "", json!({"refreshToken": token}))
            .await
    };
    // A lost answer: past the grace, and the successor was never used.
    let lost = login(server, "ada@example.com").await.expect(200);
    let lost = text(&lost, "refreshToken").to_owned();
    refresh(server, &lost).await.expect(200);
    server.pass(5_000);
    log.one("session.refresh_retried", async |server: &TestApp| {
        refresh(server, &lost).await
    })
    .await;
    let first = text(&other, "refreshToken").to_owned();
    let next = refresh(server, &first).await.expect(200);
    refresh(server, text(&next, "refreshToken"))
        .await
        .expect(200);
    server.pass(120_000);
    log.one("session.replayed", async |server: &TestApp| {
        refresh(server, &first).await
    })
    .await;

    // Told after its answer, in a unit of its own.
    let wrong = json!({"email": "ada@example.com", "password": "wrong"});
    server
        .post("/auth/login", "", wrong)
        .await
        .refused(401, "invalid_credentials");
    for _ in 0..500 {
        if log.count("login.failed") > 0 {
            break;
        }
        rocket::tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(log.count("login.failed"), 1);
    log.seen.lock().unwrap().insert("login.failed");
}

async fn keys(log: &Log) {
    let body = json!({"name": "x", "scopes": ["read", "write"]});
    let key = log
        .admin("apikey.created", Method::Post, "/admin/apikeys", body)
        .await;
    let path = id_of(&key, "/admin/apikeys");
    let less = json!({"scopes": ["read"]});
    log.admin("apikey.updated", Method::Patch, &path, less)
        .await;
    let rotate = format!("{path}/rotate");
    let key = log
        .admin("apikey.rotated", Method::Post, &rotate, json!({}))
        .await;
    let path = id_of(&key, "/admin/apikeys");
    log.admin("apikey.revoked", Method::Delete, &path, Value::Null)
        .await;
    // Twice is once.
    log.server
        .call(Method::Delete, &path, &log.server.operator(), Value::Null)
        .await
        .expect(204);
    assert_eq!(log.count("apikey.revoked"), 1);
}

async fn clients(log: &Log) {
    let tokens = "/admin/clients/registration-tokens";
    log.admin(
        "client.registration_token_created",
        Method::Post,
        tokens,
        json!({}),
    )
    .await;
    let made = log
        .server
        .call(Method::Get, tokens, &log.server.operator(), Value::Null)
        .await;
    let made = made.expect(200);
    log.admin(
        "client.registration_token_revoked",
        Method::Delete,
        &id_of(&made["data"][0], tokens),
        Value::Null,
    )
    .await;
    let body = json!({"name": "x", "grantTypes": ["client_credentials"], "scopes": ["read"]});
    let client = log
        .admin("client.created", Method::Post, "/admin/clients", body)
        .await;
    let path = id_of(&client, "/admin/clients");
    log.admin("client.updated", Method::Patch, &path, json!({"name": "y"}))
        .await;
    let body = json!({"grantType": "client_credentials", "clientId": client["id"],
                      "clientSecret": client["clientSecret"]});
    let token = log.server.post("/auth/token", "", body).await.expect(200);
    let give_up = async |server: &TestApp| {
        server
            .post("/auth/logout", text(&token, "accessToken"), Value::Null)
            .await
    };
    log.one("token.revoked", give_up).await;
    let secret = format!("{path}/secret");
    log.admin("client.secret_rotated", Method::Post, &secret, json!({}))
        .await;
    log.admin("client.deleted", Method::Delete, &path, Value::Null)
        .await;
}

async fn consents(log: &Log) {
    let server = &log.server;
    let body = json!({"name": "x", "redirectUris": ["https://a.example/"], "scopes": ["read"]});
    let client = server
        .post("/admin/clients", &server.operator(), body)
        .await;
    let client: ClientId = text(&client.expect(201), "id").parse().unwrap();
    let ada = login(server, "ada@example.com").await.expect(200);
    let user: UserId = text(&ada, "userId").parse().unwrap();
    let listed = server.call(
        Method::Get,
        "/auth/sessions",
        text(&ada, "accessToken"),
        Value::Null,
    );
    let listed = listed.await.expect(200)["data"].clone();
    let current = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["current"] == true);
    let session: SessionId = text(current.unwrap(), "id").parse().unwrap();
    let allow = async |server: &TestApp| {
        let code = AuthorizationCode {
            client_id: client,
            user_id: user,
            redirect_uri: "https://a.example/".into(),
            scope: ScopeSet::parse("read").unwrap(),
            challenge: None,
            nonce: None,
            auth_time: START,
            resources: Vec::new(),
            claims: doorward_server::domain::RequestedClaims::default(),
            ip: "192.0.2.1".parse().unwrap(),
            user_agent: None,
            expires_at: START.plus_seconds(6000),
            signed_in_by: Some(session),
            used_at: None,
            session_id: None,
        };
        let context = AuditContext::system(server.doorward.services().clock.now());
        done(
            server
                .doorward
                .services()
                .store
                .create_code(Digest256([7; 32]), code, true, context)
                .await,
        )
    };
    log.one("consent.given", allow).await;
    let withdraw = async |server: &TestApp| {
        let act = Act::system(server.doorward.services().clock.now());
        done(
            server
                .doorward
                .services()
                .store
                .revoke_consent(user, client, act)
                .await,
        )
    };
    log.one("consent.revoked", withdraw).await;
    assert_eq!(
        server
            .doorward
            .services()
            .store
            .consent(user, client)
            .await
            .unwrap(),
        None
    );
}

async fn server(log: &Log) {
    let backup = "/admin/server/backup";
    let made = log
        .admin("server.backed_up", Method::Post, backup, Value::Null)
        .await;
    let home = PathBuf::from(text(&made, "file"));
    let files = fs::read_dir(home.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1, "a backup that stands in no log is not handed out");
    log.admin(
        "signing_key.rotated",
        Method::Post,
        "/admin/keys/rotate",
        Value::Null,
    )
    .await;
    let operator = log.server.operator();
    let listed = log
        .server
        .call(Method::Get, "/admin/keys", &operator, Value::Null);
    let listed = listed.await.expect(200)["data"].clone();
    let old = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["active"] == false);
    let path = format!("/admin/keys/{}", text(old.unwrap(), "id"));
    log.admin("signing_key.revoked", Method::Delete, &path, Value::Null)
        .await;
    log.server
        .post("/admin/keys/rotate", &operator, Value::Null)
        .await
        .expect(201);
    log.server.pass(30 * 86_400_000);
    let retire = async |server: &TestApp| {
        let now = server.doorward.services().clock.now();
        done(
            server
                .doorward
                .services()
                .store
                .drop_retired_keys(now)
                .await,
        )
    };
    log.one("signing_key.retired", retire).await;
}

/// Every action that stands in the sources as `noun.verb`.
fn actions_in(folder: &Path) -> BTreeSet<String> {
    const NOUNS: [&str; 10] = [
        "apikey",
        "client",
        "consent",
        "login",
        "role",
        "server",
        "session",
        "signing_key",
        "token",
        "user",
    ];
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(actions_in(&path));
            continue;
        }
        let source = fs::read_to_string(&path).unwrap_or_default();
        for word in source.split('"') {
            let is_action = word.split_once('.').is_some_and(|(noun, verb)| {
                NOUNS.contains(&noun)
                    && !verb.is_empty()
                    && verb.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            });
            if is_action {
                found.insert(word.to_owned());
            }
        }
    }
    // A restore writes its event into the database that it makes: tests of the subcommands hold it.
    found.remove("server.restored");
    // Counted in memory first, and read by its name alone (`domain/event_summary.rs`): end-to-end tests hold it.
    found.remove("client.refused");
    found
}
