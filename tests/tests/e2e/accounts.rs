//! Accounts: sign-up, sign-in, sign-out, and a user's own profile.

use doorward_tests::{PASSWORD, Reply, Server, fields, is_id, is_time};
use serde_json::{Value, json};

const TOKENS: &str = "accessToken expiresIn issuedAt refreshToken scope tokenType userId";

async fn sign_up(server: &Server, email: &str) -> Reply {
    let body = json!({"email": email, "password": PASSWORD});
    server.post("/auth/register").json(body).send().await
}

async fn sign_in(server: &Server, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    server.post("/auth/login").json(body).send().await
}

fn check_tokens(body: &Value) {
    assert_eq!(body["tokenType"], "Bearer");
    assert_eq!(body["expiresIn"], 3600);
    assert_eq!(body["scope"], "read write");
    assert!(is_id(&body["userId"], "user_"), "{body}");
    assert!(is_time(&body["issuedAt"]), "{body}");
    assert_eq!(body["accessToken"].as_str().unwrap().split('.').count(), 3);
    let refresh = body["refreshToken"].as_str().unwrap();
    let random = refresh.strip_prefix("rt_").expect("rt_");
    assert!(random.len() >= 43, "256 bits in base64url");
}

#[tokio::test]
async fn a_newcomer_signs_up_in_and_out_for_good() {
    let server = Server::start();
    let signed_up = server.register("ada@example.com").await;
    let me = server.get("/auth/me").bearer(&signed_up.access);
    assert_eq!(
        me.send().await.expect(200).json()["email"],
        "ada@example.com"
    );

    let signed_in = server.login("ada@example.com").await;
    let out = server.post("/auth/logout").bearer(&signed_in.access);
    let out = out.send().await.expect(204);
    assert!(out.body.is_empty());

    let after = server.get("/auth/me").bearer(&signed_in.access);
    after.send().await.refused(401, "token_revoked");
    let body = json!({"refreshToken": signed_in.refresh});
    let refresh = server.post("/auth/refresh").json(body).send().await;
    refresh.refused(401, "token_revoked");
    let again = server.post("/auth/logout").bearer(&signed_in.access);
    again.send().await.refused(401, "token_revoked");
    // The session of the registration goes on.
    let me = server.get("/auth/me").bearer(&signed_up.access);
    me.send().await.expect(200);
}

#[tokio::test]
async fn registration_answers_tokens_and_the_user() {
    let server = Server::start();
    let body = json!({"email": "Ada@Example.com", "password": PASSWORD, "firstName": "Ada"});
    let reply = server.post("/auth/register").json(body).send().await;
    let reply = reply.expect(201);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(reply.header("content-type").starts_with("application/json"));
    let body = reply.json();
    assert_eq!(fields(&body), TOKENS.replace("userId", "user userId"));
    check_tokens(&body);
    let user = &body["user"];
    assert_eq!(fields(user), "createdAt email firstName id lastName");
    assert_eq!(user["id"], body["userId"]);
    assert_eq!(user["email"], "Ada@Example.com", "kept as it was typed");
    assert_eq!(
        (&user["firstName"], &user["lastName"]),
        (&json!("Ada"), &Value::Null)
    );
    assert!(is_time(&user["createdAt"]));
}

#[tokio::test]
async fn login_and_refresh_answer_whole_token_responses() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let login = sign_in(&server, "ada@example.com", PASSWORD)
        .await
        .expect(200);
    assert_eq!(login.header("cache-control"), "no-store");
    assert_eq!(fields(&login.json()), TOKENS);
    check_tokens(&login.json());
    let body = json!({"refreshToken": login.field("refreshToken")});
    let refresh = server.post("/auth/refresh").json(body).send().await;
    let refresh = refresh.expect(200);
    assert_eq!(refresh.header("cache-control"), "no-store");
    assert_eq!(fields(&refresh.json()), TOKENS);
    check_tokens(&refresh.json());
    assert_ne!(refresh.field("refreshToken"), login.field("refreshToken"));
}

#[tokio::test]
async fn expires_in_is_the_configured_lifetime() {
    let server = Server::with().set("access_token_seconds", 77).start();
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        let reply = sign_up(&server, email).await;
        assert_eq!(reply.expect(201).json()["expiresIn"], 77);
    }
}

