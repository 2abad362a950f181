//! Sources of settings (file, environment, flags), and detection of unknown keys.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Profile, Provider,
    providers::{Format, Serialized, Toml},
    value::{Dict, Map, Value},
};

use super::{Settings, SettingsError, listening_url, rocket_config, wrong};
use crate::files::is_strangers;

/// Environment keys that belong to the console.
const CONSOLE_KEYS: [&str; 4] = ["url", "key", "key_file", "profile"];
/// Text settings: the environment's value is used unparsed, even if it looks like a number or a list.
const TEXT_KEYS: [&str; 15] = [
    "breached_passwords",
    "data_dir",
    "issuer",
    "signing_algorithm",
    "registration",
    "client_registration",
    "api_key_prefix",
    "log_format",
    "site_name",
    "site_colour",
    "site_logo",
    "mail_url",
    "mail_from",
    "mail_ca_file",
    "mail_password_file",
];

const DOORWARD: &str = "DOORWARD_";
/// Settings without a default value.
const WITHOUT_DEFAULT: [&str; 6] = [
    "issuer",
    "site_logo",
    "mail_url",
    "mail_from",
    "mail_ca_file",
    "mail_password_file",
];

/// Values from the command line.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--address`
    pub address: Option<IpAddr>,
    /// `--port`
    pub port: Option<u16>,
}

impl Settings {
    /// Reads `Rocket.toml` and the environment, as the program does. Without `issuer` it is the address that Rocket
    /// listens on by the same settings.
    ///
    /// ```no_run
    /// # async fn app() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use doorward_server::{Doorward, Settings};
    ///
    /// let doorward = Doorward::open(Settings::load()?).await?;
    /// rocket::build().attach(doorward.fairing()).launch().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The first unknown key or invalid value, in a sentence.
    pub fn load() -> Result<Self, SettingsError> {
        let (mut settings, figment) = Self::load_with(&Overrides::default())?;
        if settings.issuer.is_none() {
            let config = figment
                .extract::<rocket::Config>()
                .map_err(|error| wrong("Rocket.toml", error.to_string()))?;
            // Port 0 has no URL yet.
            settings.issuer = (config.port != 0).then(|| listening_url(&config, config.port));
        }
        Ok(settings)
    }

    /// As [`Settings::load`], with command line flags; also returns Rocket's own configuration, and leaves the issuer
    /// as set.
    ///
    /// # Errors
    /// As [`Settings::load`].
    #[doc(hidden)]
    pub fn load_with(overrides: &Overrides) -> Result<(Self, Figment), SettingsError> {
        let is_named = std::env::var_os("ROCKET_CONFIG").is_some();
        let file = Self::file_name();
        if is_named && !file.is_file() {
            let name = file.display();
            return Err(wrong("ROCKET_CONFIG", format!("there is no file {name}")));
        }
        let toml = match Self::file() {
            Some(found) if !is_named => {
                refuse_strangers("Rocket.toml", &found)?;
                Toml::file_exact(found)
            }
            Some(found) => Toml::file_exact(found),
            None => Toml::string(""),
        };
        let environment = std::env::vars_os().filter_map(|(key, value)| {
            let key = key.into_string().ok()?;
            key.to_ascii_uppercase()
                .starts_with("DOORWARD_")
                .then(|| (key, value.into_string().ok()))
        });
        let (settings, figment) = Self::read(&toml.nested(), environment, overrides)?;
        if settings.data_dir.is_relative() {
            let steps = settings.data_dir.ancestors();
            for step in steps.filter(|step| !step.as_os_str().is_empty()) {
                refuse_strangers("data_dir", step)?;
            }
        }
        Ok((settings, figment))
    }

    fn file_name() -> PathBuf {
        std::env::var_os("ROCKET_CONFIG").map_or_else(|| "Rocket.toml".into(), PathBuf::from)
    }

    /// The settings file in use: `ROCKET_CONFIG`, or `Rocket.toml` in the current directory or its nearest ancestor
    /// that has one.
    #[doc(hidden)]
    pub fn file() -> Option<PathBuf> {
        let source = Toml::file(Self::file_name()).metadata().source?;
        std::path::absolute(source.file_path()?).ok()
    }

