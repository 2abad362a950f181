//! `/admin/sessions`: looking, ending one, and ending many as they were previewed.

use doorward_tests::{PASSWORD, Reply, Server, fields, is_id, is_time};
use serde_json::{Value, json};

const ROW: &str =
    "clientId createdAt endsAt expiresAt id ip lastSeenAt revokedAt scope state userAgent userId";

async fn revoke(server: &Server, by: &str, body: Value) -> Reply {
    let call = server.post("/admin/sessions/revoke").bearer(by);
    call.json(body).send().await
}

async fn list(server: &Server, query: &str) -> Vec<Value> {
    let page = server
        .admin("GET", &format!("/admin/sessions?limit=100&{query}"), None)
        .await;
    page["data"].as_array().unwrap().clone()
}

/// Signs somebody up and then in from each of these addresses; answers the access tokens.
async fn seen_at(server: &Server, email: &str, addresses: &[&str]) -> Vec<String> {
    let mut tokens = Vec::new();
    for (at, address) in addresses.iter().enumerate() {
        let path = if at == 0 {
            "/auth/register"
        } else {
            "/auth/login"
        };
        let body = json!({"email": email, "password": PASSWORD});
        let call = server
            .post(path)
            .header("x-forwarded-for", address)
            .json(body);
        tokens.push(call.send().await.field("accessToken"));
    }
    tokens
}

fn behind_a_proxy() -> Server {
    Server::with()
        .set("trusted_proxies", "[\"127.0.0.0/8\"]")
        .start()
}

async fn me(server: &Server, token: &str) -> u16 {
    server.me(token).await.status
}

#[tokio::test]
async fn a_session_shows_whose_it_is_and_from_where() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let rows = list(&server, "").await;
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(fields(row), ROW);
    assert!(is_id(&row["id"], "ses_"));
    assert_eq!(
        (&row["userId"], &row["clientId"]),
        (&json!(ada.id), &Value::Null)
    );
    assert_eq!(
        (&row["ip"], &row["revokedAt"]),
        (&json!("127.0.0.1"), &Value::Null)
    );
    assert_eq!(row["scope"], json!(["read", "write"]));
    for time in ["createdAt", "lastSeenAt", "expiresAt"] {
        assert!(is_time(&row[time]));
    }
    let path = format!("/admin/sessions/{}", row["id"].as_str().unwrap());
    let one = server.admin("GET", &path, None).await;
    assert_eq!(&one, row);
}

#[tokio::test]
async fn one_session_is_ended_by_its_id() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let other = server.login("ada@example.com").await;
    let rows = list(&server, "sort=createdAt:asc").await;
    let path = format!("/admin/sessions/{}", rows[0]["id"].as_str().unwrap());
    server.admin("DELETE", &path, None).await;
    assert_eq!(
        (
            me(&server, &ada.access).await,
            me(&server, &other.access).await
        ),
        (401, 200)
    );
    assert!(is_time(
        &server.admin("GET", &path, None).await["revokedAt"]
    ));
    server.admin("DELETE", &path, None).await;
    for (method, id) in [
        ("GET", "ses_00000000000000000000000000"),
        ("DELETE", "ses_00000000000000000000000000"),
        ("GET", "x"),
        ("DELETE", "x"),
    ] {
        let call = server.call(method, &format!("/admin/sessions/{id}"));
        call.bearer(&server.operator_key())
            .send()
            .await
            .refused(404, "not_found");
    }
}

#[tokio::test]
async fn sessions_are_found_by_user_address_and_state() {
    let server = behind_a_proxy();
    let addresses = [
        "10.1.2.3",
        "10.1.255.9",
        "10.2.0.1",
        "192.0.2.1",
        "2001:db8:1::5",
        "::ffff:203.0.113.9",
    ];
    let tokens = seen_at(&server, "ada@example.com", &addresses).await;
    let bob = server.register("bob@example.com").await;
    server
        .post("/auth/logout")
        .bearer(&tokens[3])
        .send()
        .await
        .expect(204);
    let count = async |query: &str| list(&server, query).await.len();
    assert_eq!(count("").await, 7);
    assert_eq!(count(&format!("userId={}", bob.id)).await, 1);
    assert_eq!(count("active=true").await, 6);
    assert_eq!(count("active=false").await, 1);
    for (net, expected) in [
        ("10.1.0.0/16", 2),
        ("10.0.0.0/8", 3),
        ("10.1.2.3", 1),
        ("10.1.2.3/32", 1),
        ("10.1.2.99/24", 1),
        ("0.0.0.0/0", 6),
        ("2001:db8::/32", 1),
        ("2001:db8:1::5", 1),
        ("2001:db8:2::/48", 0),
        ("203.0.113.0/24", 1),
        ("127.0.0.1", 1),
        ("8.8.8.8", 0),
    ] {
        assert_eq!(count(&format!("ip={net}")).await, expected, "{net}");
    }
    assert_eq!(count("ip=10.0.0.0/8&active=true&q=zzz").await, 0);
    assert_eq!(count("clientId=client_00000000000000000000000000").await, 0);
    for (name, value) in [
        ("ip", "10.0.0.0/33"),
        ("ip", "x"),
        ("ip", "10.0.0"),
        ("active", "1"),
        ("userId", "x"),
        ("clientId", "x"),
        ("userId", "ses_00000000000000000000000000"),
    ] {
        let call = server.get("/admin/sessions").bearer(&server.operator_key());
        let reply = call.query(&[(name, value)]).send().await;
        reply.refused_at(400, "invalid_request", name);
    }
}

