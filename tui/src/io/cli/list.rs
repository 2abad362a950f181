//! Lists: pages one after another, or what a search finds; printed as they come.

use std::sync::{Mutex, PoisonError};

use doorward_shared::client::{Filter, ListQuery, Sort, SortField};

use super::{CliError, Context, Format, Outcome, printer::Printer, table_columns};
use crate::{
    command::{
        ApiKeys, Blocks, Clients, Command, ListArgs, ListEvents, ListKeys, ListSessions, ListUsers,
        Roles, Sessions, SigningKeys, Users,
    },
    core::{
        resource::{Resource, Row},
        search::Search,
    },
    io::{
        clock::now,
        list_rows::page,
        progress::Progress,
        search::{self, narrow},
        stderr,
    },
};

/// Rows of a list where nobody says how many.
const DEFAULT_LIMIT: usize = 100;

/// A list that is asked for.
#[derive(Debug)]
pub(super) struct Listing {
    kind: Resource,
    args: ListArgs,
    /// Without what is searched for.
    query: ListQuery,
}

/// The list that a command asks for. Users are named by id by now.
pub(super) fn listing(command: &Command) -> Option<Listing> {
    let query = ListQuery::default();
    let (kind, args, query) = match command {
        Command::Users(Users::List(asked)) => (Resource::Users, &asked.list, users(asked)),
        Command::Sessions(Sessions::List(asked)) => {
            (Resource::Sessions, &asked.list, sessions(asked))
        }
        Command::Apikeys(ApiKeys::List(asked)) => (Resource::Keys, &asked.list, keys(asked)),
        Command::Clients(Clients::List { list }) => (Resource::Clients, list, query),
        Command::Blocks(Blocks::List { list }) => (Resource::Blocks, list, query),
        Command::Roles(Roles::List { list }) => (Resource::Roles, list, query),
        Command::Keys(SigningKeys::List { list }) => (Resource::Signing, list, query),
        _ => return None,
    };
    Some(Listing {
        kind,
        args: args.clone(),
        query,
    })
}

fn users(asked: &ListUsers) -> ListQuery {
    ListQuery::default()
        .with_some(Filter::Role, asked.role.as_ref())
        .with_some(Filter::Disabled, asked.disabled)
}

fn sessions(asked: &ListSessions) -> ListQuery {
    ListQuery::default()
        .with_some(Filter::UserId, asked.of.user.as_ref())
        .with_some(Filter::ClientId, asked.of.client)
        .with_some(Filter::Ip, asked.of.ip.as_ref())
        .with_some(Filter::Active, asked.active)
}

fn keys(asked: &ListKeys) -> ListQuery {
    let now = now();
    let unused = asked.unused_since.map(|at| at.before(now));
    let expires = asked.expires_before.map(|at| at.after(now));
    ListQuery::default()
        .with_some(Filter::OwnerId, asked.owner.as_ref())
        .with_some(Filter::Scope, asked.scope.as_ref())
        .with_some(Filter::UnusedSince, unused)
        .with_some(Filter::ExpiresBefore, expires)
        .with_some(Filter::Active, asked.active)
}

/// Whether columns can be chosen for what a command prints.
pub(super) fn takes_columns(command: &Command, format: Format) -> bool {
    let is_list = match command {
        Command::Events(asked) => !(*asked).clone().asked().follow,
        Command::Watch(_) => true,
        other => listing(other).is_some(),
    };
    is_list && matches!(format, Format::Table | Format::Csv)
}

/// The list of events.
pub(super) fn events(asked: &ListEvents) -> Listing {
    let now = now();
    let query = ListQuery::default()
        .with_some(Filter::Actor, asked.actor.as_ref())
        .with_some(Filter::Action, asked.action.as_ref())
        .with_some(Filter::Target, asked.target.as_ref())
        .with_some(Filter::UserId, asked.user.as_ref())
        .with_some(Filter::Ip, asked.ip.as_ref())
        .with_some(Filter::ClientId, asked.client)
        .with_some(Filter::Since, asked.since.map(|at| at.before(now)))
        .with_some(Filter::Until, asked.until.map(|at| at.before(now)));
    Listing {
        kind: Resource::Events,
        args: asked.list.clone(),
        query,
    }
}

