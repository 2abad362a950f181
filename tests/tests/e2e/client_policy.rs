//! A client's policy: its fields in the API, claims about people, groups that may sign in, consent, audiences.

use doorward_tests::{
    Client, Reply, Server,
    browser::{Browser, CALLBACK, claims, filled, form, forms, landed, request},
};
use serde_json::{Value, json};

const JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

async fn register(server: &Server, changes: Value) -> Reply {
    let mut body = json!({ "name": "Wiki", "redirectUris": [CALLBACK] });
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let call = server.post("/admin/clients").bearer(&server.operator_key());
    call.json(body).send().await
}

#[tokio::test]
async fn every_field_is_kept_shown_and_changed_and_the_change_is_an_event() {
    let server = Server::start();
    let made = register(&server, json!({})).await.expect(201).json();
    let defaults = json!({
        "requirePkce": false, "idTokenClaims": true, "unverifiedEmail": "withhold", "allowedGroups": [],
        "postLogoutRedirectUris": [], "defaultResource": null, "resourceServer": false,
        "backchannelLogoutUri": null, "backchannelLogoutSessionRequired": false,
        "tokenEndpointAuthMethod": null, "jwks": null, "jwksUri": null, "logoUri": null, "clientUri": null,
        "skipConsent": false, "dynamic": false,
    });
    let others = json!({
        "requirePkce": true, "idTokenClaims": false, "unverifiedEmail": "send", "allowedGroups": ["ops", "staff"],
        "postLogoutRedirectUris": ["https://app.example/bye"], "defaultResource": "https://api.example",
        "resourceServer": true, "backchannelLogoutUri": "http://127.0.0.1:9/out",
        "backchannelLogoutSessionRequired": true, "tokenEndpointAuthMethod": "client_secret_post",
        "jwks": { "keys": [serde_json::from_str::<Value>(JWK).unwrap()] },
        "logoUri": "https://app.example/logo.png", "clientUri": "https://app.example/", "skipConsent": true,
    });
    let path = format!("/admin/clients/{}", made["id"].as_str().unwrap());
    for (field, value) in defaults.as_object().unwrap() {
        assert_eq!(&made[field], value, "{field}");
    }
    let changed = server.admin("PATCH", &path, Some(others.clone())).await;
    let at_once = register(&server, others.clone()).await.expect(201).json();
    let listed = server.admin("GET", "/admin/clients", None).await;
    for (field, value) in others.as_object().unwrap() {
        assert_eq!(&changed[field], value, "{field}");
        assert_eq!(&at_once[field], value, "{field}");
        let rows = listed["data"].as_array().unwrap();
        assert!(rows.iter().all(|row| row[field] == *value), "{field}");
    }
    let events = server.admin("GET", "/admin/events?action=client.updated", None);
    let changes = events.await["data"][0]["changes"].clone();
    for field in others.as_object().unwrap().keys() {
        assert!(changes.get(field).is_some(), "{field} in {changes}");
    }
    assert_eq!(changes["allowedGroups"], json!([[], ["ops", "staff"]]));
    // `null` takes away what can be absent.
    let none = json!({ "defaultResource": null, "backchannelLogoutUri": null, "backchannelLogoutSessionRequired": false,
        "tokenEndpointAuthMethod": null, "jwks": null, "logoUri": null, "clientUri": null });
    let cleared = server.admin("PATCH", &path, Some(none.clone())).await;
    for (field, value) in none.as_object().unwrap() {
        assert_eq!(&cleared[field], value, "{field}");
    }
}

