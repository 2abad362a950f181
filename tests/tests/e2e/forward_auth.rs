//! `/auth/check`: what a proxy asks, and how a browser comes back from signing in.

use doorward_tests::{
    Call, Reply, Server,
    browser::{Browser, filled, onward, request},
};
use serde_json::json;

const NAMES: [&str; 4] = [
    "x-auth-subject",
    "x-auth-email",
    "x-auth-groups",
    "x-auth-scope",
];

fn told(reply: &Reply) -> [&str; 4] {
    for name in NAMES {
        assert!(reply.headers.contains_key(name), "{name}");
    }
    NAMES.map(|name| reply.header(name))
}

#[tokio::test]
async fn a_proxy_is_told_who_passes_and_nobody_else_does() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    server
        .admin("PATCH", &path, Some(json!({ "groups": ["staff", "ops"] })))
        .await;
    let key = server.key_of(&ada, &["read"]).await;
    let key = key["key"].as_str().unwrap();
    let check = |query: &str| server.get(&format!("/auth/check{query}"));
    // The address is not verified: it is not told.
    let reply = check("").bearer(&ada.access).send().await.expect(204);
    assert_eq!(told(&reply), [&*ada.id, "", "ops,staff", "read write"]);
    server
        .admin("PATCH", &path, Some(json!({ "emailVerified": true })))
        .await;
    let reply = check("?scope=read").bearer(key).send().await.expect(204);
    assert_eq!(
        told(&reply),
        [&*ada.id, "ada@example.com", "ops,staff", "read"]
    );
    let operator = check("?scope=admin:users")
        .bearer(&server.operator_key())
        .send()
        .await
        .expect(204);
    assert!(told(&operator)[0].starts_with("key_") && told(&operator)[1].is_empty());
    let machine = server.client(&["read"]).await;
    let token = server.client_token(&machine).await;
    let reply = check("").bearer(&token).send().await.expect(204);
    assert_eq!(told(&reply), [&*machine.id, "", "", "read"]);
    // A token of an application's is told what its scopes give.
    let app = server
        .app(json!({ "scopes": ["openid", "email", "read"], "grantTypes": ["authorization_code"] }))
        .await;
    for (scope, email) in [("openid read", ""), ("openid email", "ada@example.com")] {
        let code = server
            .browser()
            .code("ada@example.com", &request(&app, &[("scope", scope)]))
            .await;
        let access = server
            .redeem(&app, &code)
            .await
            .expect(200)
            .field("access_token");
        let reply = check("").bearer(&access).send().await.expect(204);
        assert_eq!(told(&reply)[1..3], [email, ""]);
    }
    for (call, status, code) in [
        (check("?scope=write").bearer(key), 403, "insufficient_scope"),
        (
            check("?scope=read%20write").bearer(key),
            403,
            "insufficient_scope",
        ),
        (check(""), 401, "missing_token"),
        (check("").bearer("nonsense"), 401, "invalid_token"),
        (
            check("").header("authorization", "Basic eDp5"),
            401,
            "missing_token",
        ),
        (check("?scopes=read").bearer(key), 400, "invalid_request"),
        (
            check("?scope=read&scope=write").bearer(key),
            400,
            "invalid_request",
        ),
        (check("?scope=Read").bearer(key), 400, "invalid_request"),
        (check("?browser=2").bearer(key), 400, "invalid_request"),
    ] {
        // What somebody sends under these names never comes out.
        let mut call = call;
        for name in NAMES {
            call = call.header(name, "forged");
        }
        let reply = call.send().await;
        reply.refused(status, code);
        assert_eq!(told(&reply), ["", "", "", ""]);
    }
    server
        .post("/auth/logout")
        .bearer(&ada.access)
        .send()
        .await
        .expect(204);
    check("")
        .bearer(&ada.access)
        .send()
        .await
        .refused(401, "token_revoked");
}

const HOST: &str = "wiki.example.com";
const OTHER: &str = "shop.example.com";

fn protected() -> Server {
    Server::with()
        .set(
            "forward_auth_hosts",
            format!("[\"{HOST}\",\"{OTHER}\",\"127.0.0.1\"]"),
        )
        .start()
}

async fn with_cookies(browser: &Browser<'_>, call: Call) -> Reply {
    browser.send(call).await
}

