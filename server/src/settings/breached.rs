//! The setting `breached_passwords`.

use std::path::PathBuf;

use super::{Settings, SettingsError, wrong};

/// The source of breached passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BreachedPasswords {
    Off,
    /// The URL of a range service, to which five hexadecimal digits are appended.
    Range(String),
    File(PathBuf),
}

impl Settings {
    /// The configured source of breached passwords.
    ///
    /// # Errors
    /// If it is empty, or neither a valid URL nor a file.
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
}
