//! Breached-password check, made when a password is set, never at sign-in.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::HEXUPPER;

use super::breached_list::{BreachedList, Sha1, hash_of};
use crate::{
    domain::text::nfc,
    outbound::Outbound,
    settings::{BreachedPasswords, Settings, SettingsError, wrong},
};

/// Timeout of a lookup.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(1);
/// Number of hexadecimal digits of a hash that are sent to a service.
const PREFIX: usize = 5;

/// The list of breached passwords named in the settings.
#[derive(Debug, Clone)]
pub(crate) enum Breached {
    Off,
    /// A k-anonymity service: five digits of the hash are appended to the URL, and it returns the rest of each hash
    /// with that prefix, and its count.
    Range(Outbound, Arc<str>),
    File(Arc<BreachedList>),
}

impl Breached {
    /// Opens the list that the setting `breached_passwords` names.
    ///
    /// # Errors
    /// A file that is missing, or contains no hashes.
    pub(crate) fn open(settings: &Settings, outbound: &Outbound) -> Result<Self, SettingsError> {
        Ok(match settings.breached()? {
            BreachedPasswords::Off => Self::Off,
            BreachedPasswords::Range(url) => Self::Range(outbound.clone(), url.into()),
            BreachedPasswords::File(path) => Self::File(Arc::new(
                BreachedList::open(&path).map_err(|why| wrong("breached_passwords", why))?,
            )),
        })
    }

    /// Whether a password is in the list.
    ///
    /// # Errors
    /// Why the lookup gave no result, in words: it timed out, or failed.
    pub(crate) async fn contains(&self, password: &str) -> Result<bool, String> {
        if matches!(self, Self::Off) {
            return Ok(false);
        }
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, nfc(password).as_bytes());
        let hash: Sha1 = hash.as_ref().try_into().map_err(|_| "SHA-1 failed")?;
        let asked = tokio::time::timeout(LOOKUP_TIMEOUT, self.ask(hash)).await;
        asked.unwrap_or_else(|_| Err("it did not answer within a second".into()))
    }

    /// The list, if it is a local file: a dry run sends nothing about a password to a service.
    pub(crate) fn at_home(&self) -> Self {
        match self {
            Self::Range(..) => Self::Off,
            Self::Off | Self::File(_) => self.clone(),
        }
    }

    async fn ask(&self, hash: Sha1) -> Result<bool, String> {
        match self {
            Self::Off => Ok(false),
            Self::Range(outbound, url) => {
                let hex = HEXUPPER.encode(&hash);
                let prefix = &hex[..PREFIX];
                let answer = outbound.range(&format!("{url}{prefix}")).await;
                let answer = answer.map_err(|error| error.to_string())?;
                let lines = std::str::from_utf8(&answer).map_err(|_| "it answered no text")?;
                let mut found = lines
                    .lines()
                    .filter_map(|line| hash_of(&format!("{prefix}{}", line.trim())));
                Ok(found.any(|(found, counts)| counts && found == hash))
            }
            Self::File(list) if matches!(**list, BreachedList::InMemory(_)) => {
                list.contains(&hash).map_err(|error| error.to_string())
            }
            Self::File(list) => {
                let list = list.clone();
                let found = tokio::task::spawn_blocking(move || list.contains(&hash)).await;
                let found = found.map_err(|error| error.to_string())?;
                found.map_err(|error| error.to_string())
            }
        }
    }
}
