//! What the configuration file may say.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{Profile, ProfilesError, config_file::text};
use crate::core::{
    customization::{AlertSetting, CommandSetting, CustomizationSettings, ViewSetting},
    own_theme::line_of,
};

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
    pub(crate) fn yours(&self) -> CustomizationSettings {
        CustomizationSettings {
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
