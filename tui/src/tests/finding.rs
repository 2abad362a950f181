//! Finding: what the filter completes, things by name in the palette, recent places, the searched help.

use crossterm::event::KeyCode;

use super::{
    realistic_data::{on_page, person, user_id},
    test_console::{TestConsole, rows},
};
use crate::core::{
    Effect, Msg,
    layer::Layer,
    msg::Reply,
    page::Subject,
    problem::Problem,
    resource::{Resource, Row},
};

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 40), (80, 24), (40, 12)];

fn seen(name: &str, arrange: impl Fn(u16, u16) -> TestConsole) {
    for (width, height) in SIZES {
        let screen = arrange(width, height).screen();
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen);
    }
}

/// The things that were asked for, newest last, and the generation of each.
fn asked(bench: &mut TestConsole) -> Vec<(u64, Resource, String)> {
    let effects = std::mem::take(&mut bench.effects);
    let asked = effects.into_iter().filter_map(|effect| match effect {
        Effect::Find {
            generation,
            kind,
            text,
            ..
        } => Some((generation, kind, text)),
        _ => None,
    });
    asked.collect()
}

fn people() -> Vec<Row> {
    (1..=5).map(|n| Row::User(person(n))).collect()
}

fn page(bench: &TestConsole) -> Option<Subject> {
    bench.state.page().map(|page| page.subject.clone())
}

#[test]
fn a_thing_is_looked_for_a_moment_after_its_name_was_typed_and_enter_opens_its_page() {
    let mut bench = TestConsole::new(80, 24);
    bench.type_in(":user ol");
    assert_eq!(asked(&mut bench), [], "not with each letter");
    bench.pass(130);
    bench.send(Msg::Tick);
    let [(generation, kind, text)] = &asked(&mut bench)[..] else {
        panic!("it was not looked for once");
    };
    assert_eq!((*kind, text.as_str()), (Resource::Users, "ol"));
    bench.reply(Reply::Found {
        generation: *generation,
        found: Ok(people()),
    });
    assert!(bench.screen().contains("user olga.petrova@example.org"));
    bench.press(KeyCode::Down);
    bench.type_in("\n");
    assert_eq!(page(&bench), Some(Subject::User(user_id(2).to_string())));
}

#[test]
fn enter_before_the_answer_opens_what_comes_if_it_is_one() {
    let mut bench = TestConsole::new(80, 24);
    bench.type_in(":client shop\n");
    let [(generation, kind, text)] = &asked(&mut bench)[..] else {
        panic!("enter does not wait");
    };
    assert_eq!((*kind, text.as_str()), (Resource::Clients, "shop"));
    assert!(
        bench.screen().contains("Looking for it."),
        "{}",
        bench.screen()
    );
    bench.reply(Reply::Found {
        generation: *generation,
        found: Ok(rows(Resource::Clients).into_iter().take(1).collect()),
    });
    assert!(matches!(page(&bench), Some(Subject::Client(_))));
}

#[test]
fn of_several_that_nobody_has_seen_enter_opens_none() {
    let mut bench = TestConsole::new(80, 24);
    bench.type_in(":client shop\n");
    let generation = asked(&mut bench)[0].0;
    let found = rows(Resource::Clients);
    assert!(found.len() > 1);
    bench.reply(Reply::Found {
        generation,
        found: Ok(found),
    });
    assert_eq!(page(&bench), None);
    bench.type_in("\n");
    assert!(matches!(page(&bench), Some(Subject::Client(_))));
}

#[test]
fn what_is_not_there_is_said_and_so_is_why_nothing_came() {
    let mut bench = TestConsole::new(80, 24);
    bench.type_in(":key nope\n");
    let generation = asked(&mut bench)[0].0;
    bench.reply(Reply::Found {
        generation,
        found: Ok(Vec::new()),
    });
    assert!(bench.screen().contains("Nothing is called that."));
    assert!(matches!(bench.state.layers.last(), Some(Layer::Palette(_))));
    bench.type_in("x\n");
    let generation = asked(&mut bench)[0].0;
    bench.reply(Reply::Found {
        generation,
        found: Err(Problem::forbidden(
            "this needs the scope admin:apikeys:read",
        )),
    });
    assert!(
        bench
            .screen()
            .contains("this needs the scope admin:apikeys:read")
    );
}

#[test]
fn an_answer_to_what_was_typed_before_opens_nothing() {
    let mut bench = TestConsole::new(80, 24);
    bench.type_in(":user ol\n");
    let old = asked(&mut bench)[0].0;
    bench.type_in("ga\n");
    bench.reply(Reply::Found {
        generation: old,
        found: Ok(people()),
    });
    assert_eq!(page(&bench), None);
    let new = asked(&mut bench)[0].0;
    bench.reply(Reply::Found {
        generation: new,
        found: Ok(people().into_iter().take(1).collect()),
    });
    assert!(page(&bench).is_some());
}

