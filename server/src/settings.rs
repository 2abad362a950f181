//! Settings: `Rocket.toml`, then the environment, then flags. An invalid one stops the start with its name.

mod breached;
mod checks;
mod colour;
mod hashing;
mod mail;
mod networks;
mod rocket_config;
mod sources;

use std::{path::PathBuf, str::FromStr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use self::mail::MailUrl;
pub(crate) use self::{breached::BreachedPasswords, colour::Colour};
#[doc(hidden)]
pub use self::{
    mail::{MailServer, MailTls},
    rocket_config::listening_url,
    sources::Overrides,
};
use crate::{crypto::key_ring::SigningAlgorithm, store::CacheSizes};

/// An invalid setting.
///
/// ```
/// use doorward_server::Settings;
///
/// let settings = Settings {
///     access_token_seconds: 0,
///     ..Settings::default()
/// };
/// let error = settings.check().unwrap_err();
/// assert_eq!(error.key, "access_token_seconds");
/// assert_eq!(error.to_string(), "access_token_seconds: must be at least 1 second and at most 10 years");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
#[non_exhaustive]
pub struct SettingsError {
    /// The setting, or the environment variable.
    pub key: String,
    /// The reason, to be read after the key.
    pub reason: String,
}

pub(crate) fn wrong(key: impl Into<String>, reason: impl Into<String>) -> SettingsError {
    SettingsError {
        key: key.into(),
        reason: reason.into(),
    }
}

/// Whether users may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anyone may sign up.
    Open,
    /// Only operators create accounts.
    Closed,
}

/// Whether clients may register dynamically (RFC 7591).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientRegistration {
    /// Not allowed.
    Closed,
    /// Only with an initial access token.
    Token,
    /// Anyone may register a public client.
    Open,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Human-readable text.
    Plain,
    /// One JSON object per line.
    Json,
}

