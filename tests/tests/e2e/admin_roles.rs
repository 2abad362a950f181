//! `/admin/roles`.

use doorward_tests::{Reply, Server};
use serde_json::{Value, json};

async fn send(server: &Server, method: &str, name: &str, body: Value) -> Reply {
    let call = server.call(method, &format!("/admin/roles/{name}"));
    let call = call.bearer(&server.operator_key());
    if body.is_null() {
        call.send().await
    } else {
        call.json(body).send().await
    }
}

#[tokio::test]
async fn two_roles_are_built_in() {
    let server = Server::start();
    let list = server
        .admin("GET", "/admin/roles?sort=name:asc", None)
        .await;
    let expected = json!([
        {"name": "admin", "permissions": ["admin", "read", "write"], "builtIn": true, "users": 0},
        {"name": "customer", "permissions": ["read", "write"], "builtIn": true, "users": 0},
    ]);
    assert_eq!(list["data"], expected);
    for name in ["admin", "customer"] {
        send(&server, "DELETE", name, Value::Null)
            .await
            .refused(409, "conflict");
    }
    send(
        &server,
        "PUT",
        "admin",
        json!({"permissions": ["admin:users"]}),
    )
    .await
    .refused(409, "conflict");
    send(
        &server,
        "PUT",
        "admin",
        json!({"permissions": ["admin", "read", "write", "fly"]}),
    )
    .await
    .expect(200);
}

#[tokio::test]
async fn a_role_is_put_changed_and_deleted() {
    let server = Server::start();
    let made = send(
        &server,
        "PUT",
        "clerk",
        json!({"permissions": ["write:orders", "read", "read"]}),
    )
    .await;
    let made = made.expect(201).json();
    assert_eq!(
        made,
        json!({"name": "clerk", "permissions": ["read", "write:orders"], "builtIn": false, "users": 0})
    );
    let body = json!({"email": "ada@example.com", "role": "clerk"});
    let ada = server.admin("POST", "/admin/users", Some(body)).await;
    let changed = send(&server, "PUT", "clerk", json!({"permissions": []}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["permissions"], &changed["users"]),
        (&json!([]), &json!(1))
    );
    send(&server, "DELETE", "clerk", Value::Null)
        .await
        .refused(409, "conflict");
    let path = format!("/admin/users/{}", ada["id"].as_str().unwrap());
    server
        .admin("PATCH", &path, Some(json!({"role": "customer"})))
        .await;
    send(&server, "DELETE", "clerk", Value::Null)
        .await
        .expect(204);
    for (method, body) in [("DELETE", Value::Null), ("GET", Value::Null)] {
        send(&server, method, "clerk", body)
            .await
            .refused(404, "not_found");
    }
    server
        .admin("PATCH", &path, Some(json!({"role": "customer"})))
        .await;
}

#[tokio::test]
async fn names_and_permissions_have_their_forms() {
    let server = Server::start();
    for name in [
        "Clerk",
        "1st",
        "-x",
        "a%20b",
        "a.b",
        "%C3%A9",
        "a%00",
        &"x".repeat(65),
    ] {
        let refused = send(&server, "PUT", name, json!({"permissions": []})).await;
        assert_eq!(refused.status, 422, "{name}: {}", refused.text());
        refused.refused(422, "validation_failed");
    }
    for bad in [
        "Read",
        "read:",
        ":read",
        "a b",
        "",
        "r\u{e9}ad",
        "*",
        &"x".repeat(129),
    ] {
        let refused = send(
            &server,
            "PUT",
            "clerk",
            json!({"permissions": ["read", bad]}),
        )
        .await;
        refused.refused_at(422, "validation_failed", "permissions");
    }
    let many: Vec<_> = (0..65).map(|at| format!("s{at}")).collect();
    send(&server, "PUT", "clerk", json!({"permissions": many}))
        .await
        .refused_at(422, "validation_failed", "permissions");
    send(&server, "GET", "clerk", Value::Null)
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn customers_get_what_their_role_has() {
    let server = Server::start();
    send(
        &server,
        "PUT",
        "customer",
        json!({"permissions": ["read:shop"]}),
    )
    .await
    .expect(200);
    let body = json!({"email": "ada@example.com", "password": "a long enough one"});
    let ada = server
        .post("/auth/register")
        .json(body)
        .send()
        .await
        .expect(201);
    assert_eq!(ada.field("scope"), "read:shop");
}
