//! `doorward watch`: a list, and then each change of it, until the reader goes or the program is interrupted.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use doorward_shared::{
    EventId,
    client::{Client, ClientError, ListQuery},
};
use serde::Serialize;

use super::{
    CliError, Context, Outcome, list,
    output::{self, Format},
    printer::Printer,
    table_columns,
};
use crate::{
    command::{ListArgs, Watch, Watched},
    core::{
        resource::{Resource, Row},
        search::Search,
    },
    io::{clock::now, list_rows::page, search, stderr},
};

/// Rows that are watched, at most.
const ROWS: usize = 10_000;
/// After an event, so long is waited for more.
const SETTLE: Duration = Duration::from_millis(300);
/// How often the list is read although nothing is known to have changed: states change with time, too.
const EVERY: Duration = Duration::from_secs(30);
/// How long to wait before a lost stream is opened again.
const AGAIN: Duration = Duration::from_secs(2);

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Change {
    Added,
    Changed,
    Removed,
}

impl Change {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Changed => "~",
            Self::Removed => "-",
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

#[derive(Serialize)]
struct WatchEvent<'a> {
    change: Change,
    item: &'a Row,
}

pub(super) fn kind(what: Watched) -> Resource {
    match what {
        Watched::Users => Resource::Users,
        Watched::Sessions => Resource::Sessions,
        Watched::Apikeys => Resource::Keys,
        Watched::Clients => Resource::Clients,
        Watched::Blocks => Resource::Blocks,
        Watched::Roles => Resource::Roles,
        Watched::Keys => Resource::Signing,
    }
}

