//! A disk that refuses writes: 503 and nothing done, while whatever only reads goes on, and it clears by itself.
//!
//! Writes fail because the file size limit of the running server is set to nothing, which needs no privilege.
//! `tests/external/faults` fills a small file system instead.

use doorward_tests::{Call, PASSWORD, Server, eventually};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

/// Sets how large a file of the server may grow.
fn limit_files(server: &Server, bytes: Option<u64>) {
    let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw);
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(pid, Resource::Fsize, limit).unwrap();
}

async fn refused(what: &str, call: Call) {
    let reply = call.send().await;
    assert_eq!(reply.status, 503, "{what}: {}", reply.text());
    reply.refused(503, "storage_unavailable");
    let after: u64 = reply.header("retry-after").parse().expect(what);
    assert!(after >= 1, "{what}");
}

#[tokio::test]
async fn a_write_the_disk_refuses_is_503_and_changes_nothing() {
    let server = Server::with()
        .set("password_checks_per_minute_per_ip", 0)
        .start();
    let ada = server.register("ada@example.com").await;
    let cold = server.login("ada@example.com").await;
    let minted = server.key_of(&ada, &["read"]).await;
    let (key_id, key) = (
        minted["id"].as_str().unwrap(),
        minted["key"].as_str().unwrap(),
    );
    let unused = server.key_of(&ada, &["read"]).await;
    let client = server.client(&["read"]).await;
    let key_path = format!("/apikey/{key_id}");
    let user_path = format!("/admin/users/{}", ada.id);
    let operator = server.operator_key();
    server.get("/health/ready").send().await.expect(200);
    let events = server.admin("GET", "/admin/events", None).await["pagination"]["total"].clone();

    limit_files(&server, Some(0));

    let new = json!({"email": "eve@example.com", "password": PASSWORD});
    let known = json!({"email": "ada@example.com", "password": PASSWORD});
    let token = json!({"refreshToken": ada.refresh});
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another horse battery"});
    let mint = json!({"name": "n", "scopes": ["read"]});
    refused("register", server.post("/auth/register").json(new.clone())).await;
    refused("login", server.post("/auth/login").json(known.clone())).await;
    refused("refresh", server.post("/auth/refresh").json(token.clone())).await;
    refused("logout", server.post("/auth/logout").bearer(&ada.access)).await;
    let profile = server.patch("/auth/me").bearer(&ada.access);
    refused("profile", profile.json(json!({"firstName": "Eve"}))).await;
    refused(
        "password",
        server
            .post("/auth/password")
            .bearer(&ada.access)
            .json(change),
    )
    .await;
    refused(
        "mint",
        server.post("/apikey").bearer(&ada.access).json(mint),
    )
    .await;
    refused("revoke", server.delete(&key_path).bearer(&ada.access)).await;
    refused("delete", server.delete(&user_path).bearer(&operator)).await;
    let disable = server.patch(&user_path).bearer(&operator);
    refused("disable", disable.json(json!({"disabled": true}))).await;
    refused(
        "rotate",
        server.post("/admin/keys/rotate").bearer(&operator),
    )
    .await;

    // What only reads goes on, also with what is not in memory yet.
    for token in [
        &ada.access,
        &cold.access,
        key,
        unused["key"].as_str().unwrap(),
    ] {
        let me = server.me(token).await.expect(200);
        assert_eq!(me.json()["firstName"], json!(null));
    }
    server
        .get("/apikey")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    server
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200);
    server.get("/health/live").send().await.expect(200);
    server.get("/metrics").send().await.expect(200);
    let wrong = json!({"email": "ada@example.com", "password": "not her password"});
    server
        .post("/auth/login")
        .json(wrong)
        .send()
        .await
        .refused(401, "invalid_credentials");
    let ready = server.get("/health/ready").send().await;
    ready.refused(503, "storage_unavailable");
    // It stays so, whatever happens that has nothing to write.
    server.me(&ada.access).await.expect(200);
    let ready = server.get("/health/ready").send().await;
    ready.refused(503, "storage_unavailable");

    limit_files(&server, None);

    eventually("it is ready again", async || {
        let ready = server.get("/health/ready").send().await;
        (ready.status == 200).then_some(())
    })
    .await;
    // Nothing of what was refused was done.
    server.me(key).await.expect(200);
    let me = server.me(&ada.access).await.expect(200).json();
    assert_eq!(me["firstName"], json!(null));
    let total = server.admin("GET", "/admin/events", None).await["pagination"]["total"].clone();
    let failed = server
        .admin("GET", "/admin/events?action=login.failed", None)
        .await;
    let failed = failed["pagination"]["total"].as_u64().unwrap();
    assert_eq!(
        total.as_u64().unwrap() - failed,
        events.as_u64().unwrap(),
        "an event of a refused change"
    );
    server
        .post("/auth/register")
        .json(new)
        .send()
        .await
        .expect(201);
    server
        .post("/auth/login")
        .json(known)
        .send()
        .await
        .expect(200);
    server
        .post("/auth/refresh")
        .json(token)
        .send()
        .await
        .expect(200);
    server.client_token(&client).await;
    server
        .post("/auth/logout")
        .bearer(&cold.access)
        .send()
        .await
        .expect(204);
    let text = server.get("/metrics").send().await.text();
    let failed = text
        .lines()
        .find_map(|line| line.strip_prefix("doorward_writer_failed_batches_total "));
    assert_ne!(failed, Some("0"), "{text}");
}

#[tokio::test]
async fn a_server_killed_while_its_disk_refuses_has_lost_nothing() {
    let mut server = Server::with().set("issuer", "http://id.example").start();
    let ada = server.register("ada@example.com").await;
    // Some room: it is used up in the middle of a commit.
    let log = server.data_dir().join("doorward.db-wal");
    let size = std::fs::metadata(&log).unwrap().len();
    limit_files(&server, Some(size + 6000));
    let mut made = Vec::new();
    let refused = loop {
        let body = json!({"email": format!("u{}@example.com", made.len()), "password": PASSWORD});
        let reply = server.post("/auth/register").json(body).send().await;
        if reply.status != 201 {
            break reply;
        }
        made.push(reply.field("accessToken"));
        assert!(made.len() < 50, "the limit is never reached");
    };
    refused.refused(503, "storage_unavailable");
    server.kill();
    server.start_again();
    made.push(ada.access);
    for token in &made {
        server.me(token).await.expect(200);
    }
    let users = server.admin("GET", "/admin/users", None).await;
    assert_eq!(users["pagination"]["total"], made.len());
}
