//! The hosted pages as an attacker sees them: forms, cookies, frames, limits.

use doorward_tests::{
    PASSWORD, Reply, Server,
    browser::{Browser, filled, form, forms, onward, request},
};
use serde_json::json;

fn is_page(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert!(
        reply.header("content-type").starts_with("text/html"),
        "{:?}",
        reply.headers
    );
    assert_eq!(reply.header("location"), "");
}

/// Every page that has forms, in a browser that has signed in where it must.
async fn pages_with_forms(
    server: &Server,
    browser: &Browser<'_>,
    stranger: &Browser<'_>,
) -> Vec<(bool, Reply)> {
    let app = server.app(json!({})).await;
    let mut pages = Vec::new();
    for path in ["/sign-in", "/sign-up"] {
        pages.push((false, stranger.open(path).await.expect(200)));
    }
    for path in ["/account", "/sign-out"] {
        pages.push((true, browser.open(path).await.expect(200)));
    }
    pages.push((
        true,
        browser.authorize(&request(&app, &[])).await.expect(200),
    ));
    pages
}

#[tokio::test]
async fn every_form_needs_its_own_token_once_in_its_own_browser_from_its_own_site() {
    let server = Server::start();
    server.register("ada@example.com").await;
    server.register("eve@example.com").await;
    let (ada, stranger, eve) = (server.browser(), server.browser(), server.browser());
    ada.sign_in("ada@example.com").await;
    eve.sign_in("eve@example.com").await;
    let mut seen = Vec::new();
    for (signed_in, page) in pages_with_forms(&server, &ada, &stranger).await {
        let browser = if signed_in { &ada } else { &stranger };
        for form in forms(&page) {
            if seen.contains(&form.action) {
                continue;
            }
            seen.push(form.action.clone());
            is_page(
                &browser.submit(&form.clone().without("csrf_token")).await,
                403,
            );
            is_page(
                &browser.submit(&form.clone().with("csrf_token", "x")).await,
                403,
            );
            let foreign = eve.submit(&form).await;
            if onward(&foreign).is_some() {
                // Eve is signed in already: what the form wanted is there.
                is_page(&foreign, 200);
            } else {
                is_page(&foreign, 403);
                assert!(!forms(&foreign).is_empty(), "a way on: {}", foreign.text());
            }
            let fields: Vec<_> = form
                .fields
                .iter()
                .map(|(a, b)| (a.as_str(), b.as_str()))
                .collect();
            for (name, value) in [
                ("origin", "https://evil.example"),
                ("origin", "null"),
                ("origin", &server.url().replacen("http", "https", 1)),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
            ] {
                let call = server.post(&form.action).header(name, value).form(&fields);
                is_page(&browser.send(call).await, 403);
            }
        }
    }
    seen.sort();
    let expected = [
        "/account/delete",
        "/account/factors/totp",
        "/account/keys",
        "/account/password",
        "/account/profile",
        "/account/sessions/end",
        "/account/sessions/end-others",
        "/oauth/consent",
        "/sign-in",
        "/sign-out",
        "/sign-up",
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_form_token_works_once_and_only_for_its_form() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let page = browser.open("/account").await;
    let profile = form(&page, "/account/profile").with("firstName", "Ada");
    let own_origin = server.url().to_owned();
    let fields: Vec<_> = profile
        .fields
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let call = server
        .post("/account/profile")
        .header("origin", &own_origin)
        .form(&fields);
    browser.send(call).await.expect(303);
    // Nothing is done with it again, and the page has the form anew.
    let changed =
        form(&browser.open("/account").await, "/account/profile").with("firstName", "Eve");
    browser.submit(&changed).await.expect(303);
    let again = browser.submit(&profile).await;
    is_page(&again, 200);
    assert!(again.text().contains("role=\"alert\""));
    assert_eq!(form(&again, "/account/profile").value("firstName"), "Eve");
    let crossed = form(&page, "/account/sessions/end-others");
    let crossed = form(&page, "/account/profile").with("csrf_token", crossed.value("csrf_token"));
    is_page(&browser.submit(&crossed).await, 403);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_show_the_same_page() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let mut pages = Vec::new();
    for email in ["ada@example.com", "bob@example.com"] {
        let browser = server.browser();
        let page = browser.open("/sign-in").await;
        let wrong = filled(&page, email).with("password", "not the password");
        let reply = browser.submit(&wrong).await;
        is_page(&reply, 200);
        assert_eq!(
            form(&reply, "/sign-in").value("email"),
            email,
            "the address is kept"
        );
        assert_eq!(form(&reply, "/sign-in").value("password"), "");
        let text = reply.text();
        assert!(text.contains("role=\"alert\""), "{text}");
        let token = form(&reply, "/sign-in").value("csrf_token").to_owned();
        pages.push(text.replace(email, "").replace(&token, ""));
    }
    assert_eq!(pages[0], pages[1]);
}

/// Session fixation: what a browser carried before somebody signed in stands for nothing after.
#[tokio::test]
async fn signing_in_gives_a_new_cookie_and_the_one_before_is_worth_nothing() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.open("/sign-in").await;
    let (name, planted) = browser.cookies().into_iter().next().expect("a cookie");
    browser.sign_in("ada@example.com").await;
    let own = browser.cookies()[&name].clone();
    assert_ne!(own, planted);
    let attacker = server.browser();
    attacker.set_cookie(&name, &planted);
    assert_eq!(
        attacker.open("/account").await.header("location"),
        "/sign-in"
    );
    // Signing in anew ends the session before.
    let page = browser.open("/sign-in?").await;
    assert_eq!(page.header("location"), "/account");
    let app = server.app(json!({})).await;
    let page = browser
        .authorize(&request(&app, &[("prompt", "login")]))
        .await
        .expect(200);
    let signed_in = browser.submit(&filled(&page, "ada@example.com")).await;
    browser.follow(signed_in).await.expect(200);
    let attacker = server.browser();
    attacker.set_cookie(&name, &own);
    assert_eq!(
        attacker.open("/account").await.header("location"),
        "/sign-in"
    );
    // A value of one's own choice is not taken for a cookie.
    let chooser = server.browser();
    chooser.set_cookie(&name, "chosen");
    chooser.open("/sign-in").await.expect(200);
    assert_ne!(chooser.cookies()[&name], "chosen");
}