/// Else their addresses are guessed letter by letter.
#[tokio::test]
async fn only_who_may_read_people_finds_sessions_by_their_addresses() {
    let server = Server::start();
    server.register("ada@example.com").await;
    for (scopes, q, found) in [
        (&["admin:sessions:read"][..], "ada@", 0),
        (&["admin:sessions:read"], "ad", 0),
        (&["admin:sessions:read", "admin:users:read"], "ada@", 1),
        (&["admin:sessions", "admin:users"], "ad", 1),
    ] {
        let key = server.key(scopes).await;
        let call = server.get(&format!("/admin/sessions?q={q}"));
        let page = call.bearer(&key).send().await.expect(200);
        let total = &page.json()["pagination"]["total"];
        assert_eq!(total, found, "{scopes:?} {q}");
    }
}

#[tokio::test]
async fn a_preview_ends_nothing_and_then_exactly_what_it_showed() {
    let server = behind_a_proxy();
    let operator = server.operator_key();
    let tokens = seen_at(
        &server,
        "ada@example.com",
        &["10.0.0.1", "10.0.0.2", "192.0.2.1"],
    )
    .await;
    let preview = revoke(
        &server,
        &operator,
        json!({"ip": "10.0.0.0/8", "dryRun": true}),
    )
    .await
    .expect(200)
    .json();
    assert_eq!(
        (&preview["dryRun"], &preview["revoked"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(
        (&preview["count"], &preview["users"]),
        (&json!(2), &json!(1))
    );
    let shown = preview["sessions"].as_array().unwrap();
    assert_eq!(shown.len(), 2);
    assert_eq!(fields(&shown[0]), ROW);
    let id = preview["previewId"]
        .as_str()
        .expect("a preview id")
        .to_owned();
    for token in &tokens {
        assert_eq!(me(&server, token).await, 200, "a preview ends nothing");
    }
    // Somebody signs in meanwhile from there: not in the set that was looked at.
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let late = server
        .post("/auth/login")
        .header("x-forwarded-for", "10.0.0.3")
        .json(body);
    let late = late.send().await.expect(200).field("accessToken");
    let body = json!({"ip": "10.0.0.0/8", "previewId": id});
    let done = revoke(&server, &operator, body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&done["dryRun"], &done["revoked"]),
        (&json!(false), &json!(2))
    );
    let states = [
        me(&server, &tokens[0]).await,
        me(&server, &tokens[1]).await,
        me(&server, &tokens[2]).await,
        me(&server, &late).await,
    ];
    assert_eq!(states, [401, 401, 200, 200]);
    // Once.
    revoke(&server, &operator, body)
        .await
        .refused(409, "conflict");
    assert_eq!(me(&server, &late).await, 200);
}

#[tokio::test]
async fn a_preview_is_its_callers_own() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let mine = server.key(&["admin:sessions"]).await;
    let others = server.key(&["admin:sessions"]).await;
    let preview = revoke(&server, &mine, json!({"userId": ada.id, "dryRun": true}))
        .await
        .expect(200);
    let id = preview.field("previewId");
    for (by, id) in [
        (&others, id.as_str()),
        (&mine, "preview_00000000000000000000000000"),
        (&mine, "x"),
        (&mine, ""),
    ] {
        revoke(&server, by, json!({"previewId": id}))
            .await
            .refused(409, "conflict");
    }
    assert_eq!(me(&server, &ada.access).await, 200);
    revoke(&server, &mine, json!({"previewId": id, "dryRun": true}))
        .await
        .refused(400, "invalid_request");
    revoke(&server, &mine, json!({"previewId": id}))
        .await
        .expect(200);
    assert_eq!(me(&server, &ada.access).await, 401);
}

#[tokio::test]
async fn all_keys_of_one_person_have_their_previews_together() {
    let server = Server::start();
    let ada = server.administrator("ada@example.com").await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        let made = server.key_of(&ada, &["admin:sessions"]).await;
        keys.push(made["key"].as_str().unwrap().to_owned());
    }
    let body = json!({"userId": ada.id, "dryRun": true});
    let mut previews = Vec::new();
    for number in 0..21 {
        let by = &keys[number % 2];
        let preview = revoke(&server, by, body.clone()).await.expect(200);
        previews.push(json!({"previewId": preview.field("previewId")}));
    }
    // Of 21 the oldest has gone, which was the other key's.
    revoke(&server, &keys[0], previews[0].clone())
        .await
        .refused(409, "conflict");
    revoke(&server, &keys[1], previews[1].clone())
        .await
        .expect(200);
}

