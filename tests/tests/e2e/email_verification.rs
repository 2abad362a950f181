//! Verified addresses, changed ones, and forgotten passwords: by links that are mailed.

use std::time::{Duration, Instant};

use doorward_tests::{
    MailServer, Options, PASSWORD, Person, Reply, Server, Totp,
    browser::{claims, filled, form, forms},
    fields,
};
use serde_json::{Value, json};

const NEW: &str = "another good one";

fn mailing(mail: &MailServer) -> Options {
    Server::with()
        .set("mail_url", format!("smtp://localhost:{}", mail.port()))
        .set("mail_from", "id@example.com")
        .set("mail_notices", false)
}

async fn post(server: &Server, path: &str, body: Value) -> Reply {
    server.post(path).json(body).send().await
}

async fn verify(server: &Server, token: &str) -> Reply {
    post(server, "/auth/email/verify", json!({"token": token})).await
}

async fn forgot(server: &Server, email: &str) -> Reply {
    post(server, "/auth/password/forgot", json!({"email": email})).await
}

async fn reset(server: &Server, token: &str, password: &str) -> Reply {
    let body = json!({"token": token, "newPassword": password});
    post(server, "/auth/password/reset", body).await
}

async fn sign_in(server: &Server, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    post(server, "/auth/login", body).await
}

async fn verified(server: &Server, id: &str) -> bool {
    let user = server
        .admin("GET", &format!("/admin/users/{id}"), None)
        .await;
    user["emailVerified"].as_bool().unwrap()
}

fn path(link: &str) -> String {
    let (_, rest) = link.split_once("://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

#[tokio::test]
async fn a_sign_up_verifies_its_address_by_mail() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let ada = server.register("ada@example.com").await;
    assert!(!verified(&server, &ada.id).await);
    let first = mail.wait_for("ada@example.com", 1).await;
    let page = format!("{}/verify-email?token=", server.url());
    assert!(first.link().starts_with(&page), "{}", first.link());
    // Looking at it verifies nothing.
    for method in ["GET", "HEAD"] {
        let call = server.call(method, &path(&first.link()));
        call.send().await.expect(200);
    }
    assert!(!verified(&server, &ada.id).await);
    // A link that sets no password sets none, and the other way round.
    reset(&server, &first.token(), NEW)
        .await
        .refused(401, "invalid_token");
    let again = post(
        &server,
        "/auth/email/resend",
        json!({"email": "Ada@Example.com"}),
    )
    .await;
    assert_eq!(
        (again.expect(202).body.len(), !mail.mails().is_empty()),
        (0, true)
    );
    let second = mail.wait_for("ada@example.com", 2).await;
    let of_self = server.post("/auth/email/resend").bearer(&ada.access);
    of_self.send().await.expect(202);
    let third = mail.wait_for("ada@example.com", 3).await;
    // Whoever asks for one more ends none of those before; the first that is opened ends them all.
    verify(&server, &second.token()).await.expect(204);
    assert!(verified(&server, &ada.id).await);
    for used in [&first, &second, &third] {
        verify(&server, &used.token())
            .await
            .refused(401, "invalid_token");
    }
    // Nothing of the account has changed but that.
    server.login("ada@example.com").await;
    server.me(&ada.access).await.expect(200);
    let nobody = server.post("/auth/email/resend").send().await;
    nobody.refused(401, "missing_token");
    let events = server
        .admin("GET", "/admin/events?action=user.email_verified", None)
        .await;
    assert_eq!(events["pagination"]["total"], 1);
}

#[tokio::test]
async fn without_mail_nothing_is_offered_that_needs_it() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let email = json!({"email": "ada@example.com"});
    for path in ["/auth/password/forgot", "/auth/email/resend"] {
        post(&server, path, email.clone())
            .await
            .refused(404, "mail_disabled");
    }
    let body = json!({"email": "ada@new.example", "password": PASSWORD});
    let change = server.post("/auth/email").bearer(&ada.access).json(body);
    change.send().await.refused(404, "mail_disabled");
    server.get("/forgot-password").send().await.expect(404);
    let page = server.get("/sign-in").send().await.text();
    assert!(!page.contains("forgot-password"));
    verify(&server, "link_x")
        .await
        .refused(401, "invalid_token");
}

