//! The first start: what it makes, what it says, and that a kill at any instant of it does no harm.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use doorward_tests::{Server, command, end, finish, program, run};
use tempfile::TempDir;

/// The program under a umask, as a shell gives it.
fn under_umask(umask: &str, home: &Path, args: &[&str]) -> Command {
    let inner = command("doorward-server", home);
    let mut shell = Command::new("sh");
    let script = format!("umask {umask}; exec \"$0\" \"$@\"");
    shell
        .args(["-c", &script])
        .arg(program("doorward-server"))
        .args(args)
        .current_dir(home)
        .stdin(Stdio::null());
    for (key, value) in inner.get_envs() {
        match value {
            Some(value) => shell.env(key, value),
            None => shell.env_remove(key),
        };
    }
    shell
}

fn modes(directory: &Path) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            assert_eq!(mode & 0o777, 0o700, "{name}");
            found.extend(modes(&entry.path()));
        } else {
            found.push((name, mode & 0o777));
        }
    }
    found
}

fn first_line(child: &mut Child) -> (String, BufReader<std::process::ChildStdout>) {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    (line, out)
}

#[tokio::test]
async fn files_are_private_whatever_the_umask() {
    for umask in ["000", "022", "777"] {
        let home = TempDir::new().unwrap();
        let data = home.path().join("data");
        let mut child = under_umask(umask, home.path(), &["--port", "0", "--data-dir", "data"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (line, _out) = first_line(&mut child);
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        // The log of writes and its index are there now, and so is a backup.
        let key = fs::read_to_string(data.join("operator.key")).unwrap();
        let backup = reqwest_client()
            .post(format!("{url}/admin/server/backup"))
            .bearer_auth(key.trim());
        assert_eq!(backup.send().await.unwrap().status(), 201);
        let mut saved = under_umask(
            umask,
            home.path(),
            &["backup", "b.db", "--data-dir", "data"],
        );
        finish(&mut saved).done();

        let mode = fs::metadata(&data).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "umask {umask}");
        let files = modes(&data);
        for wanted in [
            "doorward.db",
            "doorward.db-wal",
            "doorward.db-shm",
            "master.key",
            "operator.key",
            "control.name",
        ] {
            assert!(
                files.iter().any(|(name, _)| name == wanted),
                "{wanted}: {files:?}"
            );
        }
        assert_eq!(files.len(), 7, "{files:?}");
        assert!(
            files.iter().all(|(_, mode)| *mode == 0o600),
            "umask {umask}: {files:?}"
        );
        let mode = fs::metadata(home.path().join("b.db"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "umask {umask}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

fn reqwest_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

#[test]
fn stdout_is_one_line_and_the_newcomer_reads_the_rest_on_stderr() {
    one_line(&[]);
    one_line(&[("RUST_LOG", "trace"), ("ROCKET_LOG_LEVEL", "debug")]);
}

fn one_line(env: &[(&str, &str)]) {
    let home = TempDir::new().unwrap();
    let mut child = command("doorward-server", home.path())
        .args(["serve", "--port", "0"])
        .envs(env.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (line, mut out) = first_line(&mut child);
    let address = line.strip_prefix("doorward-server listening on http://127.0.0.1:");
    let port: u16 = address
        .unwrap()
        .strip_suffix('\n')
        .unwrap()
        .parse()
        .unwrap();
    assert_ne!(port, 0);
    // It accepts connections by then.
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    // The default of data_dir is where it was started.
    assert!(home.path().join("doorward-data/doorward.db").is_file());

    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(end(&mut child, Duration::from_secs(5)).code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    let mut told = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    for word in [
        "doorward.db",
        "master.key",
        "operator.key",
        "/auth/register",
    ] {
        assert!(told.contains(word), "no {word} in {told}");
    }
    let key = fs::read_to_string(home.path().join("doorward-data/operator.key")).unwrap();
    assert!(!told.contains(key.trim()), "the key itself is not shown");
}

#[tokio::test]
async fn the_operator_key_of_the_first_start_is_an_api_key_that_may_do_everything() {
    let mut server = Server::start();
    let who = server.admin("GET", "/admin/whoami", None).await;
    assert!(who["scopes"].to_string().contains("admin"), "{who}");
    let key = server.operator_key();
    assert!(key.starts_with("sk_live_"));
    // One key, and a second start makes no other.
    server.stop();
    server.start_again();
    assert_eq!(server.operator_key(), key);
    let keys = server.admin("GET", "/admin/apikeys", None).await;
    assert_eq!(keys["pagination"]["total"], 1, "{keys}");
}

/// Starts on `data` and kills after `delay`.
fn killed_start(home: &Path, algorithm: &str, delay: Duration) {
    let mut child = command("doorward-server", home)
        .args(["--port", "0", "--data-dir", "data"])
        .env("DOORWARD_SIGNING_ALGORITHM", algorithm)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
}

async fn completed(data: &Path, algorithm: &str) {
    let server = Server::with()
        .set("signing_algorithm", algorithm)
        .data_dir(data)
        .start();
    server.admin("GET", "/admin/users", None).await;
    let ada = server.register("ada@example.com").await;
    let me = server.me(&ada.access).await;
    me.expect(200);
    let names = modes(data);
    assert!(names.iter().all(|(_, mode)| *mode == 0o600), "{names:?}");
    assert!(
        names.iter().all(|(name, _)| !name.contains("partial")),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_first_start_killed_at_any_instant_is_completed_by_the_next() {
    // How long a whole first start takes here.
    let started = Instant::now();
    drop(Server::with().set("signing_algorithm", "ES256").start());
    let whole = started.elapsed();
    const ROUNDS: u32 = 30;
    for round in 0..ROUNDS {
        let home = TempDir::new().unwrap();
        // Both a quick and a slow key to make; more than once over the whole time.
        let algorithm = if round % 3 == 0 { "RS256" } else { "ES256" };
        let delay = whole * (round * 7 % ROUNDS) / ROUNDS;
        killed_start(home.path(), algorithm, delay);
        if round % 4 == 0 {
            killed_start(home.path(), algorithm, delay / 2);
        }
        completed(&home.path().join("data"), algorithm).await;
    }
}

#[tokio::test]
async fn what_a_kill_can_leave_behind_is_completed() {
    for left in [
        &[][..],
        &["doorward.db"],
        &["master.partial", "doorward.db"],
        &["operator.partial"],
    ] {
        let home = TempDir::new().unwrap();
        let data = home.path().join("data");
        fs::create_dir(&data).unwrap();
        for name in left {
            fs::write(data.join(name), "").unwrap();
            fs::set_permissions(data.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let server = Server::with().data_dir(&data).start();
        server.admin("GET", "/admin/whoami", None).await;
        server.register("ada@example.com").await;
    }
}

#[tokio::test]
async fn a_second_server_on_a_directory_exits_at_once_with_a_clear_line() {
    let server = Server::start();
    let started = Instant::now();
    let data = server.data_dir().to_str().unwrap();
    let second = run(
        "doorward-server",
        server.directory(),
        &["--port", "0", "--data-dir", data],
        &[],
    );
    let line = second.failed(1);
    assert!(
        line.contains("another doorward-server") && line.contains(data),
        "{line}"
    );
    assert!(started.elapsed() < Duration::from_secs(3));
    for args in [&["operator-key"][..], &["restore", "nothing.db", "--force"]] {
        let args = [args, &["--data-dir", data]].concat();
        run("doorward-server", server.directory(), &args, &[]).failed(1);
    }
    server.register("ada@example.com").await;
}

#[test]
fn a_taken_port_is_said_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let home = TempDir::new().unwrap();
    let second = run("doorward-server", home.path(), &["--port", &port], &[]);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(
        second.stdout.is_empty() && second.stderr.contains(&port),
        "{second:?}"
    );
    // The next start is the first one, and says what it makes.
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_issuer_is_the_listening_url_unless_it_is_set() {
    let server = Server::start();
    let metadata = server
        .get("/.well-known/oauth-authorization-server")
        .send()
        .await;
    assert_eq!(metadata.expect(200).field("issuer"), server.url());
    if TcpListener::bind("[::1]:0").is_ok() {
        let six = Server::with().arg("--address").arg("::1").start();
        assert!(six.url().starts_with("http://[::1]:"), "{}", six.url());
        let metadata = six
            .get("/.well-known/oauth-authorization-server")
            .send()
            .await;
        assert_eq!(metadata.expect(200).field("issuer"), six.url());
    }
    let named = Server::with()
        .set("issuer", "https://id.example/auth")
        .start();
    let ada = named.register("ada@example.com").await;
    named.me(&ada.access).await.expect(200);
    let metadata = named
        .get("/.well-known/oauth-authorization-server")
        .send()
        .await;
    assert_eq!(
        metadata.expect(200).field("issuer"),
        "https://id.example/auth"
    );
}

#[tokio::test]
async fn a_missing_master_key_stops_the_start_and_is_not_made_anew() {
    let mut server = Server::start();
    server.stop();
    fs::remove_file(server.data_dir().join("master.key")).unwrap();
    let data = server.data_dir().to_str().unwrap();
    let start = run(
        "doorward-server",
        server.directory(),
        &["--port", "0", "--data-dir", data],
        &[],
    );
    let line = start.failed(1);
    assert!(line.contains("master.key"), "{line}");
    assert!(!server.data_dir().join("master.key").exists());
}

/// The line of a first start that says how the console is opened, of the program at `path`.
fn console_line(path: &Path, directory: &Path, env: &[(&str, &str)]) -> String {
    let mut child = Command::new(path)
        .args(["--port", "0", "--data-dir", "my data"])
        .env_remove("STATE_DIRECTORY")
        .envs(env.iter().copied())
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (line, _out) = first_line(&mut child);
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();
    let told = BufReader::new(child.stderr.take().unwrap());
    let mut lines = told.lines().map(Result::unwrap);
    let told = lines.find(|line| line.contains("open the console"));
    child.kill().unwrap();
    child.wait().unwrap();
    told.expect("a line about the console").replace(&url, "URL")
}

#[test]
fn what_to_do_next_is_said_in_the_words_of_how_it_was_installed() {
    let built = program("doorward-server");
    for (is_copied, env, command) in [
        (false, &[][..], "cargo run --release -p doorward-tui --"),
        (true, &[], "doorward"),
        (true, &[("STATE_DIRECTORY", "/x")], "sudo doorward"),
    ] {
        let home = TempDir::new().unwrap();
        let mut path = built.clone();
        if is_copied {
            path = home.path().join("doorward-server");
            fs::copy(&built, &path).unwrap();
        }
        let key = home.path().join("my data/operator.key");
        assert_eq!(
            console_line(&path, home.path(), env),
            format!(
                "or open the console in another terminal: {command} --server URL --key-file '{}'",
                key.display()
            )
        );
    }
}
