//! Tests of clients whose `client_id` is the URL of a metadata document, and of clients whose keys are fetched, with an
//! https test server.

use std::net::{IpAddr, Ipv4Addr};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use doorward_shared::{ScopeSet, Timestamp};
use serde_json::{Value, json};

use super::{Form, expiry_tests::TestApp, id_token_hint::Hint};
use crate::{
    Settings,
    clock::Clock,
    domain::{Act, AuthMethod, ClientPolicy, GrantType, PolicyChange, rules::client::ClientChange},
    outbound::test_server::TestServer,
    service::ClientKeys,
};

const CALLBACK: &str = "https://app.example/cb";
const IP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn settings() -> Settings {
    Settings {
        client_metadata_documents: true,
        ..Settings::default()
    }
}

fn document(url: &str, name: &str) -> String {
    json!({
        "client_id": url, "client_name": name, "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
        "scope": "openid offline_access", "logo_uri": "https://app.example/logo.svg",
    })
    .to_string()
}

/// The payload of a token.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_client_that_is_a_document_is_called_by_its_url_in_all_it_is_given() {
    let here = TestServer::start();
    let url = here.url("/client.json");
    here.answer("/client.json", "200 x", &document(&url, "Assistant"));
    let app = TestApp::reaching(settings(), here.outbound()).await;
    let code = app.code_for(&url, "openid offline_access").await;
    let answer = app.redeem_for(&url, &code).await.unwrap();
    let access = claims(&answer.access_token);
    assert_eq!(access["client_id"], url.as_str());
    let id_token = answer.id_token.unwrap();
    assert_eq!(claims(&id_token)["aud"], url.as_str());
    let hint = Hint::read(&id_token, &app.services().keys).unwrap();
    assert_eq!(hint.client, url);
    // The token is valid, and so is the one it is refreshed to.
    let caller = app
        .services()
        .authenticator
        .authenticate(&answer.access_token, IP);
    assert!(caller.await.is_ok());
    assert_eq!(here.asked(), ["/client.json"], "fetched once");
}

#[tokio::test]
async fn a_document_is_fetched_again_when_its_time_is_over() {
    let here = TestServer::start();
    let url = here.url("/client.json");
    here.answer(
        "/client.json",
        "200 x\r\nCache-Control: max-age=600",
        &document(&url, "Old"),
    );
    let app = TestApp::reaching(settings(), here.outbound()).await;
    let name = async || {
        let registrations = &app.services().registrations;
        let client = registrations.client_named(&url, IP).await.unwrap().unwrap();
        (client.name.clone(), client.dynamic)
    };
    assert_eq!(name().await, ("Old".into(), true));
    here.answer("/client.json", "200 x", &document(&url, "New"));
    app.wait(599, 999);
    assert_eq!(name().await.0, "Old");
    app.wait(0, 1);
    assert_eq!(name().await.0, "New");
    assert_eq!(here.asked().len(), 2);
    // A client whose document was deleted meanwhile is no longer a client.
    app.wait(300, 0);
    here.answer("/client.json", "404 x", "");
    let gone = app.services().registrations.client_named(&url, IP).await;
    assert_eq!(gone.unwrap_err().error, "invalid_client");
}

#[tokio::test]
async fn what_an_operator_has_taken_from_a_document_it_does_not_take_back() {
    let here = TestServer::start();
    let url = here.url("/client.json");
    let heads = "200 x\r\nCache-Control: max-age=600";
    here.answer("/client.json", heads, &document(&url, "Old"));
    let app = TestApp::reaching(settings(), here.outbound()).await;
    let services = app.services();
    let named = async || {
        let found = services.registrations.client_named(&url, IP).await;
        found.map(|found| found.unwrap())
    };
    let client = named().await.unwrap();
    assert_eq!(client.scopes.to_string(), "offline_access openid");
    let take = async |change: ClientChange| {
        let act = Act::system(services.clock.now());
        services
            .store
            .change_client(client.id, change, act)
            .await
            .unwrap();
        app.wait(601, 0);
    };
    here.answer("/client.json", heads, &document(&url, "New"));
    take(ClientChange {
        scopes: Some(ScopeSet::parse("openid").unwrap()),
        grant_types: Some(vec![GrantType::AuthorizationCode]),
        ..ClientChange::default()
    })
    .await;
    let after = named().await.unwrap();
    assert_eq!(
        (after.name.as_str(), after.scopes.to_string()),
        ("New", "openid".into())
    );
    assert_eq!(after.grant_types, [GrantType::AuthorizationCode]);
}

