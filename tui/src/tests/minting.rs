//! Keys: what is asked, and what becomes of the secret.

use crossterm::event::KeyCode;

use super::test_console::TestConsole;
use crate::{
    command::{ApiKeys, Clients, Command, Mint, Users, secret::Secret},
    core::{
        Effect, Msg,
        msg::{CommandResult, LocalResult, OneTimeSecret, Reply, StreamEvent},
        resource::Resource,
    },
};

const SECRET: &str = "sk_live_0123456789abcdefghijABCDEFGHIJklmnop";

fn minted() -> TestConsole {
    let mut bench = TestConsole::on(Resource::Keys, 80, 24);
    bench.type_in("n");
    bench.later("ci\tapikr \t\t\t\t\t\n");
    let ticket = bench.state.next_request_id;
    let done = CommandResult::Secret(OneTimeSecret {
        title: "The key is minted".into(),
        lines: vec![("Name".into(), "ci".into())],
        secret: Secret::new(SECRET.into()),
        id: "key_1".into(),
        file: "ci.key".into(),
    });
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(done),
    });
    bench
}

fn asked(bench: &TestConsole) -> Option<&Mint> {
    bench.effects.iter().find_map(|effect| match effect {
        Effect::Change {
            change: Command::Apikeys(ApiKeys::Mint(asked)),
            ..
        } => Some(asked),
        _ => None,
    })
}

#[test]
fn a_key_is_minted_with_what_the_form_says() {
    let bench = minted();
    let asked = asked(&bench).unwrap();
    assert_eq!(
        (asked.name.as_str(), asked.scopes.as_slice()),
        ("ci", ["admin:apikeys:read".to_owned()].as_slice())
    );
    assert_eq!((asked.owner.clone(), asked.expires), (None, None));
}

#[test]
fn a_key_without_a_name_or_scope_is_not_minted() {
    let mut bench = TestConsole::on(Resource::Keys, 80, 24);
    bench.type_in("n");
    bench.later("\t\t\t\t\t\t\n");
    assert!(asked(&bench).is_none());
    assert!(bench.screen().contains("must not be empty"));
    bench.type_in("ci\t\t\t\t\t\t\n");
    assert!(asked(&bench).is_none());
    assert!(bench.screen().contains("pick at least one"));
}

#[test]
fn the_secret_is_masked_until_asked_and_again_after_ten_seconds() {
    let mut bench = minted();
    assert!(!bench.screen().contains("sk_live_"));
    bench.later("v");
    assert!(bench.screen().contains(SECRET));
    bench.pass(9_900);
    bench.send(Msg::Tick);
    assert!(bench.screen().contains(SECRET));
    bench.pass(200);
    bench.send(Msg::Tick);
    assert!(!bench.screen().contains("sk_live_"));
}

#[test]
fn closing_before_the_secret_was_taken_asks() {
    let mut bench = minted();
    bench.later("\u{1b}");
    assert!(bench.screen().contains("neither seen, copied nor written"));
    bench.later("\u{1b}");
    assert!(!bench.state.layers.is_empty(), "anything but y stays");
    bench.later("\u{1b}");
    bench.type_in("y");
    assert!(!bench.state.layers.is_empty(), "typed ahead is no answer");
    bench.later("\u{1b}");
    bench.later("y");
    assert!(bench.state.layers.is_empty());
}

#[test]
fn a_copied_secret_is_said_to_be_sent_and_asked_about_once() {
    let mut bench = minted();
    bench.later("c");
    assert!(
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Copy(text) if text.expose() == SECRET))
    );
    assert!(bench.screen().contains("sent to the terminal's clipboard"));
    bench.later("\u{1b}");
    assert!(
        bench
            .screen()
            .contains("The terminal does not confirm clipboard"),
        "{}",
        bench.screen()
    );
    bench.later("\u{1b}");
    assert!(bench.state.layers.is_empty());
}

#[test]
fn a_file_is_taken_only_once_it_is_written() {
    let mut bench = minted();
    bench.later("w\n");
    assert!(bench.effects.iter().any(
        |effect| matches!(effect, Effect::Write { path, .. } if path.as_os_str() == "ci.key")
    ));
    bench.reply(Reply::Local(LocalResult::Written(Err(
        "ci.key: it exists, and is not overwritten".into(),
    ))));
    bench.later("\u{1b}");
    assert!(
        bench.screen().contains("neither seen"),
        "nothing was written"
    );
    bench.later("n");
    bench.later("w\n");
    bench.reply(Reply::Local(LocalResult::Written(Ok("ci.key".into()))));
    assert!(bench.screen().contains("0600"));
    bench.later("\u{1b}");
    assert!(bench.state.layers.is_empty());
}

#[test]
fn a_secret_is_in_no_debug_output() {
    let mut bench = minted();
    bench.later("v");
    bench.later("c");
    assert!(!format!("{:?}", bench.state).contains("sk_live_0"));
    assert!(!format!("{:?}", bench.effects).contains("sk_live_0"));
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("p");
    bench.later("hunter2hunter2");
    assert!(!format!("{:?}", bench.state).contains("hunter2"));
    assert!(!bench.screen().contains("hunter2"));
}

