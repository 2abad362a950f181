//! Sessions in which a second factor was shown, and those in which none was.

use doorward_tests::{
    PASSWORD, Passkey, Person, Reply, Server, Totp,
    browser::{Browser, claims, filled, form, landed, request},
};
use serde_json::{Value, json};

const ISSUER: &str = "http://localhost:8123";
const NEW: &str = "another good one";

fn server() -> Server {
    Server::with().set("issuer", ISSUER).start()
}

async fn send(server: &Server, by: &str, method: &str, path: &str, body: Value) -> Reply {
    let call = server.call(method, path).bearer(by);
    call.json(body).send().await
}

/// Sets one-time codes up; answers the recovery codes.
async fn with_totp(server: &Server, by: &str) -> Vec<String> {
    let password = json!({"password": PASSWORD});
    let setup = send(server, by, "POST", "/auth/mfa/totp", password).await;
    let totp = Totp::new(&setup.expect(200).field("secret"));
    let code = json!({"code": totp.code(0)});
    let codes = send(server, by, "POST", "/auth/mfa/totp/confirm", code).await;
    let codes = codes.expect(200).json();
    serde_json::from_value(codes["recoveryCodes"].clone()).unwrap()
}

/// Signs in with the password and a recovery code; answers the access token.
async fn with_code(server: &Server, email: &str, code: &str) -> String {
    let body = json!({"email": email, "password": PASSWORD});
    let first = server.post("/auth/login").json(body).send().await;
    let token = first.expect(401).json()["mfaToken"].clone();
    let body = json!({"mfaToken": token, "recoveryCode": code});
    let second = server.post("/auth/mfa").json(body).send().await;
    second.expect(200).field("accessToken")
}

async fn with_passkey(server: &Server, by: &str, name: &str) -> (Passkey, String) {
    let password = json!({"password": PASSWORD});
    let options = send(server, by, "POST", "/auth/passkeys/options", password).await;
    let mut passkey = Passkey::new(ISSUER);
    let credential = passkey.create(&options.expect(200).json()["publicKey"]);
    let body = json!({"name": name, "credential": credential});
    let added = send(server, by, "POST", "/auth/passkeys", body).await;
    (passkey, added.expect(201).field("id"))
}

async fn by_passkey(server: &Server, passkey: &mut Passkey) -> String {
    let options = server.post("/auth/passkey/options").send().await;
    let options = options.expect(200).json();
    let credential = passkey.get(&options["publicKey"]);
    let body = json!({"state": options["state"], "credential": credential});
    let signed_in = server.post("/auth/passkey").json(body).send().await;
    signed_in.expect(200).field("accessToken")
}

async fn new_codes(server: &Server, by: &str) -> Reply {
    let password = json!({"password": PASSWORD});
    send(server, by, "POST", "/auth/mfa/recovery-codes", password).await
}

/// What an operator does who wants to get around the factor, or to stay: none of it changes anything that the others need.
fn operators_acts(own: &Person, other: &Person) -> Vec<(&'static str, String, Value)> {
    let of = |person: &Person, rest: &str| format!("/admin/users/{}{rest}", person.id);
    vec![
        (
            "POST",
            "/apikey".into(),
            json!({"name": "x", "scopes": ["admin"]}),
        ),
        ("PATCH", of(other, ""), json!({"role": "admin"})),
        ("POST", of(own, "/link"), json!({"purpose": "reset"})),
        ("DELETE", of(own, "/mfa"), json!({"reason": "lost it"})),
    ]
}

