//! Pages: all about one thing, and where each line leads.

use crossterm::event::KeyCode;

use super::{
    realistic_data::{events, on_page, person, serve, subjects, user_id},
    test_console::{TestConsole, noon, rows},
};
use crate::core::{
    Effect,
    keymap::KeyContext,
    layer::Layer,
    msg::{Reply, StreamEvent},
    page::{LoadedPart, Part, Subject, panels::Panel},
    problem::Problem,
    resource::{Resource, Row},
    state::View,
};

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 40), (80, 24), (40, 12)];

fn seen(name: &str, arrange: impl Fn(u16, u16) -> TestConsole) {
    for (width, height) in SIZES {
        let screen = arrange(width, height).screen();
        for line in screen.lines() {
            let columns = crate::core::sanitize::width(line);
            assert!(columns <= usize::from(width), "{name} {width}: {line}");
        }
        insta::assert_snapshot!(format!("page_{name}_{width}x{height}"), screen);
    }
}

fn olga() -> Subject {
    Subject::User(user_id(1).to_string())
}

/// The subject of the page that is shown.
fn at(bench: &TestConsole) -> Option<Subject> {
    bench.state.page().map(|page| page.subject.clone())
}

fn chosen(bench: &TestConsole) -> Option<Panel> {
    let page = bench.state.page()?;
    page.chosen.as_ref().map(|(panel, _)| *panel)
}

#[test]
fn every_page_at_every_size() {
    for (name, subject) in subjects() {
        seen(name, |width, height| {
            on_page(subject.clone(), width, height)
        });
    }
}

#[test]
fn factors_are_not_said_to_be_none_before_they_were_asked_for() {
    let mut bench = TestConsole::on(Resource::Users, 200, 60);
    bench.type_in("\n");
    assert!(
        bench.state.page().unwrap().item().is_some(),
        "known from the list"
    );
    assert!(
        !bench.screen().contains("Password only."),
        "{}",
        bench.screen()
    );
    let generation = bench.state.page().unwrap().generation;
    let mut answer = |found| {
        let part = Part::Item;
        bench.reply(Reply::Part {
            generation,
            part,
            found,
        });
        bench.screen()
    };
    let screen = answer(Err(Problem::forbidden(
        "this needs the scope admin:users:read",
    )));
    assert!(!screen.contains("Password only."), "{screen}");
    let mut olga = person(1);
    olga.mfa = None;
    olga.links.clear();
    olga.mails.clear();
    let screen = answer(Ok(LoadedPart::Item(Box::new(Row::User(olga)))));
    assert!(screen.contains("Password only."), "{screen}");
}

#[test]
fn a_page_while_it_comes_and_when_parts_may_not_be_seen() {
    seen("user_loading", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.state.go_page(olga(), &mut Vec::new());
        bench
    });
    seen("user_partly_forbidden", |width, height| {
        let mut bench = TestConsole::new(width, height);
        bench.state.go_page(olga(), &mut Vec::new());
        let generation = bench.state.page().unwrap().generation;
        let item = LoadedPart::Item(Box::new(Row::User(person(7))));
        bench.reply(Reply::Part {
            generation,
            part: Part::Item,
            found: Ok(item),
        });
        for part in [Part::Sessions, Part::Keys, Part::Events] {
            bench.reply(Reply::Part {
                generation,
                part,
                found: Err(Problem::forbidden("this needs the scope admin:events:read")),
            });
        }
        bench
    });
    seen("user_timeline", |width, height| {
        let mut bench = on_page(olga(), width, height);
        bench.press(KeyCode::BackTab);
        bench.type_in("jjjjjjjj");
        bench
    });
    seen("user_event_beside", |width, height| {
        let mut bench = on_page(olga(), width, height);
        bench.press(KeyCode::BackTab);
        bench.type_in("jjj\n");
        bench
    });
}

#[test]
fn enter_opens_a_page_and_esc_goes_back_to_the_row_one_came_from() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in("jj");
    let row = bench.state.item().unwrap().id();
    bench.type_in("\n");
    assert_eq!(at(&bench), Some(Subject::User(row.clone())));
    assert!(
        bench.screen().contains("carol@example.org"),
        "what the list knew is there at once"
    );
    bench.type_in("\u{1b}");
    assert_eq!(bench.state.kind(), Some(Resource::Users));
    assert_eq!(bench.state.item().unwrap().id(), row);
    assert!(
        !bench.state.list().unwrap().rows.is_empty(),
        "rows are there at once"
    );
}

