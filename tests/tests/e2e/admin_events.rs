//! The audit log: one event for each change, found again, and streamed without loss or repeat.

use std::time::Duration;

use doorward_tests::{
    PASSWORD, Reply, Server, browser::request, doorward, eventually, fields, is_id, is_time,
};
use serde_json::{Value, json};

const ROW: &str = "action actor detail id ip requestId target time userId";

/// An event without what only some have: what changed, and the client a person acted through.
fn row(event: &Value) -> Value {
    let mut row = event.clone();
    for name in ["changes", "clientId"] {
        row.as_object_mut().expect("an object").remove(name);
    }
    row
}

/// Events since the beginning, oldest first.
async fn events(server: &Server, query: &str) -> Vec<Value> {
    let page = server
        .admin(
            "GET",
            &format!("/admin/events?limit=100&sort=id:asc&{query}"),
            None,
        )
        .await;
    page["data"].as_array().unwrap().clone()
}

async fn send(server: &Server, method: &str, path: &str, body: Value) -> Reply {
    let call = server.call(method, path).bearer(&server.operator_key());
    let reply = if body.is_null() {
        call.send().await
    } else {
        call.json(body).send().await
    };
    assert!(reply.status < 300, "{method} {path}: {}", reply.text());
    reply
}

#[tokio::test]
async fn each_change_of_an_operator_leaves_one_event_that_says_who_what_and_whence() {
    let server = Server::with()
        .set("trusted_proxies", "[\"127.0.0.1/32\"]")
        .start();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let client = server.client(&["read"]).await;
    let operator = server
        .get("/admin/whoami")
        .bearer(&server.operator_key())
        .send()
        .await
        .field("id");
    let user = format!("/admin/users/{}", ada.id);
    let key = format!("/admin/apikeys/{}", key["id"].as_str().unwrap());
    let client_path = format!("/admin/clients/{}", client.id);
    let steps = [
        (
            "POST",
            "/admin/users",
            json!({"email": "bob@example.com"}),
            "user.created",
        ),
        ("PATCH", &user, json!({"firstName": "Ada"}), "user.updated"),
        ("PATCH", &user, json!({"role": "admin"}), "user.updated"),
        (
            "PATCH",
            &user,
            json!({"permissions": ["fly"], "role": "customer"}),
            "conflict",
        ),
        (
            "PUT",
            "/admin/roles/clerk",
            json!({"permissions": ["read"]}),
            "role.created",
        ),
        (
            "PUT",
            "/admin/roles/clerk",
            json!({"permissions": []}),
            "role.updated",
        ),
        ("DELETE", "/admin/roles/clerk", Value::Null, "role.deleted"),
        (
            "POST",
            "/admin/apikeys",
            json!({"name": "x", "scopes": ["read"]}),
            "apikey.created",
        ),
        ("PATCH", &key, json!({"name": "y"}), "apikey.updated"),
        ("DELETE", &key, Value::Null, "apikey.revoked"),
        (
            "POST",
            "/admin/clients",
            json!({"name": "x", "grantTypes": ["client_credentials"]}),
            "client.created",
        ),
        (
            "PATCH",
            &client_path,
            json!({"name": "y"}),
            "client.updated",
        ),
        (
            "POST",
            &format!("{client_path}/secret"),
            Value::Null,
            "client.secret_rotated",
        ),
        ("DELETE", &client_path, Value::Null, "client.deleted"),
        ("POST", "/admin/keys/rotate", Value::Null, "key.rotated"),
    ];
    for (method, path, body, action) in steps {
        let before = events(&server, "").await.len();
        let call = server
            .call(method, path)
            .bearer(&server.operator_key())
            .header("x-forwarded-for", "192.0.2.7");
        let reply = if body.is_null() {
            call.send().await
        } else {
            call.json(body).send().await
        };
        let after = events(&server, "").await;
        let new = &after[before..];
        if action == "conflict" {
            reply.refused(409, "conflict");
            assert!(new.is_empty(), "what was refused left {new:?}");
            continue;
        }
        assert!(reply.status < 300, "{method} {path}: {}", reply.text());
        assert_eq!(new.len(), 1, "{method} {path}: {new:?}");
        let event = &new[0];
        assert_eq!(fields(&row(event)), ROW);
        assert!(is_id(&event["id"], "evt_") && is_time(&event["time"]));
        assert_eq!(
            (&event["actor"], &event["ip"]),
            (&json!(operator), &json!("192.0.2.7"))
        );
        assert_eq!(
            event["requestId"],
            reply.header("x-request-id"),
            "{method} {path}"
        );
        if action != "key.rotated" {
            assert_eq!(event["action"], action, "{method} {path}");
        }
        let target = event["target"].as_str().unwrap_or_default();
        let named = path.split('/').nth(3).filter(|part| *part != "rotate");
        assert!(
            named.is_none_or(|named| named == target),
            "{method} {path}: {event}"
        );
    }
    // A change that changes nothing leaves nothing.
    let before = events(&server, "").await.len();
    send(
        &server,
        "PATCH",
        &user,
        json!({"firstName": "Ada", "role": "admin"}),
    )
    .await;
    send(&server, "DELETE", &key, Value::Null).await;
    assert_eq!(events(&server, "").await.len(), before);
}

