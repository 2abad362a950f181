//! What the server knows around an incident, and the sentence that sums it up.

use std::collections::{BTreeMap, BTreeSet};

use doorward_shared::{
    Timestamp,
    admin::{AdminKey, Block, Event, EventAction, Session, User},
};

use crate::core::{
    event_kind::EventKind,
    format::{count, number},
    time_zone,
};

/// The server's data on an incident.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Oldest first, each once.
    pub events: Vec<Event>,
    /// Before this time some events are missing: there were too many to read all.
    pub cut: Option<Timestamp>,
    /// Subjects that are users, as they are now, where that may be seen.
    pub users: Vec<User>,
    /// Subjects that are keys, where they may be seen.
    pub keys: Vec<AdminKey>,
    /// Live API keys of subjects that are users, by their id, where they may be seen.
    pub live_keys: BTreeMap<String, u64>,
    /// Sessions of the subjects, and from where they were: live or not, the newest.
    pub sessions: Vec<Session>,
    /// Live sessions by subject, where they may be seen.
    pub live: BTreeMap<String, u64>,
    /// Live sessions of all subjects together, each once; of several subjects among the newest 100 of each.
    pub live_sessions_total: Option<u64>,
    /// Networks that are blocked now, where that may be seen.
    pub blocks: Option<Vec<Block>>,
    /// Whether this holds all of the time asked for, and who else was there; else only what is new.
    pub whole: bool,
}

/// Events that are kept, about.
const EVENTS: usize = 2_000;

/// Refusals that are further apart than this are not of one incident, in seconds: a day.
const APART: i64 = 86_400;

impl Facts {
    /// When it began: with the first of the refusals that led up to the last one, none a day after another. Without any, a
    /// day ago. Each operator's console comes to the same.
    pub(crate) fn began(&self, now: Timestamp) -> Timestamp {
        let is_refused = |event: &&Event| EventKind::of_event(event) == EventKind::Refused;
        let mut refused = self.events.iter().rev().filter(is_refused);
        let Some(last) = refused.next() else {
            return now.plus_seconds(-APART);
        };
        refused
            .map(|event| event.time)
            .fold(last.time, |first, before| {
                let leads_up = before.plus_seconds(APART) >= first;
                if leads_up { before.min(first) } else { first }
            })
    }

    /// Takes in what is newer: states as they are now, events and sessions besides those that are known.
    pub(crate) fn update(&mut self, newer: Self) {
        if newer.whole {
            *self = newer;
            return;
        }
        for event in newer.events {
            self.add_event(event);
        }
        let mut sessions = newer.sessions;
        let known: BTreeSet<_> = sessions.iter().map(|session| session.id).collect();
        let others = self.sessions.drain(..);
        sessions.extend(others.filter(|session| !known.contains(&session.id)));
        self.sessions = sessions;
        // Parts that could not be read keep their previous values.
        for user in newer.users {
            self.users.retain(|known| known.id != user.id);
            self.users.push(user);
        }
        for key in newer.keys {
            self.keys.retain(|known| known.id != key.id);
            self.keys.push(key);
        }
        self.live.extend(newer.live);
        self.live_keys.extend(newer.live_keys);
        self.live_sessions_total = newer.live_sessions_total.or(self.live_sessions_total);
        self.blocks = newer.blocks.or(self.blocks.take());
        self.cut = newer.cut.max(self.cut);
    }

    /// In a flood the oldest are dropped, and the report states from when on the list is complete.
    fn forget_oldest(&mut self) {
        if self.events.len() > EVENTS + EVENTS / 8 {
            let many = self.events.len() - EVENTS;
            self.events.drain(..many);
            let oldest = self.events.first().map(|event| event.time);
            self.cut = self.cut.max(oldest);
        }
    }

    /// One more event, in its place; whether it is new.
    pub(crate) fn add_event(&mut self, event: Event) -> bool {
        match self
            .events
            .binary_search_by_key(&event.id, |known| known.id)
        {
            Ok(_) => false,
            Err(at) => {
                self.events.insert(at, event);
                self.forget_oldest();
                true
            }
        }
    }

    /// The block that keeps people at an address, or in a network, out.
    pub(crate) fn block_of(&self, network: &str) -> Option<&Block> {
        let inside: ipnet::IpNet = network.parse().ok().or_else(|| {
            let ip: std::net::IpAddr = network.parse().ok()?;
            Some(ip.into())
        })?;
        let mut blocks = self.blocks.iter().flatten();
        blocks.find(|block| keeps_out(block, inside))
    }
}

/// How often the event occurred.
pub(crate) fn weight(event: &Event) -> u64 {
    event.times()
}

/// Whether a block holds for all of an address or network: it spares where it was made from.
pub(crate) fn keeps_out(block: &Block, inside: ipnet::IpNet) -> bool {
    let holds = |network: &str| {
        let network: Result<ipnet::IpNet, _> = network.parse();
        network.is_ok_and(|network| network.contains(&inside))
    };
    holds(&block.network) && !block.spares.as_deref().is_some_and(holds)
}

/// How often passwords failed, on whom, from where and when; none: nothing.
fn failures(facts: &Facts) -> Option<String> {
    let failed: Vec<&Event> = facts
        .events
        .iter()
        .filter(|event| EventAction::LoginFailed.is(event))
        .collect();
    let failures: u64 = failed.iter().copied().map(weight).sum();
    if failures == 0 {
        return None;
    }
    let on: BTreeSet<_> = failed.iter().filter_map(|event| event.user_id).collect();
    let from: BTreeSet<_> = failed
        .iter()
        .filter_map(|event| event.ip.as_deref())
        .collect();
    // Those that were not read are not counted.
    let least = if facts.cut.is_some() { "at least " } else { "" };
    let from = match from.len() {
        0 => String::new(),
        1 => format!(" from {}", from.first().copied().unwrap_or_default()),
        many => format!(" from {} addresses", number(many as u64)),
    };
    Some(format!(
        "{least}{} on {}{from}{}",
        count(failures, "failure"),
        count(on.len() as u64, "account"),
        span_of(failed.into_iter())
    ))
}

