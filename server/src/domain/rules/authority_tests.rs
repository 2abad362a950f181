//! Tests of the authorization rules, over all callers, operations and scopes.

use doorward_shared::{ScopeSet, apikey::Environment};
use proptest::prelude::*;
use ulid::Ulid;

use super::*;
use crate::domain::{
    Actor, User,
    rules::fixtures::{NOW, USER, account, set},
};

fn by(scopes: &ScopeSet, who: CallerKind, door: EntryPoint) -> Rights {
    Rights {
        scopes: scopes.clone(),
        who,
        door,
        weak: None,
    }
}

fn operator(scopes: &str) -> Rights {
    by(
        &set(scopes),
        CallerKind::Key(KeyOwner::Operator),
        EntryPoint::Admin,
    )
}

fn stale(rights: &Rights) -> Rights {
    Rights {
        weak: Some(DomainError::StepUp(60)),
        ..rights.clone()
    }
}

/// Scope sets of the scopes that matter here, including some that share a prefix.
fn scopes() -> impl Strategy<Value = ScopeSet> {
    const WORDS: &[&str] = &[
        "admin",
        "admin:users",
        "admin:users:read",
        "admin:roles",
        "admin:apikeys",
        "administrate",
        "read",
        "read:orders",
        "pay:approve",
    ];
    prop::collection::vec(prop::sample::select(WORDS), 0..5).prop_map(|words| set(&words.join(" ")))
}

fn with(scopes: &ScopeSet, scope: &str) -> ScopeSet {
    scopes.union(&set(scope))
}

/// A key of the user.
fn key(scopes: &ScopeSet) -> KeyFacts<'_> {
    KeyFacts {
        owner: KeyOwner::User(USER),
        scopes,
        is_operator_key: false,
    }
}

const GUARDED: AccountActs = AccountActs {
    guarded: true,
    lets_in: false,
};

proptest! {
    /// An account that holds, before or after, one of Doorward's own scopes can only be changed by a caller who holds
    /// it.
    #[test]
    fn whoever_changes_an_account_holds_its_administration(
        held in scopes(), before in scopes(), after in scopes(),
    ) {
        let held = with(&held, "admin:users");
        let by = by(&held, CallerKind::Key(KeyOwner::Operator), EntryPoint::Admin);
        let own = before.union(&after);
        let all = own.iter().filter(|scope| scope.as_str() == "admin" || scope.as_str().starts_with("admin:"))
            .all(|scope| held.covers(scope.as_str()));
        let none = ScopeSet::default();
        prop_assert_eq!(change_account(&by, USER, &before, &after, &none, GUARDED).is_ok(), all);
        let lets_in = AccountActs { lets_in: true, ..GUARDED };
        let as_password = set_password(&by, USER, &own).is_ok();
        prop_assert_eq!(change_account(&by, USER, &before, &after, &none, lets_in).is_ok(), as_password);
        let before_only = before.iter().filter(|scope| scope.as_str() == "admin" || scope.as_str().starts_with("admin:"))
            .all(|scope| held.covers(scope.as_str()));
        prop_assert_eq!(delete_account(&by, &before).is_ok(), before_only);
        // A role is treated as the accounts that have it.
        let by = super::tests::by(&with(&held, "admin:roles"), CallerKind::Key(KeyOwner::Operator), EntryPoint::Admin);
        if put_role(&by, &none, &own).is_ok() {
            let covered = administration(&own).iter().all(|scope| by.scopes.covers(scope.as_str()));
            prop_assert!(covered);
        }
    }

    /// A caller who can sign in as an account holds all of its permissions.
    #[test]
    fn whoever_sets_a_password_holds_all_of_the_permissions(held in scopes(), may in scopes()) {
        let held = with(&held, "admin:users");
        let by = by(&held, CallerKind::Key(KeyOwner::Operator), EntryPoint::Admin);
        let all = held.covers("admin") || may.iter().all(|scope| held.covers(scope.as_str()));
        prop_assert_eq!(set_password(&by, USER, &may).is_ok(), all);
        prop_assert_eq!(create_account(&by, &may, &ScopeSet::default(), true).is_ok(), all);
    }

    /// No caller grants what they do not hold, through any API.
    #[test]
    fn nobody_gives_what_they_do_not_hold(held in scopes(), given in scopes()) {
        let held = with(&with(&held, "admin:apikeys"), "admin:users");
        let admin = held.covers("admin");
        let all = given.iter().all(|scope| held.covers(scope.as_str()));
        let none = ScopeSet::default();
        let at_admin = by(&held, CallerKind::Granted, EntryPoint::Admin);
        let owner = KeyOwner::User(USER);
        prop_assert_eq!(mint_key(&at_admin, owner, &given).is_ok(), admin || all);
        prop_assert_eq!(create_account(&at_admin, &none, &given, false).is_ok(), admin || all);
        let change = change_account(&at_admin, USER, &none, &none, &given, GUARDED);
        prop_assert_eq!(change.is_ok(), admin || all);
        // Users' own keys are limited to what they hold themselves, and `admin` is not `read`.
        let own = by(&held, CallerKind::Person(USER), EntryPoint::Own);
        prop_assert_eq!(mint_key(&own, owner, &given).is_ok(), all);
    }
}

