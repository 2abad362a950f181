//! What alert rules may run by themselves: a file beside the configuration, a line of JSON each.

use std::{collections::BTreeSet, fs, path::PathBuf};

use super::{Profiles, ProfilesError, config_file, write_private};
use crate::core::customization::Allowed;

impl Profiles {
    fn allowed_path(&self) -> PathBuf {
        self.path.with_file_name("allowed.jsonl")
    }

    /// What was allowed; what cannot be read was not, and is asked about again.
    pub(crate) fn allowed(&self) -> BTreeSet<Allowed> {
        let text = fs::read_to_string(self.allowed_path()).unwrap_or_default();
        let lines = text.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Remembers what was allowed; answers what is said of it.
    ///
    /// # Errors
    /// One line.
    pub(crate) fn allow(&self, allowed: &Allowed) -> Result<String, ProfilesError> {
        let path = self.allowed_path();
        let fail = |error| ProfilesError::file(&path, error);
        let _lock = config_file::lock(&path).map_err(fail)?;
        let mut all = self.allowed();
        all.insert(allowed.clone());
        let lines: Result<Vec<_>, _> = all.iter().map(serde_json::to_string).collect();
        let lines = lines.map_err(|error| fail(error.into()))?;
        write_private(&path, &lines.join("\n")).map_err(fail)?;
        Ok(format!("kept: {} may run it by itself", allowed.rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_allowed_is_known_at_the_next_start_and_exactly_that() {
        let directory = tempfile::tempdir().unwrap();
        let profiles = Profiles::load_from(directory.path().join("config.toml")).unwrap();
        assert!(profiles.allowed().is_empty());
        let allowed = |profile: &str| Allowed {
            profile: profile.into(),
            rule: "spraying".into(),
            run: vec!["notify-send".into(), "two\nlines".into()],
            environment: Vec::new(),
        };
        profiles.allow(&allowed("live")).unwrap();
        profiles.allow(&allowed("dev")).unwrap();
        let text = fs::read_to_string(profiles.allowed_path()).unwrap();
        fs::write(profiles.allowed_path(), format!("{text}no JSON\n")).unwrap();
        assert_eq!(profiles.allowed(), [allowed("dev"), allowed("live")].into());
    }
}