/// Its document is fetched each day, whatever an operator has found out about it.
#[tokio::test]
async fn an_address_that_an_operator_has_taken_from_a_document_is_not_fetched_again() {
    let here = TestServer::start();
    let url = here.url("/client.json");
    let said = |uris: &[&str]| {
        let mut said: Value = serde_json::from_str(&document(&url, "App")).unwrap();
        said["redirect_uris"] = json!(uris);
        said.to_string()
    };
    let heads = "200 x\r\nCache-Control: max-age=600";
    let both = ["https://app.example/cb", "https://lost.example/cb"];
    here.answer("/client.json", heads, &said(&both));
    let app = TestApp::reaching(settings(), here.outbound()).await;
    let services = app.services();
    let named = async || services.registrations.client_named(&url, IP).await;
    let client = named().await.unwrap().unwrap();
    assert_eq!(client.redirect_uris, both);
    let change = ClientChange {
        name: Some("An app".into()),
        redirect_uris: Some(vec![both[0].into()]),
        ..ClientChange::default()
    };
    let act = Act::system(services.clock.now());
    let changed = services.store.change_client(client.id, change, act).await;
    changed.unwrap();
    app.wait(601, 0);
    let after = named().await.unwrap().unwrap();
    assert_eq!(
        (after.name.as_str(), &*after.redirect_uris),
        ("An app", &[both[0].to_owned()][..])
    );
    here.answer("/client.json", heads, &said(&both[1..]));
    app.wait(601, 0);
    assert_eq!(named().await.unwrap_err().error, "invalid_client");
}

/// A client that an operator has locked out counts as unused from then on.
#[tokio::test]
async fn what_an_operator_has_decided_about_a_document_outlasts_its_disuse() {
    let here = TestServer::start();
    let url = here.url("/client.json");
    here.answer("/client.json", "200 x", &document(&url, "Assistant"));
    let app = TestApp::reaching(settings(), here.outbound()).await;
    let services = app.services();
    let named = async || {
        let found = services.registrations.client_named(&url, IP).await;
        found.unwrap().unwrap()
    };
    let sweep = async || {
        app.wait(2 * 86_400, 0);
        let now = services.clock.now();
        services.store.sweep_unused_clients(now).await.unwrap()
    };
    let first = named().await.id;
    assert_eq!(sweep().await, 1);
    let client = named().await;
    assert_ne!(client.id, first);
    let change = ClientChange {
        policy: PolicyChange {
            allowed_groups: Some(vec!["nobody".to_owned()]),
            ..PolicyChange::default()
        },
        ..ClientChange::default()
    };
    let act = Act::system(services.clock.now());
    let changed = services.store.change_client(client.id, change, act).await;
    changed.unwrap();
    // After another fetch it is still the operator's.
    app.wait(86_400, 0);
    assert_eq!(named().await.id, client.id);
    assert_eq!(sweep().await, 0);
    let after = named().await;
    assert_eq!(after.id, client.id);
    assert_eq!(after.policy.allowed_groups, ["nobody"]);
}

#[tokio::test]
async fn a_document_is_called_by_its_url_alone() {
    let here = TestServer::start();
    let url = here.url("/client.json");
    here.answer("/client.json", "200 x", &document(&url, "Assistant"));
    let app = TestApp::reaching(settings(), here.outbound()).await;
    let registrations = &app.services().registrations;
    let client = registrations.client_named(&url, IP).await.unwrap().unwrap();
    // Its document may have been deleted, or the setting that allows documents turned off.
    let by_id = registrations.client_named(&client.id.to_string(), IP).await;
    assert!(by_id.unwrap().is_none());
}

#[tokio::test]
async fn of_many_who_name_a_document_at_once_one_fetches_it_and_one_pays() {
    let here = TestServer::start();
    let url = here.url("/client.json");
    here.answer(
        "/client.json",
        "200 x\r\nCache-Control: max-age=600",
        &document(&url, "Assistant"),
    );
    let app = TestApp::reaching(settings(), here.outbound()).await;
    let registrations = &app.services().registrations;
    let all_at_once = async || {
        let named = (0..25).map(|_| registrations.client_named(&url, IP));
        let found = rocket::futures::future::join_all(named).await;
        assert!(
            found.iter().all(|named| matches!(named, Ok(Some(_)))),
            "{found:?}"
        );
    };
    // More than the hourly registration limit of one address.
    all_at_once().await;
    assert_eq!(here.asked().len(), 1);
    // Fetched again after it expired.
    app.wait(601, 0);
    all_at_once().await;
    assert_eq!(here.asked().len(), 2);
}

#[tokio::test]
async fn of_many_who_need_a_clients_keys_at_once_one_asks() {
    let here = TestServer::start();
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "one",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let keys = json!({ "keys": [key] }).to_string();
    here.answer("/jwks.json", "200 x\r\nCache-Control: max-age=600", &keys);
    let clock = Clock::manual(Timestamp(0));
    let found = ClientKeys::new(here.outbound(), clock.clone());
    let policy = ClientPolicy {
        jwks_uri: Some(here.url("/jwks.json")),
        ..ClientPolicy::default()
    };
    for asked in 1..=2 {
        let all = (0..12).map(|_| found.of(&policy, false));
        let all = rocket::futures::future::join_all(all).await;
        assert!(all.iter().all(Option::is_some));
        assert_eq!(here.asked().len(), asked);
        clock.advance(std::time::Duration::from_secs(601));
    }
}

