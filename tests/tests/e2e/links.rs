//! One-time links: handed out by an operator, opened by a person, good for one new password.

use doorward_tests::{
    PASSWORD, Passkey, Reply, Server, Totp,
    browser::{form, forms},
    doorward, fields, is_time,
};
use serde_json::{Value, json};

const NEW: &str = "another good one";

/// Makes somebody an account without a password, as an operator does; answers its id.
async fn invited(server: &Server, email: &str) -> String {
    let body = json!({"email": email});
    let user = server.admin("POST", "/admin/users", Some(body)).await;
    user["id"].as_str().unwrap().to_owned()
}

async fn ask(server: &Server, by: &str, user: &str, body: Value) -> Reply {
    let path = format!("/admin/users/{user}/link");
    server.post(&path).bearer(by).json(body).send().await
}

/// The address of a new link.
async fn link(server: &Server, user: &str, purpose: &str) -> String {
    let body = json!({"purpose": purpose});
    let made = ask(server, &server.operator_key(), user, body).await;
    made.expect(201).field("url")
}

fn token(url: &str) -> String {
    let (_, token) = url.split_once("token=").expect("a token");
    token.to_owned()
}

/// The address within the server.
fn path(url: &str) -> String {
    let (_, rest) = url.split_once("://").expect("a URL");
    rest[rest.find('/').expect("a path")..].to_owned()
}

async fn reset(server: &Server, token: &str, password: &str) -> Reply {
    let body = json!({"token": token, "newPassword": password});
    server.post("/auth/password/reset").json(body).send().await
}

async fn sign_in(server: &Server, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    server.post("/auth/login").json(body).send().await
}

async fn user(server: &Server, id: &str) -> Value {
    server
        .admin("GET", &format!("/admin/users/{id}"), None)
        .await
}

#[tokio::test]
async fn a_link_stands_under_the_issuer_and_sets_one_password() {
    let issuer = "https://id.example/auth";
    let server = Server::with().set("issuer", issuer).start();
    let ada = invited(&server, "ada@example.com").await;
    let call = server
        .post(&format!("/admin/users/{ada}/link"))
        .bearer(&server.operator_key())
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .json(json!({"purpose": "reset"}));
    let made = call.send().await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.json();
    assert_eq!(fields(&made), "expiresAt url");
    assert!(is_time(&made["expiresAt"]), "{made}");
    let url = made["url"].as_str().unwrap();
    assert!(url.starts_with("https://id.example/auth/reset-password?token="));
    // 256 bits in base64url.
    assert_eq!(token(url).strip_prefix("link_").unwrap().len(), 43);

    reset(&server, &token(url), NEW).await.expect(204);
    sign_in(&server, "ada@example.com", NEW).await.expect(200);
    reset(&server, &token(url), "a third good one")
        .await
        .refused(401, "invalid_token");
    sign_in(&server, "ada@example.com", NEW).await.expect(200);
}

#[tokio::test]
async fn what_is_asked_of_a_link_is_checked() {
    let server = Server::start();
    let ada = invited(&server, "ada@example.com").await;
    let operator = server.operator_key();
    let refused = [
        (json!({}), 400, "purpose"),
        (json!({"purpose": "reset", "for": "me"}), 400, "for"),
        (json!({"purpose": "delete"}), 422, "purpose"),
        (
            json!({"purpose": "reset", "expiresInSeconds": "1"}),
            400,
            "expiresInSeconds",
        ),
    ];
    for (body, status, field) in refused {
        let code = ["validation_failed", "invalid_request"][usize::from(status == 400)];
        let reply = ask(&server, &operator, &ada, body).await;
        reply.refused_at(status, code, field);
    }
    for seconds in [-1, 0, 59, 2_592_001, i64::MAX] {
        let body = json!({"purpose": "reset", "expiresInSeconds": seconds});
        let reply = ask(&server, &operator, &ada, body).await;
        reply.refused_at(422, "validation_failed", "expiresInSeconds");
    }
    for seconds in [60, 2_592_000] {
        let body = json!({"purpose": "invite", "expiresInSeconds": seconds});
        ask(&server, &operator, &ada, body).await.expect(201);
    }
    let nobody = "user_01hzzzzzzzzzzzzzzzzzzzzzzz";
    let body = json!({"purpose": "reset"});
    let reply = ask(&server, &operator, nobody, body.clone()).await;
    reply.refused(404, "not_found");
    let path = format!("/admin/users/{ada}/link");
    let anonymous = server.post(&path).json(body).send().await;
    anonymous.refused(401, "missing_token");

    let url = link(&server, &ada, "reset").await;
    let refused = reset(&server, &token(&url), "short").await;
    refused.refused_at(422, "validation_failed", "newPassword");
    let own = reset(&server, &token(&url), "ada@example.com").await;
    own.refused_at(422, "validation_failed", "newPassword");
    for wrong in ["", "x", "link_x", "rt_x"] {
        reset(&server, wrong, NEW)
            .await
            .refused(401, "invalid_token");
    }
    // A refused password has used nothing up.
    reset(&server, &token(&url), NEW).await.expect(204);
}

