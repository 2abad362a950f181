//! What an operator makes their own: views, columns, commands, alerts.

use crossterm::event::KeyCode;
use doorward_shared::admin::{Minute, Stats};

use super::test_console::{TestConsole, event, rows, user};
use crate::core::{
    Effect, Msg,
    customization::{
        AlertSetting, CommandSetting, Customization, CustomizationSettings, SavedSettings,
        ViewSetting,
    },
    msg::{LocalResult, Reply},
    problem::{Problem, ProblemKind},
    resource::{Resource, Row},
};

fn kept(bench: &mut TestConsole) -> Vec<SavedSettings> {
    let effects = std::mem::take(&mut bench.effects);
    let kept = |effect| match effect {
        Effect::Keep(kept) => Some(kept),
        _ => None,
    };
    effects.into_iter().filter_map(kept).collect()
}

fn seen(name: &str, arrange: impl Fn(u16, u16) -> TestConsole) {
    for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
        let screen = arrange(width, height).screen();
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen);
    }
}

#[test]
fn a_view_is_kept_with_all_that_was_asked_and_gone_to_by_its_name() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in("/example\ns2:columns state,email,emailVerified\n");
    bench.effects.clear();
    bench.type_in(":save mine\n");
    let setting = ViewSetting {
        screen: "users".into(),
        filter: Some("example".into()),
        sort: Some("email:asc".into()),
        columns: Some(vec!["state".into(), "email".into(), "emailVerified".into()]),
        of: Vec::new(),
    };
    assert_eq!(
        kept(&mut bench),
        [SavedSettings::View("mine".into(), Some(setting))]
    );
    // Elsewhere, with other columns since.
    bench.type_in(":columns default\n4");
    bench.type_in(":view mine\n");
    let list = bench.state.list().unwrap();
    assert_eq!((list.kind, &*list.q), (Resource::Users, "example"));
    assert_eq!(list.sort, Some((1, false)));
    bench.serve(rows(Resource::Users));
    assert!(
        bench.screen().contains("STATE    EMAIL"),
        "{}",
        bench.screen()
    );
    assert!(bench.screen().contains("EMAIL VERIFIED"));
    // Going back to it from another list finds it as it was.
    bench.type_in("4[");
    assert_eq!(bench.state.list().map(|list| &*list.q), Some("example"));
    kept(&mut bench);
    bench.type_in(":unsave mine\n");
    assert_eq!(kept(&mut bench), [SavedSettings::View("mine".into(), None)]);
    bench.type_in(":view mine\n");
    assert!(bench.screen().contains("no view is called mine"));
}

#[test]
fn columns_are_chosen_for_a_list_and_its_own_come_back() {
    let mut bench = TestConsole::on(Resource::Sessions, 120, 40);
    bench.type_in(":columns ip, last-seen id\n");
    let chosen = vec!["address".into(), "seen".into(), "id".into()];
    assert_eq!(
        kept(&mut bench),
        [SavedSettings::Columns("sessions", Some(chosen))]
    );
    assert!(!bench.screen().contains("DEVICE"));
    bench.type_in(":columns colour\n");
    assert!(
        bench
            .screen()
            .contains("colour is neither a column nor a field of sessions")
    );
    assert_eq!(kept(&mut bench), []);
    bench.type_in(":columns default\n");
    assert_eq!(kept(&mut bench), [SavedSettings::Columns("sessions", None)]);
    assert!(bench.screen().contains("DEVICE"));
    bench.reply(Reply::Local(LocalResult::Kept(Err(
        "config.toml: Permission denied".into(),
    ))));
    assert!(bench.screen().contains("not saved"));
}

#[test]
fn nothing_but_lists_is_kept() {
    let mut bench = TestConsole::on_dashboard(120, 40);
    bench.type_in(":save it\n:columns email\n:save a b\n");
    assert_eq!(kept(&mut bench), []);
}

#[test]
fn equal_events_are_counted_where_their_action_is_not_shown() {
    let mut bench = TestConsole::new(120, 40);
    bench.go(Resource::Events);
    let alike = |n| {
        let mut event = event(1, "login.failed");
        event.id = doorward_shared::EventId(ulid::Ulid::from_parts(1_800_000_000_000, n));
        Row::Event(event)
    };
    bench.serve((0..5).map(alike).collect());
    bench.type_in(":columns address,time\n");
    assert!(
        bench.screen().contains("203.0.113.7 ×5"),
        "{}",
        bench.screen()
    );
}

