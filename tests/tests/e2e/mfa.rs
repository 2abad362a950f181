//! Second factors: one-time codes, recovery codes, passkeys, and what each door does with them.

use doorward_tests::{
    PASSWORD, Passkey, Person, Reply, Server, Totp, browser::form, eventually, fields, is_id, run,
};
use serde_json::{Value, json};

const ISSUER: &str = "http://localhost:8123";

async fn as_person(
    server: &Server,
    person: &Person,
    method: &str,
    path: &str,
    body: Value,
) -> Reply {
    let call = server.call(method, path).bearer(&person.access);
    call.json(body).send().await
}

/// Sets one-time codes up; answers the app and the recovery codes.
async fn with_totp(server: &Server, person: &Person) -> (Totp, Vec<String>) {
    let setup = as_person(
        server,
        person,
        "POST",
        "/auth/mfa/totp",
        json!({"password": PASSWORD}),
    );
    let setup = setup.await.expect(200).json();
    assert_eq!(fields(&setup), "qrSvg secret uri");
    let totp = Totp::new(setup["secret"].as_str().unwrap());
    let body = json!({"code": totp.code(0)});
    let codes = as_person(server, person, "POST", "/auth/mfa/totp/confirm", body);
    let codes = codes.await.expect(200).json();
    let codes = codes["recoveryCodes"].as_array().unwrap().iter();
    (
        totp,
        codes
            .map(|code| code.as_str().unwrap().to_owned())
            .collect(),
    )
}

async fn with_passkey(server: &Server, person: &Person) -> Passkey {
    let options = as_person(
        server,
        person,
        "POST",
        "/auth/passkeys/options",
        json!({"password": PASSWORD}),
    );
    let options = options.await.expect(200).json();
    let mut passkey = Passkey::new(ISSUER);
    let credential = passkey.create(&options["publicKey"]);
    let body = json!({"name": "laptop", "credential": credential});
    let added = as_person(server, person, "POST", "/auth/passkeys", body)
        .await
        .expect(201)
        .json();
    assert_eq!(fields(&added), "createdAt id lastUsedAt name");
    passkey
}

async fn password_step(server: &Server, email: &str) -> Value {
    let body = json!({"email": email, "password": PASSWORD});
    let reply = server.post("/auth/login").json(body).send().await;
    let body = reply.expect(401).json();
    assert_eq!(body["error"]["code"], "mfa_required", "{body}");
    body
}

async fn second_step(server: &Server, mut body: Value, token: &Value) -> Reply {
    body["mfaToken"] = token["mfaToken"].clone();
    server.post("/auth/mfa").json(body).send().await
}

async fn passkey_options(server: &Server) -> Value {
    server
        .post("/auth/passkey/options")
        .send()
        .await
        .expect(200)
        .json()
}

fn server() -> Server {
    Server::with().set("issuer", ISSUER).start()
}

#[tokio::test]
async fn a_password_alone_is_not_enough_once_codes_are_set_up() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let (totp, codes) = with_totp(&server, &ada).await;
    assert_eq!(codes.len(), 10);
    let factors = server
        .get("/auth/mfa")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        factors,
        json!({"totp": true, "passkeys": [], "recoveryCodes": 10})
    );

    let step = password_step(&server, "ada@example.com").await;
    assert_eq!(fields(&step), "error methods mfaToken");
    assert_eq!(step["methods"], json!(["totp", "recoveryCode"]));
    let as_bearer = server
        .get("/auth/me")
        .bearer(step["mfaToken"].as_str().unwrap());
    as_bearer.send().await.refused(401, "invalid_token");
    // The code that confirmed the set-up has been used.
    let used = second_step(&server, json!({"code": totp.code(0)}), &step).await;
    used.refused(401, "invalid_credentials");
    let right = json!({"code": totp.code(1)});
    let tokens = second_step(&server, right.clone(), &step)
        .await
        .expect(200)
        .json();
    assert_eq!(
        fields(&tokens),
        "accessToken expiresIn issuedAt refreshToken scope tokenType userId"
    );
    second_step(&server, right.clone(), &step)
        .await
        .refused(401, "invalid_token");
    let step = password_step(&server, "ada@example.com").await;
    second_step(&server, right, &step)
        .await
        .refused(401, "invalid_credentials");
}

