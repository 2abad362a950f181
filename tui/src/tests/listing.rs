//! Lists: filters, stale answers, live events, marks.

use doorward_shared::client::{Filter, ListQuery};

use super::test_console::{TestConsole, event, page, rows, user};
use crate::core::{
    Effect, Msg,
    list::Want,
    msg::{Reply, StreamEvent},
    resource::{Resource, Row},
};

/// The questions that were asked, and what was searched for in each.
fn loads(bench: &mut TestConsole) -> Vec<(ListQuery, Vec<String>)> {
    let effects = std::mem::take(&mut bench.effects);
    let asked = |effect: Effect| match effect {
        Effect::Load { query, search, .. } => {
            let words = search.iter().flat_map(|search| search.words.clone());
            Some((query, words.collect()))
        }
        _ => None,
    };
    effects.into_iter().filter_map(asked).collect()
}

#[test]
fn a_word_typed_into_the_filter_is_one_question() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    loads(&mut bench);
    bench.type_in("/ada");
    assert!(loads(&mut bench).is_empty(), "not before the typing pauses");
    bench.pass(200);
    bench.send(Msg::Tick);
    let asked = loads(&mut bench);
    assert_eq!(asked, [(ListQuery::default(), vec!["ada".to_owned()])]);
}

#[test]
fn esc_in_the_filter_brings_the_list_back() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("/ada\u{1b}");
    assert_eq!(bench.state.list().unwrap().q, "");
    bench.type_in("/bob\n");
    assert_eq!(bench.state.list().unwrap().q, "bob");
    bench.type_in("\u{1b}");
    assert_eq!(
        bench.state.list().unwrap().q,
        "",
        "esc drops a filter that was kept"
    );
}

#[test]
fn an_answer_to_an_older_question_is_dropped() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    let old = bench.state.list().unwrap().generation;
    bench.type_in("r");
    let late = Reply::Page {
        generation: old,
        want: Want::Window { first: 0 },
        pages: Ok(vec![page(vec![Row::User(user(9, "late@example.org"))])]),
        note: None,
    };
    bench.reply(late);
    assert!(!bench.screen().contains("late@example.org"));
}

#[test]
fn the_selection_is_a_row_not_a_place() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("j");
    let selected = bench.state.item().unwrap().name();
    bench.type_in("r");
    let mut newer = rows(Resource::Users);
    newer.insert(0, Row::User(user(9, "new@example.org")));
    bench.serve(newer);
    assert_eq!(bench.state.item().unwrap().name(), selected);
}

#[test]
fn live_events_come_in_at_the_top_until_paused() {
    let mut bench = TestConsole::on(Resource::Events, 120, 40);
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
        50,
        "apikey.created",
    )))));
    assert!(bench.screen().contains("apikey.created"));
    bench.type_in("p");
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
        51,
        "role.deleted",
    )))));
    assert!(!bench.screen().contains("role.deleted"));
    bench.pass(10_000);
    bench.send(Msg::Tick);
    assert!(bench.screen().contains("PAUSED, 1 waiting"));
    bench.type_in("p");
    assert!(bench.screen().contains("role.deleted"));
}

#[test]
fn a_narrowed_event_list_takes_only_what_fits_it() {
    let mut bench = TestConsole::new(120, 40);
    let filter = crate::core::list::ListFilter::new(Filter::Action, "login.", "logins");
    bench
        .state
        .go_list(Resource::Events, vec![filter], &mut Vec::new());
    bench.serve(Vec::new());
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
        50,
        "apikey.created",
    )))));
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
        51,
        "login.failed",
    )))));
    let screen = bench.screen();
    assert!(
        screen.contains("login.failed") && !screen.contains("apikey.created"),
        "{screen}"
    );
}

#[test]
fn an_event_makes_the_list_it_changes_be_read_again_once_it_settles() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    loads(&mut bench);
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
        50,
        "client.created",
    )))));
    assert_eq!(
        bench.state.list().unwrap().stale_at,
        None,
        "not its business"
    );
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
        51,
        "user.created",
    )))));
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
        52,
        "user.created",
    )))));
    bench.pass(500);
    bench.send(Msg::Tick);
    assert_eq!(loads(&mut bench).len(), 1);
}

#[test]
fn sorting_asks_the_server_and_turns_round_the_second_time() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    loads(&mut bench);
    bench.type_in("s2");
    bench.serve(rows(Resource::Users));
    bench.type_in("s2");
    let sorts: Vec<_> = loads(&mut bench)
        .into_iter()
        .filter_map(|(query, _)| query.sort)
        .collect();
    assert_eq!(sorts, ["email:asc", "email:desc"]);
}