#[tokio::test]
async fn no_document_is_asked_for_unless_a_setting_says_so() {
    let here = TestServer::start();
    let app = TestApp::reaching(Settings::default(), here.outbound()).await;
    let url = here.url("/client.json");
    let named = app.services().registrations.client_named(&url, IP).await;
    assert!(named.unwrap().is_none());
    assert!(here.asked().is_empty());
}

#[tokio::test]
async fn fetched_keys_are_kept_and_asked_for_anew_at_most_once_a_minute() {
    let here = TestServer::start();
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "one",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let keys = json!({ "keys": [key] }).to_string();
    here.answer("/jwks.json", "200 x", &keys);
    let found = ClientKeys::new(here.outbound(), Clock::manual(Timestamp(0)));
    let policy = ClientPolicy {
        jwks_uri: Some(here.url("/jwks.json")),
        ..ClientPolicy::default()
    };
    let first = found.of(&policy, false).await.unwrap();
    assert_eq!(first.keys.len(), 1);
    assert!(found.of(&policy, true).await.is_some());
    assert_eq!(here.asked().len(), 1, "a moment ago is soon enough");
    let broken = ClientPolicy {
        jwks_uri: Some(here.url("/none.json")),
        ..ClientPolicy::default()
    };
    assert!(found.of(&broken, false).await.is_none());
    assert!(found.of(&broken, true).await.is_none());
    assert_eq!(
        here.asked().len(),
        2,
        "nor is who does not answer asked again"
    );
}

/// A key of a client, by its `kid`.
struct Signer(&'static str, Ed25519KeyPair);

impl Signer {
    fn new(kid: &'static str) -> Self {
        Self(kid, Ed25519KeyPair::generate().unwrap())
    }

    fn set(&self) -> String {
        let x = BASE64.encode(self.1.public_key().as_ref());
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.0, "x": x });
        json!({ "keys": [key] }).to_string()
    }

    fn assertion(&self, app: &TestApp, client: &str) -> String {
        let now = app.services().clock.now().seconds();
        let issuer = &app.services().issuer;
        let jti = ulid::Ulid::from_bytes(crate::clock::random_bytes()).to_string();
        let claims =
            json!({ "iss": client, "sub": client, "aud": issuer, "exp": now + 60, "jti": jti });
        let header = json!({ "alg": "EdDSA", "kid": self.0 });
        let part = |value: Value| BASE64.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = BASE64.encode(self.1.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    async fn token(&self, app: &TestApp, client: &str) -> Result<String, &'static str> {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let assertion = self.assertion(app, client);
        let pairs = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", kind),
            ("client_assertion", assertion.as_str()),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let form = Form::checked(pairs.to_vec()).unwrap();
        let endpoint = &app.services().token_endpoint;
        let answer = endpoint.answer(&[], &form, IP, "r".into()).await;
        answer
            .map(|answer| answer.access_token)
            .map_err(|failure| failure.error)
    }
}

#[tokio::test]
async fn a_client_goes_on_when_the_keys_at_its_address_are_others() {
    let here = TestServer::start();
    let (one, two) = (Signer::new("one"), Signer::new("two"));
    here.answer("/jwks.json", "200 x", &one.set());
    let app = TestApp::reaching(Settings::default(), here.outbound()).await;
    let policy = ClientPolicy {
        auth_method: Some(AuthMethod::PrivateKeyJwt),
        jwks_uri: Some(here.url("/jwks.json")),
        ..ClientPolicy::default()
    };
    let client = app.machine(policy).await;
    let token = one.token(&app, &client).await.unwrap();
    one.token(&app, &client).await.unwrap();
    assert_eq!(here.asked().len(), 1, "kept");

    // Another key: not fetched in the first minute, and found afterwards.
    here.answer("/jwks.json", "200 x", &two.set());
    let refused = Err("invalid_client");
    assert_eq!(two.token(&app, &client).await, refused);
    assert_eq!(here.asked().len(), 1);
    app.wait(61, 0);
    two.token(&app, &client).await.unwrap();
    assert_eq!(here.asked().len(), 2);
    assert_eq!(one.token(&app, &client).await, refused);
    let callers = &app.services().authenticator;
    assert!(callers.authenticate(&token, IP).await.is_ok());

    // A broken response removes no key before the cached ones expire.
    for (status, body) in [
        ("500 x", ""),
        ("200 x", "<html>"),
        ("200 x", "{\"keys\":[]}"),
    ] {
        here.answer("/jwks.json", status, body);
        app.wait(61, 0);
        assert_eq!(one.token(&app, &client).await, refused);
        two.token(&app, &client).await.unwrap();
    }
    assert_eq!(here.asked().len(), 5);
    app.wait(301, 0);
    assert_eq!(two.token(&app, &client).await, refused);
    here.answer("/jwks.json", "200 x", &two.set());
    app.wait(61, 0);
    two.token(&app, &client).await.unwrap();
}