#[test]
fn what_is_ones_own_as_it_is_seen() {
    seen("yours_columns", |width, height| {
        let mut bench = TestConsole::on(Resource::Keys, width, height);
        bench.type_in(":columns name,state,environment,allowedIps,lastUsedIp,createdAt\n");
        bench
    });
    seen("yours_save", |width, height| {
        let mut bench = TestConsole::on(Resource::Users, width, height);
        bench.type_in("/state:disabled\n");
        bench.serve(rows(Resource::Users));
        bench.type_in(":save disabled");
        bench
    });
    seen("yours_view", |width, height| {
        let mut bench = TestConsole::on(Resource::Users, width, height);
        bench.type_in("/state:disabled\n");
        bench.serve(rows(Resource::Users));
        bench.type_in(":save disabled\n:view");
        bench
    });
    seen("yours_columns_typed", |width, height| {
        let mut bench = TestConsole::on(Resource::Events, width, height);
        bench.type_in(":columns ");
        bench
    });
}

/// A console with a command on `W` for sessions and addresses.
fn with_command(kind: Resource, width: u16, height: u16, run: &[&str]) -> TestConsole {
    let mut bench = TestConsole::on(kind, width, height);
    let setting = CommandSetting {
        key: Some("W".into()),
        places: vec!["sessions".into(), "users".into(), "address".into()],
        run: run.iter().map(ToString::to_string).collect(),
        ..CommandSetting::default()
    };
    let settings = CustomizationSettings {
        commands: [("whois".to_owned(), setting)].into(),
        ..CustomizationSettings::default()
    };
    bench.state.customization = Customization::read(&settings, &bench.state.keymap).unwrap();
    bench
}

fn runs(bench: &mut TestConsole) -> Vec<Vec<String>> {
    let effects = std::mem::take(&mut bench.effects);
    let run = |effect| match effect {
        Effect::Run { program, .. } => Some(program.arguments),
        _ => None,
    };
    effects.into_iter().filter_map(run).collect()
}

#[test]
fn a_command_is_run_after_its_arguments_were_seen_and_never_by_enter_alone() {
    let mut bench = with_command(Resource::Sessions, 120, 40, &["whois", "-H", "{ip}"]);
    bench.type_in("W\t\n");
    assert_eq!(runs(&mut bench), Vec::<Vec<String>>::new(), "too early");
    bench.later("\t\n");
    assert!(bench.state.layers.is_empty(), "Cancel has the focus");
    bench.type_in("W");
    bench.later("\t\n");
    assert_eq!(runs(&mut bench), [["whois", "-H", "203.0.113.1"]]);
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Local(LocalResult::Output {
        ticket,
        text: "netname: TEST\u{1b}[31m-NET\n".into(),
    }));
    assert!(bench.screen().contains("netname: TEST-NET"));
    bench.press(KeyCode::Esc);
    assert!(
        matches!(bench.effects[..], [Effect::EndRun]),
        "{:?}",
        bench.effects
    );
    bench.reply(Reply::Local(LocalResult::OutputEnded {
        ticket,
        how: "ended by you".into(),
    }));
    assert!(bench.screen().contains("ended by you; esc closes"));
    bench.press(KeyCode::Esc);
    assert!(bench.state.layers.is_empty());
}

#[test]
fn a_command_that_lacks_a_value_or_would_change_something_is_not_run() {
    let mut bench = with_command(Resource::Users, 120, 40, &["whois", "{ip}"]);
    bench.type_in("W");
    assert!(bench.screen().contains("whois: there is no ip here"));
    let mut bench = with_command(Resource::Users, 120, 40, &["whois", "{email}"]);
    bench.state.read_only = true;
    bench.type_in("W");
    assert!(bench.screen().contains("read-only"), "{}", bench.screen());
    bench.state.read_only = false;
    bench.serve(vec![Row::User(user(1, "-e@example.org"))]);
    bench.type_in("W");
    assert!(
        bench
            .screen()
            .contains("would parse this email as an option")
    );
    // Not good among events.
    let mut bench = with_command(Resource::Events, 120, 40, &["whois", "{ip}"]);
    bench.type_in("W");
    assert!(bench.state.layers.is_empty() && bench.state.toast.is_none());
}

