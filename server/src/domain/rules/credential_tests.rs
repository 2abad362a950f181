//! Tests of the validity of credentials, at the exact instants and as properties.

use doorward_shared::{ClientId, KeyId, SessionId, apikey::Environment};
use proptest::prelude::*;

use super::*;
use crate::domain::{
    ClientSecrets, KeyOwner, Session, SignInMethod,
    client::mark,
    rules::fixtures::{self, NOW, USER, set},
};

fn account(may: &str, disabled_at: Option<Timestamp>) -> Account {
    let mut account = fixtures::account(may);
    account.user.disabled_at = disabled_at;
    account
}

fn session(expires: i64, idle: i64, client: Option<ClientId>) -> Session {
    Session {
        id: SessionId(Ulid(1)),
        user_id: USER,
        client_id: client,
        scope: set("read write"),
        ip: "192.0.2.1".parse().unwrap(),
        user_agent: None,
        created_at: NOW,
        auth_time: None,
        method: Default::default(),
        last_seen_at: NOW,
        expires_at: Timestamp(NOW.0 + expires),
        idle_until: Timestamp(NOW.0 + idle),
        claims: Default::default(),
        revoked_at: None,
    }
}

fn client(scopes: &str, secrets: Option<ClientSecrets>) -> Client {
    Client {
        id: ClientId(Ulid(3)),
        name: "x".into(),
        redirect_uris: Vec::new(),
        grant_types: Vec::new(),
        scopes: set(scopes),
        resources: Vec::new(),
        secrets,
        require_pkce: false,
        resource_server: false,
        policy: crate::domain::ClientPolicy::default(),
        dynamic: false,
        document: None,
        client_tokens_valid_from: None,
        codes_valid_after: None,
        created_at: NOW,
    }
}

fn key(owner: KeyOwner, expires: Option<i64>, revoked: Option<i64>) -> ApiKey {
    let at = |ms: i64| Timestamp(NOW.0 + ms);
    ApiKey {
        id: KeyId(Ulid(2)),
        owner,
        name: "k".into(),
        hint: "h".into(),
        scopes: set("read write"),
        environment: Environment::Live,
        created_at: NOW,
        expires_at: expires.map(at),
        last_used_at: None,
        last_used_ip: None,
        revoked_at: revoked.map(at),
        minted_by: None,
        minter: None,
        client: None,
        terms: Default::default(),
        meter: None,
    }
}

fn owner(account: Option<&Account>) -> SessionOwner<'_> {
    SessionOwner {
        account,
        must_have_factor: false,
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp(NOW.0 + ms)
}

#[test]
fn a_session_is_worth_something_until_the_millisecond_before_its_idle_and_its_absolute_end() {
    let ada = account("read", None);
    let granted = set("read write");
    let validate = |session: &Session, ms| {
        session_scopes(&session.core(), owner(Some(&ada)), None, &granted, at(ms))
    };
    let idle = session(1000, 600, None);
    assert_eq!(validate(&idle, 599), Ok(set("read")));
    assert_eq!(validate(&idle, 600), Err(CredentialEnd::Expired));
    let absolute = session(1000, 1000, None);
    assert_eq!(validate(&absolute, 999), Ok(set("read")));
    assert_eq!(validate(&absolute, 1000), Err(CredentialEnd::Expired));
}

#[test]
fn a_session_is_revoked_with_whatever_it_hangs_on_even_when_it_is_over() {
    let granted = set("read");
    let ada = account("read", None);
    let disabled = account("read", Some(NOW));
    let own = session(1000, 1000, None);
    let through = session(1000, 1000, Some(ClientId(Ulid(3))));
    let revoked = Session {
        revoked_at: Some(NOW),
        ..own.clone()
    };
    for ms in [0, 2000] {
        for (session, account) in [
            (&own, None),
            (&own, Some(&disabled)),
            (&revoked, Some(&ada)),
            (&through, Some(&ada)),
        ] {
            let found = session_scopes(&session.core(), owner(account), None, &granted, at(ms));
            assert_eq!(found, Err(CredentialEnd::Revoked));
        }
    }
}

#[test]
fn where_a_factor_is_demanded_a_sign_in_without_one_is_over() {
    let (ada, granted) = (account("read", None), set("read"));
    let password = session(1000, 1000, None);
    let with_code = Session {
        method: SignInMethod::PasswordAndCode,
        ..password.clone()
    };
    for (session, demanded, worth) in [
        (&password, false, Ok(set("read"))),
        (&password, true, Err(CredentialEnd::Expired)),
        (&with_code, true, Ok(set("read"))),
    ] {
        let owner = SessionOwner {
            must_have_factor: demanded,
            ..owner(Some(&ada))
        };
        let found = session_scopes(&session.core(), owner, None, &granted, NOW);
        assert_eq!(found, worth);
    }
}

#[test]
fn what_a_client_is_no_longer_given_its_sessions_lose() {
    let ada = account("read write", None);
    let through = session(1000, 1000, Some(ClientId(Ulid(3))));
    let app = client("read openid", None);
    let granted = set("openid read write");
    let found = session_scopes(
        &through.core(),
        owner(Some(&ada)),
        Some(&app),
        &granted,
        NOW,
    );
    assert_eq!(found, Ok(set("openid read")));
}