#[tokio::test]
async fn cookies_and_pages_are_dressed_for_the_worst() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let browser = server.browser();
    let page = browser.authorize(&request(&app, &[])).await.expect(200);
    let cookie = page.header("set-cookie");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let policy = page.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self';",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(
        !policy.contains("script-src") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(!page.text().contains("<script"));
    // Under TLS, here at a proxy, the cookie is the host's own.
    let server = Server::with()
        .set("issuer", "https://id.example/auth")
        .start();
    let page = server.get("/sign-in").send().await;
    let cookie = page.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-doorward-") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    assert_eq!(forms(&page)[0].action, "/auth/sign-in");
}

#[tokio::test]
async fn the_form_shares_the_limits_of_the_rest_login() {
    let server = Server::with()
        .set("password_failures_per_account_and_ip", 3)
        .start();
    server.register("ada@example.com").await;
    let wrong = json!({ "email": "ada@example.com", "password": "not the password" });
    server
        .post("/auth/login")
        .json(wrong.clone())
        .send()
        .await
        .expect(401);
    let browser = server.browser();
    for _ in 0..2 {
        let page = browser.open("/sign-in").await;
        is_page(
            &browser
                .submit(&filled(&page, "ada@example.com").with("password", "wrong"))
                .await,
            200,
        );
    }
    // The right password does not help now, at neither door.
    let page = browser.open("/sign-in").await;
    let held = browser.submit(&filled(&page, "ada@example.com")).await;
    is_page(&held, 429);
    assert!(held.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!(held.text().contains("role=\"alert\""));
    server
        .post("/auth/login")
        .json(wrong)
        .send()
        .await
        .refused(429, "rate_limited");
}

#[tokio::test]
async fn the_limit_of_an_address_and_of_registrations_hold_on_the_forms() {
    let server = Server::with()
        .set("password_checks_per_minute_per_ip", 2)
        .set("registrations_per_hour_per_ip", 2)
        .start();
    let browser = server.browser();
    for (n, status) in [(1, 200), (2, 200), (3, 429)] {
        let page = browser.open("/sign-in").await;
        let wrong = filled(&page, &format!("nobody{n}@example.com"));
        is_page(&browser.submit(&wrong).await, status);
    }
    for (n, status) in [(1, 303), (2, 303), (3, 429)] {
        let browser = server.browser();
        let page = browser.open("/sign-up").await;
        let form = form(&page, "/sign-up")
            .with("email", &format!("new{n}@example.com"))
            .with("password", PASSWORD);
        let reply = browser.submit(&form).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}

#[tokio::test]
async fn somebody_new_signs_up_in_the_middle_of_a_request() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let browser = server.browser();
    let page = browser.authorize(&request(&app, &[])).await.expect(200);
    let text = page.text();
    let link = text
        .split("href=\"")
        .find(|part| part.starts_with("/sign-up?"))
        .expect("a link");
    let page = browser
        .open(link.split('"').next().unwrap())
        .await
        .expect(200);
    let empty = form(&page, "/sign-up");
    for (field, value, status) in [
        ("password", "short", 422),
        ("password", "password123", 422),
        ("email", "not an address", 422),
        ("firstName", "\u{202e}evil", 422),
    ] {
        let page = browser.open(link.split('"').next().unwrap()).await;
        let form = form(&page, "/sign-up")
            .with("email", "ada@example.com")
            .with("password", PASSWORD);
        let reply = browser.submit(&form.with(field, value)).await;
        is_page(&reply, status);
        assert!(reply.text().contains("role=\"alert\""));
    }
    let signed_up = browser
        .submit(
            &empty
                .with("email", "ada@example.com")
                .with("password", PASSWORD)
                .with("firstName", "Ada"),
        )
        .await;
    let page = browser.follow(signed_up).await.expect(200);
    assert_eq!(forms(&page)[0].action, "/oauth/consent");
    // The address is taken now.
    let other = server.browser();
    let page = other.open("/sign-up").await;
    let taken = form(&page, "/sign-up")
        .with("email", "ADA@example.com")
        .with("password", PASSWORD);
    is_page(&other.submit(&taken).await, 409);
}

#[tokio::test]
async fn closed_registration_has_no_page_and_no_link() {
    let server = Server::with().set("registration", "closed").start();
    let browser = server.browser();
    let page = browser.open("/sign-in").await;
    assert!(!page.text().contains("/sign-up"));
    is_page(&browser.open("/sign-up").await, 403);
}

#[tokio::test]
async fn nothing_that_comes_in_a_request_is_markup_in_a_page() {
    let server = Server::start();
    let app = server
        .app(json!({ "name": "\"><script>alert(1)</script>" }))
        .await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let evil = "\"><script>alert(2)</script>";
    let page = browser
        .authorize(&request(&app, &[("login_hint", evil), ("state", evil)]))
        .await
        .expect(200);
    assert!(!page.text().contains("<script"), "{}", page.text());
    browser.sign_in("ada@example.com").await;
    let page = browser.authorize(&request(&app, &[])).await.expect(200);
    assert!(!page.text().contains("<script"), "{}", page.text());
    let page = browser
        .authorize(&request(&app, &[("redirect_uri", evil)]))
        .await;
    assert!(!page.text().contains("<script"), "{}", page.text());
    let page = browser
        .open(&format!("/account?done={}", "%22%3E%3Cscript%3E"))
        .await;
    // The page's own, which tells times in the reader's zone.
    let text = page
        .text()
        .replace("<script type=\"module\" src=\"/assets/", "");
    assert!(!text.contains("<script"), "{text}");
}

#[tokio::test]
async fn pages_lead_nowhere_but_here_and_to_the_client() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let browser = server.browser();
    for path in [
        "/sign-in?request=https://evil.example",
        "/oauth/authorize/continue?request=https://evil.example",
        "/oauth/authorize/continue",
        "/oauth/logout?post_logout_redirect_uri=https://evil.example",
        "/sign-up?request=x",
    ] {
        let reply = browser.open(path).await;
        is_page(&reply, 400);
        assert!(!reply.text().contains("evil.example\""), "{path}");
    }
    let page = browser
        .open("/sign-in?next=https://evil.example&return_to=//evil.example")
        .await;
    assert_eq!(
        browser
            .submit(&filled(&page, "ada@example.com"))
            .await
            .header("location"),
        "/account"
    );
}