#[tokio::test]
async fn a_field_with_a_wrong_value_is_refused_with_its_name() {
    let server = Server::start();
    let made = register(&server, json!({})).await.expect(201);
    let path = format!("/admin/clients/{}", made.field("id"));
    let public = register(&server, json!({ "confidential": false })).await;
    let public = format!("/admin/clients/{}", public.expect(201).field("id"));
    let jwk: Value = serde_json::from_str(JWK).unwrap();
    let mut private = jwk.clone();
    private["d"] = "AA".into();
    for (field, body) in [
        ("unverifiedEmail", json!({ "unverifiedEmail": "maybe" })),
        ("allowedGroups", json!({ "allowedGroups": ["Staff"] })),
        ("allowedGroups", json!({ "allowedGroups": ["a b"] })),
        (
            "allowedGroups",
            json!({ "allowedGroups": ["x".repeat(65)] }),
        ),
        ("allowedGroups", json!({ "allowedGroups": vec!["x"; 65] })),
        (
            "postLogoutRedirectUris",
            json!({ "postLogoutRedirectUris": ["javascript:alert(1)"] }),
        ),
        (
            "postLogoutRedirectUris",
            json!({ "postLogoutRedirectUris": ["http://app.example/"] }),
        ),
        ("defaultResource", json!({ "defaultResource": "api" })),
        (
            "backchannelLogoutUri",
            json!({ "backchannelLogoutUri": "http://app.example/out" }),
        ),
        (
            "backchannelLogoutUri",
            json!({ "backchannelLogoutUri": "https://app.example/#x" }),
        ),
        (
            "backchannelLogoutSessionRequired",
            json!({ "backchannelLogoutSessionRequired": true }),
        ),
        (
            "tokenEndpointAuthMethod",
            json!({ "tokenEndpointAuthMethod": "tls" }),
        ),
        (
            "tokenEndpointAuthMethod",
            json!({ "tokenEndpointAuthMethod": "none" }),
        ),
        (
            "jwks",
            json!({ "tokenEndpointAuthMethod": "private_key_jwt" }),
        ),
        ("jwks", json!({ "jwks": {} })),
        ("jwks", json!({ "jwks": { "keys": [private] } })),
        ("jwksUri", json!({ "jwksUri": "http://app.example/keys" })),
        (
            "jwksUri",
            json!({ "jwks": { "keys": [jwk] }, "jwksUri": "https://app.example/keys" }),
        ),
        ("logoUri", json!({ "logoUri": "javascript:alert(1)" })),
        ("logoUri", json!({ "logoUri": "data:image/png;base64,AA" })),
        (
            "logoUri",
            json!({ "logoUri": "http://app.example/logo.png" }),
        ),
        ("clientUri", json!({ "clientUri": "ftp://app.example/" })),
    ] {
        let call = server.patch(&path).bearer(&server.operator_key());
        let reply = call.json(body.clone()).send().await;
        reply.refused_at(422, "validation_failed", field);
        let reply = register(&server, body).await;
        reply.refused_at(422, "validation_failed", field);
    }
    for (field, body) in [
        ("resourceServer", json!({ "resourceServer": true })),
        (
            "tokenEndpointAuthMethod",
            json!({ "tokenEndpointAuthMethod": "client_secret_basic" }),
        ),
        (
            "tokenEndpointAuthMethod",
            json!({ "tokenEndpointAuthMethod": "private_key_jwt", "jwks": { "keys": [serde_json::from_str::<Value>(JWK).unwrap()] } }),
        ),
    ] {
        let call = server.patch(&public).bearer(&server.operator_key());
        let reply = call.json(body).send().await;
        reply.refused_at(422, "validation_failed", field);
    }
}

