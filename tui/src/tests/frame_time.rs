//! How long a key takes until its screen is drawn, with as much loaded as there can be. The numbers are printed.

use std::time::{Duration, Instant};

use ratatui::{Terminal, backend::TestBackend, layout::Size};

use super::{
    realistic_data::{events, on_page, user_id},
    test_console::{TestConsole, rows},
};
use crate::core::{
    Effect,
    list::PAGE,
    msg::Reply,
    page::{LoadedPart, Part, Subject},
    resource::{Resource, Row},
};

/// Keys that are pressed for one number.
const KEYS: u32 = 200;
/// Sixty frames a second; a build without optimization is some ten times slower.
const FRAME: Duration = Duration::from_micros(if cfg!(debug_assertions) {
    166_666
} else {
    16_666
});

/// Answers what a list of so many rows asks for.
fn serve(bench: &mut TestConsole, kind: Resource, total: usize) {
    for effect in std::mem::take(&mut bench.effects) {
        let Effect::Load {
            generation,
            cursor,
            want,
            ..
        } = effect
        else {
            continue;
        };
        let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let some: Vec<Row> = match kind {
            Resource::Events => events(1, 100).into_iter().map(Row::Event).collect(),
            kind => rows(kind).into_iter().cycle().take(PAGE).collect(),
        };
        let numbered = some.into_iter().enumerate().map(|(at, mut row)| {
            let id = ulid::Ulid::from_parts(1, (total - from - at) as u128);
            match &mut row {
                Row::Event(event) => event.id = doorward_shared::EventId(id),
                Row::User(user) => user.id = doorward_shared::UserId(id),
                _ => {}
            }
            row
        });
        let mut page = super::test_console::page(numbered.collect());
        page.pagination.total = total as u64;
        page.pagination.next_cursor = (from + PAGE < total).then(|| (from + PAGE).to_string());
        bench.reply(Reply::Page {
            generation,
            want,
            pages: Ok(vec![page]),
            note: None,
        });
    }
}

/// The mean of a key and its frame, with what it asks for answered outside of the time.
fn measure(name: &str, mut bench: TestConsole, kind: Resource, keys: &str) {
    let Size { width, height } = bench.state.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut spent = Duration::ZERO;
    for key in keys.chars().cycle().take(KEYS as usize) {
        let began = Instant::now();
        bench.type_in(&key.to_string());
        terminal
            .draw(|frame| crate::view::view(&bench.state, frame))
            .unwrap();
        spent += began.elapsed();
        serve(&mut bench, kind, 10_000);
    }
    let mean = spent / KEYS;
    println!("{name} at {width}x{height}: {mean:?} for a key and its frame");
    assert!(mean < FRAME, "{name}: {mean:?}");
}

#[test]
#[ignore = "it measures: run it alone, on a quiet machine"]
fn keys_that_repeat_are_drawn_at_sixty_frames_a_second() {
    for kind in [Resource::Users, Resource::Events] {
        let mut bench = TestConsole::new(200, 60);
        bench.go(kind);
        serve(&mut bench, kind, 10_000);
        measure(kind.title(), bench, kind, "j");
    }
    let subject = Subject::User(user_id(1).to_string());
    let mut bench = on_page(subject, 200, 60);
    let generation = bench.state.page().unwrap().generation;
    bench.reply(Reply::Part {
        generation,
        part: Part::Events,
        found: Ok(LoadedPart::Events(events(1, 500), true)),
    });
    measure("A page with 500 events", bench, Resource::Users, "j");
    let bench = on_page(Subject::Address("203.0.113.7".into()), 200, 60);
    measure("A page, by its parts", bench, Resource::Users, "\t");
    let mut bench = TestConsole::on(Resource::Users, 200, 60);
    bench.type_in(":");
    measure("The palette", bench, Resource::Users, "us\u{8}\u{8}");
    let mut bench = TestConsole::on(Resource::Users, 200, 60);
    bench.type_in("?/");
    measure("The help", bench, Resource::Users, "se");
}
