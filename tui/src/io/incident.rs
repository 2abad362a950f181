//! What a server knows around an incident.

use std::collections::{BTreeMap, BTreeSet};

use doorward_shared::{
    Timestamp,
    admin::{Event, Session, SessionState},
    client::{Client, ClientError, Filter, ListQuery},
};

use crate::core::{
    incident::{Facts, touches},
    resource::{Resource, Row},
    search::Search,
    subject::IncidentSubject,
};

/// Events of one subject, at most.
const EVENTS: usize = 500;
/// Addresses of the subjects that are asked who else was there.
const ADDRESSES: usize = 5;

/// What the server knows of some subjects since a time; `whole`: and who else was where they were. What may not be seen is
/// left out, but for the events.
///
/// # Errors
/// [`ClientError`], where the events are not to be had.
pub async fn facts(
    client: &Client,
    subjects: &[IncidentSubject],
    since: Timestamp,
    whole: bool,
) -> Result<Facts, ClientError> {
    let mut facts = Facts {
        whole,
        ..Facts::default()
    };
    for subject in subjects {
        facts.events.extend(events(client, subject, since).await?);
        states(client, subject, &mut facts).await;
    }
    let of_one = facts.live.values().next().copied();
    facts.live_together = match facts.live.len() {
        0 | 1 => of_one,
        _ => {
            let live = facts
                .sessions
                .iter()
                .filter(|one| one.state == SessionState::Live);
            let ids: BTreeSet<_> = live.map(|session| session.id).collect();
            Some(ids.len() as u64)
        }
    };
    facts.events.extend(steps_elsewhere(client, since).await);
    if whole {
        for ip in addresses(&facts) {
            let query = ListQuery::default().with(Filter::Ip, ip).limited(50);
            let page = client.sessions().list(&query).await;
            facts
                .sessions
                .extend(page.map(|page| page.data).unwrap_or_default());
        }
    }
    facts.events.sort_by_key(|event| event.id);
    facts.events.dedup_by_key(|event| event.id);
    let mut seen = BTreeSet::new();
    facts.sessions.retain(|session| seen.insert(session.id));
    // Whoever may not see blocks does without.
    let blocks = client
        .blocks()
        .list(&ListQuery::default().limited(100))
        .await;
    facts.blocks = blocks.ok().map(|page| page.data);
    let events = std::mem::take(&mut facts.events).into_iter();
    facts.events = events
        .filter(|event| touches(subjects, &facts, event))
        .collect();
    Ok(facts)
}

/// The newest events of a subject.
async fn events(
    client: &Client,
    subject: &IncidentSubject,
    since: Timestamp,
) -> Result<Vec<Event>, ClientError> {
    if let IncidentSubject::Network(network) = subject {
        return from_network(client, network, since).await;
    }
    let mut events: Vec<Event> = Vec::new();
    for (name, value) in subject.filters() {
        let query = ListQuery::default().with(name, value);
        let mut query = query.with(Filter::Since, since).limited(100);
        let mut of_filter = 0;
        loop {
            let page = client.events().list(&query).await?;
            of_filter += page.data.len();
            events.extend(page.data);
            query.cursor = page.pagination.next_cursor;
            if query.cursor.is_none() || of_filter >= EVENTS {
                break;
            }
        }
    }
    Ok(events)
}

/// The server finds events by one address: those of a network are looked for among all.
async fn from_network(
    client: &Client,
    network: &str,
    since: Timestamp,
) -> Result<Vec<Event>, ClientError> {
    let now = crate::io::clock::now();
    let text = format!("ip:{network}");
    let Ok(search) = Search::parse(Resource::Events, &text, now) else {
        return Ok(Vec::new());
    };
    let query = ListQuery::default().with(Filter::Since, since);
    let found = crate::io::search::find(client, Resource::Events, query, &search, now).await?;
    let events = found.rows.into_iter().filter_map(|row| match row {
        Row::Event(event) => Some(event),
        _ => None,
    });
    Ok(events.take(EVENTS).collect())
}

/// Blocks, rotations and ended sessions, which name no subject.
async fn steps_elsewhere(client: &Client, since: Timestamp) -> Vec<Event> {
    let mut events = Vec::new();
    for action in ["network.", "signing_key.rotated", "session.revoked"] {
        let query = ListQuery::default().with(Filter::Action, action);
        let query = query.with(Filter::Since, since).limited(100);
        let page = client.events().list(&query).await;
        events.extend(page.map(|page| page.data).unwrap_or_default());
    }
    events
}

/// How a subject stands now.
async fn states(client: &Client, subject: &IncidentSubject, facts: &mut Facts) {
    match subject {
        IncidentSubject::User(id) => {
            facts.users.extend(client.users().get(id).await);
            let query = ListQuery::default().with(Filter::OwnerId, id);
            let query = query.with(Filter::Active, true).limited(100);
            let keys = client.api_keys().list(&query).await;
            facts
                .keys
                .extend(keys.map(|page| page.data).unwrap_or_default());
        }
        IncidentSubject::Key(id) => facts.keys.extend(client.api_keys().get(id).await),
        IncidentSubject::Address(_) | IncidentSubject::Network(_) | IncidentSubject::Client(_) => {}
    }
    let Some((filter, value)) = subject.sessions() else {
        return;
    };
    let query = ListQuery::default().with(filter, value);
    if let Ok(page) = client.sessions().list(&query.clone().limited(100)).await {
        facts.sessions.extend(page.data);
    }
    let live = query.with(Filter::Active, true).limited(1);
    if let Ok(page) = client.sessions().list(&live).await {
        let id = subject.id().to_owned();
        facts.live.insert(id, page.pagination.total);
    }
}

/// From where the subjects were seen most often.
fn addresses(facts: &Facts) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let of_events = facts.events.iter().filter_map(|event| event.ip.as_deref());
    let of_sessions = facts
        .sessions
        .iter()
        .map(|session: &Session| session.ip.as_str());
    for ip in of_events.chain(of_sessions) {
        *seen.entry(ip).or_default() += 1;
    }
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    let most = seen.into_iter().take(ADDRESSES);
    most.map(|(ip, _)| ip.to_owned()).collect()
}