#[tokio::test]
async fn a_recovery_code_works_once_however_it_is_typed() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let (_, codes) = with_totp(&server, &ada).await;
    let typed = codes[3].replace('-', " ").to_uppercase();
    let step = password_step(&server, "ada@example.com").await;
    second_step(&server, json!({"recoveryCode": typed}), &step)
        .await
        .expect(200);
    let step = password_step(&server, "ada@example.com").await;
    let again = second_step(&server, json!({"recoveryCode": codes[3]}), &step).await;
    again.refused(401, "invalid_credentials");
    let new = as_person(
        &server,
        &ada,
        "POST",
        "/auth/mfa/recovery-codes",
        json!({"password": PASSWORD}),
    );
    let new = new.await.expect(200).json();
    second_step(&server, json!({"recoveryCode": codes[4]}), &step)
        .await
        .refused(401, "invalid_credentials");
    let fresh = json!({"recoveryCode": new["recoveryCodes"][0]});
    second_step(&server, fresh, &step).await.expect(200);
}

#[tokio::test]
async fn of_sixteen_uses_of_one_code_at_once_one_wins() {
    let server = Server::with()
        .set("password_failures_per_account_and_ip", 0)
        .start();
    let ada = server.register("ada@example.com").await;
    let (_, codes) = with_totp(&server, &ada).await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let step = password_step(&server, "ada@example.com").await;
        let body = json!({"recoveryCode": codes[0], "mfaToken": step["mfaToken"]});
        let call = server.post("/auth/mfa").json(body);
        tries.spawn(async move { call.send().await.status });
    }
    let statuses = tries.join_all().await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
}

#[tokio::test]
async fn five_wrong_codes_end_a_sign_in() {
    let server = Server::with()
        .set("issuer", ISSUER)
        .set("password_failures_per_account_and_ip", 0)
        .start();
    let ada = server.register("ada@example.com").await;
    let (totp, _) = with_totp(&server, &ada).await;
    let step = password_step(&server, "ada@example.com").await;
    for wrong in ["", "12345", "abcdef", "0000000"] {
        second_step(&server, json!({"code": wrong}), &step)
            .await
            .refused(401, "invalid_credentials");
    }
    second_step(&server, json!({"code": "x"}), &step)
        .await
        .refused(401, "invalid_credentials");
    second_step(&server, json!({"code": totp.code(1)}), &step)
        .await
        .refused(401, "invalid_token");
}

#[tokio::test]
async fn wrong_codes_count_as_wrong_passwords() {
    let server = Server::with()
        .set("password_failures_per_account_and_ip", 3)
        .start();
    let ada = server.register("ada@example.com").await;
    with_totp(&server, &ada).await;
    for _ in 0..3 {
        let step = password_step(&server, "ada@example.com").await;
        second_step(&server, json!({"code": "000"}), &step)
            .await
            .refused(401, "invalid_credentials");
    }
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    server
        .post("/auth/login")
        .json(body)
        .send()
        .await
        .refused(429, "rate_limited");
}

#[tokio::test]
async fn a_sign_in_that_waits_for_its_factor_dies_with_the_password_and_the_account() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let (_, codes) = with_totp(&server, &ada).await;
    let path = format!("/admin/users/{}", ada.id);
    let code = |at: usize| json!({"recoveryCode": codes[at]});
    let step = password_step(&server, "ada@example.com").await;
    server
        .admin(
            "POST",
            &format!("{path}/password"),
            Some(json!({"password": PASSWORD})),
        )
        .await;
    second_step(&server, code(0), &step)
        .await
        .refused(401, "invalid_token");
    let step = password_step(&server, "ada@example.com").await;
    server
        .admin("PATCH", &path, Some(json!({"disabled": true})))
        .await;
    second_step(&server, code(1), &step)
        .await
        .refused(403, "account_disabled");
    server
        .admin("PATCH", &path, Some(json!({"disabled": false})))
        .await;
    let step = password_step(&server, "ada@example.com").await;
    server.admin("DELETE", &path, None).await;
    second_step(&server, code(2), &step)
        .await
        .refused(401, "invalid_token");
}

