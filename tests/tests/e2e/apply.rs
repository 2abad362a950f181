//! `doorward-server apply FILE.toml`, with the server running and stopped.

use std::{
    io::{Read, Write},
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::MetadataExt,
            net::{SocketAddr, UnixListener, UnixStream},
        },
    },
    path::Path,
    process::Output,
    time::Duration,
};

use doorward_tests::{PASSWORD, Server, command};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

const FILE: &str = r#"
[[roles]]
name = "support"
permissions = ["read", "admin:users:read"]

[[clients]]
name = "Shop"
redirectUris = ["https://shop.example/callback"]
scopes = ["openid", "profile"]

[[clients]]
name = "Orders API"
grantTypes = ["client_credentials"]
resourceServer = true
clientSecretFile = "orders.secret"

[[users]]
email = "ada@example.com"
firstName = "Ada"
role = "support"
passwordEnv = "ADA_PASSWORD"
"#;

/// A file of one role.
const FIRST: &str = "[[roles]]\nname = \"first\"\npermissions = [\"read\"]\n";

struct ServerSetup {
    server: Server,
}

impl ServerSetup {
    fn start() -> Self {
        let server = Server::start();
        std::fs::write(
            server.directory().join("orders.secret"),
            format!("{}\n", "s".repeat(32)),
        )
        .unwrap();
        Self { server }
    }

    fn apply(&self, text: &str, flags: &[&str]) -> Output {
        let file = self.server.directory().join("want.toml");
        std::fs::write(&file, text).unwrap();
        self.run(&file, flags)
    }

    fn run(&self, file: &Path, flags: &[&str]) -> Output {
        command("doorward-server", self.server.directory())
            .env("DOORWARD_DATA_DIR", self.server.data_dir())
            .env("DOORWARD_ARGON2_MEMORY_KIB", "64")
            .env("ADA_PASSWORD", PASSWORD)
            .arg("apply")
            .arg(file)
            .args(flags)
            .output()
            .unwrap()
    }

    async fn events(&self) -> u64 {
        let list = self
            .server
            .admin("GET", "/admin/events?limit=1", None)
            .await;
        list["pagination"]["total"].as_u64().unwrap()
    }
}

/// Applies a file where no server has ever run; answers that directory too.
fn apply_alone(text: &str, flags: &[&str]) -> (TempDir, Output) {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("alone.toml"), text).unwrap();
    let run = command("doorward-server", home.path())
        .args(["apply", "alone.toml"])
        .args(flags)
        .output();
    (home, run.unwrap())
}

#[track_caller]
fn said(output: Output) -> String {
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    out
}

#[track_caller]
fn failed(output: Output) -> String {
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.len()),
        (Some(1), 0),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1, "{err}");
    err
}

async fn named(server: &Server, name: &str) -> Value {
    let list = server.admin("GET", "/admin/clients?limit=100", None).await;
    let found = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|client| client["name"] == name);
    found.cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_file_is_made_true_once_and_the_second_time_nothing_happens() {
    let place = ServerSetup::start();
    let server = &place.server;
    let before = place.events().await;
    let dry = said(place.apply(FILE, &["--dry-run"]));
    assert_eq!(place.events().await, before);
    assert!(named(server, "Shop").await.is_null());
    assert!(
        dry.ends_with("nothing was changed: this was a dry run\n"),
        "{dry}"
    );
    assert!(!dry.contains("clientSecret"), "{dry}");

    let out = said(place.apply(FILE, &[]));
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[..4], dry.lines().collect::<Vec<_>>()[..4]);
    assert_eq!(
        lines[0],
        "+ role support: permissions [admin:users:read read]"
    );
    assert!(
        lines[1].starts_with("+ client Shop: redirectUris [https://shop.example/callback], "),
        "{out}"
    );
    let api = "+ client \"Orders API\": grantTypes [client_credentials], resourceServer true";
    assert_eq!(lines[2], api);
    assert_eq!(
        lines[3],
        "+ user ada@example.com: firstName Ada, role support, emailVerified true"
    );
    let shop = named(server, "Shop").await;
    let (start, rest) = lines[4].split_once(", clientSecret ").unwrap();
    assert_eq!(
        start,
        format!("client Shop: clientId {}", shop["id"].as_str().unwrap())
    );
    let secret = rest.strip_suffix(" (shown once)").unwrap();
    assert_eq!(lines.len(), 5);
    // The secret that is told works, and so does the one of the file.
    let form = [("token", "x")];
    let call = server
        .post("/oauth/introspect")
        .basic(shop["id"].as_str().unwrap(), secret);
    call.form(&form).send().await.expect(200);
    let api = named(server, "Orders API").await;
    assert_eq!(api["resourceServer"], true);
    let basic = server
        .post("/apikey/verify")
        .basic(api["id"].as_str().unwrap(), &"s".repeat(32));
    basic.json(json!({"key": "x"})).send().await.expect(200);
    let ada = server.login("ada@example.com").await;
    let me = server.me(&ada.access).await.json();
    assert_eq!(
        (&me["firstName"], &me["role"]),
        (&json!("Ada"), &json!("support"))
    );

    let before = place.events().await;
    assert_eq!(said(place.apply(FILE, &[])), "nothing to change\n");
    assert_eq!(said(place.apply(FILE, &["--prune"])), "nothing to change\n");
    assert_eq!(place.events().await, before);
}

