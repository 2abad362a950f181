//! Tests of confirmations before destructive changes.

use crossterm::event::KeyCode;
use doorward_shared::admin::ServerInfo;
use ratatui::style::Color;

use super::test_console::{TestConsole, rows, server_info};
use crate::command::{ApiKeys, Command, Sessions, Users};
use crate::core::{
    Effect,
    appearance::Tone,
    layer::Layer,
    msg::{CommandResult, Preview, PreviewedSessions, Reply},
    resource::Resource,
};

fn generation(bench: &TestConsole) -> u64 {
    bench.state.generation
}

fn preview(bench: &mut TestConsole, count: u64) {
    let preview = Preview {
        lines: vec![format!(
            "{count} sessions of 1 user end at once, with all tokens."
        )],
        sessions: Some(Box::new(PreviewedSessions {
            count,
            users: 1,
            id: Some("preview-1".into()),
        })),
        ids: None,
    };
    let generation = generation(bench);
    bench.reply(Reply::Preview {
        generation,
        preview: Ok(preview),
    });
}

fn looked(bench: &mut TestConsole) {
    let generation = generation(bench);
    bench.reply(Reply::Preview {
        generation,
        preview: Ok(Preview::default()),
    });
}

#[test]
fn enter_alone_never_confirms() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("x");
    looked(&mut bench);
    bench.later("\n\n\n\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
}

#[test]
fn the_destructive_key_never_confirms_itself() {
    for kind in [
        Resource::Users,
        Resource::Sessions,
        Resource::Keys,
        Resource::Clients,
    ] {
        let mut bench = TestConsole::on(kind, 80, 24);
        for _ in 0..6 {
            bench.later("x");
            bench.later("\n");
            bench.later("\t");
            looked(&mut bench);
        }
        assert_eq!(bench.changes(), Vec::<String>::new(), "{kind:?}");
    }
}

#[test]
fn the_typed_word_confirms_and_the_answer_closes_the_dialog() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("x");
    looked(&mut bench);
    bench.later("yes\n");
    assert_eq!(bench.changes(), ["users delete"]);
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(CommandResult::Plain("gone".into())),
    });
    assert!(bench.state.layers.is_empty());
    assert!(bench.screen().contains("gone"));
}

#[test]
fn a_confirmed_change_is_sent_once() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("x");
    looked(&mut bench);
    bench.later("yes\n\n\n");
    assert_eq!(bench.changes().len(), 1);
}

#[test]
fn what_is_typed_before_the_dialog_can_be_read_is_kept_and_confirms_nothing() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("x");
    looked(&mut bench);
    bench.type_in("yes\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
    assert!(
        matches!(bench.state.layers.last(), Some(Layer::Confirm(confirm)) if confirm.typed.text() == "yes")
    );
    bench.later("\n");
    assert_eq!(bench.changes(), ["users delete"]);
}

#[test]
fn the_look_restarts_the_time_in_which_nothing_is_heard() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("x");
    bench.pass(5_000);
    looked(&mut bench);
    bench.type_in("yes\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
}

#[test]
fn nothing_is_confirmed_before_the_server_said_what_it_hits() {
    let mut bench = TestConsole::on(Resource::Sessions, 80, 24);
    bench.type_in("x");
    bench.later("yes\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
    assert!(bench.screen().contains("Loading what this affects"));
}

#[test]
fn many_sessions_need_their_count_typed() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("X");
    preview(&mut bench, 12);
    bench.later("yes\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
    assert!(bench.screen().contains("type 12 to go on"));
    bench.later("\u{8}");
    for _ in 0..3 {
        bench.press(crossterm::event::KeyCode::Backspace);
    }
    bench.later("12\n");
    assert_eq!(bench.changes(), ["sessions revoke"]);
}

#[test]
fn exactly_the_previewed_sessions_end_for_the_reason_given() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("X");
    preview(&mut bench, 1);
    bench.later("\tstolen laptop\nyes\n");
    let sent = bench.effects.iter().find_map(|effect| match effect {
        Effect::Change {
            change: Command::Sessions(Sessions::Revoke(asked)),
            reason,
            ..
        } => Some((asked.clone(), reason.clone())),
        _ => None,
    });
    let (sent, reason) = sent.unwrap();
    assert_eq!(sent.preview_id.as_deref(), Some("preview-1"));
    assert_eq!(reason.as_deref(), Some("stolen laptop"));
    let body = sent.body();
    assert!(!body.dry_run && body.user_id.is_none() && body.ids.is_none());
}