#[test]
fn marks_are_set_one_by_one_by_range_and_all_at_once() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in(" ");
    assert_eq!(bench.state.list().unwrap().marks.len(), 1);
    bench.type_in("**");
    assert_eq!(bench.state.list().unwrap().marks.len(), 3);
    bench.type_in("\u{1b}\u{1b}gvjjv");
    assert_eq!(bench.state.list().unwrap().marks.len(), 3);
    assert!(bench.screen().contains("3 marked") || bench.state.toast.is_some());
}

/// A list of events on a screen of this height: newest first, by their actions' letters.
fn events_of(actions: &str, height: u16) -> TestConsole {
    let mut bench = TestConsole::new(80, height);
    bench.go(Resource::Events);
    let rows = actions.chars().rev().zip(1..).map(|(action, n)| {
        let mut event = super::test_console::event(n, &action.to_string());
        event.time = super::test_console::noon().plus_seconds(i64::try_from(n).unwrap() - 1_000);
        Row::Event(event)
    });
    let mut rows: Vec<_> = rows.collect();
    rows.reverse();
    bench.serve(rows);
    bench
}

fn live(bench: &mut TestConsole, n: u64, action: &str) {
    let event = super::test_console::event(n, action);
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event))));
}

#[test]
fn equal_neighbours_are_one_row_with_their_number_and_z_opens_them() {
    let mut bench = events_of("aaaab", 24);
    assert!(bench.screen().contains("a ×4"), "{}", bench.screen());
    bench.type_in("j");
    assert_eq!(bench.state.item().unwrap().name(), "b");
    bench.type_in("kz");
    assert!(!bench.screen().contains("×4"));
    bench.type_in("jjj");
    assert_eq!(bench.state.item().unwrap().name(), "a");
    bench.type_in("z");
    assert!(
        bench.screen().contains("a ×4"),
        "z on any of them closes them"
    );
    bench.type_in("j");
    assert_eq!(bench.state.item().unwrap().name(), "b");
}

#[test]
fn new_events_above_are_counted_until_one_goes_up() {
    let mut bench = events_of("abcdefghijklmnopqrstuvwxyz", 12);
    bench.type_in("jjj");
    let row = bench.state.item().unwrap().id();
    for n in 50..53 {
        live(&mut bench, n, &format!("new.{n}"));
    }
    assert!(
        bench.screen().contains("↑ 3 new above: g"),
        "{}",
        bench.screen()
    );
    assert_eq!(
        bench.state.item().unwrap().id(),
        row,
        "the row one looks at stays"
    );
    bench.type_in("g");
    assert!(!bench.screen().contains("new above"));
    assert!(bench.screen().contains("new.52"));
    live(&mut bench, 54, "new.54");
    assert!(
        !bench.screen().contains("new above"),
        "at the top one sees them"
    );
}

#[test]
fn what_waits_while_paused_is_counted_and_nothing_moves_until_it_goes_on() {
    let mut bench = events_of("abc", 24);
    bench.type_in("p");
    let before = bench.state.list().unwrap().rows.len();
    for n in 50..62 {
        live(&mut bench, n, "login.failed");
    }
    assert!(
        bench.screen().contains("PAUSED, 12 waiting: p"),
        "{}",
        bench.screen()
    );
    bench.effects.clear();
    bench.pass(60_000);
    bench.send(crate::core::Msg::Tick);
    let asked = bench
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Load { .. }));
    assert!(!asked, "a paused list is not read again");
    assert_eq!(bench.state.list().unwrap().rows.len(), before);
    bench.type_in("p");
    assert_eq!(bench.state.list().unwrap().rows.len(), before + 12);
    assert!(bench.screen().contains("login.failed ×12"));
}

#[test]
fn a_wide_event_has_a_second_line_with_what_was_before_and_after() {
    let mut bench = TestConsole::new(80, 24);
    bench.go(Resource::Events);
    let mut updated = super::test_console::event(1, "user.updated");
    let changes = serde_json::json!({"role": ["customer", "support"]});
    updated.changes = changes.as_object().cloned();
    bench.serve(vec![
        Row::Event(updated),
        Row::Event(super::test_console::event(2, "a")),
    ]);
    bench.type_in("w");
    assert!(
        bench.screen().contains("role: customer → support"),
        "{}",
        bench.screen()
    );
    bench.type_in("j");
    assert_eq!(bench.state.item().unwrap().name(), "a");
}

