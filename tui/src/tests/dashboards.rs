//! The dashboard: where its rows lead.

use crossterm::event::KeyCode;

use super::bench::{Bench, client};
use crate::core::{
    Effect,
    problem::{Problem, Trouble},
    resource::Resource,
    state::View,
};

#[test]
fn enter_on_a_failing_client_opens_the_client() {
    let mut bench = Bench::on_dashboard(80, 24);
    bench.press(KeyCode::BackTab);
    bench.effects.clear();
    bench.type_in("\n");
    let id = client(1, "shop").id.to_string();
    assert_eq!(bench.state.kind(), Some(Resource::Clients));
    assert_eq!(
        bench.state.detail().map(|detail| detail.id.clone()),
        Some(id.clone())
    );
    let asked = bench
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Row(Resource::Clients, asked) if *asked == id));
    assert!(asked, "{:?}", bench.effects);
}

#[test]
fn the_dashboard_asks_for_the_refusals_of_the_last_hour() {
    let mut bench = Bench::new(80, 24);
    bench.effects.clear();
    bench.type_in("r");
    let since = bench.effects.iter().find_map(|effect| match effect {
        Effect::Refusals(since) => Some(*since),
        _ => None,
    });
    assert_eq!(since, Some(bench.state.now.wall.plus_seconds(-3_600)));
}

#[test]
fn whoever_may_not_see_events_is_told_which_scope_it_takes() {
    let mut bench = Bench::with("admin:server:read", 80, 24);
    bench.effects.clear();
    bench.type_in("r");
    assert!(
        !bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Refusals(_)))
    );
    bench.reply(crate::core::msg::Reply::Stats(Ok(Box::new(
        super::bench::stats(),
    ))));
    bench.press(KeyCode::BackTab);
    let screen = bench.screen();
    assert!(screen.contains("admin:events:read"), "{screen}");
}

#[test]
fn fewer_rows_than_before_keep_the_selection_on_one() {
    let mut bench = Bench::on_dashboard(80, 24);
    bench.press(KeyCode::BackTab);
    bench.type_in("jj");
    bench.reply(crate::core::msg::Reply::Refusals(Ok(
        super::bench::failing_clients()
            .into_iter()
            .take(1)
            .collect(),
    )));
    assert!(matches!(bench.state.view, View::Dashboard { at: 0, .. }));
    let gone = Problem {
        what: Trouble::Forbidden,
        ..Problem::refused("no")
    };
    bench.reply(crate::core::msg::Reply::Refusals(Err(gone)));
    assert!(bench.screen().contains("shop"), "what was known stays");
}
