//! Scopes, roles and permissions: who may call what, and from when on no longer.

use doorward_tests::{Call, PASSWORD, Reply, Server};
use serde_json::{Value, json};

const NOBODY: &str = "user_00000000000000000000000000";

/// Each call of the admin API, with its scope. Reading is also open to the `:read` half.
const CALLS: &[(&str, &str, &str)] = &[
    ("GET", "/admin/users", "admin:users"),
    ("POST", "/admin/users", "admin:users"),
    ("GET", "/admin/users/{user}", "admin:users"),
    ("PATCH", "/admin/users/{user}", "admin:users"),
    ("DELETE", "/admin/users/{user}", "admin:users"),
    ("POST", "/admin/users/{user}/password", "admin:users"),
    ("POST", "/admin/users/{user}/sessions/revoke", "admin:users"),
    ("GET", "/admin/sessions", "admin:sessions"),
    ("GET", "/admin/sessions/x", "admin:sessions"),
    ("DELETE", "/admin/sessions/x", "admin:sessions"),
    ("POST", "/admin/sessions/revoke", "admin:sessions"),
    ("GET", "/admin/apikeys", "admin:apikeys"),
    ("POST", "/admin/apikeys", "admin:apikeys"),
    ("GET", "/admin/apikeys/x", "admin:apikeys"),
    ("PATCH", "/admin/apikeys/x", "admin:apikeys"),
    ("POST", "/admin/apikeys/x/rotate", "admin:apikeys"),
    ("DELETE", "/admin/apikeys/x", "admin:apikeys"),
    ("GET", "/admin/clients", "admin:clients"),
    ("POST", "/admin/clients", "admin:clients"),
    ("GET", "/admin/clients/x", "admin:clients"),
    ("PATCH", "/admin/clients/x", "admin:clients"),
    ("DELETE", "/admin/clients/x", "admin:clients"),
    ("POST", "/admin/clients/x/secret", "admin:clients"),
    ("GET", "/admin/roles", "admin:roles"),
    ("PUT", "/admin/roles/{role}", "admin:roles"),
    ("DELETE", "/admin/roles/{role}", "admin:roles"),
    ("GET", "/admin/events", "admin:events"),
    ("GET", "/admin/stats", "admin:server"),
    ("GET", "/admin/keys", "admin:keys"),
    ("POST", "/admin/keys/rotate", "admin:keys"),
    ("GET", "/admin/server", "admin:server"),
    ("POST", "/admin/server/backup", "admin:server"),
];

fn call(server: &Server, (method, path): (&str, &str), token: &str) -> Call {
    let path = path.replace("{user}", NOBODY).replace("{role}", "no-such");
    let call = server.call(method, &path).bearer(token);
    // Nothing that would pass: who may is judged before what is asked for.
    if method == "GET" {
        call
    } else {
        call.json(json!({"nonsense": 1}))
    }
}

fn forbidden(reply: &Reply, scope: &str, what: &str) {
    assert_eq!(reply.status, 403, "{what}: {}", reply.text());
    reply.refused(403, "insufficient_scope");
    let message = reply.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains(scope), "{what}: {message}");
    let challenge = reply.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer") && challenge.contains(scope),
        "{challenge}"
    );
}

#[tokio::test]
async fn each_admin_call_needs_its_scope_and_reading_only_the_half_of_it() {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    let ada = server.register("ada@example.com").await;
    for (method, path, scope) in CALLS {
        let what = format!("{method} {path}");
        let anonymous = server.call(
            method,
            &path.replace("{user}", NOBODY).replace("{role}", "x"),
        );
        anonymous.send().await.refused(401, "missing_token");
        let customer = call(&server, (method, path), &ada.access).send().await;
        forbidden(&customer, scope, &what);

        let half = server.key(&[&format!("{scope}:read")]).await;
        let by_half = call(&server, (method, path), &half).send().await;
        if *method == "GET" {
            assert!(
                [200, 404].contains(&by_half.status),
                "{what}: {}",
                by_half.text()
            );
        } else {
            forbidden(&by_half, scope, &what);
        }
        let whole = server.key(&[scope]).await;
        let by_whole = call(&server, (method, path), &whole).send().await;
        assert!(
            ![401, 403, 500].contains(&by_whole.status),
            "{what}: {}",
            by_whole.text()
        );
        // All the others together do not help, nor does what only starts alike.
        let others: Vec<_> = CALLS
            .iter()
            .map(|(.., other)| *other)
            .filter(|other| other != scope)
            .collect();
        let alike = format!("{scope}x");
        let others = server
            .key(&[&others[..], &["read", "write", &alike]].concat())
            .await;
        forbidden(
            &call(&server, (method, path), &others).send().await,
            scope,
            &what,
        );
    }
}