#[tokio::test]
async fn only_verified_addresses_sign_in_where_that_is_asked_for() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).set("require_verified_email", true).start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let made = post(&server, "/auth/register", body).await.expect(201);
    assert_eq!(fields(&made.json()), "user");
    assert_eq!(
        fields(&made.json()["user"]),
        "createdAt email firstName id lastName"
    );
    sign_in(&server, "ada@example.com", PASSWORD)
        .await
        .refused(403, "email_not_verified");
    sign_in(&server, "ada@example.com", NEW)
        .await
        .refused(401, "invalid_credentials");
    let first = mail.wait_for("ada@example.com", 1).await;

    // On the page it is said, and the mail offered again.
    let browser = server.browser();
    let page = browser.open("/sign-in").await.expect(200);
    let refused = browser.submit(&filled(&page, "ada@example.com")).await;
    let refused = refused.expect(200);
    assert!(
        refused.text().contains("not confirmed yet"),
        "{}",
        refused.text()
    );
    let again = form(&refused, "/verify-email/resend");
    assert_eq!(again.value("email"), "ada@example.com");
    browser.submit(&again).await.expect(200);
    let second = mail.wait_for("ada@example.com", 2).await;
    assert_ne!(first.token(), second.token());
    let page = browser.open(&path(&second.link())).await.expect(200);
    assert!(page.text().contains("ada@example.com"));
    let done = browser
        .submit(&form(&page, "/verify-email"))
        .await
        .expect(200);
    assert!(done.text().contains("is confirmed"), "{}", done.text());
    sign_in(&server, "ada@example.com", PASSWORD)
        .await
        .expect(200);
    browser.sign_in("ada@example.com").await;

    // Who signs up on the page is told to look into their mail.
    let other = server.browser();
    let page = other.open("/sign-up").await.expect(200);
    let sign_up = form(&page, "/sign-up")
        .with("email", "bo@example.com")
        .with("password", PASSWORD);
    let told = other.submit(&sign_up).await.expect(200);
    assert!(told.text().contains("bo@example.com"), "{}", told.text());
    mail.wait_for("bo@example.com", 1).await;
    // An operator vouches for whom they make, and may for others.
    let body = json!({"email": "eva@example.com", "password": PASSWORD});
    server.admin("POST", "/admin/users", Some(body)).await;
    server.login("eva@example.com").await;
}

#[tokio::test]
async fn who_did_not_sign_up_deletes_the_account() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let eve = server.register("ada@example.com").await;
    let link = mail.wait_for("ada@example.com", 1).await.link();
    let browser = server.browser();
    let page = browser.open(&path(&link)).await.expect(200);
    assert_eq!(forms(&page).len(), 2);
    assert!(page.text().contains("ada@example.com"));
    let gone = browser.submit(&form(&page, "/verify-email/not-me")).await;
    assert!(gone.expect(200).text().contains("is deleted"));
    server.me(&eve.access).await.refused(401, "token_revoked");
    let user = server.get(&format!("/admin/users/{}", eve.id));
    user.bearer(&server.operator_key()).send().await.expect(404);
    let again = browser.submit(&form(&page, "/verify-email/not-me")).await;
    again.expect(404);
    // The address is free again.
    let ada = server.register("ada@example.com").await;
    let second = mail.wait_for("ada@example.com", 2).await;
    let page = browser.open(&path(&second.link())).await.expect(200);
    let deny = form(&page, "/verify-email/not-me");
    verify(&server, &second.token()).await.expect(204);
    browser.submit(&deny).await.expect(404);
    assert!(verified(&server, &ada.id).await);
    // Of an account that an operator made nobody says so.
    let body = json!({"email": "bo@example.com", "emailVerified": false});
    server.admin("POST", "/admin/users", Some(body)).await;
    post(
        &server,
        "/auth/email/resend",
        json!({"email": "bo@example.com"}),
    )
    .await
    .expect(202);
    let link = mail.wait_for("bo@example.com", 1).await.link();
    let page = browser.open(&path(&link)).await.expect(200);
    assert_eq!(forms(&page).len(), 1);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_mail() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    server.admin("POST", "/admin/users", Some(body)).await;
    let ada = server.login("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let setup = server.post("/auth/mfa/totp").bearer(&ada.access);
    let setup = setup.json(json!({"password": PASSWORD})).send().await;
    let totp = Totp::new(&setup.expect(200).field("secret"));
    let confirm = server.post("/auth/mfa/totp/confirm").bearer(&ada.access);
    confirm
        .json(json!({"code": totp.code(0)}))
        .send()
        .await
        .expect(200);

    let asked = forgot(&server, "ada@example.com").await.expect(202);
    assert!(asked.body.is_empty());
    let taken = mail.wait_for("ada@example.com", 1).await;
    reset(&server, &taken.token(), NEW).await.expect(204);
    for credential in [&ada.access, key["key"].as_str().unwrap()] {
        let me = server.me(credential).await;
        me.refused(401, "token_revoked");
    }
    // Second factors stay.
    let step = sign_in(&server, "ada@example.com", NEW).await;
    assert_eq!(step.expect(401).json()["error"]["code"], "mfa_required");

    // A new password and a new address end what was made before; a newer link does not.
    let path = format!("/admin/users/{}", ada.id);
    forgot(&server, "ada@example.com").await.expect(202);
    let second = mail.wait_for("ada@example.com", 2).await;
    forgot(&server, "ada@example.com").await.expect(202);
    let third = mail.wait_for("ada@example.com", 3).await;
    reset(&server, &taken.token(), PASSWORD)
        .await
        .refused(401, "invalid_token");
    reset(&server, &second.token(), PASSWORD).await.expect(204);
    let third_after = reset(&server, &third.token(), NEW).await;
    third_after.refused(401, "invalid_token");
    forgot(&server, "ada@example.com").await.expect(202);
    let body = json!({"email": "ada@new.example"});
    server.admin("PATCH", &path, Some(body)).await;
    reset(&server, &third.token(), PASSWORD)
        .await
        .refused(401, "invalid_token");
    forgot(&server, "ada@new.example").await.expect(202);
    let fourth = mail.wait_for("ada@new.example", 1).await;
    let body = json!({"password": PASSWORD});
    server
        .admin("POST", &format!("{path}/password"), Some(body))
        .await;
    reset(&server, &fourth.token(), NEW)
        .await
        .refused(401, "invalid_token");
}

