//! Getting about: screens, layers, history, the palette.

use std::collections::BTreeMap;

use doorward_shared::client::Filter;

use super::test_console::{TestConsole, rows};
use crate::core::{Effect, Msg, keymap::Keymap, layer::Layer, resource::Resource, state::View};

#[test]
fn digits_choose_the_screens_in_their_order() {
    let mut bench = TestConsole::new(80, 24);
    let kinds = [
        None,
        Some(Resource::Users),
        Some(Resource::Sessions),
        Some(Resource::Keys),
        Some(Resource::Clients),
        Some(Resource::Events),
        None,
    ];
    for (digit, kind) in ('1'..='7').zip(kinds) {
        bench.type_in(&digit.to_string());
        assert_eq!(bench.state.kind(), kind, "{digit}");
    }
    assert!(matches!(bench.state.view, View::Health { .. }));
}

#[test]
fn esc_closes_the_top_layer_and_never_quits() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("\no");
    bench.type_in("\u{1b}?");
    assert_eq!(bench.state.layers.len(), 1);
    assert!(bench.state.page().is_some());
    bench.effects.clear();
    for left in [0, 0, 0, 0] {
        bench.type_in("\u{1b}");
        assert_eq!(bench.state.layers.len(), left);
    }
    assert!(
        !bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
    assert_eq!(bench.state.kind(), Some(Resource::Users));
}

/// A slow line, or a terminal that sends keys together, makes `alt-:` of Esc and `:`.
#[test]
fn a_key_right_after_esc_is_esc_and_the_key() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("\n");
    assert!(bench.state.page().is_some());
    bench.press_alt(':');
    assert!(bench.state.page().is_none(), "Esc closes the page");
    assert!(matches!(bench.state.layers.last(), Some(Layer::Palette(_))));
    bench.type_in("health");
    bench.press_alt('/');
    assert!(matches!(
        bench.state.layers.last(),
        Some(Layer::Filter { .. })
    ));
}

#[test]
fn a_key_that_is_bound_with_alt_stays_one_key() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    let bound = BTreeMap::from([("help".to_owned(), "alt-h".to_owned())]);
    bench.state.keymap = Keymap::with(None, &bound).unwrap();
    bench.type_in("\n");
    bench.press_alt('h');
    assert!(matches!(bench.state.layers.last(), Some(Layer::Help(_))));
    assert!(bench.state.page().is_some());
}

#[test]
fn colon_q_quits() {
    let mut bench = TestConsole::new(80, 24);
    bench.type_in(":q\n");
    assert!(
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
}

#[test]
fn the_palette_goes_by_name_and_by_a_few_letters() {
    let mut bench = TestConsole::new(80, 24);
    for (text, kind) in [
        ("users", Resource::Users),
        ("sess", Resource::Sessions),
        ("apikeys", Resource::Keys),
        ("clients", Resource::Clients),
        ("events", Resource::Events),
        ("roles", Resource::Roles),
        ("keys", Resource::Signing),
        ("profiles", Resource::Profiles),
    ] {
        bench.type_in(&format!(":{text}\n"));
        assert_eq!(bench.state.kind(), Some(kind), "{text}");
    }
    bench.type_in(":dashboard\n");
    assert!(matches!(bench.state.view, View::Dashboard { .. }));
    bench.type_in(":health\n");
    assert!(matches!(bench.state.view, View::Health { .. }));
    bench.type_in(":incident 203.0.113.7\n");
    assert!(matches!(bench.state.view, View::Incident(_)));
}

#[test]
fn history_goes_back_to_the_row_one_came_from_and_forward_again() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("j");
    let selected = bench.state.item().unwrap().id();
    bench.type_in("o1");
    assert_eq!(bench.state.kind(), Some(Resource::Sessions));
    assert_eq!(bench.state.list().unwrap().filters[0].value, selected);
    bench.type_in("[");
    bench.serve(rows(Resource::Users));
    assert_eq!(bench.state.item().unwrap().id(), selected);
    bench.type_in("]");
    assert_eq!(bench.state.kind(), Some(Resource::Sessions));
    bench.type_in("\u{1b}");
    assert_eq!(
        bench.state.kind(),
        Some(Resource::Users),
        "esc leaves what was narrowed down"
    );
}

#[test]
fn a_dashboard_row_opens_its_list_filtered() {
    let mut bench = TestConsole::new(80, 24);
    bench.type_in("1");
    bench.reply(super::test_console::stats_reply());
    bench.type_in("\t\n");
    let list = bench.state.list().unwrap();
    assert_eq!(list.kind, Resource::Events);
    assert_eq!(list.q, "action:login.failed ip:203.0.113.0/24");
    bench.type_in("1\t\t\n");
    let filters = &bench.state.list().unwrap().filters;
    let filters: Vec<_> = filters.iter().map(|filter| filter.name).collect();
    assert_eq!(filters, [Filter::Action, Filter::UserId]);
}

#[test]
fn tab_moves_between_the_list_and_the_pane_that_follows_it() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in("\t");
    assert!(bench.screen().contains("Last login"));
    bench.type_in("j");
    assert_eq!(bench.state.item().unwrap().name(), "bob@example.org");
    assert!(bench.screen().contains("User · bob@example.org"));
    bench.type_in("\tj");
    assert_eq!(
        bench.state.list().unwrap().index(),
        Some(1),
        "the pane has the keys"
    );
}

#[test]
fn the_twin_of_what_is_shown_is_one_key_away() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in("/ada\nE");
    let screen = bench.screen();
    assert!(screen.contains("doorward users list --q ada"), "{screen}");
}

#[test]
fn help_is_made_from_the_keymap() {
    let mut bench = TestConsole::on(Resource::Users, 80, 40);
    let changes = [("wide".to_owned(), "ctrl-t".to_owned())].into();
    bench.state.keymap = crate::core::keymap::Keymap::with(None, &changes).unwrap();
    bench.type_in("?");
    assert!(bench.screen().contains("ctrl-t"));
    assert!(matches!(bench.state.layers.last(), Some(Layer::Help(_))));
}

#[test]
fn a_click_selects_a_row_and_a_second_one_opens_it() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    let rows = bench.state.areas().rows;
    let click = || {
        Msg::Mouse(MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: rows.x + 5,
            row: rows.y + 1,
            modifiers: KeyModifiers::NONE,
        })
    };
    bench.send(click());
    assert_eq!(bench.state.item().unwrap().name(), "bob@example.org");
    assert!(bench.state.layers.is_empty());
    bench.send(click());
    assert!(bench.state.page().is_some());
}

#[test]
fn nothing_wakes_an_idle_console_more_often_than_it_polls() {
    let bench = TestConsole::on(Resource::Users, 80, 24);
    let wait = bench.state.wake() - bench.state.now.ms;
    assert!(wait >= 5_000, "{wait}");
}