#[tokio::test]
async fn what_people_do_to_their_accounts_is_logged_as_theirs() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let actions = async || {
        let rows = events(&server, &format!("userId={}", ada.id)).await;
        rows.iter()
            .map(|row| {
                format!(
                    "{} {}",
                    row["actor"].as_str().unwrap(),
                    row["action"].as_str().unwrap()
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        actions().await,
        ["anonymous user.registered", "anonymous session.created"]
    );
    let body = json!({"email": "ada@example.com", "password": "not my password"});
    server
        .post("/auth/login")
        .json(body)
        .send()
        .await
        .refused(401, "invalid_credentials");
    eventually("the refused sign-in is logged", async || {
        (actions().await.len() == 3).then_some(())
    })
    .await;
    let other = server.login("ada@example.com").await;
    let key = server.key_of(&other, &["read"]).await;
    let path = format!("/apikey/{}", key["id"].as_str().unwrap());
    server
        .delete(&path)
        .bearer(&other.access)
        .send()
        .await
        .expect(204);
    server
        .patch("/auth/me")
        .bearer(&other.access)
        .json(json!({"firstName": "Ada"}))
        .send()
        .await
        .expect(200);
    server
        .post("/auth/logout")
        .bearer(&other.access)
        .send()
        .await
        .expect(204);
    let expected = [
        "session.created",
        "apikey.created",
        "apikey.revoked",
        "user.updated",
        "session.logout",
    ];
    let seen = actions().await;
    let theirs: Vec<_> = expected
        .iter()
        .map(|action| format!("{} {action}", ada.id))
        .collect();
    assert_eq!(seen[3..], theirs);
    assert_eq!(seen[2], "anonymous login.failed");
}

#[tokio::test]
async fn no_secret_and_no_typed_name_gets_into_the_log() {
    let server = Server::with().env("RUST_LOG", "debug").start();
    let ada = server.register("ada@example.com").await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": "hunter1 is my new one"});
    let changed = server.post("/auth/password").bearer(&ada.access).json(body);
    changed.send().await.expect(204);
    let key = server.key_of(&ada, &["read"]).await;
    let client = server.client(&["read"]).await;
    let typed = json!({"email": "hunter2-typed-in-the-wrong-box", "password": "hunter3-wrong"});
    server
        .post("/auth/login")
        .json(typed)
        .send()
        .await
        .refused(401, "invalid_credentials");
    let body = json!({"refreshToken": ada.refresh});
    let next = server
        .post("/auth/refresh")
        .json(body)
        .send()
        .await
        .expect(200);
    let shown = eventually("the refused sign-in is logged", async || {
        let shown = serde_json::to_string(&events(&server, "").await).unwrap();
        shown.contains("login.failed").then_some(shown)
    })
    .await;
    let secrets = [
        "hunter1",
        &ada.access,
        &ada.refresh,
        key["key"].as_str().unwrap(),
        &client.secret,
        &next.field("refreshToken"),
        &server.operator_key(),
        "hunter2",
        "hunter3",
    ];
    assert!(server.log().contains("/auth/login"), "the log is on");
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret}");
        assert!(!server.log().contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_operators_reason_stands_in_the_events_and_nobody_elses_does() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let disable = server
        .patch(&format!("/admin/users/{}", ada.id))
        .bearer(&server.operator_key())
        .header("x-reason", "stolen laptop, f%C3%BCr Ticket 7%0A%E2%80%AE")
        .json(json!({"disabled": true}));
    disable.send().await.expect(200);
    server
        .post("/auth/login")
        .header("x-reason", "written by nobody")
        .json(json!({"email": "ada@example.com", "password": "wrong one"}))
        .send()
        .await
        .expect(401);
    server
        .patch(&format!("/admin/users/{}", ada.id))
        .bearer(&server.operator_key())
        .header("x-reason", "found again")
        .json(json!({"disabled": false}))
        .send()
        .await
        .expect(200);
    let log = events(&server, "").await;
    let detail = |action: &str| {
        let found = log.iter().rev().find(|event| event["action"] == action);
        found.unwrap_or(&Value::Null)["detail"].to_string()
    };
    let reason = "stolen laptop, für Ticket 7";
    assert!(
        detail("user.disabled").ends_with(&format!("{reason}\"")),
        "{log:?}"
    );
    assert!(!detail("login.failed").contains("nobody"), "{log:?}");
    let again = log.iter().find(|event| event["action"] == "user.enabled");
    assert!(again.unwrap()["detail"].to_string().contains("found again"));
}

#[tokio::test]
async fn events_are_found_by_each_of_their_parts() {
    let server = Server::with()
        .set("trusted_proxies", "[\"127.0.0.1/32\"]")
        .start();
    let ada = server.register("ada@example.com").await;
    let body = json!({"email": "bob@example.com", "password": PASSWORD});
    let bob = server
        .post("/auth/register")
        .header("x-forwarded-for", "192.0.2.9")
        .json(body);
    let bob = bob.send().await.expect(201).field("userId");
    server
        .patch("/auth/me")
        .bearer(&ada.access)
        .json(json!({"firstName": "Ada"}))
        .send()
        .await
        .expect(200);
    let all = events(&server, "").await;
    let count = async |query: &str| events(&server, query).await.len();
    assert_eq!(count(&format!("actor={}", ada.id)).await, 1);
    assert_eq!(count(&format!("userId={}", ada.id)).await, 3);
    assert_eq!(count(&format!("target={bob}")).await, 1);
    assert_eq!(count("ip=192.0.2.9").await, 2);
    assert_eq!(count("ip=::ffff:192.0.2.9").await, 2);
    assert_eq!(count("action=user.registered").await, 2);
    assert_eq!(count("action=user.").await, 3);
    assert_eq!(count("action=%25").await, 0);
    assert_eq!(count("q=registered").await, 2);
    assert_eq!(count(&format!("action=user.&userId={bob}")).await, 1);
    let time = all.last().unwrap()["time"].as_str().unwrap();
    assert!(count(&format!("since={time}")).await >= 1);
    assert_eq!(
        count(&format!("until={time}")).await + count(&format!("since={time}")).await,
        all.len()
    );
    assert_eq!(count("since=2100-01-01T00:00:00Z").await, 0);
    for name in ["since", "until", "userId", "ip"] {
        let call = server.get("/admin/events").bearer(&server.operator_key());
        call.query(&[(name, "nonsense")])
            .send()
            .await
            .refused_at(400, "invalid_request", name);
    }
    // Newest first, unless asked otherwise.
    let page = server.admin("GET", "/admin/events?limit=1", None).await;
    assert_eq!(page["data"][0]["id"], all.last().unwrap()["id"]);
}

#[tokio::test]
async fn what_people_did_through_a_client_is_found_by_it() {
    let server = Server::with()
        .set("issuer", "http://localhost:8123")
        .start();
    server.register("ada@example.com").await;
    let app = server.app(json!({})).await;
    let browser = server.browser();
    let code = browser.code("ada@example.com", &request(&app, &[])).await;
    server.redeem(&app, &code).await.expect(200);
    let found = events(&server, &format!("clientId={}", app.id)).await;
    assert!(
        found
            .iter()
            .any(|event| event["action"] == "session.created"),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .all(|event| event["clientId"] == app.id.as_str())
    );
    let both = format!("clientId={}&action=login.failed", app.id);
    assert_eq!(events(&server, &both).await, Vec::<Value>::new());
    let call = server.get("/admin/events").bearer(&server.operator_key());
    call.query(&[("clientId", "user_01arz3ndektsv4rrffq69g5fav")])
        .send()
        .await
        .refused_at(400, "invalid_request", "clientId");
    let printed = doorward(
        &server,
        &["events", "list", "--client", &app.id, "-o", "name"],
    );
    assert_eq!(printed.done().lines().count(), found.len());
}

#[tokio::test]
async fn events_are_added_up_for_who_asks_about_an_address() {
    let server = Server::with()
        .set("trusted_proxies", "[\"127.0.0.1/32\"]")
        .start();
    let people = ["ada@example.com", "bob@example.com"];
    for email in people {
        server.register(email).await;
    }
    for (email, password) in [
        (people[0], "wrong"),
        (people[0], "wrong"),
        (people[1], PASSWORD),
    ] {
        let call = server
            .post("/auth/login")
            .header("x-forwarded-for", "192.0.2.9");
        let body = json!({"email": email, "password": password});
        call.json(body).send().await;
    }
    let ask = async |query: &str| {
        let path = format!("/admin/events/summary?{query}");
        server.admin("GET", &path, None).await
    };
    let sum = ask("ip=192.0.2.9").await;
    assert_eq!(sum["failures"], 2, "{sum}");
    assert_eq!((&sum["logins"], &sum["people"]), (&json!(1), &json!(2)));
    assert_eq!(sum["refused"], 2);
    assert_eq!(sum["complete"], true);
    assert!(is_time(&sum["firstAt"]) && is_time(&sum["lastAt"]));
    let hours = sum["hours"].as_array().unwrap();
    let total: u64 = hours
        .iter()
        .map(|hour| hour["events"].as_u64().unwrap())
        .sum();
    assert_eq!(sum["events"], total);
    let latest = &sum["latestPeople"];
    assert_eq!(latest.as_array().unwrap().len(), 2);
    assert_eq!(
        (&latest[1]["events"], &latest[1]["refused"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(ask("ip=198.51.100.1").await["events"], 0);
    assert_eq!(
        ask("ip=192.0.2.9&since=2100-01-01T00:00:00Z").await["events"],
        0
    );
    for (name, value) in [("limit", "5"), ("ip", "nonsense"), ("q", "x")] {
        let call = server
            .get("/admin/events/summary")
            .bearer(&server.operator_key());
        call.query(&[(name, value)])
            .send()
            .await
            .refused_at(400, "invalid_request", name);
    }
    let key = server.key(&["admin:users:read"]).await;
    let call = server.get("/admin/events/summary").bearer(&key);
    call.send().await.refused(403, "insufficient_scope");
}

/// A reader of `GET /admin/events/stream`.
struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(server: &Server, token: &str, last: Option<&str>) -> Self {
        let mut call = server.get("/admin/events/stream").bearer(token);
        if let Some(last) = last {
            call = call.header("last-event-id", last);
        }
        let response = call.open().await;
        assert_eq!(response.status().as_u16(), 200);
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        Self {
            response,
            text: String::new(),
        }
    }

    /// More text; nothing when the stream has ended.
    async fn more(&mut self) -> bool {
        let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await;
        match chunk.expect("something comes") {
            Ok(Some(bytes)) => {
                self.text.push_str(&String::from_utf8_lossy(&bytes));
                true
            }
            _ => false,
        }
    }

    /// The next event: its id and its data.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    block.lines().find_map(|line| {
                        line.strip_prefix(name)?
                            .strip_prefix(':')
                            .map(|text| text.trim_start().to_owned())
                    })
                };
                if let (Some(id), Some(data)) = (field("id"), field("data")) {
                    return Some((id, serde_json::from_str(&data).unwrap()));
                }
            }
            if !self.more().await {
                return None;
            }
        }
    }
}

