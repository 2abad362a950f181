//! Users related to an incident by shared address, device or client.

use std::collections::{BTreeMap, BTreeSet};

use doorward_shared::{Timestamp, admin::SessionState};

use super::facts::{Facts, weight};
use crate::core::{cells::device, incident_subject::IncidentSubject};

/// Relations that are kept, the strongest first.
const MAX_RELATIONS: usize = 40;

/// In which way something is related to a subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RelationKind {
    /// The same device at the same address.
    Device {
        device: String,
        ip: String,
    },
    Address(String),
    Client(String),
    /// Named in an event with it, or in a session of it.
    Together,
}

/// Something that is no subject, and what it has to do with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    pub of: IncidentSubject,
    pub via: BTreeSet<RelationKind>,
    /// Events that name both, and sessions.
    pub seen: u64,
    pub live: u64,
    pub last: Timestamp,
}

/// One time that things were seen together.
struct Sighting {
    what: Vec<IncidentSubject>,
    device: Option<String>,
    ip: Option<String>,
    client: Option<String>,
    times: u64,
    live: bool,
    at: Timestamp,
}

fn sightings(facts: &Facts) -> Vec<Sighting> {
    let of_events = facts.events.iter().map(|event| {
        let ids = [Some(event.actor.clone()), event.target.clone()];
        let named = ids.into_iter().flatten();
        let user = event.user_id.map(|id| id.to_string());
        let client = event.client_id.map(|id| id.to_string());
        let named = named.chain(user).chain(client.clone());
        let mut what: BTreeSet<_> = named
            .filter_map(|id| IncidentSubject::parse(&id).ok())
            .collect();
        what.extend(event.ip.clone().map(IncidentSubject::Address));
        Sighting {
            what: what.into_iter().collect(),
            device: None,
            ip: event.ip.clone(),
            client,
            times: weight(event),
            live: false,
            at: event.time,
        }
    });
    let of_sessions = facts.sessions.iter().map(|session| {
        let client = session.client_id.map(|id| id.to_string());
        let what = [
            Some(IncidentSubject::User(session.user_id.to_string())),
            Some(IncidentSubject::Address(session.ip.clone())),
            client.clone().map(IncidentSubject::Client),
        ];
        Sighting {
            what: what.into_iter().flatten().collect(),
            device: session.user_agent.clone(),
            ip: Some(session.ip.clone()),
            client,
            times: 1,
            live: session.state == SessionState::Live,
            at: session.last_seen_at,
        }
    });
    of_events.chain(of_sessions).collect()
}

/// Whether a sighting is of one of the subjects.
fn is_of(sighting: &Sighting, subjects: &[IncidentSubject]) -> bool {
    let from =
        |subject: &IncidentSubject| sighting.ip.as_deref().is_some_and(|ip| subject.holds(ip));
    subjects
        .iter()
        .any(|subject| sighting.what.contains(subject) || from(subject))
}

/// Where the subjects were, with what, and through what.
#[derive(Default)]
struct SubjectContext {
    addresses: BTreeSet<String>,
    devices: BTreeSet<(String, String)>,
    clients: BTreeSet<String>,
}