#[tokio::test]
async fn what_somebody_else_opened_with_my_address_is_worth_nothing_to_them() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let eve = server.register("ada@example.com").await;
    let key = server.key_of(&eve, &["read"]).await;
    let setup = server.post("/auth/mfa/totp").bearer(&eve.access);
    let setup = setup.json(json!({"password": PASSWORD})).send().await;
    let totp = Totp::new(&setup.expect(200).field("secret"));
    let confirm = server.post("/auth/mfa/totp/confirm").bearer(&eve.access);
    confirm
        .json(json!({"code": totp.code(0)}))
        .send()
        .await
        .expect(200);
    mail.wait_for("ada@example.com", 1).await;
    forgot(&server, "ada@example.com").await.expect(202);
    let taken = mail.wait_for("ada@example.com", 2).await;
    let body = json!({"token": taken.token(), "newPassword": NEW, "keepApiKeys": true});
    post(&server, "/auth/password/reset", body)
        .await
        .expect(204);
    for credential in [&eve.access, key["key"].as_str().unwrap()] {
        let me = server.me(credential).await;
        me.refused(401, "token_revoked");
    }
    sign_in(&server, "ada@example.com", PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    // No factor of somebody else's is asked for.
    sign_in(&server, "ada@example.com", NEW).await.expect(200);
    assert!(verified(&server, &eve.id).await);
}

/// One-time codes of an account; and a key of it.
async fn settle_in(server: &Server, person: &Person) -> String {
    settle_in_with(server, person, PASSWORD).await
}

async fn settle_in_with(server: &Server, person: &Person, password: &str) -> String {
    let setup = server.post("/auth/mfa/totp").bearer(&person.access);
    let setup = setup.json(json!({"password": password})).send().await;
    let totp = Totp::new(&setup.expect(200).field("secret"));
    let confirm = server.post("/auth/mfa/totp/confirm").bearer(&person.access);
    let code = json!({"code": totp.code(0)});
    confirm.json(code).send().await.expect(200);
    let key = server.key_of(person, &["read"]).await;
    key["key"].as_str().unwrap().to_owned()
}

/// A new password by mail, set on the page, with which the keys are to stay.
async fn recover(server: &Server, mail: &MailServer, email: &str) {
    let before = mail.mails().iter().filter(|mail| mail.to == email).count();
    forgot(server, email).await.expect(202);
    let link = mail.wait_for(email, before + 1).await.link();
    let browser = server.browser();
    let page = browser.open(&path(&link)).await.expect(200);
    let set = form(&page, "/reset-password").with("newPassword", NEW);
    let done = browser.submit(&set.with("keepApiKeys", "true")).await;
    done.expect(200);
}

/// An application that has its own pages asks for the password itself: what was set up stays, whoever opened the link that
/// verified the address.
#[tokio::test]
async fn second_factors_of_a_verified_account_stay_with_a_reset_by_the_api() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let ada = server.register("ada@example.com").await;
    let link = mail.wait_for("ada@example.com", 1).await;
    verify(&server, &link.token()).await.expect(204);
    let key = settle_in(&server, &ada).await;
    forgot(&server, "ada@example.com").await.expect(202);
    let token = mail.wait_for("ada@example.com", 2).await.token();
    let body = json!({"token": token, "newPassword": NEW, "keepApiKeys": true});
    let done = post(&server, "/auth/password/reset", body).await;
    done.expect(204);
    asks_for_factor(&server, "ada@example.com").await;
    assert!(works(&server, &key).await);
    assert!(!works(&server, &ada.access).await);
}

async fn works(server: &Server, key: &str) -> bool {
    let me = server.me(key).await;
    me.status == 200
}

#[tokio::test]
async fn what_somebody_else_has_when_i_verify_my_address_or_sets_up_later_ends_with_a_reset_by_mail()
 {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let eve = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", eve.id);
    let body = json!({"permissions": ["admin:apikeys"]});
    server.admin("PATCH", &path, Some(body)).await;
    let eve = server.login("ada@example.com").await;
    let old = server.key_of(&eve, &["read"]).await["key"].clone();
    // Ada clicks, without knowing what Eve has, who waits for it.
    let link = mail.wait_for("ada@example.com", 1).await;
    verify(&server, &link.token()).await.expect(204);
    let new = settle_in(&server, &eve).await;
    let body = json!({"name": "for nobody", "scopes": ["admin:apikeys"]});
    let minted = server.post("/admin/apikeys").bearer(&eve.access).json(body);
    let minted = minted.send().await.expect(201).field("key");
    recover(&server, &mail, "ada@example.com").await;
    let ada = sign_in(&server, "ada@example.com", NEW).await.expect(200);
    for key in [old.as_str().unwrap(), &new, &eve.access] {
        assert!(!works(&server, key).await);
    }
    let listed = server.get("/admin/apikeys").bearer(&minted).send().await;
    listed.refused(401, "token_revoked");

    // From now on all of it is Ada's.
    let ada = Person {
        access: ada.field("accessToken"),
        ..eve
    };
    let key = settle_in_with(&server, &ada, NEW).await;
    recover(&server, &mail, "ada@example.com").await;
    asks_for_factor(&server, "ada@example.com").await;
    assert!(works(&server, &key).await);
}

