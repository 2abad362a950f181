//! `DELETE /admin/users/{id}/password`: a new password has to be set.

use doorward_tests::{PASSWORD, Reply, Server};
use serde_json::{Value, json};

const NEW: &str = "quite another password 7";

async fn login_as(server: &Server, email: &str) -> Reply {
    let body = json!({"email": email, "password": PASSWORD});
    server.post("/auth/login").json(body).send().await
}

async fn login(server: &Server, password: &str) -> Reply {
    let body = json!({"email": "ada@example.com", "password": password});
    server.post("/auth/login").json(body).send().await
}

async fn require(server: &Server, token: &str, id: &str) -> Reply {
    let path = format!("/admin/users/{id}/password");
    let call = server.call("DELETE", &path).bearer(token);
    call.header("X-Reason", "it was found in a leak")
        .send()
        .await
}

#[tokio::test]
async fn the_old_password_is_no_more_and_a_link_sets_another() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let made = server
        .admin(
            "POST",
            &format!("/admin/users/{}/link", ada.id),
            Some(json!({"purpose": "reset"})),
        )
        .await;
    require(&server, &server.operator_key(), &ada.id)
        .await
        .expect(204);
    // Twice is as once.
    require(&server, &server.operator_key(), &ada.id)
        .await
        .expect(204);
    login(&server, PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    let me = |token: &str| server.get("/auth/me").bearer(token);
    me(&ada.access).send().await.refused(401, "token_revoked");
    let key = key["key"].as_str().unwrap();
    me(key).send().await.expect(200);
    let token = |link: &Value| {
        let url = link["url"].as_str().unwrap();
        url.rsplit(['/', '=']).next().unwrap().to_owned()
    };
    let reset = async |link: &Value| {
        let body = json!({"token": token(link), "newPassword": NEW});
        server.post("/auth/password/reset").json(body).send().await
    };
    // A link from before has ended with the password.
    reset(&made).await.refused(401, "invalid_token");
    let path = format!("/admin/users/{}/link", ada.id);
    let link = server
        .admin("POST", &path, Some(json!({"purpose": "reset"})))
        .await;
    reset(&link).await.expect(204);
    login(&server, NEW).await.expect(200);
    let path = "/admin/events?action=user.password_removed";
    let events = server.admin("GET", path, None).await;
    assert_eq!(events["data"][0]["target"], ada.id.as_str());
    assert_eq!(events["data"][0]["detail"], "it was found in a leak");
}

#[tokio::test]
async fn it_needs_as_much_as_setting_one() {
    let server = Server::start();
    let root = server.administrator("root@example.com").await;
    let ada = server.register("ada@example.com").await;
    let body = json!({"name": "helpdesk", "scopes": ["admin:users", "read", "write"]});
    let key = server.admin("POST", "/admin/apikeys", Some(body)).await;
    let helpdesk = key["key"].as_str().unwrap();
    let refused = require(&server, helpdesk, &root.id).await;
    refused.refused(403, "insufficient_scope");
    require(&server, &ada.access, &root.id)
        .await
        .refused(403, "insufficient_scope");
    require(&server, helpdesk, &ada.id).await.expect(204);
    let nobody = "user_01arz3ndektsv4rrffq69g5fav";
    require(&server, helpdesk, nobody)
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn the_last_administrator_with_a_password_keeps_it() {
    let server = Server::start();
    let operator = server.operator_key();
    let root = server.administrator("root@example.com").await;
    require(&server, &operator, &root.id)
        .await
        .refused(409, "conflict");
    login_as(&server, "root@example.com").await.expect(200);
    // One who cannot sign in does not count.
    let other = server.administrator("other@example.com").await;
    let path = format!("/admin/users/{}", other.id);
    let disabled = |yes: bool| Some(json!({"disabled": yes}));
    server.admin("PATCH", &path, disabled(true)).await;
    require(&server, &operator, &root.id)
        .await
        .refused(409, "conflict");
    server.admin("PATCH", &path, disabled(false)).await;
    require(&server, &operator, &root.id).await.expect(204);
    require(&server, &operator, &other.id)
        .await
        .refused(409, "conflict");
    // Who has none any more has nothing to lose.
    require(&server, &operator, &root.id).await.expect(204);
}
