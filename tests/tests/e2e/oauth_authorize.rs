//! The authorization endpoint: who is asked, where answers go, and what is refused (RFC 6749 section 4.1).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use doorward_tests::{
    PASSWORD, Server,
    browser::{CALLBACK, claims, filled, form, forms, landed, onward, request},
};
use serde_json::json;

#[tokio::test]
async fn a_redirect_uri_that_is_not_registered_gets_a_page_and_no_location() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    for trick in [
        "https://app.example/cb/",
        "https://app.example/cbx",
        "https://app.example/c",
        "https://app.example/cb?x=1",
        "https://app.example/cb#f",
        "https://user@app.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example\\@evil.example/cb",
        "https:\\\\app.example/cb",
        "https://app.example/%2e%2e/cb",
        "https://app.example/./cb",
        "https://sub.app.example/cb",
        "https://app.example.evil.example/cb",
        "https://app.example:443/cb",
        "https://app.example:8443/cb",
        "HTTPS://app.example/cb",
        "http://app.example/cb",
        "//app.example/cb",
        "/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://app.example/cb",
        "https://app.example/cb\n",
    ] {
        let reply = server
            .browser()
            .authorize(&request(&app, &[("redirect_uri", trick)]))
            .await;
        assert_eq!(reply.status, 400, "{trick}");
        assert_eq!(reply.header("location"), "", "{trick}");
        assert!(
            reply.header("content-type").starts_with("text/html"),
            "{trick}"
        );
    }
}

#[tokio::test]
async fn an_unknown_client_or_none_gets_a_page_and_no_location() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let unknown = "client_01arz3ndektsv4rrffq69g5fav";
    for id in [unknown, "nonsense", ""] {
        let reply = server
            .browser()
            .authorize(&request(&app, &[("client_id", id)]))
            .await;
        assert!((400..500).contains(&reply.status), "{id}: {}", reply.status);
        assert_eq!(reply.header("location"), "");
        assert!(reply.header("content-type").starts_with("text/html"));
    }
    let mut twice = request(&app, &[]);
    twice.push(("client_id".into(), app.id.clone()));
    assert_eq!(
        server.browser().authorize(&twice).await.header("location"),
        ""
    );
    let missing = request(&app, &[("redirect_uri", "")]);
    assert_eq!(
        server
            .browser()
            .authorize(&missing)
            .await
            .header("location"),
        ""
    );
}

/// RFC 8252 section 7.3.
#[tokio::test]
async fn the_port_of_a_loopback_address_is_free_and_nothing_else_is() {
    let server = Server::start();
    let uris = [
        "http://127.0.0.1/cb",
        "http://[::1]/cb",
        "http://localhost/cb",
    ];
    let app = server.app(json!({ "redirectUris": uris })).await;
    for good in [
        "http://127.0.0.1:51004/cb",
        "http://[::1]:51004/cb",
        "http://127.0.0.1/cb",
        "http://localhost:51004/cb",
    ] {
        let page = server
            .browser()
            .authorize(&request(&app, &[("redirect_uri", good)]))
            .await;
        assert_eq!(page.status, 200, "{good}");
    }
    for bad in [
        "http://localhost.evil.example:51004/cb",
        "https://localhost:51004/cb",
        "http://127.0.0.1:51004/other",
        "http://127.0.0.2:51004/cb",
    ] {
        let page = server
            .browser()
            .authorize(&request(&app, &[("redirect_uri", bad)]))
            .await;
        assert_eq!((page.status, page.header("location")), (400, ""), "{bad}");
    }
}

/// RFC 6749 section 4.1.2.1, RFC 9207 section 2, RFC 7636 section 4.4.1, OpenID Connect Core section 3.1.2.6.
#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_the_client_with_state_and_iss() {
    let server = Server::start();
    let app = server
        .app(json!({ "resources": ["https://api.example/"], "requirePkce": true }))
        .await;
    let long_scope = "read:orders ".repeat(2600);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("response_type", "token")], "unsupported_response_type"),
        (
            &[("response_type", "code id_token")],
            "unsupported_response_type",
        ),
        (&[("response_type", "")], "invalid_request"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (
            &[("code_challenge", ""), ("code_challenge_method", "")],
            "invalid_request",
        ),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge", "tooshort")], "invalid_request"),
        (&[("scope", "admin print:labels")], "invalid_scope"),
        (&[("scope", " ")], "invalid_scope"),
        (&[("scope", "OPENID")], "invalid_scope"),
        (&[("scope", "openid\"")], "invalid_scope"),
        (&[("scope", &long_scope)], "invalid_scope"),
        (
            &[("request", "eyJhbGciOiJub25lIn0.e30.")],
            "request_not_supported",
        ),
        (
            &[("request_uri", "https://evil.example/r")],
            "request_uri_not_supported",
        ),
        (&[("registration", "{}")], "registration_not_supported"),
        (&[("prompt", "none")], "login_required"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "create")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("resource", "https://other.example/")], "invalid_target"),
    ];
    for (changes, error) in cases {
        let reply = server.browser().authorize(&request(&app, changes)).await;
        let (place, answer) = landed(&reply);
        assert_eq!(place, CALLBACK);
        assert_eq!(answer["error"], *error, "{changes:?}: {answer:?}");
        assert_eq!(answer["state"], "a state", "{changes:?}");
        assert_eq!(answer["iss"], server.url(), "{changes:?}");
        assert!(!answer.contains_key("code"));
    }
}