#[test]
fn every_line_leads_somewhere_and_esc_comes_back_to_it() {
    for (name, subject) in subjects() {
        let mut bench = on_page(subject.clone(), 120, 40);
        let mut visited = 0;
        loop {
            let before = bench.state.page().unwrap().chosen.clone();
            bench.type_in("\n");
            let moved = at(&bench) != Some(subject.clone());
            assert!(
                moved || !bench.state.layers.is_empty(),
                "{name}: {before:?} leads nowhere"
            );
            bench.type_in("\u{1b}");
            if moved {
                serve(&mut bench, &subject);
            }
            assert_eq!(at(&bench), Some(subject.clone()), "{name}");
            if visited > 0 {
                assert_eq!(bench.state.page().unwrap().chosen, before, "{name}");
            }
            visited += 1;
            bench.type_in("j");
            if bench.state.page().unwrap().chosen == before || visited > 300 {
                break;
            }
        }
        assert!(visited >= 5, "{name}: {visited} lines");
    }
}

#[test]
fn tab_goes_round_the_panels_that_have_lines() {
    let mut bench = on_page(olga(), 120, 40);
    let mut panels = Vec::new();
    for _ in 0..7 {
        bench.type_in("\t");
        panels.push(chosen(&bench).unwrap());
    }
    assert_eq!(
        panels,
        [
            Panel::Factors,
            Panel::Applications,
            Panel::Addresses,
            Panel::Sessions,
            Panel::Keys,
            Panel::Timeline,
            Panel::About
        ]
    );
}

#[test]
fn keys_act_on_the_row_with_the_cursor_and_otherwise_on_whom_the_page_is_about() {
    let mut bench = on_page(olga(), 120, 40);
    assert_eq!(bench.state.item().unwrap().id(), user_id(1).to_string());
    assert!(bench.state.contexts().contains(&KeyContext::Users));
    bench.type_in("X");
    assert!(
        bench
            .screen()
            .contains("End all sessions of olga.petrova@example.org?")
    );
    bench.type_in("\u{1b}\t\t\t\t");
    assert_eq!(chosen(&bench), Some(Panel::Sessions));
    assert!(matches!(bench.state.item(), Some(Row::Session(_))));
    bench.type_in("x");
    assert!(bench.screen().contains("End this session?"));
    bench.type_in("\u{1b}\tx");
    assert!(bench.screen().contains("Revoke the key ci-deploy?"));
}

#[test]
fn x_ends_nothing_that_is_not_under_the_cursor() {
    let mut bench = on_page(olga(), 120, 40);
    let first = chosen(&bench);
    let mut seen = 0;
    loop {
        bench.type_in("x");
        let screen = bench.screen();
        match chosen(&bench) {
            None | Some(Panel::About) => {
                assert!(screen.contains("Delete olga.petrova@"), "{screen}");
            }
            Some(panel) if panel.has_rows() => {
                assert!(!screen.contains("Delete olga.petrova@"), "{screen}");
            }
            Some(panel) => {
                assert!(bench.state.layers.is_empty(), "{panel:?}: {screen}");
                assert!(screen.contains("nothing to end here: x is for"), "{screen}");
                seen += 1;
            }
        }
        if !bench.state.layers.is_empty() {
            bench.type_in("\u{1b}");
        }
        bench.type_in("\t");
        if chosen(&bench) == first || chosen(&bench) == Some(Panel::About) {
            break;
        }
    }
    assert!(seen > 2, "{seen}");
}

#[test]
fn what_the_cursor_was_on_and_is_gone_is_not_acted_on() {
    let mut bench = on_page(olga(), 120, 40);
    bench.type_in("\t\t\t\t");
    let gone = bench.state.item().unwrap().id();
    let generation = bench.state.page().unwrap().generation;
    let left = Row::Session(super::realistic_data::session(2, 1));
    let found = LoadedPart::Rows(super::test_console::page(vec![left.clone()]));
    bench.reply(Reply::Part {
        generation,
        part: Part::Sessions,
        found: Ok(found),
    });
    let acting = bench.state.item().map(Row::id);
    assert_ne!(acting.as_deref(), Some(gone.as_str()));
    assert_eq!(acting, Some(left.id()), "the neighbour that is shown");
}

