//! `doorward-server apply FILE.toml`: applies declared roles, clients and users.

use std::{
    env, fs,
    io::{self, Read},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use doorward_server::{
    Doorward, Settings,
    app::{ApplyRequest, OpenError, Outcome},
    clock::random_bytes,
    store::{self, DATABASE, DirectoryLock, MASTER_KEY, OPERATOR_KEY},
};
use rocket::figment::{
    self, Figment,
    error::Kind,
    providers::{Format, Toml},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

use crate::{about, control_socket, runtime, say, text};

/// How often a dry run checks for a stop request.
const HEARING: Duration = Duration::from_millis(50);

/// Options of the command.
#[derive(Debug, Clone)]
pub(crate) struct Apply {
    pub file: PathBuf,
    pub dry_run: bool,
    pub prune: bool,
}

/// Maximum size of a secret file, in bytes.
const MAX_SECRET: u64 = 64 * 1024;

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
pub(crate) fn apply(settings: Settings, how: &Apply) -> Result<(), String> {
    let named = |error: String| format!("{}: {error}", how.file.display());
    let wanted = read(how).map_err(named)?;
    let is_running = settings.data_dir.exists() && DirectoryLock::take(&settings.data_dir).is_err();
    let applied = if is_running {
        control_socket::ask(&settings.data_dir, &wanted)
    } else if how.dry_run {
        to_copy(settings, &wanted)
    } else {
        to_directory(settings, &wanted)
    };
    tell(&applied.map_err(named)?, how.dry_run)
}

fn read(how: &Apply) -> Result<ApplyRequest, String> {
    let toml = whole(&how.file, control_socket::MAX)?;
    let tables: Tables = Figment::from(Toml::string(&toml))
        .extract()
        .map_err(wrong_shape)?;
    let beside = how.file.parent().unwrap_or(Path::new(""));
    let secrets = |items: Vec<Map<String, Value>>, of: &str, member: &str| {
        let items = items.into_iter().enumerate();
        let filled = items.map(|(at, item)| {
            let filled = with_secret(item, member, beside);
            filled.map_err(|error| format!("{of}[{at}]: {error}"))
        });
        filled.collect::<Result<Vec<_>, String>>()
    };
    Ok(ApplyRequest {
        dry_run: how.dry_run,
        prune: how.prune,
        roles: tables.roles,
        clients: secrets(tables.clients, "clients", "clientSecret")?,
        users: secrets(tables.users, "users", "password")?,
    })
}

/// Reads a file of limited size; it may also be a device or an endless pipe.
fn whole(path: &Path, most: u64) -> Result<String, String> {
    let file = fs::File::open(path).map_err(text)?;
    let mut content = String::new();
    let read = file.take(most + 1).read_to_string(&mut content);
    if content.len() as u64 > most {
        return Err(format!("it is larger than {} KiB", most / 1024));
    }
    read.map_err(text)?;
    Ok(content)
}

/// The error of the file as a whole, without the source line that a TOML error shows: it may contain a secret.
fn wrong_shape(error: figment::Error) -> String {
    const TABLES: &str = "[[roles]], [[clients]] and [[users]]";
    match (&error.kind, error.path.first()) {
        (Kind::UnknownField(name, _), _) => format!("{name} is unknown: a file holds {TABLES}"),
        (Kind::InvalidType(..), Some(name)) => {
            format!("{name} must be tables: each begins with [[{name}]]")
        }
        _ => {
            let error = error.to_string();
            error.lines().next().unwrap_or_default().to_owned()
        }
    }
}

/// Reads a secret from `<member>File` or `<member>Env`: a file relative to this one, or the environment.
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
        let read = whole(&path, MAX_SECRET);
        let read = read.map_err(|error| format!("{file}: {}: {error}", path.display()))?;
        // Editors end a file with a line break that does not belong to the secret.
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

fn to_directory(settings: Settings, wanted: &ApplyRequest) -> Result<Outcome, String> {
    let directory = settings.data_dir.clone();
    let runtime = runtime(2)?;
    runtime.block_on(async {
        let opened = Doorward::open(settings).await;
        let doorward = opened.map_err(|error| match error {
            OpenError::Store(_) => about(&directory, &error.to_string()),
            other => other.to_string(),
        })?;
        let applied = doorward.apply(wanted).await;
        doorward.flush().await;
        doorward.close();
        applied
    })
}

/// Runs on a copy: opening a directory creates missing files and upgrades its schema, which a dry run must not do.
fn to_copy(mut settings: Settings, wanted: &ApplyRequest) -> Result<Outcome, String> {
    let copy =
        TemporaryKeyDir::new().map_err(|error| format!("a directory for a copy: {error}"))?;
    let directory = &settings.data_dir;
    if directory.join(DATABASE).exists() {
        store::back_up(directory, &copy.0.join(DATABASE)).map_err(text)?;
        for name in [MASTER_KEY, OPERATOR_KEY] {
            let from = directory.join(name);
            match fs::copy(&from, copy.0.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(format!("{}: {error}", from.display()));
                }
                _ => {}
            }
        }
    }
    settings.data_dir.clone_from(&copy.0);
    to_directory(settings, wanted)
}

/// A private directory with keys, removed on drop and when the process is told to stop.
struct TemporaryKeyDir(PathBuf);

impl TemporaryKeyDir {
    fn new() -> io::Result<Self> {
        let name = format!("doorward-{:032x}", u128::from_ne_bytes(random_bytes()));
        let path = env::temp_dir().join(name);
        let told = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            flag::register(signal, told.clone())?;
        }
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        let copy = Self(path.clone());
        thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                thread::sleep(HEARING);
            }
            drop(Self(path));
            eprintln!("error: interrupted; nothing was changed");
            std::process::exit(1);
        });
        Ok(copy)
    }
}

impl Drop for TemporaryKeyDir {
    fn drop(&mut self) {
        // Renamed first: a concurrent writer could otherwise add a file after all are removed.
        let gone = self.0.with_extension("gone");
        let remove = || fs::remove_dir_all(&gone);
        // Repeated for a file that was created during the rename.
        let removed = fs::rename(&self.0, &gone).and_then(|()| remove().or_else(|_| remove()));
        if let Err(error) = removed {
            eprintln!("{}: {error}", self.0.display());
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_is_still_being_written_goes_whole() {
        let home = tempfile::tempdir().unwrap();
        for round in 0..20 {
            let path = home.path().join(round.to_string());
            fs::create_dir(&path).unwrap();
            let (to, is_gone) = (path.clone(), Arc::new(AtomicBool::new(false)));
            let seen = is_gone.clone();
            let writing = thread::spawn(move || {
                for number in 0.. {
                    let wrote = fs::write(to.join(number.to_string()), "a key");
                    if wrote.is_err() || seen.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
            while !path.join("9").exists() {
                thread::yield_now();
            }
            drop(TemporaryKeyDir(path));
            is_gone.store(true, Ordering::Relaxed);
            writing.join().unwrap();
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        }
    }
}
