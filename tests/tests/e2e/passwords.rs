//! Passwords: which are taken, how they change, and that nothing tells who has an account.

use std::time::{Duration, Instant};

use doorward_tests::{PASSWORD, Person, Reply, Server};
use serde_json::json;

async fn sign_in(server: &Server, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    server.post("/auth/login").json(body).send().await
}

async fn change(server: &Server, by: &Person, current: &str, new: &str) -> Reply {
    let body = json!({"currentPassword": current, "newPassword": new});
    let call = server.post("/auth/password").bearer(&by.access).json(body);
    call.send().await
}

#[tokio::test]
async fn a_password_that_is_asked_for_again_is_refused_at_its_field() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let wrong = "correct horse battery stable";
    let changed = change(&server, &ada, wrong, "another good one").await;
    changed.refused_at(401, "invalid_credentials", "currentPassword");
    for (method, path) in [
        ("DELETE", "/auth/me"),
        ("POST", "/auth/mfa/totp"),
        ("POST", "/auth/mfa/recovery-codes"),
    ] {
        let call = server.call(method, path).bearer(&ada.access);
        let refused = call.json(json!({"password": wrong})).send().await;
        refused.refused_at(401, "invalid_credentials", "password");
    }
    // Who is not signed in is not told which of the two is wrong.
    let refused = sign_in(&server, "ada@example.com", wrong).await;
    refused.refused(401, "invalid_credentials");
    assert_eq!(refused.json()["error"]["field"], json!(null));
}