#[tokio::test]
async fn an_account_has_one_email_however_it_is_spelled() {
    let server = Server::start();
    sign_up(&server, "jos\u{e9}@Example.com").await.expect(201);
    sign_up(&server, "stra\u{df}e@example.com")
        .await
        .expect(201);
    for spelling in [
        "jos\u{e9}@example.com",
        "JOS\u{c9}@EXAMPLE.COM",
        "jose\u{301}@example.com",
        "JOSE\u{301}@example.COM",
    ] {
        let taken = sign_up(&server, spelling).await;
        taken.refused_at(409, "email_taken", "email");
        sign_in(&server, spelling, PASSWORD).await.expect(200);
    }
    let taken = sign_up(&server, "STRASSE@example.com").await;
    taken.refused(409, "email_taken");
    // What folds to none of these is somebody else.
    sign_up(&server, "jose@example.com").await.expect(201);
}

#[tokio::test]
async fn an_address_that_is_none_or_looks_like_another_is_refused() {
    let server = Server::start();
    for bad in [
        "",
        "ada",
        "ada@",
        "@example.com",
        "a@b@c",
        "a da@example.com",
        " ada@example.com",
        "ada@example.com ",
        "ada@example.com\n",
        "ada\u{0}@example.com",
        "a\u{200b}da@example.com",
        "ada@exam\u{2060}ple.com",
        "ada\u{202e}@example.com",
        "ada\u{1bca0}@example.com",
        "ada\u{2800}@example.com",
        "ada\u{1d159}@example.com",
        "ada\u{13430}@example.com",
        "ada\u{fffc}@example.com",
        "ada\u{ffff}@example.com",
        "ada\u{e000}@example.com",
        "ada\u{378}@example.com",
        "\u{301}ada@example.com",
        "ada@\u{301}example.com",
        "\u{ff41}da@example.com",
        "ada@\u{ff45}xample.com",
        "ada\u{ff20}example.com",
        "ada@example..com",
        ".ada@example.com",
        "ada@-example.com",
        &format!("{}@example.com", "a".repeat(65)),
        &format!("ada@{}.com", "a".repeat(300)),
    ] {
        let refused = sign_up(&server, bad).await;
        refused.refused_at(422, "validation_failed", "email");
        // At the door of those who have an account it is just nobody's.
        let refused = sign_in(&server, bad, PASSWORD).await;
        refused.refused(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn wrong_password_and_unknown_email_are_told_alike() {
    let server = Server::start();
    server.register("ada@example.com").await;
    let wrong = sign_in(&server, "ada@example.com", "wrong horse battery").await;
    wrong.refused(401, "invalid_credentials");
    let unknown = sign_in(&server, "bob@example.com", PASSWORD).await;
    unknown.refused(401, "invalid_credentials");
    assert_eq!(wrong.json(), unknown.json());
    let names = |reply: &Reply| {
        let mut names: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&wrong), names(&unknown));
}

#[tokio::test]
async fn me_is_who_the_token_is_about() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let me = server.me(&ada.access).await;
    let me = me.expect(200).json();
    let names = "createdAt email firstName id lastLoginAt lastName permissions role";
    assert_eq!(fields(&me), names);
    assert_eq!(me["id"], ada.id);
    assert_eq!(me["role"], "customer");
    assert_eq!(me["permissions"], json!(["read", "write"]));
    assert!(
        is_time(&me["createdAt"]) && is_time(&me["lastLoginAt"]),
        "{me}"
    );
    // An API key speaks for its owner.
    let key = server.key_of(&ada, &["read"]).await;
    let by_key = server.get("/auth/me").bearer(key["key"].as_str().unwrap());
    let by_key = by_key.send().await.expect(200).json();
    assert_eq!((&by_key["id"], &by_key["email"]), (&me["id"], &me["email"]));
}

#[tokio::test]
async fn a_login_is_noted_with_its_time() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let seen = async |token: &str| {
        let me = server.me(token).await;
        me.expect(200).field("lastLoginAt")
    };
    let before = seen(&ada.access).await;
    let again = server.login("ada@example.com").await;
    assert!(seen(&again.access).await > before);
}