/// RFC 6749 section 3.1: a parameter must not be included more than once.
#[tokio::test]
async fn a_parameter_given_twice_is_an_invalid_request() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    for name in [
        "scope",
        "response_type",
        "code_challenge",
        "nonce",
        "prompt",
        "unknown",
    ] {
        let mut pairs = request(&app, &[(name, "x")]);
        pairs.push((name.into(), "x".into()));
        let (_, answer) = landed(&server.browser().authorize(&pairs).await);
        assert_eq!(answer["error"], "invalid_request", "{name}");
        assert_eq!(answer["iss"], server.url());
    }
    let mut pairs = request(&app, &[]);
    pairs.push(("state".into(), "another".into()));
    let (_, answer) = landed(&server.browser().authorize(&pairs).await);
    assert_eq!(answer["error"], "invalid_request");
    assert!(!answer.contains_key("state"), "which of the two?");
}

#[tokio::test]
async fn a_client_without_the_grant_is_told_so() {
    let server = Server::start();
    let app = server.app(json!({ "grantTypes": ["refresh_token"] })).await;
    let (_, answer) = landed(&server.browser().authorize(&request(&app, &[])).await);
    assert_eq!(answer["error"], "unauthorized_client");
}

#[tokio::test]
async fn a_person_signs_in_allows_and_is_sent_back_with_a_code() {
    let server = Server::start();
    let app = server.app(json!({ "name": "Wiki <b>&\"'" })).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    // When the application sends them here, they see who they are and sign in.
    let page = browser
        .authorize(&request(&app, &[("login_hint", "ada@example.com")]))
        .await
        .expect(200);
    assert_eq!(form(&page, "/sign-in").value("email"), "ada@example.com");
    let page = browser.submit(&filled(&page, "ada@example.com")).await;
    let page = browser.follow(page).await.expect(200);
    // The consent page names the application, escaped, what it may do, and where they are sent.
    let text = page.text();
    assert!(
        text.contains("Wiki &lt;b&gt;&amp;&quot;") && !text.contains("<b>"),
        "{text}"
    );
    for shown in [
        "see your name",
        "see your email address",
        "see all your data",
        "app.example",
        "ada@example.com",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    // Who they are not can sign in as somebody else, for the same request.
    let link = text
        .split("href=\"")
        .find(|part| part.starts_with("/sign-in?"));
    let other = browser
        .open(link.unwrap().split('"').next().unwrap())
        .await
        .expect(200);
    form(&other, "/sign-in");
    let (place, answer) = landed(&browser.submit(&form(&page, "/oauth/consent")).await);
    assert_eq!(place, CALLBACK);
    assert_eq!(answer["state"], "a state");
    assert_eq!(answer["iss"], server.url());
    let tokens = server
        .redeem(&app, &answer["code"])
        .await
        .expect(200)
        .json();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["aud"], app.id);
    // What was allowed once is not asked again.
    let (_, again) = landed(&browser.authorize(&request(&app, &[])).await);
    assert!(again.contains_key("code"), "{again:?}");
    // But more than that is, and so is the same again where the client wants it.
    for changes in [&[("scope", "openid write")][..], &[("prompt", "consent")]] {
        let page = browser.authorize(&request(&app, changes)).await.expect(200);
        assert_eq!(forms(&page).len(), 2, "{changes:?}");
        assert_eq!(forms(&page)[0].action, "/oauth/consent");
    }
}

#[tokio::test]
async fn a_person_who_says_no_is_sent_back_with_access_denied() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let page = browser.authorize(&request(&app, &[])).await.expect(200);
    let no = form(&page, "/oauth/consent").with("decision", "deny");
    let (_, answer) = landed(&browser.submit(&no).await);
    assert_eq!(answer["error"], "access_denied");
    assert_eq!(
        (answer["state"].as_str(), answer["iss"].as_str()),
        ("a state", server.url())
    );
    // Nothing was remembered.
    let (_, silent) = landed(
        &browser
            .authorize(&request(&app, &[("prompt", "none")]))
            .await,
    );
    assert_eq!(silent["error"], "consent_required");
}