/// Whoever makes a client see every token must be allowed to see them.
#[tokio::test]
async fn a_resource_server_is_made_by_somebody_who_may_see_sessions() {
    let server = Server::start();
    let key = server.key(&["admin:clients", "read"]).await;
    let body = json!({ "name": "x", "grantTypes": ["client_credentials"], "scopes": ["read"], "resourceServer": true });
    let call = server
        .post("/admin/clients")
        .bearer(&key)
        .json(body.clone());
    call.send().await.refused(403, "insufficient_scope");
    let key = server
        .key(&[
            "admin:clients",
            "admin:sessions:read",
            "admin:apikeys:read",
            "read",
        ])
        .await;
    let made = server
        .post("/admin/clients")
        .bearer(&key)
        .json(body)
        .send()
        .await
        .expect(201);
    let guard = Client {
        id: made.field("clientId"),
        secret: made.field("clientSecret"),
    };
    let ada = server.register("ada@example.com").await;
    let minted = server.key_of(&ada, &["read"]).await;
    let ask = async |token: &str| {
        let call = server
            .post("/oauth/introspect")
            .basic(&guard.id, &guard.secret);
        call.form(&[("token", token)])
            .send()
            .await
            .expect(200)
            .json()
    };
    for token in [ada.access.as_str(), minted["key"].as_str().unwrap()] {
        let seen = ask(token).await;
        assert_eq!(
            (&seen["active"], &seen["sub"]),
            (&json!(true), &json!(ada.id))
        );
        assert_eq!(seen.get("username"), None, "the address is not verified");
    }
    let path = format!("/admin/users/{}", ada.id);
    server
        .admin("PATCH", &path, Some(json!({ "emailVerified": true })))
        .await;
    assert_eq!(ask(&ada.access).await["username"], "ada@example.com");
    // Another client sees neither.
    let other = server.client(&["read"]).await;
    let call = server
        .post("/oauth/introspect")
        .basic(&other.id, &other.secret);
    let seen = call.form(&[("token", ada.access.as_str())]).send().await;
    assert_eq!(seen.expect(200).json(), json!({ "active": false }));
}

async fn signed_in(
    server: &Server,
    app: &Client,
    email: &str,
    changes: &[(&str, &str)],
) -> (Value, Value) {
    let code = server.browser().code(email, &request(app, changes)).await;
    let tokens = server.redeem(app, &code).await.expect(200).json();
    let access = tokens["access_token"].as_str().unwrap();
    let info = server.get("/oauth/userinfo").bearer(access).send().await;
    let id = claims(tokens["id_token"].as_str().unwrap());
    (id, info.expect(200).json())
}

#[tokio::test]
async fn claims_stand_in_the_id_token_and_in_userinfo_as_scopes_and_policy_say() {
    let server = Server::start();
    let all = "openid profile email groups";
    let scopes = ["openid", "profile", "email", "groups"];
    let app = server
        .app(json!({ "scopes": scopes, "grantTypes": ["authorization_code"] }))
        .await;
    let bare = server
        .app(json!({ "scopes": scopes, "grantTypes": ["authorization_code"], "idTokenClaims": false, "unverifiedEmail": "send" }))
        .await;
    let body = json!({ "email": "ada@example.com", "password": doorward_tests::PASSWORD, "firstName": "Ada", "lastName": "Lovelace",
        "groups": ["staff", "ops"] });
    let ada = server.admin("POST", "/admin/users", Some(body)).await;
    assert_eq!(
        (&ada["emailVerified"], &ada["groups"]),
        (&json!(true), &json!(["ops", "staff"]))
    );
    let (id, info) = signed_in(&server, &app, "ada@example.com", &[("scope", all)]).await;
    for told in [&id, &info] {
        for (name, value) in [
            ("name", json!("Ada Lovelace")),
            ("given_name", json!("Ada")),
            ("preferred_username", json!("ada@example.com")),
            ("email", json!("ada@example.com")),
            ("email_verified", json!(true)),
            ("groups", json!(["ops", "staff"])),
            ("roles", json!(["customer"])),
        ] {
            assert_eq!(told[name], value, "{name}");
        }
        assert!(told["updated_at"].is_i64());
    }
    // Without the scope `email` the name is not the address.
    let (id, info) = signed_in(
        &server,
        &app,
        "ada@example.com",
        &[("scope", "openid profile")],
    )
    .await;
    for told in [&id, &info] {
        assert_eq!(told["preferred_username"], ada["id"]);
        assert_eq!((told.get("email"), told.get("groups")), (None, None));
    }
    // Somebody who signed up with an administrator's address: nobody is told so.
    let eve = server.register("boss@example.com").await;
    let (id, info) = signed_in(&server, &app, "boss@example.com", &[("scope", all)]).await;
    for told in [&id, &info] {
        assert_eq!(
            (told.get("email"), told.get("email_verified")),
            (None, None)
        );
        assert_eq!(told["preferred_username"], json!(eve.id));
        assert!(!told.to_string().contains("boss"), "{told}");
    }
    let (id, info) = signed_in(&server, &bare, "boss@example.com", &[("scope", all)]).await;
    assert_eq!((id.get("email"), id.get("name")), (None, None));
    assert_eq!(
        (&info["email"], &info["email_verified"]),
        (&json!("boss@example.com"), &json!(false))
    );
    assert_eq!(info["preferred_username"], "boss@example.com");
}

