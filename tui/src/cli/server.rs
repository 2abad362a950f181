//! `doorward status`, `keys`, `stats`, `backup`, `profiles`.

use clap::Subcommand;
use doorward_shared::{
    admin::{BackupMade, ServerInfo, SigningKey, Stats, Whoami},
    client::ClientError,
};
use reqwest::Method;
use serde::Serialize;

use super::{Context, Failed, ListArgs, Outcome, output, segment};

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// List signing keys
    List {
        #[command(flatten)]
        list: ListArgs,
    },
    /// Sign with a new key from now on; those before it verify until their last token has expired
    Rotate,
    /// Revoke a key that does not sign any more: its tokens are dead at once
    #[command(visible_alias = "delete")]
    Revoke {
        /// A thumbprint may begin with a hyphen
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

impl Keys {
    /// Whether it changes something.
    pub fn changes(&self) -> bool {
        match self {
            Self::List { .. } => false,
            Self::Rotate | Self::Revoke { .. } => true,
        }
    }
}

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

pub async fn status(with: &Context) -> Outcome {
    let client = &with.client;
    let ready = match client.get::<serde_json::Value>("/health/ready", &[]).await {
        Ok(_) => true,
        Err(ClientError::Refused { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    let caller: Whoami = client.get("/admin/whoami", &[]).await?;
    // Whoever may not see the server still has a status.
    let server = match client.get::<ServerInfo>("/admin/server", &[]).await {
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
        output::Format::Json | output::Format::Jsonl => output::json(with.output, &status)?,
        output::Format::Table | output::Format::Name => {
            let value =
                serde_json::to_value(&status).map_err(|error| Failed::Error(error.to_string()))?;
            for line in output::fields(&value).lines() {
                output::line(line)?;
            }
        }
    }
    if ready {
        Ok(())
    } else {
        Err(Failed::Error("the server's storage is not ready".into()))
    }
}

pub async fn keys(command: Keys, with: &Context) -> Outcome {
    match command {
        Keys::List { list } => {
            list.print::<SigningKey>(with, "/admin/keys", Vec::new())
                .await
        }
        Keys::Rotate => {
            output::confirm(
                with.yes || with.dry_run,
                "New tokens are signed with a new key from now on.",
            )?;
            if with.dry_run {
                return output::would(with.output, "rotate the signing key");
            }
            let key: SigningKey = with
                .client
                .send(Method::POST, "/admin/keys/rotate", &serde_json::json!({}))
                .await?;
            output::one(with.output, &key)
        }
        Keys::Revoke { kid } => {
            output::confirm(
                with.yes || with.dry_run,
                &format!("The signing key {kid} is revoked: every token it signed is dead."),
            )?;
            if with.dry_run {
                return output::would(with.output, &format!("revoke the signing key {kid}"));
            }
            let path = format!("/admin/keys/{}", segment(&kid));
            with.client.done(Method::DELETE, &path, None::<&()>).await?;
            output::did(with.output, "revoked", &kid, &format!("{kid} is revoked"))
        }
    }
}

pub async fn stats(with: &Context) -> Outcome {
    let stats: Stats = with.client.get("/admin/stats", &[]).await?;
    match with.output {
        output::Format::Json | output::Format::Jsonl => output::json(with.output, &stats),
        output::Format::Table | output::Format::Name => {
            let value = serde_json::to_value(&stats.now)
                .map_err(|error| Failed::Error(error.to_string()))?;
            for line in output::fields(&value).lines() {
                output::line(line)?;
            }
            output::line(&format!("keysExpiring  {}", stats.keys_expiring))
        }
    }
}

pub async fn backup(with: &Context) -> Outcome {
    if with.dry_run {
        return output::would(with.output, "back the database up");
    }
    let made: BackupMade = with
        .client
        .send(Method::POST, "/admin/server/backup", &serde_json::json!({}))
        .await?;
    output::one(with.output, &made)
}
