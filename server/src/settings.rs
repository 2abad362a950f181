//! Settings: `Rocket.toml`, then the environment, then flags. A wrong one stops the start with its name.

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

/// A setting that is wrong.
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
    /// The setting, or the variable of the environment.
    pub key: String,
    /// What is wrong with it, to be read after the key.
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
    /// Anybody.
    Open,
    /// Operators make the accounts.
    Closed,
}

/// Whether clients may register themselves (RFC 7591).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientRegistration {
    /// They may not.
    Closed,
    /// With an initial access token.
    Token,
    /// Anybody, as a public client.
    Open,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Plain,
    /// One object on a line.
    Json,
}

/// What a server runs with. Times are in seconds. `docs/configuration.md` says more of each; [`Settings::check`] says what is wrong.
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
    /// Of the database and the keys; made at the first start.
    pub data_dir: PathBuf,
    /// Base URL under which clients reach the server; the listening URL when `None`.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Lifetime of a person's access token.
    pub access_token_seconds: u32,
    /// Lifetime of a client's own token.
    pub client_token_seconds: u32,
    /// A session not refreshed for so long is over.
    pub refresh_token_seconds: u32,
    /// A session ends after so long in any case.
    pub session_seconds: u32,
    /// For so long after a refresh token was used its next use is only refused.
    pub refresh_grace_seconds: u32,
    /// For so long after its first use a refresh token whose answer was lost gets another successor; 0 for never.
    pub refresh_retry_seconds: u32,
    /// `RS256`, `ES256` or `EdDSA`.
    pub signing_algorithm: String,
    /// Memory of a password hash, in KiB.
    pub argon2_memory_kib: u32,
    /// Passes of a password hash.
    pub argon2_iterations: u32,
    /// Lanes of a password hash.
    pub argon2_parallelism: u32,
    /// `off`, the URL of a k-anonymity range service, or a file of SHA-1 hashes.
    pub breached_passwords: String,
    /// Passwords that an address may have checked in a minute; 0 turns a limit off, of these four.
    pub password_checks_per_minute_per_ip: u32,
    /// Wrong passwords for an account from one address, in 10 minutes.
    pub password_failures_per_account_and_ip: u32,
    /// Wrong passwords for an account, in an hour.
    pub password_failures_per_account: u32,
    /// Accounts made from an address.
    pub registrations_per_hour_per_ip: u32,
    /// Whether anybody may make an account.
    pub registration: Registration,
    /// Roles whose people must have a second factor.
    pub mfa_required_for: Vec<String>,
    /// Whether people may delete their own accounts.
    pub self_deletion: bool,
    /// Networks or single addresses whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "networks::deserialize")]
    pub trusted_proxies: Vec<IpNet>,
    /// Hosts, but loopback, that redirect URIs may lead to over plain `http`.
    pub http_redirect_hosts: Vec<String>,
    /// Whether clients may register themselves.
    pub client_registration: ClientRegistration,
    /// Scopes that clients which register themselves may have, beside those of OpenID Connect.
    pub open_registration_scopes: Vec<String>,
    /// Whether a `client_id` may be the URL of a metadata document.
    pub client_metadata_documents: bool,
    /// Hosts behind a proxy that browsers are led back to after they have signed in.
    pub forward_auth_hosts: Vec<String>,
    /// Origins whose browser applications may call the REST API.
    pub cors_origins: Vec<String>,
    /// Of new keys: `sk` makes `sk_live_…`.
    pub api_key_prefix: String,
    /// How the program's log lines look.
    pub log_format: LogFormat,
    /// Most memory that all caches take together, in bytes.
    pub cache_bytes: u64,
    /// Live sessions of an account; one more ends the least recently used. 0 is any number, of these three.
    pub sessions_per_account: u32,
    /// Live API keys of an account; one more is refused.
    pub api_keys_per_account: u32,
    /// Changes by an account's own credentials.
    pub writes_per_minute_per_account: u32,
    /// How recent a person's sign-in must be for admin calls that change something, and for minting keys with `admin`
    /// scopes, in seconds; 0 asks for nothing.
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
    /// Whether mail goes only over TLS: no server is spoken to in the clear, though it offer nothing else.
    pub mail_require_tls: bool,
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

/// What of `cache_bytes` goes to whom.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct CacheShares {
    /// Verified access tokens.
    pub tokens: usize,
    /// Profiles that are asked for often.
    pub profiles: usize,
    /// What the store keeps: sessions, accounts, keys, clients.
    pub store: usize,
}

impl Settings {
    /// The longest lifetime of a token that is signed, in seconds.
    pub(crate) fn longest_token_seconds(&self) -> u32 {
        self.access_token_seconds.max(self.client_token_seconds)
    }

    /// What the caches may take, in bytes: about as much for tokens as for the sessions they belong to.
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

    /// What an account may have.
    #[doc(hidden)]
    pub fn caps(&self) -> CacheSizes {
        CacheSizes {
            sessions: self.sessions_per_account,
            api_keys: self.api_keys_per_account,
        }
    }

    /// What new tokens are signed with.
    ///
    /// # Errors
    /// When the value is not an algorithm.
    #[doc(hidden)]
    pub fn algorithm(&self) -> Result<SigningAlgorithm, SettingsError> {
        SigningAlgorithm::from_str(&self.signing_algorithm)
            .map_err(|reason| wrong("signing_algorithm", reason))
    }
}
