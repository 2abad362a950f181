//! Settings: `Rocket.toml`, then the environment, then flags. A wrong one stops the start with its name.

mod colour;
mod mail;

use std::{net::IpAddr, path::PathBuf, str::FromStr};

use doorward_shared::Scope;
use figment::{
    Figment, Profile, Provider,
    providers::{Env, Format, Serialized, Toml},
    value::{Dict, Map, Value},
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub(crate) use self::colour::Colour;
pub use self::mail::{MailServer, MailTls, MailUrl};
use crate::{
    crypto::{secret::is_api_key_prefix, signing::SigningAlgorithm},
    domain::{role, text::required_name},
    store::Caps,
};

/// Keys of the environment that are the console's.
const CONSOLE_KEYS: [&str; 4] = ["url", "key", "key_file", "profile"];
/// Settings that are text: what the environment says is taken as it stands, though it look like a number or a list.
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

/// A setting that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct SettingsError {
    pub key: String,
    pub reason: String,
}

pub(crate) fn wrong(key: impl Into<String>, reason: impl Into<String>) -> SettingsError {
    SettingsError {
        key: key.into(),
        reason: reason.into(),
    }
}

/// Whether anybody may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    Open,
    Closed,
}

/// Whether clients may register themselves (RFC 7591).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientRegistration {
    Closed,
    /// With an initial access token.
    Token,
    Open,
}

/// Where passwords of breaches are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BreachedPasswords {
    Off,
    /// The URL of a range service, to which five digits are appended.
    Range(String),
    File(PathBuf),
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Plain,
    Json,
}