/// Every operation of the admin API, by a caller with just its scope, on a target without permissions.
/// An operation whose authorization depends on [`Rights`].
type Validated = Box<dyn Fn(&Rights) -> Result<(), DomainError>>;

fn operators_acts() -> Vec<(&'static str, Validated)> {
    let none = ScopeSet::default;
    let owner = KeyOwner::User(USER);
    vec![
        (
            "admin:users",
            Box::new(move |by| create_account(by, &none(), &none(), true)),
        ),
        (
            "admin:users",
            Box::new(move |by| change_account(by, USER, &none(), &none(), &none(), GUARDED)),
        ),
        (
            "admin:users",
            Box::new(move |by| delete_account(by, &none())),
        ),
        (
            "admin:users",
            Box::new(move |by| set_password(by, USER, &none())),
        ),
        ("admin:users", Box::new(move |by| end_sessions_of(by, USER))),
        ("admin:sessions", Box::new(move |by| end_session(by, USER))),
        ("admin:sessions", Box::new(end_many_sessions)),
        (
            "admin:roles",
            Box::new(move |by| put_role(by, &none(), &none())),
        ),
        ("admin:roles", Box::new(delete_role)),
        (
            "admin:apikeys",
            Box::new(move |by| mint_key(by, owner, &none())),
        ),
        (
            "admin:apikeys",
            Box::new(move |by| change_key(by, key(&none()))),
        ),
        (
            "admin:apikeys",
            Box::new(move |by| rotate_key(by, key(&none()))),
        ),
        (
            "admin:clients",
            Box::new(move |by| {
                change_client(
                    by,
                    ClientActs {
                        scopes: &none(),
                        sees_all: false,
                        resource_server: false,
                    },
                )
            }),
        ),
        ("admin:clients", Box::new(delete_client)),
        ("admin:keys", Box::new(change_signing_keys)),
        ("admin:server", Box::new(run_server)),
    ]
}

#[test]
fn every_act_of_an_operator_needs_its_scope_the_operators_door_and_a_recent_sign_in() {
    for (scope, act) in operators_acts() {
        let others = doorward_shared::scope::ADMIN_SCOPES
            .iter()
            .filter(|other| **other != scope);
        let others = others.copied().collect::<Vec<_>>().join(" ");
        let half = format!("{scope}:read");
        let named = Err(DomainError::Scope(scope.to_owned()));
        assert_eq!(act(&operator(scope)), Ok(()), "{scope}");
        assert_eq!(act(&operator("admin")), Ok(()), "{scope}");
        for less in [&others, &half, "read write"] {
            assert_eq!(act(&operator(less)), named, "{scope} with {less}");
        }
        let old = stale(&operator("admin"));
        assert_eq!(act(&old), Err(DomainError::StepUp(60)), "{scope}");
        // A token that a user granted to a client is not accepted by the user API.
        for who in [
            CallerKind::Granted,
            CallerKind::Client(doorward_shared::ClientId(Ulid(3))),
        ] {
            assert!(
                act(&by(&set("admin"), who, EntryPoint::Own)).is_err(),
                "{scope}"
            );
        }
    }
}

