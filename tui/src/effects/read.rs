//! Questions to the server. What comes back is cleaned before anybody sees it.

use std::collections::BTreeMap;

use doorward_shared::{
    Page, Pagination, Timestamp,
    admin::ServerInfo,
    auth::{LoginRequest, TokenResponse},
    client::{Client, ClientError},
};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::problem;
use crate::{
    app::{
        Msg,
        list::PAGE,
        msg::{Reply, Timeline},
        pick::Offer,
        problem::Problem,
    },
    cli::segment,
    incident::Pivot,
    item::{Item, Kind},
    refusal::{self, FailingClient},
    search::Search,
    secret::Secret,
    text::clean_value,
};

/// Names that are looked up for one screen, at most.
const NAMES: usize = 60;
/// Pages of refused clients that are counted, newest first, at most.
const REFUSALS: usize = 5;

fn strange(client: &Client, error: &serde_json::Error) -> Problem {
    problem(ClientError::Strange {
        url: client.base().to_owned(),
        reason: error.to_string(),
        status: None,
    })
}

async fn value(client: &Client, path: &str, query: &[(String, String)]) -> Result<Value, Problem> {
    let mut value: Value = client.get(path, query).await.map_err(problem)?;
    clean_value(&mut value);
    Ok(value)
}

/// One thing of a type.
pub async fn one<T: DeserializeOwned>(client: &Client, path: &str) -> Result<Box<T>, Problem> {
    let value = value(client, path, &[]).await?;
    serde_json::from_value(value)
        .map(Box::new)
        .map_err(|error| strange(client, &error))
}

/// A page of a list.
pub async fn page(
    client: &Client,
    kind: Kind,
    query: &[(String, String)],
) -> Result<Page<Item>, Problem> {
    let value = value(client, kind.path(), query).await?;
    kind.page(value).map_err(|error| strange(client, &error))
}

/// Pages one after another.
pub async fn pages(
    client: &Client,
    kind: Kind,
    query: Vec<(String, String)>,
    cursor: Option<String>,
    count: usize,
) -> Result<Vec<Page<Item>>, Problem> {
    let mut pages = Vec::new();
    let mut cursor = cursor;
    for _ in 0..count {
        let mut query = query.clone();
        query.push(("limit".into(), PAGE.to_string()));
        query.extend(cursor.take().map(|cursor| ("cursor".into(), cursor)));
        let page = page(client, kind, &query).await?;
        cursor.clone_from(&page.pagination.next_cursor);
        pages.push(page);
        if cursor.is_none() {
            break;
        }
    }
    Ok(pages)
}

/// What a search finds, as one page, and what is to be said of it. The names it came by are told on the way.
pub async fn search(
    client: &Client,
    kind: Kind,
    query: Vec<(String, String)>,
    (search, now): (&Search, Timestamp),
    replies: &UnboundedSender<Msg>,
) -> Result<(Page<Item>, Option<String>), Problem> {
    let found = crate::search::find(client, kind, query, search, now)
        .await
        .map_err(problem)?;
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
    let data = found.rows.into_iter().map(|(item, _)| item).collect();
    Ok((Page { data, pagination }, note))
}

pub async fn server(client: &Client) -> Reply {
    let ready = match client.get::<Value>("/health/ready", &[]).await {
        Ok(_) => true,
        Err(ClientError::Refused { .. }) => false,
        Err(error) => {
            return Reply::Server {
                ready: false,
                info: Err(problem(error)),
            };
        }
    };
    Reply::Server {
        ready,
        info: one::<ServerInfo>(client, "/admin/server").await,
    }
}

/// Clients that were refused since a time.
pub async fn failing_clients(
    client: &Client,
    since: Timestamp,
) -> Result<Vec<FailingClient>, Problem> {
    let query = vec![
        ("action".to_owned(), "client.refused".to_owned()),
        ("since".to_owned(), since.to_string()),
    ];
    let pages = pages(client, Kind::Events, query, None, REFUSALS).await?;
    let items = pages.into_iter().flat_map(|page| page.data);
    let events: Vec<_> = items
        .filter_map(|item| match item {
            Item::Event(event) => Some(event),
            _ => None,
        })
        .collect();
    Ok(refusal::failing_clients(&events))
}

/// A thing by its id.
pub async fn thing(client: &Client, kind: Kind, id: &str) -> Result<Box<Item>, Problem> {
    let path = format!("{}/{}", kind.path(), segment(id));
    match kind {
        Kind::Users => one(client, &path)
            .await
            .map(|user| Box::new(Item::User(*user))),
        Kind::Sessions => one(client, &path)
            .await
            .map(|session| Box::new(Item::Session(*session))),
        Kind::Keys => one(client, &path)
            .await
            .map(|key| Box::new(Item::Key(*key))),
        Kind::Clients => one(client, &path)
            .await
            .map(|client| Box::new(Item::Client(*client))),
        Kind::Roles => one(client, &path)
            .await
            .map(|role| Box::new(Item::Role(*role))),
        Kind::Events | Kind::Signing | Kind::Profiles => {
            Err(Problem::refused("there is no more to it"))
        }
    }
}

/// Emails of users, names of clients and keys. What cannot be had keeps its id.
pub async fn names(client: &Client, ids: Vec<String>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for id in ids.into_iter().take(NAMES) {
        let Some(kind) = Kind::of_id(&id) else {
            continue;
        };
        match thing(client, kind, &id).await.map(|item| item.name()) {
            Ok(name) => names.insert(id, name),
            // Gone, or not ours to see: the id says as much.
            Err(_) => None,
        };
    }
    names
}

pub async fn timeline(
    client: &Client,
    pivot: &Pivot,
    since: Timestamp,
) -> Result<Timeline, Problem> {
    let events = crate::incident::timeline(client, pivot, since)
        .await
        .map_err(problem)?;
    let mut value = serde_json::to_value(events).map_err(|error| strange(client, &error))?;
    clean_value(&mut value);
    let events = serde_json::from_value(value).map_err(|error| strange(client, &error))?;
    Ok(Timeline {
        events,
        live_sessions: crate::incident::live_sessions(client, pivot).await,
    })
}

/// What can be picked for what was typed. Whoever may not see them types.
pub async fn offers(client: &Client, kind: Kind, text: &str) -> Vec<Offer> {
    let mut query = vec![("limit".to_owned(), "20".to_owned())];
    if kind == Kind::Roles {
        query[0].1 = "100".into();
    } else if !text.is_empty() {
        query.push(("q".to_owned(), text.to_owned()));
    }
    let page = page(client, kind, &query).await;
    let rows = page.map(|page| page.data).unwrap_or_default();
    let offer = |item: Item| match &item {
        Item::Role(role) => Offer {
            id: role.name.clone(),
            value: role.name.clone(),
            about: role.permissions.to_string(),
        },
        Item::User(user) => Offer {
            id: user.id.to_string(),
            value: user.email.clone(),
            about: crate::widgets::columns::full_name(user),
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
pub async fn sign_in(client: &Client, email: String, password: &Secret) -> Result<Secret, Problem> {
    let body = LoginRequest {
        email,
        password: password.expose().to_owned(),
    };
    let answer: TokenResponse = client
        .send(Method::POST, "/auth/login", &body)
        .await
        .map_err(problem)?;
    Ok(Secret::new(answer.access_token))
}
