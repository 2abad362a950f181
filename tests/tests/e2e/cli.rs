//! Command line tests: every subcommand of `doorward` against a real server, as a script uses it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    process::Stdio,
    time::Duration,
};

use doorward_tests::{PASSWORD, ProgramOutput, Server, command, doorward, end, eventually, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Runs it with `-o json`; answers what it printed, which is JSON and nothing else.
fn json_of(server: &Server, args: &[&str]) -> Value {
    let done = doorward(server, &[args, &["-o", "json"]].concat());
    let printed = done.done();
    assert_eq!(done.stderr, "", "{args:?}");
    serde_json::from_str(printed).unwrap_or_else(|error| panic!("{args:?}: {error}: {printed}"))
}

fn table_of(server: &Server, args: &[&str]) -> String {
    let done = doorward(server, args);
    assert_eq!(done.stderr, "", "{args:?}");
    done.done().to_owned()
}

/// Rows of a list, as JSON; the same list as a table has as many lines, and a head.
fn rows(server: &Server, args: &[&str]) -> Vec<Value> {
    let list = json_of(server, args);
    assert_eq!(
        list.as_object().map(serde_json::Map::len),
        Some(1),
        "{list}"
    );
    let rows = list["data"].as_array().expect("a list").clone();
    let table = table_of(server, args);
    assert_eq!(table.lines().count(), rows.len() + 1, "{args:?}: {table}");
    rows
}

fn text(value: &Value, name: &str) -> String {
    let text = value[name].as_str();
    text.unwrap_or_else(|| panic!("no {name} in {value}"))
        .to_owned()
}

/// Runs it with something on standard input.
fn fed(server: &Server, args: &[&str], input: &str) -> ProgramOutput {
    let mut child = command("doorward", server.directory())
        .args(args)
        .env("DOORWARD_URL", server.url())
        .env("DOORWARD_KEY", server.operator_key())
        .env("XDG_CONFIG_HOME", server.directory())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has ended by now reads nothing, which is as good.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    ProgramOutput {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test]
async fn status_says_who_calls_and_how_the_server_is() {
    let server = Server::start();
    let status = json_of(&server, &["status"]);
    assert_eq!(status["server"], server.url());
    assert_eq!(status["ready"], true);
    assert_eq!(status["kind"], "apikey");
    assert!(status["uptimeSeconds"].is_u64() && status["version"].is_string());
    assert!(table_of(&server, &["status"]).contains(server.url()));
    // Whoever may not see the server still has a status.
    let key = server.key(&["read"]).await;
    let env = [
        ("DOORWARD_URL", server.url()),
        ("DOORWARD_KEY", &key),
        ("HOME", "/nonexistent"),
    ];
    run("doorward", server.directory(), &["status"], &env).done();
    assert!(json_of(&server, &["stats"])["now"]["users"].is_u64());
    assert!(table_of(&server, &["stats"]).contains("activeSessions"));
}

#[tokio::test]
async fn users_live_a_whole_life() {
    let server = Server::start();
    let made = json_of(
        &server,
        &[
            "users",
            "create",
            "--email",
            "ada@example.com",
            "--first-name",
            "Ada",
        ],
    );
    let id = text(&made, "id");
    let set = fed(
        &server,
        &["users", "password", &id, "--yes"],
        &format!("{PASSWORD}\n"),
    );
    set.done();
    let ada = server.login("ada@example.com").await;
    assert_eq!(rows(&server, &["users", "list"]).len(), 1);
    assert_eq!(rows(&server, &["users", "list", "--q", "nobody"]).len(), 0);
    for who in [&id[..], "ada@example.com", "ADA@example.com"] {
        assert_eq!(
            json_of(&server, &["users", "get", who])["email"],
            "ada@example.com"
        );
    }
    let changed = [
        "users",
        "update",
        "ada@example.com",
        "--last-name",
        "Lovelace",
        "--permission",
        "read:reports",
    ];
    let changed = json_of(&server, &changed);
    assert_eq!(
        (&changed["lastName"], &changed["firstName"]),
        (&json!("Lovelace"), &json!("Ada"))
    );
    let ended = json_of(&server, &["users", "end-sessions", &id, "--yes"]);
    assert_eq!(ended["revoked"], 1);
    let me = server.me(&ada.access).await;
    me.refused(401, "token_revoked");
    assert_eq!(
        json_of(&server, &["users", "disable", &id, "--yes"])["disabled"],
        true
    );
    assert_eq!(
        rows(&server, &["users", "list", "--disabled", "true"]).len(),
        1
    );
    assert_eq!(
        json_of(&server, &["users", "enable", &id])["disabled"],
        false
    );
    server.login("ada@example.com").await;
    let deleted = json_of(&server, &["users", "delete", "ada@example.com", "--yes"]);
    assert_eq!(deleted, json!({"id": id, "done": "deleted"}));
    assert_eq!(rows(&server, &["users", "list"]).len(), 0);
    let created = [
        "users",
        "create",
        "--email",
        "bob@example.com",
        "--password-stdin",
        "--role",
        "admin",
    ];
    fed(&server, &created, PASSWORD).done();
    server.login("bob@example.com").await;
}

#[tokio::test]
async fn sessions_are_listed_and_revoked_as_they_were_shown() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    server.login("bob@example.com").await;
    assert_eq!(rows(&server, &["sessions", "list"]).len(), 3);
    let hers = rows(
        &server,
        &[
            "sessions",
            "list",
            "--user",
            "ada@example.com",
            "--active",
            "true",
        ],
    );
    let id = text(&hers[0], "id");
    assert_eq!(
        json_of(&server, &["sessions", "get", &id])["userId"],
        ada.id.as_str()
    );
    assert_eq!(
        rows(&server, &["sessions", "list", "--ip", "127.0.0.0/8"]).len(),
        3
    );
    assert_eq!(
        rows(&server, &["sessions", "list", "--ip", "10.0.0.0/8"]).len(),
        0
    );

    let shown = json_of(
        &server,
        &[
            "sessions",
            "revoke",
            "--user",
            "bob@example.com",
            "--dry-run",
        ],
    );
    assert_eq!(
        (&shown["count"], &shown["revoked"]),
        (&json!(2), &json!(0)),
        "{shown}"
    );
    server.me(&bob.access).await.expect(200);
    let done = json_of(
        &server,
        &[
            "sessions",
            "revoke",
            "--user",
            "bob@example.com",
            "--yes",
            "--reason",
            "lost laptop",
        ],
    );
    assert_eq!(done["revoked"], 2);
    server.me(&bob.access).await.refused(401, "token_revoked");
    server.me(&ada.access).await.expect(200);
    let missing = "ses_01arz3ndektsv4rrffq69g5fav";
    doorward(&server, &["sessions", "revoke", &id, missing, "--yes"]).failed(3);
    json_of(&server, &["sessions", "revoke", &id, "--yes"]);
    server.me(&ada.access).await.refused(401, "token_revoked");
    assert_eq!(
        rows(&server, &["sessions", "list", "--active", "true"]).len(),
        0
    );
    doorward(&server, &["sessions", "revoke", "--yes"]).failed(2);
}

#[tokio::test]
async fn a_list_that_is_cut_says_so() {
    let server = Server::start();
    for number in 0..101 {
        let body = json!({"email": format!("person{number}@example.com")});
        server.admin("POST", "/admin/users", Some(body)).await;
    }
    for format in ["table", "json"] {
        let list =
            |more: &[&str]| doorward(&server, &[&["users", "list", "-o", format], more].concat());
        let cut = list(&[]);
        assert_eq!(cut.stderr.trim(), "100 of 101 shown; --all shows all");
        assert_eq!(
            (cut.code, cut.stdout.matches("@example.com").count()),
            (Some(0), 100)
        );
        for (more, count) in [
            (&["--all"][..], 101),
            (&["--limit", "5"], 5),
            (&["--q", "person7@"], 1),
        ] {
            let whole = list(more);
            assert_eq!(whole.stdout.matches("@example.com").count(), count);
            assert_eq!(whole.stderr, "");
        }
    }
}

#[tokio::test]
async fn api_keys_are_minted_cloned_rotated_and_revoked() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let minted = json_of(
        &server,
        &[
            "apikeys",
            "mint",
            "--name",
            "ci",
            "--scope",
            "read:orders",
            "--scope",
            "write:orders",
            "--owner",
            "ada@example.com",
            "--expires",
            "30d",
        ],
    );
    let (id, key) = (text(&minted, "id"), text(&minted, "key"));
    assert_eq!(minted["ownerId"], ada.id.as_str());
    server.me(&key).await.expect(200);
    assert!(json_of(&server, &["apikeys", "get", &id])["key"].is_null());
    assert_eq!(
        rows(&server, &["apikeys", "list", "--owner", "ada@example.com"]).len(),
        1
    );
    assert_eq!(
        rows(&server, &["apikeys", "list", "--expires-before", "31d"]).len(),
        1
    );
    let shrunk = json_of(
        &server,
        &[
            "apikeys",
            "update",
            &id,
            "--scope",
            "read:orders",
            "--name",
            "reader",
        ],
    );
    assert_eq!(shrunk["name"], "reader");

    let file = server.directory().join("secret");
    let name = file.to_str().unwrap();
    let cloned = json_of(
        &server,
        &[
            "apikeys",
            "clone",
            &id,
            "--name",
            "twin",
            "--secret-file",
            name,
        ],
    );
    let secret = fs::read_to_string(&file).unwrap();
    // Only a new secret of the same key takes a file's place, and nothing is minted whose secret cannot be kept.
    let before = rows(&server, &["apikeys", "list"]).len();
    for file in [name, "/proc/secret", "no/such/place/secret"] {
        let args = ["apikeys", "clone", &id, "--secret-file", file];
        assert!(
            doorward(&server, &args)
                .failed(1)
                .contains("nothing was done")
        );
    }
    assert_eq!(rows(&server, &["apikeys", "list"]).len(), before);
    assert_eq!(fs::read_to_string(&file).unwrap(), secret);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(!cloned.to_string().contains(secret.trim()));
    server.me(secret.trim()).await.expect(200);

    let args = ["apikeys", "rotate", &text(&cloned, "id"), "--yes"];
    let args = [&args[..], &["--secret-file", name]].concat();
    let cloned = json_of(&server, &args);
    let dead = secret;
    let secret = fs::read_to_string(&file).unwrap();
    assert_ne!(secret, dead);

    let rotated = json_of(&server, &["apikeys", "rotate", &id, "--yes"]);
    server.me(&key).await.refused(401, "token_revoked");
    let (id, key) = (text(&rotated, "id"), text(&rotated, "key"));
    server.me(&key).await.expect(200);
    let other = text(&cloned, "id");
    let revoked = json_of(&server, &["apikeys", "revoke", &id, &other, "--yes"]);
    assert_eq!(revoked["data"][1], json!({"id": other, "done": "revoked"}));
    for dead in [&key, secret.trim(), dead.trim()] {
        server.me(dead).await.refused(401, "token_revoked");
    }
    doorward(
        &server,
        &["apikeys", "get", "key_00000000000000000000000000"],
    )
    .failed(3);
    doorward(&server, &["apikeys", "get", "../users"]).failed(3);
}

