//! `/admin/apikeys`: everybody's keys.

use doorward_tests::{Reply, Server, eventually, fields, is_time};
use serde_json::{Value, json};

const ROW: &str = "allowedIps clientId createdAt enabled endsAt environment expiresAt hint id lastUsedAt lastUsedIp metadata mintedBy name ownerId quota rateLimit revokedAt scopes state";
const MINTED: &str = "createdAt environment expiresAt id key name ownerId scopes";

async fn send(server: &Server, method: &str, path: &str, body: Value) -> Reply {
    let call = server.call(method, path).bearer(&server.operator_key());
    if body.is_null() {
        call.send().await
    } else {
        call.json(body).send().await
    }
}

async fn mint(server: &Server, name: &str, more: Value) -> Value {
    let mut body = json!({"name": name, "scopes": ["read"]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    send(server, "POST", "/admin/apikeys", body)
        .await
        .expect(201)
        .json()
}

async fn me(server: &Server, minted: &Value) -> u16 {
    let key = minted["key"].as_str().expect("a key");
    server.get("/admin/whoami").bearer(key).send().await.status
}

fn path(minted: &Value) -> String {
    format!("/admin/apikeys/{}", minted["id"].as_str().expect("an id"))
}

/// The names of what a filter finds, sorted, without the operator's own key.
async fn found(server: &Server, query: &str) -> String {
    let page = server
        .admin("GET", &format!("/admin/apikeys?limit=100&{query}"), None)
        .await;
    let rows = page["data"].as_array().unwrap().iter();
    let mut names: Vec<_> = rows
        .filter_map(|row| row["name"].as_str())
        .filter(|name| *name != "operator.key")
        .collect();
    names.sort_unstable();
    names.join(" ")
}

#[tokio::test]
async fn an_operator_mints_for_an_owner_or_for_itself() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let body = json!({"name": "hers", "scopes": ["read:orders"], "ownerId": ada.id, "environment": "test"});
    let minted = send(&server, "POST", "/admin/apikeys", body)
        .await
        .expect(201);
    assert_eq!(minted.header("cache-control"), "no-store");
    let minted = minted.json();
    assert_eq!(fields(&minted), MINTED);
    assert_eq!(minted["ownerId"], ada.id);
    assert!(minted["key"].as_str().unwrap().starts_with("sk_test_"));
    let who = server.me(minted["key"].as_str().unwrap()).await;
    assert_eq!(who.expect(200).json()["id"], ada.id);
    // Hers to see and to end.
    let own = server
        .get("/apikey")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(own["data"][0]["id"], minted["id"]);

    let operators = mint(&server, "operators", json!({})).await;
    assert_eq!(operators["ownerId"], Value::Null);
    let chief = server.administrator("chief@example.com").await;
    let call = server.post("/admin/apikeys").bearer(&chief.access);
    let own = call
        .json(json!({"name": "own", "scopes": ["read"]}))
        .send()
        .await;
    assert_eq!(own.expect(201).json()["ownerId"], chief.id);
    for (owner, status) in [("user_00000000000000000000000000", 422), ("nonsense", 422)] {
        let body = json!({"name": "x", "scopes": ["read"], "ownerId": owner});
        let refused = send(&server, "POST", "/admin/apikeys", body).await;
        refused.refused_at(status, "validation_failed", "ownerId");
    }
    // A client has no keys of its own.
    let client = server.client(&["admin"]).await;
    let token = server.client_token(&client).await;
    let call = server.post("/admin/apikeys").bearer(&token);
    let refused = call
        .json(json!({"name": "x", "scopes": ["read"]}))
        .send()
        .await;
    refused.refused_at(422, "validation_failed", "ownerId");
}

#[tokio::test]
async fn every_key_is_seen_and_none_is_shown() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let minted = server.key_of(&ada, &["read"]).await;
    let one = send(&server, "GET", &path(&minted), Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(fields(&one), ROW);
    assert_eq!(
        (&one["ownerId"], &one["name"]),
        (&json!(ada.id), &minted["name"])
    );
    let list = send(&server, "GET", "/admin/apikeys", Value::Null)
        .await
        .expect(200);
    assert!(!list.text().contains(minted["key"].as_str().unwrap()));
    assert!(list.json()["data"].as_array().unwrap().contains(&one));
    for id in ["key_00000000000000000000000000", "nonsense"] {
        let path = format!("/admin/apikeys/{id}");
        for (method, path, body) in [
            ("GET", path.clone(), Value::Null),
            ("DELETE", path.clone(), Value::Null),
            ("PATCH", path.clone(), json!({"name": "x"})),
            ("POST", format!("{path}/rotate"), json!({})),
        ] {
            send(&server, method, &path, body)
                .await
                .refused(404, "not_found");
        }
    }
}

#[tokio::test]
async fn keys_are_found_by_owner_scope_use_and_end() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let old = mint(&server, "old", json!({"ownerId": ada.id})).await;
    mint(&server, "narrow", json!({"scopes": ["read:orders"]})).await;
    mint(&server, "admin", json!({"scopes": ["admin:users"]})).await;
    mint(
        &server,
        "soon",
        json!({"expiresAt": "2100-01-01T00:00:00Z"}),
    )
    .await;
    let dead = mint(
        &server,
        "dead",
        json!({"expiresAt": "2200-01-01T00:00:00Z"}),
    )
    .await;
    send(&server, "DELETE", &path(&dead), Value::Null)
        .await
        .expect(204);
    assert_eq!(found(&server, "").await, "admin dead narrow old soon");
    assert_eq!(found(&server, &format!("ownerId={}", ada.id)).await, "old");
    // By a scope that a key holds: not by those that it covers.
    assert_eq!(found(&server, "scope=read:orders").await, "narrow");
    assert_eq!(found(&server, "scope=read").await, "dead old soon");
    assert_eq!(found(&server, "scope=admin:users").await, "admin");
    assert_eq!(found(&server, "scope=admin:users:read").await, "");
    assert_eq!(found(&server, "scope=adm").await, "");
    assert_eq!(
        found(&server, "expiresBefore=2150-01-01T00:00:00Z").await,
        "soon"
    );
    assert_eq!(
        found(&server, "expiresBefore=2300-01-01T00:00:00Z").await,
        "dead soon"
    );
    assert_eq!(found(&server, "active=false").await, "dead");
    assert_eq!(found(&server, "active=true").await, "admin narrow old soon");
    assert_eq!(found(&server, "q=arro").await, "narrow");
    // What is used now is not unused since a moment ago.
    let since = send(&server, "GET", "/admin/stats", Value::Null)
        .await
        .expect(200)
        .field("time");
    eventually("a later millisecond", async || {
        let now = send(&server, "GET", "/admin/stats", Value::Null)
            .await
            .field("time");
        (now > since).then_some(())
    })
    .await;
    assert_eq!(me(&server, &old).await, 200);
    assert_eq!(
        found(&server, &format!("unusedSince={since}")).await,
        "admin dead narrow soon"
    );
    for name in ["unusedSince", "expiresBefore", "ownerId", "active"] {
        let call = server.get("/admin/apikeys").bearer(&server.operator_key());
        call.query(&[(name, "nonsense")])
            .send()
            .await
            .refused_at(400, "invalid_request", name);
    }
}

