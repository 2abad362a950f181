//! What the events and sessions of a page have in common: addresses, people, causes.

use std::collections::BTreeMap;

use doorward_shared::{
    Timestamp,
    admin::{Event, Session},
};

use super::{
    Part, SubjectPage,
    lines::{CommonFact, CommonValue},
    panels::Panel,
};
use crate::core::resource::Row;

/// Rows of what has something in common, at most.
const SEEN: usize = 20;

/// What was seen of each.
#[derive(Default)]
struct Tally(BTreeMap<CommonValue, CommonFact>);

impl Tally {
    fn seen(&mut self, what: CommonValue, last: Timestamp) -> &mut CommonFact {
        let seen = self.0.entry(what.clone()).or_insert(CommonFact {
            what,
            events: 0,
            refused: 0,
            last,
        });
        seen.last = seen.last.max(last);
        seen
    }

    fn add(&mut self, what: CommonValue, last: Timestamp, events: u64, refused: u64) {
        let seen = self.seen(what, last);
        seen.events += events;
        seen.refused += refused;
    }

    fn add_event(&mut self, panel: Panel, event: &Event) {
        let what = match panel {
            Panel::Addresses => event.ip.clone().map(CommonValue::Address),
            Panel::People => event.user_id.map(CommonValue::Person),
            _ => event.cause.clone().map(CommonValue::Cause),
        };
        if let Some(what) = what {
            let refused = if event.is_refusal() { event.times() } else { 0 };
            self.add(what, event.time, event.times(), refused);
        }
    }

    fn add_session(&mut self, panel: Panel, session: &Session) {
        let what = match panel {
            Panel::Addresses => CommonValue::Address(session.ip.clone()),
            Panel::People => CommonValue::Person(session.user_id),
            _ => return,
        };
        self.seen(what, session.last_seen_at);
    }
}

/// What events and sessions have in common, the latest first.
pub(super) fn seen(page: &SubjectPage, panel: Panel) -> Vec<CommonFact> {
    let mut tally = Tally::default();
    match (panel, page.summary()) {
        // The server has counted all of them.
        (Panel::People, Some(summary)) => {
            for one in &summary.latest_people {
                let person = CommonValue::Person(one.user_id);
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
        tally.seen(CommonValue::Address(ip), at);
    }
    let mut found: Vec<_> = tally.0.into_values().collect();
    found.sort_by_key(|seen| std::cmp::Reverse(seen.last));
    found.truncate(SEEN);
    found
}