/// OpenID Connect Core section 5.5.
#[tokio::test]
async fn claims_that_are_asked_for_one_by_one_need_the_clients_scope_and_consent() {
    let server = Server::start();
    let app = server
        .app(json!({ "scopes": ["openid", "email", "profile"], "grantTypes": ["authorization_code"], "idTokenClaims": false,
            "unverifiedEmail": "send" }))
        .await;
    server.register("ada@example.com").await;
    let asked = r#"{"id_token":{"email":null,"groups":{"essential":true}},"userinfo":{"updated_at":null,"x":null}}"#;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let pairs = request(&app, &[("scope", "openid"), ("claims", asked)]);
    let page = browser.authorize(&pairs).await.expect(200);
    for scope in [
        "<code>openid</code>",
        "<code>email</code>",
        "<code>profile</code>",
    ] {
        assert!(page.text().contains(scope), "{scope}: {}", page.text());
    }
    assert!(!page.text().contains("<code>groups</code>"));
    let (_, answer) = landed(&browser.submit(&form(&page, "/oauth/consent")).await);
    let tokens = server
        .redeem(&app, &answer["code"])
        .await
        .expect(200)
        .json();
    assert_eq!(tokens["scope"], "openid");
    let id = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id["email"], "ada@example.com");
    assert_eq!((id.get("email_verified"), id.get("groups")), (None, None));
    let access = tokens["access_token"].as_str().unwrap();
    let info = server
        .get("/oauth/userinfo")
        .bearer(access)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(doorward_tests::fields(&info), "sub updated_at");
    // It is remembered, and a plain request afterwards is told no more than it asks for.
    let (id, info) = {
        let reply = browser
            .authorize(&request(&app, &[("scope", "openid")]))
            .await;
        let (_, answer) = landed(&reply);
        let tokens = server
            .redeem(&app, &answer["code"])
            .await
            .expect(200)
            .json();
        let access = tokens["access_token"].as_str().unwrap();
        let info = server.get("/oauth/userinfo").bearer(access).send().await;
        (
            claims(tokens["id_token"].as_str().unwrap()),
            info.expect(200).json(),
        )
    };
    assert_eq!(
        (id.get("email"), doorward_tests::fields(&info).as_str()),
        (None, "sub")
    );
    for bad in [
        "x",
        "[]",
        "{\"id_token\":1}",
        &format!("{{\"x\":\"{}\"}}", "y".repeat(4096)),
    ] {
        let (_, answer) = landed(&browser.authorize(&request(&app, &[("claims", bad)])).await);
        assert_eq!(answer["error"], "invalid_request", "{bad}");
    }
}

