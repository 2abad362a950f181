//! Clients that register themselves: RFC 7591, RFC 7592, metadata documents, and what keeps strangers small.

use doorward_tests::{
    Client, Reply, Server,
    browser::{CALLBACK, form, forms, landed, request},
};
use serde_json::{Value, json};

fn with(mode: &str) -> doorward_tests::Options {
    Server::with().set("client_registration", mode)
}

async fn register(server: &Server, token: Option<&str>, changes: Value) -> Reply {
    let mut body = json!({ "client_name": "Chat", "redirect_uris": [CALLBACK] });
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let mut call = server.post("/oauth/register").json(body);
    if let Some(token) = token {
        call = call.bearer(token);
    }
    call.send().await
}

#[tokio::test]
async fn registration_is_closed_unless_a_setting_opens_it() {
    let server = Server::start();
    let key = server.operator_key();
    for token in [None, Some(key.as_str())] {
        let reply = register(&server, token, json!({})).await.expect(403);
        assert_eq!(reply.field("error"), "access_denied");
    }
    let metadata = server
        .get("/.well-known/oauth-authorization-server")
        .send()
        .await
        .json();
    assert_eq!(metadata.get("registration_endpoint"), None);
    assert_eq!(metadata["client_id_metadata_document_supported"], false);
    let server = with("open").start();
    let metadata = server
        .get("/.well-known/oauth-authorization-server")
        .send()
        .await
        .json();
    assert_eq!(
        metadata["registration_endpoint"],
        format!("{}/oauth/register", server.url())
    );
}