#[tokio::test]
async fn a_session_without_the_factor_changes_none_whoever_knows_the_password() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let before = server.login("ada@example.com").await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let began = as_person(
        &server,
        &before,
        "POST",
        "/auth/passkeys/options",
        json!({"password": PASSWORD}),
    );
    let began = began.await.expect(200).json();
    let (totp, codes) = with_totp(&server, &ada).await;
    let _passkey = with_passkey(&server, &ada).await;
    let factors = as_person(&server, &ada, "GET", "/auth/mfa", json!({})).await;
    let passkey = factors.json()["passkeys"][0]["id"].clone();
    let remove = format!("/auth/passkeys/{}", passkey.as_str().unwrap());
    let password = json!({"password": PASSWORD});
    let credential = Passkey::new(ISSUER).create(&began["publicKey"]);
    for (method, path, body) in [
        ("POST", "/auth/mfa/recovery-codes", password.clone()),
        ("POST", "/auth/passkeys/options", password.clone()),
        (
            "POST",
            "/auth/passkeys",
            json!({"name": "x", "credential": credential}),
        ),
        ("DELETE", remove.as_str(), json!({})),
    ] {
        let refused = as_person(&server, &before, method, path, body).await;
        let challenge = refused.header("www-authenticate").to_owned();
        refused.refused(401, "step_up_required");
        assert!(challenge.contains("acr_values=\"urn:doorward:acr:factor\""));
    }
    // The page says so too, and leads to sign in.
    let page = browser.open("/account").await.expect(200);
    let anew = form(&page, "/account/factors/codes").with("password", PASSWORD);
    let said = browser.submit(&anew).await.expect(200).text();
    assert!(said.contains("/sign-in?again=factors"), "{said}");
    // Whoever shows one changes them, as does the session that set them up.
    let token = password_step(&server, "ada@example.com").await;
    let code = json!({"recoveryCode": codes[0]});
    let shown = second_step(&server, code, &token).await.expect(200);
    let shown = Person {
        access: shown.field("accessToken"),
        ..before.clone()
    };
    for by in [&shown, &ada] {
        let path = "/auth/passkeys/options";
        let adds = as_person(&server, by, "POST", path, password.clone()).await;
        adds.expect(200);
    }
    // Password and code are as good.
    let body = json!({"password": PASSWORD, "code": totp.code(1)});
    let removed = as_person(&server, &before, "DELETE", "/auth/mfa/totp", body).await;
    removed.expect(204);
    as_person(&server, &before, "DELETE", &remove, json!({}))
        .await
        .expect(204);
    // With none left there is none to show.
    with_totp(&server, &before).await;
}

#[tokio::test]
async fn codes_are_taken_away_with_password_and_code() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let (totp, _) = with_totp(&server, &ada).await;
    let remove = |password: &str, code: String| {
        let body = json!({"password": password, "code": code});
        as_person(&server, &ada, "DELETE", "/auth/mfa/totp", body)
    };
    remove("wrong password", totp.code(1))
        .await
        .refused(401, "invalid_credentials");
    remove(PASSWORD, "000".into())
        .await
        .refused(401, "invalid_credentials");
    remove(PASSWORD, totp.code(1)).await.expect(204);
    remove(PASSWORD, totp.code(1))
        .await
        .refused(404, "not_found");
    server.login("ada@example.com").await;
    let factors = server
        .get("/auth/mfa")
        .bearer(&ada.access)
        .send()
        .await
        .json();
    assert_eq!(factors["recoveryCodes"], 0);
}

#[tokio::test]
async fn a_passkey_signs_in_alone_and_beside_the_password() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let mut passkey = with_passkey(&server, &ada).await;
    let listed = server
        .get("/auth/mfa")
        .bearer(&ada.access)
        .send()
        .await
        .json();
    assert!(is_id(&listed["passkeys"][0]["id"], "passkey_"), "{listed}");
    let options = passkey_options(&server).await;
    let body = json!({"state": options["state"], "credential": passkey.get(&options["publicKey"])});
    let signed_in = server
        .post("/auth/passkey")
        .json(body.clone())
        .send()
        .await
        .expect(200);
    assert_eq!(signed_in.json()["userId"], json!(ada.id));
    server
        .post("/auth/passkey")
        .json(body)
        .send()
        .await
        .refused(401, "invalid_credentials");

    let step = password_step(&server, "ada@example.com").await;
    assert_eq!(step["methods"], json!(["passkey"]));
    let options = passkey_options(&server).await;
    let shown =
        json!({"state": options["state"], "credential": passkey.get(&options["publicKey"])});
    second_step(&server, json!({"passkey": shown}), &step)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_passkey_of_somebody_else_is_no_second_factor() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let eve = server.register("eve@example.com").await;
    with_passkey(&server, &ada).await;
    let mut theirs = with_passkey(&server, &eve).await;
    let step = password_step(&server, "ada@example.com").await;
    let options = passkey_options(&server).await;
    let shown = json!({"state": options["state"], "credential": theirs.get(&options["publicKey"])});
    second_step(&server, json!({"passkey": shown}), &step)
        .await
        .refused(401, "invalid_credentials");
}

