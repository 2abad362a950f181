//! The account page: profile, password, sessions, API keys and connected applications.

use doorward_tests::{
    PASSWORD, Server,
    browser::{form, forms, request},
};
use serde_json::json;

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in() {
    let server = Server::start();
    let browser = server.browser();
    assert_eq!(
        browser
            .open("/account")
            .await
            .expect(303)
            .header("location"),
        "/sign-in"
    );
}

#[tokio::test]
async fn a_person_changes_their_name() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let page = browser.open("/account").await.expect(200);
    let change = form(&page, "/account/profile")
        .with("firstName", "Ada <3")
        .with("lastName", "Lovelace");
    let changed = browser.submit(&change).await;
    let to = changed.header("location").replace("#profile", "");
    assert_eq!(to, "/account?done=profile");
    let page = browser.open(&to).await;
    assert!(page.text().contains("role=\"status\"") && page.text().contains("value=\"Ada &lt;3\""));
    let me = server.me(&ada.access).await.json();
    assert_eq!(
        (&me["firstName"], &me["lastName"]),
        (&json!("Ada <3"), &json!("Lovelace"))
    );
    let bad = form(&page, "/account/profile").with("firstName", "\u{202e}x");
    let refused = browser.submit(&bad).await.expect(422);
    assert!(refused.text().contains("role=\"alert\""));
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let page = browser.open("/account").await;
    let change = form(&page, "/account/password").with("newPassword", "another horse battery");
    // A wrong current password counts at every door, and changes nothing.
    let wrong = browser
        .submit(&change.clone().with("currentPassword", "wrong"))
        .await
        .expect(200);
    assert!(wrong.text().contains("role=\"alert\""));
    let page = browser.open("/account").await;
    let weak = form(&page, "/account/password")
        .with("currentPassword", PASSWORD)
        .with("newPassword", "short");
    browser.submit(&weak).await.expect(422);
    server.me(&ada.access).await.expect(200);
    let page = browser.open("/account").await;
    let change = form(&page, "/account/password")
        .with("currentPassword", PASSWORD)
        .with("newPassword", "another horse battery");
    browser.submit(&change).await.expect(303);
    server.me(&ada.access).await.refused(401, "token_revoked");
    browser.open("/account").await.expect(200);
}