/// Configuration of a server. Times are in seconds. `docs/configuration.md` describes each setting; [`Settings::check`]
/// validates them.
///
/// ```
/// use doorward_server::{Settings, settings::Registration};
///
/// let settings = Settings {
///     issuer: Some("https://shop.example".into()),
///     registration: Registration::Closed,
///     ..Settings::default()
/// };
/// assert!(settings.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Directory of the database and the keys; created at the first start.
    pub data_dir: PathBuf,
    /// Base URL at which clients reach the server; the listening URL if `None`.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Lifetime of a user's access token.
    pub access_token_seconds: u32,
    /// Lifetime of a client's own token.
    pub client_token_seconds: u32,
    /// Idle lifetime of a session: it expires if not refreshed for this long.
    pub refresh_token_seconds: u32,
    /// Maximum lifetime of a session.
    pub session_seconds: u32,
    /// Grace period after the use of a refresh token, in which another use is refused without ending the session.
    pub refresh_grace_seconds: u32,
    /// Period after the first use in which a refresh token whose response was lost gets another successor; 0 disables
    /// it.
    pub refresh_retry_seconds: u32,
    /// `RS256`, `ES256` or `EdDSA`.
    pub signing_algorithm: String,
    /// Memory cost of a password hash, in KiB.
    pub argon2_memory_kib: u32,
    /// Passes of a password hash.
    pub argon2_iterations: u32,
    /// Lanes of a password hash.
    pub argon2_parallelism: u32,
    /// `off`, the URL of a k-anonymity range service, or a file of SHA-1 hashes.
    pub breached_passwords: String,
    /// Password checks per IP address and minute; 0 disables any of these four limits.
    pub password_checks_per_minute_per_ip: u32,
    /// Wrong passwords per account and IP address, in 10 minutes.
    pub password_failures_per_account_and_ip: u32,
    /// Wrong passwords per account, in an hour.
    pub password_failures_per_account: u32,
    /// Sign-ups per IP address.
    pub registrations_per_hour_per_ip: u32,
    /// Whether users may sign up.
    pub registration: Registration,
    /// Roles that require a second factor.
    pub mfa_required_for: Vec<String>,
    /// Whether users may delete their own accounts.
    pub self_deletion: bool,
    /// Networks or single addresses whose `X-Forwarded-For` is trusted.
    #[serde(deserialize_with = "networks::deserialize")]
    pub trusted_proxies: Vec<IpNet>,
    /// Hosts besides loopback to which redirect URIs may lead over plain `http`.
    pub http_redirect_hosts: Vec<String>,
    /// Whether clients may register dynamically.
    pub client_registration: ClientRegistration,
    /// Scopes that dynamically registered clients may have, besides those of OpenID Connect.
    pub open_registration_scopes: Vec<String>,
    /// Whether a `client_id` may be the URL of a metadata document.
    pub client_metadata_documents: bool,
    /// Hosts behind a proxy to which browsers are redirected after sign-in.
    pub forward_auth_hosts: Vec<String>,
    /// Origins whose browser applications may call the REST API.
    pub cors_origins: Vec<String>,
    /// Prefix of new keys: `sk` results in `sk_live_…`.
    pub api_key_prefix: String,
    /// Format of the program's log.
    pub log_format: LogFormat,
    /// Maximum size of all caches together, in bytes.
    pub cache_bytes: u64,
    /// Maximum live sessions per account; another one ends the least recently used. 0 disables any of these three
    /// limits.
    pub sessions_per_account: u32,
    /// Maximum live API keys per account; another one is refused.
    pub api_keys_per_account: u32,
    /// Changes per minute with an account's own credentials.
    pub writes_per_minute_per_account: u32,
    /// Maximum age of a user's sign-in for admin calls that change something, and for minting keys with `admin` scopes,
    /// in seconds; 0 disables the check.
    pub step_up_seconds: u32,
    /// Retention of events, in days; 0 keeps them forever.
    pub event_days: u32,
    /// Name of the site on the hosted pages.
    pub site_name: String,
    /// `#rrggbb`, the colour of the pages' buttons.
    pub site_colour: String,
    /// A PNG, JPEG, WebP or SVG file of at most 256 KiB.
    #[serde(default)]
    pub site_logo: Option<PathBuf>,
    /// `smtp://` or `smtps://`; without it no mail is sent.
    #[serde(default)]
    pub mail_url: Option<MailUrl>,
    /// The sender's address.
    #[serde(default)]
    pub mail_from: Option<String>,
    /// PEM file with certificates trusted in addition to the system's.
    #[serde(default)]
    pub mail_ca_file: Option<PathBuf>,
    /// The password of the user in `mail_url`.
    #[serde(default)]
    pub mail_password_file: Option<PathBuf>,
    /// Whether TLS is required for mail, so that none is sent to a server without it.
    pub mail_require_tls: bool,
    /// Whether users are notified by mail of events on their account.
    pub mail_notices: bool,
    /// Whether sign-in requires a verified email address.
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
            cache_bytes: 128 << 20,
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
            mail_require_tls: false,
            mail_notices: true,
            require_verified_email: false,
        }
    }
}

/// Division of `cache_bytes`.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct CacheShares {
    /// Verified access tokens.
    pub tokens: usize,
    /// Frequently requested profiles.
    pub profiles: usize,
    /// Caches of the store: sessions, accounts, keys, clients.
    pub store: usize,
}

impl Settings {
    /// The longest lifetime of a signed token, in seconds.
    pub(crate) fn longest_token_seconds(&self) -> u32 {
        self.access_token_seconds.max(self.client_token_seconds)
    }

    /// Sizes of the caches, in bytes: about as much for tokens as for the sessions they belong to.
    #[doc(hidden)]
    pub fn cache_shares(&self) -> CacheShares {
        let all = usize::try_from(self.cache_bytes).unwrap_or(usize::MAX);
        let tokens = all / 4;
        let profiles = all / 64;
        CacheShares {
            tokens,
            profiles,
            store: all - tokens - profiles,
        }
    }

    /// Limits per account.
    #[doc(hidden)]
    pub fn caps(&self) -> CacheSizes {
        CacheSizes {
            sessions: self.sessions_per_account,
            api_keys: self.api_keys_per_account,
        }
    }

    /// The signing algorithm of new tokens.
    ///
    /// # Errors
    /// If the value is not an algorithm.
    #[doc(hidden)]
    pub fn algorithm(&self) -> Result<SigningAlgorithm, SettingsError> {
        SigningAlgorithm::from_str(&self.signing_algorithm)
            .map_err(|reason| wrong("signing_algorithm", reason))
    }
}