#[tokio::test]
async fn making_a_link_needs_what_setting_the_password_needs() {
    let server = Server::start();
    let customer = invited(&server, "ada@example.com").await;
    let chief = server.administrator("chief@example.com").await;
    let link = json!({"purpose": "reset"});
    let keys = [
        (vec!["admin:users", "read", "write"], &customer, 201),
        (vec!["admin:users"], &customer, 403),
        (vec!["admin:users:read", "read", "write"], &customer, 403),
        (vec!["admin:users", "read", "write"], &chief.id, 403),
        (vec!["admin"], &customer, 201),
        (vec!["admin"], &chief.id, 201),
    ];
    for (scopes, target, status) in keys {
        let key = server.key(&scopes).await;
        let reply = ask(&server, &key, target, link.clone()).await;
        assert_eq!(
            reply.status,
            status,
            "{scopes:?} {target}: {}",
            reply.text()
        );
        let path = format!("/admin/users/{target}/password");
        let body = json!({"password": PASSWORD});
        let set = server.post(&path).bearer(&key).json(body).send().await;
        assert_eq!(set.status == 204, status == 201, "{scopes:?} {target}");
    }
    // A person with their own token is no operator of themselves.
    let ada = server.login("ada@example.com").await;
    let own = ask(&server, &ada.access, &customer, link).await;
    own.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_link_is_worth_no_more_than_who_made_it_and_ends_with_them() {
    let server = Server::start();
    let operator = server.operator_key();
    let body = json!({"purpose": "reset"});
    let made = async |by: &str, user: &str| {
        let reply = ask(&server, by, user, body.clone()).await;
        token(&reply.expect(201).field("url"))
    };
    let dead = async |token: &str| {
        reset(&server, token, NEW)
            .await
            .refused(401, "invalid_token");
        let page = server.get(&format!("/reset-password?token={token}"));
        page.send().await.expect(404);
    };
    let promote = json!({"permissions": ["pay:approve"]});

    // The account may do more than they could give.
    let ada = invited(&server, "ada@example.com").await;
    let path = format!("/admin/users/{ada}");
    let helpdesk = json!({"name": "h", "scopes": ["admin:users", "read", "write"]});
    let key = server.admin("POST", "/admin/apikeys", Some(helpdesk)).await;
    let secret = key["key"].as_str().unwrap();
    let kept = made(secret, &ada).await;
    server.admin("PATCH", &path, Some(promote.clone())).await;
    dead(&kept).await;
    // By its role as well.
    let bo = invited(&server, "bo@example.com").await;
    let kept = made(secret, &bo).await;
    let role = json!({"permissions": ["read", "write", "pay:approve"]});
    server
        .admin("PUT", "/admin/roles/customer", Some(role))
        .await;
    dead(&kept).await;
    let role = json!({"permissions": ["read", "write"]});
    server
        .admin("PUT", "/admin/roles/customer", Some(role))
        .await;
    reset(&server, &kept, NEW).await.expect(204);

    // The key is revoked.
    let kept = made(secret, &bo).await;
    let path = format!("/admin/apikeys/{}", key["id"].as_str().unwrap());
    server.admin("DELETE", &path, None).await;
    dead(&kept).await;

    // The person is disabled, and enabled again.
    server.administrator("another@example.com").await;
    let chief = server.administrator("chief@example.com").await;
    let kept = made(&chief.access, &bo).await;
    let path = format!("/admin/users/{}", chief.id);
    let disabled = |disabled: bool| Some(json!({"disabled": disabled}));
    server.admin("PATCH", &path, disabled(true)).await;
    dead(&kept).await;
    server.admin("PATCH", &path, disabled(false)).await;
    // What they had handed out stays over.
    dead(&kept).await;
    let login = json!({"email": "chief@example.com", "password": PASSWORD});
    let chief = server.post("/auth/login").json(login).send().await;
    let kept = made(&chief.expect(200).field("accessToken"), &bo).await;
    // Who may give anybody anything has made a link for whatever the account may do.
    let path = format!("/admin/users/{bo}");
    server.admin("PATCH", &path, Some(promote)).await;
    reset(&server, &kept, NEW).await.expect(204);
    let kept = made(&operator, &bo).await;
    reset(&server, &kept, PASSWORD).await.expect(204);
}

#[tokio::test]
async fn a_reset_ends_sessions_and_keys_but_no_second_factor() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let keeps = server.key_of(&ada, &["read"]).await;
    let setup = server.post("/auth/mfa/totp").bearer(&ada.access);
    let setup = setup.json(json!({"password": PASSWORD})).send().await;
    let totp = Totp::new(&setup.expect(200).field("secret"));
    let confirm = server.post("/auth/mfa/totp/confirm").bearer(&ada.access);
    let body = json!({"code": totp.code(0)});
    confirm.json(body).send().await.expect(200);
    let me = async |credential: &str| server.me(credential).await;

    let url = link(&server, &ada.id, "reset").await;
    let body = json!({"token": token(&url), "newPassword": NEW, "keepApiKeys": true});
    let kept = server.post("/auth/password/reset").json(body).send().await;
    kept.expect(204);
    me(&ada.access).await.refused(401, "token_revoked");
    let body = json!({"refreshToken": ada.refresh});
    let refreshed = server.post("/auth/refresh").json(body).send().await;
    refreshed.refused(401, "token_revoked");
    me(keeps["key"].as_str().unwrap()).await.expect(200);
    let step = sign_in(&server, "ada@example.com", NEW).await.expect(401);
    assert_eq!(step.json()["error"]["code"], "mfa_required");
    let old = sign_in(&server, "ada@example.com", PASSWORD).await;
    old.refused(401, "invalid_credentials");

    let url = link(&server, &ada.id, "reset").await;
    reset(&server, &token(&url), PASSWORD).await.expect(204);
    me(keeps["key"].as_str().unwrap())
        .await
        .refused(401, "token_revoked");
    // An operator's link that was shown says nothing of the address.
    assert_eq!(user(&server, &ada.id).await["emailVerified"], false);
}

