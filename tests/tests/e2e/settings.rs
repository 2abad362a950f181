//! Settings: where they come from, which wins, and that a wrong one stops the start with its name.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_tests::{Options, Server, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Every key of the contract, with its default.
const DEFAULTS: [(&str, &str); 22] = [
    ("access_token_seconds", "3600"),
    ("client_token_seconds", "7200"),
    ("refresh_token_seconds", "2592000"),
    ("session_seconds", "7776000"),
    ("refresh_grace_seconds", "2"),
    ("refresh_retry_seconds", "60"),
    ("signing_algorithm", "RS256"),
    ("argon2_memory_kib", "19456"),
    ("argon2_iterations", "2"),
    ("argon2_parallelism", "1"),
    ("password_checks_per_minute_per_ip", "100"),
    ("password_failures_per_account_and_ip", "10"),
    ("password_failures_per_account", "100"),
    ("registrations_per_hour_per_ip", "100"),
    ("sessions_per_account", "100"),
    ("api_keys_per_account", "100"),
    ("writes_per_minute_per_account", "120"),
    ("registration", "open"),
    ("trusted_proxies", "[]"),
    ("api_key_prefix", "sk"),
    ("log_format", "plain"),
    ("data_dir", "doorward-data"),
];

async fn settings_of(server: &Server) -> Value {
    server.admin("GET", "/admin/server", None).await["settings"].clone()
}

async fn lifetime(server: &Server) -> u64 {
    let body = json!({"email": "ada@example.com", "password": "correct horse battery"});
    let reply = server.post("/auth/register").json(body).send().await;
    reply.expect(201).json()["expiresIn"].as_u64().unwrap()
}

#[tokio::test]
async fn every_key_has_its_default() {
    let server = Server::with_defaults().start();
    let settings = settings_of(&server).await;
    for (key, default) in DEFAULTS {
        if key != "data_dir" {
            assert_eq!(settings[key], default, "{key}");
        }
    }
    assert_eq!(lifetime(&server).await, 3600);
}

#[tokio::test]
async fn every_key_is_taken_from_the_environment_and_from_the_file() {
    let values = [
        ("access_token_seconds", "61"),
        ("client_token_seconds", "62"),
        ("refresh_token_seconds", "63"),
        ("session_seconds", "64"),
        ("refresh_grace_seconds", "3"),
        ("refresh_retry_seconds", "4"),
        ("signing_algorithm", "EdDSA"),
        ("argon2_memory_kib", "64"),
        ("argon2_iterations", "1"),
        ("argon2_parallelism", "2"),
        ("password_checks_per_minute_per_ip", "5"),
        ("password_failures_per_account_and_ip", "6"),
        ("password_failures_per_account", "7"),
        ("registrations_per_hour_per_ip", "8"),
        ("sessions_per_account", "9"),
        ("api_keys_per_account", "10"),
        ("writes_per_minute_per_account", "11"),
        ("registration", "closed"),
        ("trusted_proxies", "[\"10.0.0.0/8\"]"),
        ("api_key_prefix", "acme"),
        ("log_format", "json"),
        ("issuer", "https://id.example"),
    ];
    let mut toml = String::from("[default.doorward]\n");
    let mut from_env = Server::with_defaults();
    for (key, value) in values {
        let plain = value.starts_with('[') || value.parse::<u32>().is_ok();
        let quoted = if plain {
            value.to_owned()
        } else {
            format!("\"{value}\"")
        };
        toml.push_str(&format!("{key} = {quoted}\n"));
        from_env = from_env.set(key, value);
    }
    let from_file = Server::with_defaults().rocket_toml(&toml);
    for server in [from_env.start(), from_file.start()] {
        let settings = settings_of(&server).await;
        for (key, value) in values {
            assert_eq!(settings[key], value, "{key}");
        }
    }
}

#[tokio::test]
async fn flags_win_over_the_environment_and_that_over_the_file() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let other = TempDir::new().unwrap();
    let other = other.path().join("flagged");
    let toml = "[default]\nport = 1\naddress = \"127.0.0.9\"\n\
                [default.doorward]\naccess_token_seconds = 60\nclient_token_seconds = 61\nrefresh_grace_seconds = 9\n";
    let server = Server::with()
        .rocket_toml(toml)
        .set("access_token_seconds", 70)
        .env("ROCKET_ADDRESS", "127.0.0.8")
        .arg("--address")
        .arg("127.0.0.1")
        .arg("--port")
        .arg(&port.to_string())
        .arg("--data-dir")
        .arg(other.to_str().unwrap())
        .start();
    assert_eq!(server.url(), format!("http://127.0.0.1:{port}"));
    assert!(other.join("doorward.db").is_file());
    assert!(!server.data_dir().exists(), "the environment's directory");
    let key = std::fs::read_to_string(other.join("operator.key")).unwrap();
    let shown = server.get("/admin/server").bearer(key.trim()).send().await;
    let settings = shown.expect(200).json()["settings"].clone();
    assert_eq!(settings["access_token_seconds"], "70");
    assert_eq!(settings["client_token_seconds"], "61");
    assert_eq!(settings["refresh_grace_seconds"], "9");
}