#[test]
fn an_address_page_has_its_commands_too() {
    let mut bench = with_command(Resource::Sessions, 120, 40, &["whois", "{ip}"]);
    bench.type_in(":203.0.113.7\nW");
    assert!(bench.screen().contains("Run whois?"), "{}", bench.screen());
}

#[test]
fn own_commands_as_they_are_seen() {
    let long =
        "--query=select * from logs where email = '{email}' and note = \"it's\" order by time desc";
    seen("yours_run", |width, height| {
        let mut bench = with_command(
            Resource::Users,
            width,
            height,
            &["report", long, "{id}", "--", "{email}"],
        );
        bench.type_in("W");
        bench
    });
    seen("yours_output", |width, height| {
        let mut bench = with_command(Resource::Sessions, width, height, &["whois", "{ip}"]);
        bench.type_in("W");
        bench.later("\t\n");
        let ticket = bench.state.next_request_id;
        let line = |n| format!("{n}\tnetname:\tTEST-NET-3 李小龍\n");
        let text: String = (1..60).map(line).collect();
        bench.reply(Reply::Local(LocalResult::Output { ticket, text }));
        bench.pass(4_000);
        bench
    });
    seen("yours_help", |width, height| {
        let mut bench = with_command(Resource::Sessions, width, height, &["whois", "{ip}"]);
        bench.type_in("?");
        bench
    });
}

fn with_alert(width: u16, height: u16) -> TestConsole {
    let mut bench = TestConsole::on(Resource::Users, width, height);
    let alert = AlertSetting {
        when: "failures > 50/min".into(),
        bell: true,
        command: Some("tell".into()),
        silence: Some(120),
    };
    let tell = CommandSetting {
        run: vec!["notify-send".into(), "Doorward".into()],
        ..CommandSetting::default()
    };
    let settings = CustomizationSettings {
        commands: [("tell".to_owned(), tell)].into(),
        alerts: [("spraying".to_owned(), alert)].into(),
        ..CustomizationSettings::default()
    };
    bench.state.customization = Customization::read(&settings, &bench.state.keymap).unwrap();
    bench.state.ask_about_alerts();
    bench
}

/// As an operator has it who allowed the command.
fn with_allowed_alert(width: u16, height: u16) -> TestConsole {
    let mut bench = with_alert(width, height);
    bench.later("\t\n");
    bench
}

/// What the server counted in this minute comes.
fn count(bench: &mut TestConsole, failures: u64) {
    let minute = Minute {
        time: bench.state.now.wall.plus_seconds(-20),
        failures,
        ..Minute::default()
    };
    let stats = Stats {
        time: bench.state.now.wall,
        series: vec![minute],
        ..super::test_console::stats()
    };
    bench.reply(Reply::Watched(Ok(Box::new(stats))));
}

fn spoken(bench: &mut TestConsole) -> (usize, usize) {
    let effects = std::mem::take(&mut bench.effects);
    let bells = effects.iter().filter(|one| matches!(one, Effect::Bell));
    let runs = effects
        .iter()
        .filter(|one| matches!(one, Effect::RunForAlert { .. }));
    (bells.count(), runs.count())
}

#[test]
fn a_rule_speaks_once_in_its_time_on_any_screen() {
    let mut bench = with_allowed_alert(120, 40);
    bench.effects.clear();
    bench.send(Msg::Tick);
    assert!(
        bench
            .effects
            .iter()
            .any(|one| matches!(one, Effect::Watch(_)))
    );
    count(&mut bench, 50);
    assert_eq!(spoken(&mut bench), (0, 0), "not more than 50");
    count(&mut bench, 51);
    assert_eq!(spoken(&mut bench), (1, 1));
    assert!(
        bench
            .screen()
            .contains("ALERT spraying: failures 51/min, more than 50/min")
    );
    bench.press(KeyCode::Esc);
    assert!(!bench.screen().contains("ALERT"));
    bench.pass(119_000);
    count(&mut bench, 90);
    assert_eq!(spoken(&mut bench), (0, 0), "it is silent");
    bench.pass(1_000);
    count(&mut bench, 90);
    assert_eq!(spoken(&mut bench), (1, 1));
    // Where changes are off, a command that may change something is not run.
    bench.state.read_only = true;
    bench.pass(120_000);
    count(&mut bench, 90);
    assert_eq!(spoken(&mut bench), (1, 0));
}