#[tokio::test]
async fn a_stranger_becomes_a_marked_public_client_that_is_always_asked_about() {
    let server = with("open")
        .set("open_registration_scopes", "[\"read\"]")
        .start();
    let asked = json!({
        "token_endpoint_auth_method": "client_secret_post", "scope": "openid offline_access read admin write",
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    });
    let reply = register(&server, None, asked).await.expect(201);
    assert_eq!(reply.header("cache-control"), "no-store");
    let made = reply.json();
    assert_eq!(made.get("client_secret"), None);
    assert_eq!(made["token_endpoint_auth_method"], "none");
    assert_eq!(made["scope"], "offline_access openid read");
    assert_eq!(
        made["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert!(made["registration_access_token"].is_string() && made["client_id_issued_at"].is_i64());
    let id = made["client_id"].as_str().unwrap();
    let row = server
        .admin("GET", &format!("/admin/clients/{id}"), None)
        .await;
    assert_eq!(
        (&row["dynamic"], &row["confidential"], &row["requirePkce"]),
        (&json!(true), &json!(false), &json!(true))
    );
    // Consent each time, and without PKCE nothing.
    let app = Client {
        id: id.to_owned(),
        secret: String::new(),
    };
    server.register("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    for _ in 0..2 {
        let page = browser
            .authorize(&request(&app, &[("scope", "openid offline_access")]))
            .await
            .expect(200);
        assert!(!forms(&page).is_empty());
        browser.submit(&form(&page, "/oauth/consent")).await;
    }
    let none = [("code_challenge", ""), ("code_challenge_method", "")];
    let (_, answer) = landed(&browser.authorize(&request(&app, &none)).await);
    assert_eq!(answer["error"], "invalid_request");
    let code = browser
        .code(
            "ada@example.com",
            &request(&app, &[("scope", "openid offline_access")]),
        )
        .await;
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("client_id", id),
        ("code_verifier", doorward_tests::browser::VERIFIER),
    ];
    let tokens = server
        .post("/oauth/token")
        .form(&pairs)
        .send()
        .await
        .expect(200);
    assert!(tokens.json()["refresh_token"].is_string());
    // `refresh_token` that could never come is left out, and the answer says so.
    let asked =
        json!({ "scope": "openid", "grant_types": ["authorization_code", "refresh_token"] });
    let made = register(&server, None, asked).await.expect(201).json();
    assert_eq!(made["grant_types"], json!(["authorization_code"]));
    for (error, asked) in [
        (
            "invalid_redirect_uri",
            json!({ "redirect_uris": ["http://app.example/cb"] }),
        ),
        (
            "invalid_redirect_uri",
            json!({ "redirect_uris": ["javascript:alert(1)"] }),
        ),
        ("invalid_redirect_uri", json!({ "redirect_uris": [] })),
        (
            "invalid_client_metadata",
            json!({ "logo_uri": "javascript:alert(1)" }),
        ),
        (
            "invalid_client_metadata",
            json!({ "backchannel_logout_uri": "https://169.254.169.254/x" }),
        ),
        (
            "invalid_client_metadata",
            json!({ "grant_types": ["password"] }),
        ),
        ("invalid_client_metadata", json!({ "redirect_uris": 7 })),
    ] {
        let reply = register(&server, None, asked.clone()).await.expect(400);
        assert_eq!(reply.field("error"), error, "{asked}");
    }
    server
        .post("/oauth/register")
        .form(&[("a", "b")])
        .send()
        .await
        .expect(415);
    let events = server
        .admin("GET", "/admin/events?action=client.created", None)
        .await;
    assert_eq!(events["data"][0]["actor"], "anonymous");
}

#[tokio::test]
async fn what_is_wrong_with_metadata_is_said_with_its_member() {
    let server = with("open").start();
    for (changes, error, why) in [
        (
            json!({"redirect_uris": CALLBACK}),
            "invalid_client_metadata",
            "redirect_uris must be an array",
        ),
        (
            json!({"client_name": 7}),
            "invalid_client_metadata",
            "client_name must be a string",
        ),
        (
            json!({"redirect_uris": [CALLBACK, "http://app.example/cb"]}),
            "invalid_redirect_uri",
            "redirect_uris[1]: http is only for loopback addresses",
        ),
    ] {
        let refused = register(&server, None, changes).await.expect(400).json();
        assert_eq!(refused["error"], error);
        let said = refused["error_description"].as_str().unwrap_or_default();
        assert!(said.starts_with(why), "{said}");
    }
    // What is not known is ignored, RFC 7591 section 2.
    let asked = json!({"contacts": ["ada@example.com"], "software_id": 7});
    register(&server, None, asked).await.expect(201);
}

#[tokio::test]
async fn an_address_registers_twenty_an_hour() {
    let server = with("open").start();
    for n in 0..20 {
        register(&server, None, json!({ "client_name": format!("c{n}") }))
            .await
            .expect(201);
    }
    // What is refused for its form is not counted.
    register(&server, None, json!({ "redirect_uris": [] }))
        .await
        .expect(400);
    let reply = register(&server, None, json!({})).await.expect(429);
    assert!(!reply.header("retry-after").is_empty());
    // Whoever brings a token is not counted.
    let minted = server
        .admin("POST", "/admin/clients/registration-tokens", None)
        .await;
    let token = minted["token"].as_str().unwrap();
    register(&server, Some(token), json!({})).await.expect(201);
}

#[tokio::test]
async fn who_sends_it_is_judged_before_what_is_sent() {
    for (mode, status) in [("closed", 403), ("token", 401), ("open", 415)] {
        let server = with(mode).start();
        let call = server.post("/oauth/register").body("text/plain", "{");
        call.send().await.expect(status);
        let path = "/oauth/register/client_00000000000000000000000000";
        let call = server.put(path).body("text/plain", "{");
        call.send().await.expect(401);
        let call = server.put(path).bearer("rat_x").body("text/plain", "{");
        call.send().await.expect(401);
    }
}

#[tokio::test]
async fn a_token_lets_a_client_register_as_often_as_it_says() {
    let server = with("token").start();
    register(&server, None, json!({})).await.expect(401);
    register(&server, Some("rit_nonsense"), json!({}))
        .await
        .expect(401);
    let path = "/admin/clients/registration-tokens";
    let minted = server
        .admin(
            "POST",
            path,
            Some(json!({ "maxUses": 2, "expiresInSeconds": 60 })),
        )
        .await;
    assert_eq!(doorward_tests::fields(&minted), "expiresAt maxUses token");
    let token = minted["token"].as_str().unwrap();
    let secret = register(&server, Some(token), json!({}))
        .await
        .expect(201)
        .json();
    assert!(secret["client_secret"].is_string() && secret["client_secret_expires_at"] == 0);
    assert_eq!(secret["token_endpoint_auth_method"], "client_secret_basic");
    // Its own way to authenticate is what it is bound to.
    register(&server, Some(token), json!({ "redirect_uris": [] }))
        .await
        .expect(400);
    register(
        &server,
        Some(token),
        json!({ "token_endpoint_auth_method": "none" }),
    )
    .await
    .expect(201);
    register(&server, Some(token), json!({})).await.expect(401);
    let single = server.admin("POST", path, None).await;
    assert_eq!(single["maxUses"], 1);
    for (field, body) in [
        ("maxUses", json!({ "maxUses": 0 })),
        ("expiresInSeconds", json!({ "expiresInSeconds": 0 })),
        ("expiresInSeconds", json!({ "expiresInSeconds": 2_592_001 })),
    ] {
        let call = server.post(path).bearer(&server.operator_key()).json(body);
        call.send()
            .await
            .refused_at(422, "validation_failed", field);
    }
    // Of 16 at once one wins.
    let token = single["token"].as_str().unwrap();
    let mut tasks = Vec::new();
    for _ in 0..16 {
        tasks.push(register(&server, Some(token), json!({})));
    }
    let mut made = 0;
    for task in tasks {
        made += u32::from(task.await.status == 201);
    }
    assert_eq!(made, 1);
    // An API key that manages clients will do, another will not; nor does it give what it does not hold.
    let key = server.key(&["admin:clients"]).await;
    register(&server, Some(&key), json!({})).await.expect(201);
    let reader = server.key(&["admin:clients:read", "read"]).await;
    register(&server, Some(&reader), json!({}))
        .await
        .expect(403);
    let denied = server.post(path).bearer(&reader).send().await;
    denied.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn the_twin_mints_what_a_client_registers_itself_with() {
    let server = with("token").start();
    let words = [
        "clients",
        "registration-token",
        "--max-uses",
        "2",
        "--expires-in",
        "1h",
        "-o",
        "json",
    ];
    let made = doorward_tests::doorward(&server, &words);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let made: Value = serde_json::from_str(&made.stdout).expect("JSON");
    assert_eq!(made["maxUses"], 2);
    let token = made["token"].as_str().expect("a token");
    for status in [201, 201, 401] {
        let reply = register(&server, Some(token), json!({})).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}

#[tokio::test]
async fn a_client_reads_changes_and_ends_its_registration_with_its_token() {
    let server = with("open").start();
    let made = register(&server, None, json!({})).await.expect(201).json();
    let other = register(&server, None, json!({})).await.expect(201).json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let (token, path) = (
        text("registration_access_token"),
        text("registration_client_uri"),
    );
    let path = path.strip_prefix(server.url()).unwrap();
    let shown = server
        .get(path)
        .bearer(&token)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            &shown["client_name"],
            shown.get("registration_access_token")
        ),
        (&json!("Chat"), Some(&json!(token)))
    );
    let others = other["registration_access_token"].as_str().unwrap();
    for bad in [others, "rat_x", &server.operator_key()] {
        server.get(path).bearer(bad).send().await.expect(401);
        server.delete(path).bearer(bad).send().await.expect(401);
    }
    server
        .get("/oauth/register/client_x")
        .bearer(&token)
        .send()
        .await
        .expect(401);
    let other = json!({ "client_id": "client_x", "client_name": "New", "redirect_uris": ["https://new.example/cb"] });
    let call = server.put(path).bearer(&token).json(other).send().await;
    assert_eq!(call.expect(400).json()["error"], "invalid_client_metadata");
    let body = json!({ "client_id": made["client_id"], "client_name": "New", "redirect_uris": ["https://new.example/cb"] });
    let changed = server
        .put(path)
        .bearer(&token)
        .json(body)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["client_name"], &changed["redirect_uris"]),
        (&json!("New"), &json!(["https://new.example/cb"]))
    );
    assert_eq!(changed["registration_access_token"], json!(token));
    // What an operator has decided about it stays.
    let row = format!("/admin/clients/{}", made["client_id"].as_str().unwrap());
    server
        .admin("PATCH", &row, Some(json!({ "allowedGroups": ["staff"] })))
        .await;
    let body = json!({ "redirect_uris": ["https://new.example/cb"], "client_name": "Newer" });
    server
        .put(path)
        .bearer(&token)
        .json(body)
        .send()
        .await
        .expect(200);
    let kept = server.admin("GET", &row, None).await;
    assert_eq!(
        (&kept["name"], &kept["allowedGroups"]),
        (&json!("Newer"), &json!(["staff"]))
    );
    let body = json!({ "redirect_uris": ["javascript:alert(1)"] });
    server
        .put(path)
        .bearer(&token)
        .json(body)
        .send()
        .await
        .expect(400);
    server.delete(path).bearer(&token).send().await.expect(204);
    server.get(path).bearer(&token).send().await.expect(401);
    let gone = format!("/admin/clients/{}", made["client_id"].as_str().unwrap());
    server
        .get(&gone)
        .bearer(&server.operator_key())
        .send()
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn a_client_that_registered_itself_may_ask_for_resources_of_operators_clients() {
    let server = with("open").start();
    let api = "https://mcp.example";
    let own = register(&server, None, json!({})).await.expect(201).json();
    let app = Client {
        id: own["client_id"].as_str().unwrap().into(),
        secret: String::new(),
    };
    server.register("ada@example.com").await;
    let browser = server.browser();
    let ask = [("resource", "https://mcp.example/"), ("scope", "openid")];
    let (_, answer) = landed(&browser.authorize(&request(&app, &ask)).await);
    assert_eq!(answer["error"], "invalid_target");
    server.app(json!({ "resources": [api] })).await;
    browser.code("ada@example.com", &request(&app, &ask)).await;
}

