//! Which server, and with what: flags, then the environment, then a profile, else the server of this machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use doorward_shared::client::{Client, Trust};

use crate::profiles::{Profile, Profiles};

/// The server on this machine, as it is after its first start.
const LOCAL_URL: &str = "http://127.0.0.1:8000";
const LOCAL_KEY: &str = "doorward-data/operator.key";

/// What the command line says of it.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ConnectArgs {
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

/// A server to talk to.
#[derive(Debug, Clone)]
pub struct Connection {
    pub client: Client,
    /// The profile it comes from; its name is shown.
    pub profile: Profile,
    /// What became of the key, when there is none yet.
    pub key_missing: Option<String>,
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn read_key(path: &Path) -> Result<String, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Whether a URL is one of this machine's.
fn is_local(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok();
    let host = host.as_ref().and_then(|url| url.host_str());
    host.is_some_and(|host| {
        let ip = host.trim_matches(['[', ']']).parse();
        host == "localhost" || ip.is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    })
}

/// Finds server and key.
///
/// # Errors
/// One line, for a profile that is not there, or a key, certificate or URL that cannot be used.
pub fn connect(args: &ConnectArgs, profiles: &Profiles) -> Result<Connection, String> {
    let profile = match &args.profile {
        Some(name) => profiles.named(name)?,
        None => profiles.chosen()?.unwrap_or_default(),
    };
    let url = args.server.clone().or_else(|| env("DOORWARD_URL"));
    // A key of one server is not sent to another: a profile's goes only to the profile's own server.
    let elsewhere = url
        .as_ref()
        .is_some_and(|url| Some(url) != profile.url.as_ref());
    let url = url
        .or_else(|| profile.url.clone())
        .unwrap_or_else(|| LOCAL_URL.into());
    let key = if let Some(path) = &args.key_file {
        read_key(path)
    } else if let Some(key) = env("DOORWARD_KEY") {
        Ok(key.trim().to_owned())
    } else if let Some(path) = env("DOORWARD_KEY_FILE") {
        read_key(Path::new(&path))
    } else if profile.url.is_some() && !elsewhere {
        profile.read_key(profiles)
    } else if is_local(&url) {
        read_key(Path::new(LOCAL_KEY))
    } else {
        // The key of this machine's server is nobody else's to see.
        Err(format!("none was named for {url}"))
    };
    let trust = if elsewhere {
        Trust::default()
    } else {
        profile.trust()?
    };
    let (key, key_missing) = match key {
        Ok(key) => (key, None),
        Err(why) => (String::new(), Some(why)),
    };
    let client = Client::new(&url, &key, &trust).map_err(|error| error.to_string())?;
    Ok(Connection {
        client,
        profile,
        key_missing,
    })
}

/// Connects to a profile, whatever the command line and the environment say.
///
/// # Errors
/// As [`connect`].
pub fn to_profile(name: &str, profiles: &Profiles) -> Result<Connection, String> {
    let profile = profiles.named(name)?;
    let (key, key_missing) = match profile.read_key(profiles) {
        Ok(key) => (key, None),
        Err(why) => (String::new(), Some(why)),
    };
    let url = profile.url.clone().unwrap_or_else(|| LOCAL_URL.into());
    let client = Client::new(&url, &key, &profile.trust()?).map_err(|error| error.to_string())?;
    Ok(Connection {
        client,
        profile,
        key_missing,
    })
}
