//! Users and clients are picked, not typed; a wrong one is said at its field.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::test_console::{TestConsole, client, rows};
use crate::core::{
    Effect, Msg,
    incident_subject::IncidentSubject,
    msg::{PreviewTarget, Reply},
    pick::Offer,
    resource::{Resource, Row},
    state::View,
};

/// Answers whatever a form asks for with what the server has of its kind.
fn serve(bench: &mut TestConsole) {
    while let Some((generation, kind)) = bench.effects.iter().find_map(|effect| match effect {
        Effect::Offers {
            generation, kind, ..
        } => Some((*generation, *kind)),
        _ => None,
    }) {
        bench
            .effects
            .retain(|effect| !matches!(effect, Effect::Offers { .. }));
        let offer = |item: Row| match &item {
            Row::User(user) => Offer {
                id: item.id(),
                value: user.email.clone(),
                about: "Ada Lovelace".into(),
            },
            item => Offer {
                id: item.id(),
                value: item.id(),
                about: item.name(),
            },
        };
        bench.reply(Reply::Offers {
            generation,
            offers: rows(kind).into_iter().map(offer).collect(),
        });
    }
}

fn go_on(bench: &mut TestConsole) {
    bench.pass(400);
    let key = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL);
    bench.send(Msg::Key(key));
}

/// The form for sessions of others.
fn ending_others() -> TestConsole {
    let mut bench = TestConsole::on(Resource::Sessions, 80, 24);
    bench.effects.clear();
    bench.type_in("X3");
    serve(&mut bench);
    bench
}

#[test]
fn a_client_is_picked_and_its_sessions_are_looked_at() {
    let mut bench = ending_others();
    bench.type_in("\tsh");
    serve(&mut bench);
    bench.effects.clear();
    bench.type_in("\n");
    serve(&mut bench);
    go_on(&mut bench);
    let looked = bench.effects.iter().find_map(|effect| match effect {
        Effect::Preview {
            at: PreviewTarget::Sessions(asked),
            ..
        } => asked.client_id,
        _ => None,
    });
    assert_eq!(looked, Some(client(1, "shop").id));
}

#[test]
fn a_name_typed_whole_is_as_good_and_a_wrong_one_is_said_at_its_field() {
    let mut bench = ending_others();
    bench.type_in("\tnothing-like-it");
    serve(&mut bench);
    go_on(&mut bench);
    let screen = bench.screen();
    assert!(
        screen.contains("Client: there is none called nothing-like-it: pick one"),
        "{screen}"
    );
    for _ in 0..20 {
        bench.press(KeyCode::Backspace);
    }
    bench.type_in("Mobile");
    serve(&mut bench);
    bench.effects.clear();
    go_on(&mut bench);
    assert!(
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Preview { .. })),
        "{}",
        bench.screen()
    );
}

#[test]
fn of_user_client_and_address_exactly_one_is_named() {
    let mut bench = ending_others();
    go_on(&mut bench);
    assert!(
        bench.screen().contains("User: name a user"),
        "{}",
        bench.screen()
    );
    bench.type_in("bob@example.org\t\t10.0.0.x");
    serve(&mut bench);
    go_on(&mut bench);
    assert!(
        bench
            .screen()
            .contains("Address: must be an IPv4 or IPv6 address"),
        "{}",
        bench.screen()
    );
    bench.press(KeyCode::Backspace);
    bench.type_in("1");
    go_on(&mut bench);
    assert!(
        bench.screen().contains("Address: one is enough"),
        "{}",
        bench.screen()
    );
}

#[test]
fn an_incident_asks_around_whom_where_nothing_is_selected() {
    let mut bench = TestConsole::on_dashboard(80, 24);
    bench.type_in("i");
    serve(&mut bench);
    bench.type_in("bob@example.org");
    serve(&mut bench);
    go_on(&mut bench);
    let View::Incident(incident) = &bench.state.view else {
        panic!("{}", bench.screen());
    };
    assert_eq!(
        incident.subjects,
        [IncidentSubject::User(
            super::test_console::user(2, "").id.to_string()
        )]
    );
}