#[test]
fn a_key_is_good_until_the_millisecond_before_its_end_or_that_of_its_grace() {
    let ada = account("read", None);
    let validate = |key: &ApiKey, ms| key_scopes(key, Some(&ada), at(ms));
    let own = |expires, revoked| key(KeyOwner::User(USER), expires, revoked);
    assert_eq!(validate(&own(Some(50), None), 49), Ok(set("read")));
    assert_eq!(
        validate(&own(Some(50), None), 50),
        Err(CredentialEnd::Expired)
    );
    assert_eq!(validate(&own(None, Some(50)), 49), Ok(set("read")));
    assert_eq!(
        validate(&own(None, Some(50)), 50),
        Err(CredentialEnd::Revoked)
    );
    assert_eq!(
        validate(&own(Some(40), Some(50)), 60),
        Err(CredentialEnd::Revoked)
    );
    let disabled = account("read", Some(NOW));
    for owner in [None, Some(&disabled)] {
        let whole = own(None, None);
        assert_eq!(key_scopes(&whole, owner, NOW), Err(CredentialEnd::Revoked));
    }
    let mut off = own(None, None);
    off.terms.enabled = false;
    assert_eq!(validate(&off, 0), Err(CredentialEnd::Revoked));
    let operators = key(KeyOwner::Operator, None, None);
    assert_eq!(key_scopes(&operators, None, NOW), Ok(set("read write")));
}

#[test]
fn a_clients_token_ends_with_the_grace_of_the_secret_it_was_got_with() {
    let [old, new] = ["old", "new"].map(|text| Digest256::of(text.as_bytes()));
    let secrets = ClientSecrets {
        current: new,
        previous: Some((old, at(1000))),
        unmarked: 0,
    };
    let app = client("read", Some(secrets));
    let granted = set("read write");
    let validate = |secret: &Digest256, given_up, ms| {
        let id = mark(Ulid(99 << 64), secret);
        client_scopes(
            Some(&app),
            ClientToken {
                id,
                is_token_revoked: given_up,
            },
            &granted,
            at(ms),
        )
    };
    assert_eq!(validate(&old, false, 999), Ok(set("read")));
    assert_eq!(validate(&old, false, 1000), Err(CredentialEnd::Revoked));
    assert_eq!(validate(&new, false, 1000), Ok(set("read")));
    assert_eq!(validate(&new, true, 0), Err(CredentialEnd::Revoked));
    let token = ClientToken {
        id: Ulid(1),
        is_token_revoked: false,
    };
    let none = client_scopes(None, token, &granted, NOW);
    assert_eq!(none, Err(CredentialEnd::Revoked));
}

#[test]
fn a_client_is_let_in_with_its_secret_until_its_grace_ends_and_a_public_one_without() {
    let [old, new, other] = ["old", "new", "other"].map(|text| Digest256::of(text.as_bytes()));
    let secrets = ClientSecrets {
        current: new,
        previous: Some((old, at(1000))),
        unmarked: 0,
    };
    let app = client("read", Some(secrets));
    let validate = |secret: Option<&Digest256>, ms| let_in(Some(&app), secret, at(ms)).is_ok();
    assert!(validate(Some(&new), 9000) && validate(Some(&old), 999));
    assert!(!validate(Some(&old), 1000) && !validate(Some(&other), 0) && !validate(None, 0));
    assert_eq!(let_in(Some(&client("read", None)), None, NOW), Ok(()));
    assert_eq!(let_in(None, Some(&new), NOW), Err(CredentialEnd::Revoked));
}

proptest! {
    #[test]
    fn a_sign_in_is_recent_exactly_until_its_seconds_are_over(within in 1..5000_u32, ago in 0..10_000_000_i64) {
        let signed_in = Some(Timestamp(NOW.0 - ago));
        prop_assert_eq!(is_recent(signed_in, within, NOW), ago < i64::from(within) * 1000);
        prop_assert!(is_recent(signed_in, 0, NOW) && is_recent(None, within, NOW));
    }

    /// No credential has more scopes than were granted.
    #[test]
    fn no_credential_grows(held in 0..4_usize, granted in 0..4_usize) {
        let sets = ["", "read", "write", "read write"];
        let (held, granted) = (sets[held], set(sets[granted]));
        let ada = account(held, None);
        let found = session_scopes(&session(9, 9, None).core(), owner(Some(&ada)), None, &granted, NOW).unwrap();
        let grantable = set(held).union(&OPENID);
        prop_assert!(granted.covers_all(&found) && grantable.covers_all(&found));
        prop_assert_eq!(found, granted.intersect(&grantable));
    }
}

#[test]
fn a_token_names_what_was_asked_for_of_its_audiences_or_all() {
    let granted = || {
        vec![
            "https://a.example".to_owned(),
            "https://b.example".to_owned(),
        ]
    };
    let asked = ["https://b.example".to_owned()];
    assert_eq!(audience(&asked, granted()), asked);
    assert_eq!(audience(&[], granted()), granted());
}
