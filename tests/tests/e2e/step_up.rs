//! `step_up_seconds`: what changes something needs a recent sign-in, RFC 9470.

use doorward_tests::{PASSWORD, Server, browser::form, eventually};
use serde_json::json;

#[tokio::test]
async fn the_account_page_offers_an_old_sign_in_to_sign_in_again_and_comes_back() {
    let server = Server::with().set("step_up_seconds", 2).start();
    server.administrator("chief@example.com").await;
    let browser = server.browser();
    let enter = |page: &doorward_tests::Reply| {
        form(page, "/sign-in")
            .with("email", "chief@example.com")
            .with("password", PASSWORD)
    };
    let page = browser.open("/sign-in").await;
    browser.submit(&enter(&page)).await.expect(303);
    let mint = async || {
        let page = browser.open("/account").await.expect(200);
        let filled = form(&page, "/account/keys")
            .with("name", "nightly")
            .with("scopes", "admin:users:read");
        browser.submit(&filled).await
    };
    let refused = eventually("the sign-in becomes old", async || {
        let page = mint().await;
        (!page.text().contains("class=\"secret\"")).then_some(page)
    })
    .await;
    let text = refused.text();
    assert!(text.contains("a sign-in of the last 2 seconds"), "{text}");
    let again = "/sign-in?again=keys";
    assert!(text.contains(&format!("href=\"{again}\"")), "{text}");
    // Who is signed in is asked for the password alone, and comes back to the part of the page.
    let page = browser.open(again).await.expect(200);
    assert_eq!(form(&page, "/sign-in").value("email"), "chief@example.com");
    let wrong = form(&page, "/sign-in").with("password", "not my password");
    let page = browser.submit(&wrong).await.expect(200);
    assert!(page.text().contains("role=\"alert\""));
    let back = browser.submit(&enter(&page)).await.expect(303);
    assert!(back.header("location").ends_with("/account#keys"));
    assert!(mint().await.text().contains("class=\"secret\""));
    // Nothing but a part of the page is come back to.
    let page = browser.open("/sign-in?again=https://evil.example/").await;
    assert!(page.expect(303).header("location").ends_with("/account"));
}

#[tokio::test]
async fn an_old_sign_in_may_look_but_not_destroy_until_it_is_done_again() {
    let server = Server::with().set("step_up_seconds", 1).start();
    let ada = server.register("ada@example.com").await;
    let role = json!({"role": "admin"});
    let path = format!("/admin/users/{}", ada.id);
    server.admin("PATCH", &path, Some(role)).await;
    let victim = server.register("bob@example.com").await;
    let session = server.get("/auth/sessions").bearer(&victim.access);
    let session = session.send().await.json()["data"][0]["id"].clone();
    let path = format!("/admin/sessions/{}", session.as_str().unwrap());

    let old = server.login("ada@example.com").await;
    let refused = eventually("the sign-in becomes old", async || {
        let reply = server
            .delete("/admin/sessions/ses_00000000000000000000000000")
            .bearer(&old.access)
            .send()
            .await;
        (reply.status != 404).then_some(reply)
    })
    .await;
    refused.refused(401, "step_up_required");
    let challenge = refused.header("www-authenticate");
    assert!(
        challenge.contains(r#"error="insufficient_user_authentication""#)
            && challenge.contains(r#"max_age="1""#),
        "{challenge}"
    );
    let reply = server.delete(&path).bearer(&old.access).send().await;
    reply.refused(401, "step_up_required");
    let look = server.get(&path).bearer(&old.access).send().await;
    assert!(look.expect(200).json()["revokedAt"].is_null());
    // Refreshing is no sign-in.
    let body = json!({"refreshToken": old.refresh});
    let refreshed = server.post("/auth/refresh").json(body).send().await;
    let refreshed = refreshed.expect(200).field("accessToken");
    let reply = server.delete(&path).bearer(&refreshed).send().await;
    reply.refused(401, "step_up_required");

    // What could destroy later, without anybody who could be asked, asks now.
    let mint = |path: &str, scope: &str| {
        let body = json!({"name": "x", "scopes": [scope]});
        server.post(path).bearer(&old.access).json(body).send()
    };
    for path in ["/apikey", "/admin/apikeys"] {
        mint(path, "admin").await.refused(401, "step_up_required");
    }
    mint("/apikey", "read").await.expect(201);
    let role = server
        .call("PUT", "/admin/roles/customer")
        .bearer(&old.access);
    let role = role.json(json!({"permissions": []})).send().await;
    role.refused(401, "step_up_required");

    // A key has nobody to ask, and a new sign-in is one.
    let gone = server.delete("/admin/sessions/ses_00000000000000000000000000");
    let key = server.operator_key();
    gone.bearer(&key).send().await.refused(404, "not_found");
    let new = server.login("ada@example.com").await;
    let reply = server.delete(&path).bearer(&new.access).send().await;
    reply.expect(204);
}
