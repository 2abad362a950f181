//! The body of every error code of the REST API, by code.

use std::collections::BTreeSet;

use doorward_server::{
    Settings, domain::DomainError, http::ApiError, service::Error, settings::Registration,
    state::limits::RetryAfter, store::StoreError,
};
use doorward_shared::ErrorCode;
use rocket::http::Method::{self, Delete, Get, Patch, Post, Put};
use serde_json::{Value, json};

use super::Transcript;
use crate::{
    mails::mailing,
    test_app::{PASSWORD, TestApp, cheap, text},
};

/// Snapshots with calls of a running server; [`the_server_itself`] has those that none can bring about.
const BY_CALLS: [ErrorCode; 22] = [
    ErrorCode::InvalidRequest,
    ErrorCode::InvalidCredentials,
    ErrorCode::TokenExpired,
    ErrorCode::TokenRevoked,
    ErrorCode::InvalidToken,
    ErrorCode::MissingToken,
    ErrorCode::StepUpRequired,
    ErrorCode::MfaRequired,
    ErrorCode::MfaEnrolmentRequired,
    ErrorCode::InsufficientScope,
    ErrorCode::AccountDisabled,
    ErrorCode::EmailNotVerified,
    ErrorCode::RegistrationClosed,
    ErrorCode::NotFound,
    ErrorCode::MailDisabled,
    ErrorCode::MethodNotAllowed,
    ErrorCode::EmailTaken,
    ErrorCode::Conflict,
    ErrorCode::PayloadTooLarge,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::ValidationFailed,
    ErrorCode::RateLimited,
];
const OF_ITSELF: [ErrorCode; 4] = [
    ErrorCode::Blocked,
    ErrorCode::InternalError,
    ErrorCode::Overloaded,
    ErrorCode::StorageUnavailable,
];

#[test]
fn every_code_has_its_snapshot() {
    let shown = BY_CALLS.iter().chain(&OF_ITSELF);
    let shown: BTreeSet<_> = shown.map(|code| code.as_str()).collect();
    let all: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(shown, all);
}

/// Makes calls that are all refused with one code, and compares what is answered.
async fn refused(server: &TestApp, code: ErrorCode, calls: &[(Method, &str, &str, &str)]) {
    let mut shown = Transcript::of(server);
    for (method, path, token, body) in calls {
        let before = shown.text.len();
        shown.call(*method, path, token, body).await;
        let answer = format!("\"code\": \"{}\"", code.as_str());
        assert!(
            shown.text[before..].contains(&answer),
            "{}",
            &shown.text[before..]
        );
    }
    assert!(BY_CALLS.contains(&code));
    shown.is(&format!("error_{}", code.as_str()));
}

