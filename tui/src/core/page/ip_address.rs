//! What is known of an address: its block, and what happened from there.

use doorward_shared::{
    Timestamp,
    admin::{Block, EventAction, EventSummary},
    client::Filter,
};

use super::{Part, SubjectPage, Target};
use crate::core::{
    State,
    detail_fields::Fact,
    format::{full, number},
    incident::keeps_out,
    list::{ListFilter, Load},
    resource::Resource,
};

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