#[tokio::test]
async fn anybodys_key_is_changed_rotated_and_ended() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let first = server.key_of(&ada, &["read", "write"]).await;
    let changed = send(
        &server,
        "PATCH",
        &path(&first),
        json!({"name": "new", "scopes": ["read"]}),
    )
    .await;
    let changed = changed.expect(200).json();
    assert_eq!(fields(&changed), ROW);
    assert_eq!(
        (&changed["name"], &changed["scopes"]),
        (&json!("new"), &json!(["read"]))
    );
    let grown = send(
        &server,
        "PATCH",
        &path(&first),
        json!({"scopes": ["read", "write"]}),
    )
    .await;
    grown.refused(403, "insufficient_scope");
    let rotate = format!("{}/rotate", path(&first));
    let second = send(&server, "POST", &rotate, json!({"graceSeconds": 600}))
        .await
        .expect(201);
    assert_eq!(second.header("cache-control"), "no-store");
    let second = second.json();
    assert_eq!(fields(&second), MINTED);
    assert_eq!(
        (&second["ownerId"], &second["name"]),
        (&json!(ada.id), &json!("new"))
    );
    assert_eq!(
        (me(&server, &first).await, me(&server, &second).await),
        (200, 200)
    );
    for minted in [&first, &second] {
        send(&server, "DELETE", &path(minted), Value::Null)
            .await
            .expect(204);
        assert_eq!(me(&server, minted).await, 401);
        let row = send(&server, "GET", &path(minted), Value::Null)
            .await
            .expect(200)
            .json();
        assert!(is_time(&row["revokedAt"]));
    }
    send(&server, "PATCH", &path(&first), json!({"name": "x"}))
        .await
        .refused(409, "conflict");
}

#[tokio::test]
async fn a_key_says_whether_it_is_accepted_and_when_it_ends() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let body = json!({"name": "ci", "scopes": ["read"], "ownerId": ada.id});
    let made = server.admin("POST", "/admin/apikeys", Some(body)).await;
    let path = format!("/admin/apikeys/{}", made["id"].as_str().expect("an id"));
    let now = async || server.admin("GET", &path, None).await;
    let live = now().await;
    assert_eq!(
        (&live["state"], &live["endsAt"]),
        (&json!("live"), &json!(null))
    );
    let disabled = |disabled: bool| Some(json!({ "disabled": disabled }));
    let user = format!("/admin/users/{}", ada.id);
    server.admin("PATCH", &user, disabled(true)).await;
    assert_eq!(now().await["state"], "disabled");
    let listed = server
        .admin("GET", &format!("/admin/apikeys?ownerId={}", ada.id), None)
        .await;
    assert_eq!(listed["data"][0]["state"], "disabled");
    server.admin("PATCH", &user, disabled(false)).await;
    assert_eq!(now().await["state"], "live");
    // In the grace of a rotation it is accepted, and ends soon.
    let grace = Some(json!({"graceSeconds": 3600}));
    server.admin("POST", &format!("{path}/rotate"), grace).await;
    let grace = now().await;
    assert_eq!(grace["state"], "live");
    assert_eq!(grace["endsAt"], grace["revokedAt"]);
    server
        .delete(&path)
        .bearer(&server.operator_key())
        .send()
        .await
        .expect(204);
    assert_eq!(now().await["state"], "revoked");
}
