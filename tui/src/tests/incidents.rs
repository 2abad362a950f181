//! An incident: around several things, its steps confirmed, seen by all operators, undone, noted and exported.

use super::test_console::{TestConsole, event, noon, rows, session, user};
use crate::command::{ApiKeys, Blocks, Command, Sessions, Users};
use crate::core::{
    Effect,
    incident::Facts,
    incident_subject::IncidentSubject,
    msg::{CommandResult, Preview, PreviewTarget, PreviewedSessions, Reply, StreamEvent},
    resource::{Resource, Row},
    state::View,
};

/// A console that knows the names of people.
pub(super) fn bench(width: u16, height: u16) -> TestConsole {
    let mut bench = TestConsole::new(width, height);
    let names = [
        (1, "ada@example.org"),
        (2, "bob@example.org"),
        (3, "李小龍@例え.jp"),
    ];
    let names = names.map(|(n, name)| (user(n, name).id.to_string(), name.to_owned()));
    bench.reply(Reply::Names(names.into_iter().collect()));
    bench
}

/// Opens an incident, and answers what the server knows.
pub(super) fn open(bench: &mut TestConsole, subjects: Vec<IncidentSubject>, facts: Facts) {
    let mut effects = Vec::new();
    bench.state.go_incident(subjects, &mut effects);
    let generation = bench.state.generation;
    bench.reply(Reply::Timeline {
        generation,
        timeline: Ok(Box::new(facts)),
    });
    bench.effects.clear();
}

/// Passwords sprayed from one network, one of which was right.
pub(super) fn spraying() -> Facts {
    let mut events: Vec<_> = (1..=9).map(|n| event(n, "login.failed")).collect();
    for (at, failed) in events.iter_mut().enumerate() {
        failed.time = noon().plus_seconds(-3_600 + 300 * i64::try_from(at).unwrap());
        failed.actor = "anonymous".into();
        failed.detail = None;
    }
    let mut entered = event(10, "session.created");
    entered.actor = user(2, "").id.to_string();
    entered.detail = None;
    events.push(entered);
    events.push(event(11, "user.disabled"));
    let mut sessions: Vec<_> = (1..=3).map(session).collect();
    for session in &mut sessions {
        session.ip = "203.0.113.7".into();
    }
    let mut bob = user(2, "bob@example.org");
    bob.disabled = true;
    Facts {
        events,
        users: vec![bob.clone()],
        live_keys: [(bob.id.to_string(), 1)].into(),
        sessions,
        live: [
            ("203.0.113.7".to_owned(), 2),
            ("203.0.113.0/24".to_owned(), 2),
            (bob.id.to_string(), 0),
        ]
        .into(),
        live_sessions_total: Some(2),
        blocks: Some(Vec::new()),
        whole: true,
        ..Facts::default()
    }
}

fn on(subject: IncidentSubject) -> TestConsole {
    let mut bench = bench(120, 40);
    let facts = Facts {
        events: vec![event(1, "login.failed")],
        whole: true,
        ..Facts::default()
    };
    open(&mut bench, vec![subject], facts);
    bench
}

fn address() -> IncidentSubject {
    IncidentSubject::Address("203.0.113.7".into())
}

fn done(bench: &mut TestConsole, done: CommandResult) {
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(done),
    });
}

fn preview(bench: &mut TestConsole, preview: Preview) {
    let generation = bench.state.generation;
    bench.reply(Reply::Preview {
        generation,
        preview: Ok(preview),
    });
}

fn written(bench: &TestConsole) -> String {
    let written = bench.effects.iter().find_map(|effect| match effect {
        Effect::Write { text, .. } => Some(text.expose().to_owned()),
        _ => None,
    });
    written.unwrap()
}