#[tokio::test]
async fn a_passkey_whose_counter_goes_back_or_whose_page_is_another_is_refused() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let mut passkey = with_passkey(&server, &ada).await;
    let sign_in = async |passkey: &mut Passkey| {
        let options = passkey_options(&server).await;
        let credential = passkey.get(&options["publicKey"]);
        let body = json!({"state": options["state"], "credential": credential});
        server.post("/auth/passkey").json(body).send().await
    };
    sign_in(&mut passkey).await.expect(200);
    passkey.origin = "http://localhost:9999".into();
    sign_in(&mut passkey)
        .await
        .refused(401, "invalid_credentials");
    passkey.origin = ISSUER.into();
    let owner = passkey.user_handle.clone();
    passkey.user_handle = Some("AAAAAAAAAAAAAAAAAAAAAA".into());
    sign_in(&mut passkey)
        .await
        .refused(401, "invalid_credentials");
    // Without a password nothing else says whose sign-in it is.
    passkey.user_handle = None;
    sign_in(&mut passkey)
        .await
        .refused(401, "invalid_credentials");
    passkey.user_handle = owner;
    passkey.sign_count = 0;
    sign_in(&mut passkey)
        .await
        .refused(401, "invalid_credentials");
    let events = server
        .admin(
            "GET",
            "/admin/events?action=mfa.passkey_counter_went_back",
            None,
        )
        .await;
    assert_eq!(events["pagination"]["total"], 1);
}

#[tokio::test]
async fn a_challenge_belongs_to_the_account_it_was_given_to() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let eve = server.register("eve@example.com").await;
    let options = as_person(
        &server,
        &ada,
        "POST",
        "/auth/passkeys/options",
        json!({"password": PASSWORD}),
    );
    let options = options.await.expect(200).json();
    let mut passkey = Passkey::new(ISSUER);
    let body = json!({"name": "x", "credential": passkey.create(&options["publicKey"])});
    let theirs = as_person(&server, &eve, "POST", "/auth/passkeys", body.clone()).await;
    assert_eq!(
        theirs.refused(422, "validation_failed").json()["error"]["field"],
        "credential"
    );
    as_person(&server, &ada, "POST", "/auth/passkeys", body.clone())
        .await
        .expect(201);
    let again = as_person(&server, &ada, "POST", "/auth/passkeys", body).await;
    again.refused(422, "validation_failed");
}

#[tokio::test]
async fn an_operator_takes_factors_away_and_gives_a_reason() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    with_totp(&server, &ada).await;
    let path = format!("/admin/users/{}/mfa", ada.id);
    let delete = || server.delete(&path).bearer(&server.operator_key());
    let refused = delete().send().await;
    assert_eq!(
        refused.refused(400, "invalid_request").json()["error"]["field"],
        "reason"
    );
    delete()
        .json(json!({"reason": "lost her phone"}))
        .send()
        .await
        .expect(204);
    server.login("ada@example.com").await;
    let events = server
        .admin("GET", "/admin/events?action=mfa.removed", None)
        .await;
    assert!(
        events["data"][0].to_string().contains("lost her phone"),
        "{events}"
    );
}

