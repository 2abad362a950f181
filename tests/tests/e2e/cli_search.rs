//! The CLI: what it searches, prints and guards, and to whom it shows its key.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    process::{Child, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use doorward_tests::{ProgramOutput, Server, command, doorward, end, eventually, finish, run};
use serde_json::{Value, json};
use tempfile::TempDir;

fn found(server: &Server, list: &str, q: &str) -> Vec<Value> {
    let done = doorward(server, &[list, "list", "--q", q, "-o", "json"]);
    let value: Value = serde_json::from_str(done.done()).expect("JSON");
    value["data"].as_array().expect("rows").clone()
}

async fn create(server: &Server, body: Value) -> String {
    let made = server.admin("POST", "/admin/users", Some(body)).await;
    made["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_search_finds_by_words_and_terms() {
    let server = Server::start();
    let zoe = json!({"email": "zoe@example.com", "firstName": "ZOË", "lastName": "Ångström", "role": "admin"});
    create(&server, zoe).await;
    let bob = create(
        &server,
        json!({"email": "bob@example.com", "firstName": "Bob"}),
    )
    .await;
    let disabled = Some(json!({"disabled": true}));
    server
        .admin("PATCH", &format!("/admin/users/{bob}"), disabled)
        .await;
    for (q, emails) in [
        ("ångström zoë", &["zoe@example.com"][..]),
        ("EXAMPLE.com bob", &["bob@example.com"]),
        ("role:admin", &["zoe@example.com"]),
        ("state:disabled", &["bob@example.com"]),
        ("state:disabled zoë", &[]),
        ("disabled", &["bob@example.com"]),
        ("unused:1d", &[]),
        ("since:1h role:customer", &["bob@example.com"]),
    ] {
        let rows = found(&server, "users", q);
        let got: Vec<_> = rows
            .iter()
            .map(|row| row["email"].as_str().unwrap())
            .collect();
        assert_eq!(got, emails, "{q}");
    }
    server.register("ada@example.com").await;
    server.register("eve@example.com").await;
    assert_eq!(found(&server, "sessions", "owner:ada").len(), 1);
    assert_eq!(found(&server, "sessions", "ada@ live").len(), 1);
    assert_eq!(
        found(&server, "sessions", "ip:127.0.0.0/8 state:live").len(),
        2
    );
    assert_eq!(found(&server, "sessions", "ip:10.0.1.0/24").len(), 0);
    assert_eq!(
        found(&server, "events", "action:user.registered owner:eve").len(),
        1
    );
    assert_eq!(
        found(&server, "events", "action:user.registered since:2h").len(),
        2
    );
    // A scope is text although it has a colon; where nothing is found, the terms are said.
    server.key(&["read:orders"]).await;
    assert_eq!(found(&server, "apikeys", "read:orders").len(), 1);
    let none = doorward(&server, &["apikeys", "list", "--q", "color:red"]);
    none.done();
    assert!(
        none.stderr
            .contains("terms here are state: ip: owner: scope:"),
        "{none:?}"
    );
    let wrong = doorward(&server, &["sessions", "list", "--q", "state:dead"]);
    assert!(
        wrong.failed(2).contains("live, idle, expired, revoked"),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn a_search_that_did_not_see_all_rows_says_so() {
    let server = Server::start();
    for number in 0..1_005 {
        let body = json!({"email": format!("p{number}@example.com"), "firstName": if number == 0 { "Ältester" } else { "x" }});
        create(&server, body).await;
    }
    // The oldest lies beyond what is looked through: the server's index knows it by its address.
    let by_address = doorward(
        &server,
        &["users", "list", "--q", "p0@example customer", "-o", "name"],
    );
    assert_eq!(by_address.done().lines().count(), 1);
    assert!(
        by_address.stderr.contains("search incomplete"),
        "{by_address:?}"
    );
    let none = doorward(&server, &["users", "list", "--q", "nobody-at-all"]);
    assert!(
        none.stderr.contains("search incomplete") && none.stderr.contains("role: state:"),
        "{none:?}"
    );
    // All rows, as they come.
    let all = doorward(&server, &["users", "list", "--all", "-o", "jsonl"]);
    assert_eq!(all.done().lines().count(), 1_005);
    let whole: Value =
        serde_json::from_str(doorward(&server, &["users", "list", "--all", "-o", "json"]).done())
            .unwrap();
    assert_eq!(whole["data"].as_array().map(Vec::len), Some(1_005));
    // Whoever has seen enough of them ends it.
    let mut child = command("doorward", server.directory())
        .args(["users", "list", "--all", "-o", "name"])
        .env("DOORWARD_URL", server.url())
        .env("DOORWARD_KEY", server.operator_key())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert!(first.starts_with("user_"), "{first}");
    drop(lines);
    assert_eq!(end(&mut child, Duration::from_secs(10)).code(), Some(0));
}

#[tokio::test]
async fn following_ends_when_nobody_reads_any_more() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let first = found(&server, "events", "action:user.registered");
    let mut child = command("doorward", server.directory())
        .args([
            "events",
            "--follow",
            "--after",
            first[0]["id"].as_str().unwrap(),
            "-o",
            "name",
        ])
        .env("DOORWARD_URL", server.url())
        .env("DOORWARD_KEY", server.operator_key())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    server.register("bob@example.com").await;
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert!(line.starts_with("evt_"), "{line}");
    // No event comes any more.
    drop(lines);
    assert_eq!(end(&mut child, Duration::from_secs(10)).code(), Some(0));
}

#[tokio::test]
async fn an_address_means_that_account_and_not_the_newest_that_looks_like_it() {
    let server = Server::start();
    let bob = create(&server, json!({"email": "bob@example.com"})).await;
    let other = create(&server, json!({"email": "bob@example.com.evil.example"})).await;
    let more = create(&server, json!({"email": "jim.bob@example.com"})).await;
    doorward(&server, &["users", "disable", "bob@example.com", "--yes"]).done();
    for (id, disabled) in [(&bob, true), (&other, false), (&more, false)] {
        let user = server
            .admin("GET", &format!("/admin/users/{id}"), None)
            .await;
        assert_eq!(user["disabled"], disabled, "{user}");
    }
    doorward(&server, &["users", "delete", "bob@example.co", "--yes"]).failed(3);
    doorward(&server, &["users", "delete", "bob@example.com", "--yes"]).done();
    assert_eq!(found(&server, "users", "bob").len(), 2);
}

#[tokio::test]
async fn what_is_ended_is_what_was_shown() {
    let server = Server::start();
    let bob = server.register("bob@example.com").await;
    // A proxy between the CLI and the server: a sign-in slips in after the preview.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let target = server.url().trim_start_matches("http://").to_owned();
    let (seen, calls) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            if let Some((head, body)) = request(&mut stream) {
                if head.starts_with("POST /admin/sessions/revoke") && body.contains("previewId") {
                    seen.send(body.clone()).unwrap();
                    gone.recv().unwrap();
                }
                let mut server = TcpStream::connect(&target).unwrap();
                let head = head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
                server.write_all(head.as_bytes()).unwrap();
                server.write_all(body.as_bytes()).unwrap();
                let mut answer = Vec::new();
                server.read_to_end(&mut answer).unwrap();
                stream.write_all(&answer).unwrap();
            }
        }
    });
    let (key, directory) = (server.operator_key(), server.directory().to_owned());
    let cli = std::thread::spawn(move || {
        let env = [
            ("DOORWARD_URL", url.as_str()),
            ("DOORWARD_KEY", key.as_str()),
        ];
        let args = [
            "sessions",
            "revoke",
            "--user",
            "bob@example.com",
            "--yes",
            "-o",
            "json",
        ];
        run("doorward", &directory, &args, &env)
    });
    let body = tokio::task::spawn_blocking(move || calls.recv_timeout(Duration::from_secs(20)))
        .await
        .unwrap()
        .unwrap();
    assert!(
        !body.contains("userId"),
        "the filter goes out again: {body}"
    );
    let later = server.login("bob@example.com").await;
    go.send(()).unwrap();
    let done = tokio::task::spawn_blocking(|| cli.join().unwrap())
        .await
        .unwrap();
    let done: Value = serde_json::from_str(done.done()).unwrap();
    assert_eq!(done["revoked"], 1);
    server.me(&bob.access).await.refused(401, "token_revoked");
    server.me(&later.access).await.expect(200);
}