/// What `--q` asks for in this kind of list.
///
/// # Errors
/// The term that is wrong.
pub(super) fn search(args: &ListArgs, kind: Resource) -> Result<Search, CliError> {
    let text = args.q.as_deref().unwrap_or_default();
    Search::parse(kind, text, now()).map_err(|why| CliError::Usage(format!("--q: {why}")))
}

/// Prints a list.
///
/// # Errors
/// [`CliError`].
pub(super) async fn print(listing: Listing, with: &Context) -> Outcome {
    let Listing { kind, args, query } = listing;
    let query = query.sorted(args.sort.as_ref());
    let search = search(&args, kind)?;
    let params = search.params(kind);
    let clash = params.iter().any(|(name, _)| query.has(*name));
    let wanted = if args.all {
        usize::MAX
    } else {
        args.limit.unwrap_or(DEFAULT_LIMIT)
    };
    // Nobody said how many: then it is told that there are more.
    let told = args.limit.is_none();
    if search.is_the_servers(kind) && !clash {
        let query = params
            .into_iter()
            .fold(query, |query, (name, value)| narrow(query, name, value));
        return pages(with, kind, query, ListRequest { rows: wanted, told }).await;
    }
    found(
        with,
        kind,
        query,
        &search,
        ListRequest { rows: wanted, told },
    )
    .await
}

/// Prints all users as JSON lines, in the order in which they were made.
///
/// # Errors
/// [`CliError`].
pub(super) async fn export(with: &Context) -> Outcome {
    let with = Context {
        client: with.client.clone(),
        output: Format::Jsonl,
        columns: None,
        ..*with
    };
    let query = ListQuery::default().sorted(Some(&Sort {
        field: SortField::CreatedAt,
        descending: false,
    }));
    let wanted = ListRequest {
        rows: usize::MAX,
        told: false,
    };
    pages(&with, Resource::Users, query, wanted).await
}

/// How many rows.
#[derive(Debug, Clone, Copy)]
struct ListRequest {
    rows: usize,
    /// Whether it is told that there are more.
    told: bool,
}

/// Page after page: each is printed before the next is asked for.
async fn pages(
    with: &Context,
    kind: Resource,
    mut query: ListQuery,
    wanted: ListRequest,
) -> Outcome {
    let mut printer =
        Printer::new(with.output, table_columns::columns(kind)).choosing(with.columns.as_deref());
    let mut shown = 0;
    let mut progress = Progress::of_rows();
    while shown < wanted.rows {
        query.limit = Some((wanted.rows - shown).min(100));
        let page = page(&with.client, kind, &query).await?;
        shown += page.data.len();
        let of = (page.pagination.total as usize).min(wanted.rows);
        progress.show(|| format!("{shown} of {of} {}", kind.title().to_lowercase()));
        printer.rows(&page.data, table_columns::cells)?;
        match page.pagination.next_cursor {
            Some(next) => query.cursor = Some(next),
            None => break,
        }
        if shown >= wanted.rows && wanted.told {
            let total = page.pagination.total;
            progress.clear();
            stderr::say(&format!("{shown} of {total} shown; --all shows all"));
        }
    }
    printer.end()
}

async fn found(
    with: &Context,
    kind: Resource,
    query: ListQuery,
    search: &Search,
    wanted: ListRequest,
) -> Outcome {
    // Its rows come only when all of them were looked at.
    let progress = Mutex::new(Progress::of_work());
    let tell = |looked_at: u64| {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.show(|| format!("looked at {looked_at} {}", kind.title().to_lowercase()));
    };
    let found = search::find_telling(&with.client, kind, query, search, now(), &tell).await?;
    drop(progress);
    let total = found.rows.len();
    let note = match found.gave_up(kind) {
        Some(note) => Some(note),
        None if total == 0 => search
            .hint(kind)
            .map(|hint| format!("nothing found: {hint}")),
        None if total > wanted.rows && wanted.told => {
            Some(format!("{} of {total} shown; --all shows all", wanted.rows))
        }
        None => None,
    };
    let shown: Vec<Row> = found.rows.into_iter().take(wanted.rows).collect();
    let mut printer =
        Printer::new(with.output, table_columns::columns(kind)).choosing(with.columns.as_deref());
    printer.rows(&shown, table_columns::cells)?;
    printer.end()?;
    if let Some(note) = note {
        stderr::say(&note);
    }
    Ok(())
}