#[tokio::test]
async fn clients_and_roles_are_managed() {
    let server = Server::start();
    let made = json_of(
        &server,
        &[
            "clients",
            "register",
            "--name",
            "shop",
            "--grant",
            "client_credentials",
            "--scope",
            "read",
        ],
    );
    let (id, secret) = (text(&made, "id"), text(&made, "clientSecret"));
    let token = async |secret: &str| {
        let call = server.post("/oauth/token").basic(&id, secret);
        call.form(&[("grant_type", "client_credentials")])
            .send()
            .await
            .status
    };
    assert_eq!(token(&secret).await, 200);
    assert_eq!(rows(&server, &["clients", "list"]).len(), 1);
    assert!(json_of(&server, &["clients", "get", &id])["clientSecret"].is_null());
    assert_eq!(
        json_of(&server, &["clients", "update", &id, "--name", "store"])["name"],
        "store"
    );
    for (flags, needed) in [
        (&["--require-pkce"][..], true),
        (&["--no-require-pkce"], false),
        (&["--require-pkce", "true"], true),
        (&["--require-pkce", "false"], false),
    ] {
        let changed = json_of(&server, &[&["clients", "update", &id], flags].concat());
        assert_eq!(changed["requirePkce"], needed, "{flags:?}");
    }
    token("wrong").await;
    let table = eventually("the refusal is told", async || {
        let table = table_of(&server, &["events", "list", "--action", "client.refused"]);
        table
            .contains("the client secret is wrong")
            .then_some(table)
    })
    .await;
    assert!(table.contains("CLIENT"), "{table}");
    let new = text(
        &json_of(&server, &["clients", "secret", &id, "--yes"]),
        "clientSecret",
    );
    assert_eq!((token(&secret).await, token(&new).await), (401, 200));
    let file = server.directory().join("client.secret");
    let args = ["clients", "secret", &id, "--yes", "--secret-file"];
    let made = json_of(&server, &[&args[..], &[file.to_str().unwrap()]].concat());
    let new = fs::read_to_string(&file).unwrap().trim().to_owned();
    assert!(!made.to_string().contains(&new));
    assert_eq!(token(&new).await, 200);
    json_of(&server, &["clients", "delete", &id, "--yes"]);
    assert_eq!(token(&new).await, 401);

    let role = json_of(
        &server,
        &[
            "roles",
            "put",
            "support",
            "--permission",
            "admin:users:read",
        ],
    );
    assert_eq!(role["name"], "support");
    assert_eq!(rows(&server, &["roles", "list"]).len(), 3);
    assert_eq!(json_of(&server, &["roles", "get", "support"])["users"], 0);
    json_of(&server, &["roles", "delete", "support", "--yes"]);
    doorward(&server, &["roles", "delete", "admin", "--yes"]).failed(5);
}

