//! `doorward-server apply FILE.toml`: roles, clients and people as a file says they are to be.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use doorward_server::{
    Doorward, Settings,
    app::{OpenError, Outcome, Wanted},
    store::DirectoryLock,
};
use rocket::figment::{
    Figment,
    providers::{Format, Toml},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{about, control, runtime, say, text};

/// What is done with a file.
#[derive(Debug, Clone)]
pub struct Apply {
    pub file: PathBuf,
    pub dry_run: bool,
    pub prune: bool,
}

/// The tables of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    roles: Vec<Map<String, Value>>,
    #[serde(default)]
    clients: Vec<Map<String, Value>>,
    #[serde(default)]
    users: Vec<Map<String, Value>>,
}

/// Applies a file: through the server, if one runs on the data directory, else to the directory itself.
pub fn apply(settings: Settings, how: &Apply) -> Result<(), String> {
    let named = |error: String| format!("{}: {error}", how.file.display());
    let wanted = read(how).map_err(named)?;
    let is_running = settings.data_dir.exists() && DirectoryLock::take(&settings.data_dir).is_err();
    let applied = if is_running {
        control::ask(&settings.data_dir, &wanted)
    } else {
        to_directory(settings, &wanted)
    };
    tell(&applied.map_err(named)?, how.dry_run)
}

fn read(how: &Apply) -> Result<Wanted, String> {
    let toml = fs::read_to_string(&how.file).map_err(text)?;
    let tables: Tables = Figment::from(Toml::string(&toml)).extract().map_err(text)?;
    let beside = how.file.parent().unwrap_or(Path::new(""));
    let secrets = |items: Vec<Map<String, Value>>, of: &str, member: &str| {
        let items = items.into_iter().enumerate();
        let filled = items.map(|(at, item)| {
            let filled = with_secret(item, member, beside);
            filled.map_err(|error| format!("{of}[{at}]: {error}"))
        });
        filled.collect::<Result<Vec<_>, String>>()
    };
    Ok(Wanted {
        dry_run: how.dry_run,
        prune: how.prune,
        roles: tables.roles,
        clients: secrets(tables.clients, "clients", "clientSecret")?,
        users: secrets(tables.users, "users", "password")?,
    })
}

/// Puts a secret in from where `<member>File` or `<member>Env` says: a file beside this one, or the environment.
fn with_secret(
    mut item: Map<String, Value>,
    member: &str,
    beside: &Path,
) -> Result<Map<String, Value>, String> {
    let (file, variable) = (format!("{member}File"), format!("{member}Env"));
    let given = [member, &file, &variable];
    if given
        .iter()
        .filter(|name| item.contains_key(**name))
        .count()
        > 1
    {
        return Err(format!("only one of {} may be given", given.join(", ")));
    }
    let text_of = |value: Value, name: &str| match value {
        Value::String(text) => Ok(text),
        _ => Err(format!("{name} must be a string")),
    };
    let secret = if let Some(value) = item.remove(&file) {
        let path = beside.join(text_of(value, &file)?);
        let read = fs::read_to_string(&path);
        let read = read.map_err(|error| format!("{file}: {}: {error}", path.display()))?;
        // Editors end a file with a line break that is no part of the secret.
        read.trim_end_matches(['\r', '\n']).to_owned()
    } else if let Some(value) = item.remove(&variable) {
        let name = text_of(value, &variable)?;
        env::var(&name).map_err(|_| format!("{variable}: {name} is not set"))?
    } else {
        return Ok(item);
    };
    item.insert(member.to_owned(), Value::String(secret));
    Ok(item)
}

fn to_directory(settings: Settings, wanted: &Wanted) -> Result<Outcome, String> {
    let directory = settings.data_dir.clone();
    let runtime = runtime(2)?;
    runtime.block_on(async {
        let opened = Doorward::open(settings).await;
        let doorward = opened.map_err(|error| match error {
            OpenError::Store(_) => about(&directory, &error.to_string()),
            other => other.to_string(),
        })?;
        let applied = doorward.apply(wanted).await;
        doorward.rest().await;
        doorward.close();
        applied
    })
}

fn tell(applied: &Outcome, dry_run: bool) -> Result<(), String> {
    for change in &applied.changes {
        say(change)?;
    }
    for (name, id, secret) in &applied.secrets {
        say(&format!(
            "client {name}: clientId {id}, clientSecret {secret} (shown once)"
        ))?;
    }
    match (applied.changes.is_empty(), dry_run) {
        (true, _) => say("nothing to change"),
        (false, true) => say("nothing was changed: this was a dry run"),
        (false, false) => Ok(()),
    }
}
