//! Limits per account: live sessions, live keys, and the rate of changes.

use doorward_tests::{
    Options, Person, Reply, Server,
    browser::{form, request},
    eventually,
};
use serde_json::{Value, json};

fn with(sessions: u32, keys: u32, writes: u32) -> Options {
    Server::with()
        .set("sessions_per_account", sessions)
        .set("api_keys_per_account", keys)
        .set("writes_per_minute_per_account", writes)
}

async fn mint(server: &Server, token: &str) -> Reply {
    let body = json!({"name": "k", "scopes": ["read"]});
    server.post("/apikey").bearer(token).json(body).send().await
}

async fn live_sessions(server: &Server, person: &Person) -> u64 {
    let path = format!("/admin/sessions?active=true&userId={}", person.id);
    server.admin("GET", &path, None).await["pagination"]["total"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn one_session_more_ends_the_least_recently_used() {
    let server = with(3, 0, 0).start();
    let first = server.register("ada@example.com").await;
    let second = server.login("ada@example.com").await;
    let third = server.login("ada@example.com").await;
    // The first is used, and the third by a refresh: the second is the one that was not.
    server.me(&first.access).await.expect(200);
    let refresh = json!({"refreshToken": third.refresh});
    server
        .post("/auth/refresh")
        .json(refresh)
        .send()
        .await
        .expect(200);
    let fourth = server.login("ada@example.com").await;
    server
        .me(&second.access)
        .await
        .refused(401, "token_revoked");
    let refresh = json!({"refreshToken": second.refresh});
    let refused = server.post("/auth/refresh").json(refresh).send().await;
    refused.refused(401, "token_revoked");
    for person in [&first, &third, &fourth] {
        server.me(&person.access).await.expect(200);
    }
    let evicted = server.events("session.evicted").await;
    assert_eq!(evicted.len(), 1);
    assert_eq!(evicted[0]["userId"], *first.id);
    assert_eq!(live_sessions(&server, &first).await, 3);
}

#[tokio::test]
async fn the_cap_of_sessions_is_exact_when_many_sign_in_at_once() {
    let server = with(3, 0, 0).start();
    let ada = server.register("ada@example.com").await;
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let body = json!({"email": ada.email, "password": doorward_tests::PASSWORD});
        logins.spawn(server.post("/auth/login").json(body).send());
    }
    for login in logins.join_all().await {
        login.expect(200);
    }
    assert_eq!(live_sessions(&server, &ada).await, 3);
    assert_eq!(server.events("session.evicted").await.len(), 14);
}

#[tokio::test]
async fn an_account_from_before_its_cap_comes_down_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = with(0, 0, 0).data_dir(directory.path()).start();
    let ada = server.register("ada@example.com").await;
    for _ in 0..9 {
        server.login("ada@example.com").await;
    }
    assert_eq!(live_sessions(&server, &ada).await, 10);
    server.stop();
    let server = with(2, 0, 0).data_dir(directory.path()).start();
    server.login("ada@example.com").await;
    assert_eq!(live_sessions(&server, &ada).await, 2);
}

#[tokio::test]
async fn one_key_more_is_refused_at_every_door() {
    let server = with(0, 2, 0).start();
    let ada = server.register("ada@example.com").await;
    let key = mint(&server, &ada.access).await.expect(201).json();
    mint(&server, &ada.access).await.expect(201);
    mint(&server, &ada.access).await.refused(409, "conflict");
    let body = json!({"name": "k", "scopes": ["read"], "ownerId": ada.id});
    let operator = server.operator_key();
    let call = server.post("/admin/apikeys").bearer(&operator);
    call.json(body).send().await.refused(409, "conflict");
    // With a grace both would live; without one it fits.
    let path = format!("/apikey/{}/rotate", key["id"].as_str().unwrap());
    let rotate = |grace: u32| {
        let call = server.post(&path).bearer(&ada.access);
        call.json(json!({"graceSeconds": grace})).send()
    };
    rotate(60).await.refused(409, "conflict");
    server.me(key["key"].as_str().unwrap()).await.expect(200);
    let rotated = rotate(0).await.expect(201).json();
    server
        .me(key["key"].as_str().unwrap())
        .await
        .refused(401, "token_revoked");
    let path = format!("/apikey/{}", rotated["id"].as_str().unwrap());
    server
        .delete(&path)
        .bearer(&ada.access)
        .send()
        .await
        .expect(204);
    mint(&server, &ada.access).await.expect(201);
}

#[tokio::test]
async fn the_cap_of_keys_is_exact_when_many_are_minted_at_once() {
    let server = with(0, 5, 0).start();
    let ada = server.register("ada@example.com").await;
    let mut mints = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let body = json!({"name": "k", "scopes": ["read"]});
        mints.spawn(server.post("/apikey").bearer(&ada.access).json(body).send());
    }
    let replies = mints.join_all().await;
    let count = |status| {
        replies
            .iter()
            .filter(|reply| reply.status == status)
            .count()
    };
    assert_eq!((count(201), count(409)), (5, 11));
}

