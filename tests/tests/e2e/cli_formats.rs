//! The command line's output formats and columns, and watched lists.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use doorward_tests::{Server, command, doorward};
use serde_json::{Value, json};

#[tokio::test]
async fn lists_are_yaml_and_have_the_columns_that_were_asked_for() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let yaml = doorward(&server, &["users", "list", "-o", "yaml"]);
    let printed = yaml.done();
    assert!(
        printed.starts_with("data:\n  - ") && printed.contains("email: ada@example.com\n"),
        "{printed}"
    );
    let one = doorward(&server, &["users", "get", &ada.id, "-o", "yaml"]);
    let id = format!("id: {}\n", ada.id);
    assert!(one.done().contains(&id), "{one:?}");
    let none = doorward(&server, &["clients", "list", "-o", "yaml"]);
    assert_eq!(none.done(), "data: []\n");
    let columns = [
        "users",
        "list",
        "--columns",
        "last-login,email,emailVerified",
    ];
    let csv = doorward(&server, &[&columns[..], &["-o", "csv"]].concat());
    let lines: Vec<_> = csv.done().lines().collect();
    assert_eq!(lines[0], "LAST LOGIN,EMAIL,EMAIL VERIFIED");
    assert!(lines[1].ends_with(",ada@example.com,false"), "{csv:?}");
    let table = doorward(&server, &columns);
    assert!(table.done().starts_with("LAST LOGIN"), "{table:?}");
    doorward(&server, &["users", "list", "--columns", "nothing"]).failed(2);
    doorward(
        &server,
        &["users", "list", "--columns", "email", "-o", "json"],
    )
    .failed(2);
    doorward(&server, &["status", "--columns", "email"]).failed(2);
}

#[tokio::test]
async fn no_name_is_a_formula_whatever_separates_cells() {
    let server = Server::start();
    let body = json!({"email": "ada@example.com", "firstName": "=1+1", "lastName": "x;=cmd()"});
    server.admin("POST", "/admin/users", Some(body)).await;
    let csv = doorward(&server, &["users", "list", "-o", "csv"]);
    let printed = csv.done();
    assert!(printed.contains("\"'=1+1 x;'=cmd()\""), "{printed}");
}

fn watch(server: &Server, args: &[&str]) -> Child {
    command("doorward", server.directory())
        .args(args)
        .env("DOORWARD_URL", server.url())
        .env("DOORWARD_KEY", server.operator_key())
        .env("XDG_CONFIG_HOME", server.directory())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_watched_list_tells_what_came_changed_and_went_and_ends_with_its_reader() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let args = ["watch", "users", "--filter", "example.com", "-o", "jsonl"];
    let mut child = watch(&server, &args);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value {
        let line = lines.next().unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    };
    let told = |line: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&line["change"]), text(&line["item"]["email"]))
    };
    let expect = |change: &str, email: &str| (change.to_owned(), email.to_owned());
    assert_eq!(told(&next()), expect("added", "ada@example.com"));
    let eve = server.register("eve@example.com").await;
    assert_eq!(told(&next()), expect("added", "eve@example.com"));
    let path = format!("/admin/users/{}", eve.id);
    let patch = json!({"disabled": true});
    server.admin("PATCH", &path, Some(patch)).await;
    let line = next();
    assert_eq!(told(&line), expect("changed", "eve@example.com"));
    assert_eq!(line["item"]["disabled"], true);
    server.admin("DELETE", &path, None).await;
    assert_eq!(told(&next()), expect("removed", "eve@example.com"));
    drop(lines);
    assert!(child.wait().unwrap().success(), "nobody reads any more");
}

#[tokio::test]
async fn bash_completes_ids_and_names_and_runs_none_of_them() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let body = json!({"email": "ada$(touch.pwned)@example.com"});
    let call = server.post("/admin/users").bearer(&server.operator_key());
    call.json(body).send().await;
    let key = server.key_of(&ada, &["read"]).await;
    let programs = command("doorward", server.directory());
    let program = std::path::Path::new(programs.get_program());
    let script = "source <(doorward completions bash); COMP_LINE=\"doorward $1 $2 $3\"; COMP_POINT=${#COMP_LINE}; \
                  COMP_WORDS=(doorward \"$1\" \"$2\" \"$3\"); COMP_CWORD=3; \
                  _doorward_with_ids doorward \"$3\" \"$2\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let completed = |words: [&str; 3], key: &str| {
        let path = format!(
            "{}:{}",
            program.parent().unwrap().display(),
            std::env::var("PATH").unwrap_or_default()
        );
        let done = std::process::Command::new("bash")
            .args(["-c", script, "bash"])
            .args(words)
            .current_dir(server.directory())
            .env("PATH", path)
            .env("DOORWARD_URL", server.url())
            .env("DOORWARD_KEY", key)
            .env("XDG_CONFIG_HOME", server.directory())
            .output()
            .unwrap();
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    let operator = server.operator_key();
    assert_eq!(
        completed(["users", "get", "ad"], &operator),
        "ada@example.com"
    );
    // Bash takes what stands behind `@` for a word of its own.
    assert_eq!(
        completed(["users", "get", "ada@ex"], &operator),
        "example.com"
    );
    assert_eq!(
        completed(["sessions", "list", "--"], &operator)
            .lines()
            .next()
            .map(|word| &word[..2]),
        Some("--")
    );
    assert_eq!(completed(["users", "get", "user_"], &operator), ada.id);
    let keys = completed(["apikeys", "revoke", "key_"], &operator);
    assert!(keys.lines().any(|line| key["id"] == line), "{keys}");
    assert_eq!(completed(["users", "get", "ad"], "sk_live_wrong"), "");
    assert!(!server.directory().join("pwned").exists());
}