/// A request's head and body.
fn request(stream: &mut impl Read) -> Option<(String, String)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

/// A home with a profile of this server.
fn home(server: &Server, profile: &str) -> TempDir {
    let home = TempDir::new().unwrap();
    let directory = home.path().join("doorward");
    fs::create_dir(&directory).unwrap();
    let key = home.path().join("key");
    fs::write(&key, server.operator_key()).unwrap();
    let text = format!(
        "default_profile = 'live'\n[profiles.live]\nurl = '{}'\nkey_file = '{}'\n{profile}\n",
        server.url(),
        key.display()
    );
    fs::write(directory.join("config.toml"), text).unwrap();
    home
}

fn at_home(home: &TempDir, args: &[&str]) -> ProgramOutput {
    let config = home.path().to_str().unwrap();
    run(
        "doorward",
        home.path(),
        args,
        &[("XDG_CONFIG_HOME", config)],
    )
}

#[tokio::test]
async fn guards_hold_for_the_twin_too() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let production = home(&server, "production = true");
    let change = ["users", "update", "ada@example.com", "--first-name", "Eve"];
    let refused = at_home(&production, &change);
    assert!(refused.failed(4).contains("read-only"), "{refused:?}");
    for args in [
        &["users", "delete", "ada@example.com", "--yes"][..],
        &["sessions", "revoke", "--ip", "127.0.0.1", "--yes"],
        &["apikeys", "mint", "--name", "n", "--scope", "read"],
        &["roles", "put", "x"],
        &["keys", "rotate", "--yes"],
        &["backup"],
        &[
            "clients",
            "delete",
            "client_00000000000000000000000000",
            "--yes",
        ],
    ] {
        assert!(
            at_home(&production, args).failed(4).contains("read-only"),
            "{args:?}"
        );
    }
    // Looking is free, and a dry run is looking.
    at_home(&production, &["users", "list"]).done();
    at_home(
        &production,
        &["sessions", "revoke", "--ip", "127.0.0.1", "--dry-run"],
    )
    .done();
    at_home(&production, &[&change[..], &["--dry-run"]].concat()).done();
    server.me(&ada.access).await.expect(200);
    let unlocked = at_home(&production, &[&change[..], &["--unlock", "live"]].concat());
    unlocked.done();
    assert!(
        at_home(&production, &[&change[..], &["--unlock", "dead"]].concat())
            .failed(4)
            .contains("--unlock live")
    );
    let free = home(&server, "");
    at_home(&free, &change).done();
    let locked = at_home(&free, &[&change[..], &["--read-only"]].concat());
    assert!(locked.failed(4).contains("--read-only"), "{locked:?}");
    // The guard is the profile's own server's: another that is named has none of it.
    let other = Server::start();
    other.register("ada@example.com").await;
    let key = other.operator_key();
    let config = production.path().to_str().unwrap();
    let env = [
        ("XDG_CONFIG_HOME", config),
        ("DOORWARD_URL", other.url()),
        ("DOORWARD_KEY", &key),
    ];
    run("doorward", production.path(), &change, &env).done();
}

