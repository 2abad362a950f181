//! Operations during which a session, key or account ends: they are refused.

use std::net::{IpAddr, Ipv4Addr};

use doorward_server::{
    Settings,
    domain::{
        Act, AuditContext, Authority, DomainError, Email, EntryPoint, NewUser, Principal,
        SignInMethod, role,
    },
    store::{NewSession, StoreError},
};
use doorward_shared::{KeyId, ScopeSet, Timestamp};
use rocket::http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::test_app::{START, TestApp, cheap, text};

const HOUR: u64 = 3_600_000;

/// An operator's act by this key that begins now.
fn act(server: &TestApp, key: &Value) -> Act {
    let id: KeyId = text(key, "id").parse().unwrap();
    let authority = Authority {
        holder: Principal::Key(id),
        door: EntryPoint::Admin,
        signed_in_at: None,
        step_up_seconds: 0,
    };
    Act::new(
        authority,
        AuditContext::system(server.doorward.services().clock.now()),
    )
}

async fn key(server: &TestApp, more: Value) -> Value {
    let mut body = json!({"name": "k", "scopes": ["admin:keys", "admin:sessions"]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let operator = server.operator();
    let made = server.post("/admin/apikeys", &operator, body);
    made.await.expect(201)
}

/// Whether it may still end sessions and make signing keys with this act.
async fn is_done(server: &TestApp, act: Act) -> bool {
    let store = &server.doorward.services().store;
    let ended = store
        .revoke_these(vec![], None, act.clone())
        .await
        .map(drop);
    let rotated = server
        .doorward
        .services()
        .signing_keys
        .rotate(act)
        .await
        .map(drop);
    for done in [&ended, &rotated] {
        match done {
            Ok(()) => {}
            Err(StoreError::Refused(DomainError::CredentialEnded)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(ended.is_ok(), rotated.is_ok());
    ended.is_ok()
}

#[rocket::async_test]
async fn a_key_that_was_revoked_or_ran_out_while_an_act_was_under_way_does_nothing_more() {
    let server = TestApp::open(cheap()).await;
    let revoked = key(&server, json!({})).await;
    let ends = START.plus_seconds(60).to_string();
    let expiring = key(&server, json!({ "expiresAt": ends })).await;
    let rotated = key(&server, json!({})).await;
    let begun = [&revoked, &expiring, &rotated].map(|key| act(&server, key));
    let [revoked_act, expiring_act, rotated_act] = begun;
    server.pass(1);
    assert!(is_done(&server, revoked_act.clone()).await);
    let path = format!("/admin/apikeys/{}", text(&revoked, "id"));
    let operator = server.operator();
    let gone = server.call(Method::Delete, &path, &operator, Value::Null);
    gone.await.expect(204);
    assert!(!is_done(&server, revoked_act).await);

    let path = format!("/admin/apikeys/{}/rotate", text(&rotated, "id"));
    let grace = json!({"graceSeconds": 30});
    server
        .post(&path, &server.operator(), grace)
        .await
        .expect(201);
    server.pass(29_999);
    assert!(
        is_done(&server, rotated_act.clone()).await,
        "its grace goes on"
    );
    server.pass(1);
    assert!(!is_done(&server, rotated_act).await, "its grace is over");
    server.pass(29_998);
    assert!(is_done(&server, expiring_act.clone()).await);
    server.pass(1);
    assert!(!is_done(&server, expiring_act).await);
}

fn session(at: Timestamp) -> NewSession {
    NewSession {
        client_id: None,
        scope: None,
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: None,
        refresh: None,
        refresh_until: at.plus_seconds(86_400),
        access_until: at.plus_seconds(86_400),
        expires_at: at.plus_seconds(7 * 86_400),
        browser: None,
        resources: Vec::new(),
        auth_time: None,
        method: SignInMethod::Password,
        signed_in_by: None,
        claims: doorward_server::domain::RequestedClaims::default(),
    }
}

#[rocket::async_test]
async fn the_end_of_everything_takes_sessions_of_a_time_when_the_clock_was_ahead() {
    let directory = TempDir::new().unwrap();
    let settings = Settings {
        data_dir: directory.path().join("data"),
        ..cheap()
    };
    let server = TestApp::open(settings.clone()).await;
    server.pass(24 * HOUR);
    let ahead = server.register("ada@example.com").await;
    server.close().await;

    // Set right again. More sessions than are held by their ids.
    let server = TestApp::open(settings).await;
    let store = &server.doorward.services().store;
    let mut made = rocket::tokio::task::JoinSet::new();
    for number in 0..1001 {
        let (store, user) = (store.clone(), format!("u{number}@example.com"));
        made.spawn(async move {
            let new = NewUser {
                email: Email::parse(&user).unwrap(),
                password: None,
                first_name: None,
                last_name: None,
                role: role::CUSTOMER.into(),
                permissions: ScopeSet::default(),
                groups: Vec::new(),
                email_verified: true,
                disabled: false,
            };
            store
                .sign_up(new, Some(session(START)), None, AuditContext::system(START))
                .await
                .map(drop)
        });
    }
    made.join_all().await.into_iter().for_each(Result::unwrap);
    let operator = server.operator();
    let revoke = |body: Value| server.post("/admin/sessions/revoke", &operator, body);
    let preview = revoke(json!({"dryRun": true})).await.expect(200);
    assert_eq!(preview["count"], 1002);
    let done = revoke(json!({"previewId": preview["previewId"]}))
        .await
        .expect(200);
    assert_eq!(done["revoked"], 1002);
    let live = "/admin/sessions?active=true";
    let live = server
        .call(Method::Get, live, &operator, Value::Null)
        .await
        .expect(200);
    assert_eq!(live["pagination"]["total"], 0, "{live}");
    let user = format!("/admin/sessions?userId={}", text(&ahead, "userId"));
    let row = server
        .call(Method::Get, &user, &operator, Value::Null)
        .await
        .expect(200);
    assert!(row["data"][0]["revokedAt"].is_string(), "{row}");
}