#[tokio::test]
async fn what_differs_is_changed_and_named() {
    let place = ServerSetup::start();
    said(place.apply(FILE, &[]));
    let file = FILE
        .replace("\"read\", \"admin:users:read\"", "\"read\"")
        .replace("https://shop.example/callback", "https://shop.example/back")
        .replace(
            "firstName = \"Ada\"",
            "firstName = \"Augusta\"\npermissions = [\"write\"]",
        );
    std::fs::write(
        place.server.directory().join("orders.secret"),
        "t".repeat(40),
    )
    .unwrap();
    let before = place.events().await;
    let out = said(place.apply(&file, &[]));
    let wanted = "~ role support: permissions [admin:users:read read] to [read]\n\
                  ~ client Shop: redirectUris [https://shop.example/callback] to [https://shop.example/back]\n\
                  ~ client \"Orders API\": clientSecret\n\
                  ~ user ada@example.com: firstName Ada to Augusta, permissions [] to [write]\n";
    assert_eq!(out, wanted);
    assert_eq!(place.events().await, before + 4);
    assert_eq!(said(place.apply(&file, &[])), "nothing to change\n");
    // A password is that of a new account: hers stays.
    place.server.login("ada@example.com").await;
}

#[tokio::test]
async fn a_file_with_anything_wrong_changes_nothing() {
    let place = ServerSetup::start();
    let before = place.events().await;
    let last = |more: &str| format!("{FILE}\n{more}");
    for (file, named) in [
        (
            last("[[clients]]\nname = \"Bad\"\nredirectUris = [\"/x\"]\n"),
            "clients[2] Bad: redirectUris[0]",
        ),
        (
            last("[[clients]]\nname = \"Bad\"\nredirects = []\n"),
            "clients[2] Bad: redirects",
        ),
        (last("[[clients]]\nredirectUris = []\n"), "name"),
        (
            last("[[clients]]\nname = \"Shop\"\n"),
            "clients[2] Shop: name is named twice",
        ),
        (
            last(
                "[[clients]]\nname = \"W\"\nredirectUris = [\"https://w.example/\"]\nclientSecret = \"short\"\n",
            ),
            "at least 32",
        ),
        (
            last("[[clients]]\nname = \"W\"\nclientSecretFile = \"missing\"\n"),
            "missing",
        ),
        (
            last("[[clients]]\nname = \"W\"\nclientSecretFile = \"/dev/zero\"\n"),
            "clientSecretFile: /dev/zero: it is larger than 64 KiB",
        ),
        (
            last("[[clients]]\nname = \"W\"\nclientSecretFile = \"x\"\nclientSecretEnv = \"Y\"\n"),
            "only one of",
        ),
        (
            last("[[users]]\nemail = \"eve@example.com\"\nrole = \"nobody\"\n"),
            "users[1] eve@example.com: role is not a role",
        ),
        (
            last("[[users]]\nemail = \"eve@example.com\"\npassword = \"password\"\n"),
            "users[1] eve@example.com: password",
        ),
        (
            last("[[users]]\nemail = \"eve@example.com\"\npasswordEnv = \"NOT_SET_HERE\"\n"),
            "NOT_SET_HERE is not set",
        ),
        (
            last("[[roles]]\nname = \"admin\"\npermissions = [\"read\"]\n"),
            "roles[1] admin",
        ),
        (
            last("[[keys]]\nname = \"x\"\n"),
            "want.toml: keys is unknown: a file holds [[roles]], [[clients]] and [[users]]",
        ),
        (
            "[clients]\nname = \"x\"\n".into(),
            "want.toml: clients must be tables: each begins with [[clients]]",
        ),
        (
            "users = [\"ada@example.com\"]\n".into(),
            "want.toml: users must be tables: each begins with [[users]]",
        ),
        (last("[[roles]\n"), "TOML"),
    ] {
        let told = failed(place.apply(&file, &[]));
        assert!(told.contains(named), "{named}: {told}");
        assert!(told.contains("want.toml"), "{told}");
    }
    failed(place.run(Path::new("/nonexistent/x.toml"), &[]));
    assert_eq!(place.events().await, before);
    assert!(named(&place.server, "Shop").await.is_null());
}

