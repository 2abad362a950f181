//! Profiles: several servers, each with its URL, whom to trust, a colour, and whether changes are switched off.

mod alert_command_consent;
mod config;
mod config_file;
mod keyring;
mod master_key_copies;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use doorward_shared::client::Trust;
use serde::{Deserialize, Serialize};

pub(crate) use self::config::{BackgroundSetting, Config};
use crate::{core::customization::SavedSettings, io::secret_file::SecretFile};

/// What is wrong with profiles and their keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfilesError {
    #[error("{}: {error}", path.display())]
    File {
        path: PathBuf,
        #[source]
        error: std::io::Error,
    },
    #[error("{}:{line}: {message}", path.display())]
    Config {
        path: PathBuf,
        line: usize,
        message: String,
    },
    #[error("{name} is not a profile in {}", path.display())]
    Missing { name: String, path: PathBuf },
    #[error("pinned_sha256: must be 64 hexadecimal digits")]
    Pin,
    #[error("no key is kept for the profile {0}")]
    NoKey(String),
    #[error("{}: others can read it; make its mode 0600", .0.display())]
    Readable(PathBuf),
    #[error("a profile's name is letters, digits, - and _")]
    Name,
    #[error(transparent)]
    Written(#[from] toml_edit::ser::Error),
    #[error("{}: {error}", path.display())]
    Edited {
        path: PathBuf,
        error: toml_edit::TomlError,
    },
}

impl ProfilesError {
    pub(crate) fn file(path: &Path, error: std::io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            error,
        }
    }
}

/// A server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Profile {
    #[serde(skip)]
    pub name: String,
    pub url: Option<String>,
    /// File that holds the API key. Without it the key lies in the operating system's keyring or beside this file.
    pub key_file: Option<PathBuf>,
    /// Certificate of an authority, PEM.
    pub ca_file: Option<PathBuf>,
    /// SHA-256 of the server's certificate, in hex; colons are allowed.
    pub pinned_sha256: Option<String>,
    /// Shown beside the name: `red`, `green`, …
    pub color: Option<String>,
    /// Marked as production: read-only unless `read_only` says otherwise.
    pub production: bool,
    pub read_only: Option<bool>,
}

/// The configuration and where it lies.
#[derive(Debug, Clone)]
pub(crate) struct Profiles {
    path: PathBuf,
    pub config: Config,
}

impl Profile {
    /// Whether changes are switched off.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only.unwrap_or(self.production)
    }

    /// Whom to trust.
    ///
    /// # Errors
    /// One line that names the file or value.
    pub(crate) fn trust(&self) -> Result<Trust, ProfilesError> {
        let ca_pem = match &self.ca_file {
            Some(path) => {
                Some(fs::read(path).map_err(|error| ProfilesError::file(path.as_ref(), error))?)
            }
            None => None,
        };
        let pin = self.pinned_sha256.as_deref().map(parse_pin).transpose()?;
        Ok(Trust { ca_pem, pin })
    }

    /// The profile's key.
    ///
    /// # Errors
    /// One line that says where none was found.
    pub(crate) fn read_key(&self, profiles: &Profiles) -> Result<String, ProfilesError> {
        if let Some(path) = &self.key_file {
            let text = fs::read_to_string(path)
                .map_err(|error| ProfilesError::file(path.as_ref(), error))?;
            return Ok(text.trim().to_owned());
        }
        if let Some(key) = keyring::get(&self.name) {
            return Ok(key);
        }
        let path = profiles.key_path(&self.name);
        let mode = fs::metadata(&path).map(|found| found.permissions().mode() & 0o077);
        match mode {
            Ok(0) => {
                let text = fs::read_to_string(&path)
                    .map_err(|error| ProfilesError::file(path.as_ref(), error))?;
                Ok(text.trim().to_owned())
            }
            Ok(_) => Err(ProfilesError::Readable(path)),
            Err(_) => Err(ProfilesError::NoKey(self.name.clone())),
        }
    }
}

fn parse_pin(text: &str) -> Result<[u8; 32], ProfilesError> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| *c != ':')
        .filter_map(|c| c.to_digit(16))
        .collect();
    let clean = text.chars().all(|c| c == ':' || c.is_ascii_hexdigit());
    if !clean || digits.len() != 64 {
        return Err(ProfilesError::Pin);
    }
    let mut pin = [0; 32];
    for (byte, pair) in pin.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::try_from(pair[0] * 16 + pair[1]).unwrap_or_default();
    }
    Ok(pin)
}

/// Where a user's configurations lie, as the XDG Base Directory Specification says: relative paths count as none. The system's
/// where the user has no home: whatever lies in the folder that a program is started in may be somebody else's.
fn folder(xdg: Option<PathBuf>, home: Option<PathBuf>) -> PathBuf {
    let home = home.map(|home| home.join(".config"));
    let absolute = xdg.into_iter().chain(home).find(|dir| dir.is_absolute());
    absolute.unwrap_or_else(|| "/etc/xdg".into())
}

