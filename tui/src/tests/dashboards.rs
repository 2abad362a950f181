//! The dashboard: where its rows lead.

use crossterm::event::KeyCode;

use super::test_console::{TestConsole, client};
use crate::core::{
    Effect,
    chart::Window,
    dashboard::Panel,
    page::Subject,
    problem::{Problem, ProblemKind},
    resource::Resource,
    state::View,
};

#[test]
fn enter_on_a_failing_client_opens_the_client() {
    let mut bench = TestConsole::on_dashboard(80, 24);
    bench.press(KeyCode::BackTab);
    bench.effects.clear();
    bench.type_in("\n");
    let id = client(1, "shop").id.to_string();
    let subject = Subject::Client(id);
    assert_eq!(bench.state.page().map(|page| &page.subject), Some(&subject));
    let asked = bench
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Page { subject: asked, .. } if *asked == subject));
    assert!(asked, "{:?}", bench.effects);
}

#[test]
fn the_dashboard_asks_for_the_refusals_of_the_last_hour() {
    let mut bench = TestConsole::new(80, 24);
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
    let mut bench = TestConsole::with("admin:server:read", 80, 24);
    bench.effects.clear();
    bench.type_in("r");
    assert!(
        !bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Refusals(_)))
    );
    bench.reply(super::test_console::stats_reply());
    bench.press(KeyCode::BackTab);
    let screen = bench.screen();
    assert!(screen.contains("admin:events:read"), "{screen}");
}

#[test]
fn fewer_rows_than_before_keep_the_selection_on_one() {
    let mut bench = TestConsole::on_dashboard(80, 24);
    bench.press(KeyCode::BackTab);
    bench.type_in("jj");
    bench.reply(crate::core::msg::Reply::Refusals(Ok(
        super::test_console::failing_clients()
            .into_iter()
            .take(1)
            .collect(),
    )));
    assert!(matches!(bench.state.view, View::Dashboard { at: 0, .. }));
    let gone = Problem {
        what: ProblemKind::Forbidden,
        ..Problem::refused("no")
    };
    bench.reply(crate::core::msg::Reply::Refusals(Err(gone)));
    assert!(bench.screen().contains("shop"), "what was known stays");
}

/// The panel that has the focus.
fn focused(bench: &TestConsole) -> Panel {
    match bench.state.view {
        View::Dashboard { panel, .. } => panel,
        _ => panic!("not the dashboard"),
    }
}

fn go_to(bench: &mut TestConsole, panel: Panel) {
    for _ in 0..Panel::ALL.len() {
        if focused(bench) == panel {
            return;
        }
        bench.press(KeyCode::Tab);
    }
    panic!("{panel:?} is not come to");
}

#[test]
fn one_key_changes_the_window_and_only_what_is_new_is_asked_for() {
    let mut bench = TestConsole::on_dashboard(120, 40);
    let asked = |bench: &mut TestConsole, keys: &str| {
        bench.effects.clear();
        bench.type_in(keys);
        let found = bench.effects.iter().find_map(|effect| match effect {
            Effect::Stats { window, since } => Some((*window, *since)),
            _ => None,
        });
        found.unwrap()
    };
    let newest = super::test_console::noon().plus_seconds(-60);
    assert_eq!(asked(&mut bench, "r"), (Window::Hour, newest));
    let now = bench.state.now.wall;
    let day = (Window::Day, now.plus_seconds(-86_400 - 3_600));
    assert_eq!(asked(&mut bench, "t"), day);
    assert_eq!(asked(&mut bench, "t").0, Window::Week);
    assert_eq!(asked(&mut bench, "t").0, Window::Hour);
}

#[test]
fn a_minute_that_comes_again_takes_the_place_of_the_one_before() {
    let mut bench = TestConsole::on_dashboard(120, 40);
    let series = |bench: &TestConsole| {
        let all = &bench.state.known.series[0];
        (
            all.len(),
            all.iter().map(|minute| minute.tokens).sum::<u64>(),
        )
    };
    let (count, tokens) = series(&bench);
    let mut again = super::test_console::stats();
    let last = again.series.pop().unwrap();
    again.series = vec![doorward_shared::admin::Minute {
        tokens: last.tokens + 5,
        ..last
    }];
    bench.reply(crate::core::msg::Reply::Stats {
        window: Window::Hour,
        since: last.time,
        stats: Ok(Box::new(again)),
    });
    assert_eq!(series(&bench), (count, tokens + 5));
}

