//! OpenID Connect: discovery, ID tokens, `prompt`, `max_age`, and signing out at an application's wish.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_tests::{
    Server,
    browser::{CALLBACK, claims, filled, form, landed, request},
    fields,
};
use serde_json::json;

/// RFC 8414 section 2 and OpenID Connect Discovery section 3: what stands there is served.
#[tokio::test]
async fn discovery_states_what_is_served() {
    let server = Server::start_rs256();
    let paths = [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ];
    let reply = server.get(paths[0]).send().await.expect(200);
    assert!(reply.header("cache-control").contains("max-age"));
    let document = reply.json();
    assert_eq!(
        document,
        server.get(paths[1]).send().await.expect(200).json()
    );
    assert_eq!(document["issuer"], server.url());
    for (name, value) in document.as_object().unwrap() {
        if !name.ends_with("_endpoint") && name != "jwks_uri" {
            continue;
        }
        let path = value
            .as_str()
            .unwrap()
            .strip_prefix(server.url())
            .expect("ours");
        let known = server.call("OPTIONS", path).send().await;
        assert_eq!(known.status, 405, "{name} is not served");
    }
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(
        document["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(
        document["id_token_signing_alg_values_supported"],
        json!(["RS256"])
    );
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(document["request_parameter_supported"], false);
    assert_eq!(document["request_uri_parameter_supported"], false);
    let jwks = server
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200);
    assert!(jwks.header("cache-control").contains("max-age"));
    assert_eq!(jwks.json()["keys"][0]["alg"], "RS256");
}

/// RFC 8414 section 3.1: the path of an issuer comes after the well-known part.
#[tokio::test]
async fn an_issuer_with_a_path_is_found_where_both_standards_look() {
    let server = Server::with()
        .set("issuer", "https://id.example/auth")
        .start();
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/auth",
        "/.well-known/openid-configuration/auth",
    ] {
        let document = server.get(path).send().await.expect(200).json();
        assert_eq!(document["issuer"], "https://id.example/auth");
        assert_eq!(
            document["token_endpoint"],
            "https://id.example/auth/oauth/token"
        );
    }
    server
        .get("/.well-known/oauth-authorization-server/other")
        .send()
        .await
        .expect(404);
}

/// OpenID Connect Core sections 2 and 3.1.3.6.
#[tokio::test]
async fn an_id_token_says_who_when_and_for_whom() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let server = Server::with().set("signing_algorithm", algorithm).start();
        let app = server.app(json!({})).await;
        let ada = server.register("ada@example.com").await;
        let code = server
            .browser()
            .code("ada@example.com", &request(&app, &[("nonce", "a nonce")]))
            .await;
        let tokens = server.redeem(&app, &code).await.expect(200);
        let (access, id) = (tokens.field("access_token"), tokens.field("id_token"));
        let said = claims(&id);
        assert_eq!(
            fields(&said),
            "acr amr at_hash aud auth_time exp iat iss nonce preferred_username sid sub updated_at"
        );
        assert_eq!(
            (&said["iss"], &said["aud"]),
            (&json!(server.url()), &json!(app.id))
        );
        assert_eq!(
            (&said["sub"], &said["nonce"]),
            (&json!(ada.id), &json!("a nonce"))
        );
        assert_eq!(said["sid"], claims(&access)["sid"]);
        let auth_time = said["auth_time"].as_i64().unwrap();
        assert!((said["iat"].as_i64().unwrap() - auth_time).abs() <= 60);
        let hash = match algorithm {
            "EdDSA" => &aws_lc_rs::digest::SHA512,
            _ => &aws_lc_rs::digest::SHA256,
        };
        let hash = aws_lc_rs::digest::digest(hash, access.as_bytes());
        let half = &hash.as_ref()[..hash.as_ref().len() / 2];
        assert_eq!(said["at_hash"], BASE64_URL_SAFE_NO_PAD.encode(half));
        let header = BASE64_URL_SAFE_NO_PAD
            .decode(id.split('.').next().unwrap())
            .unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header["alg"], algorithm);
        let document = server
            .get("/.well-known/openid-configuration")
            .send()
            .await
            .json();
        assert_eq!(
            document["id_token_signing_alg_values_supported"],
            json!([algorithm])
        );
    }
}