#[tokio::test]
async fn profiles_are_set_chosen_and_forgotten() {
    let server = Server::start();
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("op.key"), server.operator_key()).unwrap();
    let set = [
        "profiles",
        "set",
        "one",
        "--url",
        server.url(),
        "--key-file",
        "op.key",
    ];
    at_home(&home, &set).done();
    at_home(
        &home,
        &["profiles", "set", "two", "--url", "http://127.0.0.1:9"],
    )
    .done();
    at_home(&home, &["status"]).done();
    // The file is named so that it is found from everywhere.
    let elsewhere = TempDir::new().unwrap();
    let config = home.path().to_str().unwrap();
    run(
        "doorward",
        elsewhere.path(),
        &["status"],
        &[("XDG_CONFIG_HOME", config)],
    )
    .done();
    at_home(&home, &["profiles", "use", "two"]).done();
    at_home(&home, &["status"]).failed(1);
    at_home(&home, &["profiles", "use", "three"]).failed(3);
    // What is not given of a profile stays.
    at_home(&home, &["profiles", "set", "one", "--color", "red"]).done();
    at_home(&home, &["--profile", "one", "status"]).done();
    at_home(&home, &["profiles", "delete", "two"]).done();
    at_home(&home, &["profiles", "delete", "two"]).failed(3);
    let list = at_home(&home, &["profiles", "list", "-o", "name"]);
    assert_eq!(list.done(), "one\n");
    assert!(home.path().join("op.key").exists());
}

