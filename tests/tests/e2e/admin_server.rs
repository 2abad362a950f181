//! `/admin/server`, `/admin/stats`, `/admin/keys` and `/admin/whoami`.

use doorward_tests::{Server, eventually, fields, is_time, recount};
use serde_json::{Value, json};

#[tokio::test]
async fn the_server_tells_what_it_is() {
    let server = Server::with().set("access_token_seconds", 77).start();
    let told = server.admin("GET", "/admin/server", None).await;
    assert_eq!(
        fields(&told),
        "issuer settings setup startedAt storage uptimeSeconds version"
    );
    assert_eq!(told["issuer"], server.url());
    assert!(is_time(&told["startedAt"]) && told["uptimeSeconds"].as_u64() < Some(60));
    assert_eq!(
        fields(&told["storage"]),
        "databaseBytes schemaVersion walBytes"
    );
    assert!(told["storage"]["databaseBytes"].as_u64() > Some(0));
    assert_eq!(told["settings"]["access_token_seconds"], "77");
    assert!(!told.to_string().contains(&server.operator_key()));
}

#[tokio::test]
async fn a_backup_is_a_database_of_its_own() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let made = server.admin("POST", "/admin/server/backup", None).await;
    let file = made["file"].as_str().unwrap();
    let bytes = std::fs::read(file).unwrap();
    assert_eq!(bytes.len() as u64, made["bytes"].as_u64().unwrap());
    assert!(bytes.starts_with(b"SQLite format 3\0"));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn a_backup_tells_how_far_it_is_and_ends_though_its_caller_is_gone() {
    let server = Server::start();
    {
        let path = server.data_dir().join("doorward.db");
        let mut database = rusqlite::Connection::open(path).unwrap();
        let unit = database.transaction().unwrap();
        let sql = "INSERT INTO events (id, time, actor, action, detail) VALUES (?1, 0, 'user:x', 'test.noise', ?2)";
        let mut insert = unit.prepare(sql).unwrap();
        for number in 0..4_000_u128 {
            let row = rusqlite::params![number.to_be_bytes(), "x".repeat(2000)];
            insert.execute(row).unwrap();
        }
        drop(insert);
        recount(&unit);
        unit.commit().unwrap();
    }
    let operator = server.operator_key();
    let call = server.post("/admin/server/backup").bearer(&operator);
    let told = async || server.admin("GET", "/admin/server", None).await;
    let making = tokio::spawn(async move { call.send().await });
    let backup = eventually("a backup is being made", async || {
        let backup = told().await["backup"].clone();
        (backup["ofBytes"].as_u64() > Some(0)).then_some(backup)
    })
    .await;
    assert_eq!(fields(&backup), "bytes ofBytes phase startedAt");
    assert!(backup["bytes"].as_u64() <= backup["ofBytes"].as_u64());
    assert!(["copying", "checking"].contains(&backup["phase"].as_str().unwrap()));
    // Its connection closes with it.
    making.abort();
    eventually("the backup stands in the log", async || {
        let told = told().await;
        (told["backup"].is_null() && told["setup"]["backedUpAt"].is_string()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn stats_count_what_there_is_and_what_happened() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    server.login("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": "not my password"});
    server
        .post("/auth/login")
        .json(body)
        .send()
        .await
        .refused(401, "invalid_credentials");
    server.key_of(&ada, &["read"]).await;
    server.client(&["read"]).await;
    let path = format!("/admin/users/{}", bob.id);
    server
        .admin("PATCH", &path, Some(json!({"disabled": true})))
        .await;
    let stats = server.admin("GET", "/admin/stats", None).await;
    let names =
        "failingAccounts failingAddresses failingNetworks failures keysExpiring now series time";
    assert_eq!(fields(&stats), names);
    let now = &stats["now"];
    assert_eq!(
        (&now["users"], &now["disabledUsers"]),
        (&json!(2), &json!(1))
    );
    // The operator's own key is one of them.
    assert_eq!(
        (&now["activeSessions"], &now["apiKeys"], &now["clients"]),
        (&json!(2), &json!(2), &json!(1))
    );
    let minutes = stats["series"].as_array().unwrap();
    let names =
        "activeSessions failures logins p50Ms p95Ms refusals registrations requests time tokens";
    assert_eq!(fields(minutes.last().unwrap()), names);
    let sum = |name: &str| {
        minutes
            .iter()
            .filter_map(|minute| minute[name].as_u64())
            .sum::<u64>()
    };
    assert_eq!(
        (sum("registrations"), sum("logins"), sum("failures")),
        (2, 1, 1)
    );
    assert_eq!(sum("tokens"), 3);
    assert!(sum("requests") >= 7);
    let network = &stats["failingNetworks"][0];
    assert_eq!(network["network"], "127.0.0.0/24");
    assert_eq!(
        (&network["failures"], &network["addresses"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn hours_of_90_days_and_minutes_of_a_day_are_told_and_survive_a_restart() {
    let mut server = Server::start();
    server.register("ada@example.com").await;
    server.login("ada@example.com").await;
    let sums = async |server: &Server, query: &str| {
        let path = format!("/admin/stats{query}");
        let stats = server.admin("GET", &path, None).await;
        let rows = stats["series"].as_array().unwrap().clone();
        let sum = |name: &str| {
            rows.iter()
                .filter_map(|row| row[name].as_u64())
                .sum::<u64>()
        };
        (sum("registrations"), sum("logins"), sum("tokens"))
    };
    for query in [
        "",
        "?by=minute",
        "?by=hour",
        "?by=hour&since=2020-01-01T00:00:00Z",
    ] {
        assert_eq!(sums(&server, query).await, (1, 1, 2), "{query}");
    }
    server.stop();
    server.start_again();
    for query in ["?by=minute", "?by=hour"] {
        assert_eq!(
            sums(&server, query).await,
            (1, 1, 2),
            "{query} after a restart"
        );
    }
    let hours = server.admin("GET", "/admin/stats?by=hour", None).await;
    let time = hours["series"].as_array().unwrap().last().unwrap()["time"]
        .as_str()
        .unwrap();
    assert!(time.ends_with(":00:00.000Z"), "{time}");
    let later = "?by=minute&since=2999-01-01T00:00:00Z";
    let stats = server
        .admin("GET", &format!("/admin/stats{later}"), None)
        .await;
    assert_eq!(
        stats["series"].as_array().unwrap().len(),
        1,
        "the running minute"
    );
    for (query, field) in [
        ("?by=day", "by"),
        ("?by=", "by"),
        ("?since=now", "since"),
        ("?days=3", "days"),
    ] {
        let asked = server.get(&format!("/admin/stats{query}"));
        let answer = asked.bearer(&server.operator_key()).send().await;
        answer.refused_at(400, "invalid_request", field);
    }
}

#[tokio::test]
async fn what_is_done_of_setting_up_is_told() {
    let server = Server::start();
    let setup = async || server.admin("GET", "/admin/server", None).await["setup"].clone();
    let nothing = json!({
        "issuerSet": false, "administrator": false, "backedUpAt": null,
        "untrustedProxy": false, "mailSent": false, "clientConnected": false,
        "forwardedBy": [],
    });
    assert_eq!(setup().await, nothing);
    server
        .admin("POST", "/admin/server/backup", Some(json!({})))
        .await;
    let body = json!({"email": "root@example.com", "password": "a long enough password 1", "role": "admin"});
    server.admin("POST", "/admin/users", Some(body)).await;
    let forwarded = server
        .get("/health/live")
        .header("X-Forwarded-For", "192.0.2.1");
    forwarded.send().await.expect(200);
    let now = setup().await;
    assert!(now["backedUpAt"].is_string(), "{now}");
    assert_eq!(
        (&now["administrator"], &now["untrustedProxy"]),
        (&json!(true), &json!(true))
    );
    let forwarders = json!([{"ip": "127.0.0.1", "times": 1}]);
    assert_eq!(now["forwardedBy"], forwarders);
}

#[tokio::test]
async fn whoami_tells_each_kind_of_caller() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let client = server.client(&["read"]).await;
    let token = server.client_token(&client).await;
    let whoami = async |token: &str| {
        let told = server
            .get("/admin/whoami")
            .bearer(token)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(fields(&told), "email id kind scopes sessionId userId");
        told
    };
    let user = whoami(&ada.access).await;
    assert_eq!(
        (&user["kind"], &user["id"], &user["userId"]),
        (&json!("user"), &json!(ada.id), &json!(ada.id))
    );
    assert_eq!(user["email"], "ada@example.com");
    assert!(user["sessionId"].is_string());
    let by_key = whoami(key["key"].as_str().unwrap()).await;
    assert_eq!(
        (&by_key["kind"], &by_key["id"], &by_key["userId"]),
        (&json!("apikey"), &key["id"], &json!(ada.id))
    );
    let by_client = whoami(&token).await;
    assert_eq!(
        (&by_client["kind"], &by_client["id"], &by_client["userId"]),
        (&json!("client"), &json!(client.id), &Value::Null)
    );
}

#[tokio::test]
async fn signing_keys_are_listed_without_their_secret() {
    let server = Server::start();
    let rotated = server.admin("POST", "/admin/keys/rotate", None).await;
    assert_eq!(fields(&rotated), "active algorithm createdAt id retiresAt");
    let list = server.admin("GET", "/admin/keys", None).await;
    let rows = list["data"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0], rotated, "newest first");
    assert_eq!(
        (&rows[0]["active"], &rows[0]["retiresAt"]),
        (&json!(true), &Value::Null)
    );
    assert!(rows[1]["active"] == false && is_time(&rows[1]["retiresAt"]));
}