/// What `POST /oauth/register` gave, and a way to change it.
struct Own<'s> {
    server: &'s Server,
    path: String,
    token: String,
    row: String,
}

impl<'s> Own<'s> {
    fn of(server: &'s Server, made: &Value) -> Self {
        let text = |name: &str| made[name].as_str().expect("text").to_owned();
        let uri = text("registration_client_uri");
        Self {
            server,
            path: uri.strip_prefix(server.url()).expect("ours").to_owned(),
            token: text("registration_access_token"),
            row: format!("/admin/clients/{}", text("client_id")),
        }
    }

    async fn put(&self, changes: Value) -> Reply {
        let mut body = json!({ "client_name": "Chat", "redirect_uris": [CALLBACK] });
        for (name, value) in changes.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let call = self.server.put(&self.path).bearer(&self.token).json(body);
        call.send().await
    }
}

#[tokio::test]
async fn strangers_say_little_of_themselves_and_change_it_seldom() {
    let server = with("open").start();
    let long = "x".repeat(1900);
    let uris: Vec<_> = (0..5)
        .map(|n| format!("https://app.example/{n}{long}"))
        .collect();
    let reply = register(&server, None, json!({ "redirect_uris": uris }))
        .await
        .expect(400);
    assert_eq!(reply.field("error"), "invalid_client_metadata");
    // Whoever was let in may say more.
    let minted = server
        .admin("POST", "/admin/clients/registration-tokens", None)
        .await;
    let token = minted["token"].as_str().unwrap();
    register(&server, Some(token), json!({ "redirect_uris": uris }))
        .await
        .expect(201);
    let made = register(&server, None, json!({})).await.expect(201).json();
    let own = Own::of(&server, &made);
    own.put(json!({ "redirect_uris": uris })).await.expect(400);
    for n in 1..60 {
        own.put(json!({ "client_name": format!("c{n}"), "redirect_uris": [uris[n % 2]] }))
            .await
            .expect(200);
    }
    let reply = own.put(json!({})).await.expect(429);
    assert!(!reply.header("retry-after").is_empty());
    // Their events name the fields, and hold none of the values.
    let events = server
        .admin("GET", "/admin/events?action=client.updated", None)
        .await;
    let event = events["data"][0].to_string();
    assert!(event.contains("redirectUris"), "{event}");
    assert!(!event.contains(&long), "{event}");
}