#[tokio::test]
async fn people_change_their_names_and_nothing_else() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let change = async |body: Value| {
        let call = server.patch("/auth/me").bearer(&ada.access).json(body);
        call.send().await
    };
    let both = change(json!({"firstName": " Ada ", "lastName": "Lovelace"})).await;
    let both = both.expect(200).json();
    assert_eq!(
        (&both["firstName"], &both["lastName"]),
        (&json!("Ada"), &json!("Lovelace"))
    );
    let one = change(json!({"firstName": null})).await.expect(200).json();
    assert_eq!(
        (&one["firstName"], &one["lastName"]),
        (&Value::Null, &json!("Lovelace"))
    );
    assert_eq!(change(json!({})).await.expect(200).json(), one);
    for field in [
        "role",
        "id",
        "email",
        "permissions",
        "password",
        "disabled",
        "createdAt",
    ] {
        let smuggled = change(json!({"firstName": "Eve", field: "admin"})).await;
        smuggled.refused_at(400, "invalid_request", field);
    }
    for bad in ["a\u{0}b", "a\u{202e}b", &"x".repeat(201)] {
        let refused = change(json!({"lastName": bad})).await;
        refused.refused_at(422, "validation_failed", "lastName");
    }
    let me = server.me(&ada.access).await;
    assert_eq!(
        me.expect(200).json(),
        one,
        "what is refused changes nothing"
    );
}

#[tokio::test]
async fn nobody_signs_up_as_more_than_a_customer() {
    let server = Server::start();
    for field in [
        "role",
        "id",
        "permissions",
        "scope",
        "disabled",
        "createdAt",
        "_method",
    ] {
        let body = json!({"email": "eve@example.com", "password": PASSWORD, field: "admin"});
        let refused = server.post("/auth/register").json(body).send().await;
        refused.refused_at(400, "invalid_request", field);
    }
    sign_in(&server, "eve@example.com", PASSWORD)
        .await
        .refused(401, "invalid_credentials");
}

#[tokio::test]
async fn closed_registration_leaves_accounts_to_operators() {
    let server = Server::with().set("registration", "closed").start();
    let closed = sign_up(&server, "ada@example.com").await;
    closed.refused(403, "registration_closed");
    assert!(closed.header("www-authenticate").starts_with("Bearer"));
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    server.admin("POST", "/admin/users", Some(body)).await;
    server.login("ada@example.com").await;
}

#[tokio::test]
async fn a_domain_is_one_however_its_labels_are_written() {
    let server = Server::start();
    let kurt = sign_up(&server, "Kurt@b\u{fc}cher.example")
        .await
        .expect(201);
    // As it was typed.
    assert_eq!(kurt.json()["user"]["email"], "Kurt@b\u{fc}cher.example");
    for spelling in [
        "kurt@xn--bcher-kva.example",
        "KURT@XN--BCHER-KVA.EXAMPLE",
        "kurt@bu\u{308}cher.example",
        "kurt@B\u{dc}CHER.example",
    ] {
        sign_in(&server, spelling, PASSWORD).await.expect(200);
        let taken = sign_up(&server, spelling).await;
        taken.refused_at(409, "email_taken", "email");
    }
    // IDNA 2008 keeps a sharp s: another domain, where another person may live.
    sign_up(&server, "eva@stra\u{df}e.example")
        .await
        .expect(201);
    sign_up(&server, "eva@strasse.example").await.expect(201);
    sign_up(&server, "eva@xn--strae-oqa.example")
        .await
        .refused(409, "email_taken");
    // The door of operators knows it too.
    let created = server
        .post("/admin/users")
        .bearer(&server.operator_key())
        .json(json!({"email": "kurt@xn--bcher-kva.example"}))
        .send()
        .await;
    created.refused_at(409, "email_taken", "email");
    for bad in [
        "a@\u{2603}.example",
        "a@xn--ls8h.example",
        "a@xn--a.example",
        "a@b_c.example",
        "a@a\u{b7}b.example",
        &format!("a@{}.example", "\u{fc}".repeat(60)),
    ] {
        let refused = sign_up(&server, bad).await;
        refused.refused_at(422, "validation_failed", "email");
    }
}