#[tokio::test]
async fn text_settings_are_taken_as_they_stand() {
    let home = TempDir::new().unwrap();
    for name in ["1234", "true", "[a]", "with space, and comma"] {
        let data = home.path().join(name);
        let server = Server::with().data_dir(&data).start();
        assert!(data.join("doorward.db").is_file(), "{name}");
        drop(server);
    }
    // A relative one that looks like a number.
    let check = run(
        "doorward-server",
        home.path(),
        &["check"],
        &[("DOORWARD_DATA_DIR", "1234")],
    );
    check.done();
    let server = Server::with().env("DOORWARD_SITE_NAME", "2024").start();
    assert_eq!(
        settings_of(&server).await["site_name"].as_str().unwrap(),
        "2024"
    );
}

#[test]
fn unknown_keys_and_bad_values_stop_the_start_with_their_name() {
    const FILE: &str = "[default.doorward]\n";
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let cases: &[Case<'_>] = &[
        (
            &format!("{FILE}acces_token_seconds = 60\n"),
            &[],
            "acces_token_seconds",
        ),
        (
            &format!("{FILE}access_token_seconds = \"soon\"\n"),
            &[],
            "access_token_seconds",
        ),
        (
            &format!("{FILE}access_token_seconds = -1\n"),
            &[],
            "access_token_seconds",
        ),
        (
            &format!("{FILE}access_token_seconds = 0\n"),
            &[],
            "access_token_seconds",
        ),
        (
            &format!("{FILE}registration = \"maybe\"\n"),
            &[],
            "registration",
        ),
        (
            &format!("{FILE}trusted_proxies = [\"10.0.0.0/33\"]\n"),
            &[],
            "trusted_proxies",
        ),
        (&format!("{FILE}issuer = \"id.example\"\n"), &[], "issuer"),
        (
            &format!("{FILE}argon2_iterations = 0\n"),
            &[],
            "argon2_iterations",
        ),
        (
            "[doorward]\nissuer = \"http://id.example\"\n",
            &[],
            "doorward",
        ),
        (
            "[release.doorward]\nacces_token_seconds = 60\n",
            &[],
            "acces_token_seconds",
        ),
        ("[default.shutdown]\ngrase = 1\n", &[], "shutdown.grase"),
        ("", &[("ROCKET_DOORWARD", "{bogus=1}")], "bogus"),
        (
            "",
            &[("ROCKET_DOORWARD", "{access_token_seconds=0}")],
            "access_token_seconds",
        ),
        ("", &[("ROCKET_CONFIG", "nowhere.toml")], "nowhere.toml"),
        ("[default]\nprot = 9000\n", &[], "prot"),
        ("[default]\nport = 70000\n", &[], "port"),
        ("[default]\naddress = \"nowhere\"\n", &[], "address"),
        ("[default\n", &[], "Rocket.toml"),
        (
            "",
            &[("DOORWARD_ACCES_TOKEN_SECONDS", "60")],
            "acces_token_seconds",
        ),
        (
            "",
            &[("DOORWARD_ACCESS_TOKEN_SECONDS", "1h")],
            "access_token_seconds",
        ),
        (
            "",
            &[("DOORWARD_SIGNING_ALGORITHM", "HS256")],
            "signing_algorithm",
        ),
        (
            "",
            &[("DOORWARD_SIGNING_ALGORITHM", "none")],
            "signing_algorithm",
        ),
        (
            "",
            &[("DOORWARD_ARGON2_MEMORY_KIB", "4")],
            "argon2_memory_kib",
        ),
        ("", &[("DOORWARD_LOG_FORMAT", "xml")], "log_format"),
        ("", &[("DOORWARD_API_KEY_PREFIX", "Sk_")], "api_key_prefix"),
        (
            "",
            &[("DOORWARD_REFRESH_GRACE_SECONDS", "-2")],
            "refresh_grace_seconds",
        ),
        (
            "",
            &[("DOORWARD_REFRESH_RETRY_SECONDS", "3601")],
            "refresh_retry_seconds",
        ),
        ("", &[("ROCKET_PORT", "many")], "port"),
        ("", &[("ROCKET_PROT", "9000")], "prot"),
        ("", &[("ROCKET_WORKERS", "0")], "workers"),
    ];
    for (toml, env, key) in cases {
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join("Rocket.toml"), toml).unwrap();
        let start = run("doorward-server", home.path(), &["--data-dir", "data"], env);
        let line = start.failed(1).to_lowercase();
        assert!(line.contains(&key.to_lowercase()), "{toml}{env:?}: {line}");
        assert!(
            !home.path().join("data").exists(),
            "{toml}{env:?} made a directory"
        );
    }
}

