//! Tokens that an OAuth client obtained, on the routes that are for people themselves.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use data_encoding::BASE32_NOPAD;
use doorward_server::{
    crypto::{
        secret::Digest256,
        totp::{STEP_SECONDS, code},
    },
    domain::{Act, Actor, AuditContext, AuthorizationCode, DomainError, Email},
    service::Grant,
    store::{CodeCreation, NewSession, StoreError},
};
use doorward_shared::{ClientId, ScopeSet, SessionId, UserId};
use rocket::http::Method;
use serde_json::{Value, json};

use crate::test_app::{PASSWORD, START, TestApp, cheap, text};

/// A session of somebody's that a client holds, as a code grant opens it; answers its tokens.
async fn granted(server: &TestApp, user: &Value) -> (String, String) {
    let body = json!({"name": "x", "redirectUris": ["https://a.example/"], "scopes": ["admin", "read", "write", "openid"]});
    let client = server
        .post("/admin/clients", &server.operator(), body)
        .await
        .expect(201);
    let client: ClientId = text(&client, "id").parse().unwrap();
    let user: UserId = text(user, "userId").parse().unwrap();
    let door = &server.doorward;
    let ip = "192.0.2.1".parse().unwrap();
    let record = door
        .services()
        .store
        .login_facts(Email::keys_of("ada@example.com"), ip)
        .await
        .unwrap()
        .account
        .unwrap();
    let scope = ScopeSet::parse("openid read write").unwrap();
    let (first, refresh) = door.services().tokens.new_session(ip, None, START);
    let new = NewSession {
        client_id: Some(client),
        scope: Some(scope.clone()),
        ..first
    };
    let cause = AuditContext {
        actor: Actor::User(user),
        client_id: None,
        ip: Some(ip),
        request_id: None,
        at: START,
        reason: None,
        language: Default::default(),
    };
    let opened = door
        .services()
        .store
        .open_session(user, record.password.unwrap(), None, new, cause)
        .await;
    let (_, session) = opened.unwrap();
    let grant = Grant {
        subject: user.to_string(),
        client_id: Some(client.to_string()),
        session: Some(session.id),
        scope: &scope,
        audience: Vec::new(),
        auth_time: None,
        method: None,
        seconds: 3600,
        secret: None,
    };
    (
        door.services().tokens.access_token(grant, START).unwrap(),
        refresh.token(session.id, 1).expose().to_owned(),
    )
}

#[rocket::async_test]
async fn a_token_of_an_oauth_client_changes_no_account_whatever_its_scope() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let (token, _) = granted(&server, &ada).await;
    let whoami = server.whoami(&token).await.expect(200);
    assert_eq!(whoami["userId"], ada["userId"], "it reads who it is about");
    let key = "/apikey/key_00000000000000000000000000";
    let calls = [
        (Method::Get, "/auth/me", Value::Null),
        (Method::Patch, "/auth/me", json!({"firstName": "Eve"})),
        (
            Method::Post,
            "/auth/password",
            json!({"currentPassword": PASSWORD, "newPassword": "another good one"}),
        ),
        (Method::Get, "/auth/sessions", Value::Null),
        (
            Method::Delete,
            "/auth/sessions/ses_00000000000000000000000000",
            Value::Null,
        ),
        (Method::Get, "/apikey", Value::Null),
        (
            Method::Post,
            "/apikey",
            json!({"name": "x", "scopes": ["read"]}),
        ),
        (Method::Get, key, Value::Null),
        (Method::Patch, key, json!({"name": "x"})),
        (
            Method::Post,
            "/apikey/key_00000000000000000000000000/rotate",
            json!({}),
        ),
        (Method::Delete, key, Value::Null),
    ];
    for (method, path, body) in calls {
        let reply = server.call(method, path, &token, body).await;
        assert_eq!(reply.status, 403, "{method} {path}: {}", reply.body);
        reply.refused(403, "insufficient_scope");
    }
}

