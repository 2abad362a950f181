//! Requests to the server. Responses are sanitized before they are shown.

use std::collections::BTreeMap;

use doorward_shared::{
    Page, Pagination, Timestamp,
    admin::{Event, EventAction},
    auth::LoginRequest,
    client::{Client, Filter, ListQuery},
};
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    command::secret::Secret,
    core::{
        Msg,
        client_diagnosis::{self, FailingClient},
        dashboard::{EndingKind, Expiry},
        list::PAGE,
        msg::Reply,
        pick::Offer,
        problem::Problem,
        resource::{Resource, Row},
        search::Search,
    },
    io::list_rows,
};

/// Events that the dashboard begins with.
const RECENT: usize = 100;
/// Things that are found by name, at most.
const FOUND: usize = 20;
/// Pages of refused clients that are counted, newest first, at most.
const REFUSALS: usize = 5;

/// A page of a list.
pub(super) async fn page(
    client: &Client,
    kind: Resource,
    query: &ListQuery,
) -> Result<Page<Row>, Problem> {
    list_rows::page(client, kind, query)
        .await
        .map_err(Problem::from)
}

/// Pages one after another, from where the question begins.
pub(super) async fn pages(
    client: &Client,
    kind: Resource,
    query: ListQuery,
    count: usize,
) -> Result<Vec<Page<Row>>, Problem> {
    let mut pages = Vec::new();
    let mut query = query.limited(PAGE);
    for _ in 0..count {
        let page = page(client, kind, &query).await?;
        query.cursor.clone_from(&page.pagination.next_cursor);
        pages.push(page);
        if query.cursor.is_none() {
            break;
        }
    }
    Ok(pages)
}

/// What a search finds, as one page, and what is to be said of it. The names it came by are told on the way.
pub(super) async fn search(
    client: &Client,
    kind: Resource,
    query: ListQuery,
    search: &Search,
    now: Timestamp,
    replies: &UnboundedSender<Msg>,
) -> Result<(Page<Row>, Option<String>), Problem> {
    let found = crate::io::search::find(client, kind, query, search, now)
        .await
        .map_err(Problem::from)?;
    let note = match found.gave_up(kind) {
        Some(note) => Some(note),
        None if found.rows.is_empty() => search.hint(kind),
        None => None,
    };
    let _ = replies.send(Msg::Reply(Reply::Names(found.names)));
    let pagination = Pagination {
        total: found.rows.len() as u64,
        total_at_least: found.gave_up_after.is_some(),
        ..Pagination::default()
    };
    let data = found.rows;
    Ok((Page { data, pagination }, note))
}

pub(super) async fn server(client: &Client) -> Reply {
    let ready = match client.server().is_ready().await {
        Ok(ready) => ready,
        Err(error) => {
            return Reply::Server {
                ready: false,
                info: Err(error.into()),
            };
        }
    };
    let info = client.server().info().await;
    Reply::Server {
        ready,
        info: info.map(Box::new).map_err(Problem::from),
    }
}

/// Clients that were refused since a time.
pub(super) async fn failing_clients(
    client: &Client,
    since: Timestamp,
) -> Result<Vec<FailingClient>, Problem> {
    let query = ListQuery::default()
        .with(Filter::Action, EventAction::ClientRefused)
        .with(Filter::Since, since);
    let pages = pages(client, Resource::Events, query, REFUSALS).await?;
    let items = pages.into_iter().flat_map(|page| page.data);
    let events: Vec<_> = items
        .filter_map(|item| match item {
            Row::Event(event) => Some(event),
            _ => None,
        })
        .collect();
    Ok(client_diagnosis::failing_clients(&events))
}

/// The newest events.
pub(super) async fn recent(client: &Client) -> Result<Vec<Event>, Problem> {
    let query = ListQuery::default().limited(RECENT);
    let page = client.events().list(&query).await.map_err(Problem::from)?;
    Ok(page.data)
}