#[tokio::test]
async fn prune_deletes_what_apply_made_and_nothing_else() {
    let place = ServerSetup::start();
    let server = &place.server;
    let by_hand = server.client(&["read"]).await;
    let role = json!({"permissions": ["read"]});
    server
        .admin("PUT", "/admin/roles/by-hand", Some(role.clone()))
        .await;
    said(place.apply(FILE, &[]));
    // Made by apply, deleted by hand, and made again by hand.
    said(place.apply(
        &format!("{FILE}\n[[roles]]\nname = \"again\"\npermissions = []\n"),
        &[],
    ));
    server.admin("DELETE", "/admin/roles/again", None).await;
    server.admin("PUT", "/admin/roles/again", Some(role)).await;
    let people = "[[users]]\nemail = \"ada@example.com\"\nrole = \"customer\"\n";
    let kept = said(place.apply(people, &[]));
    assert_eq!(kept, "~ user ada@example.com: role support to customer\n");
    assert!(named(server, "Shop").await.is_object());

    let dry = said(place.apply("", &["--prune", "--dry-run"]));
    let mut lines: Vec<_> = dry.lines().collect();
    assert_eq!(lines.pop(), Some("nothing was changed: this was a dry run"));
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["- client \"Orders API\"", "- client Shop", "- role support"]
    );
    said(place.apply("", &["--prune"]));
    assert!(named(server, "Shop").await.is_null());
    let list = server.admin("GET", "/admin/clients", None).await;
    assert_eq!(list["data"][0]["id"], by_hand.id);
    let roles = server.admin("GET", "/admin/roles?sort=name", None).await;
    let names: Vec<_> = roles["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["admin", "again", "by-hand", "customer"]);
    server.login("ada@example.com").await;
    assert_eq!(said(place.apply("", &["--prune"])), "nothing to change\n");
}

#[tokio::test]
async fn it_works_on_a_stopped_servers_directory_and_before_the_first_start() {
    let mut place = ServerSetup::start();
    place.server.stop();
    let out = said(place.apply(FILE, &[]));
    assert_eq!(out.lines().count(), 5, "{out}");
    assert_eq!(said(place.apply(FILE, &[])), "nothing to change\n");
    failed(place.apply("[[users]]\nemail = \"x\"\n", &[]));
    place.server.start_again();
    assert!(named(&place.server, "Shop").await.is_object());
    place.server.login("ada@example.com").await;
    let events = place
        .server
        .admin("GET", "/admin/events?action=client.created", None)
        .await;
    assert_eq!(events["data"][0]["actor"], "system");

    let (home, run) = apply_alone(FIRST, &[]);
    assert_eq!(said(run), "+ role first: permissions [read]\n");
    assert!(home.path().join("doorward-data/operator.key").exists());
}

#[tokio::test]
async fn a_strangers_client_of_the_same_name_is_left_alone() {
    let mut place = ServerSetup {
        server: Server::with().set("client_registration", "open").start(),
    };
    let body = json!({"client_name": "Shop", "redirect_uris": ["https://evil.example/cb"]});
    let call = place.server.post("/oauth/register").json(body);
    let theirs = call.send().await.expect(201).field("client_id");
    let file = "[[clients]]\nname = \"Shop\"\nredirectUris = [\"https://shop.example/cb\"]\nskipConsent = true\n";
    let out = said(place.apply(file, &[]));
    assert!(out.contains(", skipConsent true\n"), "{out}");
    let path = format!("/admin/clients/{theirs}");
    let theirs = place.server.admin("GET", &path, None).await;
    assert_eq!(theirs["skipConsent"], false);
    assert_eq!(said(place.apply(file, &[])), "nothing to change\n");
    place.server.stop();
}