#[tokio::test]
async fn pages_speak_the_language_that_is_asked_for() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let page = server
        .browser()
        .authorize(&request(&app, &[("ui_locales", "fr de")]))
        .await;
    assert!(page.text().contains("<html lang=\"de\">") && page.text().contains("Anmelden"));
    let page = server
        .get("/sign-in")
        .header("accept-language", "de-CH, en;q=0.5")
        .send()
        .await;
    assert_eq!(page.header("content-language"), "de");
    let page = server.get("/sign-in").send().await;
    assert!(page.text().contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn the_stylesheet_is_kept_for_ever_under_a_name_of_its_contents() {
    let server = Server::with()
        .set("site_name", "Harbour")
        .set("site_colour", "#800020")
        .start();
    let page = server.get("/sign-in").send().await.text();
    assert!(page.contains("<title>Sign in · Harbour</title>"), "{page}");
    let at = page.find("/assets/style-").expect("a stylesheet");
    let path = page[at..].split('"').next().unwrap();
    let style = server.get(path).send().await.expect(200);
    assert!(style.header("cache-control").contains("immutable"));
    assert!(style.header("content-type").starts_with("text/css"));
    assert!(style.text().contains("#800020"));
    server
        .get("/assets/style-0000000000000000.css")
        .send()
        .await
        .refused(404, "not_found");
}

/// A reload or a bookmark: people are shown a page, and no JSON.
#[tokio::test]
async fn pages_that_answer_forms_lead_somewhere_when_they_are_opened() {
    let server = Server::start();
    for (form, page) in [
        ("/oauth/consent", "/sign-in"),
        ("/sign-in/factor", "/sign-in"),
        ("/account/password", "/account"),
        ("/account/keys/revoke", "/account"),
        ("/account/sessions/end-others", "/account"),
    ] {
        let reply = server.get(form).send().await.expect(303);
        assert_eq!(reply.header("location"), page, "{form}");
    }
}
