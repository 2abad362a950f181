//! What an operator sees, at four sizes.

use doorward_shared::Page;

use super::test_console::{TestConsole, event, refused_redirect, rows, server_info};
use crate::{
    command::secret::Secret,
    core::{
        client_diagnosis::FailingClient,
        incident_subject::IncidentSubject,
        list::Want,
        msg::{CommandResult, OneTimeSecret, Preview, PreviewedSessions, Reply, StreamEvent},
        pick::Offer,
        problem::{Problem, ProblemKind},
        resource::{Resource, Row},
    },
};

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 40), (80, 24), (40, 12)];
/// What is drawn otherwise from 100 by 30 on has a snapshot of that too.
const LARGE: [(u16, u16); 5] = [(200, 60), (120, 40), (100, 30), (80, 24), (40, 12)];

/// One snapshot for each size.
fn seen(name: &str, arrange: impl Fn(u16, u16) -> TestConsole) {
    seen_at(&SIZES, name, arrange);
}

fn seen_at(sizes: &[(u16, u16)], name: &str, arrange: impl Fn(u16, u16) -> TestConsole) {
    for (width, height) in sizes.iter().copied() {
        let screen = arrange(width, height).screen();
        for line in screen.lines() {
            assert!(
                crate::core::sanitize::width(line) <= usize::from(width),
                "{name} at {width}x{height}: {line}"
            );
        }
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen);
    }
}

fn fail(bench: &mut TestConsole, what: ProblemKind, message: &str) {
    let problem = Problem {
        what,
        message: message.into(),
        field: None,
        is_gone: false,
    };
    let generation = bench.state.list().unwrap().generation;
    let pages: Result<Vec<Page<_>>, _> = Err(problem);
    bench.reply(Reply::Page {
        generation,
        want: Want::Window { first: 0 },
        pages,
        note: None,
    });
}

#[test]
fn lists() {
    for (name, kind) in [
        ("users", Resource::Users),
        ("sessions", Resource::Sessions),
        ("apikeys", Resource::Keys),
        ("clients", Resource::Clients),
        ("events", Resource::Events),
        ("roles", Resource::Roles),
        ("signing_keys", Resource::Signing),
        ("blocks", Resource::Blocks),
    ] {
        seen(name, |width, height| TestConsole::on(kind, width, height));
    }
    seen_at(&LARGE, "events_many", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.go(Resource::Events);
        bench.serve(many_events());
        bench.type_in("jj");
        bench
    });
    seen_at(&LARGE, "events_repeated_new_above", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.go(Resource::Events);
        bench.serve(
            super::realistic_data::events(1, 100)
                .into_iter()
                .map(Row::Event)
                .collect(),
        );
        bench.type_in("jjjjj");
        live(&mut bench, 12);
        bench
    });
    seen_at(&LARGE, "events_paused", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.go(Resource::Events);
        bench.serve(
            super::realistic_data::events(1, 100)
                .into_iter()
                .map(Row::Event)
                .collect(),
        );
        bench.type_in("p");
        live(&mut bench, 12);
        bench
    });
    seen_at(&LARGE, "events_two_lines_pane", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.go(Resource::Events);
        bench.serve(
            super::realistic_data::events(1, 100)
                .into_iter()
                .map(Row::Event)
                .collect(),
        );
        bench.type_in("wjj\n");
        bench
    });
    seen("profiles", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.go(Resource::Profiles);
        bench
    });
    seen("users_wide_marked_filtered_sorted", |width, height| {
        let mut bench = TestConsole::on(Resource::Users, width, height);
        bench.type_in("/example\nw s2");
        bench.serve(rows(Resource::Users));
        bench
    });
}

/// So many failures as they happen.
fn live(bench: &mut TestConsole, count: u64) {
    for n in 0..count {
        let mut event = event(1, "login.failed");
        event.id = doorward_shared::EventId(ulid::Ulid::from_parts(1_800_000_000_000, n.into()));
        event.ip = Some("198.51.100.99".into());
        bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event))));
    }
}