/// Its maker's secret would do what they may not give.
#[tokio::test]
async fn a_client_that_apply_has_not_made_gains_no_rights_of_an_operator_by_its_name() {
    let place = ServerSetup::start();
    let server = &place.server;
    let lesser = server.key(&["admin:clients", "read"]).await;
    let planted = json!({"name": "Backups", "redirectUris": [], "scopes": ["read"],
        "grantTypes": ["client_credentials"], "confidential": true});
    let call = server.post("/admin/clients").bearer(&lesser).json(planted);
    let planted = call.send().await.expect(201).json();
    let file = |rights: &str| {
        format!(
            "[[clients]]\nname = \"Backups\"\ngrantTypes = [\"client_credentials\"]\n{rights}\n"
        )
    };
    for rights in [
        "scopes = [\"admin:server\"]".to_owned(),
        "scopes = [\"read\"]\nresourceServer = true".to_owned(),
        format!("scopes = [\"read\"]\nresources = [\"{}\"]", server.url()),
    ] {
        let why = failed(place.apply(&file(&rights), &[]));
        assert!(why.contains("clients[0] Backups: name is that of"), "{why}");
        failed(place.apply(&file(&rights), &["--dry-run"]));
    }
    let path = format!("/admin/clients/{}", planted["id"].as_str().unwrap());
    let row = server.admin("GET", &path, None).await;
    assert_eq!(
        (&row["scopes"], &row["resourceServer"]),
        (&json!(["read"]), &json!(false))
    );
    // What makes nobody an operator is done, what an operator has given by its id stays, and what apply has made gains.
    said(place.apply(&file("scopes = [\"read\", \"write\"]"), &[]));
    let given = json!({"scopes": ["admin:server"]});
    server.admin("PATCH", &path, Some(given)).await;
    said(place.apply(&file("scopes = [\"admin:server:read\"]"), &[]));
    server.admin("DELETE", &path, None).await;
    said(place.apply(&file("scopes = [\"read\"]"), &[]));
    said(place.apply(&file("scopes = [\"admin:server\"]"), &[]));
}

#[tokio::test]
async fn whoever_signed_up_with_an_address_gains_nothing_that_is_meant_for_its_holder() {
    let place = ServerSetup::start();
    let eve = place.server.register("ops@example.com").await;
    let of_file = "[[users]]\nemail = \"ops@example.com\"\n";
    for more in [
        "role = \"admin\"\n",
        "permissions = [\"admin:users\"]\n",
        "groups = [\"staff\"]\n",
    ] {
        let file = format!("{of_file}{more}");
        let why = failed(place.apply(&file, &[]));
        assert!(
            why.contains("users[0] ops@example.com: email belongs to"),
            "{why}"
        );
        failed(place.apply(&file, &["--dry-run"]));
    }
    let path = format!("/admin/users/{}", eve.id);
    let user = place.server.admin("GET", &path, None).await;
    assert_eq!(
        (&user["role"], &user["groups"]),
        (&json!("customer"), &json!([]))
    );
    // What gives nothing is done, and what is vouched for.
    said(place.apply(&format!("{of_file}firstName = \"Olga\"\n"), &[]));
    let vouched = format!("{of_file}groups = [\"staff\"]\nemailVerified = true\n");
    said(place.apply(&vouched, &[]));
    said(place.apply(&format!("{of_file}role = \"admin\"\n"), &[]));
}

#[tokio::test]
async fn somebody_may_be_made_disabled_and_is_enabled_by_the_file() {
    let place = ServerSetup::start();
    let file = "[[users]]\nemail = \"eve@example.com\"\ngroups = [\"staff\"]\ndisabled = true\n";
    said(place.apply(file, &[]));
    let list = place.server.admin("GET", "/admin/users?q=eve", None).await;
    let eve = &list["data"][0];
    assert_eq!(
        (&eve["disabled"], &eve["groups"]),
        (&json!(true), &json!(["staff"]))
    );
    let out = said(place.apply(&file.replace("true", "false"), &[]));
    assert_eq!(out, "~ user eve@example.com: disabled true to false\n");
}