impl Profiles {
    /// Reads `doorward/config.toml` in the user's [`folder`] of configurations, if it is there.
    ///
    /// # Errors
    /// One line that names the file and what is wrong in it.
    pub(crate) fn load() -> Result<Self, ProfilesError> {
        let xdg = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        Self::load_from(folder(xdg, std::env::home_dir()).join("doorward/config.toml"))
    }

    /// Reads a file of this name, if it is there.
    ///
    /// # Errors
    /// As [`Profiles::load`].
    pub(crate) fn load_from(path: PathBuf) -> Result<Self, ProfilesError> {
        let mut config = config::read(&path)?;
        for (name, profile) in &mut config.profiles {
            profile.name.clone_from(name);
        }
        Ok(Self { path, config })
    }

    /// Where the configuration lies, or would.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A profile by its name.
    pub(crate) fn get(&self, name: &str) -> Option<Profile> {
        self.config.profiles.get(name).cloned()
    }

    /// The one that is used when none is named, if there is one.
    ///
    /// # Errors
    /// When it is named but not there: another server than the one that was meant must not answer.
    pub(crate) fn chosen(&self) -> Result<Option<Profile>, ProfilesError> {
        let name = env_profile().or_else(|| self.config.default_profile.clone());
        name.map(|name| self.named(&name)).transpose()
    }

    /// A profile that has to be there.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) fn named(&self, name: &str) -> Result<Profile, ProfilesError> {
        let missing = || ProfilesError::Missing {
            name: name.to_owned(),
            path: self.path.clone(),
        };
        self.get(name).ok_or_else(missing)
    }

    fn key_path(&self, name: &str) -> PathBuf {
        self.path.with_file_name(format!("{name}.key"))
    }

    /// Keeps a profile's key: in the operating system's keyring where it works, else in a file of mode 0600.
    /// Answers where.
    ///
    /// # Errors
    /// One line.
    pub(crate) fn keep_key(&self, name: &str, key: &str) -> Result<String, ProfilesError> {
        if keyring::set(name, key) {
            return Ok("the keyring".into());
        }
        let path = self.key_path(name);
        write_private(&path, key).map_err(|error| ProfilesError::file(path.as_ref(), error))?;
        Ok(path.display().to_string())
    }

    /// Adds or changes a profile and writes the file.
    ///
    /// # Errors
    /// One line.
    pub(crate) fn put(&mut self, profile: Profile) -> Result<(), ProfilesError> {
        let name = profile.name.clone();
        let name_ok = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !name_ok {
            return Err(ProfilesError::Name);
        }
        let is_first = self.config.default_profile.is_none();
        let table = config_file::table(&profile)?;
        config_file::edit(&self.path, |document| {
            config_file::put(document, ["profiles", &name], Some(table));
            if is_first {
                document["default_profile"] = toml_edit::value(&name);
            }
        })?;
        if is_first {
            self.config.default_profile = Some(name.clone());
        }
        self.config.profiles.insert(name, profile);
        Ok(())
    }

    /// Makes a profile the one that is used when none is named.
    ///
    /// # Errors
    /// One line.
    pub(crate) fn choose(&mut self, name: &str) -> Result<(), ProfilesError> {
        self.config.default_profile = Some(name.to_owned());
        config_file::edit(&self.path, |document| {
            document["default_profile"] = toml_edit::value(name);
        })
    }

    /// Forgets a profile and the key that was kept for it; answers whether there was one. A file that the profile only names
    /// stays.
    ///
    /// # Errors
    /// One line.
    pub(crate) fn delete(&mut self, name: &str) -> Result<bool, ProfilesError> {
        self.config.profiles.remove(name);
        let is_default = self.config.default_profile.as_deref() == Some(name);
        if is_default {
            self.config.default_profile = None;
        }
        config_file::edit(&self.path, |document| {
            config_file::put(document, ["profiles", name], None);
            if is_default {
                document.remove("default_profile");
            }
        })?;
        let path = self.key_path(name);
        let in_file = match fs::remove_file(&path) {
            Ok(()) => true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(ProfilesError::file(&path, error)),
        };
        let in_keyring = keyring::get(name).is_some();
        if in_keyring {
            keyring::clear(name);
        }
        Ok(in_file || in_keyring)
    }

    /// Keeps what an operator made their own; answers what is said of it.
    ///
    /// # Errors
    /// One line.
    pub(crate) fn keep(&self, kept: &SavedSettings) -> Result<String, ProfilesError> {
        let (place, item, said) = match kept {
            SavedSettings::View(name, view) => {
                let table = view.as_ref().map(config_file::table).transpose()?;
                let said = match view {
                    Some(_) => format!("kept: :view {name} leads here"),
                    None => format!("the view {name} is gone"),
                };
                (["views", name.as_str()], table, said)
            }
            SavedSettings::Columns(screen, columns) => {
                let list = columns
                    .as_ref()
                    .map(|names| toml_edit::value(names.iter().collect::<toml_edit::Array>()));
                let said = match columns {
                    Some(names) => {
                        format!("kept: the columns of {screen} are {}", names.join(", "))
                    }
                    None => format!("{screen} has its own columns again"),
                };
                (["columns", *screen], list, said)
            }
        };
        config_file::edit(&self.path, |document| {
            config_file::put(document, place, item);
        })?;
        Ok(said)
    }
}