#[tokio::test]
async fn signing_keys_rotate_and_the_database_is_backed_up() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    assert_eq!(rows(&server, &["keys", "list"]).len(), 1);
    assert_eq!(
        json_of(&server, &["keys", "rotate", "--yes"])["active"],
        true
    );
    let keys = rows(&server, &["keys", "list"]);
    assert_eq!(keys.len(), 2);
    server.me(&ada.access).await.expect(200);
    // The old one can be revoked, the new one cannot.
    let (new, old) = (text(&keys[0], "id"), text(&keys[1], "id"));
    doorward(&server, &["keys", "revoke", &new, "--yes"]).failed(5);
    json_of(&server, &["keys", "revoke", &old, "--yes"]);
    assert_eq!(rows(&server, &["keys", "list"]).len(), 1);
    server.me(&ada.access).await.refused(401, "invalid_token");
    let made = json_of(&server, &["backup"]);
    assert!(fs::metadata(text(&made, "file")).unwrap().len() > 0);
    let events = rows(&server, &["events", "list", "--action", "server.backed_up"]);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(text(&events[0], "target"), text(&made, "file"));
}

#[tokio::test]
async fn events_are_listed_followed_and_told_as_an_incident() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let listed = rows(&server, &["events", "list", "--action", "user.registered"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(
        rows(&server, &["events", "--user", "ada@example.com"]).len(),
        rows(&server, &["events", "list", "--user", &ada.id]).len()
    );

    // New ones come as they happen, one JSON a line, from where the list ended.
    let mut child = command("doorward", server.directory())
        .args([
            "events",
            "--follow",
            "-o",
            "json",
            "--after",
            &text(&listed[0], "id"),
            "--action",
            "user.registered",
        ])
        .env("DOORWARD_URL", server.url())
        .env("DOORWARD_KEY", server.operator_key())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for name in ["bob", "eve"] {
        let person = server.register(&format!("{name}@example.com")).await;
        let next = std::thread::scope(|scope| scope.spawn(|| lines.next()).join().unwrap());
        let event: Value = serde_json::from_str(&next.unwrap().unwrap()).unwrap();
        assert_eq!(
            (&event["action"], &event["target"]),
            (&json!("user.registered"), &json!(person.id))
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let told = table_of(&server, &["incident", "ada@example.com"]);
    assert!(
        told.starts_with("# Incident: user user_") && told.contains("| user.registered |"),
        "{told}"
    );
    assert!(rows_only(&server, &["incident", "127.0.0.1"]) >= 3);
    let both = json_of(&server, &["incident", "ada@example.com", "127.0.0.0/8"]);
    assert_eq!(both["subjects"].as_array().map(Vec::len), Some(2), "{both}");
    let steps = both["steps"].as_array().unwrap();
    let step = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap();
    assert_eq!(step("disable")["done"], false);
    assert_eq!(step("block")["subject"]["id"], "127.0.0.0/8");
    doorward(
        &server,
        &["users", "require-reset", "ada@example.com", "--yes"],
    )
    .done();
    let after = json_of(&server, &["incident", "ada@example.com"]);
    let steps = after["steps"].as_array().unwrap();
    let reset = steps
        .iter()
        .find(|step| step["step"] == "requireReset")
        .unwrap();
    assert_eq!(reset["done"], true, "{after}");
    assert!(
        reset["at"].is_string() && reset["by"].is_string(),
        "{reset}"
    );
    doorward(&server, &["incident", "nonsense"]).failed(2);
}

fn rows_only(server: &Server, args: &[&str]) -> usize {
    json_of(server, args)["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_destroys_asks_and_without_a_terminal_needs_yes() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let client = server.client(&["read"]).await;
    server
        .admin(
            "PUT",
            "/admin/roles/support",
            Some(json!({"permissions": ["read"]})),
        )
        .await;
    let session = text(&rows(&server, &["sessions", "list"])[0], "id");
    let key_id = text(&key, "id");
    let destructive = [
        &["users", "delete", &ada.id][..],
        &["users", "disable", &ada.id],
        &["users", "end-sessions", &ada.id],
        &["users", "password", &ada.id],
        &["sessions", "revoke", &session],
        &["sessions", "revoke", "--ip", "127.0.0.1"],
        &["apikeys", "revoke", &key_id],
        &["apikeys", "rotate", &key_id],
        &["clients", "delete", &client.id],
        &["clients", "secret", &client.id],
        &["roles", "delete", "support"],
        &["keys", "rotate"],
    ];
    let before = rows_only(&server, &["events", "list"]);
    for args in destructive {
        let refused = doorward(&server, args);
        assert!(refused.failed(2).contains("--yes"), "{refused:?}");
        // Whatever comes in by a pipe is no answer.
        let piped = fed(&server, args, "yes\nyes\n");
        assert_eq!(piped.code, Some(2), "{piped:?}");
    }
    let harmless = [
        &["users", "create", "--email", "eve@example.com"][..],
        &["users", "update", &ada.id, "--first-name", "Eve"],
        &["users", "enable", &ada.id],
        &["apikeys", "mint", "--name", "n", "--scope", "read"],
        &["apikeys", "clone", &key_id],
        &["apikeys", "update", &key_id, "--name", "other"],
        &[
            "clients",
            "register",
            "--name",
            "n",
            "--grant",
            "client_credentials",
        ],
        &["clients", "update", &client.id, "--name", "other"],
        &["roles", "put", "support", "--permission", "write"],
        &["backup"],
    ];
    // A dry run says what would be done, asks nobody, and does nothing.
    for args in destructive.iter().chain(&harmless) {
        let args = [args, &["--dry-run"][..]].concat();
        let said = doorward(&server, &args);
        assert!(said.done().contains("would"), "{said:?}");
        let said = json_of(&server, &args);
        assert!(
            said["would"].is_string() || said["previewId"].is_string(),
            "{said}"
        );
    }
    assert_eq!(
        rows_only(&server, &["events", "list"]),
        before,
        "something has changed"
    );
    server.me(&ada.access).await.expect(200);
    server.me(&text(&key, "key")).await.expect(200);
}

#[tokio::test]
async fn errors_are_on_stderr_with_exit_codes_that_tell_why() {
    let server = Server::start();
    for wrong in [
        &[][..],
        &["frobnicate"],
        &["users", "list", "--nope"],
        &["users", "list", "-o", "xml"],
        &["apikeys", "mint", "--name", "n"],
        &["users", "get", "neither-id-nor-email"],
        &["apikeys", "list", "--expires-before", "tomorrow"],
    ] {
        let refused = doorward(&server, wrong);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(
            refused.stdout.is_empty() && refused.stderr.starts_with("error: "),
            "{refused:?}"
        );
    }
    for failing in [
        &["users", "get", "nobody@example.com"][..],
        &["sessions", "get", "ses_00000000000000000000000000"],
        &["roles", "get", "nothing"],
    ] {
        doorward(&server, failing).failed(3);
    }
    for failing in [
        &["users", "create", "--email", "no address"][..],
        &["users", "list", "--sort", "nonsense:asc"],
        &["--profile", "nowhere", "status"],
    ] {
        doorward(&server, failing).failed(1);
    }
    for fine in [&["--help"][..], &["--version"], &["users", "--help"]] {
        assert!(!doorward(&server, fine).done().is_empty());
    }
    let home = TempDir::new().unwrap();
    let gone = run(
        "doorward",
        home.path(),
        &["status"],
        &[
            ("DOORWARD_URL", "http://127.0.0.1:9"),
            ("DOORWARD_KEY", "x"),
        ],
    );
    assert!(gone.failed(1).contains("127.0.0.1:9"));
    let wrong = [
        ("DOORWARD_URL", server.url()),
        ("DOORWARD_KEY", "sk_live_nonsense"),
    ];
    let wrong = run("doorward", home.path(), &["status"], &wrong);
    assert!(wrong.failed(4).contains("invalid_token"), "{wrong:?}");
}

#[tokio::test]
async fn hostile_names_reach_no_terminal_raw() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let hostile = "Ada\u{1b}]52;c;aGk=\u{7}\u{202e}\u{9b}31m";
    let body = json!({"name": hostile, "scopes": ["read"]});
    let minted = server
        .post("/apikey")
        .bearer(&ada.access)
        .json(body)
        .send()
        .await;
    let body = json!({"firstName": hostile, "lastName": "L\u{200b}\u{2066}x"});
    let patched = server
        .patch("/auth/me")
        .bearer(&ada.access)
        .json(body)
        .send()
        .await;
    let agent = server
        .post("/auth/login")
        .header("user-agent", "Mozilla \u{202e}\u{9b}evil");
    agent
        .json(json!({"email": ada.email, "password": PASSWORD}))
        .send()
        .await
        .expect(200);
    for args in [
        &["users", "list"][..],
        &["users", "get", &ada.id],
        &["apikeys", "list"],
        &["sessions", "list"],
        &["events", "list"],
        &["incident", &ada.id],
        &["stats"],
        &["users", "get", "no\u{1b}[31m\u{202e}body@example.com"],
    ] {
        for format in ["table", "json"] {
            let shown = doorward(&server, &[args, &["-o", format]].concat());
            for text in [&shown.stdout, &shown.stderr] {
                let raw = text.chars().find(|c| {
                    c.is_control() && *c != '\n'
                        || matches!(c, '\u{200b}' | '\u{202e}' | '\u{2066}')
                });
                assert_eq!(raw, None, "{args:?} {format}: {text:?}");
            }
        }
    }
    // What was taken in comes out of JSON as the value it is.
    if patched.status == 200 {
        let got = json_of(&server, &["users", "get", &ada.id]);
        assert_eq!(got["firstName"], patched.json()["firstName"]);
    }
    assert!(matches!(minted.status, 201 | 422), "{}", minted.text());
}

#[tokio::test]
async fn server_and_key_are_found_in_the_order_of_the_contract() {
    let (flagged, named) = (Server::start(), Server::start());
    let home = TempDir::new().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let key_file = |name: &str, key: &str| fs::write(home.path().join(name), key).unwrap();
    key_file("flagged.key", &flagged.operator_key());
    key_file("named.key", &format!("{}\n", named.operator_key()));
    key_file("wrong.key", "sk_live_wrong");
    fs::create_dir(home.path().join("doorward")).unwrap();
    let config = format!(
        "default_profile = \"named\"\n[profiles.named]\nurl = \"{}\"\nkey_file = \"{}\"\n\
         [profiles.flagged]\nurl = \"{}\"\nkey_file = \"{}\"\n",
        named.url(),
        path("named.key"),
        flagged.url(),
        path("flagged.key")
    );
    let config_file = home.path().join("doorward/config.toml");
    fs::write(&config_file, config).unwrap();
    let config_home = home.path().to_str().unwrap();
    let found = |args: &[&str], env: &[(&str, &str)]| {
        let env = [env, &[("XDG_CONFIG_HOME", config_home)]].concat();
        let args = [args, &["status", "-o", "json"]].concat();
        let done = run("doorward", home.path(), &args, &env);
        let status: Value = serde_json::from_str(done.done()).unwrap();
        text(&status, "server")
    };
    let (url, key) = (flagged.url(), flagged.operator_key());
    let (wrong, wrong_file) = ("sk_live_wrong", path("wrong.key"));
    let right_file = path("flagged.key");

    // The default profile, another one, the environment over both, flags over all.
    assert_eq!(found(&[], &[]), named.url());
    assert_eq!(found(&["--profile", "flagged"], &[]), url);
    let by_env = [("DOORWARD_URL", url), ("DOORWARD_KEY", &key[..])];
    assert_eq!(found(&[], &by_env), url);
    assert_eq!(found(&["--profile", "named"], &by_env), url);
    let by_file = [
        ("DOORWARD_URL", url),
        ("DOORWARD_KEY_FILE", &right_file[..]),
    ];
    assert_eq!(found(&[], &by_file), url);
    let both = [
        ("DOORWARD_URL", url),
        ("DOORWARD_KEY", &key),
        ("DOORWARD_KEY_FILE", &wrong_file),
    ];
    assert_eq!(found(&[], &both), url);
    let elsewhere = [("DOORWARD_URL", named.url()), ("DOORWARD_KEY", wrong)];
    assert_eq!(
        found(&["--server", url, "--key-file", &right_file], &elsewhere),
        url
    );
    assert_eq!(
        found(
            &["--key-file", &right_file],
            &[("DOORWARD_URL", url), ("DOORWARD_KEY", wrong)]
        ),
        url
    );

    // A default profile that is not there is said, and no other server is taken for it.
    fs::write(&config_file, "default_profile = \"gone\"\n").unwrap();
    let env = [("XDG_CONFIG_HOME", config_home)];
    assert!(
        run("doorward", home.path(), &["status"], &env)
            .failed(1)
            .contains("gone")
    );
    fs::write(&config_file, "colour = 1\n").unwrap();
    assert!(
        run("doorward", home.path(), &["status"], &env)
            .failed(1)
            .contains("colour")
    );
}

#[tokio::test]
async fn without_anything_it_asks_this_machines_server() {
    let home = TempDir::new().unwrap();
    let config_home = home.path().to_str().unwrap();
    let env = [("XDG_CONFIG_HOME", config_home)];
    let none = run("doorward", home.path(), &["status"], &env);
    assert!(
        none.failed(1).contains("doorward-data/operator.key"),
        "{none:?}"
    );
    let server = Server::start();
    fs::create_dir(home.path().join("doorward-data")).unwrap();
    fs::write(
        home.path().join("doorward-data/operator.key"),
        server.operator_key(),
    )
    .unwrap();
    let local = run(
        "doorward",
        home.path(),
        &["--server", server.url(), "status"],
        &env,
    );
    local.done();
    // This machine's key is not shown to another.
    let foreign = run(
        "doorward",
        home.path(),
        &["--server", "http://192.0.2.1:8000", "status"],
        &env,
    );
    assert!(foreign.failed(1).contains("no key"), "{foreign:?}");
}

#[tokio::test]
async fn profiles_are_kept_and_used() {
    let server = Server::start();
    let home = TempDir::new().unwrap();
    let config_home = home.path().to_str().unwrap();
    let env = [("XDG_CONFIG_HOME", config_home)];
    let mut child = command("doorward", home.path())
        .args([
            "profiles",
            "set",
            "local",
            "--url",
            server.url(),
            "--keep-key",
            "-o",
            "json",
        ])
        .env("XDG_CONFIG_HOME", config_home)
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(server.operator_key().as_bytes()).unwrap();
    drop(input);
    assert_eq!(end(&mut child, Duration::from_secs(10)).code(), Some(0));
    let mut said = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(!said.contains(&server.operator_key()));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["id"], "local");
    for name in ["config.toml", "local.key"] {
        let mode = fs::metadata(home.path().join("doorward").join(name))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
    run("doorward", home.path(), &["status"], &env).done();
    let list = run(
        "doorward",
        home.path(),
        &["profiles", "list", "-o", "json"],
        &env,
    );
    let list: Value = serde_json::from_str(list.done()).unwrap();
    assert_eq!(list["data"][0]["name"], "local");
    assert_eq!(list["data"][0]["default"], true);
    run(
        "doorward",
        home.path(),
        &["profiles", "set", "../x", "--url", "http://x"],
        &env,
    )
    .failed(1);
}

#[test]
fn completions_and_man_pages_need_no_server() {
    let home = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let done = run("doorward", home.path(), &["completions", shell], &[]);
        assert!(done.done().contains("apikeys"), "{shell}");
    }
    run("doorward", home.path(), &["man", "pages"], &[]).done();
    let pages = fs::read_dir(home.path().join("pages")).unwrap().count();
    assert!(pages > 20, "{pages}");
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_error() {
    let server = Server::start();
    for number in 0..30 {
        server.register(&format!("user{number}@example.com")).await;
    }
    let mut child = command("doorward", server.directory())
        .args(["users", "list", "-o", "json", "--all"])
        .env("DOORWARD_URL", server.url())
        .env("DOORWARD_KEY", server.operator_key())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(end(&mut child, Duration::from_secs(10)).code(), Some(0));
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(said, "");
}

#[tokio::test]
async fn networks_are_blocked_listed_and_let_in_again() {
    let server = Server::start();
    let add = [
        "blocks",
        "add",
        "203.0.113.7/24",
        "--reason",
        "a flood",
        "--until",
        "7d",
    ];
    let asked = doorward(&server, &[&add[..], &["--dry-run"]].concat());
    assert!(
        asked.stdout.contains("block 203.0.113.7/24"),
        "{}",
        asked.stdout
    );
    let made = json_of(&server, &[&add[..], &["--yes"]].concat());
    assert_eq!(
        (&made["network"], &made["reason"]),
        (&json!("203.0.113.0/24"), &json!("a flood"))
    );
    let list = json_of(&server, &["blocks", "list"]);
    assert_eq!(list["data"], json!([made]));
    assert!(table_of(&server, &["blocks", "list", "--q", "flood"]).contains("203.0.113.0/24"));
    let again = doorward(&server, &[&add[..], &["--yes"]].concat());
    assert_eq!(again.code, Some(5), "{}", again.stderr);
    let id = made["id"].as_str().unwrap();
    let lifted = json_of(&server, &["blocks", "remove", id, "--yes"]);
    assert_eq!(lifted, json!({"id": id, "done": "lifted"}));
    assert_eq!(json_of(&server, &["blocks", "list"])["data"], json!([]));
}

#[tokio::test]
async fn stats_tell_minutes_and_hours() {
    let server = Server::start();
    let table = table_of(&server, &["stats", "--by", "hour", "--since", "7d"]);
    assert!(
        table.contains("REFUSALS") && table.contains("P95 MS"),
        "{table}"
    );
    let stats = json_of(&server, &["stats", "--by", "hour"]);
    let time = stats["series"][0]["time"].as_str().unwrap();
    assert!(time.ends_with(":00:00.000Z"), "{time}");
}

#[test]
fn what_is_in_the_way_of_one_of_several_keeps_none_of_the_others() {
    let server = Server::start();
    for name in ["support", "audit"] {
        json_of(&server, &["roles", "put", name, "--permission", "read"]);
    }
    let several = ["roles", "delete", "audit", "admin", "support", "--yes"];
    let done = doorward(&server, &several);
    assert_eq!(done.code, Some(5), "{done:?}");
    assert_eq!(done.stdout, "audit is deleted\nsupport is deleted\n");
    assert!(done.stderr.contains("admin is built in"), "{done:?}");
    let left = json_of(&server, &["roles", "list"]);
    let names = left["data"].as_array().unwrap().iter();
    let names: Vec<_> = names.filter_map(|role| role["name"].as_str()).collect();
    assert!(
        !names.contains(&"support") && names.contains(&"admin"),
        "{names:?}"
    );
}