#[test]
fn people_act_on_their_own_account_only_and_change_no_more_than_their_name() {
    let none = ScopeSet::default();
    let other = UserId(Ulid(8));
    let own = by(&set("admin"), CallerKind::Person(USER), EntryPoint::Own);
    let name = AccountActs::default();
    assert_eq!(
        change_account(&own, USER, &none, &none, &none, name),
        Ok(())
    );
    assert!(change_account(&own, USER, &none, &none, &none, GUARDED).is_err());
    assert!(change_account(&own, USER, &none, &none, &set("read"), name).is_err());
    assert_eq!(set_password(&own, USER, &set("pay:approve")), Ok(()));
    let refused = Err(DomainError::NotFirstParty);
    assert_eq!(
        change_account(&own, other, &none, &none, &none, name),
        refused
    );
    assert_eq!(set_password(&own, other, &none), refused);
    assert_eq!(change_factors(&own, USER), Ok(()));
    assert_eq!(change_factors(&own, other), refused);
    let app = CallerKind::Client(doorward_shared::ClientId(Ulid(3)));
    for who in [
        CallerKind::Granted,
        app,
        CallerKind::Key(KeyOwner::User(USER)),
    ] {
        let not_theirs = by(&set("admin"), who, EntryPoint::Own);
        assert_eq!(change_factors(&not_theirs, USER), refused, "{who:?}");
    }
    assert_eq!(change_factors(&operator("admin"), USER), refused);
    assert_eq!(end_session(&own, other), refused);
    assert_eq!(end_sessions_of(&own, other), refused);
    assert_eq!(mint_key(&own, KeyOwner::User(other), &none), refused);
    assert_eq!(mint_key(&own, KeyOwner::Operator, &none), refused);
}

#[test]
fn everybody_gives_up_what_is_theirs_and_nothing_else() {
    let [app, other] = [3, 4].map(|id| doorward_shared::ClientId(Ulid(id)));
    let own = |who| by(&ScopeSet::default(), who, EntryPoint::Own);
    let refused = Err(DomainError::NotFirstParty);
    for who in [
        CallerKind::Person(USER),
        CallerKind::Granted,
        CallerKind::Client(app),
    ] {
        assert_eq!(sign_out(&own(who)), Ok(()));
        assert_eq!(
            sign_out(&by(&set("admin"), who, EntryPoint::Admin)),
            refused
        );
    }
    assert_eq!(
        sign_out(&own(CallerKind::Key(KeyOwner::User(USER)))),
        refused
    );
    let another = Err(DomainError::NotFound("token"));
    assert_eq!(give_back(&own(CallerKind::Client(app)), Some(app)), Ok(()));
    assert_eq!(
        give_back(&own(CallerKind::Client(app)), Some(other)),
        another
    );
    assert_eq!(give_back(&own(CallerKind::Client(app)), None), another);
    assert_eq!(
        give_back(&own(CallerKind::Person(USER)), Some(app)),
        another
    );
    assert_eq!(revoke_consent(&own(CallerKind::Person(USER)), USER), Ok(()));
    for who in [
        CallerKind::Person(UserId(Ulid(8))),
        CallerKind::Granted,
        CallerKind::Client(app),
        CallerKind::Key(KeyOwner::User(USER)),
    ] {
        assert_eq!(revoke_consent(&own(who), USER), refused);
    }
}

#[test]
fn a_client_that_shows_itself_may_do_nothing_and_is_let_in_only_while_its_secret_stands() {
    let app = doorward_shared::ClientId(Ulid(3));
    let holder = Principal::Registered {
        id: app,
        secret: None,
    };
    let facts = |client| Facts::Client {
        client,
        token_revoked: false,
    };
    let gone = rights(&authority(holder.clone(), None), &facts(None), NOW);
    assert_eq!(gone.err(), Some(DomainError::CredentialEnded));
    let public = Client {
        id: app,
        name: "x".into(),
        redirect_uris: Vec::new(),
        grant_types: Vec::new(),
        scopes: set("admin"),
        resources: Vec::new(),
        secrets: None,
        require_pkce: false,
        resource_server: false,
        policy: crate::domain::ClientPolicy::default(),
        dynamic: false,
        document: None,
        client_tokens_valid_from: None,
        codes_valid_after: None,
        created_at: NOW,
    };
    let found = rights(&authority(holder, None), &facts(Some(public)), NOW).unwrap();
    assert!(found.scopes.is_empty());
    for (_, act) in operators_acts() {
        assert!(act(&found).is_err());
    }
}

#[test]
fn the_operator_key_is_for_holders_of_admin_whatever_it_may_do_itself() {
    let read = set("read");
    for door in [EntryPoint::Own, EntryPoint::Admin] {
        let key = KeyFacts {
            owner: KeyOwner::Operator,
            scopes: &read,
            is_operator_key: true,
        };
        let who = CallerKind::Key(KeyOwner::Operator);
        let less = by(&set("admin:apikeys admin:users read"), who, door);
        let needs = Err(DomainError::Scope("admin".into()));
        assert_eq!(change_key(&less, key), needs, "{door:?}");
        assert_eq!(rotate_key(&less, key), needs, "{door:?}");
        let all = by(&set("admin"), who, door);
        assert_eq!(
            (change_key(&all, key), rotate_key(&all, key)),
            (Ok(()), Ok(()))
        );
        let usual = KeyFacts {
            is_operator_key: false,
            ..key
        };
        assert_eq!(change_key(&less, usual), Ok(()));
    }
}

