//! Where the operator said that master.key is copied: a file beside the configuration, a profile or URL a line.

use std::{collections::BTreeSet, fs, path::PathBuf};

use super::{Profiles, ProfilesError, config_file, write_private};

impl Profiles {
    fn copied_path(&self) -> PathBuf {
        self.path.with_file_name("master-keys-copied")
    }

    /// Profiles, or URLs of servers without one.
    pub(crate) fn copied(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.copied_path()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Remembers whether a server's master.key is copied; answers what is said of it.
    ///
    /// # Errors
    /// One line.
    pub(crate) fn keep_copied(&self, profile: &str, copied: bool) -> Result<String, ProfilesError> {
        let path = self.copied_path();
        let fail = |error| ProfilesError::file(&path, error);
        let _lock = config_file::lock(&path).map_err(fail)?;
        let mut all = self.copied();
        if copied {
            all.insert(profile.to_owned());
        } else {
            all.remove(profile);
        }
        let lines: Vec<_> = all.into_iter().collect();
        write_private(&path, &lines.join("\n")).map_err(fail)?;
        let is = if copied { "is" } else { "is not" };
        Ok(format!("kept: master.key of {profile} {is} copied"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_of_a_server_is_known_at_the_next_start_and_can_be_taken_back() {
        let directory = tempfile::tempdir().unwrap();
        let load = || Profiles::load_from(directory.path().join("config.toml")).unwrap();
        assert!(load().copied().is_empty());
        load().keep_copied("live", true).unwrap();
        load().keep_copied("http://127.0.0.1:8000", true).unwrap();
        let both = ["http://127.0.0.1:8000", "live"].map(str::to_owned);
        assert_eq!(load().copied(), both.into());
        load().keep_copied("live", false).unwrap();
        assert_eq!(load().copied().len(), 1);
    }
}
