//! The requests of the OpenID Foundation's Basic OP modules, as the suite sends them: a confidential client without PKCE.
//! `docs/openid-profile.md` names the module of each.

use doorward_tests::{
    Client, Reply, Server,
    browser::{Browser, claims, filled, form, landed, onward, request},
};
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.com";

/// A request of the suite: `nonce` and `state`, and no challenge.
fn basic(app: &Client, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut all = vec![
        ("code_challenge", ""),
        ("code_challenge_method", ""),
        ("nonce", "a nonce"),
        ("scope", "openid"),
    ];
    all.extend_from_slice(changes);
    request(app, &all)
}

async fn provider() -> (Server, Client) {
    let server = Server::start_rs256();
    let app = server
        .app(
            json!({ "scopes": ["openid", "profile", "email", "offline_access"],
            "grantTypes": ["authorization_code", "refresh_token"], "unverifiedEmail": "send" }),
        )
        .await;
    let body = json!({ "email": EMAIL, "password": doorward_tests::PASSWORD, "firstName": "Ada", "lastName": "Lovelace" });
    let made = server.post("/auth/register").json(body).send().await;
    made.expect(201);
    (server, app)
}

/// The tokens that a request leads to.
async fn tokens(
    server: &Server,
    browser: &Browser<'_>,
    app: &Client,
    changes: &[(&str, &str)],
) -> Value {
    let code = browser.code(EMAIL, &basic(app, changes)).await;
    let redeemed = server.redeem_with(app, &code, &[("code_verifier", "")]);
    redeemed.await.expect(200).json()
}

fn id(tokens: &Value) -> Value {
    claims(tokens["id_token"].as_str().expect("an ID token"))
}