#[test]
fn a_repeated_mint_is_the_same_call() {
    let mut bench = TestConsole::on(Resource::Keys, 80, 24);
    bench.type_in("n");
    bench.later("ci\t \t\t\t\t\t\n");
    let ticket = bench.state.next_request_id;
    let lost = crate::core::problem::Problem {
        what: crate::core::problem::ProblemKind::Unreachable,
        message: "no answer in time".into(),
        field: None,
        is_gone: false,
    };
    bench.reply(Reply::Changed {
        ticket,
        done: Err(lost),
    });
    bench.reply(Reply::Stream(StreamEvent::Began(None)));
    bench.state.connection.answered(bench.state.now);
    bench.press(KeyCode::Enter);
    let keys: Vec<_> = bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Change {
                idempotency_key, ..
            } => Some(idempotency_key.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn what_was_just_made_is_selected() {
    let mut bench = TestConsole::on(Resource::Keys, 80, 24);
    bench.type_in("n");
    bench.later("ci\t \t\t\t\t\t\n");
    let made = super::test_console::key(7, "ci");
    let done = CommandResult::Made {
        text: "made".into(),
        id: made.id.to_string(),
    };
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(done),
    });
    let mut rows = super::test_console::rows(Resource::Keys);
    rows.insert(0, crate::core::resource::Row::Key(made));
    bench.serve(rows);
    assert_eq!(bench.state.item().unwrap().name(), "ci");
}

/// The client that a filled form registers.
fn registered(bench: &TestConsole) -> doorward_shared::admin::RegisterClient {
    let sent = bench.effects.iter().find_map(|effect| match effect {
        Effect::Change {
            change: Command::Clients(Clients::Register(asked)),
            ..
        } => Some(asked.body()),
        _ => None,
    });
    sent.unwrap_or_else(|| panic!("nothing was sent:\n{}", bench.screen()))
}

#[test]
fn a_client_is_registered_as_what_it_is_for() {
    let code = ["authorization_code", "refresh_token"];
    let openid = ["openid", "profile", "email", "groups", "offline_access"];
    for (steps, uri, confidential, grants) in [
        ("", "https://app.example/cb", true, &code[..]),
        (" ", "https://app.example/cb", false, &code),
        ("  ", "http://127.0.0.1/cb", false, &code),
        ("   ", "", true, &["client_credentials"]),
        (
            "   ",
            "https://app.example/cb",
            true,
            &["authorization_code", "refresh_token", "client_credentials"],
        ),
    ] {
        let mut bench = TestConsole::on(Resource::Clients, 80, 24);
        bench.type_in("n");
        bench.later(&format!("shop\t{steps}\t{uri}\t\t\t\t\t\n"));
        let asked = registered(&bench);
        assert_eq!(asked.confidential, confidential, "{steps:?}");
        assert_eq!(asked.grant_types, grants, "{steps:?} {uri}");
        let signs_in = grants.contains(&"authorization_code");
        for scope in openid {
            assert_eq!(
                asked.scopes.iter().any(|have| have == scope),
                signs_in,
                "{scope}"
            );
        }
    }
    // Who signs in has to be sent back somewhere.
    let mut bench = TestConsole::on(Resource::Clients, 80, 24);
    bench.type_in("n");
    bench.later("shop\t\t\t\t\t\t\t\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
    assert!(
        bench
            .screen()
            .contains("Redirect URIs: a redirect URI is required"),
        "{}",
        bench.screen()
    );
}

#[test]
fn roles_and_owners_are_picked_and_a_wrong_one_is_said_at_its_field() {
    let offers = |names: &[&str]| {
        let offer = |name: &&str| crate::core::pick::Offer {
            id: (*name).to_owned(),
            value: (*name).to_owned(),
            about: String::new(),
        };
        names.iter().map(offer).collect::<Vec<_>>()
    };
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("n");
    let generation = bench.state.generation;
    assert!(bench.effects.iter().any(|effect| matches!(
        effect,
        Effect::Offers {
            kind: Resource::Roles,
            ..
        }
    )));
    bench.reply(Reply::Offers {
        generation,
        offers: offers(&["admin", "customer", "support"]),
    });
    bench.later("eve@example.org\t\t\t");
    for _ in 0.."customer".len() {
        bench.press(crossterm::event::KeyCode::Backspace);
    }
    bench.type_in("nobody\t\t\t\t\t\t\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
    let screen = bench.screen();
    assert!(
        screen.contains("Role: there is no role nobody; there are admin, customer, support"),
        "{screen}"
    );
    for _ in 0.."nobody".len() {
        bench.press(crossterm::event::KeyCode::Backspace);
    }
    bench.type_in("sup\n");
    assert!(bench.screen().contains("support"));
    bench.type_in("\t\t\t\t\t\t\n");
    let role = bench.effects.iter().find_map(|effect| match effect {
        Effect::Change {
            change: Command::Users(Users::Create(user)),
            ..
        } => user.role.clone(),
        _ => None,
    });
    assert_eq!(role.as_deref(), Some("support"));
}

#[test]
fn a_registration_token_is_asked_about_since_nothing_of_it_has_to_be_typed() {
    let mut bench = TestConsole::on(Resource::Clients, 80, 24);
    bench.type_in("T");
    bench.pass(500);
    bench.press_control('s');
    let invited = |effect: &Effect| {
        matches!(
            effect,
            Effect::Change {
                change: Command::Clients(Clients::RegistrationToken(_)),
                ..
            }
        )
    };
    assert!(!bench.effects.iter().any(invited), "nothing was typed");
    bench.later("yes\n");
    assert!(bench.effects.iter().any(invited));
}
