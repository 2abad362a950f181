//! The server is slow, gone, back, or says no.

use super::test_console::{TestConsole, event, rows, user};
use crate::core::{
    Effect, Msg,
    list::Want,
    msg::{Reply, StreamEvent},
    problem::{Problem, ProblemKind},
    resource::{Resource, Row},
};

fn trouble(what: ProblemKind, message: &str) -> Problem {
    Problem {
        what,
        message: message.into(),
        field: None,
        is_gone: false,
    }
}

fn fail(bench: &mut TestConsole, problem: Problem) {
    let generation = bench.state.list().unwrap().generation;
    bench.reply(Reply::Page {
        generation,
        want: Want::Window { first: 0 },
        pages: Err(problem),
        note: None,
    });
}

fn lose(bench: &mut TestConsole) {
    bench.reply(Reply::Stream(StreamEvent::Lost(trouble(
        ProblemKind::Unreachable,
        "cannot reach the server: connection refused",
    ))));
}

#[test]
fn a_lost_server_is_said_in_words_over_the_old_rows_with_their_age() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.pass(61_000);
    lose(&mut bench);
    let screen = bench.screen();
    assert!(
        screen.contains("OFFLINE") && screen.contains("connection refused"),
        "{screen}"
    );
    assert!(screen.contains("what you see is 1m old"), "{screen}");
    assert!(screen.contains("ada@example.org"));
}

#[test]
fn changes_are_off_while_the_server_is_lost() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    lose(&mut bench);
    for key in ["x", "n", "d"] {
        bench.later(key);
        assert!(bench.state.layers.is_empty(), "{key}");
    }
    assert!(bench.screen().contains("changes are off"));
}

#[test]
fn a_dialog_that_was_open_when_the_server_was_lost_sends_nothing() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("n");
    bench.later("eve@example.org");
    lose(&mut bench);
    bench.send(Msg::Key(crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Char('s'),
        crossterm::event::KeyModifiers::CONTROL,
    )));
    assert_eq!(bench.changes(), Vec::<String>::new());
    assert!(bench.screen().contains("changes are off"));
}

#[test]
fn it_comes_back_by_itself() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    lose(&mut bench);
    bench.effects.clear();
    bench.pass(600);
    bench.send(Msg::Tick);
    let asked = |effects: &[Effect], what: fn(&Effect) -> bool| effects.iter().any(what);
    assert!(asked(&bench.effects, |effect| matches!(
        effect,
        Effect::Whoami
    )));
    assert!(asked(&bench.effects, |effect| matches!(
        effect,
        Effect::Stream(_)
    )));
    bench.serve(rows(Resource::Users));
    assert!(!bench.screen().contains("OFFLINE"));
    assert!(bench.state.connection.is_up(bench.state.now));
}

#[test]
fn the_stream_goes_on_after_the_last_event() {
    let mut bench = TestConsole::on(Resource::Events, 80, 24);
    let event = super::test_console::event(50, "user.created");
    let id = event.id;
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event))));
    lose(&mut bench);
    bench.effects.clear();
    bench.pass(600);
    bench.send(Msg::Tick);
    assert!(
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Stream(Some(after)) if *after == id))
    );
}

#[test]
fn silence_is_said_and_switches_changes_off() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("r");
    bench.pass(4_000);
    bench.send(Msg::Tick);
    let screen = bench.screen();
    assert!(screen.contains("NO ANSWER for 4 s"), "{screen}");
    bench.type_in("x");
    assert!(bench.state.layers.is_empty());
    bench.type_in("j");
    assert_eq!(
        bench.state.item().unwrap().name(),
        "bob@example.org",
        "keys are answered all the same"
    );
}

#[test]
fn refused_with_401_asks_to_sign_in_and_goes_on_where_it_was() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("r");
    fail(
        &mut bench,
        trouble(ProblemKind::Unauthorized, "the token has expired"),
    );
    let screen = bench.screen();
    assert!(
        screen.contains("Sign in")
            && screen.contains("the token has expired")
            && screen.contains("Cancel"),
        "{screen}"
    );
    bench.later("ada@example.org\tpassword123\n");
    let sent = bench
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::SignIn { email, .. } if email == "ada@example.org"));
    assert!(sent);
    assert!(!bench.screen().contains("password123"));
    bench.effects.clear();
    bench.reply(Reply::SignedIn(Ok(())));
    assert!(bench.state.layers.is_empty());
    assert!(
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Load { .. }))
    );
}

