//! Tests of the expiry of codes, kept requests and browser sessions, with a manual clock.

use std::{net::IpAddr, time::Duration};

use doorward_shared::{ClientId, ScopeSet, Timestamp};

use super::{AuthorizationOutcome, AuthorizationRequest, EndUser, Form, TokenAnswer};
use crate::{
    Doorward, Settings,
    clock::Clock,
    crypto::secret::Digest256,
    domain::{Act, AuditContext, Client, Email, GrantType, NewUser},
    outbound::Outbound,
    service::SignedIn,
};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "https://app.example/cb";
const COOKIE: Digest256 = Digest256([7; 32]);
const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

pub(super) struct TestApp {
    pub(super) doorward: Doorward,
    pub(super) client: ClientId,
    _directory: tempfile::TempDir,
}

impl TestApp {
    /// A server with one public client, and a user who is signed in in one browser.
    async fn new(settings: Settings) -> Self {
        Self::reaching(settings, Outbound::default()).await
    }

    /// As [`TestApp::new`], with a given client for outgoing requests.
    pub(super) async fn reaching(settings: Settings, outbound: Outbound) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings {
            data_dir: directory.path().join("data"),
            signing_algorithm: "EdDSA".into(),
            ..settings
        };
        let clock = Clock::manual(Timestamp(1_764_000_000_000));
        let doorward = Doorward::open_with(settings, clock, outbound)
            .await
            .unwrap();
        let now = doorward.services().clock.now();
        let client = Client {
            id: ClientId(ulid::Ulid::nil()),
            name: "App".into(),
            redirect_uris: vec![CALLBACK.into()],
            grant_types: vec![GrantType::AuthorizationCode],
            scopes: ScopeSet::parse("openid").unwrap(),
            resources: Vec::new(),
            secrets: None,
            require_pkce: false,
            resource_server: false,
            policy: crate::domain::ClientPolicy::default(),
            dynamic: false,
            document: None,
            client_tokens_valid_from: None,
            codes_valid_after: None,
            created_at: now,
        };
        let client = doorward
            .services()
            .store
            .create_client(client, false, Act::system(now))
            .await;
        let person = NewUser {
            email: Email::parse("ada@example.com").unwrap(),
            password: None,
            first_name: None,
            last_name: None,
            role: "customer".into(),
            permissions: ScopeSet::default(),
            groups: Vec::new(),
            email_verified: true,
            disabled: false,
        };
        let session = doorward
            .services()
            .tokens
            .new_browser_session(IP, None, COOKIE, now);
        let made = doorward.services().store.sign_up(
            person,
            Some(session),
            None,
            AuditContext::system(now),
        );
        made.await.unwrap();
        Self {
            client: client.unwrap().id,
            doorward,
            _directory: directory,
        }
    }

    /// Creates a confidential client for client credentials with this policy; returns its id.
    pub(super) async fn machine(&self, policy: crate::domain::ClientPolicy) -> String {
        let store = &self.services().store;
        let client = store.client(self.client).await.unwrap().unwrap();
        let machine = Client {
            grant_types: vec![GrantType::ClientCredentials],
            scopes: ScopeSet::parse("read").unwrap(),
            redirect_uris: Vec::new(),
            policy,
            ..(*client).clone()
        };
        let act = Act::system(self.services().clock.now());
        let made = store.create_client(machine, false, act).await;
        made.unwrap().id.to_string()
    }

    pub(super) fn services(&self) -> &crate::http::Services {
        self.doorward.services()
    }

    pub(super) fn wait(&self, seconds: u64, millis: u64) {
        let by = Duration::from_secs(seconds) + Duration::from_millis(millis);
        self.services().clock.advance(by);
    }

    async fn signed_in(&self) -> Option<SignedIn> {
        let now = self.services().clock.now();
        self.services()
            .browser_sessions
            .signed_in(COOKIE, now)
            .await
            .unwrap()
    }

    /// A code that the user consented to.
    async fn code(&self) -> String {
        self.code_for(&self.client.to_string(), "").await
    }

    /// As [`TestApp::code`], for the client with this name.
    pub(super) async fn code_for(&self, id: &str, scope: &str) -> String {
        let pairs = [
            ("response_type", "code"),
            ("client_id", id),
            ("scope", scope),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let read = self.services().authorization.read(pairs.to_vec(), IP).await;
        let mut request = read.unwrap();
        request.shown = Some(request.scope.clone());
        let visitor = EndUser {
            signed_in: self.signed_in().await,
            decision: Some(true),
            ip: IP,
            user_agent: None,
            request_id: "r".into(),
        };
        let Ok(AuthorizationOutcome::Answer(answer)) = self
            .services()
            .authorization
            .authorize(&request, visitor)
            .await
        else {
            panic!("no answer");
        };
        let url = url::Url::parse(&answer.url()).unwrap();
        let mut pairs = url.query_pairs();
        pairs
            .find(|(name, _)| name == "code")
            .unwrap()
            .1
            .into_owned()
    }

    async fn redeem(&self, code: &str) -> Result<TokenAnswer, &'static str> {
        self.redeem_for(&self.client.to_string(), code).await
    }

    pub(super) async fn redeem_for(
        &self,
        id: &str,
        code: &str,
    ) -> Result<TokenAnswer, &'static str> {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("client_id", id),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let form = Form::checked(pairs.to_vec()).unwrap();
        let answer = self
            .services()
            .token_endpoint
            .answer(&[], &form, IP, "r".into())
            .await;
        answer.map_err(|failure| failure.error)
    }
}