#[rocket::async_test]
async fn the_form_of_a_request() {
    let server = TestApp::open(cheap()).await;
    let operator = server.operator();
    let (key, auth) = (operator.as_str(), "/auth/register");
    let calls = [
        (Post, auth, "", "{"),
        (Post, auth, "", "[]"),
        (Post, auth, "", r#"{"email":"ada@example.com"}"#),
        (Post, auth, "", r#"{"email":7,"password":"x"}"#),
        (
            Post,
            auth,
            "",
            r#"{"email":"a","password":"b","admin":true}"#,
        ),
        (Get, "/admin/users?limit=0", key, ""),
        (Get, "/admin/users?colour=red", key, ""),
        (Get, "/admin/users?sort=shoeSize", key, ""),
        (Get, "/admin/users?cursor=nobody", key, ""),
        (Get, "/admin/events?since=yesterday", key, ""),
        (Get, "/admin/sessions?ip=nowhere", key, ""),
    ];
    refused(&server, ErrorCode::InvalidRequest, &calls).await;
    let large = format!("{{\"email\":\"{}\"}}", "a".repeat(70_000));
    let calls = [(Post, auth, "", large.as_str())];
    refused(&server, ErrorCode::PayloadTooLarge, &calls).await;
    let calls = [(Post, "/auth/login", "", "email=a&password=b")];
    refused(&server, ErrorCode::UnsupportedMediaType, &calls).await;
    let calls = [
        (Get, "/auth/login", "", ""),
        (Put, "/auth/me", "", ""),
        (Post, "/health/live", "", ""),
    ];
    refused(&server, ErrorCode::MethodNotAllowed, &calls).await;
    let calls = [
        (Get, "/nowhere", "", ""),
        (Get, "/admin/users/nobody", key, ""),
        (Get, "/admin/roles/nobody", key, ""),
        (
            Delete,
            "/admin/apikeys/key_01arz3ndektsv4rrffq69g5fav",
            key,
            "",
        ),
        (
            Get,
            "/admin/sessions/ses_01arz3ndektsv4rrffq69g5fav",
            key,
            "",
        ),
        (
            Get,
            "/admin/clients/client_01arz3ndektsv4rrffq69g5fav",
            key,
            "",
        ),
    ];
    refused(&server, ErrorCode::NotFound, &calls).await;
}

#[rocket::async_test]
async fn values() {
    let server = TestApp::open(cheap()).await;
    let operator = server.operator();
    let key = operator.as_str();
    let (register, clients) = ("/auth/register", "/admin/clients");
    let calls = [
        (
            Post,
            register,
            "",
            r#"{"email":"nobody","password":"correct horse battery"}"#,
        ),
        (
            Post,
            register,
            "",
            r#"{"email":"ada@example.com","password":"short"}"#,
        ),
        (
            Post,
            register,
            "",
            r#"{"email":"ada@example.com","password":"password123"}"#,
        ),
        (
            Post,
            "/admin/users",
            key,
            r#"{"email":"ada@example.com","role":"emperor"}"#,
        ),
        (
            Post,
            "/admin/users",
            key,
            r#"{"email":"ada@example.com","groups":["Not Lower"]}"#,
        ),
        (
            Post,
            clients,
            key,
            r#"{"name":"x","redirectUris":["https://app.example:99999/"]}"#,
        ),
        (
            Post,
            clients,
            key,
            r#"{"name":"x","redirectUris":["http://app.example/cb"]}"#,
        ),
        (
            Post,
            clients,
            key,
            r#"{"name":"x","redirectUris":["https://app.example/#a"]}"#,
        ),
        (
            Post,
            clients,
            key,
            r#"{"name":"x","grantTypes":["password"]}"#,
        ),
        (
            Post,
            "/admin/apikeys",
            key,
            r#"{"name":"","scopes":["read"]}"#,
        ),
        (
            Post,
            "/admin/apikeys",
            key,
            r#"{"name":"x","scopes":["READ"]}"#,
        ),
        (
            Post,
            "/admin/apikeys",
            key,
            r#"{"name":"x","scopes":["read"],"allowedIps":["nowhere"]}"#,
        ),
        (
            Put,
            "/admin/roles/admin",
            key,
            r#"{"permissions":["READ"]}"#,
        ),
    ];
    refused(&server, ErrorCode::ValidationFailed, &calls).await;
}

#[rocket::async_test]
async fn accounts() {
    let server = TestApp::open(cheap()).await;
    let operator = server.operator();
    let key = operator.as_str();
    let ada = server.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    let login =
        |email: &str, password: &str| json!({"email": email, "password": password}).to_string();
    let (wrong, unknown, taken) = (
        login("ada@example.com", "not this one"),
        login("bob@example.com", PASSWORD),
        login("ADA@example.com", PASSWORD),
    );
    let password = r#"{"currentPassword":"not this one","newPassword":"another good one"}"#;
    let calls = [
        (Post, "/auth/login", "", wrong.as_str()),
        (Post, "/auth/login", "", &unknown),
        (Post, "/auth/password", access, password),
    ];
    refused(&server, ErrorCode::InvalidCredentials, &calls).await;
    let calls = [
        (Post, "/auth/register", "", taken.as_str()),
        (Post, "/admin/users", key, &taken),
    ];
    refused(&server, ErrorCode::EmailTaken, &calls).await;
    let calls = [(
        Post,
        "/auth/password/forgot",
        "",
        r#"{"email":"ada@example.com"}"#,
    )];
    refused(&server, ErrorCode::MailDisabled, &calls).await;
    let admin = json!({"email": "root@example.com", "password": PASSWORD, "role": "admin"});
    let admin = server.post("/admin/users", key, admin).await.expect(201);
    let path = format!("/admin/users/{}", text(&admin, "id"));
    let calls = [
        (Patch, path.as_str(), key, r#"{"disabled":true}"#),
        (Patch, &path, key, r#"{"role":"customer"}"#),
        (Delete, &path, key, ""),
        (Delete, "/admin/roles/admin", key, ""),
        (
            Post,
            "/auth/mfa/totp/confirm",
            access,
            r#"{"code":"000000"}"#,
        ),
    ];
    refused(&server, ErrorCode::Conflict, &calls).await;
    let path = format!("/admin/users/{}", text(&ada, "userId"));
    let off = server.call(Patch, &path, key, json!({"disabled": true}));
    off.await.expect(200);
    let right = login("ada@example.com", PASSWORD);
    let calls = [(Post, "/auth/login", "", right.as_str())];
    refused(&server, ErrorCode::AccountDisabled, &calls).await;
}

#[rocket::async_test]
async fn credentials() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let (access, refresh) = (text(&ada, "accessToken"), text(&ada, "refreshToken"));
    let calls = [
        (Get, "/auth/me", "", ""),
        (Post, "/auth/logout", "", ""),
        (Get, "/admin/users", "", ""),
    ];
    refused(&server, ErrorCode::MissingToken, &calls).await;
    let calls = [
        (Get, "/auth/me", "nobody", ""),
        (Get, "/auth/me", "sk_live_nobody", ""),
        (Post, "/auth/refresh", "", r#"{"refreshToken":"rt_nobody"}"#),
        (Post, "/auth/email/verify", "", r#"{"token":"link_nobody"}"#),
    ];
    refused(&server, ErrorCode::InvalidToken, &calls).await;
    let calls = [
        (Get, "/admin/users", access, ""),
        (Post, "/admin/keys/rotate", access, ""),
        (
            Post,
            "/apikey",
            access,
            r#"{"name":"x","scopes":["admin"]}"#,
        ),
    ];
    refused(&server, ErrorCode::InsufficientScope, &calls).await;
    server.pass(3_600_000);
    let calls = [(Get, "/auth/me", access, "")];
    refused(&server, ErrorCode::TokenExpired, &calls).await;
    let again = json!({"refreshToken": refresh});
    let next = server.post("/auth/refresh", "", again.clone()).await;
    let next = next.expect(200);
    let access = text(&next, "accessToken").to_owned();
    let minted = server.ended_key_and_session(&access).await;
    let refresh = json!({"refreshToken": next["refreshToken"]}).to_string();
    let calls = [
        (Get, "/auth/me", access.as_str(), ""),
        (Get, "/auth/me", text(&minted, "key"), ""),
        (Post, "/auth/refresh", "", &refresh),
    ];
    refused(&server, ErrorCode::TokenRevoked, &calls).await;
}

/// A server with a setting, on which one call is refused.
async fn refused_with(settings: Settings, code: ErrorCode, path: &str, body: Value) {
    let server = TestApp::open(settings).await;
    let body = body.to_string();
    refused(&server, code, &[(Post, path, "", &body)]).await;
}

#[rocket::async_test]
async fn what_settings_ask_for() {
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    let closed = Settings {
        registration: Registration::Closed,
        ..cheap()
    };
    let code = ErrorCode::RegistrationClosed;
    refused_with(closed, code, "/auth/register", ada.clone()).await;
    let limited = TestApp::open(Settings {
        registrations_per_hour_per_ip: 1,
        ..cheap()
    })
    .await;
    limited.register("bob@example.com").await;
    let body = ada.to_string();
    let calls = [(Post, "/auth/register", "", body.as_str())];
    refused(&limited, ErrorCode::RateLimited, &calls).await;

    let verified = TestApp::open(Settings {
        require_verified_email: true,
        ..mailing()
    })
    .await;
    verified.post("/auth/register", "", ada.clone()).await;
    let calls = [(Post, "/auth/login", "", body.as_str())];
    refused(&verified, ErrorCode::EmailNotVerified, &calls).await;

    let enrolled = TestApp::open(Settings {
        mfa_required_for: vec!["customer".into()],
        ..cheap()
    })
    .await;
    enrolled.post("/auth/register", "", ada.clone()).await;
    refused(&enrolled, ErrorCode::MfaEnrolmentRequired, &calls).await;

    let recent = TestApp::open(Settings {
        step_up_seconds: 60,
        ..cheap()
    })
    .await;
    let operator = recent.operator();
    let root = json!({"email": "root@example.com", "password": PASSWORD, "role": "admin"});
    let root = recent.post("/admin/users", &operator, root);
    root.await.expect(201);
    let body = json!({"email": "root@example.com", "password": PASSWORD});
    let root = recent.post("/auth/login", "", body).await.expect(200);
    recent.pass(61_000);
    let calls = [(Post, "/admin/keys/rotate", text(&root, "accessToken"), "")];
    refused(&recent, ErrorCode::StepUpRequired, &calls).await;
}

#[rocket::async_test]
async fn second_factors() {
    let server = TestApp::open(cheap()).await;
    let ada = server.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    server.set_up_totp(access).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
    let calls = [(Post, "/auth/login", "", body.as_str())];
    refused(&server, ErrorCode::MfaRequired, &calls).await;
}

/// What no call from this address brings about while the machine is well: what the errors are turned into.
#[test]
fn the_server_itself() {
    let disk = || StoreError::Unavailable("database or disk is full".into());
    let errors: [(&str, ApiError); 8] = [
        ("a blocked network", DomainError::Blocked.into()),
        (
            "a fault",
            Error::Internal("a claim is missing".into()).into(),
        ),
        (
            "hashing threads",
            Error::Overloaded("too many sign-ins at once").into(),
        ),
        ("the writer's queue", StoreError::Overloaded.into()),
        ("the disk", disk().into()),
        (
            "a sync",
            StoreError::Uncertain("disk I/O error".into()).into(),
        ),
        (
            "in between",
            Error::Partly {
                done: 3,
                of: 10,
                source: disk(),
            }
            .into(),
        ),
        ("a limit", RetryAfter(7).into()),
    ];
    let mut all = String::new();
    for (what, error) in errors {
        let (code, wait) = (error.code(), error.retry_after());
        let wait = wait.map_or_else(|| "never".into(), |seconds| format!("{seconds} s"));
        all.push_str(&format!(
            "{what}: {} {}, again: {wait}\n  {}\n",
            code.status(),
            code.as_str(),
            error.message()
        ));
        assert!(OF_ITSELF.contains(&code) || code == ErrorCode::RateLimited);
    }
    insta::assert_snapshot!("errors_of_the_server", all);
}

/// Everything a transaction refuses, as a client hears it.
#[test]
fn what_storage_refuses() {
    let refusals = [
        DomainError::NotFound("user"),
        DomainError::EmailTaken,
        DomainError::Conflict("the role is in use".into()),
        DomainError::Disabled,
        DomainError::PasswordChanged,
        DomainError::FactorWrong,
        DomainError::EmailNotVerified,
        DomainError::LinkDead,
        DomainError::LinkExpired,
        DomainError::Scope("admin:users".into()),
        DomainError::StepUp(300),
        DomainError::NotFirstParty,
        DomainError::NotAdmitted,
        DomainError::CredentialEnded,
    ];
    let mut all = String::new();
    for refusal in refusals {
        let error = ApiError::from(refusal);
        let code = error.code();
        all.push_str(&format!(
            "{} {}: {}\n",
            code.status(),
            code.as_str(),
            error.message()
        ));
    }
    insta::assert_snapshot!("refusals_of_storage", all);
}
