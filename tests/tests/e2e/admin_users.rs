//! `/admin/users`, and that there is always an administrator left.

use doorward_tests::{PASSWORD, Reply, Server, fields, is_id, is_time};
use serde_json::{Value, json};

const ROW: &str = "createdAt disabled email emailVerified firstName groups id lastLoginAt lastName permissions role";

async fn send(server: &Server, method: &str, path: &str, body: Value) -> Reply {
    let call = server.call(method, path).bearer(&server.operator_key());
    if body.is_null() {
        call.send().await
    } else {
        call.json(body).send().await
    }
}

async fn sign_in(server: &Server, email: &str, password: &str) -> u16 {
    let body = json!({"email": email, "password": password});
    server.post("/auth/login").json(body).send().await.status
}

async fn create(server: &Server, body: Value) -> String {
    let made = send(server, "POST", "/admin/users", body).await.expect(201);
    format!("/admin/users/{}", made.field("id"))
}

#[tokio::test]
async fn a_user_is_created_with_what_is_given() {
    let server = Server::start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "firstName": "Ada", "lastName": "Lovelace",
        "role": "admin", "permissions": ["read:orders", "fly"]});
    let made = send(&server, "POST", "/admin/users", body)
        .await
        .expect(201)
        .json();
    assert_eq!(fields(&made), ROW);
    assert!(is_id(&made["id"], "user_") && is_time(&made["createdAt"]));
    let expected = json!({"id": made["id"], "createdAt": made["createdAt"], "email": "ada@example.com", "firstName": "Ada",
        "lastName": "Lovelace", "role": "admin", "permissions": ["fly", "read:orders"], "disabled": false, "lastLoginAt": null,
        "groups": [], "emailVerified": true});
    assert_eq!(made, expected);
    let path = format!("/admin/users/{}", made["id"].as_str().unwrap());
    assert_eq!(
        send(&server, "GET", &path, Value::Null)
            .await
            .expect(200)
            .json(),
        expected
    );
    assert_eq!(sign_in(&server, "ada@example.com", PASSWORD).await, 200);
    let after = send(&server, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    assert!(is_time(&after["lastLoginAt"]));

    let plain = send(
        &server,
        "POST",
        "/admin/users",
        json!({"email": "bob@example.com"}),
    )
    .await;
    let plain = plain.expect(201).json();
    assert_eq!(
        (&plain["role"], &plain["permissions"]),
        (&json!("customer"), &json!([]))
    );
    assert_eq!(plain["firstName"], Value::Null);
}

#[tokio::test]
async fn what_a_user_is_created_with_is_checked() {
    let server = Server::start();
    server.register("taken@example.com").await;
    let cases = [
        (
            json!({"email": "Taken@Example.com"}),
            409,
            "email_taken",
            "email",
        ),
        (
            json!({"email": "nonsense"}),
            422,
            "validation_failed",
            "email",
        ),
        (
            json!({"email": "a\u{200b}@example.com"}),
            422,
            "validation_failed",
            "email",
        ),
        (
            json!({"email": "x@example.com", "password": "short"}),
            422,
            "validation_failed",
            "password",
        ),
        (
            json!({"email": "x@example.com", "password": "password"}),
            422,
            "validation_failed",
            "password",
        ),
        (
            json!({"email": "x@example.com", "role": "no-such"}),
            422,
            "validation_failed",
            "role",
        ),
        (
            json!({"email": "x@example.com", "permissions": ["Admin"]}),
            422,
            "validation_failed",
            "permissions",
        ),
        (
            json!({"email": "x@example.com", "firstName": "a\u{0}"}),
            422,
            "validation_failed",
            "firstName",
        ),
    ];
    for (body, status, code, field) in cases {
        let refused = send(&server, "POST", "/admin/users", body.clone()).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.text());
        refused.refused_at(status, code, field);
    }
    let users = server.admin("GET", "/admin/users", None).await;
    assert_eq!(users["pagination"]["total"], 1);
}

#[tokio::test]
async fn a_creation_sent_again_makes_one_user() {
    let server = Server::start();
    let create = async |email: &str| {
        let call = server.post("/admin/users").bearer(&server.operator_key());
        let call = call
            .header("idempotency-key", "k1")
            .json(json!({"email": email}));
        call.send().await
    };
    let first = create("ada@example.com").await.expect(201).json();
    assert_eq!(create("ada@example.com").await.expect(201).json(), first);
    create("bob@example.com").await.refused(409, "conflict");
}