#[tokio::test]
async fn what_is_the_consoles_the_server_ignores() {
    let server = Server::with()
        .env("DOORWARD_URL", "nonsense")
        .env("DOORWARD_KEY", "nonsense")
        .env("DOORWARD_KEY_FILE", "/nonexistent")
        .start();
    assert_eq!(lifetime(&server).await, 3600);
}

fn header_of(token: &str) -> Value {
    let head = token.split('.').next().unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap()
}

#[tokio::test]
async fn each_signing_algorithm_works_and_a_change_keeps_old_tokens() {
    let home = TempDir::new().unwrap();
    let data = home.path().join("data");
    let mut old: Vec<String> = Vec::new();
    for (algorithm, kind) in [
        ("RS256", "RSA"),
        ("ES256", "EC"),
        ("EdDSA", "OKP"),
        ("RS256", "RSA"),
    ] {
        let mut server = Server::with()
            .set("signing_algorithm", algorithm)
            .set("issuer", "http://id.example")
            .data_dir(&data)
            .start();
        let email = format!("user{}@example.com", old.len());
        let person = server.register(&email).await;
        let header = header_of(&person.access);
        assert_eq!(
            (&header["alg"], &header["typ"]),
            (&json!(algorithm), &json!("at+jwt"))
        );
        let keys = server
            .get("/.well-known/jwks.json")
            .send()
            .await
            .expect(200)
            .json();
        let key = keys["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|key| key["kid"] == header["kid"]);
        assert_eq!(key.unwrap()["kty"], kind, "{keys}");
        old.push(person.access);
        for token in &old {
            server.me(token).await.expect(200);
        }
        server.stop();
    }
}

#[tokio::test]
async fn the_prefix_of_api_keys_is_a_setting() {
    let server = Server::with().set("api_key_prefix", "acme").start();
    assert!(server.operator_key().starts_with("acme_live_"));
    let key = server.key(&["read"]).await;
    assert!(key.starts_with("acme_live_"), "{key}");
    server
        .get("/admin/whoami")
        .bearer(&key)
        .send()
        .await
        .expect(200);
    let foreign = key.replacen("acme", "sk", 1);
    server
        .get("/admin/whoami")
        .bearer(&foreign)
        .send()
        .await
        .refused(401, "invalid_token");
}

async fn seen_address(server: &Server, forwarded: &str) -> String {
    let body = json!({"email": "ada@example.com", "password": "correct horse battery"});
    let call = server
        .post("/auth/register")
        .header("x-forwarded-for", forwarded);
    let call = call
        .header("x-real-ip", "9.9.9.9")
        .header("forwarded", "for=8.8.8.8");
    call.json(body).send().await.expect(201);
    let sessions = server.admin("GET", "/admin/sessions", None).await;
    sessions["data"][0]["ip"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn forwarding_headers_are_believed_from_named_proxies_only() {
    let nobody = Server::start();
    assert_eq!(seen_address(&nobody, "7.7.7.7").await, "127.0.0.1");
    for named in [
        "[\"127.0.0.0/8\"]",
        "127.0.0.1",
        "10.0.0.0/8, 127.0.0.1/32",
        "[127.0.0.1]",
    ] {
        let server = Server::with().set("trusted_proxies", named).start();
        assert_eq!(seen_address(&server, "7.7.7.7").await, "7.7.7.7", "{named}");
    }
    // What a client put in front of what the proxy saw is not believed.
    let server = Server::with().set("trusted_proxies", "127.0.0.1").start();
    assert_eq!(seen_address(&server, "1.1.1.1, 7.7.7.7").await, "7.7.7.7");
}

#[tokio::test]
async fn registration_can_be_closed() {
    let server = Server::with().set("registration", "closed").start();
    let body = json!({"email": "ada@example.com", "password": "correct horse battery"});
    let reply = server
        .post("/auth/register")
        .json(body.clone())
        .send()
        .await;
    reply.refused(403, "registration_closed");
    server.admin("POST", "/admin/users", Some(body)).await;
    server.login("ada@example.com").await;
}

#[tokio::test]
async fn https_is_rockets_own() {
    let home = TempDir::new().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    std::fs::write(home.path().join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(home.path().join("key.pem"), made.key_pair.serialize_pem()).unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let toml = format!(
        "[default.tls]\ncerts = {:?}\nkey = {:?}\n",
        path("cert.pem"),
        path("key.pem")
    );
    let server = Options::default().rocket_toml(&toml).start();
    let port = server
        .url()
        .strip_prefix("https://127.0.0.1:")
        .expect("https");
    let pem = made.cert.pem();
    let client = reqwest::Client::builder()
        .add_root_certificate(reqwest::Certificate::from_pem(pem.as_bytes()).unwrap())
        .build()
        .unwrap();
    let url = format!("https://localhost:{port}/.well-known/openid-configuration");
    let metadata: Value =
        serde_json::from_str(&client.get(url).send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(metadata["issuer"], server.url());
}