#[tokio::test]
async fn a_code_is_good_for_less_than_sixty_seconds() {
    let app = TestApp::new(Settings::default()).await;
    let code = app.code().await;
    app.wait(59, 999);
    assert!(app.redeem(&code).await.is_ok());
    let code = app.code().await;
    app.wait(60, 0);
    assert_eq!(app.redeem(&code).await.unwrap_err(), "invalid_grant");
}

#[tokio::test]
async fn a_kept_request_begins_anew_after_an_hour_and_is_forgotten_after_a_day() {
    let app = TestApp::new(Settings::default()).await;
    let pairs = [
        ("response_type", "code".to_owned()),
        ("client_id", app.client.to_string()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("code_challenge", CHALLENGE.to_owned()),
        ("code_challenge_method", "S256".to_owned()),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value));
    let read = app.services().authorization.read(pairs.to_vec(), IP).await;
    let request = read.unwrap();
    let kept = app.services().authorization.keep(&request);
    app.wait(3599, 999);
    assert_eq!(
        app.services().authorization.restore_request(&kept),
        Ok(request.clone())
    );
    app.wait(0, 1);
    let again = AuthorizationRequest {
        asked_at: app.services().clock.now(),
        is_again: true,
        ..request
    };
    assert_eq!(
        app.services().authorization.restore_request(&kept),
        Ok(again)
    );
    app.wait(86_400 - 3600, 0);
    assert!(app.services().authorization.restore_request(&kept).is_err());
}

#[tokio::test]
async fn a_browser_stays_signed_in_while_it_is_used_and_no_longer_than_a_session_may() {
    let settings = Settings {
        refresh_token_seconds: 100,
        session_seconds: 250,
        ..Settings::default()
    };
    let app = TestApp::new(settings.clone()).await;
    // Used in time it lasts past its first idle expiry, but not past its absolute one.
    for _ in 0..3 {
        app.wait(80, 0);
        assert!(app.signed_in().await.is_some());
    }
    app.wait(10, 0);
    assert!(app.signed_in().await.is_none());
    // Lists and counts agree.
    let now = app.services().clock.now();
    assert_eq!(app.services().store.active_sessions(now).await.unwrap(), 0);
    // Unused, it ends at its idle expiry.
    let app = TestApp::new(settings).await;
    app.wait(99, 999);
    assert!(app.signed_in().await.is_some());
    let app = TestApp::new(Settings {
        refresh_token_seconds: 100,
        ..Settings::default()
    })
    .await;
    app.wait(100, 0);
    assert!(app.signed_in().await.is_none());
}
