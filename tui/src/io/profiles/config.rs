//! The configuration file: read whole, written piece by piece, so that comments and order stay its owner's.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, Item, Table};

use super::{Profile, ProfilesError, write_private};
use crate::core::own_theme::line_of;
use crate::core::yours::{AlertSetting, CommandSetting, ViewSetting, YoursSettings};

/// How long it is waited for another console that writes the file; and between two looks.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);

/// The console's configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The profile that is used when none is named.
    pub default_profile: Option<String>,
    /// One of the console's, or a file of `themes/` beside this one.
    pub theme: Option<String>,
    /// What the terminal's background is, where it must not be asked.
    pub background: Option<BackgroundSetting>,
    pub ascii: Option<bool>,
    pub mouse: Option<bool>,
    /// Keys as another program has them: `k9s`.
    pub keymap: Option<String>,
    /// Keys put elsewhere: action = "key".
    pub keys: BTreeMap<String, String>,
    /// Columns of the lists, by the screen's name.
    pub columns: BTreeMap<String, Vec<String>>,
    pub views: BTreeMap<String, ViewSetting>,
    pub commands: BTreeMap<String, CommandSetting>,
    pub alerts: BTreeMap<String, AlertSetting>,
    pub profiles: BTreeMap<String, Profile>,
}

/// What the terminal's background is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BackgroundSetting {
    Auto,
    Dark,
    Light,
}

impl Config {
    /// What the operator made their own.
    pub(crate) fn yours(&self) -> YoursSettings {
        YoursSettings {
            columns: self.columns.clone(),
            views: self.views.clone(),
            commands: self.commands.clone(),
            alerts: self.alerts.clone(),
        }
    }
}

/// Reads the file, if it is there.
///
/// # Errors
/// One line that names the file, the line and what is wrong in it.
pub(super) fn read(path: &Path) -> Result<Config, ProfilesError> {
    let text = text(path)?;
    toml::from_str::<Config>(&text).map_err(|error| ProfilesError::Config {
        path: path.to_owned(),
        line: line_of(&text, error.span().map_or(0, |span| span.start)),
        message: error.message().replace('\n', " "),
    })
}

fn text(path: &Path) -> Result<String, ProfilesError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| ProfilesError::file(path, error)),
    }
}

/// Changes the file as it is now: somebody else may have written it since it was read.
///
/// # Errors
/// One line.
pub(super) fn edit(
    path: &Path,
    change: impl FnOnce(&mut DocumentMut),
) -> Result<(), ProfilesError> {
    // A file that is only linked to from there stays where it is.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let _lock = lock(&real).map_err(|error| ProfilesError::file(path, error))?;
    let before = text(&real)?;
    let parsed = before.parse::<DocumentMut>();
    let mut document = parsed.map_err(|error| ProfilesError::Edited {
        path: path.to_owned(),
        error,
    })?;
    change(&mut document);
    write_private(&real, &document.to_string()).map_err(|error| ProfilesError::file(path, error))
}

/// Keeps other consoles from writing a file until it is dropped: each would write what it read before the other wrote.
///
/// # Errors
/// When another holds it for too long, or no file can be written there.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(name)?;
    let since = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if since.elapsed() > PATIENCE => {
                let why = "another console is writing it, and does not end";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, why));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
        }
    }
}

/// Puts something at its place, or takes it from there. A section that is empty then goes too.
pub(super) fn put(document: &mut DocumentMut, [section, name]: [&str; 2], item: Option<Item>) {
    let mut empty = Table::new();
    empty.set_implicit(true);
    let entry = document.entry(section).or_insert(Item::Table(empty));
    let Some(table) = entry.as_table_like_mut() else {
        return;
    };
    match item {
        Some(item) => {
            table.insert(name, item);
        }
        None => {
            table.remove(name);
        }
    }
    if table.is_empty() {
        document.remove(section);
    }
}

/// A value as a table of its own.
///
/// # Errors
/// When it has no place in such a file.
pub(super) fn table(value: &impl Serialize) -> Result<Item, toml_edit::ser::Error> {
    let document = toml_edit::ser::to_document(value)?;
    Ok(Item::Table(document.as_table().clone()))
}
