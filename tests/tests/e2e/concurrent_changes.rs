//! What an operator changes while a person is on their way: signing in, consenting, minting a key.

use doorward_tests::{
    Client, Person, Reply, Server,
    browser::{Browser, CALLBACK, filled, form, landed, onward, request},
};
use serde_json::{Value, json};

async fn patch(server: &Server, path: &str, body: Value) {
    server.admin("PATCH", path, Some(body)).await;
}

/// Comes with a request and signs in; answers the consent page.
async fn consent_page(browser: &Browser<'_>, app: &Client, scope: &str) -> Reply {
    let page = browser.authorize(&request(app, &[("scope", scope)])).await;
    let signed_in = browser.submit(&filled(&page, "ada@example.com")).await;
    let page = if onward(&signed_in).is_some() {
        browser.follow(signed_in).await
    } else {
        signed_in
    };
    page.expect(200)
}

/// Whether a page sends its reader to the client.
fn leads_to_the_client(reply: &Reply) -> bool {
    let head = reply
        .headers
        .get("location")
        .map(|to| to.to_str().unwrap_or_default());
    head.is_some_and(|to| to.starts_with(CALLBACK))
        || reply.text().contains(&format!("url={CALLBACK}"))
}

async fn scope_of(server: &Server, app: &Client, reply: &Reply) -> String {
    let (_, parameters) = landed(reply);
    let code = parameters.get("code");
    let code = code.unwrap_or_else(|| panic!("no code: {parameters:?}"));
    server.redeem(app, code).await.expect(200).field("scope")
}

#[tokio::test]
async fn what_a_person_lost_while_the_consent_page_was_open_is_not_granted() {
    let server = Server::start();
    let app = server
        .app(json!({"scopes": ["openid", "offline_access", "read", "admin:users"]}))
        .await;
    let ada = server.register("ada@example.com").await;
    let user = format!("/admin/users/{}", ada.id);
    patch(&server, &user, json!({"permissions": ["admin:users"]})).await;
    let browser = server.browser();
    let page = consent_page(&browser, &app, "openid read admin:users").await;
    patch(&server, &user, json!({"permissions": []})).await;
    let allowed = browser.submit(&form(&page, "/oauth/consent")).await;
    assert_eq!(scope_of(&server, &app, &allowed).await, "openid read");
    // Given back, it was never consented to.
    patch(&server, &user, json!({"permissions": ["admin:users"]})).await;
    let wide = request(&app, &[("scope", "openid read admin:users")]);
    let again = browser.authorize(&wide).await;
    assert!(again.expect(200).text().contains("/oauth/consent"));
}

#[tokio::test]
async fn what_the_client_lost_while_the_consent_page_was_open_is_not_granted() {
    let server = Server::start();
    let app = server
        .app(json!({"scopes": ["openid", "offline_access", "read", "write"]}))
        .await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let page = consent_page(&browser, &app, "openid read write").await;
    patch(
        &server,
        &format!("/admin/clients/{}", app.id),
        json!({"scopes": ["openid", "offline_access", "read"]}),
    )
    .await;
    let allowed = browser.submit(&form(&page, "/oauth/consent")).await;
    let (place, parameters) = landed(&allowed);
    assert_eq!(place, CALLBACK);
    // Refused, or granted without it.
    match parameters.get("code") {
        Some(_) => assert_eq!(scope_of(&server, &app, &allowed).await, "openid read"),
        None => assert_eq!(parameters["error"], "invalid_scope"),
    }
}

#[tokio::test]
async fn a_callback_that_is_taken_away_while_somebody_signs_in_or_consents_is_not_gone_to() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let (signing_in, consenting) = (server.browser(), server.browser());
    let sign_in = signing_in.authorize(&request(&app, &[])).await.expect(200);
    let consent = consent_page(&consenting, &app, "openid").await;
    let elsewhere = json!({"redirectUris": ["https://elsewhere.example/"]});
    patch(&server, &format!("/admin/clients/{}", app.id), elsewhere).await;
    let mut after = signing_in
        .submit(&filled(&sign_in, "ada@example.com"))
        .await;
    assert!(!leads_to_the_client(&after));
    if onward(&after).is_some() {
        after = signing_in.follow(after).await;
    }
    assert!(
        !leads_to_the_client(&after) && after.status >= 400,
        "{}",
        after.text()
    );
    let after = consenting.submit(&form(&consent, "/oauth/consent")).await;
    assert!(
        !leads_to_the_client(&after) && after.status >= 400,
        "{}",
        after.text()
    );
}

#[tokio::test]
async fn a_client_that_is_deleted_while_somebody_consents_gets_nothing() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let page = consent_page(&browser, &app, "openid").await;
    server
        .admin("DELETE", &format!("/admin/clients/{}", app.id), None)
        .await;
    let after = browser.submit(&form(&page, "/oauth/consent")).await;
    assert!(
        !leads_to_the_client(&after) && after.status >= 400,
        "{}",
        after.text()
    );
    let given = server
        .admin("GET", "/admin/events?action=consent.given", None)
        .await;
    assert_eq!(given["pagination"]["total"], 0);
}

#[tokio::test]
async fn who_was_demoted_mints_nothing_on_a_page_that_was_open() {
    let server = Server::start();
    let ada: Person = server.register("ada@example.com").await;
    let user = format!("/admin/users/{}", ada.id);
    patch(&server, &user, json!({"permissions": ["admin:users"]})).await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let page = browser.open("/account").await.expect(200);
    patch(&server, &user, json!({"permissions": []})).await;
    let mint = form(&page, "/account/keys")
        .with("name", "kept")
        .without("scope")
        .with("scopes", "admin:users");
    let refused = browser.submit(&mint).await;
    assert!(!refused.text().contains("sk_live_"), "{}", refused.text());
    let keys = format!("/admin/apikeys?ownerId={}", ada.id);
    let keys = server.admin("GET", &keys, None).await;
    assert_eq!(keys["pagination"]["total"], 0, "{keys}");
}