#[tokio::test]
async fn an_operator_who_has_a_factor_runs_nothing_in_a_session_without_it() {
    let server = server();
    let ada = server.administrator("ada@example.com").await;
    let before = server.login("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let key = server.key_of(&ada, &["admin"]).await;
    let app = json!({"grantTypes": ["authorization_code"], "scopes": ["openid", "admin"]});
    let app = server.app(app).await;
    let browser = server.browser();
    let pairs = request(&app, &[("scope", "openid admin")]);
    let code = browser.code("ada@example.com", &pairs).await;
    let granted = server.redeem(&app, &code).await.expect(200);
    let granted = granted.field("access_token");
    let codes = with_totp(&server, &ada.access).await;
    for weak in [&before.access, &granted] {
        for (method, path, body) in operators_acts(&ada, &bob) {
            let refused = send(&server, weak, method, &path, body).await;
            if weak == &granted && path == "/apikey" {
                refused.refused(403, "insufficient_scope");
                continue;
            }
            let challenge = refused.header("www-authenticate").to_owned();
            refused.refused(401, "step_up_required");
            assert!(challenge.contains("acr_values=\"urn:doorward:acr:factor\""));
        }
        // They may look.
        let look = server.get("/admin/users").bearer(weak).send().await;
        look.expect(200);
    }
    // Nor by a page.
    let page = browser.open("/account").await.expect(200);
    let mint = form(&page, "/account/keys").with("name", "x");
    let said = browser.submit(&mint.with("scopes", "admin")).await.text();
    assert!(said.contains("/sign-in?again=keys"), "{said}");
    // The session that set it up may, as may a key, and whoever shows the factor.
    let shown = with_code(&server, "ada@example.com", &codes[0]).await;
    let key = key["key"].as_str().unwrap();
    for strong in [key, &ada.access, &shown] {
        let path = format!("/admin/users/{}", bob.id);
        let body = json!({"firstName": "Bob"});
        let changed = send(&server, strong, "PATCH", &path, body).await;
        changed.expect(200);
    }
    for (method, path, body) in operators_acts(&ada, &bob) {
        let done = send(&server, &shown, method, &path, body).await;
        assert!(done.status < 300, "{path}: {}", done.text());
    }
    server.login("ada@example.com").await;
}

#[tokio::test]
async fn what_a_factor_let_in_ends_when_an_operator_takes_it_away() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    with_totp(&server, &ada.access).await;
    let (mut passkey, _) = with_passkey(&server, &ada.access, "phone").await;
    let stolen = by_passkey(&server, &mut passkey).await;
    let path = format!("/admin/users/{}/mfa", ada.id);
    let why = Some(json!({"reason": "her phone was stolen"}));
    server.admin("DELETE", &path, why).await;
    server.me(&stolen).await.refused(401, "token_revoked");
    let ended = server.events("session.revoked").await;
    assert!(ended[0].to_string().contains("her phone was stolen"));
    // Who signed in without it is let alone, and counts as having shown none.
    server.me(&ada.access).await.expect(200);
    let anew = server.login("ada@example.com").await;
    with_totp(&server, &anew.access).await;
    let refused = new_codes(&server, &ada.access).await;
    refused.refused(401, "step_up_required");
    new_codes(&server, &anew.access).await.expect(200);
}

#[tokio::test]
async fn once_a_factor_is_taken_away_no_session_before_counts_as_having_shown_one() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let codes = with_totp(&server, &ada.access).await;
    let (mut passkey, lost) = with_passkey(&server, &ada.access, "phone").await;
    let (_, kept) = with_passkey(&server, &ada.access, "desk").await;
    let stolen = by_passkey(&server, &mut passkey).await;
    let own = with_code(&server, "ada@example.com", &codes[0]).await;
    let remove = |by: String, id: &str| {
        let path = format!("/auth/passkeys/{id}");
        let server = &server;
        async move { send(server, &by, "DELETE", &path, json!({})).await }
    };
    remove(own.clone(), &lost).await.expect(204);
    // Whoever has the phone is signed in until that is ended, and gets no further.
    server.me(&stolen).await.expect(200);
    // Nor does whoever has the machine on which the factors were set up.
    for before in [stolen, ada.access] {
        let refused = remove(before.clone(), &kept).await;
        refused.refused(401, "step_up_required");
        let refused = new_codes(&server, &before).await;
        refused.refused(401, "step_up_required");
    }
    let later = with_code(&server, "ada@example.com", &codes[1]).await;
    for may in [own, later] {
        let password = json!({"password": PASSWORD});
        let adds = send(&server, &may, "POST", "/auth/passkeys/options", password);
        adds.await.expect(200);
    }
}

/// They are factors too that somebody may have found.
#[tokio::test]
async fn once_recovery_codes_are_replaced_no_session_before_counts_as_having_shown_one() {
    let server = server();
    let ada = server.administrator("ada@example.com").await;
    let (mut passkey, _) = with_passkey(&server, &ada.access, "desk").await;
    let codes = new_codes(&server, &ada.access).await.expect(200).json();
    let code = |codes: &Value| codes["recoveryCodes"][0].as_str().unwrap().to_owned();
    let stolen = with_code(&server, "ada@example.com", &code(&codes)).await;
    let bob = server.register("bob@example.com").await;
    let path = format!("/admin/users/{}", bob.id);
    let body = || json!({"firstName": "Bob"});
    let act = |by: String| {
        let (server, path) = (&server, &path);
        async move { send(server, &by, "PATCH", path, body()).await }
    };
    act(stolen.clone()).await.expect(200);
    let own = by_passkey(&server, &mut passkey).await;
    let codes = new_codes(&server, &own).await.expect(200).json();
    act(stolen.clone()).await.refused(401, "step_up_required");
    let refused = new_codes(&server, &stolen).await;
    refused.refused(401, "step_up_required");
    act(own.clone()).await.expect(200);
    // One-time codes have others made.
    let stolen = with_code(&server, "ada@example.com", &code(&codes)).await;
    act(stolen.clone()).await.expect(200);
    with_totp(&server, &own).await;
    act(stolen).await.refused(401, "step_up_required");
    act(own).await.expect(200);
}