/// Live keys that end until a time, signing keys that retire, and the server's certificate, soonest first.
pub(super) async fn ending(client: &Client, until: Timestamp) -> Result<Vec<Expiry>, Problem> {
    let query = ListQuery::default()
        .with(Filter::ExpiresBefore, until)
        .with(Filter::Active, true)
        .limited(PAGE);
    let keys = page(client, Resource::Keys, &query).await?;
    // Whoever may not see them sees the others.
    let signing = page(client, Resource::Signing, &ListQuery::default()).await;
    let signing = signing.map(|page| page.data).unwrap_or_default();
    let found = keys.data.into_iter().chain(signing).filter_map(|row| {
        let (kind, at) = match &row {
            Row::Key(key) => (EndingKind::ApiKey, key.ends_at?),
            Row::Signing(key) => (EndingKind::SigningKey, key.retires_at?),
            _ => return None,
        };
        let (id, name) = (row.id(), row.name());
        Some(Expiry { kind, id, name, at })
    });
    let certificate = client.certificate_ends().map(|at| Expiry {
        kind: EndingKind::Certificate,
        id: client.base().to_owned(),
        name: client.base().to_owned(),
        at,
    });
    let found = found.chain(certificate);
    let mut ending: Vec<_> = found.filter(|one| one.at <= until).collect();
    ending.sort_by_key(|one| one.at);
    Ok(ending)
}

/// A row by its id.
pub(super) async fn row(client: &Client, kind: Resource, id: &str) -> Result<Box<Row>, Problem> {
    match list_rows::one(client, kind, id).await {
        Ok(Some(row)) => Ok(Box::new(row)),
        Ok(None) => Err(Problem::refused("there is no more to it")),
        Err(error) => Err(error.into()),
    }
}

/// Emails of users, names of clients and keys. What cannot be had keeps its id.
pub(crate) async fn names(client: &Client, ids: Vec<String>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for id in ids {
        let Some(kind) = Resource::of_id(&id) else {
            continue;
        };
        match row(client, kind, &id).await.map(|item| item.name()) {
            Ok(name) => names.insert(id, name),
            // Gone, or not ours to see: the id says as much.
            Err(_) => None,
        };
    }
    names
}

/// Names that a word may mean. Whoever may not see them types on.
pub(super) async fn completions(
    client: &Client,
    kind: Resource,
    text: &str,
) -> BTreeMap<String, String> {
    let query = ListQuery::default().with(Filter::Q, text).limited(FOUND);
    let rows = page(client, kind, &query).await.map(|page| page.data);
    let named = rows.unwrap_or_default().into_iter();
    named.map(|row| (row.id(), row.name())).collect()
}

/// Things by name, or by the beginning of their id: the best first, at most 20.
pub(super) async fn found(
    client: &Client,
    kind: Resource,
    text: &str,
    now: Timestamp,
) -> Result<Vec<Row>, Problem> {
    let looks_like_id = text.contains('_') && !text.contains(char::is_whitespace);
    let mut rows = if looks_like_id || kind == Resource::Sessions {
        // The server knows whole ids alone.
        let search = Search {
            words: text.split_whitespace().map(str::to_owned).collect(),
            ..Search::default()
        };
        let found = crate::io::search::find(client, kind, ListQuery::default(), &search, now);
        found.await.map_err(Problem::from)?.rows
    } else {
        let query = ListQuery::default().with(Filter::Q, text).limited(FOUND);
        page(client, kind, &query).await?.data
    };
    let typed = text.to_lowercase();
    let rank = |row: &Row| {
        let (name, id) = (row.name().to_lowercase(), row.id());
        (
            name != typed && id != typed,
            !name.starts_with(&typed) && !id.starts_with(&typed),
            row.is_dead(),
        )
    };
    rows.sort_by_key(rank);
    rows.truncate(FOUND);
    Ok(rows)
}

/// What can be picked for what was typed. Whoever may not see them types.
pub(super) async fn offers(client: &Client, kind: Resource, text: &str) -> Vec<Offer> {
    let query = ListQuery::default();
    let query = match kind {
        Resource::Roles => query.limited(100),
        _ if text.is_empty() => query.limited(20),
        _ => query.with(Filter::Q, text).limited(20),
    };
    let page = page(client, kind, &query).await;
    let rows = page.map(|page| page.data).unwrap_or_default();
    let offer = |item: Row| match &item {
        Row::Role(role) => Offer {
            id: role.name.clone(),
            value: role.name.clone(),
            about: role.permissions.to_string(),
        },
        Row::User(user) => Offer {
            id: user.id.to_string(),
            value: user.email.clone(),
            about: crate::core::cells::full_name(user),
        },
        item => Offer {
            id: item.id(),
            value: item.id(),
            about: item.name(),
        },
    };
    rows.into_iter().map(offer).collect()
}

/// An access token for an operator's password.
pub(super) async fn sign_in(
    client: &Client,
    email: String,
    password: &Secret,
) -> Result<Secret, Problem> {
    let body = LoginRequest {
        email,
        password: password.expose().to_owned(),
    };
    let answer = client.server().login(&body).await.map_err(Problem::from)?;
    Ok(Secret::new(answer.access_token))
}