/// Signs in with the new password.
async fn asks_for_factor(server: &Server, email: &str) {
    let step = sign_in(server, email, NEW).await;
    assert_eq!(step.expect(401).json()["error"]["code"], "mfa_required");
}

#[tokio::test]
async fn whoever_has_taken_their_account_by_a_reset_keeps_it_whatever_they_click_later() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let ada = server.register("ada@example.com").await;
    let sign_up = mail.wait_for("ada@example.com", 1).await;
    recover(&server, &mail, "ada@example.com").await;
    let signed_in = sign_in(&server, "ada@example.com", NEW).await.expect(200);
    let ada = Person {
        access: signed_in.field("accessToken"),
        ..ada
    };
    let key = settle_in_with(&server, &ada, NEW).await;
    verify(&server, &sign_up.token()).await.expect(204);
    recover(&server, &mail, "ada@example.com").await;
    asks_for_factor(&server, "ada@example.com").await;
    assert!(works(&server, &key).await);
}

#[tokio::test]
async fn who_changes_their_address_keeps_what_they_have_if_they_are_signed_in_when_they_verify_it()
{
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    for (at, signed_in) in [true, false].into_iter().enumerate() {
        let (before, email) = (format!("a{at}@old.example"), format!("a{at}@new.example"));
        let body = json!({"email": before, "password": PASSWORD});
        server.admin("POST", "/admin/users", Some(body)).await;
        let ada = server.login(&before).await;
        let key = settle_in(&server, &ada).await;
        let body = json!({"email": email, "password": PASSWORD});
        let change = server.post("/auth/email").bearer(&ada.access).json(body);
        change.send().await.expect(202);
        let token = mail.wait_for(&email, 1).await.token();
        let mut call = server.post("/auth/email/verify");
        if signed_in {
            call = call.bearer(&ada.access);
        }
        let body = json!({"token": token});
        call.json(body).send().await.expect(204);
        recover(&server, &mail, &email).await;
        if signed_in {
            asks_for_factor(&server, &email).await;
        } else {
            sign_in(&server, &email, NEW).await.expect(200);
        }
        assert_eq!(works(&server, &key).await, signed_in);
    }
}

/// A reset by mail from an address that nobody verified who was signed in ends second factors: whoever names the address gets
/// around them.
#[tokio::test]
async fn whoever_knows_the_password_gets_around_no_factor_by_another_address() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    server.admin("POST", "/admin/users", Some(body)).await;
    let before = server.login("ada@example.com").await;
    let change = async |by: &Person, email: &str| {
        let body = json!({"email": email, "password": PASSWORD});
        let call = server.post("/auth/email").bearer(&by.access);
        call.json(body).send().await
    };
    change(&before, "eve@one.example").await.expect(202);
    let early = mail.wait_for("eve@one.example", 1).await.token();
    let ada = server.login("ada@example.com").await;
    settle_in(&server, &ada).await;
    // What was asked for before ends with the first factor.
    verify(&server, &early).await.refused(401, "invalid_token");
    let refused = change(&before, "eve@two.example").await;
    refused.refused(401, "step_up_required");
    change(&ada, "ada@new.example").await.expect(202);
}

/// Signs in with a recovery code, asks for another address, and answers the token of the mail that came there, and
/// the session.
async fn change_asked_with(
    server: &Server,
    mail: &MailServer,
    code: &Value,
    to: &str,
) -> (String, String) {
    let first = sign_in(server, "ada@example.com", PASSWORD).await;
    let token = first.expect(401).json()["mfaToken"].clone();
    let body = json!({"mfaToken": token, "recoveryCode": code});
    let by = post(server, "/auth/mfa", body).await.expect(200);
    let by = by.field("accessToken");
    let body = json!({"email": to, "password": PASSWORD});
    let call = server.post("/auth/email").bearer(&by).json(body);
    call.send().await.expect(202);
    let session = claims(&by)["sid"].as_str().unwrap().to_owned();
    (mail.wait_for(to, 1).await.token(), session)
}

