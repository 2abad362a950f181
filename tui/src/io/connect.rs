//! Which server, and with what: flags, then the environment, then a profile, else the server of this machine.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use doorward_shared::client::{Client, ClientError, Guard, is_loopback};

use crate::core::sanitize::clean_value;
use crate::io::{
    port_owner::KeyGuard,
    profiles::{Profile, Profiles, ProfilesError},
};

/// The server on this machine, as it is after its first start.
const LOCAL_URL: &str = "http://127.0.0.1:8000";
const LOCAL_KEY: &str = "doorward-data/operator.key";

/// What the command line says of it.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ConnectArgs {
    /// URL of the server
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// File that holds the API key
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Profile of the configuration file
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("none was named for {0}")]
    NoKeyNamed(String),
}

/// A server to talk to.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub client: Client,
    /// The profile whose server it is, with its name, colour and guard; an empty one for a server named otherwise.
    pub profile: Profile,
    /// The file of the key, where the command line named it: neither the environment nor the profile does.
    pub key_file: Option<PathBuf>,
    /// What became of the key, when there is none yet.
    pub key_missing: Option<String>,
    /// What is to be said before the key goes out.
    pub warning: Option<String>,
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether a command that names no server and finds no profile calls this one.
pub(super) fn is_bare(url: &str) -> bool {
    let bare = env("DOORWARD_URL");
    same(bare.as_deref().unwrap_or(LOCAL_URL), url)
}

fn read_key(path: &Path) -> Result<String, ConnectError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(ProfilesError::file(path, error).into()),
    }
}

/// The key of the server whose data lies where the console was started. Where everybody may put such data it may be
/// somebody else's, who waits at the server's port for what is typed.
fn read_local_key() -> Result<String, ConnectError> {
    const WRITABLE_FOR_ALL: u32 = 0o002;
    let (key, here) = (Path::new(LOCAL_KEY), Path::new("."));
    let data = key.parent().unwrap_or(here);
    if let (Ok(here), Ok(data)) = (fs::metadata(here), fs::symlink_metadata(data)) {
        let ours = rustix::process::geteuid().as_raw();
        let is_shared = here.mode() & WRITABLE_FOR_ALL != 0;
        if is_shared && ![ours, here.uid()].contains(&data.uid()) {
            let whose = "somebody else's, in a directory where everybody may put one: name it with --key-file where it is meant";
            let error = io::Error::new(io::ErrorKind::PermissionDenied, whose);
            return Err(ProfilesError::file(key, error).into());
        }
    }
    read_key(key)
}

/// Whether a URL is one of this machine's.
fn is_local(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| is_loopback(&url))
}

/// Whether two URLs are the same server's.
fn same(one: &str, other: &str) -> bool {
    let read = |text: &str| reqwest::Url::parse(text.trim_end_matches('/')).ok();
    match (read(one), read(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// What is said of a connection that anybody on the way can read.
fn in_the_clear(url: &str) -> Option<String> {
    let plain = url.starts_with("http://") && !is_local(url);
    plain.then(|| format!("{url} is not encrypted: the key would be sent in clear text; use https"))
}

/// Finds server and key.
///
/// # Errors
/// One line, for a profile that is not there, or a key, certificate or URL that cannot be used.
pub(crate) fn connect(args: &ConnectArgs, profiles: &Profiles) -> Result<Connection, ConnectError> {
    let profile = match &args.profile {
        Some(name) => profiles.named(name)?,
        None => profiles.chosen()?.unwrap_or_default(),
    };
    let named = args.server.clone().or_else(|| env("DOORWARD_URL"));
    // Key, colour and guard of one server are not another's: a profile's go only with the profile's own server.
    let elsewhere = match (&named, &profile.url) {
        (Some(named), Some(own)) => !same(named, own),
        (Some(_), None) => true,
        (None, _) => false,
    };
    let profile = if elsewhere {
        Profile::default()
    } else {
        profile
    };
    let is_default = named.is_none() && profile.url.is_none();
    let url = named
        .or_else(|| profile.url.clone())
        .unwrap_or_else(|| LOCAL_URL.into());
    // A key that was not named for this server is sent to the file's owner alone.
    let guarded = |file: &Path| KeyGuard::new(&url, file).filter(|_| is_default);
    let local = KeyGuard::new(&url, Path::new(LOCAL_KEY));
    let (key, guard) = if let Some(path) = &args.key_file {
        (read_key(path), guarded(path))
    } else if let Some(key) = env("DOORWARD_KEY") {
        (Ok(key.trim().to_owned()), None)
    } else if let Some(path) = env("DOORWARD_KEY_FILE") {
        let path = Path::new(&path);
        (read_key(path), guarded(path))
    } else if profile.url.is_some() {
        (profile.read_key(profiles).map_err(Into::into), None)
    } else if local.is_some() {
        (read_local_key(), local)
    } else {
        // The key of this machine's server is nobody else's to see.
        (Err(ConnectError::NoKeyNamed(url.clone())), None)
    };
    let guard = guard.map(|guard| {
        Arc::new(move || guard.check().map_err(|stranger| stranger.to_string())) as Guard
    });
    open(&url, key, profile).map(|connection| Connection {
        client: connection.client.guarded(guard),
        key_file: args.key_file.clone(),
        ..connection
    })
}

/// Connects to a profile, whatever the command line and the environment say.
///
/// # Errors
/// As [`connect`].
pub(crate) fn to_profile(name: &str, profiles: &Profiles) -> Result<Connection, ConnectError> {
    let profile = profiles.named(name)?;
    let key = profile.read_key(profiles).map_err(Into::into);
    let url = profile.url.clone().unwrap_or_else(|| LOCAL_URL.into());
    open(&url, key, profile)
}

fn open(
    url: &str,
    key: Result<String, ConnectError>,
    profile: Profile,
) -> Result<Connection, ConnectError> {
    let (key, key_missing) = match key {
        Ok(key) => (key, None),
        Err(why) => (String::new(), Some(why.to_string())),
    };
    let client = Client::new(url, &key, &profile.trust()?)?;
    // What a server sends is printed on a terminal.
    let client = client.cleaned(clean_value);
    Ok(Connection {
        warning: in_the_clear(client.base()),
        client,
        profile,
        key_file: None,
        key_missing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_machine_in_the_clear_is_warned_of() {
        for url in [
            "http://127.0.0.1:8000",
            "http://localhost",
            "http://[::1]:1",
            "https://id.example",
        ] {
            assert_eq!(in_the_clear(url), None, "{url}");
        }
        for url in [
            "http://id.example",
            "http://10.0.0.1:8000",
            "http://localhost.:8000",
            "http://api.localhost:8000",
        ] {
            assert!(in_the_clear(url).is_some(), "{url}");
        }
    }

    #[test]
    fn a_url_is_the_same_however_it_is_written() {
        assert!(same("https://ID.example/", "https://id.example:443"));
        assert!(!same("https://id.example", "http://id.example"));
        assert!(!same("http://127.0.0.1:8000", "http://127.0.0.1:8001"));
    }
}
