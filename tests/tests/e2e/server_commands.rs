//! The subcommands: backup, restore, check, operator-key, openapi, and how each of them fails.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Instant,
};

use doorward_tests::{
    Listener, Options, PASSWORD, ProgramOutput, Server,
    browser::{self, request},
    command, run,
};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Tokens name it across restarts on other ports.
const ISSUER: &str = "http://id.example";

fn steady() -> Options {
    Server::with().set("issuer", ISSUER)
}

fn tool(home: &Path, data: &Path, args: &[&str]) -> ProgramOutput {
    let args = [args, &["--data-dir", data.to_str().unwrap()]].concat();
    run("doorward-server", home, &args, &[])
}

/// What a directory holds, to see whether anything has changed in it.
fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_busy_server_is_whole() {
    let server = Arc::new(steady().set("registrations_per_hour_per_ip", 0).start());
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let made = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (server, stop, made) = (server.clone(), stop.clone(), made.clone());
            tokio::spawn(async move {
                for turn in 0.. {
                    if stop.load(std::sync::atomic::Ordering::SeqCst) {
                        return;
                    }
                    server
                        .register(&format!("w{writer}t{turn}@example.com"))
                        .await;
                    made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                }
            })
        })
        .collect();
    let home = server.directory().to_owned();
    for round in 0..4 {
        doorward_tests::eventually("somebody is written", async || {
            (made.load(std::sync::atomic::Ordering::SeqCst) > round * 8).then_some(())
        })
        .await;
        let before = made.load(std::sync::atomic::Ordering::SeqCst);
        let file = home.join(format!("backup-{round}.db"));
        let saved = if round == 3 {
            let made = server.admin("POST", "/admin/server/backup", None).await;
            PathBuf::from(made["file"].as_str().unwrap())
        } else {
            let (home, data, name) = (home.clone(), server.data_dir().to_owned(), file.clone());
            let backup = move || tool(&home, &data, &["backup", name.to_str().unwrap()]);
            tokio::task::spawn_blocking(backup).await.unwrap().done();
            file
        };
        let mode = fs::metadata(&saved).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // Everybody who was acknowledged before is in it, each with their session and event.
        let fresh = home.join(format!("restored-{round}"));
        tool(
            &home,
            &fresh,
            &["restore", saved.to_str().unwrap(), "--keep-sessions"],
        )
        .done();
        tool(&home, &fresh, &["check"]).done();
        let conn = Connection::open(fresh.join("doorward.db")).unwrap();
        let count = |sql: &str| -> u64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
        let users = count("SELECT count(*) FROM users");
        assert!(users >= before, "{users} of {before}");
        assert_eq!(
            users,
            count("SELECT count(*) FROM sessions WHERE revoked_at IS NULL")
        );
        assert_eq!(
            users,
            count("SELECT count(*) FROM events WHERE action = 'user.registered'")
        );
    }
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Ids of the keys that tokens are verified with.
async fn key_ids(server: &Server) -> Vec<Value> {
    let keys = server.get("/.well-known/jwks.json").send().await;
    let keys = keys.expect(200).json()["keys"].clone();
    let keys = keys.as_array().unwrap().iter();
    keys.map(|key| key["kid"].clone()).collect()
}

