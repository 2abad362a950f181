//! The caches of the hot path: bounded, and exact after every change.

use doorward_tests::Server;
use serde_json::json;

/// The least that `cache_bytes` can be.
const CACHE_BYTES: usize = 64 << 10;
/// More than that holds.
const ENTRIES: usize = 200;

fn small() -> Server {
    Server::with()
        .set("cache_bytes", CACHE_BYTES)
        .set("registrations_per_hour_per_ip", 0)
        .start()
}

#[tokio::test]
async fn more_people_than_memory_holds_are_judged_right() {
    let server = small();
    let mut people = Vec::new();
    for number in 0..ENTRIES {
        people.push(server.register(&format!("user{number}@example.com")).await);
    }
    for round in 0..2 {
        for (number, person) in people.iter().enumerate() {
            let me = server.me(&person.access).await;
            match (round, number % 3) {
                (0, _) | (1, 2) => {
                    assert_eq!(me.expect(200).json()["email"], person.email.as_str());
                }
                _ => {
                    me.refused(401, "token_revoked");
                }
            }
            let path = format!("/admin/users/{}", person.id);
            match (round, number % 3) {
                (0, 0) => drop(
                    server
                        .admin("PATCH", &path, Some(json!({"disabled": true})))
                        .await,
                ),
                (0, 1) => drop(
                    server
                        .admin("POST", &format!("{path}/sessions/revoke"), None)
                        .await,
                ),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn more_clients_tokens_than_memory_holds_can_be_given_up() {
    let mut server = Server::with()
        .set("cache_bytes", CACHE_BYTES)
        .set("issuer", "http://id.example")
        .start();
    let client = server.client(&["read"]).await;
    let mut tokens = Vec::new();
    for number in 0..3 * ENTRIES {
        let token = server.client_token(&client).await;
        if number % 2 == 0 {
            server
                .post("/auth/logout")
                .bearer(&token)
                .send()
                .await
                .expect(204);
        }
        tokens.push(token);
    }
    for again in [false, true] {
        if again {
            server.stop();
            server.start_again();
        }
        for (number, token) in tokens.iter().enumerate() {
            let answer = server.me(token).await;
            if number % 2 == 0 {
                answer.refused(401, "token_revoked");
            } else {
                // Good, though not on a person's routes.
                answer.refused(403, "insufficient_scope");
            }
        }
    }
}