#[test]
fn a_wrong_password_is_said_and_forgotten() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("r");
    fail(&mut bench, trouble(ProblemKind::Unauthorized, "no"));
    bench.later("ada@example.org\twrong\n");
    bench.reply(Reply::SignedIn(Err(trouble(
        ProblemKind::Refused,
        "email or password is wrong",
    ))));
    assert!(bench.screen().contains("email or password is wrong"));
    bench.effects.clear();
    bench.type_in("\n");
    assert!(
        !bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::SignIn { .. })),
        "the password is gone"
    );
}

#[test]
fn refused_with_403_names_the_scope() {
    let mut bench = TestConsole::new(80, 24);
    bench.go(Resource::Users);
    fail(
        &mut bench,
        trouble(
            ProblemKind::Forbidden,
            "this needs the scope admin:users:read",
        ),
    );
    let screen = bench.screen();
    assert!(
        screen.contains("You may not see this") && screen.contains("admin:users:read"),
        "{screen}"
    );
}

#[test]
fn refused_with_429_counts_down_and_asks_again() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("r");
    fail(
        &mut bench,
        trouble(ProblemKind::Wait(7), "too many requests"),
    );
    assert!(bench.screen().contains("asked again in 7 s"));
    bench.pass(3_000);
    bench.send(Msg::Tick);
    assert!(bench.screen().contains("asked again in 4 s"));
    bench.effects.clear();
    bench.pass(4_000);
    bench.send(Msg::Tick);
    assert!(
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Load { .. }))
    );
}

#[test]
fn a_lost_answer_to_a_change_is_not_called_a_failure() {
    let mut bench = TestConsole::on(Resource::Keys, 80, 24);
    bench.type_in("n");
    bench.later("ci\t \t\t\t\t\t\n");
    assert_eq!(bench.changes(), ["apikeys mint"]);
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Changed {
        ticket,
        done: Err(trouble(ProblemKind::Unreachable, "no answer in time")),
    });
    assert!(
        bench.screen().contains("may have been done"),
        "{}",
        bench.screen()
    );
}

#[test]
fn an_empty_list_says_what_to_do() {
    let mut bench = TestConsole::new(80, 24);
    bench.go(Resource::Keys);
    assert!(bench.screen().contains("Loading"));
    bench.serve(Vec::new());
    assert!(bench.screen().contains("No keys. n mints one."));
    bench.type_in("/zzz\n");
    bench.pass(200);
    bench.send(Msg::Tick);
    bench.serve(Vec::new());
    assert!(bench.screen().contains("Nothing matches zzz"));
}

#[test]
fn hostile_text_leaves_the_borders_straight() {
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        let mut bench = TestConsole::new(width, height);
        bench.go(Resource::Users);
        let hostile = [
            "\u{202e}evil@x",
            "李小龍李小龍李小龍李小龍李小龍李小龍@例え.jp",
            "👩\u{200d}👩\u{200d}👧\u{200d}👦🏽🇩🇪@x",
            "\u{1b}]52;c;aGk=\u{7}\u{9b}31m@x",
        ];
        bench.serve(
            hostile
                .iter()
                .zip(4..)
                .map(|(email, n)| Row::User(user(n, email)))
                .collect(),
        );
        let screen = bench.screen();
        let rows: Vec<_> = screen
            .lines()
            .filter(|line| line.starts_with('│'))
            .collect();
        assert!(rows.len() >= 4);
        for row in rows {
            assert!(
                row.ends_with('│') && crate::core::sanitize::width(row) == usize::from(width),
                "{row}"
            );
        }
        assert!(!screen.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7}', '\u{200d}']));
    }
}