#[tokio::test]
async fn an_invitation_takes_an_unverified_account_from_whoever_opened_it() {
    let issuer = "http://localhost:8123";
    let server = Server::with().set("issuer", issuer).start();
    // Somebody else signs up with Ada's address, and makes themselves comfortable.
    let eve = server.register("ada@example.com").await;
    let key = server.key_of(&eve, &["read"]).await;
    let options = server.post("/auth/passkeys/options").bearer(&eve.access);
    let options = options.json(json!({"password": PASSWORD})).send().await;
    let mut passkey = Passkey::new(issuer);
    let credential = passkey.create(&options.expect(200).json()["publicKey"]);
    let body = json!({"name": "eve's", "credential": credential});
    let add = server.post("/auth/passkeys").bearer(&eve.access).json(body);
    add.send().await.expect(201);

    let url = link(&server, &eve.id, "invite").await;
    let body = json!({"token": token(&url), "newPassword": NEW, "keepApiKeys": true});
    let done = server.post("/auth/password/reset").json(body).send().await;
    done.expect(204);
    for credential in [&eve.access, key["key"].as_str().unwrap()] {
        let reply = server.me(credential).await;
        reply.refused(401, "token_revoked");
    }
    let options = server.post("/auth/passkey/options").send().await;
    let options = options.expect(200).json();
    let shown = passkey.get(&options["publicKey"]);
    let body = json!({"state": options["state"], "credential": shown});
    let reply = server.post("/auth/passkey").json(body).send().await;
    reply.refused(401, "invalid_credentials");
    sign_in(&server, "ada@example.com", PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    // No factor is asked for either.
    sign_in(&server, "ada@example.com", NEW).await.expect(200);
    assert_eq!(user(&server, &eve.id).await["emailVerified"], true);

    // Once it is verified nothing more is taken by a link.
    let ada = {
        let reply = sign_in(&server, "ada@example.com", NEW).await.expect(200);
        reply.field("accessToken")
    };
    let mint = json!({"name": "a", "scopes": ["read"]});
    let key = server.post("/apikey").bearer(&ada).json(mint).send().await;
    let key = key.expect(201).field("key");
    let url = link(&server, &eve.id, "invite").await;
    let body = json!({"token": token(&url), "newPassword": PASSWORD, "keepApiKeys": true});
    let done = server.post("/auth/password/reset").json(body).send().await;
    done.expect(204);
    server.me(&key).await.expect(200);
}

#[tokio::test]
async fn links_end_with_newer_ones_and_with_what_changes_the_account() {
    let server = Server::start();
    let ada = invited(&server, "ada@example.com").await;
    let dead = async |url: &str, why: &str| {
        let reply = reset(&server, &token(url), "a dead one's password").await;
        assert_eq!(reply.status, 401, "{why}: {}", reply.text());
    };
    for (first, second) in [("reset", "reset"), ("invite", "reset"), ("reset", "invite")] {
        let before = link(&server, &ada, first).await;
        let after = link(&server, &ada, second).await;
        dead(&before, "a newer one").await;
        reset(&server, &token(&after), NEW).await.expect(204);
    }
    let path = format!("/admin/users/{ada}");
    let changes = [
        ("POST", format!("{path}/password"), json!({"password": NEW})),
        ("PATCH", path.clone(), json!({"email": "ada2@example.com"})),
        ("PATCH", path.clone(), json!({"disabled": true})),
    ];
    for (method, path, body) in changes {
        let url = link(&server, &ada, "reset").await;
        server.admin(method, &path, Some(body.clone())).await;
        dead(&url, &body.to_string()).await;
    }
    server
        .admin("PATCH", &path, Some(json!({"disabled": false})))
        .await;
    let url = link(&server, &ada, "reset").await;
    let person = {
        reset(&server, &token(&url), PASSWORD).await.expect(204);
        server.login("ada2@example.com").await
    };
    let url = link(&server, &ada, "reset").await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW});
    let own = server.post("/auth/password").bearer(&person.access);
    own.json(body).send().await.expect(204);
    dead(&url, "a password of one's own").await;
    // A name changes nothing about who may sign in.
    let url = link(&server, &ada, "reset").await;
    server
        .admin("PATCH", &path, Some(json!({"firstName": "Ada"})))
        .await;
    reset(&server, &token(&url), NEW).await.expect(204);
    let url = link(&server, &ada, "reset").await;
    server.admin("DELETE", &path, None).await;
    dead(&url, "a deleted account").await;
}