#[tokio::test]
async fn only_members_of_its_groups_sign_in_to_a_client_and_whoever_leaves_loses_it_at_once() {
    let server = Server::start();
    let app = server
        .app(json!({ "allowedGroups": ["staff", "ops"] }))
        .await;
    let open = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    // A stranger gets a page that says so, and the client is told.
    let page = browser.authorize(&request(&app, &[])).await.expect(403);
    assert!(
        page.text().contains("may not sign in to Wiki"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("/sign-in?request="), "another account");
    let to: reqwest::Url = page.header("location").parse().unwrap();
    let told: std::collections::BTreeMap<_, _> = to.query_pairs().into_owned().collect();
    assert_eq!(
        (told["error"].as_str(), told["state"].as_str()),
        ("access_denied", "a state")
    );
    let (_, silent) = landed(
        &browser
            .authorize(&request(&app, &[("prompt", "none")]))
            .await,
    );
    assert_eq!(silent["error"], "access_denied");
    doorward_tests::eventually("the refusal", async || {
        let events = server
            .admin("GET", "/admin/events?action=client.refused", None)
            .await;
        events
            .to_string()
            .contains("groups that may use")
            .then_some(())
    })
    .await;
    server
        .admin("PATCH", &path, Some(json!({ "groups": ["ops"] })))
        .await;
    let scope = [("scope", "openid offline_access read")];
    let code = browser
        .code("ada@example.com", &request(&app, &scope))
        .await;
    let tokens = server.redeem(&app, &code).await.expect(200);
    let (access, refresh) = (tokens.field("access_token"), tokens.field("refresh_token"));
    let waiting = browser
        .code("ada@example.com", &request(&app, &scope))
        .await;
    let code = browser
        .code("ada@example.com", &request(&open, &scope))
        .await;
    let others = server
        .redeem(&open, &code)
        .await
        .expect(200)
        .field("access_token");
    // Into another allowed group: nothing happens.
    server
        .admin("PATCH", &path, Some(json!({ "groups": ["staff"] })))
        .await;
    assert_eq!(server.introspect(&access).await["active"], true);
    server
        .admin("PATCH", &path, Some(json!({ "groups": ["guests"] })))
        .await;
    let dead = async || {
        for token in [&access, &refresh] {
            assert_eq!(server.introspect(token).await["active"], false);
        }
        server
            .get("/oauth/userinfo")
            .bearer(&access)
            .send()
            .await
            .expect(401);
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
        ];
        let call = server
            .post("/oauth/token")
            .basic(&app.id, &app.secret)
            .form(&pairs);
        assert_eq!(
            call.send().await.expect(400).field("error"),
            "invalid_grant"
        );
    };
    dead().await;
    assert_eq!(
        server
            .redeem(&app, &waiting)
            .await
            .expect(400)
            .field("error"),
        "invalid_grant"
    );
    assert_eq!(server.introspect(&others).await["active"], true);
    // Coming back does not bring it back.
    server
        .admin("PATCH", &path, Some(json!({ "groups": ["staff"] })))
        .await;
    dead().await;
    // Nor does it help when the client's groups change instead.
    let code = browser
        .code("ada@example.com", &request(&app, &scope))
        .await;
    let access = server
        .redeem(&app, &code)
        .await
        .expect(200)
        .field("access_token");
    let client = format!("/admin/clients/{}", app.id);
    server
        .admin(
            "PATCH",
            &client,
            Some(json!({ "allowedGroups": ["staff", "more"] })),
        )
        .await;
    assert_eq!(server.introspect(&access).await["active"], true);
    server
        .admin(
            "PATCH",
            &client,
            Some(json!({ "allowedGroups": ["board"] })),
        )
        .await;
    assert_eq!(server.introspect(&access).await["active"], false);
    server
        .admin("PATCH", &client, Some(json!({ "allowedGroups": [] })))
        .await;
    assert_eq!(server.introspect(&access).await["active"], false);
}

#[tokio::test]
async fn groups_and_verified_addresses_are_an_operators_to_set() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    let key = server.operator_key();
    for bad in [
        json!(["A"]),
        json!([""]),
        json!(vec!["x"; 65]),
        json!(["x,y"]),
        json!(["x\r\ny"]),
    ] {
        let call = server
            .patch(&path)
            .bearer(&key)
            .json(json!({ "groups": bad }));
        call.send()
            .await
            .refused_at(422, "validation_failed", "groups");
    }
    let call = server
        .patch("/auth/me")
        .bearer(&ada.access)
        .json(json!({ "groups": ["x"] }));
    call.send()
        .await
        .refused_at(400, "invalid_request", "groups");
    let body = json!({ "email": "kurt@example.com", "emailVerified": false });
    let kurt = server.admin("POST", "/admin/users", Some(body)).await;
    assert_eq!(
        (&kurt["emailVerified"], &kurt["groups"]),
        (&json!(false), &json!([]))
    );
    let change = json!({ "groups": ["b", "a", "b"], "emailVerified": true });
    let changed = server.admin("PATCH", &path, Some(change)).await;
    assert_eq!(changed["groups"], json!(["a", "b"]));
    let events = server
        .admin("GET", "/admin/events?action=user.updated", None)
        .await;
    assert_eq!(
        events["data"][0]["changes"],
        json!({ "groups": [[], ["a", "b"]], "emailVerified": [false, true] })
    );
}