#[tokio::test]
async fn a_person_ends_one_session_or_all_others_but_nobody_elses() {
    let server = Server::start();
    let first = server.register("ada@example.com").await;
    let second = server.login("ada@example.com").await;
    let eve = server.register("eve@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let session_of = |token: &str| {
        doorward_tests::browser::claims(token)["sid"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let page = browser.open("/account").await;
    let own = session_of(&first.access);
    let end = forms(&page)
        .into_iter()
        .find(|form| form.value("id") == own)
        .expect("its form");
    assert_eq!(end.action, "/account/sessions/end");
    browser.submit(&end).await.expect(303);
    server.me(&first.access).await.refused(401, "token_revoked");
    server.me(&second.access).await.expect(200);
    // Another person's session is not there.
    let page = browser.open("/account").await;
    let foreign = form(&page, "/account/sessions/end").with("id", &session_of(&eve.access));
    browser.submit(&foreign).await.expect(404);
    server.me(&eve.access).await.expect(200);
    let page = browser.open("/account").await;
    browser
        .submit(&form(&page, "/account/sessions/end-others"))
        .await
        .expect(303);
    server
        .me(&second.access)
        .await
        .refused(401, "token_revoked");
    browser.open("/account").await.expect(200);
}

#[tokio::test]
async fn a_key_is_shown_once_and_can_be_revoked() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let page = browser.open("/account").await;
    let mint = form(&page, "/account/keys")
        .with("name", "CI")
        .with("scopes", "read:orders");
    let reply = browser.submit(&mint).await.expect(200);
    let text = reply.text();
    let at = text.find("sk_live_").expect("the key");
    let key = text[at..].split('<').next().unwrap().to_owned();
    assert_eq!(key.len(), "sk_live_".len() + 38, "{key}");
    let me = server.me(&key).await.expect(200).json();
    assert_eq!(me["email"], "ada@example.com");
    let page = browser.open("/account").await;
    assert!(!page.text().contains(&key));
    browser
        .submit(&form(&page, "/account/keys/revoke"))
        .await
        .expect(303);
    server.me(&key).await.refused(401, "token_revoked");
    // Not more than one holds, and not nothing.
    for (scopes, status) in [("admin", 403), ("", 422), ("NOT A SCOPE", 422)] {
        let page = browser.open("/account").await;
        let mint = form(&page, "/account/keys")
            .with("name", "CI")
            .with("scopes", scopes);
        browser.submit(&mint).await.expect(status);
    }
}

#[tokio::test]
async fn a_revoked_application_has_nothing_left() {
    let server = Server::start();
    let app = server.app(json!({ "name": "Wiki" })).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let pairs = request(&app, &[("scope", "openid offline_access")]);
    let code = browser.code("ada@example.com", &pairs).await;
    let tokens = server.redeem(&app, &code).await.expect(200);
    let pending = browser.code("ada@example.com", &pairs).await;
    let page = browser.open("/account").await;
    browser
        .submit(&form(&page, "/account/apps/revoke"))
        .await
        .expect(303);
    server
        .get("/oauth/userinfo")
        .bearer(&tokens.field("access_token"))
        .send()
        .await
        .expect(401);
    let call = server.post("/oauth/token").basic(&app.id, &app.secret);
    let refresh = tokens.field("refresh_token");
    let call = call.form(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    call.send().await.expect(400);
    server.redeem(&app, &pending).await.expect(400);
    // And is asked about again.
    let page = browser.authorize(&pairs).await.expect(200);
    assert_eq!(forms(&page)[0].action, "/oauth/consent");
}

#[tokio::test]
async fn an_error_stands_at_its_field_in_an_open_form() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    for (action, id, error) in [
        ("/account/delete", "delete-password", "password"),
        ("/account/factors/totp", "totp-on-password", "password"),
        ("/account/keys", "key-narrower", "scopes"),
    ] {
        let page = browser.open("/account").await.expect(200);
        let wrong = form(&page, action).with(error, "\u{202e}");
        let page = browser.submit(&wrong).await;
        let text = page.text();
        let shown = text.split("<details").find(|form| form.contains(id));
        let shown = shown.unwrap();
        assert!(shown.starts_with(" open>"), "{id}: {shown}");
        let id_of = format!("id=\"{id}\"");
        let mut inputs = shown.split("<input");
        let input = inputs.find(|input| input.contains(&id_of)).unwrap();
        assert!(input.contains("aria-invalid=\"true\""), "{input}");
        assert!(input.contains(&format!("<p id=\"{id}-error\"")), "{input}");
        assert_eq!(text.matches("role=\"alert\"").count(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_stale_form_is_told_of_in_every_part() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let page = browser.open("/account").await.expect(200);
    for one in forms(&page) {
        if one.action.starts_with("/account/") {
            let stale = one.clone().with("csrf_token", "used");
            let page = browser.submit(&stale).await;
            assert!(page.text().contains("role=\"alert\""), "{}", one.action);
        }
    }
}

/// As many applications as these, and one more that is older: somebody has let them all in.
fn let_in_many(server: &Server, count: u8) {
    let database = rusqlite::Connection::open(server.data_dir().join("doorward.db")).unwrap();
    let sql = "INSERT INTO clients (id, name, redirect_uris, grant_types, scopes, resources, created_at) \
               VALUES (?1, ?2, '', '', '', '', 0)";
    let consent = "INSERT INTO consents SELECT id, ?1, 'openid', ?2 FROM users";
    for number in 0..=count {
        let id = [number; 16];
        let name = if number == 0 { "The oldest" } else { "Another" };
        database.execute(sql, (id, name)).unwrap();
        // Some at the same moment.
        database.execute(consent, (id, number / 2)).unwrap();
    }
}

#[tokio::test]
async fn whatever_somebody_has_let_in_they_find_and_take_back() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let_in_many(&server, 230);
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let mut page = browser.open("/account").await.expect(200);
    let mut seen = 0;
    let apps = |page: &doorward_tests::Reply| {
        let forms = forms(page).into_iter();
        let apps = forms.filter(|form| form.action == "/account/apps/revoke");
        apps.collect::<Vec<_>>()
    };
    while !page.text().contains("The oldest") {
        seen += apps(&page).len();
        page = browser.open(&older(&page)).await.expect(200);
    }
    let oldest = apps(&page).pop().unwrap();
    assert_eq!(seen + apps(&page).len(), 231);
    browser.submit(&oldest).await.expect(303);
    // So it is of all that is exported, and of what operators see.
    let export = server.get("/auth/me/export").bearer(&ada.access).send();
    let export = export.await.expect(200).json();
    assert_eq!(export["applications"].as_array().unwrap().len(), 230);
    let path = format!("/admin/users/{}/applications", ada.id);
    let first = server.admin("GET", &path, None).await;
    assert_eq!(first["pagination"]["total"], 230);
    assert_eq!(first["data"].as_array().unwrap().len(), 20);
    let rest = format!("{path}?limit=100&offset=200");
    let rest = server.admin("GET", &rest, None).await;
    assert_eq!(rest["data"].as_array().unwrap().len(), 30);
}

/// Where a page shows what is older.
fn older(page: &doorward_tests::Reply) -> String {
    let text = page.text();
    let (before, _) = text.split_once("\">Show older</a>").expect("there is more");
    let (_, to) = before.rsplit_once("href=\"").unwrap();
    to.replace("&amp;", "&")
}

#[tokio::test]
async fn every_key_and_session_of_somebody_stands_on_their_page_or_on_one_that_goes_on() {
    let server = Server::with()
        .set("api_keys_per_account", 0)
        .set("sessions_per_account", 0)
        .set("writes_per_minute_per_account", 0)
        .start();
    let ada = server.register("ada@example.com").await;
    let first = server.key_of(&ada, &["read"]).await;
    for _ in 0..100 {
        server.key_of(&ada, &["read"]).await;
    }
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let page = browser.open("/account").await.expect(200);
    let key = first["id"].as_str().unwrap();
    assert!(!page.text().contains(key));
    let next = browser.open(&older(&page)).await.expect(200);
    assert!(next.text().contains(key) && next.text().contains("Show the newest"));
    let revoke = form(&next, "/account/keys/revoke");
    assert_eq!(revoke.value("id"), key);
    browser.submit(&revoke).await.expect(303);
    let broken = browser.open("/account?part=keys&after=x").await;
    assert!(
        broken.status.to_string().starts_with('4'),
        "{}",
        broken.status
    );
}
