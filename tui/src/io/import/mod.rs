//! `doorward users import`: users of a file, many at once, and a line for each that is refused.

mod ordered_results;
mod progress_bar;
mod records;
mod row_reader;

use std::{path::Path, time::Duration};

use doorward_shared::{
    admin::CreateUser,
    client::{Client, ClientError},
};
use serde::Serialize;
use tokio::task::JoinSet;

use self::{
    ordered_results::{AddressIndex, Claim, Order},
    progress_bar::Bar,
    row_reader::{ReadRow, Rows},
};
use super::{
    cli::{CliError, Context, Format, Outcome, output},
    stderr,
};

/// Rows that are under way at once: the server commits together what comes together.
const AT_ONCE: usize = 64;
/// How often a row is sent again to a server that is busy.
const MAX_RETRIES: u32 = 30;
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
struct ImportSummary {
    line: u64,
    email: String,
    result: Result<(), ClientError>,
}

/// Imports a file; a dry run has the server judge each row, and makes nothing.
///
/// # Errors
/// A file that cannot be read; a server that went away, or refuses everything; rows that were refused.
pub(super) async fn run(file: &Path, with: &Context) -> Outcome {
    let rows = Rows::open(file).map_err(CliError::Error)?;
    let mut import = Import {
        client: &with.client,
        dry_run: with.dry_run,
        file: file.display().to_string(),
        bar: Bar::of(file),
        told: Imported {
            dry_run: with.dry_run,
            ..Imported::default()
        },
        order: Order::default(),
        claims: AddressIndex::default(),
    };
    let ended = import.all(rows).await;
    import.bar.clear();
    let told = import.told;
    print(with.output, &told)?;
    ended?;
    match told.refused {
        0 => Ok(()),
        refused => Err(CliError::Error(format!(
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
    bar: Bar,
    told: Imported,
    order: Order,
    claims: AddressIndex,
}

impl Import<'_> {
    async fn all(&mut self, mut rows: Rows) -> Outcome {
        let mut under_way = JoinSet::new();
        // Its address is that of a row under way: what becomes of that decides.
        let mut held = None;
        loop {
            while under_way.len() < AT_ONCE && self.order.has_room() {
                let (line, row) = match held.take() {
                    Some(held) => held,
                    None => match rows.next().map(|found| self.accept(found)) {
                        Some(Some(row)) => row,
                        Some(None) => continue,
                        None => break,
                    },
                };
                match self.claims.claim(&row.email) {
                    Ok(()) => {
                        under_way.spawn(send(self.client.clone(), self.dry_run, line, row));
                    }
                    Err(Claim::Created(first)) => {
                        let why = format!("the address stands on line {first} already");
                        self.refuse(line, Some(&row.email), &why);
                    }
                    Err(Claim::UnderWay) => {
                        held = Some((line, row));
                        break;
                    }
                }
            }
            self.bar.show(rows.position(), self.told.rows);
            let Some(done) = under_way.join_next().await else {
                return Ok(());
            };
            let done = done.map_err(|error| CliError::Error(error.to_string()))?;
            let settled = self.settle(done);
            if settled.is_err() {
                let rest = self.order.drain();
                self.say(rest);
            }
            settled?;
        }
    }

    /// A row that can be read; what is wrong with another is told.
    fn accept(&mut self, found: ReadRow) -> Option<(u64, CreateUser)> {
        self.told.rows += 1;
        let line = found.line;
        self.order.begins(line);
        match found.row {
            Err(why) => {
                self.refuse(line, None, &why);
                None
            }
            Ok(row) => Some((line, row)),
        }
    }

    fn refuse(&mut self, line: u64, email: Option<&str>, why: &str) {
        self.told.refused += 1;
        let email = email.map(|email| format!(" {email}:")).unwrap_or_default();
        let said = format!("{}:{line}:{email} {why}", self.file);
        let sayable = self.order.ends(line, Some(said));
        self.say(sayable);
    }

    fn say(&mut self, lines: Vec<String>) {
        if !lines.is_empty() {
            self.bar.clear();
            for line in &lines {
                stderr::say(line);
            }
        }
    }

    fn settle(&mut self, done: ImportSummary) -> Outcome {
        let created = done.result.is_ok().then_some(done.line);
        self.claims.settle(&done.email, created);
        match done.result {
            Ok(()) => {
                self.told.created += 1;
                let sayable = self.order.ends(done.line, None);
                self.say(sayable);
            }
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
                    "{where_}: stopped here; rows already created will be rejected as duplicates if you import the file again"
                ));
                return Err(error.into());
            }
        }
        Ok(())
    }
}

/// Sends a row, again where the server is busy.
async fn send(client: Client, dry_run: bool, line: u64, row: CreateUser) -> ImportSummary {
    let mut tries = 0;
    let result = loop {
        let sent = if dry_run {
            client.users().check(&row).await
        } else {
            client.users().import(&row).await.map(drop)
        };
        match sent {
            Err(error @ ClientError::Refused { .. })
                if error.is_passing() && tries < MAX_RETRIES =>
            {
                tries += 1;
                tokio::time::sleep(error.retry_after().unwrap_or(PAUSE)).await;
            }
            sent => break sent,
        }
    };
    ImportSummary {
        line,
        email: row.email,
        result,
    }
}