/// A browser's next sign-in has what its applications were given before.
#[tokio::test]
async fn what_an_application_got_before_a_factor_was_taken_away_has_shown_none_whoever_signs_in_next()
 {
    let server = server();
    let ada = server.administrator("ada@example.com").await;
    let (_, lost) = with_passkey(&server, &ada.access, "phone").await;
    let codes = new_codes(&server, &ada.access).await.expect(200).json();
    let app = json!({"grantTypes": ["authorization_code"], "scopes": ["openid", "admin"]});
    let app = server.app(app).await;
    let browser = server.browser();
    let page = browser.open("/sign-in").await.expect(200);
    let page = browser.submit(&filled(&page, "ada@example.com")).await;
    let code = codes["recoveryCodes"][0].as_str().unwrap();
    let second = form(&page, "/sign-in/factor").with("code", code);
    browser.submit(&second).await.expect(303);
    let scope = ("scope", "openid admin");
    let asked = request(&app, &[scope]);
    let code = browser.code("ada@example.com", &asked).await;
    let granted = server.redeem(&app, &code).await.expect(200);
    let granted = granted.field("access_token");
    let bob = server.register("bob@example.com").await;
    let path = format!("/admin/users/{}", bob.id);
    let act = |by: &str| {
        let call = server.call("PATCH", &path).bearer(by);
        call.json(json!({"firstName": "Bob"})).send()
    };
    act(&granted).await.expect(200);

    let lost = format!("/auth/passkeys/{lost}");
    let removed = send(&server, &ada.access, "DELETE", &lost, json!({})).await;
    removed.expect(204);
    // The browser is signed in still.
    let code = browser.code("ada@example.com", &asked).await;
    let later = server.redeem(&app, &code).await.expect(200);
    let again = request(&app, &[scope, ("prompt", "login")]);
    browser.code("ada@example.com", &again).await;
    with_passkey(&server, &ada.access, "desk").await;
    for granted in [&granted, &later.field("access_token")] {
        act(granted).await.refused(401, "step_up_required");
    }
}

/// Sets one-time codes up on the account page; answers the recovery codes.
async fn with_totp_in(browser: &Browser<'_>) -> Vec<String> {
    let between = |text: &str, from: &str| {
        let parts = text.split(from).skip(1);
        let parts = parts.filter_map(|part| Some(part.split_once('<')?.0.to_owned()));
        parts.collect::<Vec<_>>()
    };
    let page = browser.open("/account").await.expect(200);
    let begin = form(&page, "/account/factors/totp").with("password", PASSWORD);
    let page = browser.submit(&begin).await.expect(200);
    let totp = Totp::new(&between(&page.text(), "<code class=\"secret\">")[0]);
    let confirm = form(&page, "/account/factors/totp/confirm").with("code", &totp.code(0));
    let page = browser.submit(&confirm).await.expect(200);
    between(&page.text(), "<li><code>")
}

/// An operator's act.
async fn renames(server: &Server, by: &str, user: &Person) -> Reply {
    let path = format!("/admin/users/{}", user.id);
    send(server, by, "PATCH", &path, json!({"firstName": "Bob"})).await
}

/// Goes on with a sign-in whose page this is, with a recovery code.
async fn goes_on_with(browser: &Browser<'_>, page: &Reply, code: &str) -> Reply {
    let page = browser.submit(&filled(page, "ada@example.com")).await;
    let second = form(&page, "/sign-in/factor").with("code", code);
    browser.submit(&second).await
}