#[test]
fn the_command_of_a_rule_is_asked_about_once_for_each_profile_and_not_run_before() {
    let mut bench = with_alert(120, 40);
    let screen = bench.screen();
    assert!(
        screen.contains("Allow alert rule spraying to run tell automatically?"),
        "{screen}"
    );
    assert!(screen.contains("notify-send"), "{screen}");
    bench.later("\n");
    assert!(bench.state.layers.is_empty(), "Cancel has the focus");
    count(&mut bench, 51);
    assert_eq!(spoken(&mut bench), (1, 0));
    assert!(
        bench.screen().contains("tell was not allowed"),
        "{}",
        bench.screen()
    );
    // It is not asked again while the console is with this server, and is at the next one.
    bench.send(Msg::Tick);
    assert!(bench.state.layers.is_empty());
    bench.state.alerts = Default::default();
    bench.send(Msg::Tick);
    bench.later("\t\n");
    let allowed = bench.effects.iter().find_map(|effect| match effect {
        Effect::Allow(allowed) => Some(allowed.clone()),
        _ => None,
    });
    let allowed = allowed.unwrap();
    assert_eq!(
        (&*allowed.rule, &*allowed.profile),
        ("spraying", bench.state.profile_name())
    );
    // It spoke already, and nothing was run: so it speaks again.
    count(&mut bench, 51);
    assert_eq!(spoken(&mut bench), (1, 1));
    bench.state.alerts = Default::default();
    bench.send(Msg::Tick);
    assert!(bench.state.layers.is_empty(), "it was allowed");
    count(&mut bench, 51);
    assert_eq!(spoken(&mut bench), (1, 1));
    // Another program under the same name, and the same one on another profile, were not.
    bench.state.server.profile = "another".into();
    bench.state.alerts = Default::default();
    bench.send(Msg::Tick);
    assert!(bench.screen().contains("automatically?"));
}

#[test]
fn rules_that_may_not_look_say_so_once() {
    let mut bench = with_allowed_alert(120, 40);
    bench.reply(Reply::Watched(Err(Problem {
        what: ProblemKind::Forbidden,
        message: "this needs the scope admin:server:read".into(),
        field: None,
        is_gone: false,
    })));
    assert!(bench.screen().contains("alert rules do not hold here"));
    bench.effects.clear();
    bench.pass(60_000);
    bench.send(Msg::Tick);
    assert!(
        !bench
            .effects
            .iter()
            .any(|one| matches!(one, Effect::Watch(_)))
    );
}

#[test]
fn a_theme_whose_file_is_bad_is_not_taken_up() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.state.own_themes = vec![("sea".into(), Err("sea.toml:3: dark.bad: no colour".into()))];
    bench.type_in(":theme sea\n");
    assert!(bench.screen().contains("sea.toml:3: dark.bad: no colour"));
    assert_eq!(bench.state.theme, crate::core::appearance::Theme::Dark);
}

#[test]
fn an_alert_as_it_is_seen() {
    seen("yours_alert_question", with_alert);
    seen("yours_alert", |width, height| {
        let mut bench = with_allowed_alert(width, height);
        count(&mut bench, 1_234);
        bench
    });
}

#[test]
fn of_two_rules_that_are_broken_both_are_seen_until_they_are_closed() {
    let mut bench = TestConsole::on(Resource::Users, 200, 60);
    let rule = |when: &str| AlertSetting {
        when: when.into(),
        bell: true,
        command: None,
        silence: Some(600),
    };
    let settings = CustomizationSettings {
        alerts: [
            ("a".to_owned(), rule("failures > 0/h")),
            ("b".to_owned(), rule("logins > 0/h")),
        ]
        .into(),
        ..CustomizationSettings::default()
    };
    bench.state.customization = Customization::read(&settings, &bench.state.keymap).unwrap();
    let minute = Minute {
        time: bench.state.now.wall.plus_seconds(-20),
        failures: 5,
        logins: 7,
        ..Minute::default()
    };
    let stats = Stats {
        time: bench.state.now.wall,
        series: vec![minute],
        ..super::test_console::stats()
    };
    bench.reply(Reply::Watched(Ok(Box::new(stats))));
    let screen = bench.screen();
    assert!(
        screen.contains("ALERT a: failures 5/h") && screen.contains("ALERT b: logins 7/h"),
        "{screen}"
    );
    bench.press(KeyCode::Esc);
    assert!(!bench.screen().contains("ALERT"));
}