#[tokio::test]
async fn a_browser_signs_in_and_comes_back_to_a_protected_host() {
    let server = protected();
    let ada = server.register("ada@example.com").await;
    let page = format!("https://{HOST}/page?a=%20b");
    let ask = |url: &str, mode: &str| {
        server
            .get(&format!("/auth/check?browser={mode}"))
            .header("x-original-url", url)
    };
    let reply = ask(&page, "1").send().await;
    reply.refused(401, "missing_token");
    assert_eq!(told(&reply), ["", "", "", ""]);
    let location = reply.header("location").to_owned();
    assert!(
        location.starts_with(&format!("{}/sign-in/back?to=", server.url())),
        "{location}"
    );
    let reply = server
        .get("/auth/check?browser=302")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", HOST)
        .header("x-forwarded-uri", "/page?a=%20b")
        .send()
        .await
        .expect(302);
    assert!(
        reply
            .header("location")
            .starts_with(&format!("{}/sign-in/back?to=", server.url()))
    );
    // At the sign-in page, and back with a code.
    let browser = server.browser();
    let path = location.strip_prefix(server.url()).unwrap();
    let shown = browser.open(path).await.expect(200);
    let signed_in = browser.submit(&filled(&shown, "ada@example.com")).await;
    let back = onward(&signed_in).expect("it goes on");
    let left = browser.open(&back).await.expect(303);
    let with_code = left.header("location").to_owned();
    assert!(
        with_code.starts_with(&format!("{page}&doorward_code=")),
        "{with_code}"
    );
    assert!(!with_code.contains("evil"));
    // The code becomes a cookie of that host, once.
    let reply = ask(&with_code, "1").send().await.expect(204);
    assert_eq!(told(&reply)[0], ada.id);
    let cookie = reply.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with("__Host-doorward-") && cookie.contains("-check="),
        "{cookie}"
    );
    for part in ["; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    ask(&with_code, "1")
        .send()
        .await
        .refused(401, "missing_token");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let reply = ask(&page, "1")
        .header("cookie", &cookie)
        .send()
        .await
        .expect(204);
    assert_eq!(
        (told(&reply)[0], reply.header("set-cookie")),
        (&*ada.id, "")
    );
    let scoped = server
        .get("/auth/check?browser=1&scope=admin")
        .header("x-original-url", &page);
    scoped
        .header("cookie", &cookie)
        .send()
        .await
        .refused(403, "insufficient_scope");
    // It is good for that host alone, for browsers alone, and not at our own pages.
    let elsewhere = ask("https://127.0.0.1/", "1").header("cookie", &cookie);
    elsewhere.send().await.refused(401, "missing_token");
    server
        .get("/auth/check")
        .header("cookie", &cookie)
        .send()
        .await
        .refused(401, "missing_token");
    let value = cookie.split_once('=').unwrap().1;
    let own = browser
        .cookies()
        .into_keys()
        .find(|name| !name.ends_with("-back"))
        .unwrap();
    let planted = server
        .get("/account")
        .header("cookie", &format!("{own}={value}"));
    assert_eq!(planted.send().await.header("location"), "/sign-in");
    // Somebody who is signed in already is led back at once; where redirects reach the browser the code goes out of sight.
    let left = browser.open(path).await.expect(303);
    let reply = ask(left.header("location"), "302").send().await.expect(302);
    assert_eq!(reply.header("location"), page);
    assert!(reply.header("set-cookie").contains("-check="));
    // On our own host our own cookie counts, and no code is needed.
    let own_page = format!("{}/app", server.url());
    let reply = with_cookies(&browser, ask(&own_page, "1"))
        .await
        .expect(204);
    assert_eq!(told(&reply)[0], ada.id);
    // Signed out is signed out everywhere.
    let asked = browser.open("/sign-out").await.expect(200);
    browser
        .submit(&doorward_tests::browser::form(&asked, "/sign-out"))
        .await
        .expect(200);
    ask(&page, "1")
        .header("cookie", &cookie)
        .send()
        .await
        .refused(401, "missing_token");
}

/// Signs somebody in and answers the address with a code, at which they come back to a page.
async fn with_code(server: &Server, browser: &Browser<'_>, email: &str, page: &str) -> String {
    let asked = server
        .get("/auth/check?browser=1")
        .header("x-original-url", page);
    let location = asked.send().await.header("location").to_owned();
    browser.sign_in(email).await;
    let left = browser
        .open(location.strip_prefix(server.url()).unwrap())
        .await;
    left.expect(303).header("location").to_owned()
}

/// The cookie that a code is turned into, as it is sent back.
async fn cookie_of(server: &Server, with_code: &str) -> String {
    let asked = server
        .get("/auth/check?browser=1")
        .header("x-original-url", with_code);
    let reply = asked.send().await.expect(204);
    let cookie = reply.header("set-cookie").split(';').next();
    cookie.unwrap_or_default().to_owned()
}