#[tokio::test]
async fn what_an_operator_has_taken_from_a_client_it_does_not_take_back() {
    let server = with("token").start();
    let minted = server
        .admin("POST", "/admin/clients/registration-tokens", None)
        .await;
    let grants = ["authorization_code", "client_credentials"];
    let asked = json!({ "grant_types": grants, "scope": "openid email profile" });
    let made = register(&server, minted["token"].as_str(), asked.clone())
        .await
        .expect(201)
        .json();
    let own = Own::of(&server, &made);
    let narrowed = json!({ "scopes": ["openid"], "grantTypes": ["authorization_code"] });
    server.admin("PATCH", &own.row, Some(narrowed)).await;
    let changed = own.put(asked).await.expect(200).json();
    assert_eq!(
        (&changed["scope"], &changed["grant_types"]),
        (&json!("openid"), &json!(["authorization_code"]))
    );
    let row = server.admin("GET", &own.row, None).await;
    assert_eq!(
        (&row["scopes"], &row["grantTypes"]),
        (&json!(["openid"]), &json!(["authorization_code"]))
    );
}

#[tokio::test]
async fn addresses_and_looks_that_an_operator_has_taken_from_a_client_it_does_not_take_back() {
    let server = with("open").start();
    let asked = json!({ "client_name": "Your Bank", "logo_uri": "https://evil.example/bank.png",
        "redirect_uris": ["https://app.example/cb", "https://lost.example/cb"],
        "post_logout_redirect_uris": ["https://lost.example/"] });
    let made = register(&server, None, asked.clone()).await;
    let own = Own::of(&server, &made.expect(201).json());
    let decided = json!({ "name": "Somebody's app", "logoUri": null, "postLogoutRedirectUris": [],
        "redirectUris": ["https://app.example/cb"] });
    server.admin("PATCH", &own.row, Some(decided)).await;
    let changed = own.put(asked.clone()).await.expect(200).json();
    assert_eq!(changed["redirect_uris"], json!(["https://app.example/cb"]));
    let row = server.admin("GET", &own.row, None).await;
    assert_eq!(
        (
            &row["name"],
            &row["logoUri"],
            &row["postLogoutRedirectUris"]
        ),
        (&json!("Somebody's app"), &Value::Null, &json!([]))
    );
    // Nor with others alone, but it may have fewer, and what an operator gives back.
    let lost = json!({ "redirect_uris": ["https://lost.example/cb"] });
    own.put(lost).await.expect(400);
    let more = json!({ "redirectUris": ["https://app.example/cb", "https://lost.example/cb"] });
    server.admin("PATCH", &own.row, Some(more)).await;
    let fewer = json!({ "redirect_uris": ["https://app.example/cb"] });
    own.put(fewer).await.expect(200);
    let changed = own.put(asked.clone()).await.expect(200).json();
    assert_eq!(changed["redirect_uris"], asked["redirect_uris"]);
}