#[test]
fn the_value_under_the_cursor_is_said_with_its_time() {
    let mut bench = TestConsole::on_dashboard(120, 40);
    assert!(bench.screen().contains("per minute"));
    bench.type_in(",,");
    let screen = bench.screen();
    assert!(screen.contains("11:59:00 to 12:00:00"), "{screen}");
    assert!(screen.contains("Tokens 59"), "{screen}");
    bench.type_in("...");
    assert_eq!(bench.state.dash.cursor, None, "beyond the last it goes");
}

#[test]
fn failures_of_a_network_open_its_events() {
    let mut bench = TestConsole::on_dashboard(120, 40);
    go_to(&mut bench, Panel::Networks);
    assert!(bench.screen().contains("78%"), "31 of 40");
    bench.type_in("\n");
    assert_eq!(bench.state.kind(), Some(Resource::Events));
    let q = &bench.state.list().unwrap().q;
    assert_eq!(q, "action:login.failed ip:203.0.113.0/24");
}

#[test]
fn what_is_undone_of_the_first_evening_opens_what_does_it() {
    let mut bench = TestConsole::on_dashboard(120, 40);
    assert!(!bench.screen().contains("first evening"));
    let mut info = super::test_console::server_info();
    info.setup = doorward_shared::admin::Setup::default();
    bench.reply(crate::core::msg::Reply::Server {
        ready: true,
        info: Ok(Box::new(info)),
    });
    go_to(&mut bench, Panel::Setup);
    assert!(bench.screen().contains("A first evening"));
    bench.type_in("\n");
    assert!(bench.screen().contains("issuer = "), "{}", bench.screen());
    bench.type_in("\u{1b}j\n");
    assert_eq!(bench.state.kind(), Some(Resource::Users));
    assert!(bench.screen().contains("Cancel"), "{}", bench.screen());
}

/// A dashboard of a server on which all is done but what only the operator knows.
fn without_a_copy_of_the_key() -> TestConsole {
    let mut bench = TestConsole::on_dashboard(120, 40);
    bench.state.customization.copied.clear();
    let mut info = super::test_console::server_info();
    let folder = "/var/lib/doorward/".to_owned();
    info.settings.insert("data_dir".into(), folder);
    bench.reply(crate::core::msg::Reply::Server {
        ready: true,
        info: Ok(Box::new(info)),
    });
    go_to(&mut bench, Panel::Setup);
    bench
}

/// What was asked to be remembered of the master key.
fn remembered(bench: &TestConsole) -> Vec<(String, bool)> {
    let remembered = bench.effects.iter().filter_map(|effect| match effect {
        Effect::KeyCopied { profile, copied } => Some((profile.clone(), *copied)),
        _ => None,
    });
    remembered.collect()
}

#[test]
fn whether_the_master_key_is_copied_is_what_the_operator_says_of_this_profile() {
    let mut bench = without_a_copy_of_the_key();
    assert!(bench.screen().contains("○ master.key copied"));
    bench.effects.clear();
    bench.type_in("\n");
    let screen = bench.screen();
    assert!(screen.contains("/var/lib/doorward/master.key"), "{screen}");
    bench.type_in("\n");
    assert!(
        remembered(&bench).is_empty(),
        "enter alone confirms nothing"
    );
    bench.type_in("\n2");
    assert_eq!(remembered(&bench), [("staging".to_owned(), true)]);
    let screen = bench.screen();
    assert!(!screen.contains("first evening"), "{screen}");
    assert_eq!(focused(&bench), Panel::Chart, "the panel is gone");
}

#[test]
fn another_profile_and_an_evening_that_goes_on_ask_for_the_key_again() {
    let mut bench = without_a_copy_of_the_key();
    bench.state.server.profile = "production".into();
    bench.state.customization.copied.insert("staging".into());
    assert!(bench.screen().contains("○ master.key copied"));
    bench.type_in("\n2");
    bench.reply(crate::core::msg::Reply::Server {
        ready: true,
        info: Ok(Box::new(doorward_shared::admin::ServerInfo {
            setup: Default::default(),
            ..super::test_console::server_info()
        })),
    });
    go_to(&mut bench, Panel::Setup);
    bench.type_in("G");
    bench.effects.clear();
    let on_it = |bench: &mut TestConsole| {
        bench.type_in("k");
        bench.screen().contains("> ✓ master.key copied")
    };
    assert!((0..7).any(|_| on_it(&mut bench)));
    bench.type_in("\n2");
    let taken_back = [("production".to_owned(), false)];
    assert_eq!(remembered(&bench), taken_back, "it can be taken back");
    assert!(bench.screen().contains("○ master.key copied"));
}