#[test]
fn after_a_switch_the_new_servers_events_are_followed_from_its_own_start() {
    let mut bench = TestConsole::on(Resource::Events, 80, 24);
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
        60,
        "user.created",
    )))));
    assert!(bench.state.last_event.is_some());
    bench.effects.clear();
    let server = crate::core::msg::ServerName {
        profile: "other".into(),
        ..bench.state.server.clone()
    };
    bench.reply(Reply::Switched(Ok(Box::new(crate::core::msg::Switched {
        server,
        key_missing: None,
    }))));
    let streams: Vec<_> = bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Stream(after) => Some(*after),
            _ => None,
        })
        .collect();
    assert_eq!(
        streams,
        [None],
        "the other server knows nothing of that event"
    );
    assert!(!bench.state.connection.streaming, "nobody has answered yet");
    bench.reply(Reply::Whoami(Ok(Box::new(super::test_console::whoami(
        "admin",
    )))));
    bench.reply(Reply::Stream(StreamEvent::Began(None)));
    bench.go(Resource::Events);
    bench.serve(rows(Resource::Events));
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
        70,
        "role.changed",
    )))));
    assert!(
        bench.screen().contains("role.changed"),
        "{}",
        bench.screen()
    );
}

#[test]
fn a_lost_stream_is_opened_again_whatever_else_is_answered_meanwhile() {
    let streams = |bench: &mut TestConsole| {
        let effects = std::mem::take(&mut bench.effects);
        let is = |effect: &&Effect| matches!(effect, Effect::Stream(_));
        effects.iter().filter(is).count()
    };
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.reply(Reply::Stream(StreamEvent::Began(None)));
    bench.reply(Reply::Stream(StreamEvent::Ended));
    bench.type_in("r");
    bench.serve(super::test_console::rows(Resource::Users));
    bench.effects.clear();
    bench.pass(1_100);
    bench.send(crate::core::Msg::Tick);
    assert_eq!(streams(&mut bench), 1);
    bench.send(crate::core::Msg::Tick);
    assert_eq!(streams(&mut bench), 0, "once");
    // Where the server was lost with it, and something else is answered first.
    bench.reply(Reply::Stream(StreamEvent::Lost(
        crate::core::problem::Problem {
            what: crate::core::problem::ProblemKind::Unreachable,
            ..crate::core::problem::Problem::refused("gone")
        },
    )));
    bench.reply(Reply::Names(Default::default()));
    bench.type_in("r");
    bench.serve(super::test_console::rows(Resource::Users));
    bench.pass(20_000);
    bench.send(crate::core::Msg::Tick);
    assert_eq!(streams(&mut bench), 1);
}

#[test]
fn a_sign_in_does_not_take_the_keys_of_who_types() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in("n");
    let layers = bench.state.layers.len();
    let gone = || crate::core::problem::Problem {
        what: crate::core::problem::ProblemKind::Unauthorized,
        ..crate::core::problem::Problem::refused("the token has been revoked")
    };
    bench.reply(Reply::Whoami(Err(gone())));
    assert_eq!(bench.state.layers.len(), layers);
    bench.press(crossterm::event::KeyCode::Esc);
    bench.reply(Reply::Whoami(Err(gone())));
    assert!(bench.screen().contains("Sign in"), "{}", bench.screen());
}

#[test]
fn what_was_begun_while_another_server_is_asked_for_keeps_the_console_here() {
    let begun = |keys: &str| {
        let mut bench = TestConsole::on(Resource::Users, 120, 40);
        bench.type_in(":profile staging\n");
        assert!(matches!(bench.effects.last(), Some(Effect::Switch(_))));
        bench.later(keys);
        let layers = bench.state.layers.len();
        let stays = bench.state.stays();
        assert_eq!(bench.state.layers.len(), layers);
        (stays, bench.screen())
    };
    // A form with what was typed, a question with its reason.
    for keys in ["nmaria@example.org", "d\tthey asked"] {
        let (stays, screen) = begun(keys);
        assert!(
            stays && screen.contains("still connected to staging"),
            "{screen}"
        );
        assert!(screen.contains("maria@example.org") || screen.contains("they asked"));
    }
    // Nothing is lost of a list, a filter or a form that was closed.
    for keys in ["", "4", "/ada", "nmaria\u{1b}"] {
        assert!(!begun(keys).0, "{keys}");
    }
}

#[test]
fn notes_since_another_server_was_asked_for_keep_the_console_here() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    let note = |bench: &mut TestConsole, text: &str| {
        bench.type_in("n");
        bench.later(text);
        bench.press_control('s');
    };
    bench.type_in("i");
    note(&mut bench, "called them");
    bench.type_in(":profile staging\n3");
    assert!(!bench.state.stays(), "that one was given up");
    note(&mut bench, "they are on holiday");
    assert!(bench.state.stays());
    assert!(bench.screen().contains("what you noted is not written yet"));
}