/// What a server runs with. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub data_dir: PathBuf,
    /// Base URL under which clients reach the server; the listening URL when `None`.
    #[serde(default)]
    pub issuer: Option<String>,
    pub access_token_seconds: u32,
    pub client_token_seconds: u32,
    /// A session not refreshed for so long is over.
    pub refresh_token_seconds: u32,
    /// A session ends after so long in any case.
    pub session_seconds: u32,
    /// For so long after a refresh token was used its next use is only refused.
    pub refresh_grace_seconds: u32,
    /// For so long after its first use a refresh token whose answer was lost gets another successor; 0 for never.
    pub refresh_retry_seconds: u32,
    pub signing_algorithm: String,
    pub argon2_memory_kib: u32,
    pub argon2_iterations: u32,
    pub argon2_parallelism: u32,
    /// `off`, the URL of a k-anonymity range service, or a file of SHA-1 hashes.
    pub breached_passwords: String,
    /// 0 turns a limit off.
    pub password_checks_per_minute_per_ip: u32,
    /// In 10 minutes.
    pub password_failures_per_account_and_ip: u32,
    /// In an hour.
    pub password_failures_per_account: u32,
    pub registrations_per_hour_per_ip: u32,
    pub registration: Registration,
    /// Roles whose people must have a second factor.
    pub mfa_required_for: Vec<String>,
    /// Whether people may delete their own accounts.
    pub self_deletion: bool,
    /// Networks or single addresses whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Hosts, but loopback, that redirect URIs may lead to over plain `http`.
    pub http_redirect_hosts: Vec<String>,
    pub client_registration: ClientRegistration,
    /// Scopes that clients which register themselves may have, beside those of OpenID Connect.
    pub open_registration_scopes: Vec<String>,
    /// Whether a `client_id` may be the URL of a metadata document.
    pub client_metadata_documents: bool,
    /// Hosts behind a proxy that browsers are led back to after they have signed in.
    pub forward_auth_hosts: Vec<String>,
    /// Origins whose browser applications may call the REST API.
    pub cors_origins: Vec<String>,
    pub api_key_prefix: String,
    pub log_format: LogFormat,
    /// Most entries of each in-memory cache.
    pub cache_entries: usize,
    /// Live sessions of an account; one more ends the least recently used. 0 is any number, of these three.
    pub sessions_per_account: u32,
    pub api_keys_per_account: u32,
    /// Changes by an account's own credentials.
    pub writes_per_minute_per_account: u32,
    /// How recent a person's sign-in must be for admin calls that destroy something; 0 asks for nothing.
    pub step_up_seconds: u32,
    /// How long events are kept, in days; 0 keeps them for good.
    pub event_days: u32,
    /// What the pages call this place.
    pub site_name: String,
    /// `#rrggbb`, of the pages' buttons.
    pub site_colour: String,
    /// A PNG, JPEG, WebP or SVG file of at most 256 KiB.
    #[serde(default)]
    pub site_logo: Option<PathBuf>,
    /// `smtp://` or `smtps://`; without one no mail is sent.
    #[serde(default)]
    pub mail_url: Option<MailUrl>,
    /// The sender's address.
    #[serde(default)]
    pub mail_from: Option<String>,
    /// PEM, trusted beside the system's certificates.
    #[serde(default)]
    pub mail_ca_file: Option<PathBuf>,
    /// The password of the user in `mail_url`.
    #[serde(default)]
    pub mail_password_file: Option<PathBuf>,
    /// Whether people are told by mail of what happens to their account.
    pub mail_notices: bool,
    /// Whether people sign in only once their address is verified.
    pub require_verified_email: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: "doorward-data".into(),
            issuer: None,
            access_token_seconds: 3600,
            client_token_seconds: 7200,
            refresh_token_seconds: 2_592_000,
            session_seconds: 7_776_000,
            refresh_grace_seconds: 2,
            refresh_retry_seconds: 60,
            signing_algorithm: "RS256".into(),
            argon2_memory_kib: 19456,
            argon2_iterations: 2,
            argon2_parallelism: 1,
            breached_passwords: "off".into(),
            password_checks_per_minute_per_ip: 100,
            password_failures_per_account_and_ip: 10,
            password_failures_per_account: 100,
            registrations_per_hour_per_ip: 100,
            registration: Registration::Open,
            mfa_required_for: Vec::new(),
            self_deletion: true,
            trusted_proxies: Vec::new(),
            http_redirect_hosts: Vec::new(),
            client_registration: ClientRegistration::Closed,
            open_registration_scopes: Vec::new(),
            client_metadata_documents: false,
            forward_auth_hosts: Vec::new(),
            cors_origins: Vec::new(),
            api_key_prefix: "sk".into(),
            log_format: LogFormat::Plain,
            cache_entries: 100_000,
            sessions_per_account: 100,
            api_keys_per_account: 100,
            writes_per_minute_per_account: 120,
            step_up_seconds: 0,
            event_days: 365,
            site_name: "Doorward".into(),
            site_colour: "#1f5fbf".into(),
            site_logo: None,
            mail_url: None,
            mail_from: None,
            mail_ca_file: None,
            mail_password_file: None,
            mail_notices: true,
            require_verified_email: false,
        }
    }
}

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub data_dir: Option<PathBuf>,
    pub address: Option<IpAddr>,
    pub port: Option<u16>,
}