#[tokio::test]
async fn exit_codes_tell_why() {
    let server = Server::start();
    let code = |args: &[&str]| doorward(&server, args).code;
    assert_eq!(code(&["users", "get", "nobody@example.com"]), Some(3));
    assert_eq!(
        code(&["sessions", "get", "ses_00000000000000000000000000"]),
        Some(3)
    );
    assert_eq!(code(&["roles", "delete", "admin", "--yes"]), Some(5));
    create(&server, json!({"email": "ada@example.com"})).await;
    assert_eq!(
        code(&["users", "create", "--email", "ada@example.com"]),
        Some(5)
    );
    assert_eq!(code(&["users", "create", "--email", "no address"]), Some(1));
    let with = |key: &str| {
        let env = [("DOORWARD_URL", server.url()), ("DOORWARD_KEY", key)];
        run("doorward", server.directory(), &["users", "list"], &env)
    };
    with("sk_live_nonsense").failed(4);
    with(&server.key(&["read"]).await).failed(4);
}

#[tokio::test]
async fn output_is_for_people_scripts_and_pipes() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let names = doorward(&server, &["users", "list", "-o", "name", "--sort", "email"]);
    assert_eq!(names.done(), format!("{}\n{}\n", ada.id, bob.id));
    assert_eq!(
        doorward(&server, &["users", "get", &ada.id, "-o", "name"]).done(),
        format!("{}\n", ada.id)
    );
    let lines = doorward(&server, &["users", "list", "-o", "jsonl"]);
    for line in lines.done().lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["email"].is_string());
    }
    // Times are local, with the zone named; UTC where that is asked for.
    let key = server.operator_key();
    let at = |zone: &str, more: &[&str]| {
        let env = [
            ("DOORWARD_URL", server.url()),
            ("DOORWARD_KEY", key.as_str()),
            ("TZ", zone),
        ];
        let args = [&["sessions", "list"], more].concat();
        run("doorward", server.directory(), &args, &env)
            .done()
            .to_owned()
    };
    assert!(at("Asia/Kolkata", &[]).contains(" IST"));
    assert!(at("Asia/Kolkata", &["--utc"]).contains(" UTC"));
    let json: Value = serde_json::from_str(&at("Asia/Kolkata", &["-o", "json"])).unwrap();
    assert!(
        json["data"][0]["createdAt"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
}

#[tokio::test]
async fn the_key_goes_to_this_machine_and_through_no_proxy() {
    let server = Server::start();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let key = server.operator_key();
    let port = server.url().rsplit(':').next().unwrap();
    for url in [server.url().to_owned(), format!("http://localhost:{port}")] {
        let env = [
            ("DOORWARD_URL", url.as_str()),
            ("DOORWARD_KEY", key.as_str()),
            ("http_proxy", &address),
            ("HTTP_PROXY", &address),
            ("all_proxy", &address),
        ];
        run("doorward", server.directory(), &["status"], &env).done();
    }
    assert!(proxy.accept().is_err(), "something came to the proxy");
}

#[tokio::test]
async fn a_stranger_who_listens_here_gets_no_key() {
    // Another user's server can only be started by root.
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let stranger = 65_534;
    if chown(&data, Some(stranger), Some(stranger)).is_err() {
        return;
    }
    let mut child = command("doorward-server", directory.path())
        .args(["--port", "0", "--data-dir", data.to_str().unwrap()])
        .uid(stranger)
        .gid(stranger)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join("doorward-data")).unwrap();
    let file = home.path().join("doorward-data/operator.key");
    fs::write(&file, "sk_live_mine").unwrap();
    let config = home.path().to_str().unwrap();
    let env = [("XDG_CONFIG_HOME", config)];
    let refused = run("doorward", home.path(), &["--server", &url, "status"], &env);
    let said = refused.failed(1).to_owned();
    // The key of the server's own user is for it.
    chown(&file, Some(stranger), Some(stranger)).unwrap();
    let own = run("doorward", home.path(), &["--server", &url, "status"], &env);
    let own = own.failed(4).to_owned();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        said.contains("65534") && said.contains("nothing was sent"),
        "{said}"
    );
    assert!(own.contains("invalid_token"), "{own}");
}

