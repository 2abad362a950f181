//! Authority over accounts, judged at the time of the act, against the target as it is then, whichever API is used.

use doorward_tests::{
    Call, Client, PASSWORD, Person, Reply, Server,
    browser::{form, request},
    eventually, run,
};
use serde_json::{Value, json};

const NEW: &str = "another good one";

async fn send(server: &Server, by: &str, (method, path): (&str, &str), body: Value) -> Reply {
    let call = server.call(method, path).bearer(by);
    let call = if body.is_null() {
        call
    } else {
        call.json(body)
    };
    call.send().await
}

async fn role(server: &Server, name: &str, permissions: &[&str]) {
    let body = json!({"permissions": permissions});
    let path = format!("/admin/roles/{name}");
    server.admin("PUT", &path, Some(body)).await;
}

/// Somebody with a role and permissions of their own, and a password.
async fn made(server: &Server, email: &str, role: &str, own: &[&str]) -> Person {
    let body = json!({"email": email, "password": PASSWORD, "role": role, "permissions": own});
    server.admin("POST", "/admin/users", Some(body)).await;
    server.login(email).await
}

/// Every act on an account, at the operators' door. `{}` is the account.
fn acts_on_accounts() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("PATCH", "/admin/users/{}", json!({"role": "customer"})),
        ("PATCH", "/admin/users/{}", json!({"permissions": []})),
        (
            "PATCH",
            "/admin/users/{}",
            json!({"email": "eve@example.com"}),
        ),
        ("PATCH", "/admin/users/{}", json!({"disabled": true})),
        ("PATCH", "/admin/users/{}", json!({"disabled": false})),
        ("POST", "/admin/users/{}/password", json!({"password": NEW})),
        ("DELETE", "/admin/users/{}/password", Value::Null),
        ("POST", "/admin/users/{}/link", json!({"purpose": "reset"})),
        ("DELETE", "/admin/users/{}", Value::Null),
    ]
}

#[tokio::test]
async fn an_operators_account_is_changed_only_by_those_who_hold_its_scopes() {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    role(&server, "support", &["admin:sessions", "read"]).await;
    let helpdesk = server.key(&["admin:users", "read", "write"]).await;
    let targets = [
        made(&server, "role@example.com", "support", &[]).await,
        made(&server, "own@example.com", "customer", &["admin:keys:read"]).await,
        server.administrator("chief@example.com").await,
    ];
    for target in &targets {
        for (method, path, body) in acts_on_accounts() {
            let path = path.replace("{}", &target.id);
            let reply = send(&server, &helpdesk, (method, &path), body.clone()).await;
            assert_eq!(
                reply.status,
                403,
                "{method} {path} {body}: {}",
                reply.text()
            );
            reply.refused(403, "insufficient_scope");
        }
        server.login(&target.email).await;
        // A name gives nothing away.
        let path = format!("/admin/users/{}", target.id);
        let name = json!({"firstName": "A"});
        send(&server, &helpdesk, ("PATCH", &path), name)
            .await
            .expect(200);
    }
    // With as much in hand all of it goes, and nothing of it against somebody who has nothing of the kind.
    let peer = server
        .key(&["admin:users", "admin:sessions", "read", "write"])
        .await;
    let customer = made(&server, "customer@example.com", "customer", &["pay:see"]).await;
    let free = server.key(&["admin:users", "read", "write", "pay"]).await;
    for (by, target) in [(&peer, &targets[0]), (&free, &customer)] {
        for (method, path, body) in acts_on_accounts() {
            let path = path.replace("{}", &target.id);
            let body = if body["email"].is_string() {
                json!({"email": format!("new-{}", target.email)})
            } else {
                body
            };
            let reply = send(&server, by, (method, &path), body.clone()).await;
            assert!(
                reply.status < 300,
                "{method} {path} {body}: {}",
                reply.text()
            );
        }
    }
}

