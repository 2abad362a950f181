//! Which credentials are revoked together, and which stay valid.

use std::time::Duration;

use doorward_tests::{Person, Server, browser::request};
use serde_json::{Value, json};

async fn sessions_of(server: &Server, filter: &str) -> Vec<Value> {
    let path = format!("/admin/sessions?{filter}");
    let list = server.admin("GET", &path, None).await;
    list["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn scopes_taken_from_a_key_that_was_used_are_gone_on_its_next_use() {
    let server = Server::start();
    let minted = json!({"name": "x", "scopes": ["admin:users:read", "admin:roles:read"]});
    let minted = server.admin("POST", "/admin/apikeys", Some(minted)).await;
    let key = minted["key"].as_str().unwrap();
    let users = async || server.get("/admin/users").bearer(key).send().await;
    users().await.expect(200);
    let path = format!("/admin/apikeys/{}", minted["id"].as_str().unwrap());
    let less = json!({"scopes": ["admin:roles:read"]});
    server.admin("PATCH", &path, Some(less)).await;
    users().await.refused(403, "insufficient_scope");
    server
        .get("/admin/roles")
        .bearer(key)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_rotated_key_keeps_all_but_its_secret() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let body = json!({"name": "CI", "scopes": ["read:orders"], "expiresAt": "2100-01-02T03:04:05Z",
                      "environment": "test"});
    let call = server.post("/apikey").bearer(&ada.access).json(body);
    let old = call.send().await.expect(201).json();
    for door in ["/apikey", "/admin/apikeys"] {
        let id = old["id"].as_str().unwrap();
        let new = if door == "/apikey" {
            let call = server
                .post(&format!("/apikey/{id}/rotate"))
                .bearer(&ada.access);
            call.json(json!({"graceSeconds": 60}))
                .send()
                .await
                .expect(201)
                .json()
        } else {
            let body = json!({"name": "CI", "scopes": ["read:orders"], "environment": "test",
                              "expiresAt": "2100-01-02T03:04:05Z", "ownerId": ada.id});
            let made = server.admin("POST", door, Some(body)).await;
            let path = format!("{door}/{}/rotate", made["id"].as_str().unwrap());
            server.admin("POST", &path, Some(json!({}))).await
        };
        for field in ["name", "scopes", "environment", "expiresAt"] {
            assert_eq!(new[field], old[field], "{door}: {field}");
        }
        assert_ne!(new["key"], old["key"]);
        // And so it is read again.
        let path = format!("/admin/apikeys/{}", new["id"].as_str().unwrap());
        let read = server.admin("GET", &path, None).await;
        assert_eq!(read["expiresAt"], old["expiresAt"], "{read}");
        assert_eq!(read["ownerId"], ada.id);
    }
}

#[tokio::test]
async fn what_a_deleted_owner_or_client_had_is_listed_as_revoked() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let (key, secret) = (key["id"].as_str().unwrap(), key["key"].as_str().unwrap());
    let code = server
        .browser()
        .code("bob@example.com", &request(&app, &[]))
        .await;
    let given = server.redeem(&app, &code).await.expect(200);
    let path = format!("/admin/users/{}", ada.id);
    server.admin("DELETE", &path, None).await;
    let path = format!("/admin/clients/{}", app.id);
    server.admin("DELETE", &path, None).await;
    for dead in [&ada.access, &given.field("access_token")] {
        let reply = server.get("/admin/whoami").bearer(dead).send().await;
        reply.refused(401, "token_revoked");
    }
    let reply = server.me(secret).await;
    reply.refused(401, "token_revoked");
    for filter in [format!("userId={}", ada.id), format!("clientId={}", app.id)] {
        let listed = sessions_of(&server, &filter).await;
        assert!(!listed.is_empty(), "{filter}");
        for session in listed {
            assert!(session["revokedAt"].is_string(), "{filter}: {session}");
        }
        let live = sessions_of(&server, &format!("{filter}&active=true")).await;
        assert_eq!(live, Vec::<Value>::new(), "{filter}");
    }
    let listed = server
        .admin("GET", &format!("/admin/apikeys?ownerId={}", ada.id), None)
        .await;
    assert!(listed["data"][0]["revokedAt"].is_string(), "{listed}");
    let one = server
        .admin("GET", &format!("/admin/apikeys/{key}"), None)
        .await;
    assert!(one["revokedAt"].is_string(), "{one}");
    let live = format!("/admin/apikeys?ownerId={}&active=true", ada.id);
    assert_eq!(server.admin("GET", &live, None).await["data"], json!([]));
    // Others are as they were.
    server.me(&bob.access).await.expect(200);
}

/// Whether the credentials of these people are good.
async fn live(server: &Server, people: &[&Person]) -> Vec<bool> {
    let mut live = Vec::new();
    for person in people {
        let reply = server.me(&person.access).await;
        live.push(reply.status == 200);
    }
    live
}

#[tokio::test]
async fn a_bulk_end_by_a_person_leaves_their_own_session_unless_they_include_it() {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    let chief = server.administrator("chief@example.com").await;
    let second = server.login("chief@example.com").await;
    let ada = server.register("ada@example.com").await;
    let revoke = async |body: Value| {
        let call = server.post("/admin/sessions/revoke").bearer(&chief.access);
        call.json(body).send().await
    };
    let seen = revoke(json!({"active": true, "dryRun": true}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&seen["count"], &seen["users"]),
        (&json!(2), &json!(2)),
        "{seen}"
    );
    let done = revoke(json!({"active": true})).await.expect(200).json();
    assert_eq!(done["revoked"], 2, "{done}");
    assert_eq!(
        live(&server, &[&chief, &second, &ada]).await,
        [true, false, false]
    );
    // With their own among more than one unit holds, all of them end.
    server.login("chief@example.com").await;
    for at in 0..3 {
        server.register(&format!("u{at}@example.com")).await;
    }
    let seen = revoke(json!({"active": true, "includeOwn": true, "dryRun": true})).await;
    let seen = seen.expect(200).json();
    assert_eq!(seen["count"], 5, "{seen}");
    let body = json!({"previewId": seen["previewId"]});
    let done = revoke(body).await.expect(200).json();
    assert_eq!(done["revoked"], 5, "{done}");
    assert_eq!(live(&server, &[&chief]).await, [false]);
    assert_eq!(
        sessions_of(&server, "active=true").await,
        Vec::<Value>::new()
    );
}

#[tokio::test]
async fn a_stream_ends_when_its_reader_may_read_events_no_longer() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    let may = json!({"permissions": ["admin:events:read"]});
    server.admin("PATCH", &path, Some(may)).await;
    let ada = server.login("ada@example.com").await;
    let call = server.get("/admin/events/stream").bearer(&ada.access);
    let mut stream = call.open().await;
    assert_eq!(stream.status().as_u16(), 200);
    let first = stream.chunk().await.unwrap();
    assert!(first.is_some(), "it is open");
    server
        .admin("PATCH", &path, Some(json!({"permissions": []})))
        .await;
    let end = async {
        let mut told = String::new();
        while let Ok(Some(bytes)) = stream.chunk().await {
            told.push_str(&String::from_utf8_lossy(&bytes));
        }
        told
    };
    let told = tokio::time::timeout(Duration::from_secs(20), end).await;
    let told = told.expect("the stream goes on");
    assert!(
        !told.contains("user.updated"),
        "an event after the right was gone: {told}"
    );
    let again = server.get("/admin/events/stream").bearer(&ada.access);
    again.send().await.refused(403, "insufficient_scope");
}