#[tokio::test]
async fn anybody_may_ask_who_they_are() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let whoami = async |token: &str| {
        server
            .get("/admin/whoami")
            .bearer(token)
            .send()
            .await
            .expect(200)
            .json()
    };
    let person = whoami(&ada.access).await;
    assert_eq!(person["id"], ada.id);
    assert_eq!(person["scopes"], json!(["read", "write"]));
    let operator = whoami(&server.operator_key()).await;
    assert_eq!(operator["scopes"], json!(["admin"]));
    let client = server.client(&["read:orders"]).await;
    let client_token = server.client_token(&client).await;
    let client_told = whoami(&client_token).await;
    assert_eq!(
        (&client_told["id"], &client_told["scopes"]),
        (&json!(client.id), &json!(["read:orders"]))
    );
    server
        .get("/admin/whoami")
        .send()
        .await
        .refused(401, "missing_token");
}

async fn support(server: &Server, role: &str, permissions: &[&str]) {
    let path = format!("/admin/roles/{role}");
    server
        .admin("PUT", &path, Some(json!({"permissions": permissions})))
        .await;
}

async fn with_role(server: &Server, email: &str, role: &str, own: &[&str]) -> String {
    let body = json!({"email": email, "password": PASSWORD, "role": role, "permissions": own});
    let user = server.admin("POST", "/admin/users", Some(body)).await;
    user["id"].as_str().unwrap().to_owned()
}

async fn users(server: &Server, token: &str) -> Reply {
    server.get("/admin/users").bearer(token).send().await
}

#[tokio::test]
async fn what_is_taken_away_is_gone_on_the_next_request() {
    let server = Server::start();
    support(&server, "support", &["read", "admin:users:read"]).await;
    let id = with_role(
        &server,
        "ada@example.com",
        "support",
        &["admin:events:read"],
    )
    .await;
    let ada = server.login("ada@example.com").await;
    let minted = server
        .key_of(&ada, &["admin:users:read", "admin:events:read"])
        .await;
    let key = minted["key"].as_str().unwrap();
    let user = format!("/admin/users/{id}");
    let events = async |token: &str| server.get("/admin/events").bearer(token).send().await;

    for token in [&ada.access, key] {
        users(&server, token).await.expect(200);
        events(token).await.expect(200);
    }
    // The user's own permission.
    server
        .admin("PATCH", &user, Some(json!({"permissions": []})))
        .await;
    for token in [&ada.access, key] {
        users(&server, token).await.expect(200);
        events(token).await.refused(403, "insufficient_scope");
    }
    // The role's.
    support(&server, "support", &["read"]).await;
    for token in [&ada.access, key] {
        users(&server, token)
            .await
            .refused(403, "insufficient_scope");
    }
    // Given back, it counts again: the token was granted it.
    support(&server, "support", &["admin:users"]).await;
    users(&server, &ada.access).await.expect(200);
    // The role itself.
    server
        .admin("PATCH", &user, Some(json!({"role": "customer"})))
        .await;
    for token in [&ada.access, key] {
        users(&server, token)
            .await
            .refused(403, "insufficient_scope");
    }
    let me = server.me(&ada.access).await.expect(200).json();
    assert_eq!(
        (&me["role"], &me["permissions"]),
        (&json!("customer"), &json!(["read", "write"]))
    );
}