#[rocket::async_test]
async fn a_clients_refresh_token_is_unknown_to_auth_refresh_and_stays_good() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let (token, refresh) = granted(&server, &ada).await;
    let body = json!({"refreshToken": refresh});
    server
        .post("/auth/refresh", "", body.clone())
        .await
        .refused(401, "invalid_token");
    server.pass(60_000);
    // Not a replay either: nothing has ended.
    server
        .post("/auth/refresh", "", body)
        .await
        .refused(401, "invalid_token");
    server.whoami(&token).await.expect(200);
}

#[rocket::async_test]
async fn what_ends_a_persons_sessions_ends_those_of_clients_too() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let (token, _) = granted(&server, &ada).await;
    server.whoami(&token).await.expect(200);
    // Signing out with it ends it alone.
    let (other, _) = granted(&server, &ada).await;
    server
        .post("/auth/logout", &other, Value::Null)
        .await
        .expect(204);
    server.whoami(&other).await.refused(401, "token_revoked");
    server.whoami(&token).await.expect(200);
    let body = json!({"currentPassword": PASSWORD, "newPassword": "another good one"});
    server
        .post("/auth/password", text(&ada, "accessToken"), body)
        .await
        .expect(204);
    server.whoami(&token).await.refused(401, "token_revoked");
    server.me(text(&ada, "accessToken")).await.expect(200);
}

#[rocket::async_test]
async fn signing_out_ends_no_session_of_another_person_whatever_hint_came_with_it() {
    let server = TestApp::open(cheap()).await;
    let [ada, bob] = [
        server.register("ada@example.com").await,
        server.register("bob@example.com").await,
    ];
    let session = async |person: &Value| -> SessionId {
        let access = text(person, "accessToken");
        let own = server.call(Method::Get, "/auth/sessions", access, Value::Null);
        let own = own.await.expect(200)["data"][0]["id"].clone();
        own.as_str().unwrap().parse().unwrap()
    };
    let hinted = session(&ada).await;
    let act = Act::of_session(session(&bob).await, AuditContext::system(START));
    let signed_out = server.doorward.services().store.sign_out(Some(hinted), act);
    signed_out.await.unwrap();
    let gone = server.me(text(&bob, "accessToken")).await;
    gone.refused(401, "token_revoked");
    server.me(text(&ada, "accessToken")).await.expect(200);
}

#[rocket::async_test]
async fn the_scopes_of_openid_open_nothing_here() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let (token, _) = granted(&server, &ada).await;
    let whoami = server
        .call(Method::Get, "/admin/whoami", &token, Value::Null)
        .await
        .expect(200);
    assert_eq!(whoami["scopes"], json!(["openid", "read", "write"]));
    server
        .call(Method::Get, "/admin/users", &token, Value::Null)
        .await
        .refused(403, "insufficient_scope");
}