/// The URL under which Rocket listens, on a port that was picked if it is to pick one.
pub fn listening_url(config: &rocket::Config, port: u16) -> String {
    let scheme = if config.tls_enabled() {
        "https"
    } else {
        "http"
    };
    format!(
        "{scheme}://{}",
        std::net::SocketAddr::new(config.address, port)
    )
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
    /// The first key that is unknown or whose value is wrong, in a sentence.
    pub fn load() -> Result<Self, SettingsError> {
        let (mut settings, figment) = Self::load_with(&Overrides::default())?;
        if settings.issuer.is_none() {
            let config = figment
                .extract::<rocket::Config>()
                .map_err(|error| wrong("Rocket.toml", error.to_string()))?;
            // Port 0 says nothing yet.
            settings.issuer = (config.port != 0).then(|| listening_url(&config, config.port));
        }
        Ok(settings)
    }

    /// As [`Settings::load`], with flags of a command line; answers Rocket's own configuration too, and leaves the issuer
    /// as it is set.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn load_with(overrides: &Overrides) -> Result<(Self, Figment), SettingsError> {
        let file = Self::file_name();
        if std::env::var_os("ROCKET_CONFIG").is_some() && !file.is_file() {
            let name = file.display();
            return Err(wrong("ROCKET_CONFIG", format!("there is no file {name}")));
        }
        let environment = std::env::vars_os().filter_map(|(key, value)| {
            let key = key.into_string().ok()?;
            key.to_ascii_uppercase()
                .starts_with("DOORWARD_")
                .then(|| (key, value.into_string().ok()))
        });
        Self::read(&Toml::file(file).nested(), environment, overrides)
    }

    fn file_name() -> PathBuf {
        std::env::var_os("ROCKET_CONFIG").map_or_else(|| "Rocket.toml".into(), PathBuf::from)
    }

    /// The settings file that is read: `ROCKET_CONFIG`, else `Rocket.toml` in the directory the server was started in or
    /// the nearest above it that has one.
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
            .map_err(|error| wrong("Rocket.toml", error.to_string()))?;
        let profile =
            std::env::var("ROCKET_PROFILE").map_or(rocket::Config::DEFAULT_PROFILE, Profile::from);
        check_profiles(&toml)?;
        let config = rocket_config(file, profile, overrides);
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
        check_rocket(&config)?;
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

    /// Whether the values can be worked with.
    ///
    /// # Errors
    /// The first key whose value is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        let times = [
            ("access_token_seconds", self.access_token_seconds),
            ("client_token_seconds", self.client_token_seconds),
            ("refresh_token_seconds", self.refresh_token_seconds),
            ("session_seconds", self.session_seconds),
        ];
        for (key, seconds) in times {
            if seconds == 0 || seconds > 10 * 365 * 86_400 {
                return Err(wrong(key, "must be at least 1 second and at most 10 years"));
            }
        }
        if self.refresh_grace_seconds > 60 {
            return Err(wrong("refresh_grace_seconds", "must be at most 60"));
        }
        if self.refresh_retry_seconds > 3600 {
            return Err(wrong("refresh_retry_seconds", "must be at most 3600"));
        }
        self.algorithm()?;
        self.argon2_params()?;
        self.breached()?;
        if self.data_dir.as_os_str().is_empty() {
            return Err(wrong("data_dir", "must not be empty"));
        }
        if let Some(issuer) = &self.issuer {
            check_issuer(issuer)?;
        }
        let hosts = [
            ("http_redirect_hosts", &self.http_redirect_hosts),
            ("forward_auth_hosts", &self.forward_auth_hosts),
        ];
        for (key, host) in hosts
            .iter()
            .flat_map(|(key, hosts)| hosts.iter().map(move |host| (*key, host)))
        {
            let is_host = url::Host::parse(host).is_ok_and(|parsed| parsed.to_string() == *host);
            if !is_host {
                let reason = format!("{host:?} is not a host name in lower case, without port");
                return Err(wrong(key, reason));
            }
        }
        for scope in &self.open_registration_scopes {
            let is_ours = |scope: &Scope| {
                Scope::covers(scope, "admin") || scope.as_str().starts_with("admin")
            };
            match scope.parse::<Scope>() {
                Ok(scope) if !is_ours(&scope) => {}
                _ => {
                    let reason = format!("{scope:?} is not a scope of your applications");
                    return Err(wrong("open_registration_scopes", reason));
                }
            }
        }
        for role in &self.mfa_required_for {
            if !role::name_ok(role) {
                let reason = format!("{role:?} is not the name of a role");
                return Err(wrong("mfa_required_for", reason));
            }
        }
        for origin in &self.cors_origins {
            let parsed = url::Url::parse(origin).map(|url| url.origin().ascii_serialization());
            if !parsed.is_ok_and(|parsed| parsed == *origin) {
                let reason = format!(
                    "{origin:?} is not an origin such as https://app.example, without path or slash"
                );
                return Err(wrong("cors_origins", reason));
            }
        }
        if !is_api_key_prefix(&self.api_key_prefix) {
            return Err(wrong(
                "api_key_prefix",
                "must be 1 to 16 of a-z and 0-9, starting with a letter",
            ));
        }
        let name_ok = required_name(&self.site_name).is_ok_and(|name| name.chars().count() <= 60);
        if !name_ok {
            return Err(wrong("site_name", "must be 1 to 60 visible characters"));
        }
        if Colour::parse(&self.site_colour).is_none() {
            return Err(wrong("site_colour", "must be of the form #rrggbb"));
        }
        if !(100..=100_000_000).contains(&self.cache_entries) {
            return Err(wrong("cache_entries", "must be from 100 to 100,000,000"));
        }
        self.mail_server_without_files()?;
        let caps = [
            ("sessions_per_account", self.sessions_per_account),
            ("api_keys_per_account", self.api_keys_per_account),
        ];
        for (key, cap) in caps {
            if cap > 10_000 {
                return Err(wrong(key, "must be at most 10,000; 0 turns it off"));
            }
        }
        Ok(())
    }

    /// What an account may have.
    pub fn caps(&self) -> Caps {
        Caps {
            sessions: self.sessions_per_account,
            api_keys: self.api_keys_per_account,
        }
    }

    /// What new tokens are signed with.
    ///
    /// # Errors
    /// When the value is not an algorithm.
    pub fn algorithm(&self) -> Result<SigningAlgorithm, SettingsError> {
        SigningAlgorithm::from_str(&self.signing_algorithm)
            .map_err(|reason| wrong("signing_algorithm", reason))
    }

    /// Where breached passwords are listed.
    ///
    /// # Errors
    /// When it is empty, or no URL that can be called.
    pub(crate) fn breached(&self) -> Result<BreachedPasswords, SettingsError> {
        let refused = |why: &str| Err(wrong("breached_passwords", why));
        let text = self.breached_passwords.trim();
        match url::Url::parse(text) {
            _ if text.is_empty() => refused("must be off, the URL of a range service, or a file"),
            _ if text == "off" => Ok(BreachedPasswords::Off),
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                if url.query().is_some() || url.fragment().is_some() {
                    return refused(
                        "five digits are appended to the URL: it must end with its path",
                    );
                }
                Ok(BreachedPasswords::Range(text.to_owned()))
            }
            _ if text.starts_with("http:") || text.starts_with("https:") => refused("is not a URL"),
            _ => Ok(BreachedPasswords::File(text.into())),
        }
    }

    /// Argon2id parameters.
    ///
    /// # Errors
    /// Outside RFC 9106 section 3.1, or beyond 1 GiB.
    pub fn argon2_params(&self) -> Result<argon2::Params, SettingsError> {
        let (memory, iterations, lanes) = (
            self.argon2_memory_kib,
            self.argon2_iterations,
            self.argon2_parallelism,
        );
        if iterations == 0 || iterations > 100 {
            return Err(wrong("argon2_iterations", "must be from 1 to 100"));
        }
        if lanes == 0 || lanes > 64 {
            return Err(wrong("argon2_parallelism", "must be from 1 to 64"));
        }
        if memory < 8 * lanes || memory > 1 << 20 {
            return Err(wrong(
                "argon2_memory_kib",
                "must be at least 8 for each lane and at most 1048576",
            ));
        }
        argon2::Params::new(memory, iterations, lanes, Some(32))
            .map_err(|error| wrong("argon2_memory_kib", error.to_string()))
    }
}

