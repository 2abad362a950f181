//! The last millisecond and the first one after it, of lifetimes and windows that other files do not come past.

use doorward_server::Settings;
use doorward_shared::Timestamp;
use rocket::http::Method;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, app, authorize, redeem, total},
    house::{House, START, cheap, text},
};

const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;

#[rocket::async_test]
async fn a_code_is_good_for_60_seconds() {
    let house = House::open(cheap()).await;
    house.register("ada@example.com").await;
    let app = app(&house).await;
    let browser = Browser::new(&house);
    browser.enter("ada@example.com").await;
    let (one, two) = (browser.code(&app, "").await, browser.code(&app, "").await);
    house.pass(60 * SECOND - 1);
    redeem(&house, &app, &one).await.expect(200);
    house.pass(1);
    let late = redeem(&house, &app, &two).await;
    assert_eq!(
        (late.status, &late.body["error"]),
        (400, &json!("invalid_grant"))
    );
}

#[rocket::async_test]
async fn a_code_that_comes_again_ends_what_it_gave_for_a_day_after_its_end() {
    for (wait, ended) in [(DAY + 60 * SECOND, true), (DAY + 60 * SECOND + 1, false)] {
        let house = House::open(cheap()).await;
        house.register("ada@example.com").await;
        let app = app(&house).await;
        let browser = Browser::new(&house);
        browser.enter("ada@example.com").await;
        let code = browser.code(&app, "").await;
        redeem(&house, &app, &code).await.expect(200);
        house.pass(wait);
        let now = house.doorward.services().clock.now();
        house
            .doorward
            .services()
            .store
            .sweep(now, 365)
            .await
            .unwrap();
        let again = redeem(&house, &app, &code).await;
        assert_eq!(again.body["error"], "invalid_grant");
        assert_eq!(
            house.events("session.replayed").await,
            u64::from(ended),
            "{wait}"
        );
    }
}

/// The `request` that a page asks to sign in for.
async fn kept(browser: &Browser<'_>, app: &str) -> String {
    let page = browser.get(&authorize(app, "&prompt=login")).await;
    let fields = page.form("/sign-in");
    let field = fields.into_iter().find(|(name, _)| name == "request");
    field.unwrap().1
}

#[rocket::async_test]
async fn a_kept_request_goes_on_for_an_hour_then_anew_and_is_over_after_a_day() {
    let house = House::open(cheap()).await;
    house.register("ada@example.com").await;
    let app = app(&house).await;
    let browser = Browser::new(&house);
    let request = kept(&browser, &app).await;
    let go_on = format!("/oauth/authorize/continue?request={request}");
    house.pass(1);
    browser.enter("ada@example.com").await;
    house.pass(HOUR - 2);
    // Whoever has signed in since it came has signed in for it.
    assert!(!browser.get(&go_on).await.asks_to_sign_in());
    house.pass(1);
    assert!(browser.get(&go_on).await.asks_to_sign_in());
    house.pass(23 * HOUR - 1);
    assert_eq!(browser.get(&go_on).await.status, 200);
    house.pass(1);
    assert_eq!(browser.get(&go_on).await.status, 400);
}

#[rocket::async_test]
async fn max_age_asks_a_sign_in_that_is_older_by_a_millisecond() {
    let house = House::open(cheap()).await;
    house.register("ada@example.com").await;
    let app = app(&house).await;
    let browser = Browser::new(&house);
    browser.enter("ada@example.com").await;
    house.pass(100 * SECOND);
    let asked = authorize(&app, "&max_age=100");
    assert!(!browser.get(&asked).await.asks_to_sign_in());
    house.pass(1);
    assert!(browser.get(&asked).await.asks_to_sign_in());
}

