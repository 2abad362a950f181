//! The timeline of an incident, read from the server.

use doorward_shared::{
    Timestamp,
    admin::Event,
    client::{Client, ClientError, Filter, ListQuery},
};

use crate::core::subject::IncidentSubject;

/// Events of one incident, at most.
const MANY: usize = 500;

/// What happened, oldest first: the newest events that touch the pivot, each once.
///
/// # Errors
/// [`ClientError`].
pub async fn timeline(
    client: &Client,
    subject: &IncidentSubject,
    since: Timestamp,
) -> Result<Vec<Event>, ClientError> {
    let mut events: Vec<Event> = Vec::new();
    for (name, value) in subject.filters() {
        let query = ListQuery::default().with(name, value);
        let mut query = query.with(Filter::Since, since).limited(100);
        loop {
            let page = client.events().list(&query).await?;
            events.extend(page.data);
            query.cursor = page.pagination.next_cursor;
            if query.cursor.is_none() || events.len() >= MANY {
                break;
            }
        }
    }
    events.sort_by_key(|event| event.id);
    events.dedup_by_key(|event| event.id);
    Ok(events)
}

/// How many sessions of a pivot live now; none where that may not be seen, or it has none.
pub async fn live_sessions(client: &Client, subject: &IncidentSubject) -> Option<u64> {
    let (name, value) = match subject {
        IncidentSubject::User(id) => (Filter::UserId, id),
        IncidentSubject::Address(ip) => (Filter::Ip, ip),
        IncidentSubject::Client(id) => (Filter::ClientId, id),
        IncidentSubject::Key(_) => return None,
    };
    let query = ListQuery::default()
        .with(name, value)
        .with(Filter::Active, true);
    let page = client.sessions().list(&query.limited(1)).await.ok()?;
    Some(page.pagination.total)
}