#[test]
fn the_command_that_is_shown_goes_to_the_server_that_is_shown() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.state.server.named = Some("--profile staging".into());
    bench.type_in("E");
    assert!(
        bench
            .screen()
            .contains("doorward --profile staging users list"),
        "{}",
        bench.screen()
    );
    bench.press(KeyCode::Esc);
    bench.type_in("x");
    assert!(
        bench
            .screen()
            .contains("$ doorward --profile staging users delete"),
        "{}",
        bench.screen()
    );
}

#[test]
fn what_is_highlighted_in_the_palette_is_meant_where_no_view_is_called_so() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in(":save admins\n4:view adm\n");
    assert_eq!(
        bench.state.list().map(|list| list.kind),
        Some(Resource::Users),
        "{}",
        bench.screen()
    );
    bench.type_in(":unsave adm\n");
    assert!(bench.state.customization.views.is_empty());
    bench.type_in(":view adm\n");
    assert!(!bench.screen().contains("[4 API keys]"));
}

#[test]
fn long_lines_of_output_are_read_sideways() {
    let mut bench = with_command(Resource::Sessions, 80, 24, &["whois", "{ip}"]);
    bench.type_in("W");
    bench.later("\t\n");
    let ticket = bench.state.next_request_id;
    let text = format!("{}the end\n", "李x".repeat(60));
    bench.reply(Reply::Local(LocalResult::Output { ticket, text }));
    assert!(!bench.screen().contains("the end"));
    bench.type_in("llllllllllll");
    assert!(bench.screen().contains("the end"), "{}", bench.screen());
    bench.type_in("hhhhhhhhhhhh");
    assert!(!bench.screen().contains("the end"));
}

/// A console on a machine whose clock is so many seconds ahead of the server's.
fn on_another_clock(ahead: i64) -> TestConsole {
    let mut bench = with_allowed_alert(120, 40);
    bench.state.now.wall = super::test_console::noon().plus_seconds(ahead);
    bench.effects.clear();
    bench
}

#[test]
fn rules_count_by_the_servers_clock_whatever_this_machines_says() {
    for ahead in [-86_400, -7_200, 7_200, 86_400] {
        let mut bench = on_another_clock(ahead);
        let minute = |ago: i64| Minute {
            time: super::test_console::noon().plus_seconds(-ago),
            failures: 51,
            ..Minute::default()
        };
        let stats = |minute| Stats {
            series: vec![minute],
            ..super::test_console::stats()
        };
        let watched = |minute| Reply::Watched(Ok(Box::new(stats(minute))));
        bench.reply(watched(minute(ahead.abs() + 20)));
        assert_eq!(spoken(&mut bench), (0, 0), "{ahead}: that was long ago");
        bench.reply(watched(minute(20)));
        assert_eq!(spoken(&mut bench), (1, 1), "{ahead}");
    }
}

#[test]
fn what_is_asked_and_shown_counts_by_the_servers_clock() {
    let mut bench = on_another_clock(7_200);
    bench.reply(super::test_console::stats_reply());
    let screen = bench.screen();
    assert!(
        screen.contains("this machine's clock is 2h ahead of the server's"),
        "{screen}"
    );
    bench.effects.clear();
    // As the console tells the time before each message.
    let machine = crate::core::Now {
        wall: super::test_console::noon().plus_seconds(7_200 + 1),
        ms: bench.state.now.ms + 1_000,
    };
    bench.state.tell_time(machine);
    assert_eq!(
        bench.state.now.wall,
        super::test_console::noon().plus_seconds(1)
    );
    bench.send(Msg::Tick);
    let asked = bench.effects.iter().find_map(|one| match one {
        Effect::Watch(since) => Some(*since),
        _ => None,
    });
    let since = super::test_console::noon().plus_seconds(1 - 3_700);
    assert_eq!(asked, Some(since), "asked anew, by the server's clock");
    // What differs no more than answers take is left alone, and another server has another clock.
    let again = bench.state.connection.ahead;
    bench.reply(super::test_console::stats_reply());
    assert_eq!(bench.state.connection.ahead, again);
    bench.state.connection = Default::default();
    bench.state.tell_time(machine);
    assert_eq!(bench.state.now.wall, machine.wall);
}
