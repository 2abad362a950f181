//! A user's own sessions.

use doorward_tests::{
    PASSWORD, Person, Server,
    browser::{claims, request},
    fields, is_id, is_time,
};
use serde_json::{Value, json};

async fn own(server: &Server, person: &Person) -> Vec<Value> {
    let list = server
        .get("/auth/sessions")
        .bearer(&person.access)
        .send()
        .await;
    let list = list.expect(200).json();
    assert_eq!(
        list["pagination"]["total"],
        list["data"].as_array().unwrap().len()
    );
    list["data"].as_array().unwrap().clone()
}

async fn sign_in(server: &Server, email: &str, agent: &str) -> Person {
    let body = json!({"email": email, "password": PASSWORD});
    let call = server
        .post("/auth/login")
        .header("user-agent", agent)
        .json(body);
    let reply = call.send().await.expect(200);
    Person {
        id: reply.field("userId"),
        email: email.to_owned(),
        access: reply.field("accessToken"),
        refresh: reply.field("refreshToken"),
    }
}

#[tokio::test]
async fn sessions_show_device_address_and_which_is_this_one() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let ada = sign_in(&server, "ada@example.com", firefox).await;
    let sessions = own(&server, &ada).await;
    assert_eq!(sessions.len(), 2);
    let names = "createdAt current device expiresAt id ip lastSeenAt userAgent";
    for session in &sessions {
        assert_eq!(fields(session), names);
        assert!(is_id(&session["id"], "ses_"));
        assert_eq!(session["ip"], "127.0.0.1");
        for time in ["createdAt", "lastSeenAt", "expiresAt"] {
            assert!(is_time(&session[time]), "{session}");
        }
    }
    let current: Vec<_> = sessions
        .iter()
        .filter(|session| session["current"] == true)
        .collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["device"], "Firefox on Linux");
    assert_eq!(current[0]["userAgent"], firefox);
}

#[tokio::test]
async fn one_ends_ones_own_sessions_and_no_others() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let lost = server.login("ada@example.com").await;
    let eve = server.register("eve@example.com").await;
    let id = |sessions: &[Value], current: bool| {
        let found = sessions
            .iter()
            .find(|session| session["current"] == current);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let lost_id = id(&own(&server, &ada).await, false);
    let end = async |id: &str, by: &Person| {
        let call = server
            .delete(&format!("/auth/sessions/{id}"))
            .bearer(&by.access);
        call.send().await
    };
    end(&lost_id, &eve).await.refused(404, "not_found");
    end("ses_00000000000000000000000000", &ada)
        .await
        .refused(404, "not_found");
    end("nonsense", &ada).await.refused(404, "not_found");
    let me = async |by: &Person| server.me(&by.access).await;
    me(&lost).await.expect(200);
    end(&lost_id, &ada).await.expect(204);
    me(&lost).await.refused(401, "token_revoked");
    assert_eq!(
        own(&server, &ada).await.len(),
        1,
        "what has ended is not listed"
    );
    me(&ada).await.expect(200);
    me(&eve).await.expect(200);
}

#[tokio::test]
async fn last_seen_moves_with_use() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let seen = async || {
        own(&server, &ada).await[0]["lastSeenAt"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let first = seen().await;
    doorward_tests::eventually("a later look", async || {
        (seen().await > first).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_api_key_and_a_clients_own_token_manage_no_account() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read", "write"]).await;
    let client = server.client(&["read", "write", "admin"]).await;
    let token = server.client_token(&client).await;
    for token in [key["key"].as_str().unwrap(), &token, &server.operator_key()] {
        let calls = [
            server.patch("/auth/me").json(json!({"firstName": "Eve"})),
            server
                .post("/auth/password")
                .json(json!({"currentPassword": PASSWORD, "newPassword": "another good one"})),
            server.get("/auth/sessions"),
            server.delete("/auth/sessions/ses_00000000000000000000000000"),
        ];
        for call in calls {
            let reply = call.bearer(token).send().await;
            reply.refused(403, "insufficient_scope");
            assert!(
                reply
                    .header("www-authenticate")
                    .contains("insufficient_scope")
            );
        }
    }
    // Reading who one is takes an API key too, but nobody stands behind a client.
    let me = server.me(&token).await;
    me.refused(403, "insufficient_scope");
    let keys = server.get("/apikey").bearer(&token).send().await;
    keys.refused(403, "insufficient_scope");
}

/// As signing out in it does.
#[tokio::test]
async fn with_a_browser_that_its_person_ends_from_elsewhere_ends_what_it_opened_at_clients() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let app = json!({"scopes": ["read"], "grantTypes": ["authorization_code", "refresh_token"]});
    let app = server.app(app).await;
    let open = async || {
        let browser = server.browser();
        let code = browser
            .code("ada@example.com", &request(&app, &[("scope", "read")]))
            .await;
        server.redeem(&app, &code).await.expect(200)
    };
    let (theirs, kept) = (open().await, open().await);
    let sid = claims(&theirs.field("access_token"))["sid"].clone();
    // Listed newest first, each client's session behind the browser's that opened it.
    let ids: Vec<_> = own(&server, &ada)
        .await
        .iter()
        .map(|row| row["id"].clone())
        .collect();
    let at = ids.iter().position(|id| *id == sid).unwrap();
    let path = format!("/auth/sessions/{}", ids[at + 1].as_str().unwrap());
    let end = server.delete(&path).bearer(&ada.access);
    end.send().await.expect(204);
    let refresh = async |tokens: &doorward_tests::Reply| {
        let token = tokens.field("refresh_token");
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token.as_str()),
        ];
        let call = server.post("/oauth/token").form(&pairs);
        call.basic(&app.id, &app.secret).send().await.status
    };
    assert_eq!((refresh(&theirs).await, refresh(&kept).await), (400, 200));
}