#[test]
fn a_key_that_may_run_the_server_asks_for_a_recent_sign_in_at_every_door() {
    let old = stale(&by(
        &set("admin read"),
        CallerKind::Person(USER),
        EntryPoint::Own,
    ));
    let owner = KeyOwner::User(USER);
    for scopes in ["admin", "admin:users:read", "read admin:keys"].map(set) {
        assert_eq!(mint_key(&old, owner, &scopes), Err(DomainError::StepUp(60)));
        assert_eq!(rotate_key(&old, key(&scopes)), Err(DomainError::StepUp(60)));
    }
    let read = set("read");
    assert_eq!(mint_key(&old, owner, &read), Ok(()));
    assert_eq!(rotate_key(&old, key(&read)), Ok(()));
}

/// The caller who rotates a key obtains its secret, and with it the key's permissions.
#[test]
fn a_key_is_rotated_only_by_who_holds_what_it_may_do() {
    let held = set("pay:approve");
    for who in [
        CallerKind::Person(UserId(Ulid(8))),
        CallerKind::Key(KeyOwner::Operator),
    ] {
        let less = by(&set("admin:apikeys read"), who, EntryPoint::Admin);
        let needs = Err(DomainError::Scope("pay:approve".into()));
        assert_eq!(change_key(&less, key(&held)), Ok(()));
        assert_eq!(rotate_key(&less, key(&held)), needs);
        let enough = by(&set("admin:apikeys pay:approve"), who, EntryPoint::Admin);
        assert_eq!(rotate_key(&enough, key(&held)), Ok(()));
    }
}

fn authority(holder: Principal, signed_in_at: Option<Timestamp>) -> Authority {
    Authority {
        holder,
        door: EntryPoint::Admin,
        signed_in_at,
        step_up_seconds: 60,
    }
}

fn session() -> Session {
    Session {
        id: doorward_shared::SessionId(Ulid(1)),
        user_id: USER,
        client_id: None,
        scope: set("admin"),
        ip: "192.0.2.1".parse().unwrap(),
        user_agent: None,
        created_at: NOW,
        auth_time: None,
        method: Default::default(),
        claims: Default::default(),
        last_seen_at: NOW,
        expires_at: NOW.plus_seconds(1000),
        idle_until: NOW.plus_seconds(1000),
        revoked_at: None,
    }
}

#[test]
fn rights_are_what_is_left_of_a_session_now() {
    let holder = Principal::Session {
        id: session().id,
        granted: set("admin read"),
    };
    let validate = |session: Option<Session>, account: Option<Account>, client| {
        let facts = Facts::Session {
            session,
            account,
            client,
            must_have_factor: false,
            factor_shown: None,
        };
        rights(&authority(holder.clone(), Some(NOW)), &facts, NOW)
    };
    let whole = validate(Some(session()), Some(account("read admin:users")), None).unwrap();
    assert_eq!(whole.scopes, set("admin:users read"));
    assert_eq!(whole.who, CallerKind::Person(USER));
    let ended = |found: Result<Rights, DomainError>| {
        assert_eq!(found.err(), Some(DomainError::CredentialEnded));
    };
    let disabled = Account {
        user: User {
            disabled_at: Some(NOW),
            ..account("admin").user
        },
        may: set("admin"),
    };
    ended(validate(None, Some(account("admin")), None));
    ended(validate(Some(session()), None, None));
    ended(validate(Some(session()), Some(disabled), None));
    let dead = [
        Session {
            revoked_at: Some(NOW),
            ..session()
        },
        Session {
            expires_at: NOW,
            ..session()
        },
        Session {
            idle_until: NOW,
            ..session()
        },
        // Its client was deleted.
        Session {
            client_id: Some(doorward_shared::ClientId(Ulid(3))),
            ..session()
        },
    ];
    for dead in dead {
        ended(validate(Some(dead), Some(account("admin")), None));
    }
}