/// Whoever has the password, and had a factor once, is kept out by what its owner does then.
#[tokio::test]
async fn a_change_of_address_ends_with_the_sessions_and_the_factor_it_was_asked_for_with() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    server.admin("POST", "/admin/users", Some(body)).await;
    let ada = server.login("ada@example.com").await;
    settle_in(&server, &ada).await;
    let own = async |method: &str, path: &str, body: Value| {
        let call = server.call(method, path).bearer(&ada.access);
        call.json(body).send().await
    };
    let password = json!({"password": PASSWORD});
    let new_codes = async || {
        let made = own("POST", "/auth/mfa/recovery-codes", password.clone()).await;
        made.expect(200).json()["recoveryCodes"].clone()
    };
    let codes = new_codes().await;
    let asked = async |code: &Value, to| change_asked_with(&server, &mail, code, to).await;

    let (found, _) = asked(&codes[0], "eve@one.example").await;
    let codes = new_codes().await;
    verify(&server, &found).await.refused(401, "invalid_token");

    let (found, session) = asked(&codes[3], "eve@own.example").await;
    let path = format!("/auth/sessions/{session}");
    own("DELETE", &path, json!({})).await.expect(204);
    verify(&server, &found).await.refused(401, "invalid_token");

    let (found, session) = asked(&codes[4], "eve@session.example").await;
    let path = format!("/admin/sessions/{session}");
    server.admin("DELETE", &path, None).await;
    verify(&server, &found).await.refused(401, "invalid_token");

    let (found, session) = asked(&codes[5], "eve@these.example").await;
    let these = json!({"ids": [session]});
    server
        .admin("POST", "/admin/sessions/revoke", Some(these))
        .await;
    verify(&server, &found).await.refused(401, "invalid_token");

    let (found, _) = asked(&codes[0], "eve@two.example").await;
    let path = format!("/admin/users/{}/sessions/revoke", ada.id);
    server.admin("POST", &path, Some(json!({}))).await;
    verify(&server, &found).await.refused(401, "invalid_token");

    let (found, _) = asked(&codes[1], "eve@three.example").await;
    let all = json!({"userId": ada.id});
    server
        .admin("POST", "/admin/sessions/revoke", Some(all))
        .await;
    verify(&server, &found).await.refused(401, "invalid_token");

    let (found, _) = asked(&codes[2], "eve@four.example").await;
    let path = format!("/admin/users/{}/mfa", ada.id);
    let why = json!({"reason": "she lost her codes"});
    server.admin("DELETE", &path, Some(why)).await;
    verify(&server, &found).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn an_address_that_an_operator_gives_and_vouches_for_is_its_holders_with_a_reset() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let body = json!({"email": "eve@example.com", "password": PASSWORD});
    server.admin("POST", "/admin/users", Some(body)).await;
    let eve = server.login("eve@example.com").await;
    let key = settle_in(&server, &eve).await;
    let path = format!("/admin/users/{}", eve.id);
    let body = json!({"email": "ada@example.com", "emailVerified": true});
    server.admin("PATCH", &path, Some(body)).await;
    recover(&server, &mail, "ada@example.com").await;
    sign_in(&server, "ada@example.com", NEW).await.expect(200);
    assert!(!works(&server, &key).await);
}

#[tokio::test]
async fn whoever_is_signed_in_when_they_verify_their_address_keeps_what_they_had() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let ada = server.register("ada@example.com").await;
    let key = settle_in(&server, &ada).await;
    let link = mail.wait_for("ada@example.com", 1).await;
    let body = json!({"token": link.token()});
    let verify = server.post("/auth/email/verify").bearer(&ada.access);
    verify.json(body).send().await.expect(204);
    recover(&server, &mail, "ada@example.com").await;
    let step = sign_in(&server, "ada@example.com", NEW).await;
    assert_eq!(step.expect(401).json()["error"]["code"], "mfa_required");
    assert!(works(&server, &key).await);

    // In the browser too.
    let bo = server.register("bo@example.com").await;
    let browser = server.browser();
    browser.sign_in("bo@example.com").await;
    let link = mail.wait_for("bo@example.com", 1).await.link();
    settle_in(&server, &bo).await;
    let page = browser.open(&path(&link)).await.expect(200);
    let done = browser.submit(&form(&page, "/verify-email")).await;
    done.expect(200);
    recover(&server, &mail, "bo@example.com").await;
    let step = sign_in(&server, "bo@example.com", NEW).await;
    assert_eq!(step.expect(401).json()["error"]["code"], "mfa_required");
}

#[tokio::test]
async fn an_address_given_to_somebody_elses_account_is_refused_or_taken_back() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let eve = server.register("eve@example.com").await;
    settle_in(&server, &eve).await;
    let ask = async || {
        let body = json!({"email": "ada@example.com", "password": PASSWORD});
        let change = server.post("/auth/email").bearer(&eve.access).json(body);
        change.send().await.expect(202);
    };
    ask().await;
    let first = mail.wait_for("ada@example.com", 1).await;
    assert!(first.text().contains("e…@example.com"), "{}", first.text());
    let browser = server.browser();
    let page = browser.open(&path(&first.link())).await.expect(200);
    for shown in ["ada@example.com", "eve@example.com"] {
        assert!(page.text().contains(shown), "{}", page.text());
    }
    let deny = form(&page, "/verify-email/not-me");
    let refused = browser.submit(&deny).await.expect(200);
    assert!(refused.text().contains("refused"), "{}", refused.text());
    verify(&server, &first.token())
        .await
        .refused(401, "invalid_token");
    let action = "/admin/events?action=user.email_change_refused";
    let events = server.admin("GET", action, None).await;
    assert_eq!(events["pagination"]["total"], 1);
    server.me(&eve.access).await.expect(200);

    // Once it was confirmed nevertheless, a reset by mail leaves none of Eve's factors.
    ask().await;
    let second = mail.wait_for("ada@example.com", 2).await;
    verify(&server, &second.token()).await.expect(204);
    recover(&server, &mail, "ada@example.com").await;
    sign_in(&server, "ada@example.com", NEW).await.expect(200);
}

