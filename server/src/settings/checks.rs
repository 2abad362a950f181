//! Validation of setting values.

use doorward_shared::Scope;
use url::{Host, Url};

use super::{Colour, Settings, SettingsError, wrong};
use crate::{
    crypto::api_key::is_api_key_prefix,
    domain::{role, text::required_name},
};

/// Maximum lifetime of a token or a session, in seconds: 10 years.
const MAX_LIFETIME: u32 = 10 * 365 * 86_400;
/// Range of the cache size, in bytes.
const CACHE_BYTES: std::ops::RangeInclusive<u64> = (64 << 10)..=(1 << 40);
/// Maximum limit per account.
const MAX_CAP: u32 = 10_000;

impl Settings {
    /// Validates all values.
    ///
    /// # Errors
    /// The first setting with an invalid value.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.check_times()?;
        self.algorithm()?;
        self.argon2_params()?;
        self.breached()?;
        if self.data_dir.as_os_str().is_empty() {
            return Err(wrong("data_dir", "must not be empty"));
        }
        if let Some(issuer) = &self.issuer {
            check_issuer(issuer)?;
        }
        self.check_hosts()?;
        self.check_scopes_and_roles()?;
        self.check_origins()?;
        self.check_looks()?;
        if !CACHE_BYTES.contains(&self.cache_bytes) {
            return Err(wrong(
                "cache_bytes",
                "must be from 64 KiB to 1 TiB, in bytes",
            ));
        }
        self.mail_server_without_files()?;
        self.check_caps()
    }

    fn check_times(&self) -> Result<(), SettingsError> {
        let times = [
            ("access_token_seconds", self.access_token_seconds),
            ("client_token_seconds", self.client_token_seconds),
            ("refresh_token_seconds", self.refresh_token_seconds),
            ("session_seconds", self.session_seconds),
        ];
        for (key, seconds) in times {
            if seconds == 0 || seconds > MAX_LIFETIME {
                return Err(wrong(key, "must be at least 1 second and at most 10 years"));
            }
        }
        if self.refresh_grace_seconds > 60 {
            return Err(wrong("refresh_grace_seconds", "must be at most 60"));
        }
        if self.refresh_retry_seconds > 3600 {
            return Err(wrong("refresh_retry_seconds", "must be at most 3600"));
        }
        Ok(())
    }

    fn check_hosts(&self) -> Result<(), SettingsError> {
        let hosts = [
            ("http_redirect_hosts", &self.http_redirect_hosts),
            ("forward_auth_hosts", &self.forward_auth_hosts),
        ];
        for (key, host) in hosts
            .iter()
            .flat_map(|(key, hosts)| hosts.iter().map(move |host| (*key, host)))
        {
            let is_host = Host::parse(host).is_ok_and(|parsed| parsed.to_string() == *host);
            if !is_host {
                let reason = format!("{host:?} is not a host name in lower case, without port");
                return Err(wrong(key, reason));
            }
        }
        Ok(())
    }

    fn check_scopes_and_roles(&self) -> Result<(), SettingsError> {
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
        Ok(())
    }

    fn check_origins(&self) -> Result<(), SettingsError> {
        for origin in &self.cors_origins {
            let parsed = Url::parse(origin).map(|url| url.origin().ascii_serialization());
            if !parsed.is_ok_and(|parsed| parsed == *origin) {
                let reason = format!(
                    "{origin:?} is not an origin such as https://app.example, without path or slash"
                );
                return Err(wrong("cors_origins", reason));
            }
        }
        Ok(())
    }

    /// Validates the appearance of keys and pages.
    fn check_looks(&self) -> Result<(), SettingsError> {
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
        Ok(())
    }

    fn check_caps(&self) -> Result<(), SettingsError> {
        let caps = [
            ("sessions_per_account", self.sessions_per_account),
            ("api_keys_per_account", self.api_keys_per_account),
        ];
        for (key, cap) in caps {
            if cap > MAX_CAP {
                return Err(wrong(key, "must be at most 10,000; 0 turns it off"));
            }
        }
        Ok(())
    }
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