#[tokio::test]
async fn changes_are_counted_refused_ones_too_and_past_the_limit_nothing_is_done() {
    let server = with(0, 0, 6).start();
    let ada = server.register("ada@example.com").await;
    let other = server.login("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let patch = |person: &Person, body: Value| {
        let call = server.patch("/auth/me").bearer(&person.access);
        call.json(body).send()
    };
    patch(&ada, json!({"firstName": "Ada"})).await.expect(200);
    patch(&ada, json!({"nonsense": 1})).await.expect(400);
    mint(&server, &ada.access).await.expect(201);
    let refresh = json!({"refreshToken": ada.refresh});
    server
        .post("/auth/refresh")
        .json(refresh)
        .send()
        .await
        .expect(200);
    server
        .delete("/auth/sessions/ses_00000000000000000000000000")
        .bearer(&ada.access)
        .send()
        .await
        .expect(404);
    let wrong = json!({"currentPassword": "wrong horse", "newPassword": "another horse battery"});
    server
        .post("/auth/password")
        .bearer(&ada.access)
        .json(wrong)
        .send()
        .await
        .expect(401);
    // The minute's six are used up, at every door and with every credential of hers.
    let refused = patch(&ada, json!({"firstName": "Eve"})).await;
    refused.refused(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    mint(&server, &other.access)
        .await
        .refused(429, "rate_limited");
    let refresh = json!({"refreshToken": other.refresh});
    let refused = server.post("/auth/refresh").json(refresh).send().await;
    refused.refused(429, "rate_limited");
    // Reading, signing out and in, what others and operators do: none of it is a change of hers.
    let name = server.me(&ada.access).await.expect(200).json();
    assert_eq!(name["firstName"], "Ada");
    patch(&bob, json!({"firstName": "Bob"})).await.expect(200);
    let path = format!("/admin/users/{}", ada.id);
    server
        .admin("PATCH", &path, Some(json!({"lastName": "Lovelace"})))
        .await;
    server
        .post("/auth/logout")
        .bearer(&other.access)
        .send()
        .await
        .expect(204);
    server.login("ada@example.com").await;
}

#[tokio::test]
async fn refreshes_at_the_token_endpoint_are_counted_too() {
    let server = with(0, 0, 2).start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let asked = request(&app, &[("scope", "openid offline_access")]);
    let code = server.browser().code("ada@example.com", &asked).await;
    let mut given = server.redeem(&app, &code).await.expect(200);
    for status in [200, 200, 429] {
        let token = given.field("refresh_token");
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", &token)];
        let call = server.post("/oauth/token").basic(&app.id, &app.secret);
        let used = call.form(&pairs).send().await.expect(status);
        if status == 429 {
            assert!(!used.header("retry-after").is_empty());
        } else {
            given = used;
        }
    }
}

#[tokio::test]
async fn changes_on_the_pages_are_counted_too() {
    let server = with(0, 0, 2).start();
    let ada = server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    for name in ["Ada", "Augusta"] {
        let page = browser.open("/account").await.expect(200);
        let change = form(&page, "/account/profile").with("firstName", name);
        browser.submit(&change).await.expect(303);
    }
    let page = browser.open("/account").await.expect(200);
    let change = form(&page, "/account/profile").with("firstName", "Eve");
    let refused = browser.submit(&change).await.expect(429);
    assert!(!refused.header("retry-after").is_empty());
    let now = server.me(&ada.access).await.expect(200).json();
    assert_eq!(now["firstName"], "Augusta");
}

#[tokio::test]
async fn one_credential_has_eight_streams() {
    let server = Server::start();
    let (operator, other) = (
        server.operator_key(),
        server.key(&["admin:events:read"]).await,
    );
    let mut open = Vec::new();
    for _ in 0..8 {
        let stream = server
            .get("/admin/events/stream")
            .bearer(&operator)
            .open()
            .await;
        assert_eq!(stream.status().as_u16(), 200);
        open.push(stream);
    }
    let ninth = server
        .get("/admin/events/stream")
        .bearer(&operator)
        .send()
        .await;
    ninth.refused(429, "rate_limited");
    assert!(!ninth.header("retry-after").is_empty());
    let stream = server
        .get("/admin/events/stream")
        .bearer(&other)
        .open()
        .await;
    assert_eq!(stream.status().as_u16(), 200);
    // Readers that have gone hold no place until the next heartbeat.
    let left = std::time::Instant::now();
    drop(open);
    let again = eventually("a place is free", async || {
        let call = server.get("/admin/events/stream").bearer(&operator);
        let stream = call.open().await;
        (stream.status().as_u16() == 200).then_some(stream)
    });
    again.await;
    assert!(left.elapsed().as_secs() < 9, "{:?}", left.elapsed());
}