#[tokio::test]
async fn requests_that_succeed_give_an_id_token() {
    let (server, app) = provider().await;
    let browser = server.browser();
    for (module, changes) in [
        ("oidcc-server", &[][..]),
        ("oidcc-scope-profile", &[("scope", "openid profile")]),
        ("oidcc-scope-email", &[("scope", "openid email")]),
        (
            "oidcc-ensure-other-scope-order-succeeds",
            &[("scope", "email openid")],
        ),
        (
            "oidcc-scope-all",
            &[("scope", "openid profile email address phone")],
        ),
        ("oidcc-display-page", &[("display", "page")]),
        ("oidcc-display-popup", &[("display", "popup")]),
        ("oidcc-max-age-10000", &[("max_age", "10000")]),
        (
            "oidcc-ensure-request-with-unknown-parameter-succeeds",
            &[("extra", "foobar")],
        ),
        ("oidcc-login-hint", &[("login_hint", EMAIL)]),
        ("oidcc-ui-locales", &[("ui_locales", "se")]),
        ("oidcc-claims-locales", &[("claims_locales", "se")]),
        (
            "oidcc-ensure-request-with-acr-values-succeeds",
            &[("acr_values", "1 2")],
        ),
        (
            "oidcc-claims-essential",
            &[
                ("scope", "openid profile"),
                ("claims", r#"{"userinfo":{"name":{"essential":true}}}"#),
            ],
        ),
    ] {
        let tokens = tokens(&server, &browser, &app, changes).await;
        let id = id(&tokens);
        assert_eq!(
            (&id["nonce"], &id["aud"], &id["iss"]),
            (&json!("a nonce"), &json!(app.id), &json!(server.url())),
            "{module}"
        );
        assert!(
            id["at_hash"].is_string() && id["auth_time"].is_i64(),
            "{module}"
        );
    }
    // oidcc-ensure-request-without-nonce-succeeds-for-code-flow
    let without = tokens(&server, &browser, &app, &[("nonce", "")]).await;
    assert_eq!(id(&without).get("nonce"), None);
}

#[tokio::test]
async fn userinfo_is_told_three_ways_and_says_what_the_scopes_allow() {
    let (server, app) = provider().await;
    let browser = server.browser();
    let tokens = tokens(
        &server,
        &browser,
        &app,
        &[("scope", "openid profile email")],
    )
    .await;
    let access = tokens["access_token"].as_str().expect("a token");
    let get = server.get("/oauth/userinfo").bearer(access).send().await;
    let header = server.post("/oauth/userinfo").bearer(access).send().await;
    let body = server
        .post("/oauth/userinfo")
        .form(&[("access_token", access)])
        .send()
        .await;
    let told = get.expect(200).json();
    assert_eq!(told["sub"], id(&tokens)["sub"]);
    assert_eq!(
        (&told["name"], &told["email"]),
        (&json!("Ada Lovelace"), &json!(EMAIL))
    );
    assert_eq!(header.expect(200).json(), told);
    assert_eq!(body.expect(200).json(), told);
}

/// What a request that goes wrong is answered at the redirect URI.
async fn refused(browser: &Browser<'_>, app: &Client, changes: &[(&str, &str)]) -> String {
    let (to, answer) = landed(&browser.authorize(&basic(app, changes)).await);
    assert!(to.starts_with("http"), "{to}");
    assert_eq!(answer["state"], "a state");
    answer["error"].clone()
}

#[tokio::test]
async fn requests_that_fail_are_told_the_client() {
    let (server, app) = provider().await;
    let browser = server.browser();
    for (module, changes, error) in [
        (
            "oidcc-response-type-missing",
            &[("response_type", "")][..],
            "invalid_request",
        ),
        (
            "oidcc-prompt-none-not-logged-in",
            &[("prompt", "none")],
            "login_required",
        ),
        (
            "oidcc-request-uri-unsigned",
            &[("request_uri", "https://app.example/r")],
            "request_uri_not_supported",
        ),
        (
            "oidcc-unsigned-request-object",
            &[("request", "eyJhbGciOiJub25lIn0.e30.")],
            "request_not_supported",
        ),
        (
            "oidcc-scope-address",
            &[("scope", "address")],
            "invalid_scope",
        ),
        ("oidcc-scope-phone", &[("scope", "phone")], "invalid_scope"),
    ] {
        assert_eq!(refused(&browser, &app, changes).await, error, "{module}");
    }
    // oidcc-ensure-registered-redirect-uri: nobody is sent there.
    let other = basic(&app, &[("redirect_uri", "https://other.example/cb")]);
    let page = browser.authorize(&other).await.expect(400);
    assert_eq!((page.header("location"), onward(&page)), ("", None));
}

#[tokio::test]
async fn prompts_and_ages_ask_again_where_they_must() {
    let (server, app) = provider().await;
    let browser = server.browser();
    let first = id(&tokens(&server, &browser, &app, &[]).await);
    // oidcc-prompt-none-logged-in: a code at once, for the same person.
    let (_, answer) = landed(&browser.authorize(&basic(&app, &[("prompt", "none")])).await);
    let redeemed = server.redeem_with(&app, &answer["code"], &[("code_verifier", "")]);
    let quiet = id(&redeemed.await.expect(200).json());
    assert_eq!(
        (&quiet["sub"], &quiet["auth_time"]),
        (&first["sub"], &first["auth_time"])
    );
    // oidcc-id-token-hint
    let hint = tokens(&server, &browser, &app, &[]).await;
    let hinted = [
        ("prompt", "none"),
        ("id_token_hint", hint["id_token"].as_str().expect("one")),
    ];
    let (_, answer) = landed(&browser.authorize(&basic(&app, &hinted)).await);
    assert!(answer.contains_key("code"), "{answer:?}");
    // oidcc-prompt-login
    let page = browser
        .authorize(&basic(&app, &[("prompt", "login")]))
        .await;
    assert!(page.expect(200).text().contains("name=\"password\""));
    // oidcc-max-age-1: after a second the sign-in is too old.
    let seconds = doorward_tests::eventually("the sign-in is old", async || {
        let page = browser.authorize(&basic(&app, &[("max_age", "1")])).await;
        (page.status == 200 && page.text().contains("name=\"password\"")).then_some(page)
    });
    let signed_in = browser.submit(&filled(&seconds.await, EMAIL)).await;
    let answer: Reply = browser.follow(signed_in).await;
    let code = match onward(&answer) {
        Some(_) => landed(&answer).1["code"].clone(),
        None => landed(&browser.submit(&form(&answer, "/oauth/consent")).await).1["code"].clone(),
    };
    let redeemed = server.redeem_with(&app, &code, &[("code_verifier", "")]);
    let again = id(&redeemed.await.expect(200).json());
    assert!(again["auth_time"].as_i64() > first["auth_time"].as_i64());
}

#[tokio::test]
async fn a_code_is_used_once_and_refresh_gives_new_tokens() {
    let (server, app) = provider().await;
    let browser = server.browser();
    // oidcc-refresh-token
    let offline = [("scope", "openid offline_access"), ("prompt", "consent")];
    let first = tokens(&server, &browser, &app, &offline).await;
    let refresh = first["refresh_token"].as_str().expect("a refresh token");
    let call = server.post("/oauth/token").basic(&app.id, &app.secret);
    let renewed = call
        .form(&[("grant_type", "refresh_token"), ("refresh_token", refresh)])
        .send()
        .await;
    let renewed = renewed.expect(200).json();
    assert_ne!(renewed["refresh_token"], first["refresh_token"]);
    // oidcc-server-client-secret-post, oidcc-codereuse
    let code = browser.code(EMAIL, &basic(&app, &[])).await;
    let post = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", doorward_tests::browser::CALLBACK),
        ("client_id", &app.id),
        ("client_secret", &app.secret),
    ];
    let redeemed = server
        .post("/oauth/token")
        .form(&post)
        .send()
        .await
        .expect(200)
        .json();
    let access = redeemed["access_token"].as_str().expect("a token");
    let again = server
        .post("/oauth/token")
        .form(&post)
        .send()
        .await
        .expect(400);
    assert_eq!(again.json()["error"], "invalid_grant");
    server
        .get("/oauth/userinfo")
        .bearer(access)
        .send()
        .await
        .expect(401);
    // oidcc-ensure-request-with-valid-pkce-succeeds
    let code = browser
        .code(EMAIL, &request(&app, &[("scope", "openid")]))
        .await;
    server.redeem(&app, &code).await.expect(200);
}