/// Who and what is related to the subjects, the strongest first.
pub(crate) fn relations(facts: &Facts, subjects: &[IncidentSubject]) -> Vec<Relation> {
    let all = sightings(facts);
    let mut traces = SubjectContext::default();
    for sighting in all.iter().filter(|sighting| is_of(sighting, subjects)) {
        traces.addresses.extend(sighting.ip.clone());
        let device = sighting.device.clone().zip(sighting.ip.clone());
        traces.devices.extend(device);
        traces.clients.extend(sighting.client.clone());
    }
    let mut found: BTreeMap<IncidentSubject, Relation> = BTreeMap::new();
    for sighting in &all {
        let via = via(sighting, subjects, &traces);
        if via.is_empty() {
            continue;
        }
        let others = sighting.what.iter().filter(|one| {
            let inside = subjects.iter().any(|subject| subject.holds(one.id()));
            !subjects.contains(one) && !inside
        });
        for one in others {
            let relation = found.entry(one.clone()).or_insert_with(|| Relation {
                of: one.clone(),
                via: BTreeSet::new(),
                seen: 0,
                live: 0,
                last: sighting.at,
            });
            relation.via.extend(via.iter().cloned());
            relation.seen += sighting.times;
            relation.live += u64::from(sighting.live);
            relation.last = relation.last.max(sighting.at);
        }
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_by_key(|one| {
        let person = matches!(one.of, IncidentSubject::User(_));
        (!person, std::cmp::Reverse((one.live, one.seen, one.last)))
    });
    found.truncate(MAX_RELATIONS);
    found
}

/// In which ways what was seen is related to the subjects.
fn via(
    sighting: &Sighting,
    subjects: &[IncidentSubject],
    traces: &SubjectContext,
) -> BTreeSet<RelationKind> {
    let mut via = BTreeSet::new();
    let ip = sighting
        .ip
        .clone()
        .filter(|ip| traces.addresses.contains(ip));
    match (sighting.device.clone(), ip) {
        (Some(agent), Some(ip)) if traces.devices.contains(&(agent.clone(), ip.clone())) => {
            let device = device(Some(&agent));
            via.insert(RelationKind::Device { device, ip });
        }
        (_, Some(ip)) => {
            via.insert(RelationKind::Address(ip));
        }
        _ => {}
    }
    let own = is_of(sighting, subjects);
    if let Some(client) = sighting.client.clone()
        && traces.clients.contains(&client)
        && (own || !via.is_empty())
    {
        via.insert(RelationKind::Client(client));
    }
    if own {
        via.insert(RelationKind::Together);
    }
    via
}

impl Relation {
    /// How it is related, in words.
    pub(crate) fn words(&self, name_of: &dyn Fn(&str) -> String) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut addresses = BTreeSet::new();
        for via in &self.via {
            match via {
                RelationKind::Device { device, ip } => {
                    addresses.insert(ip.clone());
                    words.push(format!("same device ({device}) at {ip}"));
                }
                // Said with the device already.
                RelationKind::Address(ip) if addresses.contains(ip) || self.of.id() == ip => {}
                RelationKind::Address(ip) => words.push(format!("same address {ip}")),
                RelationKind::Client(id) if self.of.id() == id => {}
                RelationKind::Client(id) => words.push(format!("same client {}", name_of(id))),
                RelationKind::Together => {}
            }
        }
        let more = words.len().saturating_sub(2);
        words.truncate(2);
        if more > 0 {
            words.push(format!("and {more} more"));
        }
        if words.is_empty() {
            words.push("seen together".into());
        }
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::{event, session};

    #[test]
    fn another_account_is_related_by_the_address_and_device_of_a_subject() {
        // Two accounts at one address with one device, a third elsewhere.
        let (mut one, mut two, mut other) = (session(1), session(2), session(3));
        one.ip = "203.0.113.7".into();
        two.ip = "203.0.113.7".into();
        two.client_id = None;
        other.ip = "198.51.100.1".into();
        other.user_agent = Some("curl/8".into());
        let subject = IncidentSubject::User(one.user_id.to_string());
        let facts = Facts {
            sessions: vec![one, two.clone(), other.clone()],
            ..Facts::default()
        };
        let found = relations(&facts, std::slice::from_ref(&subject));
        let of: Vec<_> = found.iter().map(|one| one.of.clone()).collect();
        assert!(
            of.contains(&IncidentSubject::User(two.user_id.to_string())),
            "{of:?}"
        );
        assert!(
            !of.contains(&IncidentSubject::User(other.user_id.to_string())),
            "{of:?}"
        );
        assert!(!of.contains(&subject));
        let words = found[0].words(&|id| id.to_owned());
        assert_eq!(words, "same device (Firefox on Linux) at 203.0.113.7");
    }

    #[test]
    fn a_network_s_own_addresses_are_not_its_relations() {
        let facts = Facts {
            events: (1..=5).map(|n| event(n, "login.failed")).collect(),
            ..Facts::default()
        };
        let network = IncidentSubject::Network("203.0.113.0/24".into());
        let found = relations(&facts, &[network]);
        assert!(!found.is_empty());
        assert!(
            found
                .iter()
                .all(|one| matches!(one.of, IncidentSubject::User(_))),
            "{found:?}"
        );
        assert_eq!(found[0].seen, 5);
    }
}