#[test]
fn marked_rows_are_asked_for_by_their_count() {
    let mut bench = TestConsole::on(Resource::Keys, 80, 24);
    bench.type_in("*x");
    living(&mut bench, 2);
    bench.later("yes\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
    bench.type_in("\u{1b}x");
    living(&mut bench, 2);
    bench.later("2\n");
    assert_eq!(bench.changes(), ["apikeys revoke"]);
}

/// The server says that of what is marked so many live.
fn living(bench: &mut TestConsole, count: u64) {
    let ids = (1..=count).map(|n| super::test_console::key(n, "k").id.to_string());
    let preview = Preview {
        ids: Some(ids.collect()),
        ..Preview::default()
    };
    let generation = generation(bench);
    bench.reply(Reply::Preview {
        generation,
        preview: Ok(preview),
    });
}

#[test]
fn the_count_asked_for_is_of_what_will_die() {
    let mut bench = TestConsole::on(Resource::Keys, 80, 24);
    bench.type_in("*x");
    living(&mut bench, 1);
    bench.later("yes\n");
    let sent = bench.effects.iter().find_map(|effect| match effect {
        Effect::Change {
            change: Command::Apikeys(ApiKeys::Revoke { ids }),
            ..
        } => Some(ids.len()),
        _ => None,
    });
    assert_eq!(sent, Some(1), "the dead one is not sent");
}

#[test]
fn marks_that_a_filter_hides_are_still_meant_and_said() {
    let mut bench = TestConsole::on(Resource::Sessions, 80, 24);
    bench.type_in(" /zzz\n");
    bench.pass(200);
    bench.send(crate::core::Msg::Tick);
    bench.serve(Vec::new());
    bench.type_in("x");
    assert!(
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Preview { .. })),
        "nothing is asked"
    );
    let mut bench = TestConsole::on(Resource::Keys, 80, 24);
    bench.type_in("*/zzz\n");
    bench.pass(200);
    bench.send(crate::core::Msg::Tick);
    bench.serve(Vec::new());
    bench.type_in("x");
    assert!(bench.screen().contains("not shown"), "{}", bench.screen());
}

/// What the server answers to a change of a user.
fn edited() -> CommandResult {
    CommandResult::Edited {
        text: "done".into(),
        item: Box::new(rows(Resource::Users).remove(0)),
    }
}

#[test]
fn what_was_changed_by_others_meanwhile_is_not_taken_back_and_says_so() {
    use crate::core::problem::{Problem, ProblemKind};
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in("d");
    looked(&mut bench);
    bench.later("\t\t\n");
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(edited()),
    });
    bench.effects.clear();
    bench.undo();
    let expected = bench.effects.iter().find_map(|effect| match effect {
        Effect::Change { expected, .. } => expected.clone(),
        _ => None,
    });
    let expected = expected.expect("it looks before it changes anything back");
    assert_eq!(expected.fields, ["disabled"]);
    assert_eq!(expected.after, rows(Resource::Users).remove(0));
    assert_eq!(expected.by, Some(super::test_console::whoami("admin").id));
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Changed {
        ticket,
        done: Err(Problem {
            what: ProblemKind::Overtaken,
            ..Problem::refused("not undone: role is admin now, not auditor as you left it")
        }),
    });
    let screen = bench.screen();
    assert!(screen.contains("not undone: role is admin now"), "{screen}");
    bench.effects.clear();
    bench.undo();
    assert_eq!(
        bench.changes(),
        Vec::<String>::new(),
        "what is in the way stays there: the change before it is next"
    );
}