#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let server = Server::start_rs256();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let silent = request(&app, &[("prompt", "none")]);
    let error = async |pairs: &[(String, String)]| {
        landed(&browser.authorize(pairs).await).1["error"].clone()
    };
    assert_eq!(error(&silent).await, "login_required");
    browser.sign_in("ada@example.com").await;
    assert_eq!(error(&silent).await, "consent_required");
    browser.code("ada@example.com", &request(&app, &[])).await;
    let (_, answer) = landed(&browser.authorize(&silent).await);
    assert!(answer.contains_key("code"), "{answer:?}");
    let wider = request(&app, &[("prompt", "none"), ("scope", "openid write")]);
    assert_eq!(error(&wider).await, "consent_required");
}

#[tokio::test]
async fn prompt_login_and_max_age_ask_for_the_password_again() {
    let server = Server::start_rs256();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.code("ada@example.com", &request(&app, &[])).await;
    // The sign-in was a moment ago: good enough for an hour, but not for now.
    let (_, answer) = landed(
        &browser
            .authorize(&request(&app, &[("max_age", "3600")]))
            .await,
    );
    assert!(answer.contains_key("code"), "{answer:?}");
    for changes in [
        &[("prompt", "login")][..],
        &[("max_age", "0")],
        &[("prompt", "select_account")],
    ] {
        let page = browser.authorize(&request(&app, changes)).await.expect(200);
        let kept = form(&page, "/sign-in").value("request").to_owned();
        // Going on without signing in leads back to the same page.
        let around = browser
            .open(&format!("/oauth/authorize/continue?request={kept}"))
            .await;
        form(&around, "/sign-in");
        let signed_in = browser.submit(&filled(&page, "ada@example.com")).await;
        let (_, answer) = landed(&browser.follow(signed_in).await);
        assert!(answer.contains_key("code"), "{changes:?}: {answer:?}");
        let (_, silent) = landed(
            &browser
                .authorize(&request(&app, &[("max_age", "0"), ("prompt", "none")]))
                .await,
        );
        assert_eq!(silent["error"], "login_required");
    }
}

#[tokio::test]
async fn a_hint_at_somebody_else_asks_who_is_there() {
    let server = Server::start_rs256();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    server.register("bob@example.com").await;
    let code = server
        .browser()
        .code("bob@example.com", &request(&app, &[]))
        .await;
    let bobs = server
        .redeem(&app, &code)
        .await
        .expect(200)
        .field("id_token");
    let browser = server.browser();
    let code = browser.code("ada@example.com", &request(&app, &[])).await;
    let adas = server
        .redeem(&app, &code)
        .await
        .expect(200)
        .field("id_token");
    let silent = |hint: &str| request(&app, &[("prompt", "none"), ("id_token_hint", hint)]);
    let (_, answer) = landed(&browser.authorize(&silent(&bobs)).await);
    assert_eq!(answer["error"], "login_required");
    let (_, answer) = landed(&browser.authorize(&silent(&adas)).await);
    assert!(answer.contains_key("code"), "{answer:?}");
}