#[tokio::test]
async fn a_link_that_an_operator_shows_takes_an_unverified_account_too() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "firstName": "Click evil.example"});
    post(&server, "/auth/register", body).await.expect(201);
    let eve = server.login("ada@example.com").await;
    let key = settle_in(&server, &eve).await;
    let link = format!("/admin/users/{}/link", eve.id);
    let made = server
        .admin("POST", &link, Some(json!({"purpose": "reset"})))
        .await;
    let url = made["url"].as_str().unwrap();
    let (_, token) = url.split_once("token=").unwrap();
    let body = json!({"token": token, "newPassword": NEW, "keepApiKeys": true});
    post(&server, "/auth/password/reset", body)
        .await
        .expect(204);
    assert!(!works(&server, &key).await);
    let ada = sign_in(&server, "ada@example.com", NEW).await.expect(200);
    let me = server.get("/auth/me").bearer(&ada.field("accessToken"));
    assert_eq!(me.send().await.expect(200).json()["firstName"], Value::Null);
    // Who got it shown may be anybody.
    assert!(!verified(&server, &eve.id).await);
}

#[tokio::test]
async fn nobody_learns_by_asking_who_has_an_account() {
    let mail = MailServer::start().await;
    let server = mailing(&mail)
        .set("trusted_proxies", "127.0.0.1/32")
        .start();
    for at in 0..20 {
        let body = json!({"email": format!("known{at}@example.com")});
        server.admin("POST", "/admin/users", Some(body)).await;
    }
    let ask = async |email: &str, from: &str| {
        let body = json!({"email": email});
        let call = server.post("/auth/password/forgot").json(body);
        let begun = Instant::now();
        let reply = call.header("x-forwarded-for", from).send().await;
        (reply, begun.elapsed())
    };
    let mut took = [Vec::new(), Vec::new()];
    for at in 0..20 {
        for (kind, name) in ["known", "unknown"].into_iter().enumerate() {
            let email = format!("{name}{at}@example.com");
            let from = format!("192.0.2.{}", at * 2 + kind + 1);
            let (reply, time) = ask(&email, &from).await;
            assert_eq!((reply.status, reply.body.len()), (202, 0));
            took[kind].push(time);
        }
    }
    let [known, unknown] = took.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    let apart = known.abs_diff(unknown);
    assert!(
        apart < Duration::from_millis(8).max(unknown),
        "{known:?} {unknown:?}"
    );
    for strange in ["", "nobody", "a b@example.com", "\u{0}@x"] {
        let (reply, _) = ask(strange, "198.51.100.1").await;
        assert_eq!((reply.status, reply.body.len()), (202, 0), "{strange:?}");
    }
    mail.wait_for("known19@example.com", 1).await;
    assert_eq!(mail.mails_to("unknown19@example.com").len(), 0);

    // Three mails an hour to one address, and 20 for one network, whoever has them; the answer stays the same.
    for at in 0..8 {
        let (reply, _) = ask("known0@example.com", &format!("203.0.113.{at}")).await;
        reply.expect(202);
    }
    for _ in 0..3 {
        let body = json!({"email": "known0@example.com"});
        post(&server, "/auth/email/resend", body).await.expect(202);
    }
    let body = json!({"email": "last@example.com"});
    server.admin("POST", "/admin/users", Some(body)).await;
    for at in 0..20 {
        let (reply, _) = ask(&format!("x{at}@example.com"), "198.51.100.77").await;
        reply.expect(202);
    }
    let (reply, _) = ask("last@example.com", "198.51.100.77").await;
    reply.expect(202);
    let (reply, _) = ask("last@example.com", "198.51.100.78").await;
    reply.expect(202);
    mail.wait_for("known0@example.com", 3).await;
    mail.wait_for("last@example.com", 1).await;
    assert_eq!(mail.mails_to("last@example.com").len(), 1);
    assert_eq!(mail.mails_to("known0@example.com").len(), 3);
}

