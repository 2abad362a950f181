//! No page is a dead end: how signing in, consent and signing out go on, and forms that come twice or late.

use doorward_tests::{
    Reply, Server,
    browser::{CALLBACK, filled, form, landed, onward, request},
};
use serde_json::json;

/// Bytes of an answer's head, as HTTP/1.1 writes it.
fn head_bytes(reply: &Reply) -> usize {
    let lines = reply.headers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum::<usize>()
        + 17
}

/// Chromium applies `form-action` to the whole chain of redirects that a form starts, beyond the application too.
#[tokio::test]
async fn signing_in_and_consent_end_with_a_page_that_goes_on_by_itself() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let state = "s".repeat(2600);
    let page = browser
        .authorize(&request(&app, &[("state", &state)]))
        .await
        .expect(200);
    assert!(page.text().contains("Sign in to continue to Wiki"));
    let signed_in = browser
        .submit(&filled(&page, "ada@example.com"))
        .await
        .expect(200);
    assert_eq!(
        signed_in.header("location"),
        "",
        "the kept request stands in no head"
    );
    let to = onward(&signed_in).expect("a page that goes on");
    let consent = browser.open(&to).await.expect(200);
    let done = browser
        .submit(&form(&consent, "/oauth/consent"))
        .await
        .expect(200);
    let (place, answer) = landed(&done);
    assert_eq!(
        (place.as_str(), answer["state"].as_str()),
        (CALLBACK, state.as_str())
    );
    assert!(!answer["code"].is_empty());
    for reply in [&page, &signed_in, &consent, &done] {
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("form-action 'self';"), "{policy}");
        assert!(head_bytes(reply) < 4096, "{:?}", reply.headers);
    }
    // Programs that read no HTML find the short ones in the head.
    let page = browser
        .authorize(&request(&app, &[("prompt", "consent")]))
        .await;
    let done = browser
        .submit(&form(&page, "/oauth/consent"))
        .await
        .expect(200);
    assert_eq!(onward(&done).as_deref(), Some(done.header("location")));
    // A posted request that is long goes on by a page too.
    let pairs = request(&app, &[("state", &state)]);
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let posted = server
        .post("/oauth/authorize")
        .form(&pairs)
        .send()
        .await
        .expect(200);
    assert_eq!(posted.header("location"), "");
    let (_, answer) = landed(&browser.follow(posted).await);
    assert_eq!(answer["state"], state);
}

#[tokio::test]
async fn a_sign_in_form_that_comes_twice_shows_the_page_again_with_the_request_kept() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let page = browser.authorize(&request(&app, &[])).await.expect(200);
    let (name, cookie) = browser.cookies().into_iter().next().expect("a cookie");
    let sign_in = filled(&page, "ada@example.com");
    browser.submit(&sign_in).await.expect(200);
    // The browser threw the first answer away, and its cookie with it.
    browser.set_cookie(&name, &cookie);
    let again = browser.submit(&sign_in).await.expect(200);
    assert!(again.text().contains("role=\"alert\""));
    assert_eq!(form(&again, "/sign-in").value("email"), "ada@example.com");
    assert_eq!(
        browser.open("/account").await.header("location"),
        "/sign-in",
        "nothing was done"
    );
    let signed_in = browser.submit(&filled(&again, "ada@example.com")).await;
    let consent = browser.follow(signed_in).await;
    let (_, answer) = landed(&browser.submit(&form(&consent, "/oauth/consent")).await);
    assert_eq!(answer["state"], "a state");
    // What the first answer opened has nobody who could use it: it is over.
    let live = server
        .admin("GET", "/admin/sessions?active=true", None)
        .await;
    assert_eq!(
        live["pagination"]["total"], 2,
        "registration's and this one"
    );
}

/// A second tab, and a form from before a restart.
#[tokio::test]
async fn where_somebody_is_signed_in_already_a_stale_form_goes_on() {
    let mut server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let (first, second, up);
    {
        let browser = server.browser();
        first = browser.authorize(&request(&app, &[])).await.expect(200);
        second = browser.open("/sign-in").await.expect(200);
        up = browser.open("/sign-up").await.expect(200);
        let signed_in = browser.submit(&filled(&first, "ada@example.com")).await;
        browser.follow(signed_in).await.expect(200);
        for (page, path) in [(&second, "/sign-in"), (&up, "/sign-up")] {
            let on = browser.submit(&form(page, path)).await.expect(200);
            assert_eq!(onward(&on).as_deref(), Some("/account"), "{path}");
        }
        let on = browser
            .submit(&filled(&first, "ada@example.com"))
            .await
            .expect(200);
        let consent = browser.follow(on).await.expect(200);
        let yes = form(&consent, "/oauth/consent");
        let (_, one) = landed(&browser.submit(&yes).await);
        let (_, two) = landed(&browser.submit(&yes).await);
        assert_ne!(one["code"], two["code"]);
    }
    server.stop();
    server.start_again();
    let browser = server.browser();
    let again = browser.submit(&filled(&first, "ada@example.com")).await;
    let signed_in = browser.submit(&filled(&again, "ada@example.com")).await;
    let (_, answer) = landed(&browser.follow(signed_in).await);
    assert_eq!(answer["state"], "a state", "the request was kept");
}