const DOORWARD: &str = "DOORWARD_";
/// Keys that have no value unless one is set.
const WITHOUT_DEFAULT: [&str; 6] = [
    "issuer",
    "site_logo",
    "mail_url",
    "mail_from",
    "mail_ca_file",
    "mail_password_file",
];

/// Whether all keys are settings.
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

/// Whether what the file says is where it is looked for, and known, in profiles that are not selected too.
fn check_profiles(toml: &Map<Profile, Dict>) -> Result<(), SettingsError> {
    for (profile, keys) in toml {
        if *profile == "doorward" {
            return Err(wrong("doorward", "the table is called [default.doorward]"));
        }
        if let Some(Value::Dict(_, table)) = keys.get("doorward") {
            check_keys(table)?;
        }
    }
    Ok(())
}

/// A value as Rocket reads its own: a TOML-like literal, else text.
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

/// A list of networks, or text with commas between them. An address alone is a network of one.
fn networks<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        List(Vec<String>),
        Text(String),
    }
    let parts = match Given::deserialize(from) {
        Ok(Given::List(parts)) => parts,
        Ok(Given::Text(text)) => text.split(',').map(str::to_owned).collect(),
        Err(_) => return Err(serde::de::Error::custom("must be a list of networks")),
    };
    let network = |text: String| {
        let text = text.trim();
        let alone = || text.parse().map(|ip: IpAddr| IpNet::from(ip));
        text.parse::<IpNet>().or_else(|_| alone()).map_err(|_| {
            serde::de::Error::custom(format!("{text} is neither a network nor an address"))
        })
    };
    parts.into_iter().map(network).collect()
}