#[tokio::test]
async fn what_is_granted_later_needs_a_new_login() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    server
        .admin(
            "PATCH",
            &path,
            Some(json!({"permissions": ["admin:users:read"]})),
        )
        .await;
    users(&server, &ada.access)
        .await
        .refused(403, "insufficient_scope");
    let body = json!({"refreshToken": ada.refresh});
    let refreshed = server
        .post("/auth/refresh")
        .json(body)
        .send()
        .await
        .expect(200);
    assert_eq!(refreshed.field("scope"), "read write");
    users(&server, &refreshed.field("accessToken"))
        .await
        .refused(403, "insufficient_scope");
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let login = server
        .post("/auth/login")
        .json(body)
        .send()
        .await
        .expect(200);
    assert_eq!(login.field("scope"), "admin:users:read read write");
    users(&server, &login.field("accessToken"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_refresh_after_a_demotion_says_the_smaller_scope() {
    let server = Server::start();
    let chief = server.administrator("chief@example.com").await;
    server.administrator("other@example.com").await;
    let path = format!("/admin/users/{}", chief.id);
    server
        .admin("PATCH", &path, Some(json!({"role": "customer"})))
        .await;
    let body = json!({"refreshToken": chief.refresh});
    let refreshed = server
        .post("/auth/refresh")
        .json(body)
        .send()
        .await
        .expect(200);
    assert_eq!(refreshed.field("scope"), "read write");
}

#[tokio::test]
async fn permissions_are_the_roles_and_the_users_own() {
    let server = Server::start();
    support(&server, "clerk", &["read:orders"]).await;
    with_role(&server, "ada@example.com", "clerk", &["write:orders"]).await;
    let ada = server.login("ada@example.com").await;
    let me = server.me(&ada.access).await.expect(200).json();
    assert_eq!(me["permissions"], json!(["read:orders", "write:orders"]));
    // No more than that: `read` itself is above what they hold.
    let body = json!({"name": "x", "scopes": ["read"]});
    let wide = server
        .post("/apikey")
        .bearer(&ada.access)
        .json(body)
        .send()
        .await;
    wide.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_hold() {
    let server = Server::start();
    let helper = server
        .key(&[
            "admin:users",
            "admin:apikeys",
            "admin:clients",
            "admin:roles",
            "read",
        ])
        .await;
    let ada = server.register("ada@example.com").await;
    let user = format!("/admin/users/{}", ada.id);
    let give = async |method: &str, path: &str, body: Value| {
        server
            .call(method, path)
            .bearer(&helper)
            .json(body)
            .send()
            .await
    };
    let refusals = [
        (
            "POST",
            "/admin/users",
            json!({"email": "x@example.com", "role": "admin"}),
        ),
        (
            "POST",
            "/admin/users",
            json!({"email": "x@example.com", "permissions": ["admin"]}),
        ),
        (
            "POST",
            "/admin/users",
            json!({"email": "x@example.com", "permissions": ["admin:keys"]}),
        ),
        ("PATCH", &user, json!({"role": "admin"})),
        ("PATCH", &user, json!({"permissions": ["write"]})),
        (
            "PUT",
            "/admin/roles/new",
            json!({"permissions": ["admin:server:read"]}),
        ),
        (
            "PUT",
            "/admin/roles/customer",
            json!({"permissions": ["admin"]}),
        ),
        (
            "POST",
            "/admin/apikeys",
            json!({"name": "x", "scopes": ["admin"]}),
        ),
        (
            "POST",
            "/admin/apikeys",
            json!({"name": "x", "scopes": ["write"], "ownerId": ada.id}),
        ),
        (
            "POST",
            "/admin/clients",
            json!({"name": "x", "grantTypes": ["client_credentials"], "scopes": ["admin"]}),
        ),
    ];
    for (method, path, body) in refusals {
        let refused = give(method, path, body.clone()).await;
        assert_eq!(
            refused.status,
            403,
            "{method} {path} {body}: {}",
            refused.text()
        );
        refused.refused(403, "insufficient_scope");
    }
    give(
        "POST",
        "/admin/users",
        json!({"email": "y@example.com", "permissions": ["read:orders"]}),
    )
    .await
    .expect(201);
    give(
        "PUT",
        "/admin/roles/new",
        json!({"permissions": ["admin:users:read"]}),
    )
    .await
    .expect(201);
    give(
        "POST",
        "/admin/apikeys",
        json!({"name": "x", "scopes": ["read"]}),
    )
    .await
    .expect(201);
}

#[tokio::test]
async fn nobody_gets_at_the_secrets_of_those_who_may_more() {
    let server = Server::start();
    let helper = server
        .key(&["admin:users", "admin:apikeys", "admin:clients"])
        .await;
    let chief = server.administrator("chief@example.com").await;
    let minted = server.key_of(&chief, &["admin"]).await;
    let client = server.client(&["admin"]).await;
    let post = async |path: String, body: Value| {
        server.post(&path).bearer(&helper).json(body).send().await
    };
    let password = json!({"password": "another good one"});
    post(format!("/admin/users/{}/password", chief.id), password)
        .await
        .refused(403, "insufficient_scope");
    let key = minted["id"].as_str().unwrap();
    post(format!("/admin/apikeys/{key}/rotate"), json!({}))
        .await
        .refused(403, "insufficient_scope");
    post(format!("/admin/clients/{}/secret", client.id), json!({}))
        .await
        .refused(403, "insufficient_scope");
    let body = json!({"redirectUris": ["https://evil.example/cb"]});
    let path = format!("/admin/clients/{}", client.id);
    let moved = server.patch(&path).bearer(&helper).json(body).send().await;
    moved.refused(403, "insufficient_scope");
    server.login("chief@example.com").await;
}

#[tokio::test]
async fn whoever_holds_admin_may_give_anything() {
    let server = Server::start();
    let chief = server.administrator("chief@example.com").await;
    let ada = server.register("ada@example.com").await;
    let send = async |method: &str, path: &str, body: Value| {
        server
            .call(method, path)
            .bearer(&chief.access)
            .json(body)
            .send()
            .await
    };
    send(
        "PUT",
        "/admin/roles/shipper",
        json!({"permissions": ["ship:parcels"]}),
    )
    .await
    .expect(201);
    let user = format!("/admin/users/{}", ada.id);
    let body = json!({"role": "shipper", "permissions": ["fly:drones"]});
    send("PATCH", &user, body).await.expect(200);
    // A key of somebody else's is bounded by what they may, whatever it was given.
    let body =
        json!({"name": "x", "scopes": ["ship:parcels", "admin:users:read"], "ownerId": ada.id});
    let minted = send("POST", "/admin/apikeys", body)
        .await
        .expect(201)
        .json();
    assert_eq!(minted["ownerId"], ada.id);
    let key = minted["key"].as_str().unwrap();
    let whoami = server
        .get("/admin/whoami")
        .bearer(key)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(whoami["scopes"], json!(["ship:parcels"]));
    users(&server, key).await.refused(403, "insufficient_scope");
}
