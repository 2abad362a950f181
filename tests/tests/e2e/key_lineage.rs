//! Keys that end with who minted them, and with the account's password.

use doorward_tests::{
    PASSWORD, Person, Reply, Server,
    browser::{form, request},
};
use serde_json::{Value, json};

async fn me(server: &Server, key: &Value) -> Reply {
    let key = key["key"].as_str().expect("a key");
    server.me(key).await
}

/// A key of `owner`'s, minted in the admin API with `token`.
async fn mint_for(server: &Server, token: &str, owner: &Person, scopes: &[&str]) -> Value {
    let body = json!({"name": "k", "scopes": scopes, "ownerId": owner.id});
    let call = server.post("/admin/apikeys").bearer(token).json(body);
    call.send().await.expect(201).json()
}

async fn row(server: &Server, key: &Value) -> Value {
    let path = format!("/admin/apikeys/{}", key["id"].as_str().unwrap());
    server.admin("GET", &path, None).await
}

#[tokio::test]
async fn deleting_a_user_ends_the_keys_they_minted_for_others() {
    let server = Server::start();
    let bob = server.register("bob@example.com").await;
    let eve = server.administrator("eve@example.com").await;
    server.administrator("carol@example.com").await;
    let by_eve = mint_for(&server, &eve.access, &bob, &["read"]).await;
    let own = server.key_of(&eve, &["admin:apikeys", "read"]).await;
    let by_her_key = mint_for(&server, own["key"].as_str().unwrap(), &bob, &["read"]).await;
    let operator = server.operator_key();
    let by_operator = mint_for(&server, &operator, &bob, &["read"]).await;
    let rotated = mint_for(&server, &eve.access, &bob, &["read"]).await;
    let path = format!("/admin/apikeys/{}/rotate", rotated["id"].as_str().unwrap());
    let rotated = server.admin("POST", &path, None).await;
    let bobs = server.key_of(&bob, &["read"]).await;

    assert_eq!(row(&server, &by_eve).await["mintedBy"], *eve.id);
    assert_eq!(row(&server, &by_her_key).await["mintedBy"], own["id"]);
    assert_eq!(row(&server, &bobs).await["mintedBy"], *bob.id);
    assert_eq!(row(&server, &by_eve).await["clientId"], Value::Null);

    server
        .admin("DELETE", &format!("/admin/users/{}", eve.id), None)
        .await;
    for key in [&by_eve, &by_her_key, &own] {
        me(&server, key).await.refused(401, "token_revoked");
        assert!(row(&server, key).await["revokedAt"].is_string());
    }
    for key in [&by_operator, &rotated, &bobs] {
        me(&server, key).await.expect(200);
    }
    let path = format!(
        "/admin/events?action=apikey.revoked&target={}",
        by_eve["id"].as_str().unwrap()
    );
    let events = server.admin("GET", &path, None).await;
    assert_eq!(events["pagination"]["total"], 1);
    assert_eq!(events["data"][0]["userId"], *bob.id);
}

#[tokio::test]
async fn deleting_a_client_ends_the_keys_minted_with_its_tokens() {
    let server = Server::start();
    let bob = server.register("bob@example.com").await;
    let client = server.client(&["admin:apikeys", "read"]).await;
    let token = server.client_token(&client).await;
    let key = mint_for(&server, &token, &bob, &["read", "admin:apikeys"]).await;
    let shown = row(&server, &key).await;
    assert_eq!(
        (&shown["mintedBy"], &shown["clientId"]),
        (&json!(client.id), &json!(client.id))
    );
    // Rotated by the operator it is the operator's.
    let kept = mint_for(&server, &token, &bob, &["read"]).await;
    let path = format!("/admin/apikeys/{}/rotate", kept["id"].as_str().unwrap());
    let kept = server.admin("POST", &path, None).await;
    me(&server, &key).await.expect(200);
    server
        .admin("DELETE", &format!("/admin/clients/{}", client.id), None)
        .await;
    me(&server, &key).await.refused(401, "token_revoked");
    assert!(row(&server, &key).await["revokedAt"].is_string());
    me(&server, &kept).await.expect(200);
}

