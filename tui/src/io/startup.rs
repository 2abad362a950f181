//! What the console begins with: its state as the command line and the configuration want it.

use ratatui::layout::Size;

use crate::{
    core::{
        State,
        appearance::{Theme, UnknownTheme},
        customization::{Customization, SettingError},
        keymap::{Keymap, KeymapError},
    },
    io::{
        cli::{CliError, DisplayArgs},
        clock,
        connect::Connection,
        profiles::{BackgroundSetting, Profiles},
        server_name::server_name,
        terminal_background::{self, Background},
        terminal_replies::LateReplies,
        themes,
    },
};

/// What is wrong in the configuration.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfigError {
    #[error(transparent)]
    Keymap(#[from] KeymapError),
    #[error(transparent)]
    Theme(#[from] UnknownTheme),
    #[error("{0}")]
    ThemeFile(String),
    #[error(transparent)]
    Yours(#[from] SettingError),
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Error(error.to_string())
    }
}

/// A theme by its name: one of the console's, or of a file.
fn theme(state: &State, name: &str) -> Result<Theme, ConfigError> {
    let mut own = state.own_themes.iter();
    match own.position(|(one, _)| one == name) {
        Some(at) => match &state.own_themes[at].1 {
            Ok(_) => Ok(Theme::Own(at)),
            Err(why) => Err(ConfigError::ThemeFile(why.clone())),
        },
        None => Ok(Theme::named(name)?),
    }
}

/// Finds out whether the background is light, where the theme goes by it; answers what came in meanwhile.
pub(super) fn look_at_background(
    state: &mut State,
    setting: Option<BackgroundSetting>,
    late: &mut LateReplies,
) -> String {
    let goes_by_it =
        matches!(state.theme, Theme::Either | Theme::Own(_)) || !state.own_themes.is_empty();
    let (background, typed) = match setting {
        Some(BackgroundSetting::Dark) => (Background::Dark, String::new()),
        Some(BackgroundSetting::Light) => (Background::Light, String::new()),
        _ if !goes_by_it => return String::new(),
        _ => {
            let detected = terminal_background::detect();
            late.reply_pending = detected.reply_pending;
            (detected.background, detected.typed)
        }
    };
    state.is_light = background == Background::Light;
    if state.theme == Theme::Either {
        state.theme = match background {
            Background::Dark => Theme::Dark,
            Background::Light => Theme::Light,
            Background::Unknown => Theme::Either,
        };
    }
    typed
}

/// The state as it starts.
///
/// # Errors
/// What is wrong in the configuration.
pub(super) fn state(
    look: &DisplayArgs,
    connection: &Connection,
    profiles: &Profiles,
    size: Size,
) -> Result<State, ConfigError> {
    let config = &profiles.config;
    let keymap = Keymap::with(config.keymap.as_deref(), &config.keys)?;
    let mut state = State::new(size, server_name(connection, profiles), keymap);
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    state.depth = themes::depth();
    state.own_themes = themes::read(&profiles.path().with_file_name("themes"));
    let named = look.theme.as_ref().or(config.theme.as_ref());
    state.theme = match named {
        _ if no_color => Theme::Plain,
        Some(name) => theme(&state, name)?,
        // Until the terminal was asked for its background.
        None => Theme::Either,
    };
    state.customization = Customization::read(&config.yours(), &state.keymap)?;
    state.customization.allowed = profiles.allowed();
    state.customization.copied = profiles.copied();
    state.calls = clock::idempotency_key();
    state.glyphs.ascii = look.ascii || config.ascii.unwrap_or(false);
    state.read_only = look.read_only;
    if let Some(warning) = &connection.warning {
        state.warn(warning.clone());
    }
    Ok(state)
}