#[test]
fn a_key_that_leaves_in_the_clear_is_warned_of() {
    let home = TempDir::new().unwrap();
    let mut asked = command("doorward", home.path());
    // Nothing answers there: what counts is what is said before.
    asked
        .args(["--server", "http://doorward.invalid:9", "status"])
        .env("DOORWARD_KEY", "sk_live_x")
        .env("XDG_CONFIG_HOME", home.path());
    let said = finish(&mut asked);
    assert!(
        said.stderr
            .starts_with("warning: http://doorward.invalid:9 is not encrypted"),
        "{said:?}"
    );
}

/// `doorward events --follow` of people who register, and whom it told of.
struct Follower {
    child: Child,
    told: mpsc::Receiver<String>,
}

impl Follower {
    fn start(server: &Server, url: &str, more: &[&str]) -> Self {
        let mut child = command("doorward", server.directory())
            .args(["events", "--follow", "-o", "jsonl"])
            .args(["--action", "user.registered"])
            .args(more)
            .env("DOORWARD_URL", url)
            .env("DOORWARD_KEY", server.operator_key())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (tell, told) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap();
                let target = event["target"].as_str().unwrap().to_owned();
                if tell.send(target).is_err() {
                    break;
                }
            }
        });
        Self { child, told }
    }

    fn next(&self) -> String {
        self.told.recv_timeout(Duration::from_secs(30)).unwrap()
    }

    fn end(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        assert!(self.told.try_recv().is_err(), "one came twice");
    }
}

fn address(server: &Server) -> String {
    server.url().trim_start_matches("http://").to_owned()
}

#[tokio::test]
async fn following_goes_on_over_a_restart_without_loss_or_repeat() {
    let mut server = Server::start();
    server.register("ada@example.com").await;
    let first = found(&server, "events", "action:user.registered");
    // One address for the server before and after.
    let target = Arc::new(Mutex::new(address(&server)));
    let (url, _) = relay(target.clone());
    let after = first[0]["id"].as_str().unwrap();
    let follower = Follower::start(&server, &url, &["--after", after]);
    let mut people = Vec::new();
    people.push(server.register("bob@example.com").await.id);
    assert_eq!(follower.next(), people[0]);
    server.stop();
    server.start_again();
    target.lock().unwrap().clone_from(&address(&server));
    for name in ["eve", "jim"] {
        people.push(server.register(&format!("{name}@example.com")).await.id);
    }
    assert_eq!(
        [follower.next(), follower.next()],
        [people[1].clone(), people[2].clone()]
    );
    follower.end();
}

#[tokio::test]
async fn following_survives_a_restart_before_anything_has_happened() {
    let mut server = Server::start();
    let target = Arc::new(Mutex::new(address(&server)));
    let (url, seen) = relay(target.clone());
    let follower = Follower::start(&server, &url, &[]);
    eventually("the stream is open", async || {
        let seen = String::from_utf8_lossy(&seen.lock().unwrap()).into_owned();
        (seen.contains("event-stream") && seen.contains("\n\n")).then_some(())
    })
    .await;
    server.stop();
    server.start_again();
    // Somebody comes while the follower is away: nobody is there where it looks.
    let ada = server.register("ada@example.com").await.id;
    target.lock().unwrap().clone_from(&address(&server));
    assert_eq!(follower.next(), ada);
    follower.end();
}

/// Passes connections on to wherever `target` says at the time; answers its own URL, and what came back over it.
fn relay(target: Arc<Mutex<String>>) -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let back = seen.clone();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let to = target.lock().unwrap().clone();
            let Ok(far) = TcpStream::connect(to) else {
                continue;
            };
            let (mut from, mut to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Both);
            });
            let (mut from, mut to, back) = (far, near, back.clone());
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(read @ 1..) = from.read(&mut bytes) {
                    if to.write_all(&bytes[..read]).is_err() {
                        break;
                    }
                    back.lock().unwrap().extend_from_slice(&bytes[..read]);
                }
                let _ = to.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    (url, seen)
}