#[tokio::test]
async fn of_sixteen_at_once_one_sets_the_password() {
    let server = Server::start();
    let ada = invited(&server, "ada@example.com").await;
    for round in 0..4 {
        let url = link(&server, &ada, "reset").await;
        let token = token(&url);
        let tries = (0..16).map(|at| {
            let password = format!("a good password {round} {at}");
            let body = json!({"token": token, "newPassword": password});
            let call = server.post("/auth/password/reset").json(body);
            tokio::spawn(async move { (call.send().await.status, password) })
        });
        let mut won = Vec::new();
        for tried in tries.collect::<Vec<_>>() {
            match tried.await.unwrap() {
                (204, password) => won.push(password),
                (status, _) => assert_eq!(status, 401),
            }
        }
        let [password] = won.as_slice() else {
            panic!("{won:?}")
        };
        sign_in(&server, "ada@example.com", password)
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn the_page_of_a_link_is_looked_at_as_often_as_anybody_likes() {
    let server = Server::start();
    let ada = invited(&server, "ada@example.com").await;
    let url = link(&server, &ada, "invite").await;
    let path = path(&url);
    for method in ["GET", "HEAD", "GET"] {
        server.call(method, &path).send().await.expect(200);
    }
    let browser = server.browser();
    let page = browser.open(&path).await.expect(200);
    assert!(
        page.text().contains("Welcome to Doorward"),
        "{}",
        page.text()
    );
    assert!(
        page.text()
            .contains("<meta name=\"referrer\" content=\"strict-origin\">")
    );
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(
        !page
            .header("content-security-policy")
            .contains("script-src")
    );
    assert!(!page.text().contains("<script"));
    let filled = form(&page, "/reset-password")
        .with("newPassword", "short")
        .with("firstName", "Ada")
        .with("lastName", "Lovelace");
    let refused = browser.submit(&filled).await.expect(422);
    assert!(refused.text().contains("role=\"alert\""));
    // Another site's form, and one without its token, set nothing.
    let foreign = server
        .post("/reset-password")
        .header("origin", "https://evil.example");
    let body = [("token", token(&url)), ("newPassword", NEW.to_owned())];
    let body: Vec<_> = body.iter().map(|(a, b)| (*a, b.as_str())).collect();
    foreign.form(&body).send().await.expect(403);
    server
        .post("/reset-password")
        .form(&body)
        .send()
        .await
        .expect(403);
    let filled = form(&refused, "/reset-password").with("newPassword", NEW);
    assert_eq!(filled.value("firstName"), "Ada");
    let done = browser.submit(&filled).await.expect(200);
    assert!(
        done.text().contains("Your password is set"),
        "{}",
        done.text()
    );
    let row = user(&server, &ada).await;
    assert_eq!(
        (row["firstName"].as_str(), row["lastName"].as_str()),
        (Some("Ada"), Some("Lovelace"))
    );
    sign_in(&server, "ada@example.com", NEW).await.expect(200);
    let again = browser.open(&path).await.expect(404);
    assert!(again.text().contains("does not work any more"));
    assert_eq!(forms(&again).len(), 0);
    let german = server.get(&path).header("accept-language", "de").send();
    assert!(german.await.text().contains("funktioniert nicht mehr"));
    // A reset asks for no name, and keeps keys where it is told to.
    let url = link(&server, &ada, "reset").await;
    let page = browser.open(&self::path(&url)).await.expect(200);
    assert!(!page.text().contains("firstName"));
    let filled = form(&page, "/reset-password").with("newPassword", PASSWORD);
    browser
        .submit(&filled.with("firstName", "Eve"))
        .await
        .expect(200);
    assert_eq!(user(&server, &ada).await["firstName"], "Ada");
}

#[tokio::test]
async fn no_token_of_a_link_is_kept_or_told() {
    let server = Server::with().env("RUST_LOG", "trace").start();
    let ada = invited(&server, "ada@example.com").await;
    let url = link(&server, &ada, "reset").await;
    let secret = token(&url);
    server.get(&path(&url)).send().await.expect(200);
    reset(&server, &secret, NEW).await.expect(204);
    let url = link(&server, &ada, "reset").await;
    let other = token(&url);
    let events = server.admin("GET", "/admin/events?limit=100", None).await;
    let actions: Vec<_> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions
            .iter()
            .filter(|action| **action == "link.created")
            .count(),
        2
    );
    let of_ada = events["data"].as_array().unwrap().iter();
    let changed = of_ada
        .clone()
        .find(|event| event["action"] == "user.password_changed")
        .unwrap();
    assert_eq!(changed["actor"], ada, "{changed}");
    let metrics = server.get("/metrics").send().await.text();
    let files = ["doorward.db", "doorward.db-wal"].map(|name| {
        let bytes = std::fs::read(server.data_dir().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    for secret in [&secret, &other] {
        let secret = secret.strip_prefix("link_").unwrap();
        for text in [&server.log(), &events.to_string(), &metrics]
            .into_iter()
            .chain(&files)
        {
            assert!(!text.contains(secret));
        }
    }
}

#[tokio::test]
async fn the_twin_makes_a_link() {
    let server = Server::start();
    let ada = invited(&server, "ada@example.com").await;
    let file = server.directory().join("ada.link");
    let asked = "users link ada@example.com --purpose invite --expires-in 2h --secret-file";
    let mut args: Vec<_> = asked.split(' ').collect();
    args.push(file.to_str().unwrap());
    let made = doorward(&server, &args);
    assert!(!made.done().contains("token="));
    let url = std::fs::read_to_string(&file).unwrap();
    reset(&server, &token(url.trim()), NEW).await.expect(204);

    let json = doorward(&server, &["users", "link", &ada, "-o", "json"]);
    let json: Value = serde_json::from_str(json.done()).unwrap();
    assert_eq!(fields(&json), "expiresAt url");
    reset(&server, &token(json["url"].as_str().unwrap()), PASSWORD)
        .await
        .expect(204);
    let wrong = doorward(&server, &["users", "link", &ada, "--expires-in", "soon"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    let long = doorward(&server, &["users", "link", &ada, "--expires-in", "31d"]);
    assert_eq!(long.code, Some(1), "{}", long.stderr);
}