    fn read(
        file: &impl Provider,
        environment: impl Iterator<Item = (String, Option<String>)>,
        overrides: &Overrides,
    ) -> Result<(Self, Figment), SettingsError> {
        let toml = file
            .data()
            .map_err(|error| wrong("Rocket.toml", without_source(&error.to_string())))?;
        let profile =
            std::env::var("ROCKET_PROFILE").map_or(rocket::Config::DEFAULT_PROFILE, Profile::from);
        check_profiles(&toml)?;
        let config = rocket_config::figment(file, profile, overrides);
        let mut table = match config.find_value("doorward") {
            Ok(value) => value
                .into_dict()
                .ok_or_else(|| wrong("doorward", "must be a table"))?,
            Err(_) => Dict::new(),
        };
        for (name, text) in environment {
            let key = name[DOORWARD.len()..].to_ascii_lowercase();
            if CONSOLE_KEYS.contains(&key.as_str()) {
                continue;
            }
            let text = text.ok_or_else(|| wrong(&name, "is not UTF-8"))?;
            table.insert(key.clone(), parse_value(&name, &key, &text)?);
        }
        if let Some(data_dir) = &overrides.data_dir {
            table.insert(
                "data_dir".into(),
                Value::from(data_dir.to_string_lossy().into_owned()),
            );
        }
        let settings = Self::from_table(table)?;
        rocket_config::check(&config)?;
        Ok((settings, config))
    }

    fn from_table(table: Dict) -> Result<Self, SettingsError> {
        check_keys(&table)?;
        let figment =
            Figment::from(Serialized::defaults(Self::default())).merge(Serialized::defaults(table));
        let settings: Self = figment.extract().map_err(|error| {
            let key = error
                .path
                .first()
                .cloned()
                .unwrap_or_else(|| "doorward".into());
            wrong(key, error.kind.to_string())
        })?;
        settings.check()?;
        Ok(settings)
    }
}

/// Rejects a file found from the current directory that another user of the machine may have put there.
fn refuse_strangers(key: &str, found: &Path) -> Result<(), SettingsError> {
    if is_strangers(found).map_err(|error| wrong(key, format!("{}: {error}", found.display())))? {
        let why = "belongs to another user, in a world-writable directory: give its full path if it is the one you want \
                   (ROCKET_CONFIG, --data-dir)";
        return Err(wrong(key, format!("{} {why}", found.display())));
    }
    Ok(())
}

/// A TOML error with its position and reason, without the source line, which may contain a secret.
fn without_source(error: &str) -> String {
    let lines = error.lines().map(str::trim);
    let said = lines.filter(|line| {
        let (before, _) = line.split_once('|').unwrap_or(("said", ""));
        !before.trim().bytes().all(|byte| byte.is_ascii_digit())
    });
    said.filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(": ")
}

/// Checks that all keys are settings.
fn check_keys(table: &Dict) -> Result<(), SettingsError> {
    let known = Serialized::defaults(Settings::default())
        .data()
        .map_err(|error| wrong("doorward", error.to_string()))?;
    let known: Dict = known.into_values().next().unwrap_or_default();
    let unknown = table
        .keys()
        .find(|key| !known.contains_key(*key) && !WITHOUT_DEFAULT.contains(&key.as_str()));
    unknown.map_or(Ok(()), |key| Err(wrong(key, "is not a setting")))
}

/// Checks that the file's keys are known and in the right table, including those of profiles that are not selected.
fn check_profiles(toml: &Map<Profile, Dict>) -> Result<(), SettingsError> {
    for (profile, keys) in toml {
        if *profile == "doorward" {
            return Err(wrong("doorward", "settings belong in [default.doorward]"));
        }
        if let Some(Value::Dict(_, table)) = keys.get("doorward") {
            check_keys(table)?;
        }
    }
    Ok(())
}

