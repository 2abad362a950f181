//! `/account`: fresh, full, and after each kind of change.

use doorward_server::Settings;
use serde_json::json;

use super::in_each_language;
use crate::{
    browser::{Browser, Page, app},
    mails::mailing,
    test_app::{PASSWORD, TestApp, cheap, text},
};

const ADA: &str = "ada@example.com";

async fn at_home(server: &TestApp, browser: &Browser<'_>) -> Page {
    server.register(ADA).await;
    browser.enter(ADA).await;
    browser.get("/account").await
}

/// Sends a form of the account, and follows where it leads.
async fn after(browser: &Browser<'_>, page: &Page, form: &str, typed: &[(&str, &str)]) -> Page {
    let done = browser.send(page, form, typed).await;
    match done.onward {
        // A browser keeps the part after `#` to itself.
        Some(to) => browser.get(to.split('#').next().unwrap_or(&to)).await,
        None => done,
    }
}

#[rocket::async_test]
async fn looking_at_it() {
    in_each_language("account", cheap, at_home).await;
    in_each_language("account_full", cheap, async |server, browser| {
        let ada = server.register(ADA).await;
        let key = json!({"name": "nightly export", "scopes": ["read"]});
        let minted = server.post("/apikey", text(&ada, "accessToken"), key);
        minted.await.expect(201);
        browser.enter(ADA).await;
        let app = app(server).await;
        browser.code(&app, "").await;
        browser.get("/account").await
    })
    .await;
    let mails = || Settings {
        self_deletion: false,
        ..mailing()
    };
    in_each_language("account_unverified", mails, at_home).await;
}

#[rocket::async_test]
async fn changing_it() {
    in_each_language("account_changed", cheap, async |server, browser| {
        let page = at_home(server, browser).await;
        let typed = [("firstName", "Ada"), ("lastName", "Lovelace")];
        after(browser, &page, "/account/profile", &typed).await
    })
    .await;
    in_each_language("account_wrong_password", cheap, async |server, browser| {
        let page = at_home(server, browser).await;
        let typed = [
            ("password", "not this one"),
            ("newPassword", "another good one"),
        ];
        after(browser, &page, "/account/password", &typed).await
    })
    .await;
    in_each_language("account_key_made", cheap, async |server, browser| {
        let page = at_home(server, browser).await;
        let typed = [
            ("name", "nightly export"),
            ("scope", "read"),
            ("days", "30"),
        ];
        after(browser, &page, "/account/keys", &typed).await
    })
    .await;
    in_each_language("account_totp_begun", cheap, async |server, browser| {
        let page = at_home(server, browser).await;
        let typed = [("password", PASSWORD)];
        after(browser, &page, "/account/factors/totp", &typed).await
    })
    .await;
    in_each_language("account_deleted", cheap, async |server, browser| {
        let page = at_home(server, browser).await;
        let typed = [("password", PASSWORD)];
        after(browser, &page, "/account/delete", &typed).await
    })
    .await;
}
