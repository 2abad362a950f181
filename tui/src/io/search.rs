//! A search against a server: its own lists narrow down as far as they can, and what they cannot is judged here.

use std::collections::BTreeSet;

use doorward_shared::{
    Timestamp,
    client::{Client, ClientError, Filter, ListQuery},
};

use super::list_rows;
use crate::core::{
    resource::{Resource, Row},
    search::{Names, Search, Term, terms, terms_of},
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
pub(super) struct SearchResult {
    /// In the list's order.
    pub rows: Vec<Row>,
    /// Names that were looked up for it.
    pub names: Names,
    /// Rows that were looked at, where that was not all of them.
    pub gave_up_after: Option<u64>,
}

impl SearchResult {
    /// What is said of a search that did not see all rows.
    pub(super) fn gave_up(&self, kind: Resource) -> Option<String> {
        let rows = self.gave_up_after?;
        Some(format!(
            "search incomplete: {rows} rows and the server's index searched, and there may be more; narrow it, {}",
            terms_of(kind)
        ))
    }
}

/// What hears how many rows were looked at.
type Tell<'a> = dyn Fn(u64) + Sync + 'a;

struct SearchRun<'a> {
    client: &'a Client,
    tell: &'a Tell<'a>,
    kind: Resource,
    search: &'a Search,
    now: Timestamp,
    found: SearchResult,
    seen: BTreeSet<String>,
    looked_at: u64,
}

/// Searches a list that `query` has narrowed down and ordered.
///
/// # Errors
/// [`ClientError`].
pub(super) async fn find(
    client: &Client,
    kind: Resource,
    query: ListQuery,
    search: &Search,
    now: Timestamp,
) -> Result<SearchResult, ClientError> {
    find_telling(client, kind, query, search, now, &|_| ()).await
}

/// As [`find`]; `tell` hears how many rows were looked at so far.
///
/// # Errors
/// [`ClientError`].
pub(super) async fn find_telling(
    client: &Client,
    kind: Resource,
    query: ListQuery,
    search: &Search,
    now: Timestamp,
    tell: &Tell<'_>,
) -> Result<SearchResult, ClientError> {
    let mut run = SearchRun::of(client, kind, search, now);
    run.tell = tell;
    run.look_up_names().await;
    let ordered = query.sort.is_some();
    let narrowed = search
        .params(kind)
        .into_iter()
        .fold(query, |query, (name, value)| narrow(query, name, value));
    let most = if search.words.is_empty() {
        TERMS
    } else {
        WORDS
    };
    if !run.pages(&narrowed, most).await? {
        run.found.gave_up_after = Some(run.looked_at);
        run.ask_the_index(&narrowed).await?;
        if !ordered && kind != Resource::Roles {
            // Ids come in the order of creation; lists are newest first.
            run.found
                .rows
                .sort_by_key(|item| std::cmp::Reverse(item.id()));
        }
    }
    Ok(run.found)
}

/// Names that a search may mean, for judging rows that come by another way.
pub(super) async fn names(
    client: &Client,
    kind: Resource,
    search: &Search,
    now: Timestamp,
) -> Names {
    let mut run = SearchRun::of(client, kind, search, now);
    run.look_up_names().await;
    run.found.names
}

impl<'a> SearchRun<'a> {
    fn of(client: &'a Client, kind: Resource, search: &'a Search, now: Timestamp) -> Self {
        Self {
            client,
            tell: &|_| (),
            kind,
            search,
            now,
            found: SearchResult::default(),
            seen: BTreeSet::new(),
            looked_at: 0,
        }
    }

    /// Names of people, clients and keys that a word or a term may mean. What may not be seen is not searched.
    async fn look_up_names(&mut self) {
        let kinds: &[Resource] = match self.kind {
            Resource::Sessions => &[Resource::Users, Resource::Clients],
            Resource::Keys => &[Resource::Users],
            Resource::Events => &[Resource::Users, Resource::Clients, Resource::Keys],
            _ => return,
        };
        let named = self.search.terms.iter().filter_map(Term::named);
        let texts: BTreeSet<&str> = named
            .chain(self.search.words.iter().map(String::as_str))
            .collect();
        for text in texts {
            for kind in kinds {
                let query = ListQuery::default().with(Filter::Q, text).limited(100);
                let Ok(page) = list_rows::page(self.client, *kind, &query).await else {
                    continue;
                };
                let names = page.data.iter().map(|item| (item.id(), item.name()));
                self.found.names.extend(names);
            }
        }
    }

    /// Reads pages, at most so many; answers whether those were all.
    async fn pages(&mut self, query: &ListQuery, most: usize) -> Result<bool, ClientError> {
        let mut query = query.clone().limited(100);
        for _ in 0..most {
            let page = list_rows::page(self.client, self.kind, &query).await?;
            self.looked_at += page.data.len() as u64;
            (self.tell)(self.looked_at);
            for item in page.data {
                if self.search.matches(&item, &self.found.names, self.now)
                    && self.seen.insert(item.id())
                {
                    self.found.rows.push(item);
                }
            }
            match page.pagination.next_cursor {
                Some(next) => query.cursor = Some(next),
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Older rows: those that the server's own search finds, and those of people who are meant.
    async fn ask_the_index(&mut self, narrowed: &ListQuery) -> Result<(), ClientError> {
        if let Some(word) = self.search.longest().filter(|_| !narrowed.has(Filter::Q)) {
            let query = narrowed.clone().with(Filter::Q, word);
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
                if !narrowed.has(name) {
                    let query = narrowed.clone().with(name, value);
                    self.pages(&query, 2).await?;
                }
            }
        }
        Ok(())
    }
}

/// Narrows a list down by a parameter of the search, unless it was narrowed down by that before.
pub(super) fn narrow(query: ListQuery, name: Filter, value: String) -> ListQuery {
    if query.has(name) {
        query
    } else {
        query.with(name, value)
    }
}