/// A day's events, with a run of refusals in the middle.
fn many_events() -> Vec<Row> {
    let actions = [
        "session.created",
        "user.updated",
        "apikey.created",
        "session.revoked",
    ];
    let one = |n: usize| {
        let refused = (30..60).contains(&n);
        let action = if refused {
            "login.failed"
        } else {
            actions[n % actions.len()]
        };
        let mut event = event(u64::try_from(100 - n).unwrap(), action);
        let minutes = if refused { 300 + (n / 10) } else { 11 * n };
        event.time =
            super::test_console::noon().plus_seconds(-60 * i64::try_from(minutes).unwrap());
        event.user_id = Some(super::test_console::user(u64::try_from(n % 3 + 1).unwrap(), "x").id);
        Row::Event(event)
    };
    (0..100).map(one).collect()
}

/// A server on which all is still to be done.
fn first_evening() -> Reply {
    let mut info = server_info();
    info.mail = None;
    info.setup = doorward_shared::admin::Setup::default();
    Reply::Server {
        ready: true,
        info: Ok(Box::new(info)),
    }
}

/// All about an event.
fn one_event(width: u16, height: u16, event: doorward_shared::admin::Event) -> TestConsole {
    let mut bench = TestConsole::new(width, height);
    bench.go(Resource::Events);
    bench.serve(vec![Row::Event(event)]);
    bench.type_in("\n");
    bench
}

#[test]
fn details() {
    seen("detail_event_changes", |width, height| {
        let mut updated = event(1, "user.updated");
        updated.client_id = Some(super::test_console::client(1, "shop").id);
        let changes = serde_json::json!({
            "permissions": [[], ["read:orders"]],
            "role": ["customer", "auditor"],
        });
        updated.changes = changes.as_object().cloned();
        one_event(width, height, updated)
    });
    seen("detail_event_refused", |width, height| {
        let mut refused = event(1, "client.refused");
        let pkce = "invalid_request: send a PKCE code_challenge (S256)";
        refused.target = Some(super::test_console::client(1, "shop").id.to_string());
        refused.user_id = None;
        refused.detail = None;
        refused.cause = Some(pkce.into());
        refused.count = Some(120);
        one_event(width, height, refused)
    });
    seen("detail_event_redirect", |width, height| {
        let mut refused = event(1, "client.refused");
        let (cause, sent) = refused_redirect();
        refused.target = Some(super::test_console::client(1, "shop").id.to_string());
        (refused.user_id, refused.detail) = (None, None);
        (refused.cause, refused.sent) = (Some(cause.into()), Some(sent));
        one_event(width, height, refused)
    });
    for (name, kind) in [
        ("detail_event", Resource::Events),
        ("detail_role", Resource::Roles),
    ] {
        seen(name, |width, height| {
            let mut bench = TestConsole::on(kind, width, height);
            bench.type_in("j\n");
            bench
        });
    }
}

