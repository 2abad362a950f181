//! Codes at the token endpoint: once, in time, by their client, with what they were asked for with.

use doorward_tests::{
    Server,
    browser::{CALLBACK, VERIFIER, claims, form, request},
};
use serde_json::json;

#[tokio::test]
async fn a_wrong_redemption_is_an_invalid_grant_and_leaves_the_code() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let other = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let code = server
        .browser()
        .code("ada@example.com", &request(&app, &[]))
        .await;
    let long = "a".repeat(129);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (
            &[("redirect_uri", "https://app.example/other")],
            "invalid_grant",
        ),
        (&[("redirect_uri", "")], "invalid_request"),
        (&[("code_verifier", "")], "invalid_grant"),
        (&[("code_verifier", "tooshort")], "invalid_grant"),
        (&[("code_verifier", &long)], "invalid_grant"),
        (
            &[(
                "code_verifier",
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl",
            )],
            "invalid_grant",
        ),
        (
            &[(
                "code_verifier",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            )],
            "invalid_grant",
        ),
        (&[("code", "nonsense")], "invalid_grant"),
        (&[("code", "")], "invalid_request"),
        (&[("resource", "https://other.example/")], "invalid_target"),
    ];
    for (changes, error) in cases {
        let reply = server.redeem_with(&app, &code, changes).await.expect(400);
        assert_eq!(reply.field("error"), *error, "{changes:?}");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    // By another client, and with a wrong secret.
    assert_eq!(
        server
            .redeem(&other, &code)
            .await
            .expect(400)
            .field("error"),
        "invalid_grant"
    );
    let liar = doorward_tests::Client {
        secret: other.secret,
        ..app.clone()
    };
    let refused = server.redeem(&liar, &code).await.expect(401);
    assert_eq!(refused.field("error"), "invalid_client");
    assert!(refused.header("www-authenticate").starts_with("Basic"));
    // Its own client still gets its tokens, exactly these fields.
    let tokens = server.redeem(&app, &code).await.expect(200).json();
    assert_eq!(
        doorward_tests::fields(&tokens),
        "access_token expires_in id_token scope token_type"
    );
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
}

/// RFC 6749 section 4.1.2: a code used twice kills the tokens it gave.
#[tokio::test]
async fn a_replayed_code_kills_what_it_gave() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let pairs = request(&app, &[("scope", "openid offline_access")]);
    let code = server.browser().code("ada@example.com", &pairs).await;
    let tokens = server.redeem(&app, &code).await.expect(200);
    let (access, refresh) = (tokens.field("access_token"), tokens.field("refresh_token"));
    server
        .get("/oauth/userinfo")
        .bearer(&access)
        .send()
        .await
        .expect(200);
    assert_eq!(
        server.redeem(&app, &code).await.expect(400).field("error"),
        "invalid_grant"
    );
    server
        .get("/oauth/userinfo")
        .bearer(&access)
        .send()
        .await
        .expect(401);
    let call = server.post("/oauth/token").basic(&app.id, &app.secret);
    let again = call
        .form(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)])
        .send()
        .await;
    assert_eq!(again.expect(400).field("error"), "invalid_grant");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_raced_redemptions_one_wins_at_most_and_the_race_is_known_for_a_replay() {
    let server = Server::with()
        .set("password_checks_per_minute_per_ip", 0)
        .start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    for round in 0..200 {
        let code = browser.code("ada@example.com", &request(&app, &[])).await;
        let racers: Vec<_> = (0..16)
            .map(|_| {
                let call = server
                    .post("/oauth/token")
                    .basic(&app.id, &app.secret)
                    .form(&[
                        ("grant_type", "authorization_code"),
                        ("code", &code),
                        ("redirect_uri", CALLBACK),
                        ("code_verifier", VERIFIER),
                    ]);
                tokio::spawn(call.send())
            })
            .collect();
        let mut won = Vec::new();
        for racer in racers {
            let reply = racer.await.unwrap();
            match reply.status {
                200 => won.push(reply.field("access_token")),
                _ => assert_eq!(reply.expect(400).field("error"), "invalid_grant"),
            }
        }
        assert_eq!(won.len(), 1, "round {round}");
        // The losers were uses of a used code.
        let about = server.introspect(&won[0]).await;
        assert_eq!(about, json!({ "active": false }), "round {round}");
    }
}

#[tokio::test]
async fn a_refresh_token_comes_with_offline_access_to_a_client_that_may_refresh() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let without = server
        .app(json!({ "grantTypes": ["authorization_code"] }))
        .await;
    server.register("ada@example.com").await;
    let offline = [("scope", "openid offline_access")];
    for (app, changes, expected) in [
        (&app, &offline[..], true),
        (&app, &[], false),
        (&without, &offline[..], false),
    ] {
        let code = server
            .browser()
            .code("ada@example.com", &request(app, changes))
            .await;
        let tokens = server.redeem(app, &code).await.expect(200).json();
        assert_eq!(
            tokens.get("refresh_token").is_some(),
            expected,
            "{changes:?}"
        );
    }
}