#[tokio::test]
async fn a_password_is_set_only_by_those_who_hold_all_that_it_opens() {
    let server = Server::start();
    role(&server, "cashier", &["read", "pay:approve"]).await;
    let cashier = made(&server, "cashier@example.com", "cashier", &[]).await;
    let path = format!("/admin/users/{}/password", cashier.id);
    let set = async |scopes: &[&str]| {
        let by = server.key(scopes).await;
        send(&server, &by, ("POST", &path), json!({"password": NEW})).await
    };
    let refused = set(&["admin:users", "read"]).await;
    refused.refused(403, "insufficient_scope");
    assert!(refused.text().contains("pay:approve"), "{}", refused.text());
    server.login("cashier@example.com").await;
    set(&["admin:users", "read", "pay"]).await.expect(204);
    // A new account's first password is one too.
    let helpdesk = server.key(&["admin:users", "read", "write"]).await;
    let create = |body: Value| send(&server, &helpdesk, ("POST", "/admin/users"), body);
    let body = json!({"email": "a@example.com", "role": "cashier", "password": NEW});
    create(body).await.refused(403, "insufficient_scope");
    let body = json!({"email": "b@example.com", "password": NEW});
    create(body).await.expect(201);
    let weak = server.key(&["admin:users"]).await;
    let body = json!({"email": "c@example.com", "password": NEW});
    let refused = send(&server, &weak, ("POST", "/admin/users"), body).await;
    refused.refused(403, "insufficient_scope");
    let body = json!({"email": "c@example.com"});
    let plain = send(&server, &weak, ("POST", "/admin/users"), body).await;
    plain.expect(201);
}

/// Emptying the role, setting the password, waiting for the role to come back.
#[tokio::test]
async fn a_role_that_operators_have_is_changed_only_by_those_who_hold_as_much() {
    let server = Server::start();
    role(&server, "support", &["admin:sessions"]).await;
    role(&server, "idle", &["admin:sessions"]).await;
    let target = made(&server, "op@example.com", "support", &[]).await;
    made(&server, "mixed@example.com", "customer", &["admin:keys"]).await;
    let clerk = server
        .key(&["admin:users", "admin:roles", "read", "write"])
        .await;
    let put = |name: &'static str, permissions: &'static [&'static str]| {
        let path = format!("/admin/roles/{name}");
        let (server, clerk) = (&server, &clerk);
        async move {
            let body = json!({"permissions": permissions});
            send(server, clerk, ("PUT", &path), body).await
        }
    };
    put("support", &[]).await.refused(403, "insufficient_scope");
    put("support", &["read"])
        .await
        .refused(403, "insufficient_scope");
    // Nobody has this one; and of this one somebody holds more by themselves.
    put("idle", &[]).await.expect(200);
    put("customer", &["read"])
        .await
        .refused(403, "insufficient_scope");
    let path = format!("/admin/users/{}/password", target.id);
    let set = send(&server, &clerk, ("POST", &path), json!({"password": NEW})).await;
    set.refused(403, "insufficient_scope");
    let peer = server.key(&["admin:roles", "admin:sessions", "read"]).await;
    let body = json!({"permissions": ["read"]});
    let done = send(&server, &peer, ("PUT", "/admin/roles/support"), body).await;
    done.expect(200);
}

