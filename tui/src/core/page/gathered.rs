//! What a page gathers from its events and sessions: addresses, people, causes, factors.

use std::collections::BTreeMap;

use doorward_shared::{
    Timestamp,
    admin::{Block, Event, EventAction, EventSummary, Session, UserMailState},
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
    format::{count, full, number},
    incident::keeps_out,
    list::{ListFilter, Load},
    resource::{Resource, Row},
    zone,
};

/// Rows of what has something in common, at most.
const SEEN: usize = 20;

/// What is known of an address: what happened from there.
pub(super) fn address(state: &State, page: &SubjectPage, ip: &str) -> Vec<Fact> {
    let now = state.now.wall;
    let fact = |label, value| Fact {
        label,
        value,
        target: None,
    };
    let counted = |label, of: fn(&EventSummary) -> u64| Fact {
        label,
        value: counted(page.summary(), of),
        target: None,
    };
    let list = |action: EventAction| {
        let action = ListFilter::new(Filter::Action, action.as_str(), action.as_str());
        let from = ListFilter::new(Filter::Ip, ip, format!("from {ip}"));
        Some(Target::List(Resource::Events, vec![action, from]))
    };
    let time = |of: fn(&EventSummary) -> Option<Timestamp>| {
        page.summary()
            .and_then(of)
            .map_or("-".into(), |at| full(at, now))
    };
    let is_whole = page.summary().is_none_or(|summary| summary.complete);
    let first = if is_whole {
        "First seen"
    } else {
        "First of these"
    };
    vec![
        fact("Address", ip.to_owned()),
        fact("State", blocked(page, ip)),
        Fact {
            target: list(EventAction::SessionCreated),
            ..counted("Sign-ins", |summary| summary.logins)
        },
        Fact {
            target: list(EventAction::LoginFailed),
            ..counted("Failures", |summary| summary.failures)
        },
        counted("People", |summary| summary.people),
        fact("Last seen", time(|summary| summary.last_at)),
        fact(first, time(|summary| summary.first_at)),
    ]
}

/// A number of the summary. What is not read yet, or may not be, is not said to be nothing.
fn counted(summary: Option<&EventSummary>, of: fn(&EventSummary) -> u64) -> String {
    match summary {
        None => "-".into(),
        Some(summary) if summary.complete => number(of(summary)),
        Some(summary) => format!("at least {}", number(of(summary))),
    }
}

/// Whether an address is blocked, and by what.
fn blocked(page: &SubjectPage, ip: &str) -> String {
    let ip: Option<std::net::IpAddr> = ip.parse().ok();
    let holds = |block: &&Block| ip.is_some_and(|ip| keeps_out(block, ip.into()));
    match (page.blocks().iter().find(holds), page.blocks().first()) {
        (Some(block), _) => format!("blocked by {}", block.network),
        (None, Some(block)) => format!("not blocked: {} spares it", block.network),
        (None, None) if matches!(page.load(Part::Blocks), Load::Done) => "not blocked".into(),
        (None, None) => "not known whether it is blocked".into(),
    }
}

/// The ways in which a user shows who they are, beside the password; links that can still be opened, and mails.
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
    lines.extend(user.links.iter().map(|link| {
        let how = if link.mailed { "mailed" } else { "shown" };
        let until = day_and_minute(link.expires_at);
        let said = format!("until {until}, {how}");
        Line::Factor(format!("{} link", link.kind), said)
    }));
    lines.extend(user.mails.iter().map(|mail| {
        let became = match mail.state {
            UserMailState::Sent => "sent",
            UserMailState::Waiting => "waits since",
            UserMailState::Failed => "given up, of",
        };
        let at = day_and_minute(mail.sent_at.unwrap_or(mail.created_at));
        Line::Factor(format!("mail {}", mail.kind), format!("{became} {at}"))
    }));
    lines
}

fn day_and_minute(at: Timestamp) -> String {
    format!("{} {}", zone::day(at), zone::minute(at))
}

/// What was seen of each.
#[derive(Default)]
struct Tally(BTreeMap<Common, Seen>);

impl Tally {
    fn seen(&mut self, what: Common, last: Timestamp) -> &mut Seen {
        let seen = self.0.entry(what.clone()).or_insert(Seen {
            what,
            events: 0,
            refused: 0,
            last,
        });
        seen.last = seen.last.max(last);
        seen
    }

    fn add(&mut self, what: Common, last: Timestamp, events: u64, refused: u64) {
        let seen = self.seen(what, last);
        seen.events += events;
        seen.refused += refused;
    }

    fn add_event(&mut self, panel: Panel, event: &Event) {
        let what = match panel {
            Panel::Addresses => event.ip.clone().map(Common::Address),
            Panel::People => event.user_id.map(Common::Person),
            _ => event.cause.clone().map(Common::Cause),
        };
        if let Some(what) = what {
            let refused = if event.is_refusal() { event.times() } else { 0 };
            self.add(what, event.time, event.times(), refused);
        }
    }

    fn add_session(&mut self, panel: Panel, session: &Session) {
        let what = match panel {
            Panel::Addresses => Common::Address(session.ip.clone()),
            Panel::People => Common::Person(session.user_id),
            _ => return,
        };
        self.seen(what, session.last_seen_at);
    }
}

/// What events and sessions have in common, the latest first.
pub(super) fn seen(page: &SubjectPage, panel: Panel) -> Vec<Seen> {
    let mut tally = Tally::default();
    match (panel, page.summary()) {
        // The server has counted all of them.
        (Panel::People, Some(summary)) => {
            for one in &summary.latest_people {
                let person = Common::Person(one.user_id);
                tally.add(person, one.last_at, one.events, one.refused);
            }
        }
        _ => {
            for event in page.events().0 {
                tally.add_event(panel, event);
            }
        }
    }
    for row in page.rows(Part::Sessions).0 {
        if let Row::Session(session) = row {
            tally.add_session(panel, session);
        }
    }
    if let (Panel::Addresses, Some(Row::Key(key))) = (panel, page.item())
        && let Some((ip, at)) = key.last_used_ip.clone().zip(key.last_used_at)
    {
        tally.seen(Common::Address(ip), at);
    }
    let mut found: Vec<_> = tally.0.into_values().collect();
    found.sort_by_key(|seen| std::cmp::Reverse(seen.last));
    found.truncate(SEEN);
    found
}
