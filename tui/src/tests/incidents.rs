//! An incident: steps are confirmed, noted with their reason, and exported.

use super::bench::{Bench, event, rows};
use crate::command::{ApiKeys, Command, Sessions};
use crate::core::{
    Effect,
    msg::{Done, Preview, PreviewTarget, PreviewedSessions, Reply},
    resource::Resource,
    state::View,
    subject::IncidentSubject,
};

fn on(subject: IncidentSubject) -> Bench {
    let mut bench = Bench::new(120, 40);
    let mut effects = Vec::new();
    bench.state.go_incident(subject, &mut effects);
    let generation = bench.state.generation;
    let events = vec![event(1, "login.failed")];
    bench.reply(Reply::Timeline {
        generation,
        timeline: Ok(crate::core::msg::Timeline {
            events,
            live_sessions: Some(3),
        }),
    });
    bench.effects.clear();
    bench
}

#[test]
fn a_step_asks_ends_what_it_said_and_is_noted_with_its_reason() {
    let mut bench = on(IncidentSubject::Address("203.0.113.7".into()));
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
    let generation = bench.state.generation;
    bench.reply(Reply::Preview {
        generation,
        preview: Ok(Preview {
            sessions: Some(Box::new(sessions)),
            ..Preview::default()
        }),
    });
    bench.later("\tstolen laptop\n3\n");
    let sent = bench.effects.iter().any(|effect| {
        matches!(effect, Effect::Change { change: Command::Sessions(Sessions::Revoke(asked)), reason, .. }
            if asked.preview_id.as_deref() == Some("p") && reason.as_deref() == Some("stolen laptop"))
    });
    assert!(sent);
    let ticket = bench.state.ticket;
    bench.reply(Reply::Changed {
        ticket,
        done: Ok(Done::Plain("ended: 3 sessions of 2 users".into())),
    });
    assert!(
        bench
            .screen()
            .contains("End all sessions  · ended: 3 sessions")
    );
    bench.effects.clear();
    bench.type_in("m");
    let written = bench.effects.iter().find_map(|effect| match effect {
        Effect::Write { text, .. } => Some(text.expose().to_owned()),
        _ => None,
    });
    let text = written.unwrap();
    assert!(
        text.contains("ended: 3 sessions of 2 users (stolen laptop)"),
        "{text}"
    );
    assert!(text.contains("login.failed"), "{text}");
}

#[test]
fn the_keys_of_a_user_are_those_the_server_found() {
    let user = rows(Resource::Users)[1].id();
    let keys: Vec<_> = [2, 3].map(|n| super::bench::key(n, "k").id).into();
    let mut bench = on(IncidentSubject::User(user));
    bench.type_in("jj\n");
    let generation = bench.state.generation;
    bench.reply(Reply::Preview {
        generation,
        preview: Ok(Preview {
            ids: Some(keys.iter().map(ToString::to_string).collect()),
            ..Preview::default()
        }),
    });
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
fn an_event_that_touches_the_incident_has_it_read_again() {
    let mut bench = on(IncidentSubject::Address("203.0.113.7".into()));
    let soon = bench.state.now.ms + 1_000;
    bench.reply(Reply::Event(Box::new(event(60, "login.failed"))));
    assert!(bench.state.poll_at < soon);
    assert!(matches!(bench.state.view, View::Incident(_)));
}
