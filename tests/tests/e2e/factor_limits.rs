//! Second factors under attack: many codes at once are counted as one by one.

use doorward_tests::{PASSWORD, Person, Server, Totp};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const AT_ONCE: usize = 16;

async fn with_totp(server: &Server, person: &Person) -> Totp {
    let begin = server.post("/auth/mfa/totp").bearer(&person.access);
    let setup = begin.json(json!({"password": PASSWORD})).send().await;
    let totp = Totp::new(&setup.expect(200).field("secret"));
    let confirm = server.post("/auth/mfa/totp/confirm").bearer(&person.access);
    let body = json!({"code": totp.code(0)});
    confirm.json(body).send().await.expect(200);
    totp
}

/// Makes a call many times at once; answers how often each status came.
async fn raced(server: &Server, call: (&str, &str), token: &str, body: Value) -> Vec<(u16, usize)> {
    let mut calls = JoinSet::new();
    for _ in 0..AT_ONCE {
        let call = server.call(call.0, call.1).bearer(token).json(body.clone());
        calls.spawn(call.send());
    }
    let mut statuses: Vec<u16> = calls
        .join_all()
        .await
        .iter()
        .map(|reply| reply.status)
        .collect();
    statuses.sort_unstable();
    let mut counted: Vec<(u16, usize)> = Vec::new();
    for status in statuses {
        match counted.last_mut() {
            Some((last, count)) if *last == status => *count += 1,
            _ => counted.push((status, 1)),
        }
    }
    counted
}

#[tokio::test]
async fn wrong_codes_beside_a_right_password_are_counted_one_by_one_however_many_come_at_once() {
    let server = Server::with()
        .set("password_failures_per_account_and_ip", 6)
        .start();
    let ada = server.register("ada@example.com").await;
    with_totp(&server, &ada).await;
    let body = json!({"password": PASSWORD, "code": "000000"});
    let statuses = raced(&server, ("DELETE", "/auth/mfa/totp"), &ada.access, body).await;
    assert_eq!(statuses, [(401, 6), (429, AT_ONCE - 6)]);
}

#[tokio::test]
async fn a_set_up_survives_five_wrong_codes_however_many_come_at_once() {
    let server = Server::with()
        .set("password_failures_per_account_and_ip", 0)
        .start();
    let ada = server.register("ada@example.com").await;
    let begin = server.post("/auth/mfa/totp").bearer(&ada.access);
    begin
        .json(json!({"password": PASSWORD}))
        .send()
        .await
        .expect(200);
    let body = json!({"code": "000000"});
    let confirm = ("POST", "/auth/mfa/totp/confirm");
    let statuses = raced(&server, confirm, &ada.access, body).await;
    assert_eq!(statuses, [(401, 5), (409, AT_ONCE - 5)]);
}

#[tokio::test]
async fn a_code_that_is_shown_many_times_at_once_signs_in_once() {
    let server = Server::with()
        .set("password_failures_per_account_and_ip", 0)
        .set("password_failures_per_account", 0)
        .start();
    let ada = server.register("ada@example.com").await;
    let totp = with_totp(&server, &ada).await;
    let mut tokens = Vec::new();
    for _ in 0..AT_ONCE {
        let body = json!({"email": "ada@example.com", "password": PASSWORD});
        let step = server.post("/auth/login").json(body).send().await;
        tokens.push(step.expect(401).json()["mfaToken"].clone());
    }
    let mut calls = JoinSet::new();
    for token in tokens {
        let body = json!({"mfaToken": token, "code": totp.code(1)});
        calls.spawn(server.post("/auth/mfa").json(body).send());
    }
    let replies = calls.join_all().await;
    let opened = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(
        opened,
        1,
        "{:?}",
        replies.iter().map(|reply| reply.status).collect::<Vec<_>>()
    );
}