#[test]
fn what_is_counted_has_no_halves_on_its_axis() {
    let mut bench = TestConsole::new(120, 40);
    let mut stats = super::test_console::stats();
    for minute in &mut stats.series {
        minute.logins = 0;
    }
    bench.reply(crate::core::msg::Reply::Stats {
        window: Window::Hour,
        since: super::test_console::noon().plus_seconds(-7_200),
        stats: Ok(Box::new(stats)),
    });
    let screen = bench.screen();
    assert!(screen.contains("1 ┤"), "{screen}");
    assert!(!screen.contains("0.5 ┤"), "{screen}");
}

#[test]
fn a_certificate_that_ends_soon_stands_with_the_keys_and_says_what_to_do() {
    let mut bench = TestConsole::on_dashboard(120, 40);
    let at = super::test_console::noon().plus_seconds(86_400 * 2);
    let ending = crate::core::dashboard::Expiry {
        kind: crate::core::dashboard::EndingKind::Certificate,
        id: "https://id.example.org".into(),
        name: "https://id.example.org".into(),
        at,
    };
    bench.reply(crate::core::msg::Reply::Ending(Ok(vec![ending])));
    go_to(&mut bench, Panel::Ending);
    let screen = bench.screen();
    assert!(screen.contains("> TLS certificate"), "{screen}");
    assert!(screen.contains(" in 2d "), "{screen}");
    bench.type_in("\n");
    let screen = bench.screen();
    assert!(screen.contains("2026-11-26 12:00:00 UTC"), "{screen}");
    assert!(screen.contains("Renew it where TLS ends"), "{screen}");
}

#[test]
fn events_come_live_and_each_opens() {
    let mut bench = TestConsole::on_dashboard(120, 40);
    bench.reply(crate::core::msg::Reply::Stream(
        crate::core::msg::StreamEvent::Event(Box::new(super::test_console::event(
            95,
            "network.changed",
        ))),
    ));
    assert!(bench.screen().contains("network.changed"));
    go_to(&mut bench, Panel::Events);
    bench.type_in("\n");
    let id = super::test_console::event(95, "x").id.to_string();
    assert_eq!(
        bench.state.detail().map(|detail| detail.id.clone()),
        Some(id)
    );
}

#[test]
fn a_failing_network_is_blocked_after_a_look_and_a_word() {
    let mut bench = TestConsole::on_dashboard(120, 40);
    go_to(&mut bench, Panel::Networks);
    bench.type_in("b");
    bench.later("\ta flood");
    let control = crossterm::event::KeyModifiers::CONTROL;
    let press = crossterm::event::KeyEvent::new(KeyCode::Char('s'), control);
    bench.send(crate::core::Msg::Key(press));
    let screen = bench.screen();
    assert!(screen.contains("Block 203.0.113.0/24?"), "{screen}");
    assert!(screen.contains("Your own address is exempt"), "{screen}");
    assert!(
        bench.changes().is_empty(),
        "nothing is done before it is confirmed"
    );
}

#[test]
fn news_move_the_rows_of_the_dashboard_and_not_the_selection() {
    use crate::core::{dashboard::Panel, state::View};
    let mut bench = TestConsole::on_dashboard(160, 50);
    let event = |n: u64, ip: &str| {
        let mut event = super::test_console::event(n, "login.failed");
        event.ip = Some(ip.into());
        event
    };
    let recent = vec![
        event(3, "198.51.100.3"),
        event(2, "198.51.100.2"),
        event(1, "198.51.100.1"),
    ];
    bench.reply(crate::core::msg::Reply::Recent(Ok(recent)));
    while !matches!(
        bench.state.view,
        View::Dashboard {
            panel: Panel::Events,
            ..
        }
    ) {
        bench.type_in("\t");
    }
    bench.type_in("j");
    assert_eq!(bench.state.dash_network().as_deref(), Some("198.51.100.2"));
    for n in 4..8 {
        bench.reply(crate::core::msg::Reply::Stream(
            crate::core::msg::StreamEvent::Event(Box::new(event(n, "203.0.113.9"))),
        ));
        assert_eq!(
            bench.state.dash_network().as_deref(),
            Some("198.51.100.2"),
            "{n}"
        );
    }
    while !matches!(
        bench.state.view,
        View::Dashboard {
            panel: Panel::Networks,
            ..
        }
    ) {
        bench.type_in("\t");
    }
    let mut stats = super::test_console::stats();
    let chosen = bench.state.dash_network();
    let network = doorward_shared::admin::FailingNetwork {
        network: "192.0.2.0/24".into(),
        failures: 9_000,
        addresses: 3,
    };
    stats.failing_networks.insert(0, network);
    bench.reply(crate::core::msg::Reply::Watched(Ok(Box::new(
        stats.clone(),
    ))));
    bench.state.known.stats = Some(Box::new(stats));
    bench.send(crate::core::Msg::Tick);
    assert!(chosen.is_some());
    assert_eq!(bench.state.dash_network(), chosen);
}