/// What a request that was under way does after a revocation was answered.
#[rocket::async_test]
async fn a_code_is_not_kept_once_its_sign_in_has_ended_or_its_consent_is_gone() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let body = json!({"name": "x", "redirectUris": ["https://a.example/"], "scopes": ["read"]});
    let client = server
        .post("/admin/clients", &server.operator(), body)
        .await;
    let client: ClientId = text(&client.expect(201), "id").parse().unwrap();
    let user: UserId = text(&ada, "userId").parse().unwrap();
    let store = &server.doorward.services().store;
    let sessions = server.call(
        Method::Get,
        "/auth/sessions",
        text(&ada, "accessToken"),
        Value::Null,
    );
    let session = sessions.await.expect(200)["data"][0]["id"].clone();
    let session: SessionId = session.as_str().unwrap().parse().unwrap();
    let keep = async |number: u8, allowed: bool| {
        let code = AuthorizationCode {
            client_id: client,
            user_id: user,
            redirect_uri: "https://a.example/".into(),
            scope: ScopeSet::parse("read").unwrap(),
            challenge: None,
            nonce: None,
            auth_time: START,
            resources: Vec::new(),
            claims: doorward_server::domain::RequestedClaims::default(),
            ip: "192.0.2.1".parse().unwrap(),
            user_agent: None,
            expires_at: START.plus_seconds(60),
            signed_in_by: Some(session),
            used_at: None,
            session_id: None,
        };
        let hash = Digest256([number; 32]);
        let kept = store.create_code(hash, code, allowed, AuditContext::system(START));
        kept.await.unwrap()
    };
    assert_eq!(keep(1, false).await, CodeCreation::NotAllowed);
    assert_eq!(keep(2, true).await, CodeCreation::Kept);
    assert_eq!(keep(3, false).await, CodeCreation::Kept);
    store
        .revoke_consent(user, client, Act::system(START))
        .await
        .unwrap();
    assert_eq!(keep(4, false).await, CodeCreation::NotAllowed);
    assert_eq!(store.consent(user, client).await.unwrap(), None);
    let act = Act::system(START);
    store
        .revoke_sessions_of(user, None, false, act)
        .await
        .unwrap();
    assert_eq!(keep(5, true).await, CodeCreation::SignedOut);
    assert_eq!(store.consent(user, client).await.unwrap(), None);
}

/// The session that an access token is of.
fn session_of(token: &str) -> SessionId {
    let claims = BASE64.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    text(&claims, "sid").parse().unwrap()
}

#[rocket::async_test]
async fn a_browser_whose_cookie_stands_for_a_clients_session_is_nobody() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let (granted, _) = granted(&server, &ada).await;
    let (_, fresh, _) = server.send(Method::Get, "/sign-in", &[], "").await;
    let (name, _) = fresh.split_once('=').unwrap();
    for (token, value, status) in [(text(&ada, "accessToken"), 1, 200), (&granted, 2, 303)] {
        let value = BASE64.encode([value; 32]);
        let hash = Digest256::of(value.as_bytes());
        let database = server.doorward.settings().data_dir.join("doorward.db");
        let database = rusqlite::Connection::open(database).unwrap();
        let row = (hash.0, session_of(token).0.to_bytes());
        database
            .execute("INSERT INTO browser_sessions VALUES (?1, ?2)", row)
            .unwrap();
        let cookie = format!("{name}={value}");
        let headers = [("cookie", cookie.as_str())];
        let (shown, ..) = server.send(Method::Get, "/account", &headers, "").await;
        assert_eq!(shown, status);
    }
}

#[rocket::async_test]
async fn a_factor_that_is_set_up_while_a_password_is_checked_is_asked_for() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let services = server.doorward.services();
    let ip = "192.0.2.1".parse().unwrap();
    let user: UserId = text(&ada, "userId").parse().unwrap();
    let checked = services
        .store
        .login_facts(Email::keys_of("ada@example.com"), ip)
        .await;
    let password = checked.unwrap().account.unwrap().password.unwrap();
    let open = || {
        let (new, _) = services.tokens.new_session(ip, None, START);
        let cause = AuditContext {
            actor: Actor::User(user),
            client_id: None,
            ip: Some(ip),
            request_id: None,
            at: START,
            reason: None,
            language: Default::default(),
        };
        services
            .store
            .open_session(user, password.clone(), None, new, cause)
    };
    open().await.unwrap();
    let token = text(&ada, "accessToken");
    let body = json!({"password": PASSWORD});
    let begun = server.post("/auth/mfa/totp", token, body).await.expect(200);
    let secret = BASE32_NOPAD.decode(text(&begun, "secret").as_bytes());
    let typed = code(&secret.unwrap(), START.seconds() / STEP_SECONDS);
    let body = json!({"code": typed});
    let confirmed = server.post("/auth/mfa/totp/confirm", token, body).await;
    confirmed.expect(200);
    let refused = open().await;
    let expected = matches!(
        refused,
        Err(StoreError::Refused(DomainError::PasswordChanged))
    );
    assert!(expected, "{refused:?}");
}
