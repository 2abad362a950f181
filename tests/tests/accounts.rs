//! Signing up, in and out: `/auth`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should panic"
)]

use doorward_tests::{PASSWORD, Server};
use serde_json::json;

#[tokio::test]
async fn a_newcomer_signs_up_in_and_out_for_good() {
    let server = Server::start();
    let signed_up = server.register("ada@example.com").await;
    let me = server
        .get("/auth/me")
        .bearer(&signed_up.access)
        .send()
        .await
        .expect(200);
    assert_eq!(me.json()["email"], "ada@example.com");

    let signed_in = server.login("ada@example.com").await;
    server
        .post("/auth/logout")
        .bearer(&signed_in.access)
        .send()
        .await
        .expect(204);

    let after = server
        .get("/auth/me")
        .bearer(&signed_in.access)
        .send()
        .await;
    after.refused(401, "token_revoked");
    let body = json!({"refreshToken": signed_in.refresh});
    let refresh = server.post("/auth/refresh").json(body).send().await;
    refresh.refused(401, "token_revoked");
    // The session of the registration goes on.
    server
        .get("/auth/me")
        .bearer(&signed_up.access)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn wrong_password_and_unknown_email_are_told_alike() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let mut bodies = Vec::new();
    for (email, password) in [
        ("ada@example.com", "wrong horse battery"),
        ("bob@example.com", PASSWORD),
    ] {
        let body = json!({"email": email, "password": password});
        let reply = server.post("/auth/login").json(body).send().await;
        reply.refused(401, "invalid_credentials");
        bodies.push(reply.json());
    }
    assert_eq!(bodies[0], bodies[1]);
}