/// What an operator's application was shown ends with the application, as the keys do that it minted.
#[tokio::test]
async fn deleting_a_client_ends_the_links_made_with_its_tokens() {
    let server = Server::start();
    let bob = server.register("bob@example.com").await;
    server.administrator("eve@example.com").await;
    let scopes = "openid offline_access admin:users read write";
    let app = server
        .app(json!({"scopes": scopes.split(' ').collect::<Vec<_>>()}))
        .await;
    let browser = server.browser();
    let asked = request(&app, &[("scope", scopes)]);
    let code = browser.code("eve@example.com", &asked).await;
    let token = server.redeem(&app, &code).await.expect(200);
    let link = async |token: &str| {
        let path = format!("/admin/users/{}/link", bob.id);
        let call = server.post(&path).bearer(token);
        let made = call.json(json!({"purpose": "reset"})).send().await;
        let url = made.expect(201).field("url").clone();
        url.split_once("token=").unwrap().1.to_owned()
    };
    let reset = async |token: &str| {
        let body = json!({"token": token, "newPassword": "another horse battery"});
        server.post("/auth/password/reset").json(body).send().await
    };
    let works = link(&token.field("access_token")).await;
    reset(&works).await.expect(204);
    // Whoever lets it in no more, or takes it away, ends them.
    let ended = link(&token.field("access_token")).await;
    let page = browser.open("/account").await.expect(200);
    let gone = browser.submit(&form(&page, "/account/apps/revoke")).await;
    assert!(gone.status < 400, "{}", gone.text());
    reset(&ended).await.refused(401, "invalid_token");
    let code = browser.code("eve@example.com", &asked).await;
    let token = server.redeem(&app, &code).await.expect(200);
    let ended = link(&token.field("access_token")).await;
    let path = format!("/admin/clients/{}", app.id);
    server.admin("DELETE", &path, None).await;
    reset(&ended).await.refused(401, "invalid_token");
    // A client's own end with the secret behind them.
    let client = server.client(&["admin:users", "read", "write"]).await;
    let ended = link(&server.client_token(&client).await).await;
    let path = format!("/admin/clients/{}/secret", client.id);
    server.admin("POST", &path, Some(json!({}))).await;
    reset(&ended).await.refused(401, "invalid_token");
    let kept = link(&server.operator_key()).await;
    reset(&kept).await.expect(204);
}

/// So many that they do not fit in one unit end as well, and nobody else's do.
#[tokio::test]
async fn what_an_application_minted_ends_with_the_consent_to_it() {
    let server = Server::with().set("client_registration", "token").start();
    let owners = [
        server.register("bob@example.com").await,
        server.register("ann@example.com").await,
    ];
    let own = server.administrator("eve@example.com").await.access;
    let scopes = "admin:apikeys admin:clients read write";
    let fields = json!({"scopes": scopes.split(' ').collect::<Vec<_>>()});
    let (app, other) = (server.app(fields.clone()).await, server.app(fields).await);
    let browser = server.browser();
    let mut tokens = Vec::new();
    for app in [&app, &other] {
        let asked = request(app, &[("scope", scopes)]);
        let code = browser.code("eve@example.com", &asked).await;
        let reply = server.redeem(app, &code).await.expect(200);
        tokens.push(reply.field("access_token"));
    }
    let kept = [
        mint_for(&server, &own, &owners[0], &["read"]).await,
        mint_for(&server, &tokens[1], &owners[0], &["read"]).await,
    ];
    for many in [1, 65] {
        let mut ended = Vec::new();
        for _ in 0..many {
            for owner in &owners {
                ended.push(mint_for(&server, &tokens[0], owner, &["read"]).await);
            }
        }
        let path = "/admin/clients/registration-tokens";
        let initial = server
            .post(path)
            .bearer(&tokens[0])
            .json(json!({"maxUses": 9}));
        let initial = initial.send().await.expect(201).field("token");
        me(&server, &ended[0]).await.expect(200);
        let page = browser.open("/account").await.expect(200);
        let revoke = form(&page, "/account/apps/revoke").with("id", &app.id);
        let gone = browser.submit(&revoke).await;
        assert!(gone.status < 400, "{}", gone.text());
        for key in &ended {
            me(&server, key).await.refused(401, "token_revoked");
        }
        let register = json!({"redirect_uris": ["https://app.example/cb"]});
        let register = server
            .post("/oauth/register")
            .bearer(&initial)
            .json(register);
        assert_eq!(register.send().await.status, 401);
        for key in &kept {
            me(&server, key).await.expect(200);
        }
        let code = browser
            .code("eve@example.com", &request(&app, &[("scope", scopes)]))
            .await;
        let reply = server.redeem(&app, &code).await.expect(200);
        tokens[0] = reply.field("access_token");
    }
}

/// Each key counts as minted by the owner of the one before, who has let no application in.
#[tokio::test]
async fn what_came_of_an_applications_keys_ends_with_the_consent_whosever_they_are() {
    let server = Server::start();
    let bob = server.administrator("bob@example.com").await;
    let own = server.administrator("eve@example.com").await.access;
    let app = server.app(json!({"scopes": ["admin"]})).await;
    let browser = server.browser();
    let asked = request(&app, &[("scope", "admin")]);
    let code = browser.code("eve@example.com", &asked).await;
    let token = server.redeem(&app, &code).await.expect(200);
    let mut by = token.field("access_token");
    let mut made = Vec::new();
    for _ in 0..3 {
        let key = mint_for(&server, &by, &bob, &["admin"]).await;
        by = key["key"].as_str().unwrap().to_owned();
        made.push(key);
    }
    let rotate = server.post(&format!(
        "/apikey/{}/rotate",
        made[2]["id"].as_str().unwrap()
    ));
    made[2] = rotate.bearer(&by).send().await.expect(201).json();
    let kept = mint_for(&server, &own, &bob, &["admin"]).await;
    let page = browser.open("/account").await.expect(200);
    let revoke = form(&page, "/account/apps/revoke");
    browser.submit(&revoke).await.expect(303);
    for key in &made {
        me(&server, key).await.refused(401, "token_revoked");
    }
    me(&server, &kept).await.expect(200);
}

