//! `/admin/clients`: registration of OAuth clients.

use doorward_tests::{Client, Reply, Server, eventually, fields, is_id, is_time};
use serde_json::{Value, json};

const ROW: &str = "allowedGroups backchannelLogoutSessionRequired backchannelLogoutUri clientId clientUri confidential \
     createdAt defaultResource dynamic grantTypes id idTokenClaims jwks jwksUri logoUri name postLogoutRedirectUris \
     redirectUris requirePkce resourceServer resources scopes skipConsent tokenEndpointAuthMethod unverifiedEmail";

async fn send(server: &Server, method: &str, path: &str, body: Value) -> Reply {
    let call = server.call(method, path).bearer(&server.operator_key());
    if body.is_null() {
        call.send().await
    } else {
        call.json(body).send().await
    }
}

async fn register(server: &Server, body: Value) -> Reply {
    send(server, "POST", "/admin/clients", body).await
}

async fn token(server: &Server, client: &Client) -> Reply {
    let call = server
        .post("/oauth/token")
        .basic(&client.id, &client.secret);
    call.form(&[("grant_type", "client_credentials")])
        .send()
        .await
}

#[tokio::test]
async fn a_client_is_registered_and_its_secret_shown_once() {
    let server = Server::start();
    let body = json!({"name": "Shop", "redirectUris": ["https://shop.example/cb", "com.example.shop:/cb"],
        "grantTypes": ["authorization_code", "refresh_token", "client_credentials"],
        "scopes": ["offline_access", "openid", "read"], "confidential": true, "resources": ["https://api.example"]});
    let made = register(&server, body.clone()).await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.json();
    assert_eq!(
        fields(&made),
        ROW.replace("clientId", "clientId clientSecret")
    );
    assert!(is_id(&made["id"], "client_") && is_time(&made["createdAt"]));
    assert_eq!(made["id"], made["clientId"]);
    let secret = made["clientSecret"].as_str().unwrap();
    assert!(secret.len() >= 43, "256 bits");
    for name in [
        "name",
        "redirectUris",
        "scopes",
        "confidential",
        "resources",
    ] {
        assert_eq!(made[name], body[name], "{name}");
    }
    let path = format!("/admin/clients/{}", made["id"].as_str().unwrap());
    let one = send(&server, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(fields(&one), ROW);
    let list = send(&server, "GET", "/admin/clients", Value::Null)
        .await
        .expect(200);
    assert_eq!(list.json()["data"], json!([one]));
    assert!(!list.text().contains(secret));
}

#[tokio::test]
async fn a_public_client_has_no_secret() {
    let server = Server::start();
    let body = json!({"name": "App", "redirectUris": ["http://127.0.0.1/cb"], "grantTypes": ["authorization_code"],
        "scopes": ["openid"], "confidential": false});
    let made = register(&server, body).await.expect(201).json();
    assert_eq!(
        (made["confidential"].as_bool(), made.get("clientSecret")),
        (Some(false), None)
    );
    let path = format!("/admin/clients/{}/secret", made["id"].as_str().unwrap());
    send(&server, "POST", &path, Value::Null)
        .await
        .refused(409, "conflict");
    let alone = json!({"name": "x", "grantTypes": ["client_credentials"], "confidential": false});
    register(&server, alone)
        .await
        .refused_at(422, "validation_failed", "grantTypes");
}

#[tokio::test]
async fn what_a_client_is_registered_with_is_checked() {
    let server = Server::start();
    let uris = [
        "/cb",
        "cb",
        "//host/cb",
        "",
        "https://",
        "https:///cb",
        "https://shop.example/cb#",
        "https://shop.example/#x",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "DATA:,x",
        "https://u:p@shop.example/",
        "https://shop example/",
        "https://shop.example\\@evil.example/",
        "java\nscript:alert(1)",
        "\u{0}https://shop.example/",
        "https://sh\u{f6}p.example/",
        "vbscript:x",
        "file:///etc/passwd",
    ];
    for uri in uris {
        let body = json!({"name": "x", "redirectUris": [uri], "grantTypes": ["authorization_code"], "scopes": []});
        let refused = register(&server, body).await;
        assert_eq!(refused.status, 422, "{uri:?}: {}", refused.text());
        refused.refused_at(422, "validation_failed", "redirectUris");
    }
    let base = json!({"name": "x", "redirectUris": ["https://shop.example/cb"], "grantTypes": ["authorization_code"], "scopes": ["read"]});
    let cases = [
        ("grantTypes", json!(["password"])),
        ("grantTypes", json!(["authorization_code", "password"])),
        ("grantTypes", json!(["implicit"])),
        (
            "grantTypes",
            json!(["urn:ietf:params:oauth:grant-type:device_code"]),
        ),
        ("scopes", json!(["Read"])),
        ("scopes", json!(["read write"])),
        ("name", json!("")),
        ("name", json!("a\u{202e}b")),
        ("resources", json!(["api"])),
        ("resources", json!(["https://api.example/#x"])),
        ("redirectUris", json!([])),
    ];
    for (field, value) in cases {
        let mut body = base.clone();
        body[field] = value;
        let refused = register(&server, body.clone()).await;
        assert_eq!(refused.status, 422, "{body}: {}", refused.text());
        refused.refused_at(422, "validation_failed", field);
    }
    let list = server.admin("GET", "/admin/clients", None).await;
    assert_eq!(list["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_client_is_changed_in_part() {
    let server = Server::start();
    let client = server.client(&["read", "write"]).await;
    let path = format!("/admin/clients/{}", client.id);
    let patch = async |body: Value| send(&server, "PATCH", &path, body).await;
    let held = server.client_token(&client).await;
    let changed = patch(json!({"name": "New"})).await.expect(200).json();
    assert_eq!(fields(&changed), ROW);
    assert_eq!(
        (&changed["name"], &changed["scopes"]),
        (&json!("New"), &json!(["read", "write"]))
    );
    // A scope that is taken away is gone from tokens that are out.
    patch(json!({"scopes": ["read"]})).await.expect(200);
    let whoami = server
        .get("/admin/whoami")
        .bearer(&held)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(whoami["scopes"], json!(["read"]));
    patch(json!({"grantTypes": ["password"]})).await.refused_at(
        422,
        "validation_failed",
        "grantTypes",
    );
    patch(json!({"redirectUris": ["/x"]})).await.refused_at(
        422,
        "validation_failed",
        "redirectUris",
    );
    let no_way_back = json!({"grantTypes": ["authorization_code"], "redirectUris": []});
    patch(no_way_back)
        .await
        .refused_at(422, "validation_failed", "redirectUris");
    patch(json!({"confidential": false}))
        .await
        .refused_at(400, "invalid_request", "confidential");
    patch(json!({"grantTypes": ["authorization_code"], "redirectUris": ["https://a.example/"]}))
        .await
        .expect(200);
    let refused = token(&server, &client).await;
    assert_eq!(refused.expect(400).json()["error"], "unauthorized_client");
    for id in ["client_00000000000000000000000000", "x"] {
        let path = format!("/admin/clients/{id}");
        send(&server, "PATCH", &path, json!({"name": "x"}))
            .await
            .refused(404, "not_found");
        send(&server, "DELETE", &path, Value::Null)
            .await
            .refused(404, "not_found");
        send(&server, "POST", &format!("{path}/secret"), Value::Null)
            .await
            .refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_rotated_secret_is_good_until_its_grace_ends() {
    let server = Server::start();
    let mut client = server.client(&["read"]).await;
    let path = format!("/admin/clients/{}/secret", client.id);
    let held = server.client_token(&client).await;
    let rotated = send(&server, "POST", &path, Value::Null).await;
    assert!(matches!(rotated.status, 200 | 201), "{}", rotated.text());
    assert_eq!(rotated.header("cache-control"), "no-store");
    let old = client.clone();
    client.secret = rotated.field("clientSecret");
    assert_ne!(client.secret, old.secret);
    assert_eq!(
        token(&server, &old).await.expect(401).json()["error"],
        "invalid_client"
    );
    token(&server, &client).await.expect(200);
    // A token ends with the secret it was got with.
    server
        .get("/admin/whoami")
        .bearer(&held)
        .send()
        .await
        .refused(401, "token_revoked");

    let before = client.clone();
    let rotated = send(&server, "POST", &path, json!({"graceSeconds": 5})).await;
    client.secret = rotated.field("clientSecret");
    token(&server, &before).await.expect(200);
    token(&server, &client).await.expect(200);
    eventually("the grace ends", async || {
        (token(&server, &before).await.status == 401).then_some(())
    })
    .await;
    token(&server, &client).await.expect(200);
    send(&server, "POST", &path, json!({"graceSeconds": 99_999_999}))
        .await
        .refused_at(422, "validation_failed", "graceSeconds");
}

#[tokio::test]
async fn a_deleted_client_takes_its_tokens_along() {
    let server = Server::start();
    let client = server.client(&["read"]).await;
    let held = server.client_token(&client).await;
    server
        .get("/admin/whoami")
        .bearer(&held)
        .send()
        .await
        .expect(200);
    server
        .admin("DELETE", &format!("/admin/clients/{}", client.id), None)
        .await;
    server
        .get("/admin/whoami")
        .bearer(&held)
        .send()
        .await
        .refused(401, "token_revoked");
    server
        .post("/auth/logout")
        .bearer(&held)
        .send()
        .await
        .refused(401, "token_revoked");
    assert_eq!(
        token(&server, &client).await.expect(401).json()["error"],
        "invalid_client"
    );
    let path = format!("/admin/clients/{}", client.id);
    send(&server, "GET", &path, Value::Null)
        .await
        .refused(404, "not_found");
}
