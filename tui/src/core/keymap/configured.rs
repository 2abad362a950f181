//! Keys that the configuration puts elsewhere, and what is wrong with them.

use std::collections::BTreeMap;

use super::{Keymap, key::Key, preset::PRESETS};

/// What is wrong with keys that were put elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeymapError {
    #[error("keymap: {0} is none of {names}", names = PRESETS.map(|(name, _)| name).join(", "))]
    NoPreset(String),
    #[error("keys: {0} is not an action")]
    NoAction(String),
    #[error("keys: {action} = {key:?} is not a key")]
    NoKey { action: String, key: String },
    #[error("keys: {key} is both {one} and {other}")]
    Clash {
        key: Key,
        one: &'static str,
        other: &'static str,
    },
}

impl Keymap {
    /// The keys of a preset with changes: action = "key", or several with spaces between.
    ///
    /// # Errors
    /// One line that names an unknown preset or action, a key that cannot be read, or two actions that clash.
    pub(crate) fn with(
        preset: Option<&str>,
        changes: &BTreeMap<String, String>,
    ) -> Result<Self, KeymapError> {
        let mut map = Self::default();
        let preset = match preset {
            Some(name) => {
                let found = PRESETS.iter().find(|(one, _)| *one == name);
                let found = found.ok_or_else(|| KeymapError::NoPreset(name.to_owned()))?;
                found.1
            }
            None => &[],
        };
        let changes = changes
            .iter()
            .map(|(name, keys)| (name.as_str(), keys.as_str()));
        for (name, keys) in preset.iter().copied().chain(changes) {
            let binding = map
                .bindings
                .iter_mut()
                .find(|binding| binding.row.name == name);
            let binding = binding.ok_or_else(|| KeymapError::NoAction(name.to_owned()))?;
            let parse = |key: &str| {
                key.parse::<Key>().map_err(|()| KeymapError::NoKey {
                    action: name.to_owned(),
                    key: key.to_owned(),
                })
            };
            binding.keys = keys
                .split_whitespace()
                .map(parse)
                .collect::<Result<_, _>>()?;
        }
        match map.clash() {
            Some(clash) => Err(clash),
            None => Ok(map),
        }
    }

    fn clash(&self) -> Option<KeymapError> {
        for (at, one) in self.bindings.iter().enumerate() {
            for other in &self.bindings[at + 1..] {
                let same = one.keys.iter().find(|key| other.keys.contains(key));
                if let Some(key) = same.filter(|_| one.row.meets(other.row)) {
                    return Some(KeymapError::Clash {
                        key: *key,
                        one: one.row.name,
                        other: other.row.name,
                    });
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::keymap::{Action, KeyContext, ROWS};

    fn changed(action: &str, key: &str) -> Result<Keymap, KeymapError> {
        Keymap::with(None, &BTreeMap::from([(action.to_owned(), key.to_owned())]))
    }

    #[test]
    fn the_rows_are_readable_and_do_not_clash() {
        for row in ROWS {
            for key in row.keys {
                assert!(key.parse::<Key>().is_ok(), "{}: {key}", row.name);
            }
        }
        assert_eq!(Keymap::default().clash(), None);
        let mut names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ROWS.len(), "two rows have one name");
    }

    #[test]
    fn a_clash_is_refused_where_both_are_good_and_allowed_elsewhere() {
        assert!(
            changed("delete", "n")
                .unwrap_err()
                .to_string()
                .contains("new")
        );
        assert!(
            changed("pause", "x").is_ok(),
            "nothing is deleted among events"
        );
        assert!(changed("wide", "ctrl-t").is_ok());
        assert!(
            changed("wide", "nokey")
                .unwrap_err()
                .to_string()
                .contains("nokey")
        );
        assert!(changed("fly", "f").unwrap_err().to_string().contains("fly"));
    }

    #[test]
    fn every_preset_is_readable_and_takes_changes() {
        for (name, _) in PRESETS {
            let map = Keymap::with(Some(name), &BTreeMap::new());
            assert!(map.is_ok(), "{name}: {map:?}");
        }
        let changes = BTreeMap::from([("delete".to_owned(), "x".to_owned())]);
        let map = Keymap::with(Some("k9s"), &changes).unwrap();
        assert_eq!(map.label(Action::Delete), "x");
        assert_eq!(map.label(Action::Refresh), "ctrl-r");
        let why = Keymap::with(Some("emacs"), &BTreeMap::new())
            .unwrap_err()
            .to_string();
        assert_eq!(why, "keymap: emacs is none of doorward, k9s");
    }

    #[test]
    fn a_key_put_elsewhere_is_what_help_and_presses_go_by() {
        let map = changed("wide", "ctrl-t").unwrap();
        assert_eq!(map.label(Action::Wide), "ctrl-t");
        let old = "w".parse::<Key>().unwrap().event();
        let new = "ctrl-t".parse::<Key>().unwrap().event();
        assert_eq!(map.action(old, &[KeyContext::List]), None);
        assert_eq!(map.action(new, &[KeyContext::List]), Some(Action::Wide));
    }
}