/// Few and so many that they do not fit in one unit.
#[tokio::test]
async fn what_came_of_an_applications_keys_ends_with_the_account_that_let_it_in() {
    let server = Server::start();
    let bob = server.administrator("bob@example.com").await;
    let ann = server.register("ann@example.com").await;
    let app = server.app(json!({"scopes": ["admin"]})).await;
    let asked = request(&app, &[("scope", "admin")]);
    for (many, email) in [(1, "eve@example.com"), (70, "mallory@example.com")] {
        let eve = server.administrator(email).await;
        let code = server.browser().code(email, &asked).await;
        let token = server.redeem(&app, &code).await.expect(200);
        let token = token.field("access_token");
        let first = mint_for(&server, &token, &bob, &["admin"]).await;
        let by = first["key"].as_str().unwrap();
        let mut made = Vec::new();
        for _ in 0..many {
            for owner in [&ann, &bob] {
                made.push(mint_for(&server, by, owner, &["read"]).await);
            }
        }
        let kept = mint_for(&server, &bob.access, &ann, &["read"]).await;
        made.push(first);
        let path = format!("/admin/users/{}", eve.id);
        server.admin("DELETE", &path, None).await;
        for key in &made {
            me(&server, key).await.refused(401, "token_revoked");
            assert!(row(&server, key).await["revokedAt"].is_string());
        }
        me(&server, &kept).await.expect(200);
    }
}

#[tokio::test]
async fn api_keys_end_with_the_password_where_that_is_asked_for() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let change = |from: &str, to: &str, more: Value| {
        let mut body = json!({"currentPassword": from, "newPassword": to});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        server
            .post("/auth/password")
            .bearer(&ada.access)
            .json(body)
            .send()
    };
    change(PASSWORD, "another horse battery", json!({}))
        .await
        .expect(204);
    me(&server, &key).await.expect(200);
    change("another horse battery", PASSWORD, json!({"apiKeys": 1}))
        .await
        .refused_at(400, "invalid_request", "apiKeys");
    change("another horse battery", PASSWORD, json!({"apiKeys": true}))
        .await
        .expect(204);
    me(&server, &key).await.refused(401, "token_revoked");

    // So do the operator's two calls.
    let key = server.key_of(&ada, &["read"]).await;
    let path = format!("/admin/users/{}/password", ada.id);
    let body = json!({"password": PASSWORD, "apiKeys": true});
    server.admin("POST", &path, Some(body)).await;
    me(&server, &key).await.refused(401, "token_revoked");
    let ada = server.login("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let path = format!("/admin/users/{}/sessions/revoke", ada.id);
    server.admin("POST", &path, None).await;
    me(&server, &key).await.expect(200);
    server
        .admin("POST", &path, Some(json!({"apiKeys": true})))
        .await;
    me(&server, &key).await.refused(401, "token_revoked");
}

/// Whoever put the operator key in its place has no hold on it: others may delete them who may not touch the key.
#[tokio::test]
async fn the_operator_key_outlives_whoever_rotated_it() {
    let server = Server::start();
    let eve = server.administrator("eve@example.com").await;
    server.administrator("carol@example.com").await;
    let app = server.client(&["admin"]).await;
    let token = server.client_token(&app).await;
    let keys = server.admin("GET", "/admin/apikeys", None).await;
    let keys = keys["data"].as_array().unwrap();
    let first = keys.iter().find(|key| key["name"] == "operator.key");
    let rotate = async |by: &str, id: &Value| {
        let path = format!("/admin/apikeys/{}/rotate", id.as_str().unwrap());
        server
            .post(&path)
            .bearer(by)
            .send()
            .await
            .expect(201)
            .json()
    };
    let by_eve = rotate(&eve.access, &first.unwrap()["id"]).await;
    let operator = by_eve["key"].as_str().unwrap();
    let send = async |by: &str, method: &str, path: &str, body: Value| {
        let call = server.call(method, path).bearer(by).json(body);
        call.send().await
    };
    let body = json!({"name": "helpdesk", "scopes": ["admin:users", "admin:clients"]});
    let helpdesk = send(operator, "POST", "/admin/apikeys", body).await;
    let helpdesk = helpdesk.expect(201).field("key");
    let path = format!("/admin/users/{}", eve.id);
    send(operator, "PATCH", &path, json!({"role": "customer"}))
        .await
        .expect(200);
    send(&helpdesk, "DELETE", &path, json!({}))
        .await
        .expect(204);
    let whoami = |by: &str| server.get("/admin/whoami").bearer(by).send();
    whoami(operator).await.expect(200);

    let by_client = rotate(&token, &by_eve["id"]).await;
    let operator = by_client["key"].as_str().unwrap();
    let path = format!("/admin/clients/{}", app.id);
    send(&helpdesk, "DELETE", &path, json!({}))
        .await
        .expect(204);
    whoami(operator).await.expect(200);
    // Nor does what it mints count as minted by anybody else.
    let bob = server.register("bob@example.com").await;
    let minted = mint_for(&server, operator, &bob, &["read"]).await;
    me(&server, &minted).await.expect(200);
}