#[test]
fn a_log_of_nothing_but_one_event_is_walked_without_reading_for_ever() {
    let mut bench = TestConsole::new(80, 24);
    bench.go(Resource::Events);
    let rows = |from: u64| {
        (from..from + 100).map(|n| {
            let mut event = super::test_console::event(1, "login.failed");
            event.id = doorward_shared::EventId(ulid::Ulid::from_parts(1, u128::from(100_000 - n)));
            Row::Event(event)
        })
    };
    let mut reads = 0;
    loop {
        let effects = std::mem::take(&mut bench.effects);
        let asked = effects.into_iter().find_map(|effect| match effect {
            Effect::Load {
                generation,
                cursor,
                want,
                ..
            } => Some((generation, cursor, want)),
            _ => None,
        });
        let Some((generation, cursor, want)) = asked else {
            break;
        };
        let from: u64 = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let mut page = super::test_console::page(rows(from).collect());
        page.pagination.next_cursor = Some((from + 100).to_string());
        bench.reply(Reply::Page {
            generation,
            want,
            pages: Ok(vec![page]),
            note: None,
        });
        reads += 1;
        assert!(reads < 30, "it reads for ever");
    }
    assert!(bench.screen().contains("×800"), "{}", bench.screen());
    bench.type_in("j");
    let on = bench
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Load { .. }));
    assert!(on, "further down the next ones are read");
}

#[test]
fn with_rows_marked_a_key_for_one_thing_says_so_and_does_nothing() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in("  ");
    for key in ["d", "X", "e", "p", "L"] {
        bench.effects.clear();
        bench.type_in(key);
        assert!(bench.state.layers.is_empty(), "{key}: {}", bench.screen());
        assert!(
            bench.screen().contains("2 are marked"),
            "{key}: {}",
            bench.screen()
        );
    }
    bench.press(crossterm::event::KeyCode::Esc);
    bench.type_in("d");
    assert!(!bench.state.layers.is_empty(), "{}", bench.screen());
}

#[test]
fn pasted_lines_are_words_of_a_field_and_not_one_word() {
    let mut bench = TestConsole::on(Resource::Clients, 120, 40);
    bench.type_in("n");
    bench.later("Calendar\t\t");
    bench.send(crate::core::Msg::Paste(
        "https://a.example/cb\rhttps://b.example/cb\r\nhttps://c.example/cb\n".into(),
    ));
    let screen = bench.screen();
    assert!(
        screen.contains("https://a.example/cb https://b.example/cb"),
        "{screen}"
    );
    bench.press(crossterm::event::KeyCode::Esc);
    bench.type_in("2/");
    bench.send(crate::core::Msg::Paste("ada\rbob".into()));
    assert_eq!(bench.state.list().map(|list| &*list.q), Some("ada"));
    let said = bench.state.toast.as_ref().map(|toast| &*toast.text);
    assert_eq!(said, Some("only the first of 2 pasted lines was taken"));
}

#[test]
fn a_list_of_events_stays_at_the_top_where_it_is_read_anew_and_counts_what_came_above() {
    use super::realistic_data::events;
    let rows = |n: usize| -> Vec<Row> {
        events(1, 500)
            .into_iter()
            .skip(500 - n)
            .map(Row::Event)
            .collect()
    };
    let mut bench = TestConsole::new(120, 40);
    bench.go(Resource::Events);
    // A search answers in one page, however many they are.
    bench.serve(rows(450));
    let newer = |at: usize| events(1, 500)[500 - 450 - at].clone();
    bench.reply(crate::core::msg::Reply::Stream(
        crate::core::msg::StreamEvent::Event(Box::new(newer(1))),
    ));
    bench.pass(1_000);
    bench.send(crate::core::Msg::Tick);
    bench.serve(rows(451));
    assert_eq!(
        bench.state.list().unwrap().row_index(),
        Some(0),
        "{}",
        bench.screen()
    );
    bench.type_in("G");
    for at in 2..=6 {
        bench.reply(crate::core::msg::Reply::Stream(
            crate::core::msg::StreamEvent::Event(Box::new(newer(at))),
        ));
    }
    bench.pass(1_000);
    bench.send(crate::core::Msg::Tick);
    bench.serve(rows(456));
    assert_eq!(
        bench.state.list().unwrap().new_above,
        5,
        "{}",
        bench.screen()
    );
}