async fn answer_of(browser: &Browser<'_>, page: Reply) -> Reply {
    browser.submit(&form(&page, "/oauth/consent")).await
}

#[tokio::test]
async fn consent_is_skipped_for_first_party_applications_and_asked_each_time_on_the_persons_machine()
 {
    let server = Server::start();
    let own = server.app(json!({ "skipConsent": true })).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let (_, answer) = landed(&browser.authorize(&request(&own, &[])).await);
    assert!(answer.contains_key("code"));
    let native = server
        .app(json!({ "confidential": false, "redirectUris": ["http://127.0.0.1/cb", "com.example.app:/cb", "https://app.example/cb"] }))
        .await;
    for (uri, again) in [
        ("http://127.0.0.1:4711/cb", true),
        ("com.example.app:/cb", true),
        ("https://app.example/cb", false),
    ] {
        let pairs = request(&native, &[("redirect_uri", uri)]);
        let page = browser.authorize(&pairs).await;
        if page.status == 200 && !forms(&page).is_empty() {
            answer_of(&browser, page).await;
        }
        let second = browser.authorize(&pairs).await;
        assert_eq!(!forms(&second).is_empty(), again, "{uri}");
        let silent = request(&native, &[("redirect_uri", uri), ("prompt", "none")]);
        let silent = browser.authorize(&silent).await;
        let is_asked = silent.header("location").contains("consent_required");
        assert_eq!(is_asked, again, "{uri}");
    }
}

