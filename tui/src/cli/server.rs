//! `doorward status`, `keys`, `stats`, `backup`, `profiles`.

use clap::{Args, Subcommand};
use doorward_shared::{
    admin::{BackupMade, ServerInfo, SigningKey, Stats, Whoami},
    client::ClientError,
};
use reqwest::Method;
use serde::Serialize;

use super::{Context, Failed, ListArgs, Outcome, output};
use crate::profiles::{Profile, Profiles};

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// List signing keys
    List {
        #[command(flatten)]
        list: ListArgs,
    },
    /// Sign with a new key from now on; those before it verify until their last token has expired
    Rotate,
}

#[derive(Debug, Subcommand)]
pub enum ProfilesCommand {
    /// List profiles
    List,
    /// Add or change a profile; its key is read from --key-file's content when --keep-key is given
    Set(SetProfile),
}

#[derive(Debug, Args)]
pub struct SetProfile {
    name: String,
    #[arg(long)]
    url: String,
    /// File that holds the key; stays where it is
    #[arg(long)]
    key: Option<std::path::PathBuf>,
    #[arg(long)]
    ca_file: Option<std::path::PathBuf>,
    #[arg(long)]
    pinned_sha256: Option<String>,
    #[arg(long)]
    color: Option<String>,
    /// Changes are switched off unless asked for
    #[arg(long)]
    production: bool,
    /// Read a key from standard input and keep it in the keyring, or a file of mode 0600
    #[arg(long, conflicts_with = "key")]
    keep_key: bool,
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
        output::Format::Json => output::json(&status)?,
        output::Format::Table => {
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
    }
}

pub async fn stats(with: &Context) -> Outcome {
    let stats: Stats = with.client.get("/admin/stats", &[]).await?;
    match with.output {
        output::Format::Json => output::json(&stats),
        output::Format::Table => {
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

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileRow {
    name: String,
    url: String,
    read_only: bool,
    default: bool,
}

impl output::Row for ProfileRow {
    const COLUMNS: &'static [&'static str] = &["NAME", "URL", "CHANGES", ""];
    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.url.clone(),
            if self.read_only { "off" } else { "on" }.into(),
            if self.default { "default" } else { "" }.into(),
        ]
    }
}

pub fn profiles(
    command: &ProfilesCommand,
    profiles: &mut Profiles,
    format: output::Format,
) -> Outcome {
    match command {
        ProfilesCommand::List => {
            let config = &profiles.config;
            let row = |profile: &Profile| ProfileRow {
                name: profile.name.clone(),
                url: profile.url.clone().unwrap_or_default(),
                read_only: profile.is_read_only(),
                default: config.default_profile.as_ref() == Some(&profile.name),
            };
            output::rows(
                format,
                &config.profiles.values().map(row).collect::<Vec<_>>(),
            )
        }
        ProfilesCommand::Set(form) => {
            let profile = Profile {
                name: form.name.clone(),
                url: Some(form.url.clone()),
                key_file: form.key.clone(),
                ca_file: form.ca_file.clone(),
                pinned_sha256: form.pinned_sha256.clone(),
                color: form.color.clone(),
                production: form.production,
                read_only: None,
            };
            profile.trust()?;
            profiles.put(profile)?;
            let mut said = format!("{} is in {}", form.name, profiles.path().display());
            if form.keep_key {
                let mut key = String::new();
                std::io::Read::read_to_string(&mut std::io::stdin(), &mut key)
                    .map_err(|error| Failed::Error(error.to_string()))?;
                let place = profiles.keep_key(&form.name, key.trim())?;
                said.push_str(&format!("; the key is in {place}"));
            }
            output::did(format, "set", &form.name, &said)
        }
    }
}