#[test]
fn what_happens_to_somebody_is_on_their_page_at_once() {
    let mut bench = on_page(olga(), 120, 40);
    let mut event = events(1, 1).remove(0);
    event.id = doorward_shared::EventId(ulid::Ulid::from_parts(1_800_000_000_000, 1));
    event.action = "user.disabled".into();
    event.time = noon();
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event.clone()))));
    assert!(bench.screen().contains("user.disabled"));
    assert!(
        bench.state.poll_at <= bench.state.now.ms + 3_000,
        "the rest is read again soon"
    );
    event.user_id = None;
    event.target = None;
    event.actor = "system".into();
    event.action = "backup.made".into();
    bench.reply(Reply::Stream(StreamEvent::Event(Box::new(event))));
    assert!(!bench.screen().contains("backup.made"));
}

#[test]
fn what_is_gone_is_not_shown_as_if_it_were_there() {
    let mut bench = on_page(olga(), 120, 40);
    let generation = bench.state.page().unwrap().generation;
    let mut gone = Problem::refused("there is no such user");
    gone.is_gone = true;
    bench.reply(Reply::Part {
        generation,
        part: Part::Item,
        found: Err(gone),
    });
    let screen = bench.screen();
    assert!(screen.contains("there is no such user"), "{screen}");
    assert_eq!(bench.state.item(), None, "no key acts on it");
}

#[test]
fn an_answer_of_a_page_that_was_left_is_dropped() {
    let mut bench = on_page(olga(), 120, 40);
    let generation = bench.state.page().unwrap().generation;
    bench
        .state
        .go_page(Subject::Address("203.0.113.7".into()), &mut Vec::new());
    let item = LoadedPart::Item(Box::new(Row::User(person(2))));
    bench.reply(Reply::Part {
        generation,
        part: Part::Item,
        found: Ok(item),
    });
    assert_eq!(bench.state.page().unwrap().item(), None);
}

#[test]
fn a_key_minted_on_a_persons_page_is_theirs() {
    let mut bench = on_page(olga(), 120, 40);
    bench.type_in("n");
    let screen = bench.screen();
    assert!(screen.contains("Mint an API key"), "{screen}");
    assert!(screen.contains(&user_id(1).to_string()), "{screen}");
}

#[test]
fn from_an_address_its_sessions_end_and_its_network_is_blocked() {
    let address = Subject::Address("203.0.113.7".into());
    let mut bench = on_page(address.clone(), 120, 40);
    bench.type_in("X");
    assert!(
        bench
            .screen()
            .contains("End all sessions from 203.0.113.7?")
    );
    bench.type_in("\u{1b}b");
    assert!(bench.screen().contains("203.0.113.7"));
    assert!(matches!(bench.state.layers.last(), Some(Layer::Form(_))));
    bench.type_in("\u{1b}i");
    assert!(matches!(bench.state.view, View::Incident(_)));
}

#[test]
fn a_click_chooses_a_line_and_a_second_one_opens_it() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut bench = on_page(olga(), 120, 40);
    let screen = bench.screen();
    let mut lines = screen.lines().enumerate();
    let (row, line) = lines.find(|(_, line)| line.contains("ci-deploy")).unwrap();
    let column = crate::core::sanitize::width(line.split("ci-deploy").next().unwrap());
    let click = || {
        crate::core::Msg::Mouse(MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: u16::try_from(column).unwrap(),
            row: u16::try_from(row).unwrap(),
            modifiers: KeyModifiers::NONE,
        })
    };
    bench.send(click());
    assert_eq!(bench.state.item().unwrap().name(), "ci-deploy");
    bench.send(click());
    assert!(matches!(at(&bench), Some(Subject::Key(_))));
}

#[test]
fn the_page_is_asked_for_as_one_and_again_with_r() {
    let mut bench = TestConsole::on(Resource::Clients, 80, 24);
    bench.effects.clear();
    bench.type_in("\nr");
    let asked = bench
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Page { .. }));
    assert_eq!(asked.count(), 2);
}

#[test]
fn an_event_that_is_looked_at_leads_to_the_pages_of_who_and_where() {
    let mut bench = TestConsole::on(Resource::Events, 120, 40);
    bench.type_in("o");
    let screen = bench.screen();
    assert!(screen.contains("The user "), "{screen}");
    assert!(screen.contains("The address 203.0.113.7"), "{screen}");
    bench.type_in("1");
    assert!(matches!(at(&bench), Some(Subject::User(_))));
    let _ = rows(Resource::Events);
}