#[tokio::test]
async fn a_consent_or_sign_out_form_that_comes_twice_goes_on() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let page = browser.authorize(&request(&app, &[])).await.expect(200);
    let no = form(&page, "/oauth/consent").with("decision", "deny");
    browser.submit(&no).await.expect(200);
    // They said no to the first: they are asked, not taken at a word from before.
    let asked = browser.submit(&no).await.expect(200);
    form(&asked, "/oauth/consent");
    let path = format!(
        "/oauth/logout?client_id={}&post_logout_redirect_uri={CALLBACK}&state=x",
        app.id
    );
    let page = browser.open(&path).await.expect(200);
    let out = form(&page, "/sign-out");
    // Without its token nothing is done, and the page comes again.
    let again = browser
        .submit(&out.clone().without("csrf_token"))
        .await
        .expect(403);
    browser.open("/account").await.expect(200);
    for form in [form(&again, "/sign-out"), out] {
        let (place, answer) = landed(&browser.submit(&form).await);
        assert_eq!((place.as_str(), answer["state"].as_str()), (CALLBACK, "x"));
    }
    assert_eq!(
        browser.open("/account").await.header("location"),
        "/sign-in"
    );
}

/// Used form tokens are forgotten at a restart: the one form that makes something each time is not taken then.
#[tokio::test]
async fn a_form_that_makes_a_key_is_not_taken_after_a_restart() {
    let mut server = Server::with().set("issuer", "http://id.example").start();
    server.register("ada@example.com").await;
    let (cookies, mint);
    {
        let browser = server.browser();
        browser.sign_in("ada@example.com").await;
        let page = browser.open("/account").await;
        mint = form(&page, "/account/keys")
            .with("name", "export")
            .with("scope", "read");
        browser.submit(&mint).await.expect(200);
        cookies = browser.cookies();
    }
    server.stop();
    server.start_again();
    let browser = server.browser();
    for (name, value) in cookies {
        browser.set_cookie(&name, &value);
    }
    let again = browser.submit(&mint).await.expect(200);
    assert!(again.text().contains("role=\"alert\"") && !again.text().contains("class=\"secret\""));
    let made = server.admin("GET", "/admin/apikeys?q=export", None).await;
    assert_eq!(made["pagination"]["total"], 1);
    let mint = form(&again, "/account/keys")
        .with("name", "export")
        .with("scope", "read");
    let page = browser.submit(&mint).await.expect(200);
    assert!(page.text().contains("class=\"secret\""));
}

/// Browsers keep one jar for all ports of a host.
#[tokio::test]
async fn two_servers_on_one_host_do_not_sign_each_other_out() {
    let (one, other) = (Server::start(), Server::start());
    let (mut names, mut jar) = (Vec::new(), Vec::new());
    for server in [&one, &other] {
        server.register("ada@example.com").await;
        let browser = server.browser();
        for (name, value) in &jar {
            let (name, value): (&String, &String) = (name, value);
            browser.set_cookie(name, value);
        }
        browser.sign_in("ada@example.com").await;
        jar = browser.cookies().into_iter().collect();
        names.push(jar.len());
    }
    assert_eq!(names, [1, 2]);
    let browser = one.browser();
    for (name, value) in &jar {
        browser.set_cookie(name, value);
    }
    browser.open("/account").await.expect(200);
}

#[tokio::test]
async fn of_two_cookies_with_our_name_the_valid_one_counts() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let (name, valid) = browser.cookies().into_iter().next().expect("a cookie");
    let planted = server.browser();
    planted.open("/sign-in").await;
    let planted = planted.cookies()[&name].clone();
    for cookies in [
        format!("{name}={planted}; {name}={valid}"),
        format!("{name}={valid}; {name}={planted}"),
        format!("{name}=x; other=1; {name}={valid}"),
    ] {
        server
            .get("/account")
            .header("cookie", &cookies)
            .send()
            .await
            .expect(200);
    }
    let only = format!("{name}={planted}");
    server
        .get("/account")
        .header("cookie", &only)
        .send()
        .await
        .expect(303);
}

