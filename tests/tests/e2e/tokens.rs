//! Access and refresh tokens: their form, when they are valid, and how invalid ones are refused.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_tests::{Person, Server, eventually, fields, is_id};
use serde_json::{Value, json};

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).expect("three parts");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn an_access_token_is_a_jwt_of_rfc_9068() {
    for (setting, curve) in [
        ("RS256", None),
        ("ES256", Some("P-256")),
        ("EdDSA", Some("Ed25519")),
    ] {
        let server = Server::with().set("signing_algorithm", setting).start();
        let ada = server.register("ada@example.com").await;
        let header = part(&ada.access, 0);
        assert_eq!(fields(&header), "alg kid typ");
        assert_eq!(
            (&header["alg"], &header["typ"]),
            (&json!(setting), &json!("at+jwt"))
        );
        let claims = part(&ada.access, 1);
        assert_eq!(
            fields(&claims),
            "acr amr aud auth_time client_id exp iat iss jti scope sid sub"
        );
        assert_eq!(claims["iss"], server.url());
        assert_eq!(claims["aud"], server.url());
        assert_eq!(claims["sub"], ada.id);
        assert_eq!(claims["scope"], "read write");
        assert!(is_id(&claims["sid"], "ses_"), "{claims}");
        let (exp, iat) = (
            claims["exp"].as_i64().unwrap(),
            claims["iat"].as_i64().unwrap(),
        );
        assert_eq!(exp - iat, 3600);
        let jwks = server
            .get("/.well-known/jwks.json")
            .send()
            .await
            .expect(200)
            .json();
        let keys = jwks["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0]["kid"], header["kid"]);
        assert_eq!(
            (&keys[0]["alg"], &keys[0]["use"]),
            (&json!(setting), &json!("sig"))
        );
        assert_eq!(keys[0]["crv"].as_str(), curve);
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(keys[0].get(private).is_none(), "{private} is published");
        }
        server.me(&ada.access).await.expect(200);
    }
}