#[tokio::test]
async fn to_give_a_client_an_address_keeps_it_from_no_other() {
    let server = with("open").start();
    let made = register(&server, None, json!({})).await;
    let own = Own::of(&server, &made.expect(201).json());
    let more = json!({ "redirectUris": ["https://app.example/cb", "https://more.example/cb"] });
    server.admin("PATCH", &own.row, Some(more)).await;
    let other = json!({ "redirect_uris": ["https://other.example/cb"] });
    let changed = own.put(other.clone()).await.expect(200).json();
    assert_eq!(changed["redirect_uris"], other["redirect_uris"]);
}

#[tokio::test]
async fn a_client_that_sees_everybodys_tokens_goes_on_showing_who_it_is() {
    let server = with("token").start();
    let key = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "1", "alg": "EdDSA",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] });
    let minted = server
        .admin("POST", "/admin/clients/registration-tokens", None)
        .await;
    let signs = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": key });
    let made = register(&server, minted["token"].as_str(), signs.clone())
        .await
        .expect(201)
        .json();
    let own = Own::of(&server, &made);
    server
        .admin("PATCH", &own.row, Some(json!({ "resourceServer": true })))
        .await;
    own.put(signs).await.expect(200);
    let reply = own
        .put(json!({ "token_endpoint_auth_method": "none" }))
        .await
        .expect(400);
    assert_eq!(reply.field("error"), "invalid_client_metadata");
    let row = server.admin("GET", &own.row, None).await;
    assert_eq!(row["confidential"], true);
}

