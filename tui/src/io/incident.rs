//! What a server knows around an incident.

use std::collections::{BTreeMap, BTreeSet};

use doorward_shared::{
    Timestamp,
    admin::{Block, Event, Session, SessionState},
    client::{Client, ClientError, Filter, ListQuery},
};

use crate::core::{
    incident::{Facts, touches},
    incident_subject::IncidentSubject,
    resource::{Resource, Row},
    search::Search,
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
pub(super) async fn facts(
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
        events(client, subject, since, &mut facts).await?;
        states(client, subject, &mut facts).await;
    }
    facts.live_sessions_total = live_together(&facts, subjects);
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
    facts.blocks = blocks(client, subjects).await.ok();
    let events = std::mem::take(&mut facts.events).into_iter();
    facts.events = events
        .filter(|event| touches(subjects, &facts, event))
        .collect();
    Ok(facts)
}

/// Live sessions of all subjects, each counted once: that takes their ids, which a page has 100 of.
fn live_together(facts: &Facts, subjects: &[IncidentSubject]) -> Option<u64> {
    let asked = subjects
        .iter()
        .filter(|subject| subject.sessions().is_some());
    let known = facts.live.len() == asked.count() && facts.live.values().all(|live| *live <= 100);
    match facts.live.len() {
        0 => None,
        1 if known || subjects.len() == 1 => facts.live.values().next().copied(),
        _ => known.then(|| {
            let live = facts
                .sessions
                .iter()
                .filter(|one| one.state == SessionState::Live);
            let ids: BTreeSet<_> = live.map(|session| session.id).collect();
            ids.len() as u64
        }),
    }
}

/// The newest events of a subject; where there are too many, those that count most by themselves besides.
async fn events(
    client: &Client,
    subject: &IncidentSubject,
    since: Timestamp,
    facts: &mut Facts,
) -> Result<(), ClientError> {
    if let IncidentSubject::Network(network) = subject {
        return from_network(client, network, since, facts).await;
    }
    for (name, value) in subject.filters() {
        let query = ListQuery::default().with(name, value);
        let query = query.with(Filter::Since, since).limited(100);
        let (events, whole) = newest(client, query.clone(), EVENTS).await?;
        if !whole {
            facts.cut = facts.cut.max(events.last().map(|event| event.time));
            // Whoever makes many events must not push these out of sight.
            for action in ["session.created", "user.", "apikey.", "client."] {
                let query = query.clone().with(Filter::Action, action);
                let (apart, _) = newest(client, query, 100).await?;
                facts.events.extend(apart);
            }
        }
        facts.events.extend(events);
    }
    Ok(())
}

/// Events newest first, so many at most, and whether those were all.
async fn newest(
    client: &Client,
    mut query: ListQuery,
    most: usize,
) -> Result<(Vec<Event>, bool), ClientError> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let page = client.events().list(&query).await?;
        events.extend(page.data);
        query.cursor = page.pagination.next_cursor;
        match query.cursor {
            None => return Ok((events, true)),
            Some(_) if events.len() >= most => return Ok((events, false)),
            Some(_) => {}
        }
    }
}

/// The server finds events by one address: those of a network are looked for among all.
async fn from_network(
    client: &Client,
    network: &str,
    since: Timestamp,
    facts: &mut Facts,
) -> Result<(), ClientError> {
    let now = crate::io::clock::now();
    let mut whole = true;
    for text in [
        format!("ip:{network}"),
        format!("ip:{network} action:session.created"),
    ] {
        let Ok(search) = Search::parse(Resource::Events, &text, now) else {
            return Ok(());
        };
        let query = ListQuery::default().with(Filter::Since, since);
        let found = crate::io::search::find(client, Resource::Events, query, &search, now).await?;
        let all = found.rows.len();
        let events = found.rows.into_iter().filter_map(|row| match row {
            Row::Event(event) => Some(event),
            _ => None,
        });
        let events: Vec<_> = events.take(EVENTS).collect();
        if whole && (found.gave_up_after.is_some() || all > EVENTS) {
            let oldest = events.last().map_or(now, |event| event.time);
            facts.cut = facts.cut.max(Some(oldest));
            whole = false;
        }
        facts.events.extend(events);
        if whole {
            break;
        }
    }
    Ok(())
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

/// All networks that are blocked, a thousand at most; those around a subject say whom they spare.
async fn blocks(client: &Client, subjects: &[IncidentSubject]) -> Result<Vec<Block>, ClientError> {
    let mut blocks = Vec::new();
    for subject in subjects {
        if let IncidentSubject::Address(ip) = subject {
            let query = ListQuery::default().with(Filter::Ip, ip).limited(100);
            blocks.extend(client.blocks().list(&query).await?.data);
        }
    }
    let mut query = ListQuery::default().limited(100);
    loop {
        let page = client.blocks().list(&query).await?;
        blocks.extend(page.data);
        query.cursor = page.pagination.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    let mut seen = BTreeSet::new();
    blocks.retain(|block| seen.insert(block.id));
    Ok(blocks)
}

/// How a subject stands now.
async fn states(client: &Client, subject: &IncidentSubject, facts: &mut Facts) {
    match subject {
        IncidentSubject::User(id) => {
            facts.users.extend(client.users().get(id).await);
            let query = ListQuery::default().with(Filter::OwnerId, id);
            let query = query.with(Filter::Active, true).limited(1);
            if let Ok(page) = client.api_keys().list(&query).await {
                facts.live_keys.insert(id.clone(), page.pagination.total);
            }
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
    let live = query.with(Filter::Active, true).limited(100);
    if let Ok(page) = client.sessions().list(&live).await {
        let id = subject.id().to_owned();
        facts.live.insert(id, page.pagination.total);
        facts.sessions.extend(page.data);
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
