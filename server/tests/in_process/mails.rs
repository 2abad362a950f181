//! Mails and their links, by a clock: how long each is tried, and works.

use doorward_server::{
    Settings,
    crypto::secret::Digest256,
    domain::{
        Act, Email, NewUser,
        mail::{Language, MailContent, MailKind},
        one_time_link::LinkKind,
        role,
    },
    store::{MailFailure, NewLink},
};
use doorward_shared::{ScopeSet, Timestamp, UserId};
use rocket::http::Method;
use serde_json::{Value, json};

use crate::test_app::{PASSWORD, START, TestApp, cheap, text};

/// With a mail server that nobody reaches.
pub(crate) fn mailing() -> Settings {
    Settings {
        mail_url: Some("smtp://localhost:1".into()),
        mail_from: Some("id@example.com".into()),
        mail_notices: false,
        ..cheap()
    }
}

#[rocket::async_test]
async fn a_mail_is_tried_for_a_day_with_growing_waits() {
    let server = TestApp::open(mailing()).await;
    let store = &server.doorward.services().store;
    let new = NewUser {
        email: Email::parse("ada@example.com").unwrap(),
        password: None,
        first_name: None,
        last_name: None,
        role: role::CUSTOMER.into(),
        permissions: ScopeSet::default(),
        groups: Vec::new(),
        email_verified: true,
        disabled: false,
    };
    let user = store
        .create_user(new, false, Act::system(START))
        .await
        .unwrap();
    let link = NewLink {
        hash: Digest256::of(b"link_t"),
        user_id: user.id,
        kind: LinkKind::Reset,
        expires_at: START.plus_seconds(60),
    };
    let content = MailContent {
        token: Some("link_t".into()),
        ..MailContent::new("ada@example.com", Language::En, START)
    };
    let made = store.create_link(link, Some(content.clone()), Act::system(START));
    made.await.unwrap();
    let (mut now, mut waits, mut ids) = (START, Vec::new(), Vec::new());
    loop {
        let mail = store.due_mails(now, 16).await.unwrap().pop().unwrap();
        ids.push(mail.id);
        assert_eq!(
            (mail.kind.unwrap(), mail.content.as_ref()),
            (MailKind::Reset, Some(&content))
        );
        let failure = MailFailure {
            error: "nobody listens".into(),
            for_good: false,
        };
        if !store.mail_failed(mail, failure, now).await.unwrap() {
            break;
        }
        let next = store.next_mail().await.unwrap().unwrap();
        let before = store.due_mails(Timestamp(next.0 - 1), 16).await.unwrap();
        assert!(before.is_empty());
        waits.push(next.seconds() - now.seconds());
        now = next;
    }
    assert_eq!(waits[..8], [1, 5, 20, 60, 300, 900, 1800, 3600]);
    assert!(waits[8..].iter().all(|wait| *wait == 3600), "{waits:?}");
    let (early, late) = (START.plus_seconds(23 * 3600), START.plus_seconds(24 * 3600));
    assert!(early < now && now < late, "{now}");
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(store.next_mail().await.unwrap(), None);
    assert_eq!(store.mails_waiting().await.unwrap().count, 0);
}

/// Tokens of the mails of a kind that wait, the oldest first.
pub(crate) async fn tokens(server: &TestApp, kind: MailKind) -> Vec<String> {
    let later = server.doorward.services().clock.now().plus_seconds(86_400);
    let mails = server.doorward.services().store.due_mails(later, 100);
    let mut mails = mails.await.unwrap();
    mails.sort_by_key(|mail| mail.id);
    mails
        .into_iter()
        .filter(|mail| mail.kind == Some(kind))
        .filter_map(|mail| mail.content?.token)
        .collect()
}

