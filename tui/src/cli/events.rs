//! `doorward events` and `doorward incident`.

use std::time::Duration;

use clap::{Args, Subcommand};
use doorward_shared::{
    EventId, Timestamp,
    admin::Event,
    client::{ClientError, EventStream},
};

use super::{
    Context, Failed, ListArgs, Outcome, now, output, output::Row, time_ago, users::resolve,
};
use crate::{
    incident::{Pivot, Record, markdown},
    item::{Item, Kind},
    search, stderr,
};

/// How long to wait before a lost stream is opened again.
const AGAIN: Duration = Duration::from_secs(2);

/// `doorward events …` is `doorward events list …`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Events {
    #[command(subcommand)]
    command: Option<EventsCommand>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum EventsCommand {
    /// List events, newest first
    List(List),
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
    /// Who did it: an id, system or anonymous
    #[arg(long)]
    actor: Option<String>,
    /// The action, or how it starts: user. is all about users
    #[arg(long)]
    action: Option<String>,
    /// Id of what it was done to
    #[arg(long)]
    target: Option<String>,
    /// About this user, by id or email
    #[arg(long)]
    user: Option<String>,
    #[arg(long)]
    ip: Option<String>,
    /// Not before a time, or 15m, 24h, … ago
    #[arg(long, value_parser = time_ago)]
    since: Option<Timestamp>,
    /// Before a time, or 15m, 24h, … ago
    #[arg(long, value_parser = time_ago)]
    until: Option<Timestamp>,
    /// Go on with new events as they happen, one a line
    #[arg(long, conflicts_with = "until")]
    follow: bool,
    /// With --follow: go on after this event
    #[arg(long, requires = "follow", value_name = "ID")]
    after: Option<EventId>,
}

#[derive(Debug, Args)]
pub struct Incident {
    /// A user (id or email), an address, a client's or a key's id
    about: String,
    /// How far back: a time, or 24h, 7d, …
    #[arg(long, value_parser = time_ago, default_value = "7d")]
    since: Timestamp,
}

pub async fn run(command: Events, with: &Context) -> Outcome {
    let asked = match command.command {
        Some(EventsCommand::List(asked)) => asked,
        None => command.list,
    };
    let user = match &asked.user {
        Some(user) => Some(resolve(&with.client, user).await?.to_string()),
        None => None,
    };
    let filters = vec![
        ("actor", asked.actor.clone()),
        ("action", asked.action.clone()),
        ("target", asked.target.clone()),
        ("userId", user.clone()),
        ("ip", asked.ip.clone()),
        ("since", asked.since.map(|at| at.to_string())),
        ("until", asked.until.map(|at| at.to_string())),
    ];
    if !asked.follow {
        return asked
            .list
            .print::<Event>(with, "/admin/events", filters)
            .await;
    }
    let search = asked.list.search(Kind::Events)?;
    let names = search::names(&with.client, Kind::Events, &search, now()).await;
    let wanted = |event: &Event| {
        let same = |filter: &Option<String>, value: Option<&str>| {
            filter.as_deref().is_none_or(|filter| value == Some(filter))
        };
        let user_id = event.user_id.map(|id| id.to_string());
        same(&asked.actor, Some(&event.actor))
            && same(&asked.target, event.target.as_deref())
            && same(&asked.ip, event.ip.as_deref())
            && same(&user, user_id.as_deref())
            && asked
                .action
                .as_deref()
                .is_none_or(|start| event.action.starts_with(start))
            && search.matches(&Item::Event(event.clone()), &names, now())
    };
    // Whoever reads may have seen enough long before the next event.
    let reader = crate::hangup::reader_gone();
    tokio::select! {
        done = follow(with, asked.after, wanted) => done,
        _ = reader => Err(Failed::ReaderGone),
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
        let lost = match with.client.events(after).await {
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
) -> Result<Option<ClientError>, Failed> {
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
        output::Format::Table => output::line(&event.cells().join("  ")),
        output::Format::Name => output::line(&event.id.to_string()),
    }
}

pub async fn incident(asked: Incident, with: &Context) -> Outcome {
    let about = if asked.about.contains('@') {
        resolve(&with.client, &asked.about).await?.to_string()
    } else {
        asked.about
    };
    let pivot = Pivot::parse(&about).map_err(Failed::Usage)?;
    let events = crate::incident::timeline(&with.client, &pivot, asked.since).await?;
    match with.output {
        output::Format::Json | output::Format::Jsonl | output::Format::Name => {
            output::rows(with.output, &events)
        }
        output::Format::Table => {
            let live_sessions = crate::incident::live_sessions(&with.client, &pivot).await;
            let ids = events
                .iter()
                .flat_map(|event| [Some(event.actor.clone()), event.target.clone()]);
            let ids: std::collections::BTreeSet<String> =
                ids.flatten().chain([pivot.id().to_owned()]).collect();
            let names = crate::effects::names(&with.client, ids.into_iter().collect()).await;
            let record = Record {
                pivot: &pivot,
                events: &events,
                live_sessions,
                done: &[],
                names: &names,
            };
            for line in markdown(&record).lines() {
                output::line(line)?;
            }
            Ok(())
        }
    }
}