#[test]
fn a_step_asks_ends_what_it_said_and_is_noted_with_its_reason() {
    let mut bench = on(address());
    bench.type_in("\n");
    let looked = bench.effects.iter().any(|effect| {
        matches!(effect, Effect::Preview { at: PreviewTarget::Sessions(asked), .. }
            if asked.ip.as_deref() == Some("203.0.113.7") && asked.dry_run)
    });
    assert!(looked, "first it is looked at");
    let sessions = PreviewedSessions {
        count: 3,
        users: 2,
        id: Some("p".into()),
    };
    let seen = Preview {
        sessions: Some(Box::new(sessions)),
        ..Preview::default()
    };
    preview(&mut bench, seen);
    bench.later("\tstolen laptop\n3\n");
    let sent = bench.effects.iter().any(|effect| {
        matches!(effect, Effect::Change { change: Command::Sessions(Sessions::Revoke(asked)), reason, .. }
            if asked.preview_id.as_deref() == Some("p") && reason.as_deref() == Some("stolen laptop"))
    });
    assert!(sent);
    done(
        &mut bench,
        CommandResult::Plain("ended: 3 sessions of 2 users".into()),
    );
    bench.effects.clear();
    bench.type_in("m");
    let text = written(&bench);
    assert!(
        text.contains("ended: 3 sessions of 2 users (stolen laptop)"),
        "{text}"
    );
    assert!(text.contains("login.failed"), "{text}");
    bench.effects.clear();
    bench.type_in("J");
    let report: serde_json::Value = serde_json::from_str(&written(&bench)).unwrap();
    assert_eq!(
        report["notes"].as_array().map(Vec::len),
        Some(1),
        "{report}"
    );
}

#[test]
fn the_keys_of_a_user_are_those_the_server_found() {
    let user = rows(Resource::Users)[1].id();
    let keys: Vec<_> = [2, 3].map(|n| super::test_console::key(n, "k").id).into();
    let mut bench = on(IncidentSubject::User(user));
    bench.type_in("jjj\n");
    let found = Preview {
        ids: Some(keys.iter().map(ToString::to_string).collect()),
        ..Preview::default()
    };
    preview(&mut bench, found);
    bench.later("2\n");
    let sent = bench.effects.iter().find_map(|effect| match effect {
        Effect::Change {
            change: Command::Apikeys(ApiKeys::Revoke { ids }),
            ..
        } => Some(ids.clone()),
        _ => None,
    });
    let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
    assert_eq!(sent, Some(keys));
}

#[test]
fn a_new_password_is_required_after_a_look_at_what_it_hits() {
    let id = rows(Resource::Users)[1].id();
    let mut bench = on(IncidentSubject::User(id.clone()));
    bench.type_in("jj\n");
    let looked = |effect: &Effect| {
        matches!(
            effect,
            Effect::Preview {
                at: PreviewTarget::Reset(_),
                ..
            }
        )
    };
    assert!(bench.effects.iter().any(looked));
    preview(&mut bench, Preview::default());
    bench.later("yes\n");
    let sent = |effect: &Effect| matches!(effect, Effect::Change { change: Command::Users(Users::RequireReset { user }), .. } if *user == id);
    assert!(bench.effects.iter().any(sent));
}

#[test]
fn an_event_that_touches_the_incident_stands_there_at_once_and_has_the_rest_read_again() {
    let mut bench = on(address());
    let soon = bench.state.now.ms + 1_000;
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
        60,
        "login.failed",
    )))));
    assert!(bench.state.poll_at < soon);
    let View::Incident(incident) = &bench.state.view else {
        panic!("{}", bench.screen());
    };
    assert_eq!(incident.facts.events.len(), 2);
}

#[test]
fn what_another_operator_does_is_said_by_name() {
    let mut bench = bench(200, 60);
    let bob = user(2, "bob@example.org");
    let facts = Facts {
        users: vec![bob.clone()],
        whole: true,
        ..Facts::default()
    };
    open(
        &mut bench,
        vec![IncidentSubject::User(bob.id.to_string())],
        facts,
    );
    let mut disabled = event(70, "user.disabled");
    disabled.actor = user(3, "").id.to_string();
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(disabled))));
    let screen = bench.screen();
    assert!(
        screen.contains("李小龍@例え.jp: user.disabled bob@example.org"),
        "{screen}"
    );
    // The server's answer then shows it as done.
    bench.pass(2_000);
    let generation = bench.state.generation;
    let mut disabled = bob;
    disabled.disabled = true;
    let facts = Facts {
        users: vec![disabled],
        ..Facts::default()
    };
    bench.reply(Reply::Timeline {
        generation,
        timeline: Ok(Box::new(facts)),
    });
    let screen = bench.screen();
    let line = screen
        .lines()
        .find(|line| line.contains("Disable bob@"))
        .unwrap();
    assert!(line.contains("disabled, 李小龍@例え.jp"), "{line}");
}