#[test]
fn dashboard_health_incident() {
    seen_at(&LARGE, "dashboard", TestConsole::on_dashboard);
    seen_at(&LARGE, "dashboard_first_evening", |width, height| {
        let mut bench = TestConsole::on_dashboard(width, height);
        bench.reply(first_evening());
        bench.type_in("\t\t\t\t");
        bench
    });
    seen_at(&LARGE, "dashboard_key_copied", |width, height| {
        let mut bench = TestConsole::on_dashboard(width, height);
        bench.state.customization.copied.clear();
        bench.reply(first_evening());
        bench.type_in("\t\t\t\tjj\n");
        bench
    });
    seen_at(&LARGE, "dashboard_week_cursor", |width, height| {
        let mut bench = TestConsole::on_dashboard(width, height);
        bench.type_in("tt");
        bench.reply(super::test_console::week_reply());
        bench.type_in("v,,,,,,,,,,,,jj");
        bench
    });
    seen("dashboard_failing_clients", |width, height| {
        let mut bench = TestConsole::on_dashboard(width, height);
        bench.press(crossterm::event::KeyCode::BackTab);
        bench
    });
    seen("dashboard_mistyped_redirect", |width, height| {
        let mut bench = TestConsole::on_dashboard(width, height);
        let (cause, sent) = refused_redirect();
        let failing = FailingClient {
            client: Some(super::test_console::client(1, "shop").id.to_string()),
            cause: cause.into(),
            sent: Some(sent),
            count: 3,
        };
        bench.reply(Reply::Refusals(Ok(vec![failing])));
        bench.press(crossterm::event::KeyCode::BackTab);
        bench
    });
    seen("dashboard_loading", TestConsole::new);
    seen("health", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.type_in("7");
        bench.reply(Reply::Server {
            ready: true,
            info: Ok(Box::new(server_info())),
        });
        bench
    });
    seen_at(&LARGE, "incident", |width, height| {
        let mut bench = super::incidents::bench(width, height);
        super::incidents::open(
            &mut bench,
            vec![IncidentSubject::Address("203.0.113.7".into())],
            super::incidents::spraying(),
        );
        bench
    });
    seen("incident_together_related", |width, height| {
        let mut bench = super::incidents::bench(width, height);
        let user = super::test_console::user(2, "").id.to_string();
        let subjects = vec![
            IncidentSubject::Network("203.0.113.0/24".into()),
            IncidentSubject::User(user),
        ];
        super::incidents::open(&mut bench, subjects, super::incidents::spraying());
        bench.type_in("\tj");
        bench
    });
    seen("incident_timeline", |width, height| {
        let mut bench = super::incidents::bench(width, height);
        super::incidents::open(
            &mut bench,
            vec![IncidentSubject::Address("203.0.113.7".into())],
            super::incidents::spraying(),
        );
        bench.type_in("\t\tk");
        bench
    });
    seen("incident_loading", |width, height| {
        let mut bench = TestConsole::new(width, height);
        let mut effects = Vec::new();
        let subject = IncidentSubject::Address("203.0.113.7".into());
        bench.state.go_incident(vec![subject], &mut effects);
        bench
    });
}

#[test]
fn dialogs() {
    seen("new_user", |width, height| {
        let mut bench = TestConsole::on(Resource::Users, width, height);
        bench.type_in("n");
        bench.later("eve@example.org");
        bench
    });
    seen("mint_scopes", |width, height| {
        let mut bench = TestConsole::with("admin:apikeys read", width, height);
        bench.go(Resource::Keys);
        bench.serve(rows(Resource::Keys));
        bench.type_in("n");
        bench.later("ci\tadmin");
        bench
    });
    seen("end_sessions_of_others", |width, height| {
        let mut bench = TestConsole::on(Resource::Sessions, width, height);
        bench.type_in("X3");
        bench.later("\tsh");
        offer_clients(&mut bench);
        bench
    });
    seen("register_client", |width, height| {
        let mut bench = TestConsole::on(Resource::Clients, width, height);
        bench.type_in("n");
        bench
    });
    seen("confirm_sessions", |width, height| {
        let mut bench = TestConsole::on(Resource::Users, width, height);
        bench.type_in("X");
        let generation = bench.state.generation;
        let preview = Preview {
            lines: vec![
                "12 sessions of 1 user end at once, with all tokens.".into(),
                "  ada@example.org  203.0.113.7  Firefox on Linux".into(),
            ],
            sessions: Some(Box::new(PreviewedSessions {
                count: 12,
                users: 1,
                id: None,
            })),
            ids: None,
        };
        bench.reply(Reply::Preview {
            generation,
            preview: Ok(preview),
        });
        bench
    });
    seen("secret_masked", |width, height| secret(width, height, ""));
    seen("secret_shown", |width, height| secret(width, height, "v"));
    seen("secret_closing", |width, height| {
        secret(width, height, "\u{1b}")
    });
    seen("sign_in", |width, height| {
        let mut bench = TestConsole::on(Resource::Users, width, height);
        bench.type_in("r");
        fail(
            &mut bench,
            ProblemKind::Unauthorized,
            "the token has expired",
        );
        bench
    });
}