#[rocket::async_test]
async fn a_browser_is_signed_in_until_its_idle_end_which_use_moves_and_its_absolute_end() {
    let settings = Settings {
        refresh_token_seconds: 1000,
        session_seconds: 2500,
        ..cheap()
    };
    let house = House::open(settings).await;
    house.register("ada@example.com").await;
    let [idle, used] = [Browser::new(&house), Browser::new(&house)];
    for browser in [&idle, &used] {
        browser.enter("ada@example.com").await;
    }
    house.pass(1000 * SECOND - 1);
    assert!(used.is_signed_in().await);
    house.pass(1);
    assert!(!idle.is_signed_in().await);
    house.pass(999 * SECOND);
    assert!(used.is_signed_in().await);
    house.pass(501 * SECOND - 1);
    assert!(used.is_signed_in().await);
    house.pass(1);
    assert!(!used.is_signed_in().await);
}

#[rocket::async_test]
async fn what_is_over_is_counted_and_listed_as_over_at_that_instant() {
    let settings = Settings {
        refresh_token_seconds: 100,
        access_token_seconds: 50,
        sessions_per_account: 2,
        ..cheap()
    };
    let house = House::open(settings).await;
    let ada = house.register("ada@example.com").await;
    let live = async || {
        let user = text(&ada, "userId");
        let own = format!("/admin/sessions?active=true&userId={user}");
        let over = format!("/admin/sessions?active=false&userId={user}");
        let all = house
            .doorward
            .services()
            .store
            .stats(house.doorward.services().clock.now())
            .await;
        (
            total(&house, &own).await,
            total(&house, &over).await,
            total(&house, "/admin/sessions?active=true").await,
            all.unwrap().now.active_sessions,
        )
    };
    house.pass(100 * SECOND - 1);
    assert_eq!(live().await, (1, 0, 1, 1));
    house.pass(1);
    assert_eq!(live().await, (0, 1, 0, 0));
    // It takes no place of the cap either: nothing is evicted.
    let login = json!({"email": "ada@example.com", "password": crate::house::PASSWORD});
    for _ in 0..2 {
        house
            .post("/auth/login", "", login.clone())
            .await
            .expect(200);
    }
    assert_eq!(house.events("session.evicted").await, 0);
    house.pass(100 * SECOND - 1);
    house
        .post("/auth/login", "", login.clone())
        .await
        .expect(200);
    assert_eq!(house.events("session.evicted").await, 1);
}

#[rocket::async_test]
async fn a_key_that_expires_takes_its_place_until_then() {
    let settings = Settings {
        api_keys_per_account: 1,
        ..cheap()
    };
    let house = House::open(settings).await;
    let ada = house.register("ada@example.com").await;
    let (user, access) = (text(&ada, "userId"), text(&ada, "accessToken"));
    let mint = async || {
        let ends = Timestamp(START.0 + 60_000).to_string();
        let body = json!({"name": "x", "scopes": ["read"], "expiresAt": ends});
        house.post("/apikey", access, body).await
    };
    let minted = mint().await.expect(201);
    let plain = json!({"name": "y", "scopes": ["read"]});
    let listed = async |state: &str| {
        let path = format!("/admin/apikeys?active={state}&ownerId={user}");
        total(&house, &path).await
    };
    house.pass(60 * SECOND - 1);
    house
        .post("/apikey", access, plain.clone())
        .await
        .refused(409, "conflict");
    assert_eq!((listed("true").await, listed("false").await), (1, 0));
    house.pass(1);
    assert_eq!((listed("true").await, listed("false").await), (0, 1));
    house
        .post("/apikey", access, plain.clone())
        .await
        .expect(201);
    // The same of a key in the grace of its rotation.
    assert_ne!(text(&minted, "id"), "");
    let own = house
        .call(Method::Get, "/apikey", access, Value::Null)
        .await
        .expect(200);
    let id = own["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/apikey/{id}/rotate");
    house
        .post(&path, access, json!({"graceSeconds": 60}))
        .await
        .refused(409, "conflict");
    house.post(&path, access, Value::Null).await.expect(201);
}

