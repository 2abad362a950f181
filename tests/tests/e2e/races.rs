//! Races between concurrent requests.

use std::sync::Arc;

use doorward_tests::{PASSWORD, Reply, Server};
use serde_json::{Value, json};
use tokio::{sync::Barrier, task::JoinSet};

/// Makes the same call so many times at once; answers all replies.
async fn at_once(
    server: &Arc<Server>,
    times: usize,
    method: &'static str,
    path: &str,
    token: &str,
    body: Value,
) -> Vec<Reply> {
    let gate = Arc::new(Barrier::new(times));
    let mut calls = JoinSet::new();
    for _ in 0..times {
        let (server, gate, path, token, body) = (
            server.clone(),
            gate.clone(),
            path.to_owned(),
            token.to_owned(),
            body.clone(),
        );
        calls.spawn(async move {
            let call = server.call(method, &path);
            let call = if token.is_empty() {
                call
            } else {
                call.bearer(&token)
            };
            let call = if body.is_null() {
                call
            } else {
                call.json(body)
            };
            gate.wait().await;
            call.send().await
        });
    }
    calls.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_refreshes_of_one_token_one_wins_in_each_of_200_rounds() {
    // A long grace, so that no loser of a slow machine comes late enough to be a replay.
    let server = Server::with()
        .set("signing_algorithm", "EdDSA")
        .set("refresh_grace_seconds", 60)
        .start();
    let server = Arc::new(server);
    let mut token = server.register("ada@example.com").await.refresh;
    for round in 0..200 {
        let body = json!({"refreshToken": token});
        let replies = at_once(&server, 32, "POST", "/auth/refresh", "", body).await;
        let (won, lost): (Vec<_>, Vec<_>) =
            replies.into_iter().partition(|reply| reply.status == 200);
        assert_eq!(won.len(), 1, "round {round}");
        for reply in &lost {
            reply.refused(401, "token_revoked");
        }
        token = won[0].field("refreshToken");
    }
    // One session all along, and its one refresh token goes on.
    let last = server.refresh(&token).await.expect(200);
    server.me(&last.field("accessToken")).await.expect(200);
    let sessions = server
        .admin("GET", "/admin/sessions?active=true", None)
        .await;
    assert_eq!(sessions["pagination"]["total"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_grace_a_race_leaves_at_most_nothing_alive() {
    let server = Server::with()
        .set("signing_algorithm", "EdDSA")
        .set("refresh_grace_seconds", 0)
        .set("refresh_retry_seconds", 0)
        .start();
    let server = Arc::new(server);
    for round in 0..20 {
        let person = server.register(&format!("person{round}@example.com")).await;
        let body = json!({"refreshToken": person.refresh});
        let replies = at_once(&server, 8, "POST", "/auth/refresh", "", body).await;
        let won: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(won.len(), 1, "round {round}");
        // Its losers were replays: the winner's successor is dead as well.
        server
            .refresh(&won[0].field("refreshToken"))
            .await
            .refused(401, "token_revoked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_registered_once_however_many_ask() {
    let server = Arc::new(Server::with().set("signing_algorithm", "EdDSA").start());
    for round in 0..5 {
        let body = json!({"email": format!("person{round}@example.com"), "password": PASSWORD});
        let replies = at_once(&server, 8, "POST", "/auth/register", "", body).await;
        let made = replies.iter().filter(|reply| reply.status == 201).count();
        assert_eq!(made, 1, "round {round}");
        for reply in replies.iter().filter(|reply| reply.status != 201) {
            reply.refused(409, "email_taken");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_races_a_password_change_leaves_no_live_session() {
    // Hashes dear enough that the change falls into the middle of logins.
    let server = Server::with()
        .set("signing_algorithm", "EdDSA")
        .set("argon2_memory_kib", 2048)
        .set("password_checks_per_minute_per_ip", 0)
        .start();
    let server = Arc::new(server);
    let mut overtaken = 0;
    for round in 0..15 {
        let person = server.register(&format!("person{round}@example.com")).await;
        let body = json!({"email": person.email, "password": PASSWORD});
        let logins = at_once(&server, 6, "POST", "/auth/login", "", body);
        let path = format!("/admin/users/{}/password", person.id);
        let change = server.admin("POST", &path, Some(json!({"password": "another good one"})));
        let (logins, _) = tokio::join!(logins, change);
        for login in logins {
            if login.status == 200 {
                overtaken += 1;
                let me = server.me(&login.field("accessToken")).await;
                me.refused(401, "token_revoked");
                server
                    .refresh(&login.field("refreshToken"))
                    .await
                    .refused(401, "token_revoked");
            } else {
                login.refused(401, "invalid_credentials");
            }
        }
        let path = format!("/admin/sessions?userId={}&active=true", person.id);
        assert_eq!(
            server.admin("GET", &path, None).await["pagination"]["total"],
            0
        );
    }
    assert!(
        overtaken < 15 * 6,
        "no login was too late: the race is none"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_or_refresh_that_races_a_disabling_leaves_no_live_session() {
    let server = Server::with()
        .set("signing_algorithm", "EdDSA")
        .set("argon2_memory_kib", 2048)
        .set("password_checks_per_minute_per_ip", 0)
        .start();
    let server = Arc::new(server);
    for round in 0..15 {
        let person = server.register(&format!("person{round}@example.com")).await;
        let body = json!({"email": person.email, "password": PASSWORD});
        let logins = at_once(&server, 4, "POST", "/auth/login", "", body);
        let path = format!("/admin/users/{}", person.id);
        let disable = server.admin("PATCH", &path, Some(json!({"disabled": true})));
        let (logins, _, refreshed) = tokio::join!(logins, disable, server.refresh(&person.refresh));
        for reply in logins
            .iter()
            .chain([&refreshed])
            .filter(|reply| reply.status == 200)
        {
            let me = server.me(&reply.field("accessToken")).await;
            me.refused(401, "token_revoked");
            server
                .refresh(&reply.field("refreshToken"))
                .await
                .refused(401, "token_revoked");
        }
        let path = format!("/admin/sessions?userId={}&active=true", person.id);
        assert_eq!(
            server.admin("GET", &path, None).await["pagination"]["total"],
            0
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_answered_that_a_session_is_dead_finds_it_dead() {
    let server = Arc::new(Server::with().set("signing_algorithm", "EdDSA").start());
    for round in 0..10 {
        let person = server.register(&format!("person{round}@example.com")).await;
        // Readers all the while, so that a stale read has its chance to be remembered.
        let readers = at_once(&server, 8, "GET", "/auth/me", &person.access, Value::Null);
        let out = async {
            server
                .post("/auth/logout")
                .bearer(&person.access)
                .send()
                .await
                .expect(204);
            for _ in 0..5 {
                let me = server.me(&person.access).await;
                me.refused(401, "token_revoked");
            }
        };
        tokio::join!(readers, out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_rotated_once_and_a_mint_repeated_at_once_is_one() {
    let server = Arc::new(Server::with().set("signing_algorithm", "EdDSA").start());
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let path = format!("/apikey/{}/rotate", key["id"].as_str().unwrap());
    let replies = at_once(
        &server,
        8,
        "POST",
        &path,
        &ada.access,
        json!({"graceSeconds": 60}),
    )
    .await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        1
    );
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.refused(409, "conflict");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_at_the_same_moment_all_count() {
    let server = Server::with()
        .set("signing_algorithm", "EdDSA")
        .set("password_failures_per_account_and_ip", 5)
        .start();
    let server = Arc::new(server);
    server.register("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": "not my password"});
    let replies = at_once(&server, 20, "POST", "/auth/login", "", body).await;
    let checked = replies.iter().filter(|reply| reply.status == 401).count();
    let limited = replies.iter().filter(|reply| reply.status == 429).count();
    // More than twice the cores may be too many at once, which counts as nothing.
    assert!(checked <= 5, "{checked} were checked");
    assert_eq!(
        checked + limited + replies.iter().filter(|reply| reply.status == 503).count(),
        20
    );
}
