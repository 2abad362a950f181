//! `doorward profiles`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Cli, CliError, Outcome, output};
use crate::{
    command::{self, SetProfile},
    io::profiles::{Profile, Profiles},
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileRow {
    name: String,
    url: String,
    key_file: Option<PathBuf>,
    read_only: bool,
    default: bool,
}

impl output::Printable for ProfileRow {
    const COLUMNS: &'static [&'static str] = &["NAME", "URL", "KEY FILE", "CHANGES", ""];
    fn cells(&self) -> Vec<String> {
        let file = self
            .key_file
            .as_ref()
            .map(|path| path.display().to_string());
        vec![
            self.name.clone(),
            self.url.clone(),
            file.unwrap_or_else(|| "-".into()),
            if self.read_only { "off" } else { "on" }.into(),
            if self.default { "default" } else { "" }.into(),
        ]
    }
}

fn row(profiles: &Profiles, profile: &Profile) -> ProfileRow {
    ProfileRow {
        name: profile.name.clone(),
        url: profile.url.clone().unwrap_or_default(),
        key_file: profile.key_file.clone(),
        read_only: profile.is_read_only(),
        default: profiles.config.default_profile.as_ref() == Some(&profile.name),
    }
}

/// A file by a name that is good in every directory.
fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path)
        .map_err(|error| CliError::Error(format!("{}: {error}", path.display())))
}

/// Runs a command of profiles.
///
/// # Errors
/// [`CliError`].
pub(super) fn profiles(command: &command::Profiles, profiles: &mut Profiles, cli: &Cli) -> Outcome {
    match command {
        command::Profiles::List => {
            let all = profiles.config.profiles.values();
            let rows: Vec<_> = all.map(|profile| row(profiles, profile)).collect();
            output::rows(cli.output, &rows)
        }
        command::Profiles::Set(form) => set(form, profiles, cli),
        command::Profiles::Use { name } => {
            profiles.named(name)?;
            profiles.choose(name)?;
            let said = format!("{name} is used where no profile is named");
            output::did(cli.output, "default", name, &said)
        }
        command::Profiles::Delete { name } => {
            profiles.named(name)?;
            let said = if profiles.delete(name)? {
                format!("{name} and its key are forgotten")
            } else {
                format!("{name} is forgotten")
            };
            output::did(cli.output, "deleted", name, &said)
        }
    }
}

fn set(form: &SetProfile, profiles: &mut Profiles, cli: &Cli) -> Outcome {
    let before = profiles.get(&form.name);
    let key_file = form.key.as_ref().or(cli.connect.key_file.as_ref());
    if form.keep_key && key_file.is_some() {
        return Err(CliError::Usage(
            "--keep-key keeps a key of its own: give it or --key-file".into(),
        ));
    }
    // As everywhere, --server names a server.
    let url = form.url.as_ref().or(cli.connect.server.as_ref());
    if before.is_none() && url.is_none() {
        return Err(CliError::Usage("a new profile needs --url".into()));
    }
    let mut profile = before.unwrap_or_default();
    profile.name.clone_from(&form.name);
    profile.url = url.cloned().or(profile.url);
    profile.key_file = match key_file {
        Some(path) => Some(absolute(path)?),
        None if form.keep_key => None,
        None => profile.key_file,
    };
    profile.ca_file = match &form.ca_file {
        Some(path) => Some(absolute(path)?),
        None => profile.ca_file,
    };
    profile.pinned_sha256 = form.pinned_sha256.clone().or(profile.pinned_sha256);
    profile.color = form.color.clone().or(profile.color);
    profile.production |= form.production;
    profile.trust()?;
    profiles.put(profile)?;
    let mut said = format!("{} is in {}", form.name, profiles.path().display());
    if form.keep_key {
        let mut key = String::new();
        std::io::Read::read_to_string(&mut std::io::stdin(), &mut key)
            .map_err(|error| CliError::Error(error.to_string()))?;
        let place = profiles.keep_key(&form.name, key.trim())?;
        said.push_str(&format!("; the key is in {place}"));
    }
    output::did(cli.output, "set", &form.name, &said)
}