#[tokio::test]
async fn sessions_end_in_bulk_by_each_filter() {
    let server = Server::start();
    let operator = server.operator_key();
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let done = revoke(&server, &operator, json!({"userId": ada.id}))
        .await
        .expect(200)
        .json();
    assert_eq!(done["revoked"], 1);
    assert_eq!(
        (
            me(&server, &ada.access).await,
            me(&server, &bob.access).await
        ),
        (401, 200)
    );
    let ada = server.login("ada@example.com").await;
    let rows = list(&server, &format!("userId={}&active=true", bob.id)).await;
    let done = revoke(&server, &operator, json!({"ids": [rows[0]["id"]]}))
        .await
        .expect(200)
        .json();
    assert_eq!(done["revoked"], 1);
    assert_eq!(
        (
            me(&server, &ada.access).await,
            me(&server, &bob.access).await
        ),
        (200, 401)
    );
    let bob = server.login("bob@example.com").await;
    let done = revoke(
        &server,
        &operator,
        json!({"active": true, "reason": "incident 7"}),
    )
    .await
    .expect(200)
    .json();
    assert_eq!(done["revoked"], 2);
    assert_eq!(
        (
            me(&server, &ada.access).await,
            me(&server, &bob.access).await
        ),
        (401, 401)
    );
    let events = server
        .admin(
            "GET",
            "/admin/events?action=session.revoked&limit=100",
            None,
        )
        .await;
    let rows = events["data"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "one event for each session");
    assert_eq!(
        rows.iter()
            .filter(|row| row["detail"] == "incident 7")
            .count(),
        2
    );
}

#[tokio::test]
async fn a_revocation_of_everything_must_be_meant() {
    let server = Server::start();
    let operator = server.operator_key();
    let ada = server.register("ada@example.com").await;
    for body in [json!({}), json!({"dryRun": false}), json!({"reason": "x"})] {
        revoke(&server, &operator, body)
            .await
            .refused(400, "invalid_request");
    }
    for (body, field) in [
        (json!({"active": false}), "active"),
        (json!({"ip": "nonsense"}), "ip"),
        (json!({"userId": "nonsense"}), "userId"),
        (json!({"ids": ["nonsense"]}), "ids"),
    ] {
        revoke(&server, &operator, body)
            .await
            .refused_at(422, "validation_failed", field);
    }
    let none = json!({"userId": "user_00000000000000000000000000", "dryRun": true});
    let all = revoke(&server, &operator, json!({"dryRun": true})).await;
    assert_eq!(all.expect(200).json()["count"], 1, "looking is harmless");
    assert_eq!(
        revoke(&server, &operator, none).await.expect(200).json()["count"],
        0
    );
    assert_eq!(me(&server, &ada.access).await, 200);
}

#[tokio::test]
async fn a_session_that_the_server_refuses_is_not_called_live() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let row = async |id: &str| {
        server
            .admin("GET", &format!("/admin/sessions/{id}"), None)
            .await
    };
    let list = server.admin("GET", "/admin/sessions", None).await;
    let id = list["data"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(list["data"][0]["state"], "live");
    assert_eq!(list["data"][0]["endsAt"].as_str().map(str::len), Some(24));
    server
        .post("/auth/logout")
        .bearer(&ada.access)
        .send()
        .await
        .expect(204);
    let ended = row(&id).await;
    assert_eq!(ended["state"], "revoked");
    assert_eq!(ended["endsAt"], ended["revokedAt"]);
    // A client's session without a refresh token ends with its access token, long before its absolute end.
    let short = Server::with()
        .set("refresh_token_seconds", 1)
        .set("access_token_seconds", 1)
        .start();
    let bob = short.register("bob@example.com").await;
    let list = short.admin("GET", "/admin/sessions", None).await;
    let id = list["data"][0]["id"].as_str().expect("an id").to_owned();
    doorward_tests::eventually("the session's end", async || {
        let asked = short.me(&bob.access).await;
        (asked.status == 401).then_some(())
    })
    .await;
    // A token ends on a whole second, the session up to one later.
    let row = doorward_tests::eventually("the session is idle", async || {
        let row = short
            .admin("GET", &format!("/admin/sessions/{id}"), None)
            .await;
        (row["state"] == "idle").then_some(row)
    })
    .await;
    assert!(row["endsAt"].as_str() < row["expiresAt"].as_str());
}