#[tokio::test]
async fn every_part_of_a_user_can_be_changed() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    server.register("bob@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    let patch = async |body: Value| send(&server, "PATCH", &path, body).await;
    let changed = patch(json!({"firstName": "Ada", "lastName": "Lovelace"}))
        .await
        .expect(200)
        .json();
    assert_eq!(fields(&changed), ROW);
    assert_eq!(changed["firstName"], "Ada");
    let changed = patch(json!({"lastName": null})).await.expect(200).json();
    assert_eq!(
        (&changed["firstName"], &changed["lastName"]),
        (&json!("Ada"), &Value::Null)
    );

    let changed = patch(json!({"email": "ada@new.example"}))
        .await
        .expect(200)
        .json();
    assert_eq!(changed["email"], "ada@new.example");
    assert_eq!(sign_in(&server, "ada@new.example", PASSWORD).await, 200);
    assert_eq!(sign_in(&server, "ada@example.com", PASSWORD).await, 401);
    patch(json!({"email": "BOB@example.com"}))
        .await
        .refused_at(409, "email_taken", "email");
    patch(json!({"email": "x"}))
        .await
        .refused_at(422, "validation_failed", "email");
    patch(json!({"email": "Ada@New.example"})).await.expect(200);

    patch(json!({"role": "no-such"}))
        .await
        .refused_at(422, "validation_failed", "role");
    patch(json!({"permissions": ["x y"]})).await.refused_at(
        422,
        "validation_failed",
        "permissions",
    );
    let changed = patch(json!({"role": "admin", "permissions": ["fly"]}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["role"], &changed["permissions"]),
        (&json!("admin"), &json!(["fly"]))
    );
    let same = patch(json!({})).await.expect(200).json();
    assert_eq!(same, changed);
    patch(json!({"disabled": null, "role": null}))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_disabled_user_is_out_until_enabled() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    let off = send(&server, "PATCH", &path, json!({"disabled": true}))
        .await
        .expect(200);
    assert_eq!(off.json()["disabled"], true);
    let me = server.me(&ada.access).await;
    me.refused(401, "token_revoked");
    assert_eq!(sign_in(&server, "ada@example.com", PASSWORD).await, 403);
    // An operator can still set a password and look.
    let body = json!({"password": "another good one"});
    send(&server, "POST", &format!("{path}/password"), body)
        .await
        .expect(204);
    let on = send(&server, "PATCH", &path, json!({"disabled": false}))
        .await
        .expect(200);
    assert_eq!(on.json()["disabled"], false);
    assert_eq!(
        sign_in(&server, "ada@example.com", "another good one").await,
        200
    );
}

#[tokio::test]
async fn a_deleted_user_leaves_the_address_free() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    send(&server, "DELETE", &path, Value::Null)
        .await
        .expect(204);
    for (method, path, body) in [
        ("GET", path.clone(), Value::Null),
        ("DELETE", path.clone(), Value::Null),
        ("PATCH", path.clone(), json!({"disabled": true})),
        (
            "POST",
            format!("{path}/password"),
            json!({"password": "another good one"}),
        ),
        ("POST", format!("{path}/sessions/revoke"), Value::Null),
        ("GET", "/admin/users/nonsense".into(), Value::Null),
        (
            "GET",
            format!("/admin/users/{}", ada.id.to_uppercase()),
            Value::Null,
        ),
    ] {
        send(&server, method, &path, body)
            .await
            .refused(404, "not_found");
    }
    assert_eq!(sign_in(&server, "ada@example.com", PASSWORD).await, 401);
    let again = server.register("ada@example.com").await;
    assert_ne!(again.id, ada.id);
    let me = server.me(&ada.access).await;
    me.refused(401, "token_revoked");
}