#[test]
fn an_address_and_a_whole_id_open_at_once() {
    let mut bench = TestConsole::new(80, 24);
    bench.type_in(":203.0.113.7\n");
    assert_eq!(page(&bench), Some(Subject::Address("203.0.113.7".into())));
    let id = user_id(3).to_string();
    bench.type_in(&format!(":{id}\n"));
    assert_eq!(page(&bench), Some(Subject::User(id)));
}

#[test]
fn the_palette_begins_with_the_places_one_was_at() {
    let mut bench = on_page(Subject::User(user_id(1).to_string()), 120, 40);
    bench.type_in("6/action:login.failed\n");
    bench.type_in("2:");
    let Some(Layer::Palette(palette)) = bench.state.layers.last() else {
        panic!("no palette");
    };
    let names: Vec<_> = palette
        .matches()
        .iter()
        .take(3)
        .map(|entry| entry.name.clone())
        .collect();
    assert_eq!(
        names,
        [
            "events action:login.failed",
            "user olga.petrova@example.org",
            "dashboard"
        ]
    );
    bench.type_in("\n");
    assert_eq!(bench.state.list().unwrap().q, "action:login.failed");
    bench.type_in("2:users\n");
    assert_eq!(
        bench.state.kind(),
        Some(Resource::Users),
        "a command wins over a place"
    );
}

#[test]
fn tab_completes_terms_and_values_and_goes_on_to_the_next() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("/sta\t");
    assert!(bench.screen().contains("/ state:"), "{}", bench.screen());
    bench.type_in("\t");
    assert!(
        bench.screen().contains("/ state:active"),
        "{}",
        bench.screen()
    );
    assert!(bench.screen().contains("[state:active]"));
    bench.type_in("\t");
    assert!(bench.screen().contains("/ state:disabled"));
    bench.press(KeyCode::BackTab);
    assert!(bench.screen().contains("/ state:active"));
    bench.type_in("\n");
    assert_eq!(bench.state.list().unwrap().q, "state:active");
}

#[test]
fn the_right_arrow_completes_at_the_end_and_moves_elsewhere() {
    let mut bench = TestConsole::on(Resource::Keys, 80, 24);
    bench.type_in("/unu");
    bench.press(KeyCode::Right);
    assert!(bench.screen().contains("/ unused:"));
    bench.press(KeyCode::Left);
    bench.press(KeyCode::Right);
    bench.type_in("30");
    bench.press(KeyCode::Right);
    bench.type_in("\n");
    assert_eq!(bench.state.list().unwrap().q, "unused:30d");
}

#[test]
fn names_that_are_not_loaded_are_asked_for_while_typed() {
    let mut bench = TestConsole::on(Resource::Events, 80, 24);
    bench.effects.clear();
    bench.type_in("/owner:ol");
    let asked = bench.effects.iter().any(
        |effect| matches!(effect, Effect::Completions { kind: Resource::Users, text } if text == "ol"),
    );
    assert!(asked, "{:?}", bench.effects);
    let names = [(user_id(1).to_string(), person(1).email)];
    bench.reply(Reply::Names(names.into()));
    bench.type_in("\t\n");
    assert_eq!(
        bench.state.list().unwrap().q,
        "owner:olga.petrova@example.org"
    );
}

#[test]
fn the_help_is_searched_and_its_keys_still_close_it() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in("?/signing");
    let screen = bench.screen();
    assert!(
        screen.contains("new secret, or new signing key"),
        "{screen}"
    );
    assert!(!screen.contains("set a user's password"), "{screen}");
    bench.type_in("zzz");
    assert!(bench.screen().contains("No key does that."));
    bench.type_in("\u{1b}?");
    assert!(
        bench.screen().contains("set a user's password"),
        "a new search begins empty"
    );
    bench.type_in("?");
    assert!(bench.state.layers.is_empty());
}

#[test]
fn finding_as_it_looks() {
    seen("palette_things", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.type_in(":user o\n");
        let generation = asked(&mut bench)[0].0;
        // Several fit, and more is typed.
        bench.type_in("l");
        bench.pass(130);
        bench.send(Msg::Tick);
        let next = asked(&mut bench)[0].0;
        assert_ne!(generation, next);
        let found = (1..=8).map(|n| Row::User(person(n))).collect();
        bench.reply(Reply::Found {
            generation: next,
            found: Ok(found),
        });
        bench
    });
    seen("palette_recent", |width, height| {
        let mut bench = on_page(Subject::User(user_id(1).to_string()), width, height);
        bench.type_in("6/action:login.failed\n");
        bench.type_in("2:");
        bench
    });
    seen("filter_completed", |width, height| {
        let mut bench = TestConsole::on(Resource::Events, width, height);
        bench.type_in("/action:user\t\t");
        bench
    });
    seen("help_searched", |width, height| {
        let mut bench = TestConsole::on(Resource::Users, width, height);
        bench.type_in("?/session");
        bench
    });
    seen("help_wide", |width, height| {
        let mut bench = TestConsole::on(Resource::Events, width, height);
        bench.type_in("?");
        bench
    });
}
