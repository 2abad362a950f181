//! What a page gathers from its events and sessions: addresses, people, causes, factors.

use std::collections::BTreeMap;

use doorward_shared::{
    Timestamp,
    admin::{Event, EventAction},
    client::Filter,
};

use super::{
    Part, SubjectPage, Target,
    lines::{Common, Line, Seen},
    panels::Panel,
};
use crate::core::{
    State,
    about::Fact,
    event_kind::EventKind,
    format::{count, full, number},
    list::{ListFilter, Load},
    resource::{Resource, Row},
    zone,
};

/// Rows of what has something in common, at most.
const SEEN: usize = 20;

/// What is known of an address: what happened from there.
pub(super) fn address(state: &State, page: &SubjectPage, ip: &str) -> Vec<Fact> {
    let (events, more) = page.events();
    let now = state.now.wall;
    let time = |event: Option<&Event>| event.map_or("-".into(), |event| full(event.time, now));
    // One event may stand for several.
    let of = |action: EventAction| {
        let events = events.iter().filter(|event| action.is(event));
        events
            .map(|event| u64::from(event.count.unwrap_or(1)))
            .sum()
    };
    let people: std::collections::BTreeSet<_> =
        events.iter().filter_map(|event| event.user_id).collect();
    let first = if more { "First of these" } else { "First seen" };
    let fact = |label, value| Fact {
        label,
        value,
        target: None,
    };
    let list = |action: EventAction| {
        let action = ListFilter::new(Filter::Action, action.as_str(), action.as_str());
        let from = ListFilter::new(Filter::Ip, ip, format!("from {ip}"));
        Some(Target::List(Resource::Events, vec![action, from]))
    };
    let counted = |label, action: EventAction| Fact {
        label,
        value: number(of(action)),
        target: list(action),
    };
    // What is not read yet, or may not be, is not said to be nothing.
    let known = |part| matches!(page.load(part), Load::Done);
    let blocked = match page.blocks().first() {
        Some(block) => format!("blocked by {}", block.network),
        None if known(Part::Blocks) => "not blocked".into(),
        None => "not known whether it is blocked".into(),
    };
    let seen = known(Part::Events);
    let number = |of: u64| match (seen, more) {
        (false, _) => "-".into(),
        (true, true) => format!("at least {}", number(of)),
        (true, false) => number(of),
    };
    vec![
        fact("Address", ip.to_owned()),
        fact("State", blocked),
        counted("Sign-ins", EventAction::SessionCreated),
        counted("Failures", EventAction::LoginFailed),
        fact("People", number(people.len() as u64)),
        fact("Last seen", time(events.first())),
        fact(first, time(events.last())),
    ]
}

/// The ways in which a user shows who they are, beside the password, and the last one-time link.
pub(super) fn factors<'a>(page: &SubjectPage) -> Vec<Line<'a>> {
    let Some(Row::User(user)) = page.item() else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some(mfa) = &user.mfa {
        if mfa.totp {
            let left = count(mfa.recovery_codes.into(), "recovery code");
            lines.push(Line::Factor(
                "authenticator app".into(),
                format!("{left} left"),
            ));
        }
        lines.extend(mfa.passkeys.iter().map(|passkey| {
            let made = format!("passkey since {}", zone::day(passkey.created_at));
            Line::Factor(passkey.name.clone(), made)
        }));
    }
    // A link that was made lately may still be open: the timeline says who made it.
    let (events, _) = page.events();
    let link = events
        .iter()
        .find(|event| event.action.starts_with("link."));
    lines.extend(link.map(|event| {
        let when = format!("{}, {}", zone::day(event.time), event.action);
        Line::Factor("last one-time link".into(), when)
    }));
    lines
}

/// What events and sessions have in common, the latest first.
pub(super) fn seen(page: &SubjectPage, panel: Panel) -> Vec<Seen> {
    let mut found: BTreeMap<Common, Seen> = BTreeMap::new();
    let mut add = |what: Common, at: Timestamp, events: u64, refused: u64| {
        let seen = found.entry(what.clone()).or_insert(Seen {
            what,
            events: 0,
            refused: 0,
            last: at,
        });
        seen.events += events;
        seen.refused += refused;
        seen.last = seen.last.max(at);
    };
    for event in page.events().0 {
        let number = u64::from(event.count.unwrap_or(1));
        let is_refused = EventKind::of_event(event) == EventKind::Refused;
        let refused = if is_refused { number } else { 0 };
        let what = match panel {
            Panel::Addresses => event.ip.clone().map(Common::Address),
            Panel::People => event.user_id.map(Common::Person),
            _ => event.cause.clone().map(Common::Cause),
        };
        if let Some(what) = what {
            add(what, event.time, number, refused);
        }
    }
    for row in page.rows(Part::Sessions).0 {
        let Row::Session(session) = row else { continue };
        match panel {
            Panel::Addresses => {
                let ip = Common::Address(session.ip.clone());
                add(ip, session.last_seen_at, 0, 0);
            }
            Panel::People => add(Common::Person(session.user_id), session.last_seen_at, 0, 0),
            _ => {}
        }
    }
    if let (Panel::Addresses, Some(Row::Key(key))) = (panel, page.item())
        && let Some((ip, at)) = key.last_used_ip.clone().zip(key.last_used_at)
    {
        add(Common::Address(ip), at, 0, 0);
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_by_key(|seen| std::cmp::Reverse(seen.last));
    found.truncate(SEEN);
    found
}