/// Answers what can be picked with two clients.
fn offer_clients(bench: &mut TestConsole) {
    let offers = rows(Resource::Clients).into_iter().map(|item| Offer {
        id: item.id(),
        value: item.id(),
        about: item.name(),
    });
    let generation = bench.state.generation;
    bench.reply(Reply::Offers {
        generation,
        offers: offers.collect(),
    });
}

fn secret(width: u16, height: u16, keys: &str) -> TestConsole {
    let mut bench = TestConsole::on(Resource::Keys, width, height);
    bench.type_in("n");
    bench.later("ci\t \t\t\t\t\t\n");
    let done = CommandResult::Secret(OneTimeSecret {
        title: "The key is minted".into(),
        lines: vec![
            ("Name".into(), "ci".into()),
            ("Scopes".into(), "read".into()),
        ],
        secret: Secret::new("sk_live_EXAMPLEexampleEXAMPLEexample0123456789".into()),
        id: "key_1".into(),
        file: "ci.key".into(),
    });
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(done),
    });
    bench.later(keys);
    bench
}

#[test]
fn overlays() {
    for (name, keys) in [
        ("palette", ":se"),
        ("help", "?"),
        ("related", "o"),
        ("sort", "s"),
        ("filter", "/ad"),
        ("twin", "E"),
    ] {
        seen(name, |width, height| {
            let mut bench = TestConsole::on(Resource::Users, width, height);
            bench.type_in(keys);
            bench
        });
    }
}

#[test]
fn states() {
    seen("loading", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.go(Resource::Keys);
        bench
    });
    seen("empty", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.go(Resource::Keys);
        bench.serve(Vec::new());
        bench
    });
    seen("empty_filtered", |width, height| {
        let mut bench = TestConsole::on(Resource::Keys, width, height);
        bench.type_in("/zzz\n");
        bench.pass(200);
        bench.send(crate::core::Msg::Tick);
        bench.serve(Vec::new());
        bench
    });
    seen("forbidden", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.go(Resource::Keys);
        fail(
            &mut bench,
            ProblemKind::Forbidden,
            "this needs the scope admin:apikeys:read",
        );
        bench
    });
    seen("asked_for_patience", |width, height| {
        let mut bench = TestConsole::on(Resource::Keys, width, height);
        bench.type_in("r");
        fail(&mut bench, ProblemKind::Wait(7), "too many requests");
        bench
    });
    seen("offline", |width, height| {
        let mut bench = TestConsole::on(Resource::Keys, width, height);
        bench.pass(61_000);
        bench.reply(Reply::Stream(StreamEvent::Lost(Problem {
            what: ProblemKind::Unreachable,
            message: "cannot reach the server: connection refused".into(),
            field: None,
            is_gone: false,
        })));
        bench
    });
    seen("read_only_ascii", |width, height| {
        let mut bench = TestConsole::on(Resource::Users, width, height);
        bench.state.read_only = true;
        bench.state.glyphs.ascii = true;
        bench.type_in(" x");
        bench
    });
}

#[test]
fn every_size_from_one_to_two_hundred_is_drawn() {
    for width in 1..200 {
        for height in [1, 2, 3, 5, 8, 10, 11, 24, 60] {
            let mut bench = TestConsole::on(Resource::Users, width, height);
            bench.type_in("\n");
            bench.screen();
            bench.type_in("\u{1b}x");
            bench.screen();
            bench.type_in("\u{1b}n");
            bench.screen();
            bench.type_in("\u{1b}?");
            bench.screen();
            bench.type_in("\u{1b}:");
            bench.screen();
            bench.type_in("\u{1b}1");
            bench.reply(super::test_console::stats_reply());
            bench.screen();
        }
    }
}
