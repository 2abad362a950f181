//! Pages that one-time links lead to, and those that mail them.

use doorward_server::domain::mail::MailKind;
use serde_json::json;

use super::in_each_language;
use crate::{
    browser::{Browser, Page},
    mails::{mailing, tokens},
    test_app::{PASSWORD, TestApp, cheap, text},
};

const ADA: &str = "ada@example.com";

async fn newest(server: &TestApp, kind: MailKind) -> String {
    tokens(server, kind).await.pop().expect("a mail")
}

#[rocket::async_test]
async fn a_forgotten_password() {
    in_each_language("forgot_password", mailing, async |_, browser| {
        browser.get("/forgot-password").await
    })
    .await;
    in_each_language("forgot_password_sent", mailing, async |_, browser| {
        let page = browser.get("/forgot-password").await;
        let typed = [("email", ADA)];
        browser.send(&page, "/forgot-password", &typed).await
    })
    .await;
    in_each_language("forgot_password_no_mail", cheap, async |_, browser| {
        browser.get("/forgot-password").await
    })
    .await;
}

async fn reset_link(server: &TestApp, browser: &Browser<'_>) -> Page {
    server.register(ADA).await;
    let body = json!({"email": ADA});
    let asked = server.post("/auth/password/forgot", "", body);
    asked.await.expect(202);
    let token = newest(server, MailKind::Forgot).await;
    browser.get(&format!("/reset-password?token={token}")).await
}

#[rocket::async_test]
async fn a_new_password() {
    in_each_language("reset_password", mailing, reset_link).await;
    in_each_language("reset_password_weak", mailing, async |server, browser| {
        let page = reset_link(server, browser).await;
        let typed = [("newPassword", "password")];
        browser.send(&page, "/reset-password", &typed).await
    })
    .await;
    in_each_language("reset_password_done", mailing, async |server, browser| {
        let page = reset_link(server, browser).await;
        let typed = [("newPassword", "another good one")];
        let done = browser.send(&page, "/reset-password", &typed).await;
        match done.onward {
            Some(to) => browser.get(&to).await,
            None => done,
        }
    })
    .await;
    in_each_language("reset_password_dead", mailing, async |_, browser| {
        browser.get("/reset-password?token=link_nobody").await
    })
    .await;
    in_each_language("invited", cheap, async |server, browser| {
        let operator = server.operator();
        let body = json!({"email": ADA, "firstName": "Ada"});
        let made = server
            .post("/admin/users", &operator, body)
            .await
            .expect(201);
        let path = format!("/admin/users/{}/link", text(&made, "id"));
        let link = server.post(&path, &operator, json!({"purpose": "invite"}));
        let link = link.await.expect(201);
        let (_, query) = text(&link, "url").split_once('?').expect("a query");
        browser.get(&format!("/reset-password?{query}")).await
    })
    .await;
}

async fn verify_link(server: &TestApp, browser: &Browser<'_>) -> Page {
    let body =
        json!({"email": ADA, "password": PASSWORD, "firstName": "Ada", "lastName": "Lovelace"});
    server.post("/auth/register", "", body).await.expect(201);
    let token = newest(server, MailKind::SignUp).await;
    browser.get(&format!("/verify-email?token={token}")).await
}

#[rocket::async_test]
async fn an_address() {
    in_each_language("verify_email", mailing, verify_link).await;
    in_each_language("verify_email_done", mailing, async |server, browser| {
        let page = verify_link(server, browser).await;
        browser.send(&page, "/verify-email", &[]).await
    })
    .await;
    in_each_language("verify_email_not_me", mailing, async |server, browser| {
        let page = verify_link(server, browser).await;
        browser.send(&page, "/verify-email/not-me", &[]).await
    })
    .await;
    in_each_language("change_email", mailing, async |server, browser| {
        let ada = server.register(ADA).await;
        let body = json!({"email": "ada@new.example", "password": PASSWORD});
        let asked = server.post("/auth/email", text(&ada, "accessToken"), body);
        asked.await.expect(202);
        let token = newest(server, MailKind::Change).await;
        browser.get(&format!("/verify-email?token={token}")).await
    })
    .await;
}