/// Parses a value like Rocket: as a TOML-like literal, or else as text.
fn parse_value(name: &str, key: &str, text: &str) -> Result<Value, SettingsError> {
    if text.trim().is_empty() {
        return Err(wrong(name, "must not be empty"));
    }
    let value: Value = text.parse().map_err(|_| wrong(name, "cannot be read"))?;
    match value {
        Value::String(..) => Ok(value),
        _ if TEXT_KEYS.contains(&key) => Ok(Value::from(text)),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str, env: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let env = env
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned())));
        Settings::read(&Toml::string(toml).nested(), env, &Overrides::default())
            .map(|(settings, _)| settings)
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let toml = "[default.doorward]\naccess_token_seconds = 60\nsession_seconds = 90\n";
        let settings = read(toml, &[("DOORWARD_ACCESS_TOKEN_SECONDS", "70")]).unwrap();
        assert_eq!(
            (settings.access_token_seconds, settings.session_seconds),
            (70, 90)
        );
        assert_eq!(settings.client_token_seconds, 7200);
    }

    #[test]
    fn a_broken_file_is_told_without_its_line_in_which_there_may_be_a_secret() {
        let toml = "[default.doorward]\nmail_url = \"smtp://ada:hunter2@mail.example\n";
        let error = read(toml, &[]).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains("line 2, column") && error.contains("invalid basic string"));
    }

    #[test]
    fn unknown_keys_and_bad_values_are_refused_by_name() {
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
        let cases: &[Case<'_>] = &[
            (
                "[default.doorward]\nacces_token_seconds = 60\n",
                &[],
                "acces_token_seconds",
            ),
            ("", &[("DOORWARD_NONSENSE", "1")], "nonsense"),
            (
                "",
                &[("DOORWARD_ACCESS_TOKEN_SECONDS", "0")],
                "access_token_seconds",
            ),
            (
                "",
                &[("DOORWARD_ACCESS_TOKEN_SECONDS", "soon")],
                "access_token_seconds",
            ),
            (
                "",
                &[("DOORWARD_ACCESS_TOKEN_SECONDS", "-1")],
                "access_token_seconds",
            ),
            (
                "",
                &[("DOORWARD_ACCESS_TOKEN_SECONDS", "")],
                "DOORWARD_ACCESS_TOKEN_SECONDS",
            ),
            (
                "",
                &[("DOORWARD_SIGNING_ALGORITHM", "HS256")],
                "signing_algorithm",
            ),
            (
                "",
                &[("DOORWARD_ARGON2_MEMORY_KIB", "7")],
                "argon2_memory_kib",
            ),
            ("", &[("DOORWARD_ISSUER", "ftp://x")], "issuer"),
            ("", &[("DOORWARD_ISSUER", "https://x/?a=b")], "issuer"),
            (
                "",
                &[("DOORWARD_TRUSTED_PROXIES", "[\"10.0.0.0/33\"]")],
                "trusted_proxies",
            ),
            ("", &[("DOORWARD_REGISTRATION", "maybe")], "registration"),
            ("", &[("DOORWARD_SITE_COLOUR", "blue")], "site_colour"),
            ("[default.doorward]\nsite_name = \"\"\n", &[], "site_name"),
            ("", &[("DOORWARD_API_KEY_PREFIX", "SK_")], "api_key_prefix"),
            ("[default]\ndoorward = 1\n", &[], "doorward"),
        ];
        for (toml, env, key) in cases {
            let error = read(toml, env).unwrap_err();
            assert!(error.key.contains(key), "{error} should name {key}");
        }
    }

    #[test]
    fn every_key_stands_in_the_documentation_and_in_the_settings_file() {
        let keys = serde_json::to_value(Settings::default()).unwrap();
        let documented = include_str!("../../../docs/configuration.md");
        let file = include_str!("../../../Rocket.toml");
        for key in keys.as_object().unwrap().keys() {
            let named = documented.contains(&format!("`{key}`"));
            assert!(named, "docs/configuration.md: {key}");
            assert!(file.contains(&format!("# {key} = ")), "Rocket.toml: {key}");
        }
    }

    #[test]
    fn the_consoles_variables_are_not_ours() {
        let env = [
            ("DOORWARD_URL", "x"),
            ("DOORWARD_KEY", "y"),
            ("DOORWARD_KEY_FILE", "z"),
        ];
        assert_eq!(read("", &env).unwrap(), Settings::default());
    }
}