/// How many signed in, and who.
fn sign_ins(facts: &Facts, name_of: &dyn Fn(&str) -> String) -> String {
    let entered: Vec<&Event> = facts
        .events
        .iter()
        .filter(|event| EventAction::SessionCreated.is(event))
        .collect();
    let who: BTreeSet<_> = entered.iter().filter_map(|event| event.user_id).collect();
    let count = count(entered.len() as u64, "sign-in");
    match (entered.len(), who.len()) {
        (0, _) if facts.cut.is_some() => "no sign-in among the events that were read".into(),
        (0, _) => "no sign-in worked".into(),
        (_, 0) => count,
        (_, 1..=3) => {
            let names: Vec<_> = who.iter().map(|id| name_of(&id.to_string())).collect();
            format!("{count} as {}", names.join(", "))
        }
        (_, many) => format!("{count} as {} people", number(many as u64)),
    }
}

/// What happened, in one sentence.
pub(crate) fn sentence(facts: &Facts, name_of: &dyn Fn(&str) -> String) -> String {
    let mut parts = Vec::from_iter(failures(facts));
    let others = facts.events.iter().filter(|event| {
        EventKind::of_event(event) == EventKind::Refused && !EventAction::LoginFailed.is(event)
    });
    let refusals: u64 = others.map(weight).sum();
    if refusals > 0 {
        parts.push(format!("{} besides", count(refusals, "refusal")));
    }
    parts.push(sign_ins(facts, name_of));
    if let Some(live) = facts.live_sessions_total {
        parts.push(format!("{} now", count(live, "live session")));
    }
    if let Some(cut) = facts.cut {
        let since = format!("{} {}", time_zone::second(cut), time_zone::name(cut));
        parts.push(format!(
            "too many events to read all: complete since {since} alone"
        ));
    }
    capitalized(&format!("{}.", parts.join("; ")))
}

fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_uppercase());
    first.into_iter().flatten().chain(rest).collect()
}

/// From when to when, in local time.
fn span_of<'a>(events: impl Iterator<Item = &'a Event>) -> String {
    let times: Vec<Timestamp> = events.map(|event| event.time).collect();
    let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else {
        return String::new();
    };
    let (from, to) = (time_zone::second(*first), time_zone::second(*last));
    let zone = time_zone::name(*last);
    // The date is said once where it is one day.
    let to = match (from.get(..10), to.get(..10)) {
        (Some(one), Some(other)) if one == other => to.get(11..).unwrap_or(&to),
        _ => &to,
    };
    if first == last {
        format!(" at {from} {zone}")
    } else {
        format!(", {from} to {to} {zone}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::{block, event};

    #[test]
    fn one_sentence_tells_how_often_on_whom_from_where_and_when() {
        let mut events: Vec<Event> = (1..=80).map(|n| event(n, "login.failed")).collect();
        events.push(event(81, "session.created"));
        let facts = Facts {
            events,
            live_sessions_total: Some(2),
            ..Facts::default()
        };
        let told = sentence(&facts, &|_| "bob@example.org".into());
        assert_eq!(
            told,
            "80 failures on 1 account from 203.0.113.7, 2026-11-24 11:58:21 to 11:59:40 UTC; \
             1 sign-in as bob@example.org; 2 live sessions now."
        );
        let quiet = sentence(&Facts::default(), &|id| id.into());
        assert_eq!(quiet, "No sign-in worked.");
        let cut = Facts {
            cut: Some(crate::tests::test_console::noon()),
            ..Facts::default()
        };
        assert_eq!(
            sentence(&cut, &|id| id.into()),
            "No sign-in among the events that were read; too many events to read all: complete since \
             2026-11-24 12:00:00 UTC alone."
        );
    }

    #[test]
    fn what_is_newer_is_put_in_its_place_once() {
        let mut facts = Facts {
            events: vec![event(1, "login.failed"), event(3, "login.failed")],
            ..Facts::default()
        };
        assert!(facts.add_event(event(2, "user.disabled")));
        assert!(!facts.add_event(event(3, "login.failed")));
        let actions: Vec<_> = facts
            .events
            .iter()
            .map(|event| event.action.as_str())
            .collect();
        assert_eq!(actions, ["login.failed", "user.disabled", "login.failed"]);
    }

    #[test]
    fn an_address_is_blocked_with_its_network() {
        let facts = Facts {
            blocks: Some(vec![block()]),
            ..Facts::default()
        };
        assert!(facts.block_of("203.0.113.7").is_some());
        let mut sparing = block();
        sparing.spares = Some("203.0.113.7/32".into());
        let spared = Facts {
            blocks: Some(vec![sparing]),
            ..Facts::default()
        };
        assert!(
            spared.block_of("203.0.113.7").is_none(),
            "it spares that one"
        );
        assert!(spared.block_of("203.0.113.8").is_some());
        assert!(spared.block_of("203.0.113.0/24").is_some());
        assert!(facts.block_of("203.0.113.0/25").is_some());
        assert!(
            facts.block_of("203.0.112.0/23").is_none(),
            "only a part of it is"
        );
        assert!(facts.block_of("198.51.100.1").is_none());
    }
}