/// Where the password of an account that was promoted meanwhile was set, that came first.
#[tokio::test]
async fn who_becomes_an_operator_while_their_password_is_hashed_keeps_it() {
    // Hashing takes long enough for the promotion to come in between.
    let server = Server::with()
        .set("argon2_memory_kib", 65_536)
        .set("argon2_iterations", 6)
        .set("signing_algorithm", "EdDSA")
        .start();
    let helpdesk = server.key(&["admin:users", "read", "write"]).await;
    let mut refused = 0;
    for round in 0..20 {
        let body = json!({"email": format!("ada{round}@example.com")});
        let made = server.admin("POST", "/admin/users", Some(body)).await;
        let id = made["id"].as_str().unwrap();
        let path = format!("/admin/users/{id}/password");
        let password = send(
            &server,
            &helpdesk,
            ("POST", &path),
            json!({"password": NEW}),
        );
        let promotion = async {
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            let path = format!("/admin/users/{id}");
            let body = json!({"role": "admin"});
            server.admin("PATCH", &path, Some(body)).await
        };
        let (password, _) = tokio::join!(password, promotion);
        if password.status == 403 {
            password.refused(403, "insufficient_scope");
            refused += 1;
            if refused == 3 {
                return;
            }
            continue;
        }
        password.expect(204);
        let path = format!("/admin/events?target={id}&sort=time:asc");
        let events = server.admin("GET", &path, None).await;
        let events = events["data"].as_array().unwrap().iter();
        let actions: Vec<_> = events.map(|event| event["action"].clone()).collect();
        let expected = ["user.created", "user.password_changed", "user.updated"];
        assert_eq!(actions, expected, "an operator's password was set");
    }
    panic!("no promotion came while a password was hashed");
}