#[tokio::test]
async fn scopes_do_not_grow_at_refresh() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    let pairs = request(&app, &[("scope", "offline_access read:orders")]);
    let code = server.browser().code("ada@example.com", &pairs).await;
    let tokens = server.redeem(&app, &code).await.expect(200);
    let refresh = tokens.field("refresh_token");
    let ask = |token: &str, scope: &str| {
        let call = server.post("/oauth/token").basic(&app.id, &app.secret);
        call.form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("scope", scope),
        ])
    };
    for wide in [
        "read",
        "offline_access read:orders write",
        "openid",
        &"read:orders ".repeat(2600),
    ] {
        let refused = ask(&refresh, wide).send().await.expect(400);
        assert_eq!(refused.field("error"), "invalid_scope");
    }
    // The token is still good, and narrower is fine.
    let narrow = ask(&refresh, "read:orders").send().await.expect(200);
    assert_eq!(narrow.field("scope"), "read:orders");
    // Each door refuses the other's refresh tokens, and leaves them as they were.
    let next = narrow.field("refresh_token");
    let first_party = server
        .post("/auth/refresh")
        .json(json!({ "refreshToken": next }))
        .send()
        .await;
    first_party.refused(401, "invalid_token");
    assert_eq!(
        ask(&ada.refresh, "")
            .send()
            .await
            .expect(400)
            .field("error"),
        "invalid_grant"
    );
    ask(&next, "").send().await.expect(200);
    server
        .post("/auth/refresh")
        .json(json!({ "refreshToken": ada.refresh }))
        .send()
        .await
        .expect(200);
}

/// RFC 9700 section 4.14.2.
#[tokio::test]
async fn a_replayed_refresh_token_ends_the_grant() {
    let server = Server::with()
        .set("refresh_grace_seconds", 0)
        .set("refresh_retry_seconds", 0)
        .start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let pairs = request(&app, &[("scope", "openid offline_access")]);
    let code = server.browser().code("ada@example.com", &pairs).await;
    let first = server
        .redeem(&app, &code)
        .await
        .expect(200)
        .field("refresh_token");
    let ask = |token: &str| {
        let call = server.post("/oauth/token").basic(&app.id, &app.secret);
        call.form(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    };
    let second = ask(&first).send().await.expect(200);
    ask(&first).send().await.expect(400);
    server
        .get("/oauth/userinfo")
        .bearer(&second.field("access_token"))
        .send()
        .await
        .expect(401);
    ask(&second.field("refresh_token")).send().await.expect(400);
}

/// RFC 8707 sections 2.1 and 2.2.
#[tokio::test]
async fn a_resource_is_the_audience_and_narrows_at_the_token_endpoint() {
    let server = Server::start();
    let resources = ["https://a.example/", "https://b.example/"];
    let app = server.app(json!({ "resources": resources })).await;
    server.register("ada@example.com").await;
    let mut pairs = request(&app, &[("resource", resources[0]), ("scope", "read")]);
    pairs.push(("resource".into(), resources[1].into()));
    let browser = server.browser();
    let code = browser.code("ada@example.com", &pairs).await;
    let both = server
        .redeem(&app, &code)
        .await
        .expect(200)
        .field("access_token");
    assert_eq!(claims(&both)["aud"], json!(resources));
    let code = browser.code("ada@example.com", &pairs).await;
    let one = server
        .redeem_with(&app, &code, &[("resource", resources[1])])
        .await
        .expect(200);
    assert_eq!(claims(&one.field("access_token"))["aud"], resources[1]);
    // It is not meant for this server.
    server
        .get("/oauth/userinfo")
        .bearer(&both)
        .send()
        .await
        .expect(401);
    let code = browser
        .code(
            "ada@example.com",
            &request(&app, &[("resource", resources[0])]),
        )
        .await;
    let wide = server
        .redeem_with(&app, &code, &[("resource", resources[1])])
        .await
        .expect(400);
    assert_eq!(wide.field("error"), "invalid_target");
}

/// RFC 8707 section 2.2: what was granted for one audience does not become good for another at refresh.
#[tokio::test]
async fn an_audience_does_not_grow_at_refresh() {
    let server = Server::start();
    let resources = ["https://a.example/", "https://b.example/"];
    let app = server.app(json!({ "resources": resources })).await;
    server.register("ada@example.com").await;
    let changes = [("resource", resources[0]), ("scope", "read")];
    let code = server
        .browser()
        .code("ada@example.com", &request(&app, &changes))
        .await;
    let tokens = server.redeem(&app, &code).await.expect(200);
    let refresh = tokens.field("refresh_token");
    let ask = |token: &str, resource: &str| {
        let call = server.post("/oauth/token").basic(&app.id, &app.secret);
        call.form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("resource", resource),
        ])
    };
    for other in [resources[1], server.url()] {
        let refused = ask(&refresh, other).send().await.expect(400);
        assert_eq!(refused.field("error"), "invalid_target", "{other}");
    }
    for asked in ["", resources[0]] {
        let code = server
            .browser()
            .code("ada@example.com", &request(&app, &changes))
            .await;
        let refresh = server
            .redeem(&app, &code)
            .await
            .expect(200)
            .field("refresh_token");
        let next = ask(&refresh, asked).send().await.expect(200);
        assert_eq!(claims(&next.field("access_token"))["aud"], resources[0]);
    }
}

