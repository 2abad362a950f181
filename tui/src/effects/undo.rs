//! Whether a change may be taken back.

use doorward_shared::client::Client;

use super::read;
use crate::{
    app::{
        overtaken::{Expected, Overtaken},
        problem::{Problem, Trouble},
    },
    item::{Item, Kind},
    widgets::time::second,
};

/// Looks whether somebody else changed meanwhile what was left. Whoever may not see events is told without a name.
///
/// # Errors
/// Why it is not taken back.
pub async fn check(client: &Client, expected: Option<&Expected>) -> Result<(), Problem> {
    let Some(expected) = expected else {
        return Ok(());
    };
    let Some(kind) = kind(&expected.after) else {
        return Ok(());
    };
    let id = expected.after.id();
    let now = match read::thing(client, kind, &id).await {
        Ok(now) => now,
        Err(problem) if problem.is_gone => {
            return Err(refused(format!("not undone: {id} is not there any more")));
        }
        Err(problem) => return Err(problem),
    };
    let query = [
        ("target".to_owned(), id.clone()),
        ("limit".to_owned(), "100".to_owned()),
    ];
    let events = read::page(client, Kind::Events, &query).await;
    let events: Vec<_> = events
        .map(|page| page.data)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|item| match item {
            Item::Event(event) => Some(event),
            _ => None,
        })
        .collect();
    let Some((overtaken, event)) = expected.overtaken(&now, &events) else {
        return Ok(());
    };
    let what = match overtaken {
        Overtaken::Differs { field, now, left } => {
            format!("{field} is {now} now, not {left} as you left it")
        }
        Overtaken::Touched { field } => format!("somebody else set {field} since"),
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
        what: Trouble::Overtaken,
        ..Problem::refused(message)
    }
}

/// The list that a thing is read again from.
fn kind(item: &Item) -> Option<Kind> {
    match item {
        Item::User(_) => Some(Kind::Users),
        Item::Key(_) => Some(Kind::Keys),
        Item::Client(_) => Some(Kind::Clients),
        Item::Role(_) => Some(Kind::Roles),
        Item::Session(_) | Item::Event(_) | Item::Signing(_) | Item::Profile(_) => None,
    }
}