/// OpenID Connect RP-Initiated Logout 1.0 sections 2 and 3.
#[tokio::test]
async fn an_application_signs_its_person_out() {
    let server = Server::start_rs256();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let code = browser.code("ada@example.com", &request(&app, &[])).await;
    let tokens = server.redeem(&app, &code).await.expect(200);
    let hint = tokens.field("id_token");
    let query = |pairs: &[(&str, &str)]| {
        let url = reqwest::Url::parse_with_params("http://x/oauth/logout", pairs).unwrap();
        format!("{}?{}", url.path(), url.query().unwrap_or_default())
    };
    // Not to somewhere that is not registered, and not on another client's word.
    let other = server.app(json!({})).await;
    for pairs in [
        &[
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", "https://evil.example/"),
        ][..],
        &[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", "https://app.example/cb/"),
        ],
        &[("id_token_hint", &hint), ("client_id", &other.id)],
        &[("post_logout_redirect_uri", CALLBACK)],
    ] {
        let reply = browser.open(&query(pairs)).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (400, ""),
            "{pairs:?}"
        );
    }
    browser.open("/account").await.expect(200);
    // Without a hint the person is asked: any page can send a browser here.
    let page = browser
        .open(&query(&[
            ("client_id", &app.id),
            ("post_logout_redirect_uri", CALLBACK),
        ]))
        .await
        .expect(200);
    form(&page, "/sign-out");
    // A hint that cannot be verified, as one from before the last rotations, counts as none.
    for pairs in [
        &[("id_token_hint", "nonsense")][..],
        &[
            ("id_token_hint", "nonsense"),
            ("post_logout_redirect_uri", CALLBACK),
        ],
        &[
            ("id_token_hint", "nonsense"),
            ("client_id", &app.id),
            ("post_logout_redirect_uri", CALLBACK),
        ],
    ] {
        let page = browser.open(&query(pairs)).await.expect(200);
        form(&page, "/sign-out");
        browser.open("/account").await.expect(200);
    }
    let pairs = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", CALLBACK),
        ("state", "s t"),
    ];
    let (place, answer) = landed(&browser.open(&query(&pairs)).await);
    assert_eq!(
        (place.as_str(), answer["state"].as_str()),
        (CALLBACK, "s t")
    );
    assert_eq!(
        browser.open("/account").await.header("location"),
        "/sign-in"
    );
    server
        .get("/oauth/userinfo")
        .bearer(&tokens.field("access_token"))
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn a_person_signs_out_and_the_application_is_told_with_a_posted_request_too() {
    let server = Server::start_rs256();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let pairs = [
        ("client_id", app.id.as_str()),
        ("post_logout_redirect_uri", CALLBACK),
        ("state", "x"),
    ];
    let posted = server
        .post("/oauth/logout")
        .header("origin", "https://app.example")
        .form(&pairs)
        .send()
        .await;
    let page = browser.follow(posted).await.expect(200);
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self';")
    );
    let (place, answer) = landed(&browser.submit(&form(&page, "/sign-out")).await);
    assert_eq!((place.as_str(), answer["state"].as_str()), (CALLBACK, "x"));
    assert_eq!(
        browser.open("/account").await.header("location"),
        "/sign-in"
    );
    // And by themselves.
    browser.sign_in("ada@example.com").await;
    let page = browser.open("/sign-out").await.expect(200);
    let done = browser.submit(&form(&page, "/sign-out")).await.expect(200);
    assert!(done.text().contains("role=\"status\""));
    assert_eq!(
        browser.open("/account").await.header("location"),
        "/sign-in"
    );
}

/// OpenID Connect Core sections 3.1.2.1 and 5.5: what is not understood is ignored, in whatever order it comes.
#[tokio::test]
async fn what_is_not_known_is_ignored() {
    let server = Server::start_rs256();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    for changes in [
        ("extra", "foobar"),
        ("display", "page"),
        ("display", "popup"),
        ("acr_values", "1 2"),
        ("claims_locales", "se"),
        ("claims", "{\"userinfo\":{\"name\":{\"essential\":true}}}"),
        ("scope", "email openid"),
        ("response_mode", "query"),
    ] {
        let code = browser
            .code("ada@example.com", &request(&app, &[changes]))
            .await;
        let tokens = server.redeem(&app, &code).await.expect(200);
        let said = claims(&tokens.field("id_token"));
        assert_eq!(said.get("nonce"), None, "{changes:?}");
    }
}