#[tokio::test]
async fn whoever_has_shown_a_factor_that_was_taken_away_shows_another_to_an_application_that_wants_one()
 {
    let server = server();
    let ada = server.administrator("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let codes = with_totp(&server, &ada.access).await;
    let app = json!({"grantTypes": ["authorization_code"], "scopes": ["openid", "admin"]});
    let app = server.app(app).await;
    let wanted = [
        ("scope", "openid admin"),
        ("acr_values", "urn:doorward:acr:factor"),
    ];
    let asked = request(&app, &wanted);
    let silently = request(&app, &[&wanted[..], &[("prompt", "none")]].concat());
    let browser = server.browser();
    let page = browser.open("/sign-in").await.expect(200);
    goes_on_with(&browser, &page, &codes[0]).await.expect(303);
    browser.code("ada@example.com", &asked).await;
    let silent = landed(&browser.authorize(&silently).await).1;
    assert!(silent.contains_key("code"));

    let codes = new_codes(&server, &ada.access).await.expect(200).json();
    let silent = landed(&browser.authorize(&silently).await).1;
    assert_eq!(silent["error"], "login_required");
    let page = browser.authorize(&asked).await.expect(200);
    let code = codes["recoveryCodes"][0].as_str().unwrap();
    let page = goes_on_with(&browser, &page, code).await;
    let (_, given) = landed(&browser.follow(page).await);
    let granted = server.redeem(&app, &given["code"]).await.expect(200);
    let granted = granted.field("access_token");
    renames(&server, &granted, &bob).await.expect(200);
}

/// What the browser's session opens at an application of an administrator's.
async fn granted(server: &Server, browser: &Browser<'_>) -> String {
    let app = json!({"grantTypes": ["authorization_code"], "scopes": ["openid", "admin"]});
    let app = server.app(app).await;
    let asked = request(&app, &[("scope", "openid admin")]);
    let code = browser.code("ada@example.com", &asked).await;
    let granted = server.redeem(&app, &code).await.expect(200);
    granted.field("access_token")
}

#[tokio::test]
async fn what_an_application_got_from_an_earlier_sign_in_has_not_set_up_what_a_later_one_does() {
    let server = server();
    let _ada = server.administrator("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let browser = server.browser();
    let before = granted(&server, &browser).await;
    let page = browser.open("/sign-in?again=factors").await.expect(200);
    browser
        .submit(&filled(&page, "ada@example.com"))
        .await
        .expect(303);
    let since = granted(&server, &browser).await;
    with_totp_in(&browser).await;
    renames(&server, &since, &bob).await.expect(200);
    let refused = renames(&server, &before, &bob).await;
    refused.refused(401, "step_up_required");
}

/// An operator's end of a browser's session leaves what it opened.
#[tokio::test]
async fn a_session_that_set_a_factor_up_counts_for_nothing_once_it_has_ended() {
    let server = server();
    let ada = server.administrator("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let browser = server.browser();
    let granted = granted(&server, &browser).await;
    let codes = with_totp_in(&browser).await;
    renames(&server, &granted, &bob).await.expect(200);
    let path = format!("/admin/sessions?userId={}&limit=100", ada.id);
    let sessions = server.admin("GET", &path, None).await;
    let first = &claims(&ada.access)["sid"];
    let of_browser = |row: &&Value| row["clientId"].is_null() && row["id"] != *first;
    let own = sessions["data"].as_array().unwrap().iter();
    let own: Vec<_> = own.filter(of_browser).collect();
    let path = format!("/admin/sessions/{}", own[0]["id"].as_str().unwrap());
    server.admin("DELETE", &path, None).await;
    let shown = with_code(&server, "ada@example.com", &codes[0]).await;
    new_codes(&server, &shown).await.expect(200);
    let refused = renames(&server, &granted, &bob).await;
    refused.refused(401, "step_up_required");
    // Nor does it once the factor is another one.
    let path = format!("/admin/users/{}/mfa", ada.id);
    server
        .admin("DELETE", &path, Some(json!({"reason": "lost"})))
        .await;
    with_totp(&server, &ada.access).await;
    let refused = renames(&server, &granted, &bob).await;
    refused.refused(401, "step_up_required");
}

#[tokio::test]
async fn an_account_with_a_factor_gets_another_password_or_is_deleted_by_who_has_shown_it() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let before = server.login("ada@example.com").await;
    let codes = with_totp(&server, &ada.access).await;
    let password = json!({"password": PASSWORD});
    let refused = send(&server, &before.access, "DELETE", "/auth/me", password);
    refused.await.refused(401, "step_up_required");
    // Nor does the password change there, with which its holder would be signed out.
    let change = json!({"currentPassword": PASSWORD, "newPassword": NEW});
    let refused = send(
        &server,
        &before.access,
        "POST",
        "/auth/password",
        change.clone(),
    );
    refused.await.refused(401, "step_up_required");
    let shown = with_code(&server, "ada@example.com", &codes[0]).await;
    let changed = send(&server, &shown, "POST", "/auth/password", change).await;
    changed.expect(204);
    let password = json!({"password": NEW});
    let deleted = send(&server, &shown, "DELETE", "/auth/me", password).await;
    deleted.expect(204);
}
