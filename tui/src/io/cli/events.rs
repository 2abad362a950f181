//! `doorward events`.

use std::time::Duration;

use doorward_shared::{
    EventId,
    admin::Event,
    client::{ClientError, EventStream},
};

use super::{
    CliError, Context, Outcome, list,
    output::{self, Printable},
};
use crate::{
    command::ListEvents,
    core::resource::{Resource, Row},
    io::{clock::now, search, stderr},
};

/// How long to wait before a lost stream is opened again.
const AGAIN: Duration = Duration::from_secs(2);

/// Prints events, or follows them.
///
/// # Errors
/// [`CliError`].
pub(super) async fn run(asked: ListEvents, with: &Context) -> Outcome {
    if !asked.follow {
        return list::print(list::events(&asked), with).await;
    }
    let search = list::search(&asked.list, Resource::Events)?;
    let names = search::names(&with.client, Resource::Events, &search, now()).await;
    let wanted = |event: &Event| {
        let same = |filter: &Option<String>, value: Option<&str>| {
            filter.as_deref().is_none_or(|filter| value == Some(filter))
        };
        let user_id = event.user_id.map(|id| id.to_string());
        same(&asked.actor, Some(&event.actor))
            && same(&asked.target, event.target.as_deref())
            && same(&asked.ip, event.ip.as_deref())
            && same(&asked.user, user_id.as_deref())
            && asked
                .client
                .is_none_or(|client| event.client_id == Some(client))
            && asked
                .action
                .as_deref()
                .is_none_or(|start| event.action.starts_with(start))
            && search.matches(&Row::Event(event.clone()), &names, now())
    };
    // Whoever reads may have seen enough long before the next event.
    let reader = crate::io::hangup::reader_gone();
    tokio::select! {
        done = follow(with, asked.after, wanted) => done,
        _ = reader => Err(CliError::ReaderGone),
    }
}

/// Prints events as they happen. A connection that was there once, and is lost, is taken up where it broke off.
async fn follow(
    with: &Context,
    mut after: Option<EventId>,
    wanted: impl Fn(&Event) -> bool,
) -> Outcome {
    let mut connected = after.is_some();
    loop {
        let lost = match with.client.events().stream(after).await {
            Ok(mut stream) => {
                connected = true;
                let lost = print_all(with, &mut stream, &wanted).await?;
                after = stream.last();
                lost
            }
            Err(error) if connected && error.is_passing() => Some(error),
            Err(error) => return Err(error.into()),
        };
        if let Some(error) = &lost {
            stderr::say(&format!("{error}; trying again"));
        }
        let asked = lost.and_then(|error| error.retry_after());
        tokio::time::sleep(asked.unwrap_or_default().max(AGAIN)).await;
    }
}

/// Prints a stream's events until it ends; answers why, where the server did not end it.
async fn print_all(
    with: &Context,
    stream: &mut EventStream,
    wanted: impl Fn(&Event) -> bool,
) -> Result<Option<ClientError>, CliError> {
    loop {
        match stream.next().await {
            Ok(Some(event)) if wanted(&event) => print(with, &event)?,
            Ok(Some(_)) => {}
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(error)),
        }
    }
}

fn print(with: &Context, event: &Event) -> Outcome {
    match with.output {
        output::Format::Json | output::Format::Jsonl => output::json(output::Format::Jsonl, event),
        // One document after another.
        output::Format::Yaml => {
            output::write("---\n")?;
            output::json(output::Format::Yaml, event)
        }
        output::Format::Table => output::line(&event.cells().join("  ")),
        output::Format::Csv => output::csv_row(event),
        output::Format::Name => output::line(&event.id.to_string()),
    }
}