#[tokio::test]
async fn the_stream_tells_events_as_they_come() {
    let server = Server::start();
    server.register("before@example.com").await;
    let operator = server.operator_key();
    let mut stream = Stream::open(&server, &operator, None).await;
    assert!(stream.more().await, "something comes at once");
    let ada = server.register("ada@example.com").await;
    let (id, event) = stream.next().await.unwrap();
    assert_eq!(fields(&row(&event)), ROW);
    assert_eq!(
        (&event["id"], &event["action"], &event["target"]),
        (&json!(id), &json!("user.registered"), &json!(ada.id))
    );
    assert_eq!(stream.next().await.unwrap().1["action"], "session.created");
}

#[tokio::test]
async fn a_stream_goes_on_after_the_last_event_id_without_loss_or_repeat() {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    let operator = server.operator_key();
    server.register("ada@example.com").await;
    let start = events(&server, "").await.last().unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    // Writers all the while; the reader loses its connection again and again.
    let writing = async {
        for at in 0..60 {
            let role = format!("/admin/roles/role{at}");
            send(&server, "PUT", &role, json!({"permissions": ["read"]})).await;
        }
    };
    let reading = async {
        let mut seen: Vec<String> = Vec::new();
        let mut last = start.clone();
        while seen.len() < 60 {
            let mut stream = Stream::open(&server, &operator, Some(&last)).await;
            for _ in 0..7 {
                if seen.len() == 60 {
                    break;
                }
                let (id, event) = stream.next().await.expect("the stream goes on");
                assert_eq!(event["action"], "role.created");
                seen.push(event["target"].as_str().unwrap().to_owned());
                last = id;
            }
        }
        seen
    };
    let ((), seen) = tokio::join!(writing, reading);
    let expected: Vec<_> = (0..60).map(|at| format!("role{at}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_resume_from_the_beginning_reads_everything() {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    for at in 0..230 {
        let role = format!("/admin/roles/role{at}");
        send(&server, "PUT", &role, json!({"permissions": []})).await;
    }
    let page = server.admin("GET", "/admin/events?limit=1", None).await;
    let total = page["pagination"]["total"].as_u64().unwrap() as usize;
    let operator = server.operator_key();
    let mut stream = Stream::open(&server, &operator, Some("evt_00000000000000000000000000")).await;
    let mut ids = Vec::new();
    while ids.len() < total {
        ids.push(stream.next().await.unwrap().0);
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "in order, none twice");
}

#[tokio::test]
async fn a_stream_is_for_those_who_may_read_events_and_as_long_as_they_may() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let stream = server.get("/admin/events/stream");
    stream.send().await.refused(401, "missing_token");
    let stream = server.get("/admin/events/stream").bearer(&ada.access);
    stream.send().await.refused(403, "insufficient_scope");
    let key = server.key(&["admin:events:read"]).await;
    let odd = server
        .get("/admin/events/stream")
        .bearer(&key)
        .header("last-event-id", "nonsense");
    odd.send()
        .await
        .refused_at(400, "invalid_request", "Last-Event-ID");
    let mut stream = Stream::open(&server, &key, None).await;
    server.login("ada@example.com").await;
    assert_eq!(stream.next().await.unwrap().1["action"], "session.created");
    let keys = server
        .admin("GET", "/admin/apikeys?scope=admin:events:read&q=test", None)
        .await;
    let id = keys["data"][0]["id"].as_str().unwrap();
    server
        .admin("DELETE", &format!("/admin/apikeys/{id}"), None)
        .await;
    server.login("ada@example.com").await;
    assert!(stream.next().await.is_none(), "its key is dead");
}