#[test]
fn what_can_be_taken_back_needs_no_word_and_u_takes_it_back_for_15_minutes() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("d");
    looked(&mut bench);
    bench.later("\n");
    assert_eq!(
        bench.changes(),
        Vec::<String>::new(),
        "Enter alone confirms nothing"
    );
    bench.type_in("d");
    looked(&mut bench);
    bench.later("\t\t\n");
    assert_eq!(bench.changes(), ["users disable"]);
    let answer = |bench: &mut TestConsole| {
        let ticket = bench.state.next_request_id;
        bench.reply(Reply::Changed {
            ticket,
            done: Ok(edited()),
        });
    };
    answer(&mut bench);
    bench.undo();
    let undo = bench.effects.iter().find_map(|effect| match effect {
        Effect::Change {
            change: Command::Users(Users::Enable { .. }),
            ..
        } => Some(false),
        _ => None,
    });
    assert_eq!(undo, Some(false));
    bench.changes();
    answer(&mut bench);
    bench.undo();
    assert_eq!(bench.changes(), Vec::<String>::new(), "once");
    bench.type_in("d");
    looked(&mut bench);
    bench.later("\t\t\n");
    bench.changes();
    answer(&mut bench);
    bench.pass(15 * 60 * 1_000);
    bench.undo();
    assert_eq!(bench.changes(), Vec::<String>::new(), "too late");
}

#[test]
fn nothing_is_taken_back_on_another_server() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("d");
    looked(&mut bench);
    bench.later("\t\t\n");
    bench.changes();
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(edited()),
    });
    let server = bench.state.server.clone();
    bench.reply(Reply::Switched(Ok(Box::new(crate::core::msg::Switched {
        server,
        key_missing: None,
    }))));
    bench.reply(Reply::Whoami(Ok(Box::new(super::test_console::whoami(
        "admin",
    )))));
    bench.undo();
    assert_eq!(bench.changes(), Vec::<String>::new());
}

#[test]
fn a_production_profile_is_unlocked_by_its_name() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.state.server.read_only = true;
    bench.type_in("x");
    assert!(bench.state.layers.is_empty());
    bench.type_in("U");
    bench.later("live\t\t\n");
    assert!(bench.state.is_read_only(), "another name unlocks nothing");
    bench.type_in("\u{1b}U");
    bench.later("staging\t\t\n");
    assert!(!bench.state.is_read_only());
    assert!(bench.screen().contains("CHANGES ON"));
    bench.type_in("x");
    assert_eq!(bench.state.layers.len(), 1);
    bench.state.read_only = true;
    bench.state.layers.clear();
    bench.type_in("U");
    assert!(
        bench.state.layers.is_empty(),
        "--read-only is not the profile's"
    );
}

#[test]
fn ctrl_c_closes_one_layer_and_quits_at_the_top() {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    let stop = |bench: &mut TestConsole| {
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        bench.send(crate::core::Msg::Key(key));
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    };
    bench.type_in("X?");
    assert_eq!(bench.state.layers.len(), 1, "a dialog has the keys");
    assert!(!stop(&mut bench) && bench.state.layers.is_empty());
    bench.type_in("o");
    assert!(!stop(&mut bench) && bench.state.layers.is_empty());
    assert!(stop(&mut bench));
    // What was done in an incident is asked for first.
    let mut bench = TestConsole::new(80, 24);
    let mut effects = Vec::new();
    let subject = crate::core::incident_subject::IncidentSubject::Address("203.0.113.7".into());
    bench.state.go_incident(vec![subject], &mut effects);
    bench.state.note("ended 3 sessions".into());
    assert!(!stop(&mut bench));
    assert!(bench.screen().contains("not written"));
    assert!(!stop(&mut bench) && bench.state.layers.is_empty());
    bench.type_in("q3");
    assert!(
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
}

#[test]
fn pasted_text_neither_commands_nor_confirms() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.send(crate::core::Msg::Paste("x".into()));
    assert!(bench.state.layers.is_empty());
    bench.type_in("x");
    looked(&mut bench);
    bench.pass(400);
    bench.send(crate::core::Msg::Paste("yes\n".into()));
    bench.type_in("\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
}

#[test]
fn read_only_asks_nothing_and_says_why() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.state.read_only = true;
    for key in ["x", "n", "e", "d", "X", "p"] {
        bench.later(key);
        assert!(bench.state.layers.is_empty(), "{key}");
    }
    assert!(bench.screen().contains("read-only"));
    assert!(bench.screen().contains("READ-ONLY"));
}