#[test]
fn a_block_made_here_is_lifted_by_one_key_and_a_lifted_one_is_made_again() {
    let mut bench = on(address());
    bench.type_in("b");
    bench.later("\tspraying");
    bench.press_control('s');
    preview(&mut bench, Preview::default());
    bench.later("yes\n");
    let sent = bench.effects.iter().any(|effect| {
        matches!(effect, Effect::Change { change: Command::Blocks(Blocks::Add(add)), .. } if add.reason == "spraying")
    });
    assert!(sent, "{}", bench.screen());
    let block = super::test_console::block();
    let made = CommandResult::Edited {
        text: "203.0.113.0/24 is blocked".into(),
        item: Box::new(Row::Block(block.clone())),
    };
    done(&mut bench, made);
    assert!(
        bench.screen().contains("(u undoes it)"),
        "{}",
        bench.screen()
    );
    bench.effects.clear();
    bench.undo();
    let lifted = bench.effects.iter().any(|effect| {
        matches!(effect, Effect::Change { change: Command::Blocks(Blocks::Remove { ids }), .. } if *ids == [block.id.to_string()])
    });
    assert!(lifted);
    done(&mut bench, CommandResult::Plain("lifted".into()));
    // From the list.
    bench.go(Resource::Blocks);
    bench.serve(vec![Row::Block(block.clone())]);
    bench.type_in("x");
    bench.later("yes\n");
    done(&mut bench, CommandResult::Plain("it is lifted".into()));
    bench.effects.clear();
    bench.undo();
    let again = bench.effects.iter().any(|effect| {
        matches!(effect, Effect::Change { change: Command::Blocks(Blocks::Add(add)), .. }
            if add.network == block.network && add.reason == block.reason && add.until.is_some())
    });
    assert!(again, "{}", bench.screen());
}

#[test]
fn a_list_of_undos_takes_back_what_it_showed_though_more_was_done_since() {
    let mut bench = on(address());
    let blocked = |n: u64| {
        let mut block = super::test_console::block();
        block.id = doorward_shared::BlockId(ulid::Ulid::from_parts(1, u128::from(n)));
        Row::Block(block)
    };
    for n in [1, 2] {
        let item = blocked(n);
        let change = crate::core::undo::unmade_by(&item).unwrap();
        bench
            .state
            .remember_undo("it is blocked".into(), change, item);
    }
    bench.state.open_undos();
    let item = blocked(3);
    let change = crate::core::undo::unmade_by(&item).unwrap();
    bench
        .state
        .remember_undo("it is blocked".into(), change, item);
    bench.effects.clear();
    bench.type_in("2");
    assert!(
        !bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Change { .. })),
        "it asks first"
    );
    bench.later("\t\n");
    let ids = bench.effects.iter().find_map(|effect| match effect {
        Effect::Change {
            change: Command::Blocks(Blocks::Remove { ids }),
            ..
        } => Some(ids.clone()),
        _ => None,
    });
    assert_eq!(
        ids,
        Some(vec![blocked(1).id()]),
        "the older of the two that were shown"
    );
}

#[test]
fn all_that_is_marked_is_one_incident_and_a_relation_joins_it() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in("  i");
    let View::Incident(incident) = &bench.state.view else {
        panic!("{}", bench.screen());
    };
    assert_eq!(incident.subjects.len(), 2);
    let mut bench = on(address());
    let generation = bench.state.generation;
    let facts = spraying();
    bench.reply(Reply::Timeline {
        generation,
        timeline: Ok(Box::new(facts)),
    });
    bench.type_in("\tj\n");
    let subjects = |bench: &TestConsole| match &bench.state.view {
        View::Incident(incident) => incident.subjects.len(),
        _ => 0,
    };
    assert_eq!(subjects(&bench), 2, "{}", bench.screen());
    bench.type_in("x");
    assert_eq!(subjects(&bench), 1);
    bench.type_in("kx");
    assert_eq!(subjects(&bench), 1, "one stays");
    bench.type_in(":incident 203.0.113.0/24 198.51.100.7\n");
    assert_eq!(subjects(&bench), 2);
}