/// The address of an abstract name.
fn abstract_address(name: &str) -> SocketAddr {
    SocketAddr::from_abstract_name(name).unwrap()
}

#[tokio::test]
async fn nobody_is_served_or_asked_who_cannot_read_the_master_key() {
    let place = ServerSetup::start();
    let file = place.server.data_dir().join("control.name");
    let address = abstract_address(&std::fs::read_to_string(&file).unwrap());
    let connect = || {
        let stream = UnixStream::connect_addr(&address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    };
    let mut nonce = [0; 32];
    let mut stranger = connect();
    stranger.read_exact(&mut nonce).unwrap();
    stranger.write_all(&[0; 64]).unwrap();
    stranger.write_all(b"{}").ok();
    let mut answer = Vec::new();
    // Closed, with or without a reset.
    let _ = stranger.read_to_end(&mut answer);
    assert_eq!(answer, b"");
    assert_eq!(said(place.apply("", &[])), "nothing to change\n");

    // A program that has the name is told nothing.
    let squatter = UnixListener::bind_addr(&abstract_address("doorward-not-the-server")).unwrap();
    let told = std::thread::spawn(move || {
        let (mut stream, _) = squatter.accept().unwrap();
        stream.write_all(&[7; 32]).unwrap();
        let mut answer = [0; 64];
        stream.read_exact(&mut answer).unwrap();
        stream.write_all(&answer[32..]).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        rest
    });
    std::fs::write(&file, "doorward-not-the-server").unwrap();
    let why = failed(place.apply(FIRST, &[]));
    assert!(why.contains("another program"), "{why}");
    assert_eq!(told.join().unwrap(), b"");
}

#[tokio::test]
async fn nobody_keeps_files_from_being_applied_by_taking_the_sockets_name_first() {
    let mut place = ServerSetup::start();
    let file = place.server.data_dir().join("control.name");
    let before = std::fs::read_to_string(&file).unwrap();
    place.server.kill();
    let found = std::fs::metadata(place.server.data_dir()).unwrap();
    let guessed = (0..4).map(|at| format!("doorward-{:x}-{:x}-{at}", found.dev(), found.ino()));
    let _taken: Vec<_> = guessed
        .chain([before.clone()])
        .map(|name| UnixListener::bind_addr(&abstract_address(&name)).unwrap())
        .collect();
    place.server.start_again();
    assert_eq!(
        said(place.apply(FIRST, &[])),
        "+ role first: permissions [read]\n"
    );
    assert_ne!(std::fs::read_to_string(&file).unwrap(), before);
    place.server.stop();
    assert!(!file.exists());
}

#[tokio::test]
async fn a_dry_run_on_a_stopped_server_makes_nothing() {
    let mut place = ServerSetup::start();
    place.server.stop();
    let stamp = |name: &str| {
        let found = std::fs::metadata(place.server.data_dir().join(name)).unwrap();
        (found.len(), found.modified().unwrap(), found.ino())
    };
    let names = ["doorward.db", "master.key", "operator.key"];
    let before = names.map(stamp);
    let dry = said(place.apply(FILE, &["--dry-run"]));
    assert!(dry.contains("+ user ada@example.com"), "{dry}");
    assert_eq!(names.map(stamp), before);
    let (home, run) = apply_alone(FIRST, &["--dry-run"]);
    assert!(said(run).starts_with("+ role first"));
    assert!(!home.path().join("doorward-data").exists());
}

#[test]
fn a_broken_line_is_not_shown() {
    let text = "[[clients]]\nname = \"x\"\nclientSecret = \"hush-hush\n";
    let (_home, run) = apply_alone(text, &[]);
    let told = failed(run);
    assert!(told.contains("line 3") && !told.contains("hush"), "{told}");
}

#[test]
fn a_dry_run_that_is_interrupted_leaves_no_copy_of_the_keys() {
    let mut server = Server::start();
    server.stop();
    let home = server.directory().to_owned();
    let place = home.join("tmp");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(home.join("first.toml"), FIRST).unwrap();
    let mut run = command("doorward-server", &home)
        .args(["apply", "first.toml", "--dry-run", "--data-dir"])
        .arg(server.data_dir())
        .env("TMPDIR", &place)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let copies = || std::fs::read_dir(&place).unwrap().count();
    let begun = std::time::Instant::now();
    while copies() == 0 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(copies(), 1);
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    run.wait().unwrap();
    assert_eq!(copies(), 0);
}
