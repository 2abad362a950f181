//! One's own data: what is kept, as a file, and the end of the account. And how long a browser stays signed in.

use doorward_tests::{
    PASSWORD, Person, Reply, Server,
    browser::{filled, form},
};
use serde_json::json;

async fn delete(server: &Server, by: &str, password: &str) -> Reply {
    let call = server.delete("/auth/me").bearer(by);
    call.json(json!({"password": password})).send().await
}

async fn gone(server: &Server, person: &Person) -> bool {
    let call = server.get(&format!("/admin/users/{}", person.id));
    call.bearer(&server.operator_key()).send().await.status == 404
}

#[tokio::test]
async fn an_export_holds_all_that_is_kept_but_no_secret() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let app = server.app(json!({"name": "Wiki"})).await;
    let browser = server.browser();
    browser
        .code(
            "ada@example.com",
            &doorward_tests::browser::request(&app, &[]),
        )
        .await;
    let exported = server
        .get("/auth/me/export")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    assert_eq!(exported.header("cache-control"), "no-store");
    let data = exported.json();
    assert_eq!(data["user"]["email"], "ada@example.com");
    assert_eq!(data["apiKeys"][0]["id"], key["id"]);
    assert_eq!(data["applications"][0]["name"], "Wiki");
    assert_eq!(
        data["factors"],
        json!({"totp": false, "passkeys": [], "recoveryCodes": 0})
    );
    assert!(
        data["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|session| session["current"] == true)
    );
    let actions: Vec<_> = data["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["action"].as_str().unwrap())
        .collect();
    assert!(actions.contains(&"user.registered"), "{actions:?}");
    let text = exported.text();
    for secret in [
        key["key"].as_str().unwrap(),
        "argon2",
        &ada.refresh,
        &bob.id,
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    server
        .get("/auth/me/export")
        .bearer(key["key"].as_str().unwrap())
        .send()
        .await
        .refused(403, "insufficient_scope");
}

#[tokio::test]
async fn operators_who_may_read_accounts_see_which_applications_somebody_let_in() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let app = server.app(json!({"name": "Wiki"})).await;
    let browser = server.browser();
    let request = doorward_tests::browser::request(&app, &[]);
    browser.code("ada@example.com", &request).await;
    let path = |id: &str| format!("/admin/users/{id}/applications");
    let operator = server.operator_key();
    let list = |id: &str| server.get(&path(id)).bearer(&operator).send();
    let found = list(&ada.id).await.expect(200).json();
    assert_eq!(found["pagination"]["total"], 1);
    assert_eq!(found["data"][0]["name"], "Wiki");
    assert!(found["data"][0]["grantedAt"].is_string(), "{found}");
    let nothing = list(&bob.id).await.expect(200).json();
    assert_eq!(nothing["data"], json!([]));
    list("user_01hf7yat00000000000000000z")
        .await
        .refused(404, "not_found");
    server
        .get(&path(&ada.id))
        .bearer(&bob.access)
        .send()
        .await
        .refused(403, "insufficient_scope");
}

#[tokio::test]
async fn whoever_knows_the_password_deletes_their_account_and_everything_of_it_is_dead() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    delete(&server, &ada.access, "not my password")
        .await
        .refused(401, "invalid_credentials");
    let missing = server
        .delete("/auth/me")
        .bearer(&ada.access)
        .json(json!({}));
    missing
        .send()
        .await
        .refused_at(400, "invalid_request", "password");
    delete(&server, key["key"].as_str().unwrap(), PASSWORD)
        .await
        .refused(403, "insufficient_scope");
    assert!(!gone(&server, &ada).await);
    delete(&server, &ada.access, PASSWORD).await.expect(204);
    assert!(gone(&server, &ada).await);
    for credential in [&ada.access, key["key"].as_str().unwrap()] {
        server.me(credential).await.refused(401, "token_revoked");
    }
    server.register("ada@example.com").await;
}

#[tokio::test]
async fn the_last_administrator_stays_and_a_server_may_keep_its_accounts() {
    let server = Server::start();
    let root = server.administrator("root@example.com").await;
    delete(&server, &root.access, PASSWORD)
        .await
        .refused(409, "conflict");
    let other = server.administrator("other@example.com").await;
    delete(&server, &root.access, PASSWORD).await.expect(204);
    delete(&server, &other.access, PASSWORD)
        .await
        .refused(409, "conflict");

    let keeping = Server::with().set("self_deletion", false).start();
    let ada = keeping.register("ada@example.com").await;
    delete(&keeping, &ada.access, PASSWORD)
        .await
        .refused(403, "insufficient_scope");
    assert!(!gone(&keeping, &ada).await);
}

#[tokio::test]
async fn a_cookie_outlives_the_browser_only_where_that_was_asked_for() {
    let server = Server::with().set("session_seconds", 5000).start();
    server.register("ada@example.com").await;
    for (keep, age) in [(false, false), (true, true)] {
        let browser = server.browser();
        let page = browser.open("/sign-in").await;
        assert!(page.text().contains("name=\"keep\""), "{}", page.text());
        let mut filled = filled(&page, "ada@example.com").without("keep");
        if keep {
            filled = filled.with("keep", "true");
        }
        let cookie = browser
            .submit(&filled)
            .await
            .expect(303)
            .header("set-cookie")
            .to_owned();
        assert_eq!(cookie.contains("Max-Age=5000"), age, "{cookie}");
        assert!(!cookie.to_ascii_lowercase().contains("expires"), "{cookie}");
    }
    let first = server.browser().open("/sign-in").await;
    assert!(
        !first.header("set-cookie").contains("Max-Age"),
        "before anybody signs in"
    );
    let page = server.browser().open("/sign-in").await;
    assert!(!page.text().contains("checked"), "off, unless it is chosen");
    let _ = form(&page, "/sign-in");
}

/// A page of somebody else's that leads here again and again spends nothing of what the person may do.
#[tokio::test]
async fn another_site_cannot_have_somebody_download_their_data() {
    let server = Server::with()
        .set("writes_per_minute_per_account", 3)
        .start();
    let ada = server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    for site in ["cross-site", "same-site", "cross-site", "cross-site"] {
        let call = server.get("/account/export");
        let reply = browser.send(call.header("sec-fetch-site", site)).await;
        assert_eq!((reply.status, reply.header("location")), (303, "/account"));
    }
    let call = server.get("/account/export");
    let own = browser.send(call.header("sec-fetch-site", "same-origin"));
    own.await.expect(200);
    let body = json!({"firstName": "Ada"});
    let call = server.patch("/auth/me").bearer(&ada.access).json(body);
    call.send().await.expect(200);
}

/// A browser's cookies know no port: without names of their own the second server's would take the first one's place.
#[tokio::test]
async fn two_servers_on_one_host_do_not_sign_each_other_out() {
    let names = async || {
        let server = Server::start();
        server.register("ada@example.com").await;
        let browser = server.browser();
        browser.sign_in("ada@example.com").await;
        let cookies = browser.cookies().into_iter();
        cookies.map(|(name, _)| name).collect::<Vec<_>>()
    };
    let (one, two) = (names().await, names().await);
    assert!(!one.is_empty() && !two.is_empty());
    assert!(
        one.iter().all(|name| !two.contains(name)),
        "{one:?} {two:?}"
    );
}