#[tokio::test]
async fn the_operator_key_is_changed_by_holders_of_admin_only_whatever_it_is_called() {
    let server = Server::start();
    let operator = server.operator_key();
    let listed = server
        .admin("GET", "/admin/apikeys?sort=id:asc", None)
        .await;
    let id = listed["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(listed["data"][0]["name"], "operator.key");
    let clerk = server.key(&["admin:apikeys"]).await;
    for door in ["/admin/apikeys", "/apikey"] {
        let one = format!("{door}/{id}");
        for (method, path, body) in [
            ("PATCH", one.clone(), json!({"name": "mine"})),
            ("PATCH", one.clone(), json!({"scopes": ["admin:apikeys"]})),
            ("POST", format!("{one}/rotate"), json!({})),
            ("DELETE", one.clone(), Value::Null),
        ] {
            let reply = send(&server, &clerk, (method, &path), body).await;
            assert_eq!(reply.status, 403, "{method} {path}: {}", reply.text());
        }
        // Another key of the same name is none.
        let body = json!({"name": "operator.key", "scopes": ["admin:apikeys"]});
        let other = send(&server, &clerk, ("POST", door), body)
            .await
            .expect(201);
        let path = format!("{door}/{}", other.field("id"));
        send(&server, &clerk, ("DELETE", &path), Value::Null)
            .await
            .expect(204);
    }
    // Renamed and rotated by one who may, it is still the one that `operator-key` replaces.
    let one = format!("/admin/apikeys/{id}");
    server
        .admin("PATCH", &one, Some(json!({"name": "console"})))
        .await;
    let body = json!({"graceSeconds": 3600});
    let rotated = server
        .admin("POST", &format!("{one}/rotate"), Some(body))
        .await;
    let rotated = rotated["key"].as_str().unwrap().to_owned();
    let next = format!(
        "/admin/apikeys/{}",
        whoami(&server, &rotated).await["id"].as_str().unwrap()
    );
    let refused = send(&server, &clerk, ("DELETE", &next), Value::Null).await;
    refused.refused(403, "insufficient_scope");
    let mut server = server;
    server.stop();
    let (home, data) = (server.directory().to_owned(), server.data_dir().to_owned());
    let data = data.to_string_lossy();
    let args = ["operator-key", "--data-dir", &data];
    run("doorward-server", &home, &args, &[]).done();
    server.start_again();
    for dead in [&operator, &rotated] {
        let reply = server.get("/admin/whoami").bearer(dead).send().await;
        reply.refused(401, "token_revoked");
    }
    let new = server.operator_key();
    server
        .get("/admin/users")
        .bearer(&new)
        .send()
        .await
        .expect(200);
}

async fn whoami(server: &Server, token: &str) -> Value {
    let reply = server.get("/admin/whoami").bearer(token).send().await;
    reply.expect(200).json()
}

/// A token that a person gave to an application: `code`, then its answer.
async fn granted(server: &Server, app: &Client, email: &str, scope: &str) -> Value {
    let pairs = request(app, &[("scope", scope)]);
    let code = server.browser().code(email, &pairs).await;
    server.redeem(app, &code).await.expect(200).json()
}

fn idempotent(call: Call, key: &str, body: &Value) -> Call {
    call.header("idempotency-key", key).json(body.clone())
}

#[tokio::test]
async fn an_idempotency_key_belongs_to_one_credential_and_its_rights_are_judged_again() {
    let server = Server::start();
    let app = json!({"grantTypes": ["authorization_code"],
                     "scopes": ["openid", "admin:apikeys", "admin:users", "admin:clients"]});
    let app = server.app(app).await;
    let chief = server.administrator("chief@example.com").await;
    let scope = "openid admin:apikeys admin:users admin:clients";
    let given = granted(&server, &app, "chief@example.com", scope).await;
    let theirs = given["access_token"].as_str().unwrap().to_owned();
    let again = server.login("chief@example.com").await;
    let calls = [
        ("/admin/apikeys", json!({"name": "x", "scopes": ["admin"]})),
        (
            "/admin/users",
            json!({"email": "op@example.com", "role": "admin"}),
        ),
        (
            "/admin/clients",
            json!({"name": "x", "redirectUris": [], "grantTypes": ["client_credentials"], "scopes": ["admin"],
                   "confidential": true}),
        ),
    ];
    for (path, body) in &calls {
        let mint = |token: &str| idempotent(server.post(path).bearer(token), "one", body).send();
        let first = mint(&chief.access).await.expect(201).json();
        assert_eq!(mint(&chief.access).await.expect(201).json(), first);
        // The application of the same person, with the same key and body.
        mint(&theirs).await.refused(403, "insufficient_scope");
        // Another sign-in of the same person asks anew.
        let other = mint(&again.access).await;
        if other.status == 201 {
            assert_ne!(other.json()["id"], first["id"], "{path}");
        } else {
            other.refused(409, "email_taken");
        }
    }
    // Own keys too, and another call with the same key is another one.
    let body = json!({"name": "x", "scopes": ["read"]});
    let mint =
        |token: &str, path: &str| idempotent(server.post(path).bearer(token), "two", &body).send();
    let eve = server.register("eve@example.com").await;
    let mut ids = Vec::new();
    for (token, path) in [
        (&chief.access, "/apikey"),
        (&chief.access, "/admin/apikeys"),
        (&again.access, "/apikey"),
        (&eve.access, "/apikey"),
    ] {
        ids.push(mint(token, path).await.expect(201).field("key"));
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(
        ids.len(),
        all,
        "two callers or two calls were given one key"
    );
    // What was taken away meanwhile is not answered again.
    let body = json!({"name": "y", "scopes": ["admin:users"]});
    let path = format!("/admin/users/{}", chief.id);
    let mint = || idempotent(server.post("/apikey").bearer(&chief.access), "three", &body).send();
    mint().await.expect(201);
    let less = json!({"role": "customer", "permissions": ["admin:apikeys"]});
    server.admin("PATCH", &path, Some(less)).await;
    mint().await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn step_up_is_asked_for_at_every_door_and_refreshing_is_no_sign_in() {
    let server = Server::with().set("step_up_seconds", 3).start();
    server.administrator("chief@example.com").await;
    let app = json!({"scopes": ["openid", "offline_access", "admin", "read"]});
    let app = server.app(app).await;
    let browser = server.browser();
    let pairs = request(&app, &[("scope", "openid offline_access admin read")]);
    let code = browser.code("chief@example.com", &pairs).await;
    let given = server.redeem(&app, &code).await.expect(200).json();
    let signed_in = doorward_tests::browser::claims(given["access_token"].as_str().unwrap());
    let key = json!({"name": "x", "scopes": ["admin"]});
    let mint =
        |token: &str, path: &str| idempotent(server.post(path).bearer(token), "k", &key).send();
    // On a busy machine a sign-in may be old before it is used.
    let chief = eventually("a sign-in is used in time", async || {
        let chief = server.login("chief@example.com").await;
        for path in ["/apikey", "/admin/apikeys"] {
            if mint(&chief.access, path).await.status != 201 {
                return None;
            }
        }
        Some(chief)
    })
    .await;
    eventually("the sign-ins become old", async || {
        let body = json!({"disabled": true});
        let reply = send(
            &server,
            &chief.access,
            ("PATCH", "/admin/users/user_x"),
            body,
        )
        .await;
        (reply.status == 401).then_some(())
    })
    .await;
    // A repeated key is not answered to an old sign-in.
    for path in ["/apikey", "/admin/apikeys"] {
        mint(&chief.access, path)
            .await
            .refused(401, "step_up_required");
    }
    // The page.
    let page = browser.open("/account").await;
    let old = form(&page, "/account/keys").with("name", "x");
    let refused = browser.submit(&old.clone().with("scopes", "admin")).await;
    assert!(
        !refused.text().contains("class=\"secret\""),
        "an old sign-in minted an admin key"
    );
    assert!(refused.text().contains("role=\"alert\""));
    let page = browser.open("/account").await;
    let plain = form(&page, "/account/keys")
        .with("name", "x")
        .with("scopes", "read");
    assert!(browser.submit(&plain).await.text().contains("sk_live_"));
    // A silent grant and what is refreshed from it keep the time of the sign-in.
    let silent = request(
        &app,
        &[
            ("scope", "openid offline_access admin read"),
            ("prompt", "none"),
        ],
    );
    let code = browser.code("chief@example.com", &silent).await;
    let fresh = server.redeem(&app, &code).await.expect(200).json();
    let mut tokens = vec![fresh["access_token"].as_str().unwrap().to_owned()];
    let mut refresh = fresh["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let call = server.post("/oauth/token").basic(&app.id, &app.secret);
        let call = call.form(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
        let next = call.send().await.expect(200).json();
        tokens.push(next["access_token"].as_str().unwrap().to_owned());
        refresh = next["refresh_token"].as_str().unwrap().to_owned();
    }
    for token in &tokens {
        let claims = doorward_tests::browser::claims(token);
        assert_eq!(claims["auth_time"], signed_in["auth_time"], "{claims}");
        mint(token, "/admin/apikeys")
            .await
            .refused(401, "step_up_required");
    }
}

#[tokio::test]
async fn a_profile_is_first_party_and_a_key_reads_what_it_may_do_itself() {
    let server = Server::start();
    let app = server.app(json!({})).await;
    let ada = server.register("ada@example.com").await;
    let with = granted(&server, &app, "ada@example.com", "openid email read").await;
    let without = granted(&server, &app, "ada@example.com", "openid read").await;
    let token = |given: &Value| given["access_token"].as_str().unwrap().to_owned();
    let me = async |token: &str| server.me(token).await;
    me(&token(&with)).await.refused(403, "insufficient_scope");
    let own = me(&ada.access).await.expect(200).json();
    assert!(own.get("apiKey").is_none(), "{own}");
    let client = server.client(&["read"]).await;
    let client = server.client_token(&client).await;
    me(&client).await.refused(403, "insufficient_scope");
    let minted = server.key_of(&ada, &["read:orders"]).await;
    let key = minted["key"].as_str().unwrap().to_owned();
    let seen = me(&key).await.expect(200).json();
    assert_eq!(seen["permissions"], json!(["read:orders"]));
    assert_eq!(seen["id"], ada.id);
    let expected = json!({"id": minted["id"], "name": "a test's", "environment": "live"});
    assert_eq!(seen["apiKey"], expected);
    // Of the key that which its owner may still do.
    let path = format!("/admin/users/{}", ada.id);
    role(&server, "none", &[]).await;
    server
        .admin("PATCH", &path, Some(json!({"role": "none"})))
        .await;
    assert_eq!(me(&key).await.expect(200).json()["permissions"], json!([]));
    server
        .admin("PATCH", &path, Some(json!({"role": "customer"})))
        .await;

    // The address: the person's own token, one that was given it, or whoever reads every account.
    let reads = json!({"permissions": ["admin:users:read"]});
    server.admin("PATCH", &path, Some(reads)).await;
    let reader = server.login("ada@example.com").await;
    let reader = server.key_of(&reader, &["admin:users:read"]).await;
    let reader = reader["key"].as_str().unwrap().to_owned();
    for (token, shown) in [
        (&ada.access, true),
        (&token(&with), true),
        (&token(&without), false),
        (&key, false),
        (&reader, true),
    ] {
        let told = whoami(&server, token).await;
        assert_eq!(told["email"] == "ada@example.com", shown, "{told}");
    }
    let asks = |by: String, token: String| {
        let call = server.post("/oauth/introspect").bearer(&by);
        async move {
            call.form(&[("token", &token)])
                .send()
                .await
                .expect(200)
                .json()
        }
    };
    let sees = server.key(&["admin:sessions:read"]).await;
    let sees_people = server
        .key(&["admin:sessions:read", "admin:users:read"])
        .await;
    for (token, shown) in [
        (&ada.access, true),
        (&token(&with), true),
        (&token(&without), false),
        (&key, false),
    ] {
        let told = asks(sees.clone(), token.clone()).await;
        assert_eq!(told["active"], true);
        assert_eq!(told["username"] == "ada@example.com", shown, "{told}");
        let told = asks(sees_people.clone(), token.clone()).await;
        assert_eq!(told["username"], "ada@example.com", "{told}");
    }
}

#[tokio::test]
async fn audit_details_are_structured_and_name_the_client_a_person_acted_through() {
    let server = Server::start();
    let app = json!({"grantTypes": ["authorization_code"],
                     "scopes": ["openid", "admin:apikeys", "admin:users"]});
    let app = server.app(app).await;
    server.administrator("chief@example.com").await;
    let scope = "openid admin:apikeys admin:users";
    let given = granted(&server, &app, "chief@example.com", scope).await;
    let token = given["access_token"].as_str().unwrap().to_owned();
    let body = json!({"name": "x", "scopes": ["admin:apikeys", "admin:users"]});
    let minted = send(&server, &token, ("POST", "/admin/apikeys"), body).await;
    let key = minted.expect(201).field("id");
    let forged = "y, scopes [admin:apikeys admin:users] to [read]: on the chief's order";
    let path = format!("/admin/apikeys/{key}");
    let body = json!({"name": forged});
    send(&server, &token, ("PATCH", &path), body)
        .await
        .expect(200);
    let body = json!({"scopes": ["admin:users"]});
    server.admin("PATCH", &path, Some(body)).await;
    let events = server
        .admin(
            "GET",
            &format!("/admin/events?target={key}&sort=time:asc"),
            None,
        )
        .await;
    let event = |at: usize| events["data"][at].clone();
    assert_eq!(event(0)["clientId"], app.id);
    assert_eq!(event(0)["changes"]["name"], json!([null, "x"]));
    let scopes = json!([null, ["admin:apikeys", "admin:users"]]);
    assert_eq!(event(0)["changes"]["scopes"], scopes);
    assert_eq!(event(1)["changes"], json!({"name": ["x", forged]}));
    assert_eq!(event(1)["clientId"], app.id);
    let detail = event(1)["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, format!("name x to {forged:?}"));
    let scopes = json!([["admin:apikeys", "admin:users"], ["admin:users"]]);
    assert_eq!(event(2)["changes"], json!({ "scopes": scopes }));
    assert!(event(2).get("clientId").is_none(), "{}", event(2));
    let user = send(
        &server,
        &token,
        ("POST", "/admin/users"),
        json!({"email": "b@example.com"}),
    )
    .await;
    let user = format!("/admin/users/{}", user.expect(201).field("id"));
    let body = json!({"role": "admin", "email": "bob@example.com"});
    server.admin("PATCH", &user, Some(body)).await;
    let events = server
        .admin("GET", "/admin/events?action=user.updated", None)
        .await;
    let changes = &events["data"][0]["changes"];
    assert_eq!(changes["role"], json!(["customer", "admin"]));
    assert_eq!(
        changes["email"],
        json!(["b@example.com", "bob@example.com"])
    );
}

/// Its secret introspects everybody's tokens: learning it takes what registering such a client takes.
#[tokio::test]
async fn the_secret_of_a_client_that_sees_all_is_for_those_who_may_see_all() {
    let server = Server::with()
        .set("issuer", "http://localhost:4711")
        .start();
    let app = |resource: &str| {
        json!({"name": "rs", "redirectUris": [], "grantTypes": ["client_credentials"], "scopes": [],
               "confidential": true, "resources": [resource]})
    };
    let clerk = server.key(&["admin:clients"]).await;
    let auditor = server.key(&["admin:clients", "admin:sessions:read"]).await;
    let post =
        async |by: &str, path: &str, body: Value| send(&server, by, ("POST", path), body).await;
    for own in ["http://localhost:4711", "http://localhost:4711/"] {
        post(&clerk, "/admin/clients", app(own))
            .await
            .refused(403, "insufficient_scope");
        let made = post(&auditor, "/admin/clients", app(own)).await.expect(201);
        let path = format!("/admin/clients/{}/secret", made.field("id"));
        let refused = post(&clerk, &path, json!({})).await;
        refused.refused(403, "insufficient_scope");
        assert!(
            refused.text().contains("admin:sessions:read"),
            "{}",
            refused.text()
        );
        post(&auditor, &path, json!({})).await.expect(200);
    }
    let other = post(&clerk, "/admin/clients", app("https://api.example/")).await;
    let path = format!("/admin/clients/{}/secret", other.expect(201).field("id"));
    post(&clerk, &path, json!({})).await.expect(200);
}

#[tokio::test]
async fn whoever_names_the_keys_of_a_resource_server_must_be_allowed_what_it_sees() {
    let server = Server::start();
    let issuer = server.url();
    let keys = json!({"keys": [{
        "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "k",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }]});
    let few = server.key(&["admin:clients"]).await;
    let enough = ["admin:clients", "admin:sessions:read", "admin:apikeys:read"];
    let enough = server.key(&enough).await;
    for what in [
        json!({"resourceServer": true}),
        json!({"resources": [issuer]}),
    ] {
        let mut body = json!({"name": "API", "grantTypes": ["client_credentials"], "scopes": []});
        let members = body.as_object_mut().unwrap();
        members.extend(what.as_object().unwrap().clone());
        let made = server.admin("POST", "/admin/clients", Some(body)).await;
        let path = format!("/admin/clients/{}", made["id"].as_str().unwrap());
        for change in [
            json!({"tokenEndpointAuthMethod": "private_key_jwt", "jwks": keys}),
            json!({"tokenEndpointAuthMethod": "client_secret_post"}),
        ] {
            let change = |by: &str| server.call("PATCH", &path).bearer(by).json(change.clone());
            let refused = change(&few).send().await;
            refused.refused(403, "insufficient_scope");
            change(&enough).send().await.expect(200);
        }
        // What gives nothing is for whoever may change clients.
        let name = server.call("PATCH", &path).bearer(&few);
        name.json(json!({"name": "Another"}))
            .send()
            .await
            .expect(200);
    }
}
