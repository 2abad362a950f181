//! Lists: filters, stale answers, live events, marks.

use doorward_shared::client::{Filter, ListQuery};

use super::bench::{Bench, event, page, rows, user};
use crate::core::{
    Effect, Msg,
    list::Want,
    msg::Reply,
    resource::{Resource, Row},
};

/// The questions that were asked, and what was searched for in each.
fn loads(bench: &mut Bench) -> Vec<(ListQuery, Vec<String>)> {
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
    let mut bench = Bench::on(Resource::Users, 80, 24);
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
    let mut bench = Bench::on(Resource::Users, 80, 24);
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
    let mut bench = Bench::on(Resource::Users, 80, 24);
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
    let mut bench = Bench::on(Resource::Users, 80, 24);
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
    let mut bench = Bench::on(Resource::Events, 120, 40);
    bench.reply(Reply::Event(Box::new(event(50, "apikey.created"))));
    assert!(bench.screen().contains("apikey.created"));
    bench.type_in("p");
    bench.reply(Reply::Event(Box::new(event(51, "role.deleted"))));
    assert!(!bench.screen().contains("role.deleted"));
    bench.pass(10_000);
    bench.send(Msg::Tick);
    assert!(bench.screen().contains("PAUSED, 1 waiting"));
    bench.type_in("p");
    assert!(bench.screen().contains("role.deleted"));
}

#[test]
fn a_narrowed_event_list_takes_only_what_fits_it() {
    let mut bench = Bench::new(120, 40);
    let filter = crate::core::list::ListFilter::new(Filter::Action, "login.", "logins");
    bench
        .state
        .go_list(Resource::Events, vec![filter], &mut Vec::new());
    bench.serve(Vec::new());
    bench.reply(Reply::Event(Box::new(event(50, "apikey.created"))));
    bench.reply(Reply::Event(Box::new(event(51, "login.failed"))));
    let screen = bench.screen();
    assert!(
        screen.contains("login.failed") && !screen.contains("apikey.created"),
        "{screen}"
    );
}

#[test]
fn an_event_makes_the_list_it_changes_be_read_again_once_it_settles() {
    let mut bench = Bench::on(Resource::Users, 80, 24);
    loads(&mut bench);
    bench.reply(Reply::Event(Box::new(event(50, "client.created"))));
    assert_eq!(
        bench.state.list().unwrap().stale_at,
        None,
        "not its business"
    );
    bench.reply(Reply::Event(Box::new(event(51, "user.created"))));
    bench.reply(Reply::Event(Box::new(event(52, "user.created"))));
    bench.pass(500);
    bench.send(Msg::Tick);
    assert_eq!(loads(&mut bench).len(), 1);
}

#[test]
fn sorting_asks_the_server_and_turns_round_the_second_time() {
    let mut bench = Bench::on(Resource::Users, 80, 24);
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
    let mut bench = Bench::on(Resource::Users, 80, 24);
    bench.type_in(" ");
    assert_eq!(bench.state.list().unwrap().marks.len(), 1);
    bench.type_in("**");
    assert_eq!(bench.state.list().unwrap().marks.len(), 3);
    bench.type_in("\u{1b}\u{1b}gvjjv");
    assert_eq!(bench.state.list().unwrap().marks.len(), 3);
    assert!(bench.screen().contains("3 marked") || bench.state.toast.is_some());
}