#[tokio::test]
async fn passwords_are_8_characters_to_1024_bytes_and_taken_as_they_are() {
    let server = Server::start();
    let good = [
        "8 chars!".to_owned(),
        "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}".to_owned(),
        "z".repeat(1024),
        format!("{}\u{e9}", "z".repeat(1022)),
        "  leading and trailing  ".to_owned(),
        "nul \u{0} inside".to_owned(),
        "\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}".to_owned(),
    ];
    for (at, password) in good.iter().enumerate() {
        let email = format!("good{at}@example.com");
        let body = json!({"email": email, "password": password});
        server
            .post("/auth/register")
            .json(body)
            .send()
            .await
            .expect(201);
        sign_in(&server, &email, password).await.expect(200);
        let longer = format!("{password} ");
        sign_in(&server, &email, &longer)
            .await
            .refused(401, "invalid_credentials");
    }
    let trimmed = sign_in(&server, "good4@example.com", "leading and trailing").await;
    trimmed.refused(401, "invalid_credentials");
    let cut = sign_in(&server, "good2@example.com", &"z".repeat(1023)).await;
    cut.refused(401, "invalid_credentials");
    let bad = [
        String::new(),
        "7 chars".to_owned(),
        "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}".to_owned(),
        "z".repeat(1025),
        format!("{}\u{e9}", "z".repeat(1023)),
        "password".to_owned(),
        "Password1".to_owned(),
        "12345678".to_owned(),
        "qwertyuiop".to_owned(),
        "iloveyou1".to_owned(),
    ];
    for password in &bad {
        let body = json!({"email": "bad@example.com", "password": password});
        let refused = server.post("/auth/register").json(body).send().await;
        refused.refused_at(422, "validation_failed", "password");
    }
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let server = Server::start();
    let other = server.register("ada@example.com").await;
    let this = server.login("ada@example.com").await;
    let key = server.key_of(&this, &["read"]).await;
    change(&server, &this, PASSWORD, "another good one")
        .await
        .expect(204);
    let me = async |token: &str| server.me(token).await;
    me(&this.access).await.expect(200);
    me(&other.access).await.refused(401, "token_revoked");
    for (token, status) in [(&this.refresh, 200), (&other.refresh, 401)] {
        let body = json!({"refreshToken": token});
        server
            .post("/auth/refresh")
            .json(body)
            .send()
            .await
            .expect(status);
    }
    me(key["key"].as_str().unwrap()).await.expect(200);
    sign_in(&server, "ada@example.com", PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    sign_in(&server, "ada@example.com", "another good one")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_must_be_good() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let other = server.login("ada@example.com").await;
    change(&server, &ada, "not my password", "another good one")
        .await
        .refused(401, "invalid_credentials");
    for bad in ["short", "password", &"z".repeat(1025)] {
        change(&server, &ada, PASSWORD, bad).await.refused_at(
            422,
            "validation_failed",
            "newPassword",
        );
    }
    let me = server.me(&other.access).await;
    me.expect(200);
    sign_in(&server, "ada@example.com", PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_disabled_account_shows_only_to_its_password() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    server
        .admin("PATCH", &path, Some(json!({"disabled": true})))
        .await;
    sign_in(&server, "ada@example.com", "not my password")
        .await
        .refused(401, "invalid_credentials");
    let told = sign_in(&server, "ada@example.com", PASSWORD).await;
    told.refused(403, "account_disabled");
    assert!(told.header("www-authenticate").starts_with("Bearer"));
    server
        .admin("PATCH", &path, Some(json!({"disabled": false})))
        .await;
    sign_in(&server, "ada@example.com", PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn an_account_without_a_password_lets_nobody_in() {
    let server = Server::start();
    let body = json!({"email": "ada@example.com"});
    server.admin("POST", "/admin/users", Some(body)).await;
    for password in ["", PASSWORD] {
        sign_in(&server, "ada@example.com", password)
            .await
            .refused(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn unknown_email_wrong_password_and_disabled_account_cost_the_same() {
    // The real cost of a hash, so that leaving it out would show in any noise.
    let server = Server::with_defaults()
        .set("password_failures_per_account_and_ip", 0)
        .set("password_checks_per_minute_per_ip", 0)
        .start();
    server.register("ada@example.com").await;
    let off = server.register("off@example.com").await;
    let path = format!("/admin/users/{}", off.id);
    server
        .admin("PATCH", &path, Some(json!({"disabled": true})))
        .await;
    let nobody = json!({"email": "new@example.com"});
    server.admin("POST", "/admin/users", Some(nobody)).await;
    let cases = [
        ("wrong password", "ada@example.com", "not my password", 401),
        ("unknown email", "bob@example.com", PASSWORD, 401),
        ("disabled, wrong", "off@example.com", "not my password", 401),
        ("disabled, right", "off@example.com", PASSWORD, 403),
        ("no password set", "new@example.com", PASSWORD, 401),
    ];
    // The cheapest of many tries, taken in turn: noise only ever adds, and comes to all alike.
    let mut cheapest = [Duration::MAX; 5];
    for _ in 0..15 {
        for (best, (_, email, password, status)) in cheapest.iter_mut().zip(cases) {
            let from = Instant::now();
            let reply = sign_in(&server, email, password).await;
            *best = from.elapsed().min(*best);
            reply.expect(status);
        }
    }
    for (cost, (what, ..)) in cheapest.iter().zip(cases) {
        let (low, high) = (cheapest[0].min(*cost), cheapest[0].max(*cost));
        assert!(high < low.mul_f64(2.0), "{what}: {cheapest:?}");
    }
}

#[tokio::test]
async fn a_password_is_one_however_its_letters_are_composed() {
    let server = Server::start();
    let (composed, decomposed) = (
        "p\u{e4}ssw\u{f6}rter f\u{fc}r alle",
        "pa\u{308}sswo\u{308}rter fu\u{308}r alle",
    );
    for (email, first, then) in [
        ("a@example.com", composed, decomposed),
        ("b@example.com", decomposed, composed),
    ] {
        let body = json!({"email": email, "password": first});
        server
            .post("/auth/register")
            .json(body)
            .send()
            .await
            .expect(201);
        sign_in(&server, email, then).await.expect(200);
        sign_in(&server, email, first).await.expect(200);
        let plain = "passworter fur alle";
        sign_in(&server, email, plain)
            .await
            .refused(401, "invalid_credentials");
    }
    // Letters are counted as they are hashed: seven of them, though fourteen code points were typed.
    let short = json!({"email": "c@example.com", "password": "u\u{308}".repeat(7)});
    let refused = server.post("/auth/register").json(short).send().await;
    refused.refused_at(422, "validation_failed", "password");
}

#[tokio::test]
async fn threads_that_hash_stand_below_the_rest() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let (mut hashing, mut rest) = (Vec::new(), Vec::new());
    for task in std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap() {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        // The name stands in brackets; `nice` is the 17th field after it, proc(5).
        let (name, fields) = stat.rsplit_once(") ").unwrap();
        let nice: i32 = fields.split(' ').nth(16).unwrap().parse().unwrap();
        let hashes = name.ends_with("(doorward-argon2");
        if hashes { &mut hashing } else { &mut rest }.push(nice);
    }
    assert!(
        !hashing.is_empty() && rest.len() > 4,
        "{hashing:?} {rest:?}"
    );
    assert!(
        hashing.iter().min() > rest.iter().max(),
        "{hashing:?} {rest:?}"
    );
}
