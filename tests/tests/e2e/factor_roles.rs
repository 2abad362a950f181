//! Roles that must have a second factor, and clients that want one.

use doorward_tests::{
    MailServer, PASSWORD, Passkey, Person, Reply, Server, Totp,
    browser::{claims, filled, form, landed, request},
    doorward,
};
use serde_json::{Value, json};

const ISSUER: &str = "http://localhost:8123";

async fn with_totp(server: &Server, person: &Person) -> Totp {
    with_totp_and_codes(server, person).await.0
}

/// Also the recovery codes.
async fn with_totp_and_codes(server: &Server, person: &Person) -> (Totp, Value) {
    let begin = server.post("/auth/mfa/totp").bearer(&person.access);
    let setup = begin.json(json!({"password": PASSWORD})).send().await;
    let totp = Totp::new(&setup.expect(200).field("secret"));
    let confirm = server.post("/auth/mfa/totp/confirm").bearer(&person.access);
    let confirmed = confirm.json(json!({"code": totp.code(0)})).send().await;
    (totp, confirmed.expect(200).json())
}

async fn sign_in(server: &Server, email: &str) -> Reply {
    let body = json!({"email": email, "password": PASSWORD});
    server.post("/auth/login").json(body).send().await
}

fn strict() -> Server {
    Server::with()
        .set("mfa_required_for", "[\"customer\"]")
        .start()
}

/// An account that must have a factor: signing up opens no session for it.
async fn signed_up(server: &Server, email: &str) {
    let body = json!({"email": email, "password": PASSWORD});
    let made = server.post("/auth/register").json(body).send().await;
    let made = made.expect(201).json();
    let names: Vec<_> = made
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        (names, &made["user"]["email"]),
        (vec!["user"], &json!(email))
    );
}

async fn set_role(server: &Server, person: &Person, role: &str) {
    let path = format!("/admin/users/{}", person.id);
    let change = Some(json!({"role": role}));
    server.admin("PATCH", &path, change).await;
}

/// A server with a role whose people must have a factor, which nobody who signs up has.
async fn with_strict_clerks(issuer: Option<&str>) -> Server {
    let server = Server::with().set("mfa_required_for", "[\"clerk\"]");
    let server = match issuer {
        Some(issuer) => server.set("issuer", issuer),
        None => server,
    };
    let server = server.start();
    let clerk = Some(json!({"permissions": ["read:orders"]}));
    server.admin("PUT", "/admin/roles/clerk", clerk).await;
    server
}

