//! A search against a server: its own lists narrow down as far as they can, and what they cannot is judged here.

use std::collections::BTreeSet;

use doorward_shared::{
    Page, Timestamp,
    client::{Client, ClientError},
};
use serde_json::Value;

use super::{Names, Search, terms};
use crate::{
    item::{Item, Kind},
    text::clean_value,
};

/// Pages of 100 rows that are looked through for words, newest first.
const WORDS: usize = 10;
/// Pages that are looked through where terms have narrowed the list down.
const TERMS: usize = 50;
/// Pages of what the server's own search found.
const SERVER: usize = 10;
/// People whose rows are asked for besides.
const PEOPLE: usize = 10;

/// What a search came to.
#[derive(Debug, Default)]
pub struct Found {
    /// As the server sent them, in the list's order.
    pub rows: Vec<(Item, Value)>,
    /// Names that were looked up for it.
    pub names: Names,
    /// Rows that were looked at, where that was not all of them.
    pub gave_up_after: Option<u64>,
}

impl Found {
    /// What is said of a search that did not see all rows.
    pub fn gave_up(&self, kind: Kind) -> Option<String> {
        let rows = self.gave_up_after?;
        Some(format!(
            "the search gave up early: it looked at {rows} rows and the server's own index, and there may be more; narrow it, {}",
            super::terms_of(kind)
        ))
    }
}

struct Run<'a> {
    client: &'a Client,
    kind: Kind,
    search: &'a Search,
    now: Timestamp,
    found: Found,
    seen: BTreeSet<String>,
    looked_at: u64,
}

type Query = Vec<(String, String)>;

/// Searches a list that `query` has narrowed down and ordered.
///
/// # Errors
/// [`ClientError`].
pub async fn find(
    client: &Client,
    kind: Kind,
    query: Query,
    search: &Search,
    now: Timestamp,
) -> Result<Found, ClientError> {
    let mut run = Run::of(client, kind, search, now);
    run.look_up_names().await;
    let ordered = query.iter().any(|(name, _)| name == "sort");
    let mut narrowed = query;
    for (name, value) in search.params(kind) {
        if !narrowed.iter().any(|(have, _)| have == name) {
            narrowed.push((name.to_owned(), value));
        }
    }
    let most = if search.words.is_empty() {
        TERMS
    } else {
        WORDS
    };
    if !run.pages(&narrowed, most).await? {
        run.found.gave_up_after = Some(run.looked_at);
        run.ask_the_index(&narrowed).await?;
        if !ordered && kind != Kind::Roles {
            // Ids come in the order of creation; lists are newest first.
            run.found
                .rows
                .sort_by_key(|(item, _)| std::cmp::Reverse(item.id()));
        }
    }
    Ok(run.found)
}

/// Names that a search may mean, for judging rows that come by another way.
pub async fn names(client: &Client, kind: Kind, search: &Search, now: Timestamp) -> Names {
    let mut run = Run::of(client, kind, search, now);
    run.look_up_names().await;
    run.found.names
}

impl<'a> Run<'a> {
    fn of(client: &'a Client, kind: Kind, search: &'a Search, now: Timestamp) -> Self {
        Self {
            client,
            kind,
            search,
            now,
            found: Found::default(),
            seen: BTreeSet::new(),
            looked_at: 0,
        }
    }

    /// Names of people, clients and keys that a word or a term may mean. What may not be seen is not searched.
    async fn look_up_names(&mut self) {
        let kinds: &[Kind] = match self.kind {
            Kind::Sessions => &[Kind::Users, Kind::Clients],
            Kind::Keys => &[Kind::Users],
            Kind::Events => &[Kind::Users, Kind::Clients, Kind::Keys],
            _ => return,
        };
        let named = self.search.terms.iter().filter_map(super::Term::named);
        let texts: BTreeSet<&str> = named
            .chain(self.search.words.iter().map(String::as_str))
            .collect();
        for text in texts {
            for kind in kinds {
                let query = [("q".into(), text.into()), ("limit".into(), "100".into())];
                let Ok(page) = page(self.client, *kind, &query).await else {
                    continue;
                };
                let names = page.0.iter().map(|(item, _)| (item.id(), item.name()));
                self.found.names.extend(names);
            }
        }
    }

    /// Reads pages, at most so many; answers whether those were all.
    async fn pages(&mut self, query: &Query, most: usize) -> Result<bool, ClientError> {
        let mut cursor = None;
        for _ in 0..most {
            let mut query = query.clone();
            query.push(("limit".into(), "100".into()));
            query.extend(cursor.take().map(|cursor| ("cursor".into(), cursor)));
            let (rows, next) = page(self.client, self.kind, &query).await?;
            self.looked_at += rows.len() as u64;
            for (item, value) in rows {
                if self.search.matches(&item, &self.found.names, self.now)
                    && self.seen.insert(item.id())
                {
                    self.found.rows.push((item, value));
                }
            }
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Older rows: those that the server's own search finds, and those of people who are meant.
    async fn ask_the_index(&mut self, narrowed: &Query) -> Result<(), ClientError> {
        let has = |query: &Query, name: &str| query.iter().any(|(have, _)| have == name);
        if let Some(word) = self.search.longest().filter(|_| !has(narrowed, "q")) {
            let mut query = narrowed.clone();
            query.push(("q".into(), word.to_owned()));
            self.pages(&query, SERVER).await?;
        }
        let people: Vec<String> = self
            .found
            .names
            .keys()
            .filter(|id| id.starts_with("user_"))
            .take(PEOPLE)
            .cloned()
            .collect();
        for id in people {
            for (name, value) in terms::owner(self.kind, &id) {
                if !has(narrowed, name) {
                    let mut query = narrowed.clone();
                    query.push((name.to_owned(), value));
                    self.pages(&query, 2).await?;
                }
            }
        }
        Ok(())
    }
}

/// Rows of a page, and where the next begins.
async fn page(
    client: &Client,
    kind: Kind,
    query: &[(String, String)],
) -> Result<(Vec<(Item, Value)>, Option<String>), ClientError> {
    let page: Page<Value> = client.get(kind.path(), query).await?;
    let mut rows = Vec::with_capacity(page.data.len());
    for raw in page.data {
        let mut value = raw.clone();
        clean_value(&mut value);
        let item = kind.item(value).map_err(|error| ClientError::Strange {
            url: client.base().to_owned(),
            reason: error.to_string(),
            status: None,
        })?;
        rows.push((item, raw));
    }
    Ok((rows, page.pagination.next_cursor))
}