fn check_issuer(issuer: &str) -> Result<(), SettingsError> {
    let rest = issuer
        .strip_prefix("https://")
        .or_else(|| issuer.strip_prefix("http://"));
    let host = rest
        .and_then(|rest| rest.split('/').next())
        .filter(|host| !host.is_empty());
    let clean = issuer.bytes().all(|b| b.is_ascii_graphic())
        && !issuer.contains(['?', '#', '\\', '"', '<', '>', '@']);
    if host.is_none() || !clean || issuer.ends_with('/') {
        // RFC 8414 section 2: no query, no fragment.
        return Err(wrong(
            "issuer",
            "must be an http or https URL without query, fragment or trailing slash",
        ));
    }
    Ok(())
}

/// Rocket's own keys: its defaults, then ours, then file, environment and flags.
fn rocket_config(file: &impl Provider, profile: Profile, overrides: &Overrides) -> Figment {
    // A stop ends within 5 seconds: requests have 3 to finish, and connections 1 to close.
    let mut config = Figment::from(rocket::Config::default())
        .merge(("ip_header", false))
        .merge(("cli_colors", false))
        .merge(("ident", "Doorward"))
        .merge(("limits.data", "64KiB"))
        .merge(("shutdown.grace", 3))
        // Signals are ours (`process::Stop`): Rocket would close connections before what was sent on them is read.
        .merge(("shutdown.ctrlc", false))
        .merge(("shutdown.signals", Vec::<String>::new()))
        .merge(("shutdown.mercy", 1))
        .select(profile)
        .merge(file)
        .merge(
            Env::prefixed("ROCKET_")
                .ignore(&["PROFILE", "CONFIG"])
                .global(),
        );
    // Rocket's own log goes to stdout and holds whole URIs: it stays off whatever is asked for.
    config = config.merge(Serialized::global("log_level", "off"));
    if let Some(address) = overrides.address {
        config = config.merge(Serialized::global("address", address));
    }
    if let Some(port) = overrides.port {
        config = config.merge(Serialized::global("port", port));
    }
    config
}

/// Rocket's own tables, whose keys it does not check itself.
const ROCKET_TABLES: [(&str, &[&str]); 2] = [
    ("shutdown", &["ctrlc", "signals", "grace", "mercy", "force"]),
    (
        "tls",
        &[
            "certs",
            "key",
            "ciphers",
            "prefer_server_cipher_order",
            "mutual",
        ],
    ),
];

/// Whether Rocket's own keys are known and can be worked with.
fn check_rocket(config: &Figment) -> Result<(), SettingsError> {
    let named = |error: figment::Error| {
        let key = error.path.join(".");
        wrong(
            if key.is_empty() { "Rocket.toml" } else { &key },
            error.kind.to_string(),
        )
    };
    let given: Dict = config.extract().map_err(named)?;
    let known = |key: &str| key == "doorward" || rocket::Config::PARAMETERS.contains(&key);
    if let Some(key) = given.keys().find(|key| !known(key)) {
        return Err(wrong(key, "is not a setting of Rocket's"));
    }
    for (name, known) in ROCKET_TABLES {
        let keys = given
            .get(name)
            .and_then(Value::as_dict)
            .into_iter()
            .flatten();
        if let Some((key, _)) = keys
            .into_iter()
            .find(|(key, _)| !known.contains(&key.as_str()))
        {
            return Err(wrong(
                format!("{name}.{key}"),
                "is not a setting of Rocket's",
            ));
        }
    }
    let config: rocket::Config = config.extract().map_err(named)?;
    if config.workers == 0 {
        return Err(wrong("workers", "must be at least 1"));
    }
    Ok(())
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
    fn every_key_stands_in_the_readme_and_in_the_settings_file() {
        let keys = serde_json::to_value(Settings::default()).unwrap();
        let readme = include_str!("../../README.md");
        let file = include_str!("../../Rocket.toml");
        for key in keys.as_object().unwrap().keys() {
            assert!(readme.contains(&format!("`{key}`")), "README: {key}");
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