#[tokio::test]
async fn an_initial_access_token_gives_what_its_minter_may_give_and_ends_with_them() {
    let server = with("token")
        .set("open_registration_scopes", "[\"read\",\"write\"]")
        .start();
    let path = "/admin/clients/registration-tokens";
    let asked = json!({ "grant_types": ["client_credentials"], "redirect_uris": [], "scope": "openid read write" });
    for (scopes, given) in [
        (&["admin:clients"][..], "openid"),
        (&["admin:clients", "read"], "openid read"),
    ] {
        let key = server.key(scopes).await;
        let call = server.post(path).bearer(&key).json(json!({ "maxUses": 3 }));
        let minted = call.send().await.expect(201).json();
        let token = minted["token"].as_str();
        let made = register(&server, token, asked.clone()).await.expect(201);
        assert_eq!(made.json()["scope"], given);
        let made = register(&server, Some(&key), asked.clone()).await;
        assert_eq!(made.expect(201).json()["scope"], given);
        let keys = server.admin("GET", "/admin/apikeys", None).await;
        let hint = &key[key.len() - 4..];
        let id = keys["data"].as_array().unwrap().iter().find(|row| {
            row["hint"]
                .as_str()
                .is_some_and(|text| text.ends_with(hint))
        });
        let id = id.expect("the key")["id"].as_str().unwrap();
        server
            .admin("DELETE", &format!("/admin/apikeys/{id}"), None)
            .await;
        let reply = register(&server, token, asked.clone()).await.expect(401);
        assert_eq!(reply.field("error"), "invalid_token");
    }
}

#[tokio::test]
async fn a_client_that_was_let_in_changes_itself_as_often_as_an_account_may() {
    let server = with("token")
        .set("writes_per_minute_per_account", 5)
        .start();
    let path = "/admin/clients/registration-tokens";
    let made = async || {
        let minted = server.admin("POST", path, None).await;
        let made = register(&server, minted["token"].as_str(), json!({})).await;
        made.expect(201).json()
    };
    let (one, other) = (made().await, made().await);
    let own = Own::of(&server, &one);
    for n in 0..5 {
        let named = json!({ "client_name": format!("c{n}") });
        own.put(named).await.expect(200);
    }
    let reply = own.put(json!({})).await.expect(429);
    assert!(!reply.header("retry-after").is_empty());
    Own::of(&server, &other).put(json!({})).await.expect(200);
}

/// What let a client in bounds what it takes later, too.
#[tokio::test]
async fn a_client_that_was_let_in_takes_no_more_later_than_whoever_let_it_in_could_give() {
    let server = with("token")
        .set("open_registration_scopes", "[\"read\",\"write\"]")
        .start();
    let path = "/admin/clients/registration-tokens";
    let asked = json!({ "grant_types": ["client_credentials"], "redirect_uris": [], "scope": "openid read write" });
    let key = server.key(&["admin:clients", "read"]).await;
    let call = server.post(path).bearer(&key).json(json!({}));
    let minted = call.send().await.expect(201).field("token");
    let full = server.admin("POST", path, Some(json!({}))).await;
    let full = full["token"].as_str().unwrap();
    for (invitation, most) in [
        (minted.as_str(), "openid read"),
        (&key, "openid read"),
        (full, "openid read write"),
    ] {
        let narrow = json!({ "grant_types": ["client_credentials"], "redirect_uris": [], "scope": "openid" });
        let made = register(&server, Some(invitation), narrow)
            .await
            .expect(201);
        assert_eq!(made.field("scope"), "openid");
        let made = made.json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let path = format!("/oauth/register/{}", text("client_id"));
        let token = text("registration_access_token");
        let call = server.put(&path).bearer(&token).json(asked.clone());
        assert_eq!(call.send().await.expect(200).field("scope"), most);
    }
}