/// The secret that a set-up page shows.
fn secret(page: &Reply) -> String {
    let text = page.text();
    let start =
        text.find("<code class=\"secret\">").expect("a secret") + "<code class=\"secret\">".len();
    text[start..].split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_must_have_a_factor_is_led_through_its_set_up() {
    let server = strict();
    signed_up(&server, "ada@example.com").await;
    let refused = sign_in(&server, "ada@example.com").await;
    refused.refused(401, "mfa_enrolment_required");
    assert!(!refused.text().contains("mfaToken"), "{}", refused.text());
    let wrong = json!({"email": "ada@example.com", "password": "not my password"});
    server
        .post("/auth/login")
        .json(wrong)
        .send()
        .await
        .refused(401, "invalid_credentials");

    let app = server.app(json!({})).await;
    let browser = server.browser();
    let page = browser.authorize(&request(&app, &[])).await;
    let page = browser
        .submit(&filled(&page, "ada@example.com"))
        .await
        .expect(200);
    let totp = Totp::new(&secret(&page));
    let enrol = form(&page, "/sign-in/enrol");
    let page = browser
        .submit(&enrol.with("code", "000000"))
        .await
        .expect(200);
    assert!(page.text().contains("role=\"alert\""), "{}", page.text());
    assert_eq!(secret(&page), secret(&page));
    let enrol = form(&page, "/sign-in/enrol").with("code", &totp.code(0));
    let page = browser.submit(&enrol).await.expect(200);
    let codes = page.text().matches("<li><code>").count();
    assert_eq!(codes, 10, "{}", page.text());
    // The form is used, and so is what it stood for.
    assert_ne!(
        browser
            .submit(&enrol)
            .await
            .text()
            .matches("<li><code>")
            .count(),
        10
    );
    let to = page
        .text()
        .split("class=\"button\" href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    let mut page = browser.open(&to).await;
    if page.status == 200 {
        page = browser.submit(&form(&page, "/oauth/consent")).await;
    }
    let code = landed(&page).1["code"].clone();
    let tokens = server.redeem(&app, &code).await.expect(200).json();
    let access = claims(tokens["access_token"].as_str().unwrap());
    assert_eq!(access["amr"], json!(["pwd", "otp", "mfa"]));

    let asked = sign_in(&server, "ada@example.com").await.expect(401).json();
    assert_eq!(asked["error"]["code"], "mfa_required", "{asked}");
}

#[tokio::test]
async fn a_set_up_at_sign_in_works_once_for_one_account_and_not_as_a_second_step() {
    let server = strict();
    signed_up(&server, "ada@example.com").await;
    let browser = server.browser();
    let page = browser.open("/sign-in").await;
    let page = browser
        .submit(&filled(&page, "ada@example.com"))
        .await
        .expect(200);
    let token = form(&page, "/sign-in/enrol").value("token").to_owned();
    let totp = Totp::new(&secret(&page));
    let body = json!({"mfaToken": token, "code": totp.code(0)});
    server
        .post("/auth/mfa")
        .json(body)
        .send()
        .await
        .refused(401, "invalid_token");
    // A password that is set meanwhile ends it.
    let user = server
        .admin("GET", "/admin/users?email=ada@example.com", None)
        .await["data"][0]["id"]
        .clone();
    let path = format!("/admin/users/{}/password", user.as_str().unwrap());
    let set = server.post(&path).bearer(&server.operator_key());
    set.json(json!({"password": "another long password"}))
        .send()
        .await
        .expect(204);
    let enrol = form(&page, "/sign-in/enrol").with("code", &totp.code(0));
    let page = browser.submit(&enrol).await;
    assert!(
        page.text().contains("action=\"/sign-in\""),
        "{}",
        page.text()
    );
    let path = format!("/admin/users/{}", user.as_str().unwrap());
    let user = server.admin("GET", &path, None).await;
    assert!(user.get("mfa").is_none(), "{user}");
}

#[tokio::test]
async fn signing_up_on_the_page_leads_whoever_must_have_a_factor_through_its_set_up() {
    let server = strict();
    let browser = server.browser();
    let page = browser.open("/sign-up").await;
    let sign_up = form(&page, "/sign-up")
        .with("email", "ada@example.com")
        .with("password", PASSWORD);
    let page = browser.submit(&sign_up).await.expect(200);
    // Nothing is open to them before.
    let account = browser.open("/account").await;
    assert_eq!(account.status, 303, "{}", account.text());
    let sessions = server.admin("GET", "/admin/sessions", None).await;
    assert_eq!(sessions["pagination"]["total"], 0, "{sessions}");
    let totp = Totp::new(&secret(&page));
    let enrol = form(&page, "/sign-in/enrol").with("code", &totp.code(0));
    let page = browser.submit(&enrol).await.expect(200);
    assert_eq!(page.text().matches("<li><code>").count(), 10);
    browser.open("/account").await.expect(200);
}

#[tokio::test]
async fn a_session_that_is_older_than_the_rule_is_over_without_a_factor() {
    let server = with_strict_clerks(None).await;
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    with_totp(&server, &bob).await;
    let app = server
        .app(json!({"scopes": ["openid", "offline_access"], "grantTypes": ["authorization_code", "refresh_token"]}))
        .await;
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    let wanted = request(&app, &[("scope", "openid offline_access")]);
    let code = browser.code("ada@example.com", &wanted).await;
    let tokens = server.redeem(&app, &code).await.expect(200).json();
    set_role(&server, &ada, "clerk").await;
    set_role(&server, &bob, "clerk").await;

    let me = async |access: &str| server.get("/auth/sessions").bearer(access).send().await;
    me(&ada.access).await.refused(401, "token_expired");
    me(&bob.access).await.refused(401, "token_expired");
    let account = browser.open("/account").await;
    assert_eq!(account.status, 303, "{}", account.text());
    let refresh = async |token: &str| {
        let body = json!({"refreshToken": token});
        server.post("/auth/refresh").json(body).send().await
    };
    let refused = refresh(&ada.refresh).await;
    refused.refused(401, "mfa_enrolment_required");
    // Who has a factor signs in again, and shows it.
    refresh(&bob.refresh).await.refused(401, "token_expired");
    let introspected = server
        .post("/oauth/introspect")
        .basic(&app.id, &app.secret)
        .form(&[("token", tokens["access_token"].as_str().unwrap())])
        .send()
        .await;
    assert_eq!(introspected.expect(200).json(), json!({"active": false}));
    let renewed = server
        .post("/oauth/token")
        .basic(&app.id, &app.secret)
        .form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ])
        .send()
        .await;
    assert_eq!(renewed.expect(400).json()["error"], "invalid_grant");

    // What was refused was not used up.
    set_role(&server, &ada, "customer").await;
    refresh(&ada.refresh).await.expect(200);
}