#[tokio::test]
async fn an_operator_sets_a_password_and_ends_sessions() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    server.login("ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    let ended = send(
        &server,
        "POST",
        &format!("{path}/sessions/revoke"),
        Value::Null,
    )
    .await;
    assert_eq!(ended.expect(200).json()["revoked"], 2);
    let again = send(
        &server,
        "POST",
        &format!("{path}/sessions/revoke"),
        Value::Null,
    )
    .await;
    assert_eq!(again.expect(200).json()["revoked"], 0);
    let ada = server.login("ada@example.com").await;
    let password = format!("{path}/password");
    for bad in ["short", "password", &"x".repeat(1025)] {
        send(&server, "POST", &password, json!({"password": bad}))
            .await
            .refused_at(422, "validation_failed", "password");
    }
    server.me(&ada.access).await.expect(200);
    send(
        &server,
        "POST",
        &password,
        json!({"password": "another good one"}),
    )
    .await
    .expect(204);
    let me = server.me(&ada.access).await;
    me.refused(401, "token_revoked");
    assert_eq!(sign_in(&server, "ada@example.com", PASSWORD).await, 401);
    assert_eq!(
        sign_in(&server, "ada@example.com", "another good one").await,
        200
    );
}

#[tokio::test]
async fn users_are_found_by_role_and_state() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    server.register("bob@example.com").await;
    server.administrator("chief@example.com").await;
    server
        .admin(
            "PATCH",
            &format!("/admin/users/{}", ada.id),
            Some(json!({"disabled": true})),
        )
        .await;
    let found = async |query: &str| {
        let page = server
            .admin("GET", &format!("/admin/users?sort=email&{query}"), None)
            .await;
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| row["email"].as_str().unwrap().replace("@example.com", ""))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(found("role=admin").await, "chief");
    assert_eq!(found("role=customer").await, "ada bob");
    assert_eq!(found("role=none").await, "");
    assert_eq!(found("disabled=true").await, "ada");
    assert_eq!(found("disabled=false").await, "bob chief");
    assert_eq!(found("disabled=false&role=customer&q=bo").await, "bob");
    assert_eq!(found(&format!("q={}", ada.id)).await, "ada");
    let odd = server
        .get("/admin/users?disabled=perhaps")
        .bearer(&server.operator_key());
    odd.send()
        .await
        .refused_at(400, "invalid_request", "disabled");
}

#[tokio::test]
async fn an_address_in_any_spelling_finds_its_one_account() {
    let server = Server::start();
    let ada = server.register("ada@b\u{fc}cher.example").await;
    server.register("ada@b\u{fc}cher.example.org").await;
    let found = async |email: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
        let encoded = |byte: u8| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        };
        let email: String = email.bytes().map(encoded).collect();
        let page = server
            .admin("GET", &format!("/admin/users?email={email}"), None)
            .await;
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| row["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for spelling in [
        "ada@b\u{fc}cher.example",
        "ADA@B\u{dc}CHER.example",
        "ada@bu\u{308}cher.example",
        "ada@xn--bcher-kva.example",
    ] {
        assert_eq!(
            found(spelling).await,
            std::slice::from_ref(&ada.id),
            "{spelling}"
        );
    }
    assert!(found("da@b\u{fc}cher.example").await.is_empty());
    for odd in ["", "ada", "ada@", "a%20da@example.org"] {
        let odd = server
            .get(&format!("/admin/users?email={odd}"))
            .bearer(&server.operator_key());
        odd.send().await.refused_at(400, "invalid_request", "email");
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let server = Server::start();
    let chief = create(
        &server,
        json!({"email": "chief@example.com", "role": "admin"}),
    )
    .await;
    let demote = [
        ("PATCH", chief.as_str(), json!({"disabled": true})),
        ("PATCH", &chief, json!({"role": "customer"})),
        ("DELETE", &chief, Value::Null),
        (
            "PUT",
            "/admin/roles/admin",
            json!({"permissions": ["read"]}),
        ),
        ("PUT", "/admin/roles/admin", json!({"permissions": []})),
        ("DELETE", "/admin/roles/admin", Value::Null),
    ];
    for (method, path, body) in &demote {
        send(&server, method, path, body.clone())
            .await
            .refused(409, "conflict");
    }
    // Neither a disabled one nor one who may less makes up for them.
    let idle = create(
        &server,
        json!({"email": "idle@example.com", "role": "admin"}),
    )
    .await;
    send(&server, "PATCH", &idle, json!({"disabled": true}))
        .await
        .expect(200);
    create(&server, json!({"email": "most@example.com", "permissions": ["admin:users", "admin:roles", "administrate"]})).await;
    for (method, path, body) in &demote[..3] {
        send(&server, method, path, body.clone())
            .await
            .refused(409, "conflict");
    }
    // A change that takes nothing away is none of this.
    send(
        &server,
        "PATCH",
        &chief,
        json!({"firstName": "Chief", "permissions": ["fly"]}),
    )
    .await
    .expect(200);
    // With another who may everything by themselves, they may go.
    let own = create(
        &server,
        json!({"email": "own@example.com", "permissions": ["admin"]}),
    )
    .await;
    send(&server, "PATCH", &chief, json!({"role": "customer"}))
        .await
        .expect(200);
    for body in [
        json!({"permissions": []}),
        json!({"permissions": ["admin:users"]}),
        json!({"disabled": true}),
    ] {
        send(&server, "PATCH", &own, body)
            .await
            .refused(409, "conflict");
    }
    send(&server, "DELETE", &own, Value::Null)
        .await
        .refused(409, "conflict");
    // Or with one who has it from a role of the operator's making, which then stays as well.
    send(
        &server,
        "PUT",
        "/admin/roles/ops",
        json!({"permissions": ["admin"]}),
    )
    .await
    .expect(201);
    let ops = create(&server, json!({"email": "ops@example.com", "role": "ops"})).await;
    send(&server, "DELETE", &own, Value::Null).await.expect(204);
    send(
        &server,
        "PUT",
        "/admin/roles/ops",
        json!({"permissions": ["read"]}),
    )
    .await
    .refused(409, "conflict");
    send(&server, "DELETE", "/admin/roles/ops", Value::Null)
        .await
        .refused(409, "conflict");
    send(&server, "PATCH", &ops, json!({"role": "admin"}))
        .await
        .expect(200);
    send(&server, "DELETE", "/admin/roles/ops", Value::Null)
        .await
        .expect(204);
    let users = server
        .admin("GET", "/admin/users?role=admin&disabled=false", None)
        .await;
    assert_eq!(users["pagination"]["total"], 1);
}