#[test]
fn on_the_line_that_leads_to_the_rest_no_key_acts_on_somebody() {
    let mut bench = on_page(olga(), 120, 40);
    let generation = bench.state.page().unwrap().generation;
    let mut page =
        super::test_console::page(vec![Row::Session(super::realistic_data::session(2, 1))]);
    page.pagination.total = 80;
    bench.reply(Reply::Part {
        generation,
        part: Part::Sessions,
        found: Ok(LoadedPart::Rows(page)),
    });
    bench.type_in("\t\t\t\tj");
    assert!(bench.screen().contains(">  79 more") || bench.screen().contains("> 79 more"));
    assert_eq!(bench.state.item(), None);
    bench.type_in("x");
    assert!(bench.state.layers.is_empty(), "x deletes nobody from here");
}

#[test]
fn what_is_known_is_not_read_again_but_for_what_is_new_and_all_of_it_after_a_while() {
    let mut bench = on_page(olga(), 120, 40);
    let known = |bench: &mut TestConsole| {
        bench.effects.clear();
        bench.pass(60_000);
        bench.type_in("r");
        let effects = std::mem::take(&mut bench.effects);
        effects.into_iter().find_map(|effect| match effect {
            Effect::Page { known, .. } => Some(known),
            _ => None,
        })
    };
    let events = bench.state.page().unwrap().events().0.to_vec();
    let first = known(&mut bench).unwrap();
    assert_eq!(first.newest, Some(events[0].time));
    assert!(!first.used.is_empty());
    let mut newer = events[0].clone();
    newer.id = doorward_shared::EventId(ulid::Ulid::from_parts(u64::MAX >> 17, 1));
    newer.time = noon();
    let generation = bench.state.page().unwrap().generation;
    bench.reply(Reply::Part {
        generation,
        part: Part::Events,
        found: Ok(LoadedPart::NewEvents(vec![
            newer.clone(),
            events[0].clone(),
        ])),
    });
    let merged = bench.state.page().unwrap().events().0.to_vec();
    assert_eq!(merged.len(), events.len() + 1, "each once");
    assert_eq!(merged[0], newer);
    // What could not be read is read whole.
    bench.reply(Reply::Part {
        generation,
        part: Part::Events,
        found: Err(Problem::refused("no")),
    });
    assert_eq!(known(&mut bench).unwrap().newest, None);
    bench.pass(200_000);
    assert_eq!(
        known(&mut bench),
        Some(crate::core::page::PageFacts::default())
    );
}

#[test]
fn an_address_is_counted_whole_and_one_that_a_block_spares_is_not_blocked() {
    let address = Subject::Address("203.0.113.7".into());
    let mut bench = on_page(address, 200, 60);
    assert!(bench.screen().contains("blocked by 203.0.113.0/24"));
    let mut block = super::test_console::block();
    block.spares = Some("203.0.113.7/32".into());
    let generation = bench.state.page().unwrap().generation;
    bench.reply(Reply::Part {
        generation,
        part: Part::Blocks,
        found: Ok(LoadedPart::Blocks(vec![block])),
    });
    let summary = doorward_shared::admin::EventSummary {
        failures: 123_456,
        people: 4_321,
        complete: false,
        ..Default::default()
    };
    bench.reply(Reply::Part {
        generation,
        part: Part::Summary,
        found: Ok(LoadedPart::Summary(Box::new(summary))),
    });
    let screen = bench.screen();
    for text in [
        "not blocked: 203.0.113.0/24 spares it",
        "at least 123,456",
        "at least 4,321",
    ] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}

#[test]
fn of_mails_of_one_kind_the_cursor_comes_to_each_and_enter_says_what_became_of_it() {
    let subject = olga();
    let mut bench = on_page(subject, 120, 40);
    let mut person = person(1);
    let stuck = person.mails[0].clone();
    person.mails = vec![stuck.clone(), stuck.clone(), stuck];
    let generation = bench.state.page().unwrap().generation;
    bench.reply(Reply::Part {
        generation,
        part: Part::Item,
        found: Ok(LoadedPart::Item(Box::new(Row::User(person)))),
    });
    bench.type_in("\t");
    let mut places = Vec::new();
    for _ in 0..6 {
        places.push(bench.state.page().unwrap().chosen.clone());
        bench.type_in("j");
    }
    let came = places.len();
    places.dedup();
    assert_eq!(places.len(), came, "{places:?}");
    bench.type_in("k\n");
    let screen = bench.screen();
    assert!(
        screen.contains("Mail") && screen.contains("connection error"),
        "{screen}"
    );
}