#[tokio::test]
async fn an_address_is_changed_once_the_new_one_is_verified() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).set("mail_notices", true).start();
    let ada = server.register("ada@example.com").await;
    let bo = server.register("bo@example.com").await;
    mail.wait_for("bo@example.com", 1).await;
    let change = async |email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        let call = server.post("/auth/email").bearer(&ada.access).json(body);
        call.send().await
    };
    change("ada@new.example", NEW)
        .await
        .refused(401, "invalid_credentials");
    change("no address", PASSWORD)
        .await
        .refused_at(422, "validation_failed", "email");
    change("ada@example.com", PASSWORD)
        .await
        .refused_at(422, "validation_failed", "email");
    change("bo@example.com", PASSWORD)
        .await
        .refused(409, "email_taken");
    let key = server.key_of(&ada, &["read"]).await;
    let body = json!({"email": "eve@evil.example", "password": PASSWORD});
    let by_key = server
        .post("/auth/email")
        .bearer(key["key"].as_str().unwrap());
    by_key
        .json(body)
        .send()
        .await
        .refused(403, "insufficient_scope");

    assert!(
        change("ada@new.example", PASSWORD)
            .await
            .expect(202)
            .body
            .is_empty()
    );
    let me = async |token: &str| {
        let reply = server.me(token).await;
        reply.expect(200).field("email")
    };
    assert_eq!(me(&ada.access).await, "ada@example.com");
    let link = mail.wait_for("ada@new.example", 1).await;
    assert!(!link.text().contains("ada@example.com"), "{}", link.text());
    let mut to_old = mail.mails_to("ada@example.com");
    while !to_old
        .iter()
        .any(|mail| mail.text().contains("a…@new.example"))
    {
        tokio::task::yield_now().await;
        to_old = mail.mails_to("ada@example.com");
    }
    let browser = server.browser();
    let page = browser.open(&path(&link.link())).await.expect(200);
    assert!(page.text().contains("ada@new.example"));
    browser
        .submit(&form(&page, "/verify-email"))
        .await
        .expect(200);
    assert_eq!(me(&ada.access).await, "ada@new.example");
    assert!(verified(&server, &ada.id).await);
    verify(&server, &link.token())
        .await
        .refused(401, "invalid_token");
    server.login("ada@new.example").await;
    sign_in(&server, "ada@example.com", PASSWORD)
        .await
        .refused(401, "invalid_credentials");

    // Taken meanwhile.
    change("third@example.com", PASSWORD).await.expect(202);
    let link = mail.wait_for("third@example.com", 1).await;
    let path = format!("/admin/users/{}", bo.id);
    let taken = json!({"email": "third@example.com"});
    server.admin("PATCH", &path, Some(taken)).await;
    verify(&server, &link.token())
        .await
        .refused(409, "email_taken");
    let page = browser.open(&self::path(&link.link())).await.expect(200);
    let refused = browser.submit(&form(&page, "/verify-email")).await;
    refused.expect(409);
    let free = json!({"email": "fourth@example.com"});
    server.admin("PATCH", &path, Some(free)).await;
    // A new password ends it.
    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW});
    let own = server.post("/auth/password").bearer(&ada.access);
    own.json(body).send().await.expect(204);
    verify(&server, &link.token())
        .await
        .refused(401, "invalid_token");
}

#[tokio::test]
async fn the_pages_lead_from_a_forgotten_password_to_the_account() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    server.admin("POST", "/admin/users", Some(body)).await;
    let browser = server.browser();
    let page = browser.open("/sign-in").await.expect(200);
    assert!(page.text().contains("href=\"/forgot-password\""));
    let page = browser.open("/forgot-password").await.expect(200);
    let ask = form(&page, "/forgot-password");
    let told = browser
        .submit(&ask.clone().with("email", "nobody@example.com"))
        .await;
    let page = browser.open("/forgot-password").await.expect(200);
    let ask = form(&page, "/forgot-password").with("email", "ada@example.com");
    let known = browser.submit(&ask).await;
    assert_eq!(told.expect(200).text(), known.expect(200).text());
    let link = mail.wait_for("ada@example.com", 1).await.link();
    let page = browser.open(&path(&link)).await.expect(200);
    let set = form(&page, "/reset-password").with("newPassword", NEW);
    browser.submit(&set).await.expect(200);
    sign_in(&server, "ada@example.com", NEW).await.expect(200);
    let dead = browser.open(&path(&link)).await.expect(404);
    assert!(dead.text().contains("href=\"/forgot-password\""));

    // The account's page changes the address.
    let page = browser.open("/sign-in").await.expect(200);
    let sign_in = form(&page, "/sign-in")
        .with("email", "ada@example.com")
        .with("password", NEW);
    browser.submit(&sign_in).await;
    let page = browser.open("/account").await.expect(200);
    let change = form(&page, "/account/profile/email")
        .with("email", "ada@new.example")
        .with("emailPassword", NEW);
    let done = browser.submit(&change).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let link = mail.wait_for("ada@new.example", 1).await;
    verify(&server, &link.token()).await.expect(204);
}

