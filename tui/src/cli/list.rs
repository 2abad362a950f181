//! Lists: pages one after another, or what a search finds; printed as they come.

use doorward_shared::{Page, client::Client};
use serde::de::DeserializeOwned;

use super::{
    Context, Failed, Outcome, now,
    output::{Printer, Row},
};
use crate::{
    item::Kind,
    search::{self, Search},
    stderr,
};

/// Rows of a list where nobody says how many.
const SOME: usize = 100;

/// Which part of a list.
#[derive(Debug, Clone, clap::Args)]
pub struct ListArgs {
    /// Words that a row must show, and terms such as role:admin, state:disabled, ip:10.0.1.0/24, unused:30d, owner:ada,
    /// action:login.failed, since:2h
    #[arg(long, value_name = "SEARCH")]
    q: Option<String>,
    /// Order, as field:asc or field:desc
    #[arg(long)]
    sort: Option<String>,
    /// Most rows; without it 100, and a word on stderr where there are more
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// All rows, however many
    #[arg(long)]
    all: bool,
}

type Query = Vec<(String, String)>;

impl ListArgs {
    /// What `--q` asks for in this kind of list.
    ///
    /// # Errors
    /// The term that is wrong.
    pub fn search(&self, kind: Kind) -> Result<Search, Failed> {
        let text = self.q.as_deref().unwrap_or_default();
        Search::parse(kind, text, now()).map_err(|why| Failed::Usage(format!("--q: {why}")))
    }

    /// Prints the list.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn print<T: DeserializeOwned + Row>(
        &self,
        with: &Context,
        path: &str,
        filters: Vec<(&str, Option<String>)>,
    ) -> Outcome {
        let given = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?));
        let mut query: Query = filters
            .into_iter()
            .chain([("sort", self.sort.clone())])
            .filter_map(given)
            .collect();
        let Some(kind) = Kind::at_path(path) else {
            return self.pages::<T>(with, path, query).await;
        };
        let search = self.search(kind)?;
        let params = search.params(kind);
        let clash = params
            .iter()
            .any(|(name, _)| query.iter().any(|(have, _)| have == name));
        if !search.is_the_servers(kind) || clash {
            return self.found::<T>(with, kind, query, &search).await;
        }
        query.extend(
            params
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        self.pages::<T>(with, path, query).await
    }

    fn wanted(&self) -> usize {
        if self.all {
            usize::MAX
        } else {
            self.limit.unwrap_or(SOME)
        }
    }

    /// Page after page: each is printed before the next is asked for.
    async fn pages<T: DeserializeOwned + Row>(
        &self,
        with: &Context,
        path: &str,
        query: Query,
    ) -> Outcome {
        let wanted = self.wanted();
        let mut printer = Printer::<T>::new(with.output);
        let mut shown = 0;
        let mut cursor = None;
        while shown < wanted {
            let limit = (wanted - shown).min(100);
            let page: Page<T> = page(&with.client, path, &query, limit, cursor).await?;
            shown += page.data.len();
            printer.rows(&page.data)?;
            match page.pagination.next_cursor {
                Some(next) => cursor = Some(next),
                None => break,
            }
            if shown >= wanted && self.limit.is_none() {
                let total = page.pagination.total;
                stderr::say(&format!("{shown} of {total} shown; --all shows all"));
            }
        }
        printer.end()
    }

    async fn found<T: DeserializeOwned + Row>(
        &self,
        with: &Context,
        kind: Kind,
        query: Query,
        search: &Search,
    ) -> Outcome {
        let found = search::find(&with.client, kind, query, search, now()).await?;
        let (total, wanted) = (found.rows.len(), self.wanted());
        let note = match found.gave_up(kind) {
            Some(note) => Some(note),
            None if total == 0 => search
                .hint(kind)
                .map(|hint| format!("nothing found: {hint}")),
            None if total > wanted && self.limit.is_none() => {
                Some(format!("{wanted} of {total} shown; --all shows all"))
            }
            None => None,
        };
        let rows: Vec<T> = found
            .rows
            .into_iter()
            .take(wanted)
            .map(|(_, value)| serde_json::from_value(value))
            .collect::<Result<_, _>>()
            .map_err(|error| Failed::Error(error.to_string()))?;
        let mut printer = Printer::<T>::new(with.output);
        printer.rows(&rows)?;
        printer.end()?;
        if let Some(note) = note {
            stderr::say(&note);
        }
        Ok(())
    }
}

async fn page<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    query: &Query,
    limit: usize,
    cursor: Option<String>,
) -> Result<Page<T>, Failed> {
    let mut query = query.clone();
    query.push(("limit".into(), limit.to_string()));
    query.extend(cursor.map(|cursor| ("cursor".into(), cursor)));
    Ok(client.get(path, &query).await?)
}