#[test]
fn what_the_caller_may_not_do_is_refused_with_the_scope() {
    let mut bench = TestConsole::with("admin:users:read", 80, 24);
    bench.go(Resource::Users);
    bench.serve(rows(Resource::Users));
    bench.type_in("x");
    assert!(bench.state.layers.is_empty());
    assert!(bench.screen().contains("admin:users"));
}

#[test]
fn a_failed_change_keeps_the_dialog_and_wants_the_word_again() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("x");
    looked(&mut bench);
    bench.later("yes\n");
    assert_eq!(bench.changes().len(), 1);
    let ticket = bench.state.next_request_id;
    let problem = crate::core::problem::Problem::refused("the last admin stays");
    bench.reply(Reply::Changed {
        ticket,
        done: Err(problem),
    });
    assert!(bench.screen().contains("the last admin stays"));
    bench.later("\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
}

#[test]
fn what_can_be_taken_back_is_listed_and_chosen() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in(":undo\n");
    assert!(bench.screen().contains("nothing to undo"));
    bench.type_in("d");
    looked(&mut bench);
    bench.later("\t\t\n");
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(edited()),
    });
    bench.changes();
    bench.type_in(":undo\n");
    let screen = bench.screen();
    assert!(
        screen.contains("users enable ada@example.org  (15 min left)"),
        "{screen}"
    );
    assert!(
        bench.changes().is_empty(),
        "the list does nothing by itself"
    );
    bench.type_in("1");
    assert!(bench.changes().is_empty(), "nor does a choice: it asks");
    bench.later("\t\n");
    assert_eq!(bench.changes(), ["users enable"]);
    bench.type_in(":undo\n");
    assert!(bench.screen().contains("nothing to undo"));
}

#[test]
fn undo_says_what_it_takes_back_and_asks() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("d");
    looked(&mut bench);
    bench.later("\t\t\n");
    let ticket = bench.state.next_request_id;
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(CommandResult::Edited {
            text: "ada@example.org is disabled".into(),
            item: Box::new(rows(Resource::Users).remove(0)),
        }),
    });
    bench.changes();
    bench.type_in("u");
    assert!(bench.changes().is_empty(), "the key alone does nothing");
    insta::assert_snapshot!(bench.screen());
    bench.later("\n");
    assert!(bench.state.layers.is_empty(), "the focus was on Cancel");
    assert!(bench.changes().is_empty());
    bench.type_in("u\t\n");
    assert!(bench.changes().is_empty(), "typed before it could be read");
    bench.later("\n");
    assert_eq!(bench.changes(), ["users enable"]);
    assert!(bench.state.layers.is_empty());
}

/// The colour of the corner of the dialog that is open.
fn corner(bench: &TestConsole) -> Option<Color> {
    let buffer = bench.buffer();
    let mut cells = buffer.content().iter().skip(80 * 3);
    let found = cells.find(|cell| cell.symbol() == "╭");
    found.and_then(|cell| cell.style().fg)
}

#[test]
fn what_cannot_be_taken_back_is_asked_about_in_the_colour_of_danger() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.state.theme = crate::core::appearance::Theme::Dark;
    let tone = |bench: &TestConsole, tone| crate::view::tone(&bench.state, tone).fg;
    for (key, expected) in [("x", Tone::Bad), ("X", Tone::Bad), ("d", Tone::Focus)] {
        bench.type_in(key);
        looked(&mut bench);
        let named = tone(&bench, expected);
        assert_eq!(corner(&bench), named, "{key}: {}", bench.screen());
        bench.type_in("\u{1b}");
    }
}

#[test]
fn where_there_is_no_room_for_the_whole_command_its_own_words_stay() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    let named = "--server https://id.example.org --key-file /home/ada/keys/of/the/console.key";
    bench.state.server.named = Some(named.into());
    bench.type_in("x");
    looked(&mut bench);
    let screen = bench.screen();
    assert!(screen.contains("$ doorward … users delete"), "{screen}");
}