/// What is taken from a client is granted to it no more: by no code, no refresh token and no request from before.
#[tokio::test]
async fn an_audience_that_a_client_has_lost_is_gone_from_what_was_granted() {
    let server = Server::start();
    let [kept, lost] = ["https://a.example/", "https://b.example/"];
    let app = server.app(json!({ "resources": [kept, lost] })).await;
    server.register("ada@example.com").await;
    let asked = |resources: &[&str]| {
        let mut pairs = request(&app, &[("scope", "openid offline_access")]);
        let resources = resources
            .iter()
            .map(|uri| ("resource".into(), (*uri).into()));
        pairs.extend(resources);
        pairs
    };
    // Userinfo takes tokens with `openid`: the server is one of their audiences.
    let issuer = server.url();
    let browser = server.browser();
    let code = async |resources: &[&str]| browser.code("ada@example.com", &asked(resources)).await;
    let refresh = async |token: &str| {
        let call = server.post("/oauth/token").basic(&app.id, &app.secret);
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        call.form(&form).send().await
    };
    let tokens = async |resources: &[&str]| {
        let code = code(resources).await;
        let tokens = server.redeem(&app, &code).await.expect(200);
        tokens.field("refresh_token")
    };
    let (both, one) = (tokens(&[kept, lost]).await, tokens(&[lost]).await);
    let codes = [code(&[kept, lost]).await, code(&[lost]).await];
    let change = json!({ "resources": [kept] });
    let path = format!("/admin/clients/{}", app.id);
    server.admin("PATCH", &path, Some(change)).await;

    let next = refresh(&both).await.expect(200);
    assert_eq!(
        claims(&next.field("access_token"))["aud"],
        json!([kept, issuer])
    );
    let refused = refresh(&one).await.expect(400);
    assert_eq!(refused.field("error"), "invalid_target");
    let next = server.redeem(&app, &codes[0]).await.expect(200);
    assert_eq!(
        claims(&next.field("access_token"))["aud"],
        json!([kept, issuer])
    );
    let refused = server.redeem(&app, &codes[1]).await.expect(400);
    assert_eq!(refused.field("error"), "invalid_target");

    // It was only taken away: given back, both go on.
    let change = json!({ "resources": [kept, lost] });
    server.admin("PATCH", &path, Some(change)).await;
    let next = refresh(&one).await.expect(200);
    assert_eq!(
        claims(&next.field("access_token"))["aud"],
        json!([lost, issuer])
    );
    server.redeem(&app, &codes[1]).await.expect(200);
}

#[tokio::test]
async fn a_code_is_worth_nothing_once_the_sign_in_it_rests_on_has_ended() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    for end in ["bulk", "one by one", "sign-out"] {
        let browser = server.browser();
        let code = browser.code("ada@example.com", &request(&app, &[])).await;
        match end {
            "bulk" => {
                let body = json!({"userId": ada.id});
                server
                    .admin("POST", "/admin/sessions/revoke", Some(body))
                    .await;
            }
            "one by one" => {
                let path = format!("/admin/sessions?userId={}&active=true", ada.id);
                let live = server.admin("GET", &path, None).await;
                for session in live["data"].as_array().unwrap() {
                    let path = format!("/admin/sessions/{}", session["id"].as_str().unwrap());
                    server.admin("DELETE", &path, None).await;
                }
            }
            _ => {
                let page = browser.open("/sign-out").await;
                browser.submit(&form(&page, "/sign-out")).await;
            }
        }
        let refused = server.redeem(&app, &code).await.expect(400);
        assert_eq!(refused.field("error"), "invalid_grant", "{end}");
    }
}

#[tokio::test]
async fn with_the_sessions_of_a_client_its_codes_end() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let other = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let code = async |app: &doorward_tests::Client| {
        let asked = request(app, &[]);
        server.browser().code("ada@example.com", &asked).await
    };
    let (caught, others) = (code(&app).await, code(&other).await);
    let ended = json!({ "clientId": app.id, "active": true });
    server
        .admin("POST", "/admin/sessions/revoke", Some(ended))
        .await;
    let refused = server.redeem(&app, &caught).await.expect(400);
    assert_eq!(refused.field("error"), "invalid_grant");
    server.redeem(&other, &others).await.expect(200);
    // From now on as before.
    server.redeem(&app, &code(&app).await).await.expect(200);
}

#[tokio::test]
async fn a_code_that_went_to_an_address_which_the_client_has_lost_is_worth_nothing() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    server.register("ada@example.com").await;
    let asked = request(&app, &[]);
    let code = server.browser().code("ada@example.com", &asked).await;
    let elsewhere = json!({ "redirectUris": ["https://app.example/new"] });
    let path = format!("/admin/clients/{}", app.id);
    server.admin("PATCH", &path, Some(elsewhere)).await;
    let refused = server.redeem(&app, &code).await.expect(400);
    assert_eq!(refused.field("error"), "invalid_grant");
}