#[test]
fn a_note_is_kept_for_the_report_and_asked_for_when_leaving() {
    let mut bench = on(address());
    bench.type_in("n");
    bench.later("called the person");
    bench.press_control('s');
    bench.type_in("q");
    assert!(bench.screen().contains("not written"), "{}", bench.screen());
    bench.type_in("\u{1b}m");
    assert!(written(&bench).contains("called the person"));
    bench.type_in("q");
    assert!(
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
}

#[test]
fn notes_are_asked_for_before_another_server_and_survive_all_ways_through_the_console() {
    let mut bench = on(address());
    bench.type_in("n");
    bench.later("called the person");
    bench.press_control('s');
    // Back, and on to something else: what lay ahead is forgotten, but for the notes.
    bench.type_in("[2");
    let has_notes = |bench: &TestConsole| bench.state.back.iter().any(View::has_notes);
    assert!(has_notes(&bench));
    for _ in 0..40 {
        bench.type_in("2345");
    }
    assert!(has_notes(&bench), "however long ago");
    let switches = |bench: &mut TestConsole| {
        let effects = std::mem::take(&mut bench.effects);
        let is = |effect: &&Effect| matches!(effect, Effect::Switch(name) if name == "staging");
        effects.iter().filter(is).count()
    };
    for quits in [":q\n", ":quit\n", "q"] {
        bench.type_in(quits);
        assert!(bench.screen().contains("not written"), "{quits}");
        bench.press(crossterm::event::KeyCode::Esc);
    }
    bench.type_in(":profile staging\n");
    assert!(
        bench.screen().contains("Go to staging without it"),
        "{}",
        bench.screen()
    );
    assert_eq!(switches(&mut bench), 0);
    bench.type_in("1:profile staging\n3");
    assert_eq!(switches(&mut bench), 1);
}

#[test]
fn what_is_gone_is_not_offered_to_be_taken_back_again() {
    let mut bench = on(address());
    let item = Row::Block(super::test_console::block());
    let change = crate::core::undo::unmade_by(&item).unwrap();
    bench
        .state
        .remember_undo("it is blocked".into(), change, item);
    bench.undo();
    let ticket = bench.state.next_request_id;
    let mut gone = crate::core::problem::Problem::refused("there is no such block");
    gone.is_gone = true;
    bench.reply(Reply::Changed {
        ticket,
        done: Err(gone),
    });
    bench.undo();
    assert!(
        bench.screen().contains("nothing to undo"),
        "{}",
        bench.screen()
    );
}

#[test]
fn in_a_flood_a_reading_that_is_under_way_is_not_begun_again() {
    let mut bench = on(address());
    let asked = |bench: &mut TestConsole| {
        let effects = std::mem::take(&mut bench.effects);
        let is = |effect: &&Effect| matches!(effect, Effect::Timeline { .. });
        effects.iter().filter(is).count()
    };
    for n in 20..60 {
        bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event(
            n,
            "login.failed",
        )))));
        bench.pass(500);
        bench.send(crate::core::Msg::Tick);
    }
    assert_eq!(asked(&mut bench), 1);
    let generation = bench.state.generation;
    bench.reply(Reply::Timeline {
        generation,
        timeline: Ok(Box::new(Facts::default())),
    });
    bench.pass(2_500);
    bench.send(crate::core::Msg::Tick);
    assert_eq!(
        asked(&mut bench),
        1,
        "once more, since something came meanwhile"
    );
}

#[test]
fn a_name_that_a_stranger_chose_is_no_subject() {
    let mut bench = bench(120, 40);
    let named = [
        ("client_1".to_owned(), "203.0.113.7".to_owned()),
        ("key_1".to_owned(), "bob@example.org".to_owned()),
    ];
    bench.reply(Reply::Names(named.into_iter().collect()));
    bench.type_in(":incident 203.0.113.7 bob@example.org\n");
    let View::Incident(incident) = &bench.state.view else {
        panic!("{}", bench.screen());
    };
    let bob = user(2, "").id.to_string();
    assert_eq!(incident.subjects, [address(), IncidentSubject::User(bob)]);
}

#[test]
fn an_address_of_ipv6_is_blocked_and_looked_at_as_its_household() {
    let mut bench = on(IncidentSubject::Address("2001:db8::7".into()));
    bench.type_in("b");
    bench.later("\tspraying");
    bench.press_control('s');
    let looked = bench.effects.iter().any(|effect| {
        matches!(effect, Effect::Preview { at: PreviewTarget::Network(network), .. } if network == "2001:db8::/64")
    });
    assert!(looked, "{}", bench.screen());
    assert!(
        bench.screen().contains("Block 2001:db8::/64?"),
        "{}",
        bench.screen()
    );
}