/// OAuth 2.0 Form Post Response Mode.
#[tokio::test]
async fn an_answer_is_posted_where_the_client_asks_for_that() {
    let server = Server::start();
    let app = server.app(json!({ "skipConsent": true })).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let mode = ("response_mode", "form_post");
    let state = "\"><script>alert(1)</script>";
    let page = browser
        .authorize(&request(&app, &[mode, ("state", state)]))
        .await
        .expect(200);
    let posted = forms(&page).remove(0);
    assert_eq!(posted.action, CALLBACK);
    assert_eq!(
        (posted.value("state"), posted.value("iss")),
        (state, server.url())
    );
    server.redeem(&app, posted.value("code")).await.expect(200);
    assert!(!page.text().contains("<script>alert"), "{}", page.text());
    assert!(
        page.text().contains("<button type=\"submit\">"),
        "for browsers without scripts"
    );
    let policy = page.header("content-security-policy");
    let script = page
        .text()
        .split("<script>")
        .nth(1)
        .unwrap()
        .split("</script>")
        .next()
        .unwrap()
        .to_owned();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, script.as_bytes());
    let hash = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, hash);
    assert!(
        policy.contains(&format!("script-src 'sha256-{hash}'")),
        "{policy}"
    );
    assert!(policy.contains("form-action https:"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    // Errors go the same way.
    let refused = browser
        .authorize(&request(&app, &[mode, ("scope", "nope")]))
        .await
        .expect(200);
    let posted = forms(&refused).remove(0);
    assert_eq!(
        (posted.action.as_str(), posted.value("error")),
        (CALLBACK, "invalid_scope")
    );
    let (_, answer) = landed(
        &browser
            .authorize(&request(&app, &[("response_mode", "fragment")]))
            .await,
    );
    assert_eq!(answer["error"], "invalid_request");
    let metadata = server
        .get("/.well-known/openid-configuration")
        .send()
        .await
        .json();
    assert_eq!(
        metadata["response_modes_supported"],
        json!(["query", "form_post"])
    );
    assert_eq!(metadata["claims_parameter_supported"], true);
}

#[tokio::test]
async fn audiences_have_a_default_and_name_the_issuer_beside_a_resource() {
    let server = Server::start();
    let api = "https://api.example";
    let app = server
        .app(json!({ "defaultResource": api, "resources": ["https://other.example"] }))
        .await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let aud = async |changes: &[(&str, &str)]| {
        let code = browser
            .code("ada@example.com", &request(&app, changes))
            .await;
        let tokens = server.redeem(&app, &code).await.expect(200);
        let access = tokens.field("access_token");
        (claims(&access)["aud"].clone(), access)
    };
    assert_eq!(aud(&[("scope", "read")]).await.0, json!(api));
    let (both, access) = aud(&[("scope", "openid read")]).await;
    assert_eq!(both, json!([api, server.url()]));
    server
        .get("/oauth/userinfo")
        .bearer(&access)
        .send()
        .await
        .expect(200);
    let other = ("resource", "https://other.example");
    assert_eq!(
        aud(&[("scope", "read"), other]).await.0,
        json!("https://other.example")
    );
    let (both, access) = aud(&[("scope", "openid"), other]).await;
    assert_eq!(both, json!(["https://other.example", server.url()]));
    server
        .get("/oauth/userinfo")
        .bearer(&access)
        .send()
        .await
        .expect(200);
    // A client's own tokens, and refreshed ones, have the default too.
    let machine = json!({ "defaultResource": api, "grantTypes": ["client_credentials"], "scopes": ["read"], "name": "m" });
    let made = server.admin("POST", "/admin/clients", Some(machine)).await;
    let machine = Client {
        id: made["id"].as_str().unwrap().into(),
        secret: made["clientSecret"].as_str().unwrap().into(),
    };
    assert_eq!(claims(&server.client_token(&machine).await)["aud"], api);
    let code = browser
        .code("ada@example.com", &request(&app, &[("scope", "read")]))
        .await;
    let refresh = server
        .redeem(&app, &code)
        .await
        .expect(200)
        .field("refresh_token");
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    let call = server
        .post("/oauth/token")
        .basic(&app.id, &app.secret)
        .form(&pairs);
    let again = call.send().await.expect(200).field("access_token");
    assert_eq!(claims(&again)["aud"], api);
}

#[tokio::test]
async fn the_applications_name_and_logo_stand_on_its_pages() {
    let server = Server::start();
    let logo = "https://cdn.app.example/logo.png?a=1;script-src&b=%22";
    let app = server
        .app(json!({ "logoUri": logo, "clientUri": "https://app.example/about" }))
        .await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    let page = browser.authorize(&request(&app, &[])).await.expect(200);
    let shown = |page: &Reply| {
        assert!(
            page.text()
                .contains("src=\"https://cdn.app.example/logo.png?"),
            "{}",
            page.text()
        );
        let policy = page.header("content-security-policy").to_owned();
        assert!(
            policy.contains("img-src 'self' https://cdn.app.example;"),
            "{policy}"
        );
        assert!(!policy.contains("script-src"), "{policy}");
    };
    shown(&page);
    assert!(page.text().contains("Sign in to continue to Wiki"));
    let signed_in = browser.submit(&filled(&page, "ada@example.com")).await;
    let page = browser.follow(signed_in).await.expect(200);
    shown(&page);
    assert!(page.text().contains("https://app.example/about"));
}

#[tokio::test]
async fn who_may_not_sign_in_to_an_application_is_told_the_way_it_asked_for() {
    let server = Server::start();
    let app = server.app(json!({"allowedGroups": ["staff"]})).await;
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let request = request(&app, &[("response_mode", "form_post")]);
    let page = browser.authorize(&request).await.expect(403);
    assert_eq!(page.header("location"), "");
    let text = page.text();
    assert!(
        !text.contains("http-equiv") && !text.contains("error=access_denied"),
        "{text}"
    );
    assert!(text.contains("value=\"access_denied\""), "{text}");
    assert!(text.contains(&format!("action=\"{CALLBACK}\"")), "{text}");
}