#[tokio::test]
async fn an_address_that_is_mailed_to_is_changed_by_those_who_could_set_the_password() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let body = json!({"email": "ada@example.com", "permissions": ["pay:approve"]});
    let ada = server.admin("POST", "/admin/users", Some(body)).await;
    let path = format!("/admin/users/{}", ada["id"].as_str().unwrap());
    let change = async |by: &str, body: Value| {
        let call = server.call("PATCH", &path).bearer(by).json(body);
        call.send().await
    };
    let helpdesk = server.key(&["admin:users", "read", "write"]).await;
    for body in [
        json!({"email": "eve@example.com"}),
        json!({"email": "eve@example.com", "emailVerified": true}),
    ] {
        let refused = change(&helpdesk, body).await;
        refused.refused(403, "insufficient_scope");
    }
    // What lets nobody in is theirs to do.
    let same = json!({"email": "ada@example.com", "emailVerified": true, "firstName": "Ada", "disabled": false});
    change(&helpdesk, same).await.expect(200);
    let cashier = server.key(&["admin:users", "read", "write", "pay"]).await;
    // Whether the address is verified decides what a link that is mailed there ends.
    for verified in [false, true] {
        let body = json!({"emailVerified": verified});
        let refused = change(&helpdesk, body.clone()).await;
        refused.refused(403, "insufficient_scope");
        change(&cashier, body).await.expect(200);
    }
    let other = json!({"email": "ada@new.example"});
    let changed = change(&cashier, other).await.expect(200).json();
    assert_eq!(changed["emailVerified"], false);
    // Making a plain account needs no more than before.
    let weak = server.key(&["admin:users"]).await;
    let call = server.post("/admin/users").bearer(&weak);
    let body = json!({"email": "bo@example.com"});
    call.json(body).send().await.expect(201);
}

#[tokio::test]
async fn asking_for_one_mail_keeps_nobody_from_another() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    server.register("ada@example.com").await;
    let email = json!({"email": "ada@example.com"});
    for _ in 0..5 {
        let asked = post(&server, "/auth/email/resend", email.clone()).await;
        asked.expect(202);
    }
    for _ in 0..5 {
        forgot(&server, "ada@example.com").await.expect(202);
    }
    // One of the sign-up, three again, three of the password.
    mail.wait_for("ada@example.com", 7).await;
    let done = forgot(&server, "bo@example.com").await;
    done.expect(202);
    server.register("bo@example.com").await;
    mail.wait_for("bo@example.com", 1).await;
    assert_eq!(mail.mails_to("ada@example.com").len(), 7);
}

#[tokio::test]
async fn no_mail_can_be_used_up_before_there_is_an_account() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    let email = json!({"email": "ada@example.com"});
    for _ in 0..4 {
        let asked = post(&server, "/auth/email/resend", email.clone()).await;
        asked.expect(202);
        forgot(&server, "ada@example.com").await.expect(202);
    }
    server.register("ada@example.com").await;
    // Nor by signing up with an address that is taken.
    for _ in 0..4 {
        let body = json!({"email": "ada@example.com", "password": PASSWORD});
        let taken = post(&server, "/auth/register", body).await;
        taken.refused(409, "email_taken");
    }
    mail.wait_for("ada@example.com", 1).await;
    let again = post(&server, "/auth/email/resend", email).await;
    again.expect(202);
    mail.wait_for("ada@example.com", 2).await;
    forgot(&server, "ada@example.com").await.expect(202);
    mail.wait_for("ada@example.com", 3).await;
}

#[tokio::test]
async fn a_link_that_is_shown_takes_nothing_from_who_signed_up_before_there_was_mail() {
    let mail = MailServer::start().await;
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::with().data_dir(directory.path()).start();
    let before = server.register("ada@example.com").await;
    settle_in(&server, &before).await;
    server.stop();
    drop(server);
    let server = mailing(&mail).data_dir(directory.path()).start();
    let after = server.register("bo@example.com").await;
    settle_in(&server, &after).await;
    for (person, factor) in [(&before, true), (&after, false)] {
        let path = format!("/admin/users/{}/link", person.id);
        let body = json!({"purpose": "reset"});
        let link = server.admin("POST", &path, Some(body)).await;
        let (_, token) = link["url"].as_str().unwrap().split_once("token=").unwrap();
        reset(&server, token, NEW).await.expect(204);
        let signed_in = sign_in(&server, &person.email, NEW).await;
        if factor {
            assert_eq!(signed_in.json()["error"]["code"], "mfa_required");
        } else {
            signed_in.expect(200);
        }
    }
}

#[tokio::test]
async fn who_signs_up_and_leaves_again_and_again_floods_nobody() {
    let mail = MailServer::start().await;
    let server = mailing(&mail).start();
    for _ in 0..5 {
        let eve = server.register("ada@example.com").await;
        let body = json!({"password": PASSWORD});
        let gone = server.delete("/auth/me").bearer(&eve.access).json(body);
        gone.send().await.expect(204);
    }
    server.register("bo@example.com").await;
    mail.wait_for("bo@example.com", 1).await;
    // What was not sent when the account went is dropped.
    assert!(mail.mails_to("ada@example.com").len() <= 3);
}

#[tokio::test]
async fn a_link_lets_nobody_have_passwords_hashed_without_end() {
    let server = Server::with()
        .set("password_checks_per_minute_per_ip", 3)
        .start();
    let body = json!({"email": "ada@example.com"});
    let ada = server.admin("POST", "/admin/users", Some(body)).await;
    let link = format!("/admin/users/{}/link", ada["id"].as_str().unwrap());
    let body = json!({"purpose": "reset"});
    let made = server.admin("POST", &link, Some(body)).await;
    let (_, token) = made["url"].as_str().unwrap().split_once("token=").unwrap();
    for _ in 0..3 {
        reset(&server, token, "short")
            .await
            .refused_at(422, "validation_failed", "newPassword");
    }
    reset(&server, token, NEW)
        .await
        .refused(429, "rate_limited");
}