#[test]
fn a_flood_is_bounded_and_looked_through_now_and_then() {
    let mut bench = on(address());
    for n in 0..5_000_u64 {
        let mut event = event(1, "login.failed");
        event.id = doorward_shared::EventId(ulid::Ulid::from_parts(1_800_000_000_000 + n, 1));
        bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event))));
    }
    let View::Incident(incident) = &bench.state.view else {
        panic!("{}", bench.screen());
    };
    assert!((2_000..2_300).contains(&incident.facts.events.len()));
    assert!(
        incident.facts.cut.is_some(),
        "it is said from when on all are there"
    );
    assert!(incident.relate_at.is_some(), "not for each of them");
    assert!(bench.screen().contains("At least"), "{}", bench.screen());
    bench.pass(600);
    bench.send(crate::core::Msg::Tick);
    let View::Incident(incident) = &bench.state.view else {
        panic!("{}", bench.screen());
    };
    assert!(incident.relate_at.is_none() && !incident.relations.is_empty());
}

#[test]
fn names_are_asked_for_in_turns_until_all_are_known() {
    let mut bench = on(address());
    let facts = Facts {
        events: (0..150_u64)
            .map(|n| {
                let mut event = event(1, "login.failed");
                event.id =
                    doorward_shared::EventId(ulid::Ulid::from_parts(1_800_000_000_000 + n, 1));
                event.target = Some(user(1_000 + n, "").id.to_string());
                event
            })
            .collect(),
        ..Facts::default()
    };
    let generation = bench.state.generation;
    bench.effects.clear();
    bench.reply(Reply::Timeline {
        generation,
        timeline: Ok(Box::new(facts)),
    });
    let mut asked = std::collections::BTreeSet::new();
    for _ in 0..6 {
        let effects = std::mem::take(&mut bench.effects);
        let ids = effects.into_iter().filter_map(|effect| match effect {
            Effect::Names(ids) => Some(ids),
            _ => None,
        });
        let ids: Vec<String> = ids.flatten().collect();
        assert!(ids.len() <= 60, "{}", ids.len());
        let named = ids.iter().map(|id| (id.clone(), format!("name of {id}")));
        bench.reply(Reply::Names(named.collect()));
        asked.extend(ids);
    }
    assert!(asked.len() > 100, "{}", asked.len());
}

#[test]
fn of_two_undos_that_are_under_way_each_is_known_by_its_answer() {
    let mut bench = on(address());
    for n in [1_u64, 2] {
        let mut block = super::test_console::block();
        block.id = doorward_shared::BlockId(ulid::Ulid::from_parts(1, u128::from(n)));
        let item = Row::Block(block);
        let change = crate::core::undo::unmade_by(&item).unwrap();
        bench
            .state
            .remember_undo("it is blocked".into(), change, item);
    }
    bench.undo();
    let first = bench.state.next_request_id;
    bench.undo();
    let second = bench.state.next_request_id;
    let failed = || Err(crate::core::problem::Problem::refused("no"));
    for ticket in [first, second] {
        bench.reply(Reply::Changed {
            ticket,
            done: failed(),
        });
    }
    bench.state.open_undos();
    let screen = bench.screen();
    assert_eq!(screen.matches("min left").count(), 2, "{screen}");
}

#[test]
fn what_was_noted_stands_under_the_sentence_and_the_last_of_it_where_there_is_little_room() {
    for (height, shown, hidden) in [(40, "second", "nothing"), (24, "fourth", "third")] {
        let mut bench = bench(120, height);
        open(
            &mut bench,
            vec![IncidentSubject::Address("203.0.113.7".into())],
            spraying(),
        );
        for text in ["first", "second", "third", "fourth"] {
            bench.type_in("n");
            bench.later(text);
            bench.press_control('s');
        }
        let screen = bench.screen();
        assert!(screen.contains(&format!("· {shown}")), "{screen}");
        assert!(screen.contains("earlier)"), "{screen}");
        assert!(!screen.contains(&format!("· {hidden}")), "{screen}");
    }
}
