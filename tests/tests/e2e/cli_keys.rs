//! `doorward apikeys` with limits: minted, changed, asked about, and its use shown.

use std::fs;

use doorward_tests::{Server, command, doorward, finish};
use serde_json::{Value, json};

fn json_of(server: &Server, args: &[&str]) -> Value {
    let done = doorward(server, &[args, &["-o", "json"]].concat());
    let printed = done.done();
    serde_json::from_str(printed).unwrap_or_else(|error| panic!("{args:?}: {error}: {printed}"))
}

/// Asks about a key on standard input.
fn verify(server: &Server, key: &str, args: &[&str]) -> Value {
    let file = server.directory().join("asked.key");
    fs::write(&file, format!("{key}\n")).unwrap();
    let done = finish(
        command("doorward", server.directory())
            .args(["apikeys", "verify", "-o", "json"])
            .args(args)
            .env("DOORWARD_URL", server.url())
            .env("DOORWARD_KEY", server.operator_key())
            .env("XDG_CONFIG_HOME", server.directory())
            .stdin(fs::File::open(&file).unwrap()),
    );
    serde_json::from_str(done.done()).unwrap()
}

#[test]
fn keys_with_limits_are_minted_changed_and_asked_about() {
    let server = Server::start();
    let args = [
        "apikeys",
        "mint",
        "--name",
        "limited",
        "--scope",
        "read",
        "--rate-limit",
        "2/3600s",
        "--quota",
        "10/month",
        "--allowed-ip",
        "192.0.2.0/24",
        "--metadata",
        r#"{"plan":"pro"}"#,
        "--disabled",
    ];
    let made = json_of(&server, &args);
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let shown = json_of(&server, &["apikeys", "get", id]);
    assert_eq!(
        shown["rateLimit"],
        json!({"limit": 2, "windowSeconds": 3600})
    );
    assert_eq!(shown["quota"], json!({"limit": 10, "period": "month"}));
    assert_eq!(
        (&shown["allowedIps"], &shown["metadata"]),
        (&json!(["192.0.2.0/24"]), &json!({"plan": "pro"}))
    );
    assert_eq!(
        (&shown["enabled"], &shown["state"]),
        (&json!(false), &json!("disabled"))
    );
    let from = ["--ip", "192.0.2.1", "--scope", "read:orders"];
    assert_eq!(verify(&server, key, &from)["code"], "disabled");
    json_of(&server, &["apikeys", "update", id, "--enabled"]);
    assert_eq!(verify(&server, key, &[])["code"], "ip_not_allowed");
    assert_eq!(
        verify(&server, key, &[&from[..], &["--cost", "2"]].concat())["code"],
        "valid"
    );
    assert_eq!(verify(&server, key, &from)["code"], "rate_limited");
    let off = [
        "apikeys",
        "update",
        id,
        "--rate-limit",
        "none",
        "--quota",
        "none",
        "--allowed-ip",
        "none",
        "--metadata",
        "none",
    ];
    let free = json_of(&server, &off);
    assert_eq!(
        (&free["rateLimit"], &free["quota"], &free["metadata"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(verify(&server, key, &[])["code"], "valid");
    let usage = json_of(&server, &["apikeys", "usage", id]);
    let sum = |name: &str| -> u64 {
        usage["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|point| point[name].as_u64().unwrap())
            .sum()
    };
    assert_eq!((sum("valid"), sum("refused")), (2, 3), "{usage}");
    // A copy has the same limits.
    let limited = json_of(
        &server,
        &[
            "apikeys",
            "mint",
            "--name",
            "a",
            "--scope",
            "read",
            "--rate-limit",
            "2/60s",
        ],
    );
    let copy = json_of(
        &server,
        &["apikeys", "clone", limited["id"].as_str().unwrap()],
    );
    let copy = json_of(&server, &["apikeys", "get", copy["id"].as_str().unwrap()]);
    assert_eq!(copy["rateLimit"], json!({"limit": 2, "windowSeconds": 60}));
    for wrong in [
        ["--rate-limit", "2"],
        ["--quota", "2/year"],
        ["--metadata", "[1]"],
    ] {
        let done = doorward(&server, &[&["apikeys", "update", id], &wrong[..]].concat());
        assert_eq!(done.code, Some(2), "{wrong:?}: {}", done.stderr);
    }
}