#[tokio::test]
async fn no_two_tokens_are_the_same() {
    let server = Server::start();
    let first = server.register("ada@example.com").await;
    let second = server.login("ada@example.com").await;
    let (one, two) = (part(&first.access, 1), part(&second.access, 1));
    assert_ne!(one["jti"], two["jti"]);
    assert_ne!(one["sid"], two["sid"]);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_successor_goes_on() {
    // Longer than any machine takes for the next call.
    let server = Server::with().set("refresh_grace_seconds", 60).start();
    let ada = server.register("ada@example.com").await;
    let next = server.refresh(&ada.refresh).await.expect(200);
    // Within the grace a second use is only refused.
    server
        .refresh(&ada.refresh)
        .await
        .refused(401, "token_revoked");
    server.me(&next.field("accessToken")).await.expect(200);
    server.me(&ada.access).await.expect(200);
    server
        .refresh(&next.field("refreshToken"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_replay_after_the_grace_ends_the_session() {
    let server = Server::with()
        .set("refresh_grace_seconds", 0)
        .set("refresh_retry_seconds", 0)
        .start();
    let ada = server.register("ada@example.com").await;
    let other = server.login("ada@example.com").await;
    let next = server.refresh(&ada.refresh).await.expect(200);
    server
        .refresh(&ada.refresh)
        .await
        .refused(401, "token_revoked");
    // The answer was an error, and yet the revocation is done, for old and new.
    server
        .me(&next.field("accessToken"))
        .await
        .refused(401, "token_revoked");
    server.me(&ada.access).await.refused(401, "token_revoked");
    server
        .refresh(&next.field("refreshToken"))
        .await
        .refused(401, "token_revoked");
    // Other sessions are not touched.
    server.me(&other.access).await.expect(200);
    let log = server
        .admin("GET", "/admin/events?action=session.replayed", None)
        .await;
    assert_eq!(log["pagination"]["total"], 1);
}

#[tokio::test]
async fn refresh_tokens_are_judged_by_what_they_are() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let never = format!("rt_{}", BASE64_URL_SAFE_NO_PAD.encode([7; 32]));
    for unknown in [
        never.as_str(),
        "",
        "rt_",
        "x",
        &ada.access,
        &server.operator_key(),
        "rt_\u{0}",
    ] {
        server.refresh(unknown).await.refused(401, "invalid_token");
    }
    let trailing = format!("{} ", ada.refresh);
    server
        .refresh(&trailing)
        .await
        .refused(401, "invalid_token");
    server.refresh(&ada.refresh).await.expect(200);
}

#[tokio::test]
async fn expired_tokens_are_told_as_expired_and_revoked_ones_as_revoked() {
    let server = Server::with()
        .set("access_token_seconds", 4)
        .set("refresh_token_seconds", 3)
        .start();
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    server
        .post("/auth/logout")
        .bearer(&bob.access)
        .send()
        .await
        .expect(204);
    eventually("the access token expires", async || {
        let reply = server.me(&ada.access).await;
        (reply.status != 200).then(|| {
            reply.refused(401, "token_expired");
            assert!(
                reply
                    .header("www-authenticate")
                    .contains("error=\"invalid_token\"")
            );
        })
    })
    .await;
    server
        .refresh(&ada.refresh)
        .await
        .refused(401, "token_expired");
    // Both are past their time by now, but revoked wins.
    server.me(&bob.access).await.refused(401, "token_revoked");
    server
        .refresh(&bob.refresh)
        .await
        .refused(401, "token_revoked");
    let out = server.post("/auth/logout").bearer(&bob.access).send().await;
    out.refused(401, "token_revoked");
}

async fn everyone_out(server: &Server, person: &Person) {
    server
        .me(&person.access)
        .await
        .refused(401, "token_revoked");
    server
        .refresh(&person.refresh)
        .await
        .refused(401, "token_revoked");
}

#[tokio::test]
async fn every_way_to_end_a_session_kills_both_its_tokens_at_once() {
    let server = Server::start();
    let sign_up = async |name: &str| server.register(&format!("{name}@example.com")).await;

    let person = sign_up("logout").await;
    server
        .post("/auth/logout")
        .bearer(&person.access)
        .send()
        .await
        .expect(204);
    everyone_out(&server, &person).await;

    let person = sign_up("own").await;
    let sid = part(&person.access, 1)["sid"].as_str().unwrap().to_owned();
    let end = server
        .delete(&format!("/auth/sessions/{sid}"))
        .bearer(&person.access);
    end.send().await.expect(204);
    everyone_out(&server, &person).await;

    let person = sign_up("operator").await;
    let sid = part(&person.access, 1)["sid"].as_str().unwrap().to_owned();
    server
        .admin("DELETE", &format!("/admin/sessions/{sid}"), None)
        .await;
    everyone_out(&server, &person).await;

    let person = sign_up("all").await;
    let path = format!("/admin/users/{}/sessions/revoke", person.id);
    server.admin("POST", &path, None).await;
    everyone_out(&server, &person).await;

    let person = sign_up("reset").await;
    let path = format!("/admin/users/{}/password", person.id);
    let body = json!({"password": "another good one"});
    server.admin("POST", &path, Some(body)).await;
    everyone_out(&server, &person).await;

    let person = sign_up("disabled").await;
    let path = format!("/admin/users/{}", person.id);
    server
        .admin("PATCH", &path, Some(json!({"disabled": true})))
        .await;
    everyone_out(&server, &person).await;
    // Coming back needs a new login: what was ended stays so.
    server
        .admin("PATCH", &path, Some(json!({"disabled": false})))
        .await;
    everyone_out(&server, &person).await;
    server.login(&person.email).await;

    let person = sign_up("deleted").await;
    server
        .admin("DELETE", &format!("/admin/users/{}", person.id), None)
        .await;
    everyone_out(&server, &person).await;
}

#[tokio::test]
async fn an_api_key_has_nothing_to_log_out_of() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let key = key["key"].as_str().unwrap();
    for key in [key, &server.operator_key()] {
        let out = server.post("/auth/logout").bearer(key).send().await;
        out.refused(403, "insufficient_scope");
    }
    server.me(key).await.expect(200);
}

#[tokio::test]
async fn rotating_signing_keys_loses_no_token() {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    let ada = server.register("ada@example.com").await;
    let before = part(&ada.access, 0)["kid"].clone();
    server.admin("POST", "/admin/keys/rotate", None).await;
    server.me(&ada.access).await.expect(200);
    let after = server.login("ada@example.com").await;
    assert_ne!(part(&after.access, 0)["kid"], before);
    let jwks = server
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200)
        .json();
    let kids: Vec<_> = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["kid"])
        .collect();
    assert!(kids.contains(&&before) && kids.len() == 2, "{jwks}");
    let list = server.admin("GET", "/admin/keys", None).await;
    let active = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["active"] == true);
    assert_eq!(active.count(), 1);
    assert!(!list.to_string().contains("sealed"));
}