#[tokio::test]
async fn the_last_factor_of_such_a_person_stays() {
    let server = with_strict_clerks(Some(ISSUER)).await;
    let mut ada = server.register("ada@example.com").await;
    let (totp, codes) = with_totp_and_codes(&server, &ada).await;
    set_role(&server, &ada, "clerk").await;
    let asked = sign_in(&server, "ada@example.com").await.expect(401).json();
    let recovery = &codes["recoveryCodes"][0];
    let second = json!({"mfaToken": asked["mfaToken"], "recoveryCode": recovery});
    let signed_in = server.post("/auth/mfa").json(second).send().await;
    ada.access = signed_in.expect(200).field("accessToken");
    let remove = |code: String| {
        let call = server.call("DELETE", "/auth/mfa/totp").bearer(&ada.access);
        call.json(json!({"password": PASSWORD, "code": code}))
            .send()
    };
    remove(totp.code(1)).await.refused(409, "conflict");
    let mfa = server
        .get("/auth/mfa")
        .bearer(&ada.access)
        .send()
        .await
        .json();
    assert_eq!(
        (&mfa["totp"], &mfa["recoveryCodes"]),
        (&json!(true), &json!(9))
    );

    let options = server.post("/auth/passkeys/options").bearer(&ada.access);
    let options = options
        .json(json!({"password": PASSWORD}))
        .send()
        .await
        .expect(200)
        .json();
    let credential = Passkey::new(ISSUER).create(&options["publicKey"]);
    let add = server.post("/auth/passkeys").bearer(&ada.access);
    let added = add
        .json(json!({"name": "laptop", "credential": credential}))
        .send()
        .await
        .expect(201)
        .json();
    // A refused removal uses its code up no more than it removes anything.
    remove(totp.code(1)).await.expect(204);
    let path = format!("/auth/passkeys/{}", added["id"].as_str().unwrap());
    server
        .delete(&path)
        .bearer(&ada.access)
        .send()
        .await
        .refused(409, "conflict");
    // An operator may.
    let path = format!("/admin/users/{}/mfa", ada.id);
    let remove = server.delete(&path).bearer(&server.operator_key());
    remove
        .json(json!({"reason": "lost it"}))
        .send()
        .await
        .expect(204);
    sign_in(&server, "ada@example.com")
        .await
        .refused(401, "mfa_enrolment_required");
}

#[tokio::test]
async fn a_browser_with_less_is_asked_for_the_factor_where_the_client_wants_it() {
    let server = Server::start();
    let discovery = server
        .get("/.well-known/openid-configuration")
        .send()
        .await
        .json();
    let classes: Vec<String> =
        serde_json::from_value(discovery["acr_values_supported"].clone()).unwrap();
    let [password, factor] = classes.as_slice() else {
        panic!("{classes:?}");
    };
    let ada = server.register("ada@example.com").await;
    let app = server.app(json!({"scopes": ["openid", "offline_access"], "grantTypes": ["authorization_code", "refresh_token"]})).await;
    let wanting = |acr: &str| {
        request(
            &app,
            &[("scope", "openid offline_access"), ("acr_values", acr)],
        )
    };
    let browser = server.browser();
    browser.sign_in("ada@example.com").await;
    // Without a factor of any kind the token says what was shown.
    let code = browser.code("ada@example.com", &wanting(factor)).await;
    let tokens = server.redeem(&app, &code).await.expect(200).json();
    for token in ["access_token", "id_token"] {
        let claims = claims(tokens[token].as_str().unwrap());
        assert_eq!(
            (&claims["acr"], &claims["amr"]),
            (&json!(password), &json!(["pwd"])),
            "{token}"
        );
    }

    let totp = with_totp(&server, &ada).await;
    let fine = browser.authorize(&wanting(password)).await;
    assert!(landed(&fine).1.contains_key("code"), "{}", fine.text());
    let silent = [wanting(factor), vec![("prompt".into(), "none".into())]].concat();
    let refused = browser.authorize(&silent).await;
    assert_eq!(landed(&refused).1["error"], "login_required");
    let claims_wanted =
        json!({"id_token": {"acr": {"essential": true, "values": [factor]}}}).to_string();
    let by_claim = request(&app, &[("scope", "openid"), ("claims", &claims_wanted)]);
    assert!(
        browser
            .authorize(&by_claim)
            .await
            .text()
            .contains("action=\"/sign-in\"")
    );

    let page = browser.authorize(&wanting(factor)).await.expect(200);
    let page = browser
        .submit(&filled(&page, "ada@example.com"))
        .await
        .expect(200);
    let second = form(&page, "/sign-in/factor").with("code", &totp.code(1));
    let signed_in = browser.submit(&second).await;
    let page = browser.follow(signed_in).await;
    let code = landed(&page).1["code"].clone();
    let tokens = server.redeem(&app, &code).await.expect(200).json();
    let check = |tokens: &Value, names: &[&str]| {
        for token in names {
            let claims = claims(tokens[*token].as_str().unwrap());
            assert_eq!(
                (&claims["acr"], &claims["amr"]),
                (&json!(factor), &json!(["pwd", "otp", "mfa"])),
                "{token}"
            );
        }
    };
    check(&tokens, &["access_token", "id_token"]);
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let refreshed = server
        .post("/oauth/token")
        .basic(&app.id, &app.secret)
        .form(&refresh)
        .send()
        .await;
    check(&refreshed.expect(200).json(), &["access_token"]);
}