#[tokio::test]
async fn a_kept_request_wins_over_whatever_comes_back() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let evil = server
        .app(json!({ "redirectUris": ["https://evil.example/cb"] }))
        .await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let page = browser
        .authorize(&request(&app, &[("scope", "openid")]))
        .await
        .expect(200);
    // Parameters beside the kept request are not read, at sign-in, on the way and at consent.
    let sign_in = filled(&page, "ada@example.com")
        .with("client_id", &evil.id)
        .with("redirect_uri", "https://evil.example/cb")
        .with("scope", "openid write");
    let signed_in = browser.submit(&sign_in).await;
    assert_eq!(
        signed_in.header("location"),
        "",
        "a head holds no kept request"
    );
    let on = format!(
        "{}&client_id={}&scope=write&redirect_uri=https://evil.example/cb",
        onward(&signed_in).expect("a page that goes on"),
        evil.id
    );
    let page = browser.open(&on).await.expect(200);
    let yes = form(&page, "/oauth/consent");
    let tampered = yes
        .clone()
        .with("scope", "openid write")
        .with("redirect_uri", "https://evil.example/cb")
        .with("state", "another");
    let (place, answer) = landed(&browser.submit(&tampered).await);
    assert_eq!(
        (place.as_str(), answer["state"].as_str()),
        (CALLBACK, "a state")
    );
    let tokens = server.redeem(&app, &answer["code"]).await.expect(200);
    assert_eq!(tokens.field("scope"), "openid");
    // And the kept request itself cannot be changed.
    let page = browser
        .authorize(&request(&app, &[("prompt", "consent")]))
        .await
        .expect(200);
    let yes = form(&page, "/oauth/consent");
    let kept = BASE64.decode(yes.value("request")).unwrap();
    let (json, stamp) = kept.split_at(kept.len() - 32);
    let json = String::from_utf8(json.to_vec()).unwrap();
    let wider = json.replace("\"profile\"", "\"write\"");
    assert_ne!(wider, json);
    let forged = BASE64.encode([wider.as_bytes(), stamp].concat());
    let changed = yes.with("request", &forged);
    let reply = browser.submit(&changed).await;
    assert_eq!((reply.status, reply.header("location")), (400, ""));
}

#[tokio::test]
async fn consent_gives_only_what_a_consent_page_showed() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let page = browser
        .authorize(&request(&app, &[("scope", "openid write")]))
        .await
        .expect(200);
    let never_shown = form(&page, "/sign-in").value("request").to_owned();
    browser.sign_in("ada@example.com").await;
    let page = browser
        .authorize(&request(&app, &[("scope", "openid")]))
        .await
        .expect(200);
    let forged = form(&page, "/oauth/consent").with("request", &never_shown);
    let reply = browser.submit(&forged).await;
    assert_eq!((reply.status, reply.header("location")), (400, ""));
}

/// OpenID Connect Core section 3.1.2.1: POST too. A cross-site POST comes without our cookie.
#[tokio::test]
async fn a_posted_request_goes_on_with_get() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let pairs = request(&app, &[]);
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let reply = server
        .post("/oauth/authorize")
        .header("origin", "https://app.example")
        .form(&pairs)
        .send()
        .await;
    let page = server.browser().follow(reply).await.expect(200);
    assert!(page.text().contains("action=\"/sign-in\""));
    let wrong = server
        .post("/oauth/authorize")
        .form(&[("client_id", "x")])
        .send()
        .await;
    assert_eq!((wrong.status, wrong.header("location")), (400, ""));
}

/// RFC 8252 section 8.6: a public client at an address any program can claim is not let in silently.
#[tokio::test]
async fn a_public_app_with_a_scheme_of_its_own_is_always_asked_about() {
    let server = Server::start();
    let uri = "com.example.app:/oauth";
    let app = server
        .app(json!({ "redirectUris": [uri], "confidential": false }))
        .await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser
        .code("ada@example.com", &request(&app, &[("redirect_uri", uri)]))
        .await;
    let page = browser
        .authorize(&request(&app, &[("redirect_uri", uri)]))
        .await
        .expect(200);
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self';")
    );
    let silent = request(&app, &[("redirect_uri", uri), ("prompt", "none")]);
    let reply = browser.authorize(&silent).await;
    assert!(
        reply.header("location").contains("error=consent_required"),
        "{}",
        reply.header("location")
    );
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_hold() {
    let server = Server::start();
    let app = server
        .app(json!({
            "scopes": ["openid", "admin:users", "read"],
            "grantTypes": ["authorization_code"],
        }))
        .await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let code = browser
        .code(
            "ada@example.com",
            &request(&app, &[("scope", "openid admin:users read")]),
        )
        .await;
    assert_eq!(
        server.redeem(&app, &code).await.expect(200).field("scope"),
        "openid read"
    );
    let (_, answer) = landed(
        &browser
            .authorize(&request(&app, &[("scope", "admin:users")]))
            .await,
    );
    assert_eq!(answer["error"], "access_denied");
}

#[tokio::test]
async fn a_password_change_leaves_no_code_behind() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    let code = server
        .browser()
        .code("ada@example.com", &request(&app, &[]))
        .await;
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "another horse battery" });
    server
        .post("/auth/password")
        .bearer(&ada.access)
        .json(change)
        .send()
        .await
        .expect(204);
    assert_eq!(
        server.redeem(&app, &code).await.expect(400).field("error"),
        "invalid_grant"
    );
}