fn env_profile() -> Option<String> {
    std::env::var("DOORWARD_PROFILE")
        .ok()
        .filter(|name| !name.is_empty())
}

/// Writes a file of mode 0600, whole or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    SecretFile::in_place_of(path)?.keep(text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_configuration_is_read_from_the_folder_one_stands_in() {
        let folder = |xdg: Option<&str>, home: Option<&str>| {
            super::folder(xdg.map(PathBuf::from), home.map(PathBuf::from))
        };
        assert_eq!(folder(Some("/x"), Some("/home/a")), Path::new("/x"));
        for none in [None, Some(""), Some("relative")] {
            assert_eq!(folder(none, Some("/home/a")), Path::new("/home/a/.config"));
            assert_eq!(folder(none, none), Path::new("/etc/xdg"));
        }
    }

    #[test]
    fn production_is_read_only_unless_it_says_otherwise() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        let text = "[profiles.live]\nurl = 'https://id.example'\nproduction = true\n\
                    [profiles.dev]\nurl = 'http://127.0.0.1:8000'\n[profiles.odd]\nproduction = true\nread_only = false\n";
        fs::write(&path, text).unwrap();
        let profiles = Profiles::load_from(path).unwrap();
        assert!(profiles.get("live").unwrap().is_read_only());
        assert!(!profiles.get("dev").unwrap().is_read_only());
        assert!(!profiles.get("odd").unwrap().is_read_only());
    }

    #[test]
    fn a_key_file_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let profiles = Profiles {
            path: directory.path().join("config.toml"),
            config: Config::default(),
        };
        let profile = Profile {
            name: "p".into(),
            url: Some("http://x".into()),
            ..Profile::default()
        };
        write_private(&profiles.key_path("p"), "sk_live_x").unwrap();
        assert_eq!(profile.read_key(&profiles).unwrap(), "sk_live_x");
        fs::set_permissions(profiles.key_path("p"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            profile.read_key(&profiles),
            Err(ProfilesError::Readable(_))
        ));
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        fs::write(&path, "colour = 'red'\n").unwrap();
        let why = Profiles::load_from(path).unwrap_err().to_string();
        assert!(
            why.contains("config.toml:1: ") && why.contains("colour"),
            "{why}"
        );
    }

    #[test]
    fn what_is_kept_is_read_again_and_comments_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        let text = "# mine\ntheme = \"dark\"\n\n[keys]\nwide = \"ctrl-t\" # as in vi\n";
        fs::write(&path, text).unwrap();
        let profiles = Profiles::load_from(path.clone()).unwrap();
        let view = crate::core::customization::ViewSetting {
            screen: "users".into(),
            filter: Some("state:disabled".into()),
            ..Default::default()
        };
        profiles
            .keep(&SavedSettings::View("gone".into(), Some(view.clone())))
            .unwrap();
        let columns = Some(vec!["email".into(), "state".into()]);
        profiles
            .keep(&SavedSettings::Columns("users", columns.clone()))
            .unwrap();
        let written = fs::read_to_string(&path).unwrap();
        assert!(written.starts_with(text.trim_end()), "{written}");
        let config = Profiles::load_from(path.clone()).unwrap().config;
        assert_eq!(config.views["gone"], view);
        assert_eq!(config.columns.get("users"), columns.as_ref());
        profiles
            .keep(&SavedSettings::View("gone".into(), None))
            .unwrap();
        profiles
            .keep(&SavedSettings::Columns("users", None))
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn consoles_that_write_at_once_lose_nothing_of_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        std::thread::scope(|scope| {
            for console in 0..8 {
                let path = path.clone();
                scope.spawn(move || {
                    let profiles = Profiles::load_from(path).unwrap();
                    for n in 0..8 {
                        let view = crate::core::customization::ViewSetting {
                            screen: "users".into(),
                            ..Default::default()
                        };
                        let kept = SavedSettings::View(format!("view-{console}-{n}"), Some(view));
                        profiles.keep(&kept).unwrap();
                    }
                });
            }
        });
        let config = Profiles::load_from(path).unwrap().config;
        assert_eq!(config.views.len(), 64);
    }

    #[test]
    fn a_file_that_is_only_linked_to_stays_linked_to() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().join("dotfiles.toml");
        fs::write(&real, "").unwrap();
        let path = directory.path().join("config.toml");
        std::os::unix::fs::symlink(&real, &path).unwrap();
        let profiles = Profiles::load_from(path.clone()).unwrap();
        profiles
            .keep(&SavedSettings::Columns("users", Some(vec!["email".into()])))
            .unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        assert!(fs::read_to_string(&real).unwrap().contains("email"));
    }
}
