//! `/admin/blocks`: nobody signs in or up from a blocked network, and everything else goes on.

use doorward_tests::{
    Call, PASSWORD, Reply, Server, Totp, browser::form, eventually, fields, is_id,
};
use serde_json::{Value, json};

const NETWORK: &str = "203.0.113.0/24";
const INSIDE: &str = "203.0.113.77";
const OUTSIDE: &str = "203.0.114.1";

/// A server behind a proxy on this machine, with mail switched off.
fn server() -> Server {
    Server::with()
        .set("trusted_proxies", "[\"127.0.0.1/32\"]")
        .set("issuer", "http://localhost:8123")
        .start()
}

async fn block(server: &Server, network: &str) -> Value {
    let body = json!({"network": network, "reason": "a flood"});
    server.admin("POST", "/admin/blocks", Some(body)).await
}

async fn lift(server: &Server, block: &Value) {
    let path = format!("/admin/blocks/{}", block["id"].as_str().unwrap());
    server.admin("DELETE", &path, None).await;
}

fn from(call: Call, ip: &str) -> Call {
    call.header("X-Forwarded-For", ip)
}

/// Each door that signs in or up, or has a mail sent, with its call.
fn doors() -> Vec<(&'static str, Value)> {
    let key = json!({"id": "AA", "rawId": "AA", "type": "public-key", "response": {
        "clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}});
    vec![
        (
            "/auth/login",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        ),
        (
            "/auth/register",
            json!({"email": "eve@example.com", "password": PASSWORD}),
        ),
        ("/auth/password/forgot", json!({"email": "ada@example.com"})),
        (
            "/auth/mfa",
            json!({"mfaToken": "mfa_unknown", "code": "000000"}),
        ),
        (
            "/auth/passkey",
            json!({"state": "unknown", "credential": key}),
        ),
    ]
}

#[tokio::test]
async fn every_door_is_shut_from_inside_and_open_from_outside_until_the_block_is_lifted() {
    let server = server();
    server.register("ada@example.com").await;
    let made = block(&server, NETWORK).await;
    for (path, body) in doors() {
        let call = from(server.post(path), INSIDE).json(body.clone());
        call.send().await.refused(403, "blocked");
        let outside = from(server.post(path), OUTSIDE).json(body).send().await;
        assert_ne!(outside.status, 403, "{path}: {}", outside.text());
    }
    lift(&server, &made).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let call = from(server.post("/auth/login"), INSIDE).json(body);
    call.send().await.expect(200);
}

#[tokio::test]
async fn a_sign_in_that_was_under_way_ends_at_its_second_step() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let begin = server.post("/auth/mfa/totp").bearer(&ada.access);
    let setup = begin.json(json!({"password": PASSWORD})).send().await;
    let totp = Totp::new(&setup.expect(200).field("secret"));
    let confirm = server.post("/auth/mfa/totp/confirm").bearer(&ada.access);
    let body = json!({"code": totp.code(0)});
    confirm.json(body).send().await.expect(200);
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let begun = from(server.post("/auth/login"), INSIDE).json(body);
    let token = begun.send().await.expect(401).json()["mfaToken"].clone();
    let made = block(&server, INSIDE).await;
    assert_eq!(made["network"], format!("{INSIDE}/32"));
    let body = json!({"mfaToken": token, "code": totp.code(1)});
    let step = || from(server.post("/auth/mfa"), INSIDE).json(body.clone());
    step().send().await.refused(403, "blocked");
    lift(&server, &made).await;
    // The try was not counted, and the token is as good as before.
    step().send().await.expect(200);
}

#[tokio::test]
async fn what_is_signed_in_goes_on_inside() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    block(&server, NETWORK).await;
    let me = |token: &str| from(server.get("/auth/me"), INSIDE).bearer(token);
    me(&ada.access).send().await.expect(200);
    let key = key["key"].as_str().unwrap();
    me(key).send().await.expect(200);
    let refresh = json!({"refreshToken": ada.refresh});
    let call = from(server.post("/auth/refresh"), INSIDE).json(refresh);
    call.send().await.expect(200);
    let verify = server.post("/apikey/verify").bearer(&server.operator_key());
    let verify = from(verify, INSIDE).json(json!({"key": key}));
    assert_eq!(verify.send().await.expect(200).json()["valid"], true);
}

#[tokio::test]
async fn a_blocked_try_is_no_failure_of_the_account_and_is_told_apart() {
    let server = server();
    server.register("ada@example.com").await;
    let made = block(&server, NETWORK).await;
    let wrong = json!({"email": "ada@example.com", "password": "not the password"});
    for _ in 0..12 {
        let call = from(server.post("/auth/login"), INSIDE).json(wrong.clone());
        call.send().await.refused(403, "blocked");
    }
    let right = json!({"email": "ada@example.com", "password": PASSWORD});
    let call = from(server.post("/auth/login"), OUTSIDE).json(right);
    call.send().await.expect(200);
    let events = async |action: &str| {
        let path = format!("/admin/events?action={action}");
        server.admin("GET", &path, None).await["data"].clone()
    };
    let blocked = eventually("an event of the blocked tries", async || {
        let told = events("login.blocked").await;
        (told != json!([])).then_some(told)
    });
    let blocked = blocked.await;
    assert_eq!(blocked[0]["ip"], INSIDE);
    assert_eq!(blocked[0]["cause"], "the network is blocked");
    assert_eq!(events("login.failed").await, json!([]));
    let stats = server.admin("GET", "/admin/stats", None).await;
    assert_eq!(
        (&stats["failingNetworks"], &stats["failingAccounts"]),
        (&json!([]), &json!([])),
        "{stats}"
    );
    lift(&server, &made).await;
}

#[tokio::test]
async fn the_trusted_proxy_is_none_to_block() {
    let server = server();
    for network in ["127.0.0.1", "127.0.0.0/8", "::ffff:127.0.0.1"] {
        let body = json!({"network": network, "reason": "a flood"});
        let call = server.post("/admin/blocks").bearer(&server.operator_key());
        let refused = from(call, OUTSIDE).json(body).send().await;
        refused.refused_at(422, "validation_failed", "network");
        let message = refused.json()["error"]["message"].to_string();
        assert!(message.contains("127.0.0.1/32"), "{message}");
    }
    block(&server, "192.0.2.0/24").await;
}

#[tokio::test]
async fn pages_say_so_too() {
    let server = server();
    server.register("ada@example.com").await;
    block(&server, NETWORK).await;
    let browser = server.browser();
    for (path, fields) in [
        (
            "/sign-in",
            vec![("email", "ada@example.com"), ("password", PASSWORD)],
        ),
        (
            "/sign-up",
            vec![("email", "eve@example.com"), ("password", PASSWORD)],
        ),
    ] {
        let page = browser.open(path).await.expect(200);
        let mut form = form(&page, path);
        for (name, value) in fields {
            form = form.with(name, value);
        }
        let pairs: Vec<_> = form
            .fields
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        let call = from(server.post(&form.action).form(&pairs), INSIDE);
        let answer: Reply = browser.send(call).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        assert!(
            answer.text().contains("blocked from your network"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_operators_own_address_is_spared() {
    let server = server();
    server.register("ada@example.com").await;
    let body = json!({"network": NETWORK, "reason": "a flood"});
    let call = server.post("/admin/blocks").bearer(&server.operator_key());
    from(call, INSIDE).json(body).send().await.expect(201);
    let login = |ip: &str| {
        let body = json!({"email": "ada@example.com", "password": PASSWORD});
        from(server.post("/auth/login"), ip).json(body)
    };
    login(INSIDE).send().await.expect(200);
    login("203.0.113.78").send().await.refused(403, "blocked");
}

#[tokio::test]
async fn blocks_survive_a_restart_are_listed_and_leave_events() {
    let mut server = server();
    server.register("ada@example.com").await;
    let made = block(&server, NETWORK).await;
    assert_eq!(fields(&made), "createdAt createdBy id network reason until");
    assert!(is_id(&made["id"], "block_"), "{made}");
    server.stop();
    server.start_again();
    let list = server.admin("GET", "/admin/blocks", None).await;
    assert_eq!(list["data"], json!([made]));
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let login = || from(server.post("/auth/login"), INSIDE).json(body.clone());
    login().send().await.refused(403, "blocked");
    lift(&server, &made).await;
    login().send().await.expect(200);
    for (action, target) in [("network.blocked", NETWORK), ("network.unblocked", NETWORK)] {
        let path = format!("/admin/events?action={action}");
        let events = server.admin("GET", &path, None).await;
        assert_eq!(events["data"][0]["target"], target, "{events}");
        let detail = events["data"][0]["detail"].as_str().unwrap_or_default();
        assert_eq!(
            detail.ends_with("Z, but for 127.0.0.1: a flood"),
            action == "network.blocked",
            "{detail}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_blocked_is_refused_with_its_field() {
    let server = server();
    let post = |body: Value| {
        let call = server.post("/admin/blocks").bearer(&server.operator_key());
        call.json(body)
    };
    for (body, field) in [
        (
            json!({"network": "203.0.113.0/33", "reason": "x"}),
            "network",
        ),
        (json!({"network": "example.com", "reason": "x"}), "network"),
        (json!({"network": NETWORK, "reason": " "}), "reason"),
        (
            json!({"network": NETWORK, "reason": "x".repeat(201)}),
            "reason",
        ),
        (
            json!({"network": NETWORK, "reason": "x", "until": "2020-01-01T00:00:00Z"}),
            "until",
        ),
        (
            json!({"network": NETWORK, "reason": "x", "until": "2999-01-01T00:00:00Z"}),
            "until",
        ),
    ] {
        let answer = post(body.clone()).send().await;
        answer.refused_at(422, "validation_failed", field);
    }
    post(json!({"network": NETWORK}))
        .send()
        .await
        .refused(400, "invalid_request");
    post(json!({"network": NETWORK, "reason": "x"}))
        .send()
        .await
        .expect(201);
    // The same network in another spelling.
    let again = json!({"network": "203.0.113.9/24", "reason": "x"});
    post(again).send().await.refused(409, "conflict");
    let call = server.call("DELETE", "/admin/blocks/block_01arz3ndektsv4rrffq69g5fav");
    call.bearer(&server.operator_key())
        .send()
        .await
        .refused(404, "not_found");
    let ada = server.register("ada@example.com").await;
    let call = server.get("/admin/blocks").bearer(&ada.access);
    call.send().await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn what_keeps_everybody_out_needs_more_and_ones_own_address_is_spared() {
    let server = server();
    let key = json!({"name": "helpdesk", "scopes": ["admin:sessions"]});
    let key = server.admin("POST", "/admin/apikeys", Some(key)).await;
    let helpdesk = key["key"].as_str().unwrap();
    let ask = async |token: &str, network: &str| {
        let body = json!({"network": network, "reason": "a flood"});
        let call = server.post("/admin/blocks").bearer(token);
        from(call, INSIDE).json(body).send().await
    };
    let operator = server.operator_key();
    for wide in ["0.0.0.0/0", "10.0.0.0/15", "::/0", "2001:db8::/31"] {
        let refused = ask(helpdesk, wide).await;
        refused.refused(403, "insufficient_scope");
    }
    for (token, network, kept) in [
        (helpdesk, "10.1.0.0/16", "10.1.0.0/16"),
        (helpdesk, "2001:db8::7", "2001:db8::/64"),
        (operator.as_str(), "128.0.0.0/1", "128.0.0.0/1"),
    ] {
        let made = ask(token, network).await.expect(201);
        assert_eq!(made.field("network"), kept);
    }
    // A block of one's own address is made, and spares it.
    let own = ask(&operator, INSIDE).await.expect(201);
    assert_eq!(own.field("network"), format!("{INSIDE}/32"));
    server.register("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let login = from(server.post("/auth/login"), INSIDE).json(body);
    login.send().await.expect(200);
    // From a blocked network no password is set by a link either.
    let inside = from(server.post("/auth/password/reset"), "128.1.2.3");
    let body = json!({"token": "link_unknown", "newPassword": PASSWORD});
    inside
        .json(body.clone())
        .send()
        .await
        .refused(403, "blocked");
    let outside = from(server.post("/auth/password/reset"), "9.9.9.9");
    outside
        .json(body)
        .send()
        .await
        .refused(401, "invalid_token");
}

#[tokio::test]
async fn blocks_around_an_address_are_found_by_it_and_say_whom_they_spare() {
    let server = server();
    for n in 0..110 {
        block(&server, &format!("198.51.{n}.0/24")).await;
    }
    let call = from(server.post("/admin/blocks"), INSIDE).bearer(&server.operator_key());
    let body = json!({"network": NETWORK, "reason": "a flood"});
    let made = call.json(body).send().await.expect(201);
    let around = async |ip: &str| {
        let path = format!("/admin/blocks?ip={ip}");
        server.admin("GET", &path, None).await
    };
    for ip in [INSIDE, "::ffff:203.0.113.5"] {
        let found = around(ip).await;
        assert_eq!(found["pagination"]["total"], 1, "{found}");
        assert_eq!(found["data"][0]["id"], made.field("id"));
        assert_eq!(found["data"][0]["spares"], format!("{INSIDE}/32"));
    }
    assert_eq!(around("198.51.3.9").await["pagination"]["total"], 1);
    assert_eq!(around(OUTSIDE).await["data"], json!([]));
    let call = server.get("/admin/blocks").bearer(&server.operator_key());
    call.query(&[("ip", "198.51.3.0/24")])
        .send()
        .await
        .refused_at(400, "invalid_request", "ip");
}