#[tokio::test]
async fn all_sessions_of_an_account_end_with_what_would_become_one() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let begin = server.post("/auth/mfa/totp").bearer(&ada.access);
    let setup = begin
        .json(json!({"password": PASSWORD}))
        .send()
        .await
        .expect(200);
    let open = Totp::new(&setup.field("secret"));
    let bob = server.register("bob@example.com").await;
    let totp = with_totp(&server, &bob).await;
    let waiting = sign_in(&server, "bob@example.com").await.expect(401).json();
    for person in [&ada, &bob] {
        let revoke = server
            .post("/admin/sessions/revoke")
            .bearer(&server.operator_key());
        revoke
            .json(json!({"userId": person.id}))
            .send()
            .await
            .expect(200);
    }
    let body = json!({"mfaToken": waiting["mfaToken"], "code": totp.code(1)});
    server
        .post("/auth/mfa")
        .json(body)
        .send()
        .await
        .refused(401, "invalid_token");
    let again = server.login("ada@example.com").await;
    let confirm = server.post("/auth/mfa/totp/confirm").bearer(&again.access);
    confirm
        .json(json!({"code": open.code(0)}))
        .send()
        .await
        .refused(409, "conflict");
}

#[tokio::test]
async fn an_operator_sees_factors_and_takes_them_away_with_a_reason() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    with_totp(&server, &ada).await;
    let shown = doorward(&server, &["users", "get", "ada@example.com", "-o", "json"]);
    let shown: Value = serde_json::from_str(shown.done()).unwrap();
    assert_eq!(
        (&shown["mfa"]["totp"], &shown["mfa"]["recoveryCodes"]),
        (&json!(true), &json!(10))
    );
    let remove = ["users", "mfa", "remove", "ada@example.com", "--yes"];
    assert!(doorward(&server, &remove).failed(1).contains("reason"));
    let with_reason = [&remove[..], &["--reason", "lost the phone"]].concat();
    doorward(&server, &with_reason).done();
    sign_in(&server, "ada@example.com").await.expect(200);
    let events = server
        .admin("GET", "/admin/events?action=mfa.removed", None)
        .await;
    assert_eq!(events["data"][0]["detail"], "lost the phone");
}

/// By a reset from the new address the factor would end that was set up on the way in.
#[tokio::test]
async fn a_change_of_address_that_was_asked_for_before_a_set_up_on_the_way_in_ends_with_it() {
    let mail = MailServer::start().await;
    let server = Server::with()
        .set("mfa_required_for", "[\"clerk\"]")
        .set("mail_url", format!("smtp://localhost:{}", mail.port()))
        .set("mail_from", "id@example.com")
        .start();
    let clerk = Some(json!({"permissions": ["read:orders"]}));
    server.admin("PUT", "/admin/roles/clerk", clerk).await;
    let ada = server.register("ada@example.com").await;
    let body = json!({"email": "eve@evil.example", "password": PASSWORD});
    let asked = server.post("/auth/email").bearer(&ada.access).json(body);
    asked.send().await.expect(202);
    let link = mail.wait_for("eve@evil.example", 1).await.token();
    set_role(&server, &ada, "clerk").await;
    let browser = server.browser();
    let page = browser.open("/sign-in").await;
    let page = browser.submit(&filled(&page, "ada@example.com")).await;
    let page = page.expect(200);
    let code = Totp::new(&secret(&page)).code(0);
    let enrol = form(&page, "/sign-in/enrol").with("code", &code);
    browser.submit(&enrol).await.expect(200);
    let verify = server.post("/auth/email/verify");
    let verify = verify.json(json!({"token": link})).send().await;
    verify.refused(401, "invalid_token");
}