#[tokio::test]
async fn a_credential_has_8_streams_and_all_together_64() {
    let server = Server::start();
    let refused = async |key: &str| {
        let call = server.get("/admin/events/stream").bearer(key);
        let reply = call.send().await;
        reply.refused(429, "rate_limited");
        assert_ne!(reply.header("retry-after"), "");
    };
    let mut open = Vec::new();
    for _ in 0..8 {
        let key = server.key(&["admin:events:read"]).await;
        for _ in 0..8 {
            open.push(Stream::open(&server, &key, None).await);
        }
        if open.len() == 8 {
            refused(&key).await;
        }
    }
    let ninth = server.key(&["admin:events:read"]).await;
    refused(&ninth).await;
    // All of them are told.
    server.register("ada@example.com").await;
    for stream in &mut open {
        while stream.next().await.unwrap().1["action"] != "user.registered" {}
    }
    // A reader that goes leaves its place to another, once the server has noticed.
    open.pop();
    let status = eventually("a place is free", async || {
        let call = server.get("/admin/events/stream").bearer(&ninth);
        let status = call.open().await.status().as_u16();
        (status != 429).then_some(status)
    });
    assert_eq!(status.await, 200);
}

#[tokio::test]
async fn a_stream_ends_with_the_server() {
    let mut server = Server::start();
    let operator = server.operator_key();
    let mut stream = Stream::open(&server, &operator, None).await;
    assert!(stream.more().await);
    let status = server.stop();
    assert!(status.success(), "{status}");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_refused_sign_in_of_nobody_shows_a_letter_and_the_domain() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let typed = [
        ("mallory@example.org", "m…@example.org"),
        (
            "\u{e9}va@b\u{fc}cher.example",
            "\u{e9}…@b\u{fc}cher.example",
        ),
        // A password in the wrong field.
        ("correct horse battery", ""),
        ("p@ssw0rd", ""),
        ("ada@example.com", ""),
    ];
    for (email, _) in typed {
        let body = json!({"email": email, "password": "wrong one"});
        server
            .post("/auth/login")
            .json(body)
            .send()
            .await
            .expect(401);
    }
    // A failure may be written after its answer.
    let path = "/admin/events?action=login.failed";
    let page = eventually("all failures are written", async || {
        let page = server.admin("GET", path, None).await;
        (page["pagination"]["total"] == typed.len()).then_some(page)
    })
    .await;
    let rows = page["data"].as_array().unwrap().iter();
    let mut details: Vec<_> = rows
        .map(|row| row["detail"].as_str().unwrap_or_default().to_owned())
        .collect();
    details.sort();
    let mut expected = typed.map(|(_, detail)| detail.to_owned());
    expected.sort();
    assert_eq!(details, expected);
}
