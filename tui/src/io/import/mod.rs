//! `doorward users import`: users of a file, many at once, and a line for each that is refused.

mod progress;
mod records;
mod rows;

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, RandomState},
    path::Path,
    time::Duration,
};

use doorward_shared::{
    admin::CreateUser,
    client::{Client, ClientError},
};
use serde::Serialize;
use tokio::task::JoinSet;

use self::{
    progress::Progress,
    rows::{Found, Rows},
};
use super::{
    cli::{Context, Failed, Format, Outcome, output},
    stderr,
};

/// Rows that are under way at once: the server commits together what comes together.
const AT_ONCE: usize = 64;
/// How often a row is sent again to a server that is busy.
const TRIES: u32 = 30;
/// How long the server is left alone where it does not say.
const PAUSE: Duration = Duration::from_secs(1);

/// What an import came to.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Imported {
    dry_run: bool,
    rows: u64,
    created: u64,
    refused: u64,
}

/// What became of a row.
struct Done {
    line: u64,
    email: String,
    result: Result<(), ClientError>,
}

/// Imports a file; a dry run has the server judge each row, and makes nothing.
///
/// # Errors
/// A file that cannot be read; a server that went away, or refuses everything; rows that were refused.
pub(super) async fn run(file: &Path, with: &Context) -> Outcome {
    let rows = Rows::open(file).map_err(Failed::Error)?;
    let mut import = Import {
        client: &with.client,
        dry_run: with.dry_run,
        file: file.display().to_string(),
        progress: Progress::of(file),
        told: Imported {
            dry_run: with.dry_run,
            ..Imported::default()
        },
        lines: HashMap::new(),
        hasher: RandomState::new(),
    };
    let ended = import.all(rows).await;
    import.progress.end();
    let told = import.told;
    print(with.output, &told)?;
    ended?;
    match told.refused {
        0 => Ok(()),
        refused => Err(Failed::Error(format!(
            "{refused} of {} rows {} refused",
            told.rows,
            if with.dry_run { "would be" } else { "were" }
        ))),
    }
}

fn print(format: Format, told: &Imported) -> Outcome {
    match format {
        Format::Json | Format::Jsonl | Format::Yaml => output::json(format, told),
        Format::Table | Format::Csv | Format::Name => {
            let verb = if told.dry_run { "would be" } else { "are" };
            output::line(&format!("{} users {verb} created", told.created))
        }
    }
}

struct Import<'a> {
    client: &'a Client,
    dry_run: bool,
    file: String,
    progress: Progress,
    told: Imported,
    /// On which line an address came first, by its hash: a million addresses are no weight.
    lines: HashMap<u64, u64>,
    hasher: RandomState,
}

impl Import<'_> {
    async fn all(&mut self, mut rows: Rows) -> Outcome {
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < AT_ONCE
                && let Some(found) = rows.next()
            {
                if let Some((line, row)) = self.accept(found) {
                    under_way.spawn(send(self.client.clone(), self.dry_run, line, row));
                }
            }
            self.progress.show(rows.position(), self.told.rows);
            let Some(done) = under_way.join_next().await else {
                return Ok(());
            };
            let done = done.map_err(|error| Failed::Error(error.to_string()))?;
            self.settle(done)?;
        }
    }

    /// A row that is worth sending; what is wrong with another is told.
    fn accept(&mut self, found: Found) -> Option<(u64, CreateUser)> {
        self.told.rows += 1;
        let line = found.line;
        match found.row {
            Err(why) => {
                self.refuse(line, None, &why);
                None
            }
            Ok(row) => match self
                .lines
                .entry(self.hasher.hash_one(row.email.to_lowercase()))
            {
                Entry::Occupied(first) => {
                    let why = format!("the address stands on line {} already", first.get());
                    self.refuse(line, Some(&row.email), &why);
                    None
                }
                Entry::Vacant(place) => {
                    place.insert(line);
                    Some((line, row))
                }
            },
        }
    }

    fn refuse(&mut self, line: u64, email: Option<&str>, why: &str) {
        self.told.refused += 1;
        self.progress.clear();
        let email = email.map(|email| format!(" {email}:")).unwrap_or_default();
        stderr::say(&format!("{}:{line}:{email} {why}", self.file));
    }

    fn settle(&mut self, done: Done) -> Outcome {
        match done.result {
            Ok(()) => self.told.created += 1,
            Err(ClientError::Refused {
                status,
                code,
                message,
                ..
            }) if status != 401 => {
                let code = code.map(|code| format!(" ({})", code.as_str()));
                let why = format!("{message}{}", code.unwrap_or_default());
                self.refuse(done.line, Some(&done.email), &why);
            }
            Err(error) => {
                let where_ = format!("{}:{}", self.file, done.line);
                stderr::say(&format!(
                    "{where_}: stopped here; what is made already is refused as taken when the file is imported again"
                ));
                return Err(error.into());
            }
        }
        Ok(())
    }
}

/// Sends a row, again where the server is busy.
async fn send(client: Client, dry_run: bool, line: u64, row: CreateUser) -> Done {
    let mut tries = 0;
    let result = loop {
        let sent = if dry_run {
            client.users().check(&row).await
        } else {
            client.users().import(&row).await.map(drop)
        };
        match sent {
            Err(error @ ClientError::Refused { .. }) if error.is_passing() && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(error.retry_after().unwrap_or(PAUSE)).await;
            }
            sent => break sent,
        }
    };
    Done {
        line,
        email: row.email,
        result,
    }
}
