//! `doorward status` and `stats`.

use doorward_shared::{admin::Whoami, client::ClientError};
use serde::Serialize;

use super::{CliError, Context, Outcome, output};
use crate::{command::StatsArgs, io::clock};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    server: String,
    ready: bool,
    version: Option<String>,
    uptime_seconds: Option<u64>,
    #[serde(flatten)]
    caller: Whoami,
}

pub(super) async fn status(with: &Context) -> Outcome {
    let client = &with.client;
    let ready = client.server().is_ready().await?;
    let caller = client.server().whoami().await?;
    // Whoever may not see the server still has a status.
    let server = match client.server().info().await {
        Ok(server) => Some(server),
        Err(ClientError::Refused { status: 403, .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let status = Status {
        server: client.base().to_owned(),
        ready,
        version: server.as_ref().map(|server| server.version.clone()),
        uptime_seconds: server.as_ref().map(|server| server.uptime_seconds),
        caller,
    };
    match with.output {
        output::Format::Json | output::Format::Jsonl | output::Format::Yaml => {
            output::json(with.output, &status)?;
        }
        output::Format::Table | output::Format::Csv | output::Format::Name => {
            let value = serde_json::to_value(&status)
                .map_err(|error| CliError::Error(error.to_string()))?;
            for line in output::fields(&value).lines() {
                output::line(line)?;
            }
        }
    }
    if ready {
        Ok(())
    } else {
        Err(CliError::Error("the server's storage is not ready".into()))
    }
}

pub(super) async fn stats(asked: &StatsArgs, with: &Context) -> Outcome {
    let now = clock::now();
    let by = asked.by.unwrap_or_default();
    let since = asked.since.map(|since| since.before(now));
    let stats = with.client.server().stats(by, since).await?;
    match with.output {
        output::Format::Table | output::Format::Csv | output::Format::Name
            if asked.by.is_some() =>
        {
            output::rows(with.output, &stats.series)
        }
        output::Format::Json | output::Format::Jsonl | output::Format::Yaml => {
            output::json(with.output, &stats)
        }
        output::Format::Table | output::Format::Csv | output::Format::Name => {
            let value = serde_json::to_value(&stats.now)
                .map_err(|error| CliError::Error(error.to_string()))?;
            for line in output::fields(&value).lines() {
                output::line(line)?;
            }
            output::line(&format!("keysExpiring  {}", stats.keys_expiring))
        }
    }
}