#[rocket::async_test]
async fn links_work_until_their_exact_end_and_three_go_out_in_an_hour() {
    let server = TestApp::open(mailing()).await;
    let ada = server.register("ada@example.com").await;
    let verify = tokens(&server, MailKind::SignUp).await.pop().unwrap();
    let forgot = async || {
        let body = json!({"email": "ada@example.com"});
        let asked = server.post("/auth/password/forgot", "", body);
        asked.await.expect(202);
        tokens(&server, MailKind::Forgot).await.pop()
    };
    let reset = async |token: &str| {
        let body = json!({"token": token, "newPassword": PASSWORD});
        server.post("/auth/password/reset", "", body).await
    };
    let first = forgot().await.unwrap();
    server.pass(3_599_999);
    reset(&first).await.expect(204);
    let second = forgot().await.unwrap();
    server.pass(3_600_000);
    reset(&second).await.refused(401, "token_expired");

    // That was two: the next hour has three. One that is asked for later takes the place of the one before.
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(forgot().await.unwrap());
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
    server.pass(3_600_000);
    assert_ne!(forgot().await.as_ref(), seen.last());

    // A day from the sign-up; the address was verified by the reset, but the link has not come to its end by that.
    let ends = START.plus_seconds(86_400);
    let left = ends.0 - server.doorward.services().clock.now().0;
    server.pass(u64::try_from(left - 1).unwrap());
    let body = json!({"token": verify});
    let checked = server.post("/auth/email/verify", "", body.clone());
    checked.await.expect(204);
    server
        .post("/auth/email/verify", "", body)
        .await
        .refused(401, "invalid_token");
    let path = format!("/admin/users/{}", text(&ada, "userId"));
    let operator = server.operator();
    let user = server.call(rocket::http::Method::Get, &path, &operator, Value::Null);
    assert_eq!(user.await.expect(200)["emailVerified"], true);

    let other = server.register("bo@example.com").await;
    let verify = tokens(&server, MailKind::SignUp).await.pop().unwrap();
    server.pass(86_400_000);
    let body = json!({"token": verify});
    let late = server.post("/auth/email/verify", "", body);
    late.await.refused(401, "token_expired");
    assert_eq!(text(&other["user"], "email"), "bo@example.com");
}

/// How many mails of each kind there are, sent or not.
fn written(server: &TestApp, kind: MailKind) -> u32 {
    let conn = server.database();
    let sql = "SELECT count(*) FROM mails WHERE kind = ?1";
    conn.query_row(sql, [kind.as_str()], |row| row.get(0))
        .unwrap()
}

#[rocket::async_test]
async fn a_flood_of_notices_hides_no_new_password() {
    let settings = Settings {
        mail_notices: true,
        password_checks_per_minute_per_ip: 0,
        writes_per_minute_per_account: 0,
        ..mailing()
    };
    let server = TestApp::open(settings).await;
    let operator = server.operator();
    let make = json!({"email": "ada@example.com", "password": PASSWORD});
    server
        .post("/admin/users", &operator, make)
        .await
        .expect(201);
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let ada = server.post("/auth/login", "", login).await.expect(200);
    let token = text(&ada, "accessToken");
    for _ in 0..22 {
        let key = json!({"name": "k", "scopes": ["read"]});
        server.post("/apikey", token, key).await.expect(201);
    }
    assert_eq!(written(&server, MailKind::KeyMinted), 20);
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another good one"});
    server
        .post("/auth/password", token, change)
        .await
        .expect(204);
    assert_eq!(written(&server, MailKind::PasswordChanged), 1);
    server.close().await;
}