#[rocket::async_test]
async fn a_key_in_its_grace_is_listed_as_live_until_it_is_over() {
    let house = House::open(cheap()).await;
    let ada = house.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    let made = house
        .post("/apikey", access, json!({"name": "y", "scopes": ["read"]}))
        .await
        .expect(201);
    let path = format!("/apikey/{}/rotate", text(&made, "id"));
    house
        .post(&path, access, json!({"graceSeconds": 60}))
        .await
        .expect(201);
    let live = async || {
        let path = format!(
            "/admin/apikeys?active=true&ownerId={}",
            text(&ada, "userId")
        );
        let stats = house
            .doorward
            .services()
            .store
            .stats(house.doorward.services().clock.now())
            .await;
        // The operator key is one more.
        (total(&house, &path).await, stats.unwrap().now.api_keys - 1)
    };
    house.pass(60 * SECOND - 1);
    assert_eq!(live().await, (2, 2));
    house.pass(1);
    assert_eq!(live().await, (1, 1));
}

#[rocket::async_test]
async fn dead_sessions_and_keys_are_kept_for_thirty_days() {
    let house = House::open(cheap()).await;
    let ada = house.register("ada@example.com").await;
    let access = text(&ada, "accessToken");
    house.ended_key_and_session(access).await;
    let rows = async || {
        let now = house.doorward.services().clock.now();
        house
            .doorward
            .services()
            .store
            .sweep(now, 365)
            .await
            .unwrap();
        let keys = format!("/admin/apikeys?ownerId={}", text(&ada, "userId"));
        (
            total(&house, "/admin/sessions").await,
            total(&house, &keys).await,
        )
    };
    house.pass(30 * DAY);
    assert_eq!(rows().await, (1, 1));
    house.pass(1);
    assert_eq!(rows().await, (0, 0));
}

#[rocket::async_test]
async fn a_client_token_that_was_given_up_is_known_until_it_would_have_ended() {
    let house = House::open(cheap()).await;
    let body = json!({"name": "x", "grantTypes": ["client_credentials"], "scopes": ["read"]});
    let client = house
        .post("/admin/clients", &house.operator(), body)
        .await
        .expect(201);
    let ask = json!({"grantType": "client_credentials", "clientId": client["id"], "clientSecret": client["clientSecret"]});
    let token = house.post("/auth/token", "", ask).await.expect(200);
    let token = text(&token, "accessToken");
    house
        .post("/auth/logout", token, Value::Null)
        .await
        .expect(204);
    house.pass(2 * HOUR - 1);
    let now = house.doorward.services().clock.now();
    house
        .doorward
        .services()
        .store
        .sweep(now, 365)
        .await
        .unwrap();
    house.whoami(token).await.refused(401, "token_revoked");
}

#[rocket::async_test]
async fn a_lost_answer_can_be_had_again_until_the_last_millisecond_of_its_window() {
    let house = House::open(cheap()).await;
    let ada = house.register("ada@example.com").await;
    let refresh = async || {
        let body = json!({"refreshToken": ada["refreshToken"]});
        house.post("/auth/refresh", "", body).await
    };
    refresh().await.expect(200);
    house.pass(60 * SECOND - 1);
    refresh().await.expect(200);
    house.pass(1);
    refresh().await.refused(401, "token_revoked");
    assert_eq!(house.events("session.replayed").await, 1);
}

#[rocket::async_test]
async fn the_failures_of_an_account_from_everywhere_are_forgotten_after_an_hour() {
    let settings = Settings {
        password_failures_per_account: 2,
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..cheap()
    };
    let house = House::open(settings).await;
    house.register("ada@example.com").await;
    let try_from = async |address: &str, password: &str| {
        let headers = [
            ("content-type", "application/json"),
            ("x-forwarded-for", address),
        ];
        let body = json!({"email": "ada@example.com", "password": password}).to_string();
        house
            .send(Method::Post, "/auth/login", &headers, &body)
            .await
            .0
    };
    let right = crate::house::PASSWORD;
    for address in ["192.0.2.1", "192.0.2.2"] {
        assert_eq!(try_from(address, "wrong wrong wrong").await, 401);
    }
    house.pass(HOUR - 1);
    assert_eq!(try_from("192.0.2.3", right).await, 429);
    house.pass(1);
    assert_eq!(try_from("192.0.2.3", right).await, 200);
}