#[test]
fn a_sign_in_is_old_at_the_exact_second_or_weak_without_its_factor_and_nobody_asks_a_key() {
    let facts = |factor_shown| Facts::Session {
        session: Some(session()),
        account: Some(account("admin")),
        client: None,
        must_have_factor: false,
        factor_shown,
    };
    let holder = Principal::Session {
        id: session().id,
        granted: set("admin"),
    };
    let at = |ago: i64| Some(NOW.plus_seconds(-ago));
    let stale = |ago| {
        let authority = authority(holder.clone(), at(ago));
        let rights = rights(&authority, &facts(None), NOW);
        rights.unwrap().strong().is_err()
    };
    assert_eq!(
        (stale(0), stale(59), stale(60), stale(61)),
        (false, false, true, true)
    );
    for (shown, strong) in [
        (None, Ok(())),
        (Some(true), Ok(())),
        (Some(false), Err(DomainError::FactorFirst)),
    ] {
        let rights = rights(&authority(holder.clone(), at(0)), &facts(shown), NOW).unwrap();
        assert_eq!(end_many_sessions(&rights), strong);
        assert_eq!(strong_for(&rights, &set("admin:users")), strong);
        assert_eq!(strong_for(&rights, &set("read")), Ok(()));
    }
    let key = ApiKey {
        id: doorward_shared::KeyId(Ulid(2)),
        owner: KeyOwner::Operator,
        name: "k".into(),
        hint: "h".into(),
        scopes: set("admin"),
        environment: Environment::Live,
        created_at: NOW,
        expires_at: None,
        last_used_at: None,
        last_used_ip: None,
        revoked_at: None,
        minted_by: None,
        minter: None,
        client: None,
        terms: crate::domain::KeyRestrictions::default(),
        meter: None,
    };
    let validate = |key: ApiKey, owner| {
        let facts = Facts::Key {
            key: Some(key),
            owner,
        };
        rights(
            &authority(Principal::Key(doorward_shared::KeyId(Ulid(2))), None),
            &facts,
            NOW,
        )
    };
    assert_eq!(validate(key.clone(), None).unwrap().strong(), Ok(()));
    let dead = ApiKey {
        revoked_at: Some(NOW),
        ..key.clone()
    };
    assert_eq!(
        validate(dead, None).err(),
        Some(DomainError::CredentialEnded)
    );
    let mut off = key.clone();
    off.terms.enabled = false;
    assert_eq!(
        validate(off, None).err(),
        Some(DomainError::CredentialEnded)
    );
    // A user's key is limited to the user's permissions, and ends with the user.
    let owned = ApiKey {
        owner: KeyOwner::User(USER),
        ..key
    };
    assert_eq!(
        validate(owned.clone(), Some(account("read")))
            .unwrap()
            .scopes,
        set("")
    );
    assert_eq!(
        validate(owned, None).err(),
        Some(DomainError::CredentialEnded)
    );
}

#[test]
fn a_clients_rights_end_with_the_secret_its_token_was_got_with() {
    use crate::{
        crypto::secret::Digest256,
        domain::{ClientSecrets, client::mark},
    };
    let [old, new] = ["old", "new"].map(|text| Digest256::of(text.as_bytes()));
    let client = Client {
        id: doorward_shared::ClientId(Ulid(3)),
        name: "x".into(),
        redirect_uris: Vec::new(),
        grant_types: Vec::new(),
        scopes: set("admin"),
        resources: Vec::new(),
        secrets: Some(ClientSecrets {
            current: new,
            previous: Some((old, NOW)),
            unmarked: 0,
        }),
        require_pkce: false,
        resource_server: false,
        policy: crate::domain::ClientPolicy::default(),
        dynamic: false,
        document: None,
        client_tokens_valid_from: None,
        codes_valid_after: None,
        created_at: NOW,
    };
    let validate = |secret: &Digest256, now: Timestamp| {
        let holder = Principal::Client {
            id: client.id,
            token: mark(Ulid(99 << 64), secret),
            granted: set("admin"),
        };
        let facts = Facts::Client {
            client: Some(client.clone()),
            token_revoked: false,
        };
        rights(&authority(holder, None), &facts, now).map(|rights| rights.scopes)
    };
    assert_eq!(validate(&new, NOW), Ok(set("admin")));
    assert_eq!(validate(&old, Timestamp(NOW.0 - 1)), Ok(set("admin")));
    assert_eq!(validate(&old, NOW), Err(DomainError::CredentialEnded));
}

#[test]
fn an_act_of_the_server_itself_may_do_everything() {
    let act = crate::domain::Act::system(NOW);
    assert_eq!(act.actor(), Actor::System);
    let rights = rights(act.authority(), &Facts::System, NOW).unwrap();
    for (_, act) in operators_acts() {
        assert_eq!(act(&rights), Ok(()));
    }
}