#[tokio::test]
async fn restore_overwrites_only_by_force_and_ends_all_sessions() {
    let mut server = steady().start();
    let home = server.directory().to_owned();
    let data = server.data_dir().to_owned();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let listener = Listener::start().await;
    let uri = format!("{}/out", listener.url());
    let app = server.app(json!({ "backchannelLogoutUri": uri })).await;
    let asked = request(&app, &[("scope", "openid offline_access read")]);
    let code = server.browser().code("ada@example.com", &asked).await;
    server.redeem(&app, &code).await.expect(200);
    tool(&home, &data, &["backup", "b.db"]).done();
    let keys_before = key_ids(&server).await;
    server.register("late@example.com").await;
    server.stop();

    let before = contents(&data);
    let refused = tool(&home, &data, &["restore", "b.db"]);
    assert!(refused.failed(1).contains("--force"));
    assert_eq!(contents(&data), before);

    tool(&home, &data, &["restore", "b.db", "--force"]).done();
    for (path, _) in contents(&data) {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    server.start_again();
    let me = server.me(&ada.access).await;
    me.refused(401, "token_revoked");
    // Applications are told that theirs have ended.
    doorward_tests::eventually("a logout token", async || {
        (listener.bodies().len() == 1).then_some(())
    })
    .await;
    server
        .refresh(&ada.refresh)
        .await
        .refused(401, "token_revoked");
    // What signed then neither signs nor verifies any more: it may have been revoked since.
    let keys = key_ids(&server).await;
    assert!(keys.len() == 1 && keys != keys_before, "{keys:?}");
    // Keys are not sessions, the operator's included.
    server.me(&key).await.expect(200);
    let users = server.admin("GET", "/admin/users", None).await;
    assert_eq!(
        users["pagination"]["total"], 1,
        "as it was at the time of the backup"
    );
    let again = server.login("ada@example.com").await;
    let events = server
        .admin("GET", "/admin/events?action=server.restored", None)
        .await;
    assert_eq!(events["pagination"]["total"], 1);

    tool(&home, &data, &["backup", "c.db"]).done();
    server.stop();
    tool(
        &home,
        &data,
        &["restore", "--keep-sessions", "--force", "c.db"],
    )
    .done();
    server.start_again();
    server.me(&again.access).await.expect(200);
    server.refresh(&again.refresh).await.expect(200);
}

/// A backup does not know what ended after it.
#[tokio::test]
async fn restore_brings_no_ended_token_of_a_client_and_no_used_registration_token_back() {
    let mut server = steady().set("client_registration", "token").start();
    let (home, data) = (server.directory().to_owned(), server.data_dir().to_owned());
    let client = server.client(&["read"]).await;
    let (id, secret) = (client.id, client.secret);
    let path = "/admin/clients/registration-tokens";
    let minted = server.admin("POST", path, Some(json!({}))).await;
    let invitation = minted["token"].as_str().unwrap().to_owned();
    let get_token = async |server: &Server| {
        let grant = [("grant_type", "client_credentials")];
        let call = server.post("/oauth/token").basic(&id, &secret).form(&grant);
        call.send().await.expect(200).field("access_token")
    };
    let is_active = async |server: &Server, token: &str| {
        let call = server.post("/oauth/introspect").basic(&id, &secret);
        let reply = call.form(&[("token", token)]).send().await.expect(200);
        reply.json()["active"].as_bool().unwrap()
    };
    let register = async |server: &Server| {
        let asked = json!({ "redirect_uris": ["https://app.example/cb"] });
        let call = server.post("/oauth/register").bearer(&invitation);
        call.json(asked).send().await
    };
    let token = get_token(&server).await;
    tool(&home, &data, &["backup", "b.db"]).done();
    let call = server.post("/oauth/revoke").basic(&id, &secret);
    let revoked = call.form(&[("token", &token)]).send().await;
    revoked.expect(200);
    assert!(!is_active(&server, &token).await);
    register(&server).await.expect(201);
    server.stop();

    let restored = tool(&home, &data, &["restore", "b.db", "--force"]);
    restored.done();
    assert!(!restored.stderr.contains("API keys"), "{restored:?}");
    server.start_again();
    assert!(!is_active(&server, &token).await);
    let me = server.get("/admin/whoami").bearer(&token).send().await;
    me.refused(401, "token_revoked");
    register(&server).await.expect(401);
    // What it gets from now on is good.
    let again = get_token(&server).await;
    assert!(is_active(&server, &again).await);

    // Of keys nobody can know: how many there are is said.
    let key = server.key(&["read"]).await;
    server
        .get("/admin/whoami")
        .bearer(&key)
        .send()
        .await
        .expect(200);
    tool(&home, &data, &["backup", "c.db"]).done();
    server.stop();
    let args = ["restore", "c.db", "--force", "--keep-sessions"];
    let restored = tool(&home, &data, &args);
    restored.done();
    assert!(
        restored.stderr.contains("at the time of the backup: 1."),
        "{restored:?}"
    );
    server.start_again();
    assert!(is_active(&server, &again).await, "kept with the sessions");
}

#[tokio::test]
async fn a_backup_comes_to_life_on_another_machine() {
    let server = steady().start();
    let ada = server.register("ada@example.com").await;
    tool(server.directory(), server.data_dir(), &["backup", "b.db"]).done();
    let home = TempDir::new().unwrap();
    let data = home.path().join("fresh");
    let backup = server.directory().join("b.db");
    let args = ["restore", backup.to_str().unwrap(), "--keep-sessions"];
    let restored = tool(home.path(), &data, &args);
    restored.done();
    // Without the master key of the backup its signing keys are gone, and that is said.
    assert!(restored.stderr.contains("master.key"), "{restored:?}");

    let other = steady().data_dir(&data).start();
    other.login("ada@example.com").await;
    let me = other.me(&ada.access).await;
    me.refused(401, "invalid_token");
    let refreshed = other.refresh(&ada.refresh).await.expect(200);
    let me = other.me(&refreshed.field("accessToken")).await;
    me.expect(200);
    // The other machine's operator key is not one here.
    assert_ne!(other.operator_key(), server.operator_key());
    let foreign = other
        .get("/admin/users")
        .bearer(&server.operator_key())
        .send()
        .await;
    foreign.refused(401, "token_revoked");
    other.admin("GET", "/admin/users", None).await;
}

#[tokio::test]
async fn restore_does_not_bring_an_old_operator_key_back() {
    let mut server = steady().start();
    let (home, data) = (server.directory().to_owned(), server.data_dir().to_owned());
    let leaked = server.operator_key();
    tool(&home, &data, &["backup", "b.db"]).done();
    server.stop();
    tool(&home, &data, &["operator-key"]).done();
    tool(&home, &data, &["restore", "b.db", "--force"]).done();
    server.start_again();
    assert_ne!(server.operator_key(), leaked);
    server.admin("GET", "/admin/users", None).await;
    let old = server.get("/admin/users").bearer(&leaked).send().await;
    old.refused(401, "token_revoked");
}

/// Files that are no backup, by what is wrong with them.
fn bad_backups(home: &Path, good: &Path) -> Vec<PathBuf> {
    let path = |name: &str| home.join(name);
    let bytes = fs::read(good).unwrap();
    fs::write(
        path("text.db"),
        "not a database, but long enough to look like one\n".repeat(100),
    )
    .unwrap();
    fs::write(path("empty.db"), "").unwrap();
    fs::write(path("truncated.db"), &bytes[..bytes.len() / 2]).unwrap();
    let mut damaged = bytes.clone();
    let page = damaged.len() / 2 / 4096 * 4096;
    damaged[page..page + 4096].fill(0xA5);
    fs::write(path("damaged.db"), damaged).unwrap();
    fs::write(path("newer.db"), &bytes).unwrap();
    let newer = Connection::open(path("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    fs::write(path("orphan.db"), &bytes).unwrap();
    let orphan = Connection::open(path("orphan.db")).unwrap();
    orphan
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM roles WHERE name = 'customer';")
        .unwrap();
    let other = Connection::open(path("other.db")).unwrap();
    other
        .execute_batch("CREATE TABLE users (id); PRAGMA user_version = 1;")
        .unwrap();
    let names = [
        "text",
        "empty",
        "truncated",
        "damaged",
        "newer",
        "orphan",
        "other",
    ];
    let mut all: Vec<_> = names
        .iter()
        .map(|name| path(&format!("{name}.db")))
        .collect();
    all.push(path("missing.db"));
    all.push(home.to_owned());
    all
}

#[tokio::test]
async fn restore_refuses_what_is_no_whole_backup_and_changes_nothing() {
    let mut server = steady().start();
    let (home, data) = (server.directory().to_owned(), server.data_dir().to_owned());
    let ada = server.register("ada@example.com").await;
    tool(&home, &data, &["backup", "good.db"]).done();
    server.stop();
    let before = contents(&data);
    for bad in bad_backups(&home, &home.join("good.db")) {
        let name = bad.to_str().unwrap();
        for force in [&["restore", name, "--force"][..], &["restore", name]] {
            tool(&home, &data, force).failed(1);
            assert_eq!(contents(&data), before, "{name}");
        }
        let fresh = home.join("fresh");
        tool(&home, &fresh, &["restore", name]).failed(1);
        assert!(!fresh.join("doorward.db").exists(), "{name}");
    }
    server.start_again();
    server.me(&ada.access).await.expect(200);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let mut server = steady().start();
    server.stop();
    let (home, data) = (server.directory(), server.data_dir());
    let conn = Connection::open(data.join("doorward.db")).unwrap();
    conn.pragma_update(None, "user_version", 999).unwrap();
    drop(conn);
    let database = data.join("doorward.db");
    let before = fs::read(&database).unwrap();
    for args in [
        &["serve", "--port", "0"][..],
        &["check"],
        &["operator-key"],
        &["backup", "newer.db"],
    ] {
        let line = tool(home, data, args);
        assert!(line.failed(1).contains("999"), "{line:?}");
    }
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[tokio::test]
async fn check_tells_a_whole_database_from_a_damaged_one() {
    let mut server = steady().start();
    let (home, data) = (server.directory().to_owned(), server.data_dir().to_owned());
    for number in 0..5 {
        server.register(&format!("u{number}@example.com")).await;
    }
    tool(&home, &data, &["check"]).done();
    tool(&home, &data, &["backup", "good.db"]).done();
    server.stop();
    tool(&home, &data, &["check"]).done();
    let bad = bad_backups(&home, &home.join("good.db"));
    let database = data.join("doorward.db");
    for bad in bad.iter().filter(|path| path.is_file()) {
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(data.join(format!("doorward.db{suffix}")));
        }
        fs::copy(bad, &database).unwrap();
        tool(&home, &data, &["check"]).failed(1);
    }
    // A server does not serve from what is no database.
    fs::copy(home.join("text.db"), &database).unwrap();
    let line = tool(&home, &data, &["serve", "--port", "0"]);
    assert!(line.failed(1).contains("doorward.db"), "{line:?}");
}

#[tokio::test]
async fn a_new_operator_key_kills_the_one_before() {
    let mut server = steady().start();
    let (home, data) = (server.directory().to_owned(), server.data_dir().to_owned());
    let old = server.operator_key();
    let minted = server.key(&["admin:users:read"]).await;
    server.stop();
    let made = tool(&home, &data, &["operator-key"]);
    let new = server.operator_key();
    assert_ne!(new, old);
    assert!(!made.done().contains(&new), "the key itself is not printed");
    let mode = fs::metadata(data.join("operator.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    server.start_again();
    server.admin("GET", "/admin/users", None).await;
    let dead = server.get("/admin/users").bearer(&old).send().await;
    dead.refused(401, "token_revoked");
    // Keys minted with it are others.
    server
        .get("/admin/users")
        .bearer(&minted)
        .send()
        .await
        .expect(200);
}

#[test]
fn wrong_usage_is_2_failure_1_and_help_0() {
    let home = TempDir::new().unwrap();
    let run = |args: &[&str]| run("doorward-server", home.path(), args, &[]);
    for wrong in [
        &["frobnicate"][..],
        &["--nope"],
        &["restore"],
        &["backup"],
        &["backup", "a", "b"],
        &["check", "a", "b"],
        &["--port", "99999"],
        &["--port", "http"],
        &["--address", "nowhere"],
        &["--data-dir"],
        &["restore", "f", "--forced"],
    ] {
        run(wrong).failed(2);
    }
    for failing in [
        &["backup", "b.db"][..],
        &["check"],
        &["operator-key"],
        &["restore", "none.db"],
    ] {
        let line = run(failing);
        assert!(!line.failed(1).is_empty());
        assert!(
            !home.path().join("doorward-data").exists(),
            "{failing:?} made a directory"
        );
        assert!(!home.path().join("b.db").exists());
    }
    for fine in [
        &["--help"][..],
        &["--version"],
        &["help"],
        &["restore", "--help"],
        &["openapi"],
    ] {
        assert!(!run(fine).done().is_empty());
    }
    assert!(run(&["--version"]).done().starts_with("doorward-server 0."));
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_leaves_nothing_behind() {
    let server = Server::start();
    let (home, data) = (server.directory(), server.data_dir());
    let in_use = [
        "doorward.db",
        "doorward.db-wal",
        "doorward.db-shm",
        "doorward.db-journal",
        "master.key",
        "operator.key",
    ];
    let before = contents(data);
    let elsewhere = ["no/such/place/b.db", ".", "/dev/full/b.db"].map(PathBuf::from);
    for file in elsewhere
        .into_iter()
        .chain(in_use.map(|name| data.join(name)))
    {
        tool(home, data, &["backup", file.to_str().unwrap()]).failed(1);
    }
    for name in ["master.key", "operator.key"] {
        let file = data.join(name);
        let kept = before.iter().find(|(path, _)| *path == file).unwrap();
        assert_eq!(fs::read(&file).unwrap(), kept.1, "{name}");
    }
    let leftovers = |dir: &Path| {
        let names = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_string_lossy().contains("partial"))
            .count()
    };
    assert_eq!((leftovers(home), leftovers(data)), (0, 0));
    server.register("ada@example.com").await;
}

#[tokio::test]
async fn openapi_is_printed_without_a_server_and_is_what_it_serves() {
    let home = TempDir::new().unwrap();
    let mut printed: Value =
        serde_json::from_str(run("doorward-server", home.path(), &["openapi"], &[]).done())
            .unwrap();
    assert!(printed["openapi"].as_str().unwrap().starts_with("3.1"));
    let server = Server::start();
    let served = server.get("/openapi.json").send().await.expect(200).json();
    // A server that runs knows its own address.
    assert_eq!(served["servers"][0]["url"], server.url());
    printed["servers"] = served["servers"].clone();
    assert!(served == printed, "the two are not the same");
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    server
        .post("/auth/register")
        .json(body)
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn a_restore_killed_at_any_instant_leaves_the_old_database_or_the_new() {
    let mut server = steady().start();
    let (home, data) = (server.directory().to_owned(), server.data_dir().to_owned());
    server.register("ada@example.com").await;
    tool(&home, &data, &["backup", "b.db"]).done();
    server.register("late@example.com").await;
    // Its log is not empty: what is in it belongs to the old database.
    server.kill();
    let fresh = |name: &str| {
        let copy = home.join(name);
        fs::create_dir(&copy).unwrap();
        for (path, bytes) in contents(&data) {
            fs::write(copy.join(path.file_name().unwrap()), bytes).unwrap();
        }
        copy
    };
    let started = Instant::now();
    tool(&home, &fresh("whole"), &["restore", "b.db", "--force"]).done();
    let whole = started.elapsed();
    const ROUNDS: u32 = 16;
    for round in 0..ROUNDS {
        let copy = fresh(&format!("copy-{round}"));
        let mut child = command("doorward-server", &home)
            .args([
                "restore",
                "b.db",
                "--force",
                "--data-dir",
                copy.to_str().unwrap(),
            ])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * round / ROUNDS);
        child.kill().unwrap();
        child.wait().unwrap();
        tool(&home, &copy, &["check"]).done();
        let again = steady().data_dir(&copy).start();
        let users = again.admin("GET", "/admin/users", None).await["pagination"]["total"].clone();
        let restored = again
            .admin("GET", "/admin/events?action=server.restored", None)
            .await;
        let restored = restored["pagination"]["total"].clone();
        assert!(
            (&users, &restored) == (&json!(2), &json!(0))
                || (&users, &restored) == (&json!(1), &json!(1)),
            "{users} users, restored {restored} times"
        );
        let left = contents(&copy);
        assert!(
            left.iter()
                .all(|(path, _)| !path.to_string_lossy().contains(".restore-")),
            "{left:?}"
        );
    }
}

#[tokio::test]
async fn restore_ends_the_sessions_of_oauth_clients_too() {
    let mut server = steady().start();
    let (home, data) = (server.directory().to_owned(), server.data_dir().to_owned());
    server.register("ada@example.com").await;
    let scopes = json!(["openid", "offline_access", "read"]);
    let app = server.app(json!({"scopes": scopes})).await;
    let asked = browser::request(&app, &[("scope", "openid offline_access read")]);
    let code = server.browser().code("ada@example.com", &asked).await;
    let tokens = server.redeem(&app, &code).await.expect(200);
    let (access, refresh) = (tokens.field("access_token"), tokens.field("refresh_token"));
    assert_eq!(server.introspect(&access).await["active"], true);
    tool(&home, &data, &["backup", "b.db"]).done();
    for keep in [true, false] {
        server.stop();
        let restore: &[&str] = if keep {
            &["restore", "b.db", "--force", "--keep-sessions"]
        } else {
            &["restore", "b.db", "--force"]
        };
        tool(&home, &data, restore).done();
        server.start_again();
        assert_eq!(server.introspect(&access).await["active"], keep);
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
        ];
        let call = server.post("/oauth/token").basic(&app.id, &app.secret);
        let refreshed = call.form(&form).send().await;
        assert_eq!(
            refreshed.status,
            if keep { 200 } else { 400 },
            "{}",
            refreshed.text()
        );
    }
}