#[tokio::test]
async fn with_its_factors_an_account_loses_passkeys_codes_and_sign_ins_that_wait() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let (totp, codes) = with_totp(&server, &ada).await;
    let mut passkey = with_passkey(&server, &ada).await;
    let waits = password_step(&server, "ada@example.com").await;
    let path = format!("/admin/users/{}/mfa", ada.id);
    let remove = server.delete(&path).bearer(&server.operator_key());
    let remove = remove.header("x-reason", "lost her phone");
    remove.send().await.expect(204);
    for shown in [
        json!({"code": totp.code(1)}),
        json!({"recoveryCode": codes[0]}),
    ] {
        let late = second_step(&server, shown, &waits).await;
        late.refused(401, "invalid_token");
    }
    let options = passkey_options(&server).await;
    let body = json!({"state": options["state"], "credential": passkey.get(&options["publicKey"])});
    let signed_in = server.post("/auth/passkey").json(body).send().await;
    signed_in.refused(401, "invalid_credentials");
    let left = as_person(&server, &ada, "GET", "/auth/mfa", json!({})).await;
    let nothing = json!({"totp": false, "passkeys": [], "recoveryCodes": 0});
    assert_eq!(left.expect(200).json(), nothing);
}

#[tokio::test]
async fn an_issuer_that_is_an_address_offers_no_passkeys() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    server
        .post("/auth/passkey/options")
        .send()
        .await
        .refused(404, "not_found");
    let body = json!({"password": PASSWORD});
    let reply = as_person(&server, &ada, "POST", "/auth/passkeys/options", body).await;
    reply.refused(404, "not_found");
}

/// Acts of people on their own account that have a body, with one that would be right.
async fn own_acts(server: &Server, person: &Person) -> Vec<(&'static str, &'static str, Value)> {
    let password = json!({"password": PASSWORD});
    let send = |path: &'static str, body: Value| as_person(server, person, "POST", path, body);
    let setup = send("/auth/mfa/totp", password.clone()).await;
    let code = Totp::new(&setup.expect(200).field("secret")).code(0);
    let options = send("/auth/passkeys/options", password.clone()).await;
    let credential = Passkey::new(ISSUER).create(&options.expect(200).json()["publicKey"]);
    vec![
        ("PATCH", "/auth/me", json!({"firstName": "Eve"})),
        ("POST", "/apikey", json!({"name": "x", "scopes": ["read"]})),
        ("POST", "/auth/mfa/totp", password.clone()),
        ("POST", "/auth/mfa/totp/confirm", json!({"code": code})),
        ("POST", "/auth/mfa/recovery-codes", password.clone()),
        ("POST", "/auth/passkeys/options", password),
        (
            "POST",
            "/auth/passkeys",
            json!({"name": "x", "credential": credential}),
        ),
    ]
}