/// The one-time link that is asked for; `mailed` where that is chosen.
fn link_asked(bench: &mut TestConsole, mailed: bool) -> Option<String> {
    bench.type_in("L");
    bench.later("\t\t");
    if mailed {
        bench.press(KeyCode::Right);
    }
    bench.press_control('s');
    bench.later("yes\n");
    bench.effects.iter().find_map(|effect| match effect {
        Effect::Change { change, .. } => Some(change.to_string()),
        _ => None,
    })
}

#[test]
fn a_link_is_shown_or_mailed_and_who_never_signed_in_is_invited() {
    for (row, mailed, words) in [
        ("", false, "--purpose reset --expires-in 1d"),
        ("", true, "--purpose reset --expires-in 1d --send"),
        ("j", false, "--purpose invite --expires-in 1d"),
    ] {
        let mut bench = TestConsole::on(Resource::Users, 80, 24);
        bench.type_in(row);
        let asked = link_asked(&mut bench, mailed);
        let asked = asked.unwrap_or_else(|| panic!("{}", bench.screen()));
        assert!(asked.ends_with(words), "{asked}");
    }
    // Where no mail is sent nothing is offered that needs it.
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.state.known.server = Some(Box::new(ServerInfo {
        mail: None,
        ..server_info()
    }));
    bench.type_in("L");
    let screen = bench.screen();
    let offers = screen.contains("shown once");
    assert!(screen.contains("Works for") && !offers, "{screen}");
}

#[test]
fn second_factors_are_not_removed_without_a_reason() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("F");
    bench.later("yes\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
    assert!(
        bench.screen().contains("enter a reason"),
        "{}",
        bench.screen()
    );
    // The cursor is where it is typed.
    bench.type_in("lost the phone\t\n");
    assert_eq!(bench.changes(), ["users mfa"]);
}

#[test]
fn where_nobody_is_hit_no_word_is_asked_for() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    bench.type_in("X");
    preview(&mut bench, 0);
    let screen = bench.screen();
    assert!(screen.contains("nothing to end"), "{screen}");
    assert!(
        !screen.contains("Type ") && !screen.contains("Reason"),
        "{screen}"
    );
    assert!(!screen.contains("once the word is typed"), "{screen}");
    bench.later("0\t\tx");
    assert!(
        matches!(bench.state.layers.last(), Some(Layer::Confirm(confirm)) if confirm.typed.text().is_empty())
    );
    bench.later("\n");
    assert_eq!(bench.changes(), Vec::<String>::new());
    assert!(bench.state.layers.is_empty());
}

#[test]
fn the_hint_says_what_the_destructive_key_does() {
    for (kind, does) in [
        (Resource::Users, "x delete"),
        (Resource::Clients, "x delete"),
        (Resource::Keys, "x revoke"),
    ] {
        let screen = TestConsole::on(kind, 200, 60).screen();
        assert!(screen.contains(does), "{kind:?}: {screen}");
    }
}

#[test]
fn commands_that_are_longer_than_the_screen_can_be_read_to_their_end() {
    let mut bench = TestConsole::on(Resource::Users, 80, 24);
    let folders = "a-folder-with-a-long-name/".repeat(8);
    let named = format!("--server https://id.example.org --key-file /{folders}the-end.key");
    bench.state.server.named = Some(named);
    bench.type_in("E");
    let first = bench.screen();
    assert!(first.contains("more below"), "{first}");
    assert!(!first.contains("users get user_"), "{first}");
    bench.press(KeyCode::PageDown);
    for _ in 0..60 {
        bench.type_in("j");
    }
    let last = bench.screen();
    assert!(
        last.contains("users get user_") && !last.contains("more below"),
        "{last}"
    );
    bench.type_in("k");
    assert!(
        bench.screen().contains("1 more below"),
        "{}",
        bench.screen()
    );
    bench.type_in("\u{1b}");
    assert!(bench.state.layers.is_empty());
}