/// A proxy sets one way to name the page, and may pass on the other as a client sent it.
#[tokio::test]
async fn a_hosts_cookie_is_not_judged_for_another_host_that_the_client_names() {
    let server = protected();
    server.register("ada@example.com").await;
    let browser = server.browser();
    let page = format!("https://{HOST}/");
    let code = with_code(&server, &browser, "ada@example.com", &page).await;
    let cookie = cookie_of(&server, &code).await;
    let ask = |headers: &[(&'static str, &str)]| {
        let mut call = server
            .get("/auth/check?browser=1")
            .header("cookie", &cookie);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.send()
    };
    let (scheme, host, uri) = ("x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri");
    let forwarded = |to: &'static str| [(scheme, "https"), (host, to), (uri, "/a")];
    ask(&forwarded(HOST)).await.expect(204);
    let both = [&forwarded(HOST)[..], &[("x-original-url", &page)]].concat();
    ask(&both).await.expect(204);
    for headers in [
        [&forwarded(OTHER)[..], &[("x-original-url", &page)]].concat(),
        [&forwarded(OTHER)[..], &[(host, HOST)]].concat(),
        forwarded(OTHER).to_vec(),
        [
            (scheme, "https"),
            (host, OTHER),
            (uri, "@wiki.example.com/"),
        ]
        .to_vec(),
        [(scheme, "https"), (host, "wiki.example.com/x"), (uri, "/")].to_vec(),
        // Over http it is another cookie.
        [(scheme, "http"), (host, HOST), (uri, "/")].to_vec(),
    ] {
        let reply = ask(&headers).await;
        reply.refused(401, "missing_token");
        assert!(!reply.header("location").contains(HOST), "{headers:?}");
    }
}

/// What stands behind the proxy may ask for a password of its own.
#[tokio::test]
async fn a_browser_passes_whatever_it_tells_the_application_and_each_401_leads_to_the_sign_in() {
    let server = protected();
    let ada = server.register("ada@example.com").await;
    let browser = server.browser();
    let page = format!("https://{HOST}/");
    let code = with_code(&server, &browser, "ada@example.com", &page).await;
    let cookie = cookie_of(&server, &code).await;
    let ask = |mode: &str, authorization: &str| {
        server
            .get(&format!("/auth/check{mode}"))
            .header("x-original-url", &page)
            .header("authorization", authorization)
    };
    let way = format!("{}/sign-in/back?to=", server.url());
    for basic in ["Basic eDp5", "Digest username=x", ""] {
        let reply = ask("?browser=1", basic).header("cookie", &cookie).send();
        assert_eq!(told(&reply.await.expect(204))[0], ada.id);
        let reply = ask("?browser=1", basic).send().await;
        reply.refused(401, "missing_token");
        assert!(reply.header("location").starts_with(&way), "{basic}");
        let reply = ask("?browser=302", basic).send().await.expect(302);
        assert!(reply.header("location").starts_with(&way), "{basic}");
        ask("", basic)
            .header("cookie", &cookie)
            .send()
            .await
            .refused(401, "missing_token");
    }
    // A token that is not good is no sign-in, whatever else comes.
    for mode in ["?browser=1", "?browser=302"] {
        let reply = ask(mode, "Bearer nonsense").header("cookie", &cookie);
        let reply = reply.send().await;
        reply.refused(401, "invalid_token");
        assert!(reply.header("location").starts_with(&way), "{mode}");
    }
    let reply = ask("", "Bearer nonsense").send().await;
    assert_eq!(reply.header("location"), "");
}

/// A script of another port's page may not read what its pages or cookies hold, but reads the address that it stands at.
#[tokio::test]
async fn what_lets_in_at_one_port_is_worth_nothing_at_another() {
    let server = protected();
    let ada = server.register("ada@example.com").await;
    let ask = |url: &str| {
        let call = server.get("/auth/check?browser=1");
        call.header("x-original-url", url)
    };
    let [page, other] = ["", ":8443"].map(|port| format!("https://{HOST}{port}/"));
    for (from, to) in [(&other, &page), (&page, &other)] {
        let stolen = with_code(&server, &server.browser(), "ada@example.com", from).await;
        let (_, code) = stolen.split_once('?').unwrap();
        let reply = ask(&format!("{to}?{code}")).send().await;
        reply.refused(401, "missing_token");
        assert_eq!(reply.header("set-cookie"), "");
        let own = with_code(&server, &server.browser(), "ada@example.com", from).await;
        let cookie = cookie_of(&server, &own).await;
        let reply = ask(from).header("cookie", &cookie).send().await.expect(204);
        assert_eq!(told(&reply)[0], ada.id);
        let value = cookie.split_once('=').unwrap().1;
        let names = ["", "-8443"].map(|port| {
            let (name, _) = cookie.split_once("-check").unwrap();
            format!("{name}-check{port}={value}")
        });
        let moved = ask(to).header("cookie", &names.join("; "));
        moved.send().await.refused(401, "missing_token");
        // Nor where the client names the one, and the proxy the other.
        let (scheme, rest) = to.split_once("://").unwrap();
        let named = ask(from).header("cookie", &cookie);
        let named = named.header("x-forwarded-proto", scheme);
        let named = named.header("x-forwarded-host", rest.trim_end_matches('/'));
        named.send().await.refused(401, "missing_token");
    }
}

#[tokio::test]
async fn somebody_elses_code_signs_nobody_out_of_their_own_account() {
    let server = protected();
    let ada = server.register("ada@example.com").await;
    server.register("eve@example.com").await;
    let page = format!("https://{HOST}/page");
    let mine = with_code(&server, &server.browser(), "ada@example.com", &page).await;
    let cookie = cookie_of(&server, &mine).await;
    let hers = with_code(&server, &server.browser(), "eve@example.com", &page).await;
    let ask = |mode: &str| {
        server
            .get(&format!("/auth/check?browser={mode}"))
            .header("x-original-url", &hers)
    };
    let reply = ask("302").header("cookie", &cookie).send().await;
    let reply = reply.expect(302);
    assert_eq!(
        (reply.header("location"), reply.header("set-cookie")),
        (page.as_str(), "")
    );
    assert_eq!(told(&reply)[0], ada.id);
    // Nor is it good for anybody any more.
    ask("1").send().await.refused(401, "missing_token");
}

#[tokio::test]
async fn an_address_that_cannot_be_led_back_to_is_judged_all_the_same() {
    let server = protected();
    let ada = server.register("ada@example.com").await;
    let long = format!("https://{HOST}/{}", "x".repeat(2000));
    let ask = |url: &str| {
        server
            .get("/auth/check?browser=1")
            .header("x-original-url", url)
    };
    let code = with_code(&server, &server.browser(), "ada@example.com", &long).await;
    let first_page = format!("https://{HOST}/?doorward_code=");
    assert!(code.starts_with(&first_page), "{code}");
    let cookie = cookie_of(&server, &code).await;
    for url in [&*long, "https://wiki.example.com/a|\"b"] {
        let reply = ask(url).header("cookie", &cookie).send().await.expect(204);
        assert_eq!(told(&reply)[0], ada.id);
    }
    // A long address with its code comes back whole.
    let longest = format!("https://{HOST}/{}", "x".repeat(1470));
    let code = with_code(&server, &server.browser(), "ada@example.com", &longest).await;
    assert!(
        code.starts_with(&format!("{longest}?doorward_code=")),
        "{code}"
    );
    assert!(!cookie_of(&server, &code).await.is_empty());
}

#[tokio::test]
async fn no_header_is_smuggled_through_the_page_that_is_asked_for() {
    let server = protected();
    for url in [
        "https://wiki.example.com/%0d%0aX-Auth-Subject:%20evil",
        "https://wiki.example.com/?a=%0d%0aSet-Cookie:%20evil=1",
        "https://wiki.example.com/\tX-Auth-Email: boss@example.com",
    ] {
        let call = server
            .get("/auth/check?browser=302")
            .header("x-original-url", url)
            .header("x-auth-subject", "evil");
        let reply = call.send().await;
        assert_eq!(told(&reply), ["", "", "", ""], "{url}");
        assert!(!reply.header("set-cookie").contains("evil"), "{url}");
        let location = reply.header("location");
        assert!(
            location.is_empty() || location.starts_with(&format!("{}/", server.url())),
            "{url}: {location}"
        );
        assert!(!location.contains(['\r', '\n', '\t']), "{url}");
    }
}

#[tokio::test]
async fn nobody_is_led_to_a_page_that_is_not_listed() {
    let server = protected();
    for url in [
        "https://evil.example/",
        "https://wiki.example.com.evil.example/",
        "https://wiki.example.com@evil.example/",
        "https://evil.example/?wiki.example.com",
        "https://evil.example\\.wiki.example.com/",
        "//wiki.example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
    ] {
        let call = server
            .get("/auth/check?browser=1")
            .header("x-original-url", url);
        let reply = call.send().await;
        reply.refused(401, "missing_token");
        // There is a way in, and none back.
        let way_in = format!("{}/sign-in", server.url());
        assert_eq!(reply.header("location"), way_in, "{url}");
        let call = server
            .get("/auth/check?browser=302")
            .header("x-original-url", url);
        let reply = call.send().await.expect(302);
        assert_eq!(reply.header("location"), way_in, "{url}");
    }
    let unnamed = server.get("/auth/check?browser=1").send().await;
    unnamed.refused(401, "missing_token");
    assert!(unnamed.header("location").ends_with("/sign-in"));
    // Nor by a way back that somebody made up.
    let browser = server.browser();
    server.register("ada@example.com").await;
    browser.sign_in("ada@example.com").await;
    for kept in [
        "",
        "https://evil.example/",
        "eyJ1cmwiOiJodHRwczovL2V2aWwuZXhhbXBsZS8ifQ",
    ] {
        let reply = browser
            .open(&format!("/sign-in/back?to={kept}"))
            .await
            .expect(303);
        assert_eq!(reply.header("location"), "/sign-in");
    }
}
