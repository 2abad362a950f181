//! An incident: everything that happened around a user, an address, a client or a key.

use doorward_shared::{
    Page, Timestamp,
    admin::Event,
    client::{Client, ClientError},
};

use crate::text::clean;

/// Events of one incident, at most.
const MANY: usize = 500;

/// What an incident turns around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pivot {
    User(String),
    Address(String),
    Client(String),
    Key(String),
}

impl Pivot {
    /// From an id or an address.
    ///
    /// # Errors
    /// One line.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("user_") {
            Ok(Self::User(text.into()))
        } else if text.starts_with("client_") {
            Ok(Self::Client(text.into()))
        } else if text.starts_with("key_") {
            Ok(Self::Key(text.into()))
        } else if text.parse::<std::net::IpAddr>().is_ok() {
            Ok(Self::Address(text.into()))
        } else {
            Err(format!(
                "{text} is neither a user, an address, a client nor a key"
            ))
        }
    }

    /// The id or address.
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) | Self::Address(id) | Self::Client(id) | Self::Key(id) => id,
        }
    }

    /// What it is called.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Address(_) => "address",
            Self::Client(_) => "client",
            Self::Key(_) => "key",
        }
    }

    /// Filters of the event lists that together hold its timeline.
    pub fn filters(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::User(id) => vec![("userId", id), ("actor", id)],
            Self::Address(ip) => vec![("ip", ip)],
            Self::Client(id) | Self::Key(id) => vec![("target", id), ("actor", id)],
        }
    }
}

/// What happened, oldest first: the newest events that touch the pivot, each once.
///
/// # Errors
/// [`ClientError`].
pub async fn timeline(
    client: &Client,
    pivot: &Pivot,
    since: Timestamp,
) -> Result<Vec<Event>, ClientError> {
    let mut events: Vec<Event> = Vec::new();
    for (name, value) in pivot.filters() {
        let mut cursor: Option<String> = None;
        loop {
            let mut query = vec![
                (name.to_owned(), value.to_owned()),
                ("since".to_owned(), since.to_string()),
                ("limit".to_owned(), "100".to_owned()),
            ];
            query.extend(cursor.take().map(|cursor| ("cursor".to_owned(), cursor)));
            let page: Page<Event> = client.get("/admin/events", &query).await?;
            events.extend(page.data);
            cursor = page.pagination.next_cursor;
            if cursor.is_none() || events.len() >= MANY {
                break;
            }
        }
    }
    events.sort_by_key(|event| event.id);
    events.dedup_by_key(|event| event.id);
    Ok(events)
}

/// The incident as Markdown: for a ticket. `done` is what the operator has done about it.
pub fn markdown(pivot: &Pivot, events: &[Event], done: &[String]) -> String {
    let cell = |text: &str| clean(text).replace('|', "\\|").replace('<', "&lt;");
    let mut out = format!("# Incident: {} {}\n\n", pivot.kind(), cell(pivot.id()));
    if !done.is_empty() {
        out.push_str("## Done\n\n");
        for line in done {
            out.push_str(&format!("- {}\n", cell(line)));
        }
        out.push('\n');
    }
    out.push_str("## Timeline\n\n| time | action | actor | target | ip | detail |\n|---|---|---|---|---|---|\n");
    for event in events {
        let optional = |text: &Option<String>| cell(text.as_deref().unwrap_or_default());
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            event.time,
            cell(&event.action),
            cell(&event.actor),
            optional(&event.target),
            optional(&event.ip),
            optional(&event.detail)
        ));
    }
    out
}