#[rocket::async_test]
async fn of_an_account_a_hundred_devices_are_known() {
    let settings = Settings {
        mail_notices: true,
        ..mailing()
    };
    let server = TestApp::open(settings).await;
    let ada = server.register("ada@example.com").await;
    let id: UserId = text(&ada, "userId").parse().unwrap();
    let conn = server.database();
    let known = || -> u32 {
        let sql = "SELECT count(*) FROM user_devices";
        conn.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(known(), 1);
    conn.execute("DELETE FROM user_devices", []).unwrap();
    for device in 0..150_u8 {
        let sql = "INSERT INTO user_devices VALUES (?1, ?2, 5)";
        conn.execute(sql, rusqlite::params![id.0.to_bytes(), [device]])
            .unwrap();
    }
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    server
        .post("/auth/login", "", login.clone())
        .await
        .expect(200);
    assert_eq!(known(), 100);
    assert_eq!(written(&server, MailKind::NewSignIn), 1);
    // The newest is among them.
    server.post("/auth/login", "", login).await.expect(200);
    assert_eq!(written(&server, MailKind::NewSignIn), 1);
    server.close().await;
}

#[rocket::async_test]
async fn an_unknown_address_is_never_a_known_one() {
    let settings = Settings {
        mail_notices: true,
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        password_failures_per_account: 1,
        ..mailing()
    };
    let server = TestApp::open(settings).await;
    server.register("ada@example.com").await;
    // Through the proxy, which lost the client's address.
    let sign_in = async |password: &str| {
        let headers = [
            ("content-type", "application/json"),
            ("x-forwarded-proto", "https"),
        ];
        let login = json!({"email": "ada@example.com", "password": password}).to_string();
        let answer = server.answer(Method::Post, "/auth/login", &headers, &login);
        answer.await.status
    };
    for told in 1..=3 {
        assert_eq!(sign_in(PASSWORD).await, 200);
        assert_eq!(written(&server, MailKind::NewSignIn), told);
    }
    // Nor is it free of what others get wrong.
    assert_eq!(sign_in("a wrong one").await, 401);
    assert_eq!(sign_in(PASSWORD).await, 429);
    server.close().await;
}

#[rocket::async_test]
async fn a_reset_by_mail_forgets_devices_only_where_it_takes_the_account_over() {
    let settings = Settings {
        mail_notices: true,
        ..mailing()
    };
    let server = TestApp::open(settings).await;
    server.register("ada@example.com").await;
    let conn = server.database();
    let known = || -> u32 {
        let sql = "SELECT count(*) FROM user_devices";
        conn.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    // The first shows whose address it is.
    for left in [0, 1] {
        assert_eq!(known(), 1);
        let asked = json!({"email": "ada@example.com"});
        let asked = server.post("/auth/password/forgot", "", asked);
        asked.await.expect(202);
        let token = tokens(&server, MailKind::Forgot).await.pop().unwrap();
        let body = json!({"token": token, "newPassword": PASSWORD});
        let done = server.post("/auth/password/reset", "", body);
        done.await.expect(204);
        assert_eq!(known(), left);
        let login = json!({"email": "ada@example.com", "password": PASSWORD});
        server.post("/auth/login", "", login).await.expect(200);
    }
    server.close().await;
}

#[rocket::async_test]
async fn what_nobody_sent_for_a_day_or_nobody_knows_is_given_up() {
    let server = TestApp::open(mailing()).await;
    server.register("ada@example.com").await;
    let conn = server.database();
    conn.execute(
        "UPDATE mails SET kind = 'postcard', tries = 1, due_at = 0",
        [],
    )
    .unwrap();
    server.register("bo@example.com").await;
    let waiting = || -> (u32, u32) {
        let sql = "SELECT coalesce(sum(due_at IS NOT NULL), 0), coalesce(sum(sealed IS NOT NULL), 0) FROM mails";
        conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    };
    // The postcard is given up, the other one was not taken and waits.
    until(|| waiting() == (1, 1)).await;
    server.pass(86_400_001);
    server.register("cy@example.com").await;
    until(|| waiting() == (1, 1)).await;
    let last = "SELECT kind = 'sign-up' AND created_at = (SELECT max(created_at) FROM mails) FROM mails WHERE sealed IS NOT NULL";
    assert!(
        conn.query_row(last, [], |row| row.get::<_, bool>(0))
            .unwrap()
    );
    server.close().await;
}

/// Waits for what a task does at its own time.
async fn until(done: impl Fn() -> bool) {
    for _ in 0..400 {
        if done() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("it was not done");
}
