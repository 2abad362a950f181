//! Keys: what is asked, and what becomes of the secret.

use crossterm::event::KeyCode;

use super::bench::Bench;
use crate::{
    app::{
        Effect, Msg,
        change::Change,
        msg::{Done, Reply},
    },
    item::Kind,
    secret::Secret,
};

const SECRET: &str = "sk_live_0123456789abcdefghijABCDEFGHIJklmnop";

fn minted() -> Bench {
    let mut bench = Bench::on(Kind::Keys, 80, 24);
    bench.type_in("n");
    bench.later("ci\tapikr \t\t\t\t\t\n");
    let ticket = bench.state.ticket;
    let done = Done::Secret {
        title: "The key is minted".into(),
        lines: vec![("Name".into(), "ci".into())],
        secret: Secret::new(SECRET.into()),
        id: "key_1".into(),
        file: "ci.key".into(),
    };
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(done),
    });
    bench
}

fn asked(bench: &Bench) -> Option<&doorward_shared::admin::AdminMint> {
    bench.effects.iter().find_map(|effect| match effect {
        Effect::Change {
            change: Change::Mint(asked, _),
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
    assert_eq!((asked.owner_id, asked.expires_at), (None, None));
}

#[test]
fn a_key_without_a_name_or_scope_is_not_minted() {
    let mut bench = Bench::on(Kind::Keys, 80, 24);
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
fn a_copied_secret_may_be_closed_and_is_said_to_be_sent() {
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
    assert!(bench.state.layers.is_empty());
}

#[test]
fn a_file_is_taken_only_once_it_is_written() {
    let mut bench = minted();
    bench.later("w\n");
    assert!(bench.effects.iter().any(
        |effect| matches!(effect, Effect::Write { path, .. } if path.as_os_str() == "ci.key")
    ));
    bench.reply(Reply::Written(Err(
        "ci.key: it exists, and is not overwritten".into(),
    )));
    bench.later("\u{1b}");
    assert!(
        bench.screen().contains("neither seen"),
        "nothing was written"
    );
    bench.later("n");
    bench.later("w\n");
    bench.reply(Reply::Written(Ok("ci.key".into())));
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
    let mut bench = Bench::on(Kind::Users, 80, 24);
    bench.type_in("p");
    bench.later("hunter2hunter2");
    assert!(!format!("{:?}", bench.state).contains("hunter2"));
    assert!(!bench.screen().contains("hunter2"));
}

#[test]
fn a_repeated_mint_is_the_same_call() {
    let mut bench = Bench::on(Kind::Keys, 80, 24);
    bench.type_in("n");
    bench.later("ci\t \t\t\t\t\t\n");
    let ticket = bench.state.ticket;
    let lost = crate::app::problem::Problem {
        what: crate::app::problem::Trouble::Unreachable,
        message: "no answer in time".into(),
        field: None,
    };
    bench.reply(Reply::Changed {
        ticket,
        done: Err(lost),
    });
    bench.reply(Reply::Streaming);
    bench.state.link.answered(bench.state.now);
    bench.press(KeyCode::Enter);
    let keys: Vec<_> = bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Change { again, .. } => Some(again.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn what_was_just_made_is_selected() {
    let mut bench = Bench::on(Kind::Keys, 80, 24);
    bench.type_in("n");
    bench.later("ci\t \t\t\t\t\t\n");
    let made = super::bench::key(7, "ci");
    let done = Done::Made {
        text: "made".into(),
        id: made.id.to_string(),
    };
    let ticket = bench.state.ticket;
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(done),
    });
    let mut rows = super::bench::rows(Kind::Keys);
    rows.insert(0, crate::item::Item::Key(made));
    bench.serve(rows);
    assert_eq!(bench.state.item().unwrap().name(), "ci");
}