#[tokio::test]
async fn what_was_under_way_when_its_session_ended_is_not_done() {
    let server = Server::with()
        .set("issuer", ISSUER)
        .set("password_checks_per_minute_per_ip", 0)
        .start();
    let mut acts = 0;
    for (number, end) in ["password", "disabled", "deleted"].iter().enumerate() {
        let email = format!("ada{number}@example.com");
        let ada = server.register(&email).await;
        let path = format!("/admin/users/{}", ada.id);
        let mut begun = Vec::new();
        for (method, path, body) in own_acts(&server, &ada).await {
            let call = server.begin((method, path), &ada.access, &body);
            begun.push((path, call.await));
        }
        match *end {
            "password" => {
                let body = json!({"password": "a new secret 77", "apiKeys": true});
                let path = format!("{path}/password");
                server.admin("POST", &path, Some(body)).await
            }
            "disabled" => {
                server
                    .admin("PATCH", &path, Some(json!({"disabled": true})))
                    .await
            }
            _ => server.admin("DELETE", &path, None).await,
        };
        for (what, call) in begun {
            let (status, text) = call.finish().await;
            assert_eq!(status, 401, "{what} after {end}: {text}");
            acts += 1;
        }
        let done = format!("/admin/events?actor={}", ada.id);
        let events = server.admin("GET", &done, None).await;
        let events = events["data"].as_array().unwrap().iter();
        let events: Vec<_> = events
            .map(|event| event["action"].as_str().unwrap())
            .collect();
        let is_known =
            |action: &&str| ["login.failed", "user.registered", "session.created"].contains(action);
        assert!(events.iter().all(is_known), "{end}: {events:?}");
    }
    assert_eq!(acts, 21);
    // No factor of somebody else's stands at the door.
    let body = json!({"email": "ada0@example.com", "password": "a new secret 77"});
    server
        .post("/auth/login")
        .json(body)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_challenge_and_a_set_up_end_with_the_sessions_of_their_account() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let acts = own_acts(&server, &ada).await;
    let path = format!("/admin/users/{}/sessions/revoke", ada.id);
    server.admin("POST", &path, Some(json!({}))).await;
    let again = server.login("ada@example.com").await;
    for (method, path, body) in acts {
        match path {
            "/auth/mfa/totp/confirm" => {
                let reply = as_person(&server, &again, method, path, body).await;
                reply.refused(409, "conflict");
            }
            "/auth/passkeys" => {
                let reply = as_person(&server, &again, method, path, body).await;
                reply.refused_at(422, "validation_failed", "credential");
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn wrong_codes_count_as_wrong_passwords_wherever_they_are_typed() {
    let server = Server::with()
        .set("password_failures_per_account_and_ip", 3)
        .start();
    let send = |person: &Person, method: &str, path: &str, body: Value| {
        let call = server.call(method, path).bearer(&person.access);
        call.json(body).send()
    };
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let password = json!({"password": PASSWORD});
    send(&ada, "POST", "/auth/mfa/totp", password)
        .await
        .expect(200);
    let (totp, _) = with_totp(&server, &bob).await;
    let wrong = json!({"code": "000"});
    let both = json!({"password": PASSWORD, "code": "000"});
    for _ in 0..3 {
        send(&ada, "POST", "/auth/mfa/totp/confirm", wrong.clone())
            .await
            .refused_at(401, "invalid_credentials", "code");
        send(&bob, "DELETE", "/auth/mfa/totp", both.clone())
            .await
            .refused_at(401, "invalid_credentials", "code");
    }
    send(&ada, "POST", "/auth/mfa/totp/confirm", wrong)
        .await
        .refused(429, "rate_limited");
    let right = json!({"password": PASSWORD, "code": totp.code(1)});
    send(&bob, "DELETE", "/auth/mfa/totp", right)
        .await
        .refused(429, "rate_limited");
}

#[tokio::test]
async fn a_set_up_ends_after_five_tries() {
    let server = Server::with()
        .set("password_failures_per_account_and_ip", 0)
        .start();
    let ada = server.register("ada@example.com").await;
    let begin = json!({"password": PASSWORD});
    let begun = as_person(&server, &ada, "POST", "/auth/mfa/totp", begin).await;
    let totp = Totp::new(&begun.expect(200).field("secret"));
    let confirm = |code: String| {
        let body = json!({"code": code});
        as_person(&server, &ada, "POST", "/auth/mfa/totp/confirm", body)
    };
    for _ in 0..5 {
        confirm("000".into())
            .await
            .refused(401, "invalid_credentials");
    }
    confirm(totp.code(0)).await.refused(409, "conflict");
    with_totp(&server, &ada).await;
}

#[tokio::test]
async fn a_sign_in_that_waits_for_its_factor_does_not_outlive_a_disabling_that_is_over() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let (_, codes) = with_totp(&server, &ada).await;
    let step = password_step(&server, "ada@example.com").await;
    let path = format!("/admin/users/{}", ada.id);
    for disabled in [true, false] {
        server
            .admin("PATCH", &path, Some(json!({"disabled": disabled})))
            .await;
    }
    let code = json!({"recoveryCode": codes[0]});
    second_step(&server, code.clone(), &step)
        .await
        .refused(401, "invalid_token");
    // The code was not used up.
    let step = password_step(&server, "ada@example.com").await;
    second_step(&server, code, &step).await.expect(200);
}

#[tokio::test]
async fn a_passkeys_answer_works_no_second_time_after_a_restart() {
    let mut server = server();
    let ada = server.register("ada@example.com").await;
    let mut passkey = with_passkey(&server, &ada).await;
    let answer = async |server: &Server, passkey: &mut Passkey| {
        let options = passkey_options(server).await;
        // As an authenticator without a counter, whose answers differ in nothing but the challenge.
        json!({"state": options["state"], "credential": passkey.get(&options["publicKey"])})
    };
    let unused = answer(&server, &mut passkey).await;
    server.stop();
    server.start_again();
    server
        .post("/auth/passkey")
        .json(unused)
        .send()
        .await
        .refused(401, "invalid_credentials");
    let fresh = answer(&server, &mut passkey).await;
    server
        .post("/auth/passkey")
        .json(fresh)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn strangers_passkeys_are_limited_by_address_and_told_together() {
    let server = Server::with()
        .set("issuer", ISSUER)
        .set("password_checks_per_minute_per_ip", 5)
        .start();
    let junk = json!({"state": "x", "credential": {"id": "AA", "type": "public-key",
        "response": {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}}});
    let send = || server.post("/auth/passkey").json(junk.clone()).send();
    for _ in 0..5 {
        send().await.refused(401, "invalid_credentials");
    }
    send().await.refused(429, "rate_limited");
    let path = "/admin/events?action=login.failed";
    let rows = eventually("they are written", async || {
        let events = server.admin("GET", path, None).await;
        let rows = events["data"].as_array().unwrap().clone();
        (!rows.is_empty()).then_some(rows)
    })
    .await;
    assert!(rows.len() <= 1, "{rows:?}");
}

#[tokio::test]
async fn codes_that_master_key_does_not_open_are_not_offered_and_break_nothing() {
    let old = server();
    let ada = old.register("ada@example.com").await;
    let (totp, recovery) = with_totp(&old, &ada).await;
    let tool = |data: &std::path::Path, args: &[&str]| {
        let data = data.to_str().unwrap();
        let done = run(
            "doorward-server",
            old.directory(),
            args,
            &[("DOORWARD_DATA_DIR", data)],
        );
        assert_eq!(done.code, Some(0), "{done:?}");
        done
    };
    tool(old.data_dir(), &["backup", "b.db"]);
    let data = old.directory().join("fresh");
    let restored = tool(&data, &["restore", "b.db"]);
    let said = "one-time codes the master.key here does not open: 1";
    assert!(restored.stderr.contains(said), "{restored:?}");

    let new = Server::with().set("issuer", ISSUER).data_dir(&data).start();
    let step = password_step(&new, "ada@example.com").await;
    assert_eq!(step["methods"], json!(["recoveryCode"]));
    let right = json!({"code": totp.code(1)});
    let refused = second_step(&new, right, &step).await;
    refused.refused(401, "invalid_credentials");
    let code = json!({"recoveryCode": recovery[0]});
    second_step(&new, code, &step).await.expect(200);
}

#[tokio::test]
async fn a_browser_that_lost_its_cookie_at_the_second_step_gets_another() {
    let server = server();
    let fields = [("mfaToken", "x"), ("methods", "totp"), ("code", "123456")];
    let page = server.post("/sign-in/factor").form(&fields).send().await;
    let page = page.expect(403);
    let cookie = page.header("set-cookie");
    let cookie = cookie.split(';').next().unwrap();
    assert!(cookie.starts_with("doorward-"), "{cookie}");
    let form = form(&page, "/sign-in/factor").with("code", "123456");
    let pairs: Vec<_> = form
        .fields
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let again = server.post("/sign-in/factor").header("cookie", cookie);
    // It is taken now, and its token is over: the sign-in begins anew.
    let page = again.form(&pairs).send().await.expect(200);
    assert!(page.text().contains("name=\"password\""));
}

#[tokio::test]
async fn failures_are_counted_as_the_events_tell_them_and_a_wait_for_a_factor_is_none() {
    let server = Server::with()
        .set("password_failures_per_account_and_ip", 3)
        .start();
    let ada = server.register("ada@example.com").await;
    with_totp(&server, &ada).await;
    let step = password_step(&server, "ada@example.com").await;
    second_step(&server, json!({"code": "000000"}), &step)
        .await
        .refused(401, "invalid_credentials");
    server.register("bob@example.com").await;
    let wrong = json!({"email": "bob@example.com", "password": "not my password"});
    for _ in 0..3 {
        let tried = server.post("/auth/login").json(wrong.clone()).send().await;
        tried.refused(401, "invalid_credentials");
    }
    let held = server.post("/auth/login").json(wrong).send().await;
    assert_eq!(held.status, 429);
    let counted = eventually("the failures are written", async || {
        let stats = server.admin("GET", "/admin/stats", None).await;
        (stats["failures"] == 4).then_some(stats)
    });
    let minutes = counted.await["series"].as_array().unwrap().clone();
    let of = |minute: &Value| minute["failures"].as_u64().unwrap();
    assert_eq!(minutes.iter().map(of).sum::<u64>(), 4);
    let path = "/admin/events/summary?action=login.failed";
    let told = server.admin("GET", path, None).await;
    assert_eq!(told["failures"], 4, "{told}");
}