#[tokio::test]
async fn two_administrators_cannot_remove_each_other_at_once() {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    for round in 0..10 {
        let one = create(
            &server,
            json!({"email": format!("one{round}@example.com"), "role": "admin"}),
        )
        .await;
        let two = create(
            &server,
            json!({"email": format!("two{round}@example.com"), "role": "admin"}),
        )
        .await;
        let (a, b) = tokio::join!(
            send(&server, "PATCH", &one, json!({"role": "customer"})),
            send(&server, "DELETE", &two, Value::Null),
        );
        let done = [a.status, b.status]
            .into_iter()
            .filter(|status| *status < 300);
        if round == 0 {
            assert_eq!(done.count(), 1, "one of them was the last");
        }
        let left = server.admin("GET", "/admin/users?role=admin", None).await;
        assert!(
            left["pagination"]["total"].as_u64() >= Some(1),
            "nobody is left"
        );
    }
}

#[tokio::test]
async fn whoever_may_not_run_the_server_takes_nothing_from_those_who_do() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    let promoted = json!({"role": "admin"});
    server.admin("PATCH", &path, Some(promoted)).await;
    let clerk = server.key(&["admin:users", "admin:clients", "read"]).await;
    let send = async |method: &str, path: &str, body: Value| {
        let call = server.call(method, path).bearer(&clerk).json(body);
        call.send().await
    };
    for body in [json!({"role": "customer"}), json!({"permissions": []})] {
        send("PATCH", &path, body)
            .await
            .refused(403, "insufficient_scope");
    }
    send("PATCH", &path, json!({"firstName": "Ada"}))
        .await
        .expect(200);

    let strong = server.client(&["admin"]).await;
    let path = format!("/admin/clients/{}", strong.id);
    send("PATCH", &path, json!({"scopes": []}))
        .await
        .refused(403, "insufficient_scope");
    let nosy = json!({"name": "x", "redirectUris": [], "grantTypes": ["client_credentials"], "scopes": [],
                      "confidential": true, "resources": [server.url()]});
    send("POST", "/admin/clients", nosy)
        .await
        .refused(403, "insufficient_scope");
}
