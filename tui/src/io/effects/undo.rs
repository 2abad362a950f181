//! Whether a change may be taken back.

use doorward_shared::client::{Client, Filter, ListQuery};

use super::read;
use crate::core::{
    edit_conflict::{ConflictKind, ExpectedState},
    format::second,
    problem::{Problem, ProblemKind},
    resource::{Resource, Row},
};

/// Checks whether someone else has changed the object since. Whoever may not see events is told without a name.
///
/// # Errors
/// Why it is not taken back.
pub(super) async fn check(
    client: &Client,
    expected: Option<&ExpectedState>,
) -> Result<(), Problem> {
    let Some(expected) = expected else {
        return Ok(());
    };
    let Some(kind) = kind(&expected.after) else {
        return Ok(());
    };
    let id = expected.after.id();
    let now = match read::row(client, kind, &id).await {
        Ok(now) => now,
        Err(problem) if problem.is_gone => {
            return Err(refused(format!("not undone: {id} is not there any more")));
        }
        Err(problem) => return Err(problem),
    };
    let query = ListQuery::default().with(Filter::Target, &id).limited(100);
    let events = read::page(client, Resource::Events, &query).await;
    let events: Vec<_> = events
        .map(|page| page.data)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|item| match item {
            Row::Event(event) => Some(event),
            _ => None,
        })
        .collect();
    let Some((overtaken, event)) = expected.overtaken(&now, &events) else {
        return Ok(());
    };
    let what = match overtaken {
        ConflictKind::Differs { field, now, left } => {
            format!("{field} is {now} now, not {left} as you left it")
        }
        ConflictKind::Touched { field } => format!("somebody else set {field} since"),
    };
    let by = match event {
        Some(event) => {
            let names = read::names(client, vec![event.actor.clone()]).await;
            let name = names.get(&event.actor).unwrap_or(&event.actor);
            format!(" (by {name}, {})", second(event.time))
        }
        None => String::new(),
    };
    Err(refused(format!("not undone: {what}{by}")))
}

fn refused(message: String) -> Problem {
    Problem {
        what: ProblemKind::Overtaken,
        ..Problem::refused(message)
    }
}

/// The list that a thing is read again from.
fn kind(item: &Row) -> Option<Resource> {
    match item {
        Row::User(_) => Some(Resource::Users),
        Row::Key(_) => Some(Resource::Keys),
        Row::Client(_) => Some(Resource::Clients),
        Row::Role(_) => Some(Resource::Roles),
        Row::Session(_) | Row::Event(_) | Row::Signing(_) | Row::Block(_) | Row::Profile(_) => None,
    }
}