/// Prints the list and what changes in it, until nobody reads any more or the program is interrupted.
///
/// # Errors
/// [`CliError`].
pub(super) async fn run(asked: Watch, with: &Context) -> Outcome {
    let kind = kind(asked.what);
    let args = ListArgs::of(asked.filter.as_deref().unwrap_or_default(), None);
    let search = list::search(&args, kind)?;
    let reader = crate::io::hangup::reader_gone();
    tokio::select! {
        done = watch(with, kind, &search) => done,
        _ = reader => Err(CliError::ReaderGone),
        // Being interrupted is how it ends.
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

async fn watch(with: &Context, kind: Resource, search: &Search) -> Outcome {
    // From before the first reading on, so that no change falls between the two.
    let mut events = Events::open(&with.client).await?;
    let mut known = read(&with.client, kind, search).await?;
    begin(with, kind, &known)?;
    loop {
        events.next(kind).await?;
        let newer = match read(&with.client, kind, search).await {
            Ok(rows) => rows,
            Err(error) if error.is_passing() => {
                stderr::say(&format!("{error}; trying again"));
                tokio::time::sleep(error.retry_after().unwrap_or_default().max(AGAIN)).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        for (change, row) in changes(&known, &newer) {
            tell(with, kind, change, row)?;
        }
        known = newer;
    }
}

/// Rows in their order.
type Rows = Vec<Row>;

/// The rows, as far as they are watched.
async fn read(client: &Client, kind: Resource, search: &Search) -> Result<Rows, ClientError> {
    let query = ListQuery::default();
    if search.is_the_servers(kind) {
        let params = search.params(kind).into_iter();
        let mut query = params
            .fold(query, |query, (name, value)| {
                search::narrow(query, name, value)
            })
            .limited(100);
        let mut rows = Vec::new();
        loop {
            let page = page(client, kind, &query).await?;
            rows.extend(page.data);
            query.cursor = page.pagination.next_cursor;
            if query.cursor.is_none() || rows.len() >= ROWS {
                return Ok(rows);
            }
        }
    }
    let found = search::find(client, kind, query, search, now()).await?;
    Ok(found.rows)
}

/// What is otherwise than before: what is gone first, then what is new, oldest first.
fn changes<'r>(before: &'r Rows, after: &'r Rows) -> Vec<(Change, &'r Row)> {
    let known: BTreeMap<String, &Row> = before.iter().map(|row| (row.id(), row)).collect();
    let left: HashSet<String> = after.iter().map(Row::id).collect();
    let gone = before.iter().filter(|row| !left.contains(&row.id()));
    let gone = gone.map(|row| (Change::Removed, row));
    let others = after
        .iter()
        .rev()
        .filter_map(|row| match known.get(&row.id()) {
            None => Some((Change::Added, row)),
            Some(old) if differ(old, row) => Some((Change::Changed, row)),
            Some(_) => None,
        });
    gone.chain(others).collect()
}

/// Whether two states of a thing differ in more than when it was last seen or used.
fn differ(one: &Row, other: &Row) -> bool {
    let still = |row: &Row| {
        let mut row = row.clone();
        match &mut row {
            Row::Session(session) => {
                session.last_seen_at = session.created_at;
                session.ends_at = session.created_at;
            }
            Row::Key(key) => (key.last_used_at, key.last_used_ip) = (None, None),
            _ => {}
        }
        row
    };
    still(one) != still(other)
}

fn begin(with: &Context, kind: Resource, rows: &Rows) -> Outcome {
    let printer = Printer::new(with.output, table_columns::columns(kind));
    let mut printer = printer.choosing(with.columns.as_deref());
    if with.output == Format::Csv {
        printer.change_head()?;
    }
    if with.output.is_data() || with.output == Format::Csv {
        return rows
            .iter()
            .try_for_each(|row| tell(with, kind, Change::Added, row));
    }
    printer.rows(rows, table_columns::cells)?;
    printer.end()
}

fn tell(with: &Context, kind: Resource, change: Change, row: &Row) -> Outcome {
    match with.output {
        Format::Json | Format::Jsonl => {
            let told = WatchEvent { change, item: row };
            output::json(Format::Jsonl, &told)
        }
        Format::Yaml => {
            output::write("---\n")?;
            output::json(Format::Yaml, &WatchEvent { change, item: row })
        }
        Format::Name => output::line(&format!("{} {}", change.sign(), row.id())),
        Format::Table | Format::Csv => {
            let printer = Printer::new(with.output, table_columns::columns(kind));
            let printer = printer.choosing(with.columns.as_deref());
            printer.change(change, row, table_columns::cells)
        }
    }
}

/// The events by which it is known that a list may have changed.
struct Events {
    client: Client,
    /// None where they may not be seen: then the list is read from time to time.
    stream: Option<doorward_shared::client::EventStream>,
    after: Option<EventId>,
    allowed: bool,
}

impl Events {
    async fn open(client: &Client) -> Result<Self, CliError> {
        let mut events = Self {
            client: client.clone(),
            stream: None,
            after: None,
            allowed: true,
        };
        match events.connect().await {
            Ok(()) => Ok(events),
            Err(ClientError::Refused { status: 403, .. }) => {
                events.allowed = false;
                stderr::say("the events may not be seen (admin:events:read): reading every 30 s");
                Ok(events)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn connect(&mut self) -> Result<(), ClientError> {
        let stream = self.client.events().stream(self.after).await?;
        self.after = stream.last();
        self.stream = Some(stream);
        Ok(())
    }

    /// Waits until the list may be another.
    async fn next(&mut self, kind: Resource) -> Outcome {
        let wait = tokio::time::sleep(EVERY);
        tokio::pin!(wait);
        loop {
            if self.stream.is_none() && self.allowed {
                match self.connect().await {
                    // Something may have happened meanwhile.
                    Ok(()) => return Ok(()),
                    Err(error) if error.is_passing() => {
                        let asked = error.retry_after().unwrap_or_default();
                        tokio::time::sleep(asked.max(AGAIN)).await;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            let Some(stream) = &mut self.stream else {
                wait.await;
                return Ok(());
            };
            let event = tokio::select! {
                () = &mut wait => return Ok(()),
                event = stream.next() => event,
            };
            match event {
                Ok(Some(event)) => {
                    self.after = Some(event.id);
                    if kind.changes_with(&event.action) {
                        tokio::time::sleep(SETTLE).await;
                        return Ok(());
                    }
                }
                Ok(None) => {
                    self.stream = None;
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => {
                    stderr::say(&format!("{error}; trying again"));
                    self.stream = None;
                    tokio::time::sleep(error.retry_after().unwrap_or_default().max(AGAIN)).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::{session, user};

    #[test]
    fn what_came_went_and_is_otherwise_is_told_and_what_was_only_seen_again_is_not() {
        let one = user(1, "ada@example.org");
        let two = user(2, "bob@example.org");
        let mut changed = one.clone();
        changed.disabled = true;
        let three = user(3, "eve@example.org");
        let before = vec![Row::User(two.clone()), Row::User(one)];
        let after = vec![Row::User(three.clone()), Row::User(changed.clone())];
        let told: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|(change, row)| (change.sign(), row.name()))
            .collect();
        assert_eq!(
            told,
            [("-", two.email), ("~", changed.email), ("+", three.email)]
        );
        let seen = session(1);
        let mut again = seen.clone();
        again.last_seen_at = again.last_seen_at.plus_seconds(60);
        assert_eq!(
            changes(&vec![Row::Session(seen)], &vec![Row::Session(again)]).len(),
            0
        );
    }
}