/// Addresses are judged before anything is fetched.
#[tokio::test]
async fn a_metadata_document_is_not_fetched_from_inside() {
    let server = Server::with()
        .set("client_metadata_documents", true)
        .start();
    let metadata = server
        .get("/.well-known/oauth-authorization-server")
        .send()
        .await
        .json();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    // Operators are told of the token endpoint's refusals too, and which name came.
    let id = "https://u:SECRET@app.example/client.json?x";
    let form = [("client_id", id), ("grant_type", "refresh_token")];
    let call = server.post("/oauth/token").form(&form);
    call.send().await.expect(401);
    doorward_tests::eventually("the refusal", async || {
        let events = server
            .admin("GET", "/admin/events?action=client.refused", None)
            .await
            .to_string();
        assert!(!events.contains("SECRET"), "{events}");
        events
            .contains("https://…@app.example/client.json?…")
            .then_some(())
    })
    .await;
    let ask = async |id: &str| {
        let app = Client {
            id: id.to_owned(),
            secret: String::new(),
        };
        server.browser().authorize(&request(&app, &[])).await
    };
    for (id, why) in [
        ("https://127.0.0.1:9/client.json", "cannot be fetched"),
        ("https://localhost/client.json", "cannot be fetched"),
        ("https://[::ffff:10.0.0.1]/client.json", "plain form"),
        (
            "https://169.254.169.254/latest/meta-data",
            "cannot be fetched",
        ),
        ("https://app.example", "plain form"),
        ("https://app.example/", "plain form"),
        ("https://u:p@app.example/client.json", "user information"),
        (
            "http://app.example/client.json",
            "no client has this client_id",
        ),
    ] {
        let page = ask(id).await;
        assert!((400..500).contains(&page.status), "{id}: {}", page.status);
        assert!(page.text().contains(why), "{id}: {}", page.text());
        assert_eq!(page.header("location"), "");
    }
    // And not at all unless the setting says so.
    let server = Server::start();
    let app = Client {
        id: "https://app.example/client.json".into(),
        secret: String::new(),
    };
    let page = server.browser().authorize(&request(&app, &[])).await;
    assert!(
        page.text().contains("no client has this client_id"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn the_description_names_the_server() {
    let server = Server::with()
        .set("issuer", "https://id.example/auth")
        .start();
    let description = server.get("/openapi.json").send().await.expect(200).json();
    assert_eq!(
        description["servers"],
        json!([{ "url": "https://id.example/auth" }])
    );
}

#[tokio::test]
async fn to_a_strangers_site_leads_a_click_and_the_pages_say_that_nobody_knows_it() {
    let server = with("open").start();
    let asked = json!({"post_logout_redirect_uris": [CALLBACK], "logo_uri": "https://logo.evil.example/a.png"});
    let made = register(&server, None, asked).await.expect(201).json();
    let app = Client {
        id: made["client_id"].as_str().unwrap().to_owned(),
        secret: String::new(),
    };
    let (_, host) = CALLBACK.split_once("://").unwrap();
    let host = host.split('/').next().unwrap();
    let waits = |page: &Reply| {
        let text = page.text();
        assert!(
            text.contains(host) && !text.contains("http-equiv"),
            "{text}"
        );
    };
    let browser = server.browser();
    let query = [
        ("client_id", app.id.as_str()),
        ("post_logout_redirect_uri", CALLBACK),
    ];
    let page = server.get("/oauth/logout").query(&query).send().await;
    waits(&page.expect(200));
    // The sign-in page and that of consent.
    let page = browser.authorize(&request(&app, &[])).await.expect(200);
    let told = |page: &Reply| {
        let text = page.text();
        assert!(text.contains("registered itself"), "{text}");
        assert!(!text.contains("logo.evil.example"), "{text}");
        assert!(
            !page
                .header("content-security-policy")
                .contains("evil.example")
        );
    };
    told(&page);
    server.register("ada@example.com").await;
    browser.sign_in("ada@example.com").await;
    told(&browser.authorize(&request(&app, &[])).await.expect(200));
    // Signed in, and signing out by the page.
    let path = format!(
        "/oauth/logout?client_id={}&post_logout_redirect_uri={CALLBACK}",
        app.id
    );
    let asked = browser.open(&path).await.expect(200);
    waits(&browser.submit(&form(&asked, "/sign-out")).await.expect(200));
}

#[tokio::test]
async fn a_refused_request_of_a_stranger_leads_a_person_to_its_site_by_a_click_alone() {
    let server = with("open").start();
    let strangers = register(&server, None, json!({})).await.expect(201).json();
    let stranger = Client {
        id: strangers["client_id"].as_str().unwrap().to_owned(),
        secret: String::new(),
    };
    let known = server.app(json!({})).await;
    let browser = server.browser();
    let asked = async |app: &Client, changes: &[(&str, &str)], seen_as: &str| {
        let pairs = request(app, changes);
        let pairs = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str()));
        let call = server
            .get("/oauth/authorize")
            .query(&pairs.collect::<Vec<_>>());
        let call = match seen_as {
            "" => call,
            seen_as => call.header("sec-fetch-dest", seen_as),
        };
        browser.send(call).await
    };
    let waits = |page: &Reply, error: &str| {
        let text = page.text();
        assert!(text.contains("registered itself here"), "{text}");
        assert!(
            text.contains(error) && !text.contains("http-equiv"),
            "{text}"
        );
        assert!(!text.contains("<script"), "{text}");
        assert_eq!(page.header("location"), "");
    };
    for (changes, error) in [
        (&[("scope", "nothing")][..], "error=invalid_scope"),
        (&[("code_challenge", "")], "error=invalid_request"),
        (&[("prompt", "none")], "error=login_required"),
        (
            &[("scope", "nothing"), ("response_mode", "form_post")],
            "value=\"invalid_scope\"",
        ),
    ] {
        waits(
            &asked(&stranger, changes, "document").await.expect(400),
            error,
        );
        // A frame is no place to click, programs have nobody who could, and operators' clients are known.
        for (app, seen_as) in [(&stranger, "iframe"), (&stranger, ""), (&known, "document")] {
            let reply = asked(app, changes, seen_as).await;
            let posts = reply.status == 200 && reply.text().contains("<script");
            assert!(reply.status == 303 || posts, "{} {error}", reply.status);
        }
    }
    // Whoever was shown where it leads, and says no, is taken there.
    server.register("ada@example.com").await;
    browser.sign_in("ada@example.com").await;
    let page = asked(&stranger, &[("scope", "openid")], "document").await;
    let no = form(&page.expect(200), "/oauth/consent").with("decision", "deny");
    let fields: Vec<_> = no
        .fields
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let call = server.post(&no.action).form(&fields);
    let gone = browser
        .send(call.header("sec-fetch-dest", "document"))
        .await;
    let text = gone.text();
    assert!(
        text.contains("http-equiv") && text.contains("error=access_denied"),
        "{text}"
    );
}

#[tokio::test]
async fn a_head_fetches_no_document() {
    let server = Server::with()
        .set("client_metadata_documents", true)
        .start();
    let path = "/oauth/authorize?client_id=https%3A%2F%2F127.0.0.1%2Fapp.json&response_type=code";
    server.call("HEAD", path).send().await.expect(200);
    let page = server.get(path).send().await;
    assert!(page.status >= 400, "{}", page.status);
}

#[tokio::test]
async fn initial_access_tokens_are_listed_and_ended_one_by_one() {
    let server = with("token").start();
    let path = "/admin/clients/registration-tokens";
    let mut tokens = Vec::new();
    for uses in [1, 2] {
        let body = json!({"maxUses": uses});
        let made = server.admin("POST", path, Some(body)).await;
        tokens.push(made["token"].as_str().unwrap().to_owned());
    }
    let list = server.admin("GET", path, None).await;
    assert_eq!(list["pagination"]["total"], 2);
    // The newest first.
    let newest = &list["data"][0];
    assert_eq!(newest["usesLeft"], 2);
    assert!(newest["mintedBy"].as_str().unwrap().starts_with("key_"));
    let told = list.to_string();
    assert!(
        tokens.iter().all(|token| !told.contains(token.as_str())),
        "{told}"
    );

    let id = newest["id"].as_str().unwrap();
    let own = format!("{path}/{id}");
    let reads = server.key(&["admin:clients:read"]).await;
    let refused = server.delete(&own).bearer(&reads).send().await;
    refused.refused(403, "insufficient_scope");
    let listed = server.get(path).bearer(&reads).send().await;
    listed.expect(200);
    let ended = server
        .delete(&own)
        .bearer(&server.operator_key())
        .send()
        .await;
    ended.expect(204);
    let again = server
        .delete(&own)
        .bearer(&server.operator_key())
        .send()
        .await;
    again.refused(404, "not_found");
    for (token, status) in [(&tokens[1], 401), (&tokens[0], 201)] {
        let reply = register(&server, Some(token), json!({})).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
    // What is used up is not listed any more.
    let list = server.admin("GET", path, None).await;
    assert_eq!(list["pagination"]["total"], 0);
}