#[tokio::test]
async fn password_managers_find_the_user_name_and_the_page_that_changes_the_password() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let to = server
        .get("/.well-known/change-password")
        .send()
        .await
        .expect(303);
    assert_eq!(to.header("location"), "/account#password");
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let text = browser.open("/account").await.text();
    let field = text
        .split("<input")
        .find(|field| field.contains("autocomplete=\"username\""));
    let field = field.expect("a user name");
    assert!(
        !field.contains("hidden") && field.contains("value=\"ada@example.com\""),
        "{field}"
    );
}

/// RFC 8252 section 8.6: any program of the machine may answer at a loopback port.
#[tokio::test]
async fn a_public_client_at_loopback_is_asked_about_each_time() {
    let server = Server::start();
    let uris = ["http://127.0.0.1/cb", "http://localhost/cb", CALLBACK];
    let app = server
        .app(json!({ "redirectUris": uris, "confidential": false }))
        .await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let at = |uri: &'static str| request(&app, &[("redirect_uri", uri)]);
    browser.code("ada@example.com", &at(CALLBACK)).await;
    let (_, answer) = landed(&browser.authorize(&at(CALLBACK)).await);
    assert!(answer.contains_key("code"));
    for uri in ["http://127.0.0.1:51004/cb", "http://localhost:51004/cb"] {
        let page = browser.authorize(&at(uri)).await.expect(200);
        form(&page, "/oauth/consent");
    }
}

#[tokio::test]
async fn head_changes_nothing() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let code = browser.code("ada@example.com", &request(&app, &[])).await;
    let hint = server.redeem(&app, &code).await.field("id_token");
    let authorize = format!(
        "/oauth/authorize?response_type=code&client_id={}&redirect_uri={CALLBACK}&scope=openid",
        app.id
    );
    for path in [
        authorize.as_str(),
        "/sign-out",
        &format!("/oauth/logout?id_token_hint={hint}"),
    ] {
        let reply = browser.send(server.call("HEAD", path)).await.expect(200);
        assert_eq!(reply.header("location"), "", "{path}");
        browser.open("/account").await.expect(200);
    }
    let gone = browser
        .open(&format!("/oauth/logout?id_token_hint={hint}"))
        .await;
    assert!(
        gone.text().contains("role=\"status\""),
        "with GET it signs out"
    );
    assert_eq!(
        browser.open("/account").await.header("location"),
        "/sign-in"
    );
}

#[tokio::test]
async fn another_persons_id_token_signs_nobody_out() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    for email in ["ada@example.com", "eve@example.com"] {
        server.register(email).await;
    }
    let eve = server.browser();
    let code = eve.code("eve@example.com", &request(&app, &[])).await;
    let hers = server.redeem(&app, &code).await;
    let ada = server.browser();
    ada.sign_in("ada@example.com").await;
    let path = format!("/oauth/logout?id_token_hint={}", hers.field("id_token"));
    let page = ada.open(&path).await.expect(200);
    ada.open("/account").await.expect(200);
    // Ada is asked; what she says ends her own session, not Eve's.
    ada.submit(&form(&page, "/sign-out")).await.expect(200);
    assert_eq!(ada.open("/account").await.header("location"), "/sign-in");
    eve.open("/account").await.expect(200);
    let userinfo = server
        .get("/oauth/userinfo")
        .bearer(&hers.field("access_token"));
    userinfo.send().await.expect(200);
}

#[tokio::test]
async fn the_account_page_revokes_nobody_elses_key() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    server.register("eve@example.com").await;
    let mint = json!({ "name": "export", "scopes": ["read"] });
    let key = server
        .post("/apikey")
        .bearer(&ada.access)
        .json(mint)
        .send()
        .await
        .expect(201);
    let eve = server.browser();
    eve.sign_in("eve@example.com").await;
    let own = form(&eve.open("/account").await, "/account/keys")
        .with("name", "own")
        .with("scope", "read");
    let page = eve.submit(&own).await.expect(200);
    let revoke = form(&page, "/account/keys/revoke");
    let reply = eve
        .submit(&revoke.with("id", &key.field("id")))
        .await
        .expect(404);
    assert!(reply.text().contains("role=\"alert\""));
    let me = server.get("/auth/me").bearer(&key.field("key"));
    me.send().await.expect(200);
}