#[tokio::test]
async fn new_addresses_do_not_mix_scripts() {
    let mut server = Server::start();
    // Cyrillic a, Greek omicron, Cyrillic i.
    for bad in [
        "\u{430}dmin@example.com",
        "\u{3bf}scar@example.com",
        "ad\u{43c}\u{456}n@example.com",
    ] {
        let refused = sign_up(&server, bad).await;
        refused.refused_at(422, "validation_failed", "email");
        let body = json!({"email": bad});
        let call = server.post("/admin/users").bearer(&server.operator_key());
        let refused = call.json(body).send().await;
        refused.refused_at(422, "validation_failed", "email");
    }
    for good in [
        "\u{430}\u{434}\u{430}@example.com",
        "j\u{fc}rgen+news@example.com",
        "taro\u{5c71}\u{7530}@example.com",
        "ada@\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.example",
    ] {
        sign_up(&server, good).await.expect(201);
    }
    // An account from before goes on: it signs in, and is changed with its address beside the change.
    let ada = server.register("ada@example.com").await;
    let change = |email: &str, name: &str| {
        let call = server.patch(&format!("/admin/users/{}", ada.id));
        call.bearer(&server.operator_key())
            .json(json!({"email": email, "firstName": name}))
            .send()
    };
    let old = "\u{430}da@example.com";
    change(old, "Ada")
        .await
        .refused_at(422, "validation_failed", "email");
    server.stop();
    let database = rusqlite::Connection::open(server.data_dir().join("doorward.db")).unwrap();
    let rename = "UPDATE users SET email = ?1, email_key = ?1 WHERE email = 'ada@example.com'";
    assert_eq!(database.execute(rename, [old]).unwrap(), 1);
    drop(database);
    server.start_again();
    sign_in(&server, old, PASSWORD).await.expect(200);
    let change = server.patch(&format!("/admin/users/{}", ada.id));
    let body = json!({"email": old, "firstName": "Ada"});
    let changed = change
        .bearer(&server.operator_key())
        .json(body)
        .send()
        .await;
    assert_eq!(changed.expect(200).json()["firstName"], "Ada");
}

#[tokio::test]
async fn two_accounts_whose_addresses_have_become_one_both_go_on() {
    let mut server = Server::start();
    // As an upgrade leaves them: made when their domains were two.
    let one = "kurt@b\u{fc}cher.example";
    let other = "kurt@xn--bcher-kva.example";
    let first = sign_up(&server, one).await.expect(201).field("userId");
    let body = json!({"email": "other@example.com", "password": "quite another phrase"});
    let call = server.post("/auth/register").json(body);
    let second = call.send().await.expect(201).field("userId");
    server.stop();
    let database = rusqlite::Connection::open(server.data_dir().join("doorward.db")).unwrap();
    let change = "UPDATE users SET email = ?2, email_key = ?3 WHERE email = ?1";
    let beside = format!(" {other} {one}");
    assert_eq!(database.execute(change, [one, one, &beside]).unwrap(), 1);
    let changed = database.execute(change, ["other@example.com", other, other]);
    assert_eq!(changed.unwrap(), 1);
    drop(database);
    server.start_again();
    let who = async |email: &str, password: &str| {
        let reply = sign_in(&server, email, password).await;
        (reply.status == 200).then(|| reply.field("userId"))
    };
    assert_eq!(who(one, PASSWORD).await.as_ref(), Some(&first));
    assert_eq!(who("KURT@B\u{dc}CHER.example", PASSWORD).await, Some(first));
    assert_eq!(
        who(other, "quite another phrase").await.as_ref(),
        Some(&second)
    );
    assert_eq!(who(other, PASSWORD).await, None);
    assert_eq!(who(one, "quite another phrase").await, None);
    // With one of them gone the address is still the other's.
    let delete = server.delete(&format!("/admin/users/{second}"));
    delete
        .bearer(&server.operator_key())
        .send()
        .await
        .expect(204);
    for spelling in [one, other] {
        sign_up(&server, spelling).await.refused(409, "email_taken");
    }
    assert!(who(one, PASSWORD).await.is_some());
}
