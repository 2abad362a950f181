//! Whether a password is known from a breach: asked where one is set, never where somebody signs in.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::HEXUPPER;

use super::breached_list::{BreachedList, Sha1, hash_of};
use crate::{
    domain::text::nfc,
    outbound::Outbound,
    settings::{BreachedPasswords, Settings, SettingsError, wrong},
};

/// How long a list may take to answer.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(1);
/// Hexadecimal digits of a hash that a service is told.
const PREFIX: usize = 5;

/// The list of breached passwords that the settings name.
#[derive(Debug, Clone)]
pub(crate) enum Breached {
    Off,
    /// A k-anonymity service: five digits of the hash are appended to the URL, and it answers with the rest of each hash
    /// that begins so, and how often it was seen.
    Range(Outbound, Arc<str>),
    File(Arc<BreachedList>),
}

impl Breached {
    /// Opens what the setting `breached_passwords` names.
    ///
    /// # Errors
    /// A file that is missing, or holds no hashes.
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
    /// Why nobody knows, in words: it took too long, or failed.
    pub(crate) async fn contains(&self, password: &str) -> Result<bool, String> {
        if matches!(self, Self::Off) {
            return Ok(false);
        }
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, nfc(password).as_bytes());
        let hash: Sha1 = hash.as_ref().try_into().map_err(|_| "SHA-1 failed")?;
        let asked = tokio::time::timeout(LOOKUP_TIMEOUT, self.ask(hash)).await;
        asked.unwrap_or_else(|_| Err("it did not answer within a second".into()))
    }

    /// The list, if this machine has it: a rehearsal tells nobody else of a password.
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
