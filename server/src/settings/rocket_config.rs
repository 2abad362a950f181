//! Rocket's own configuration: the values we set, and detection of unknown keys.

use figment::{
    Figment, Profile, Provider,
    providers::{Env, Serialized},
    value::{Dict, Value},
};

use super::{Overrides, SettingsError, wrong};

/// The URL on which Rocket listens, with the actual port if a free one was chosen.
pub fn listening_url(config: &rocket::Config, port: u16) -> String {
    let scheme = if config.tls_enabled() {
        "https"
    } else {
        "http"
    };
    format!(
        "{scheme}://{}",
        std::net::SocketAddr::new(config.address, port)
    )
}

/// Rocket's configuration: its defaults, then ours, then file, environment and flags.
pub(super) fn figment(file: &impl Provider, profile: Profile, overrides: &Overrides) -> Figment {
    // Shutdown takes at most 5 seconds: 3 for requests to finish, 1 to close connections.
    let mut config = Figment::from(rocket::Config::default())
        .merge(("ip_header", false))
        .merge(("cli_colors", false))
        .merge(("ident", "Doorward"))
        .merge(("limits.data", "64KiB"))
        .merge(("shutdown.grace", 3))
        // Signals are handled by `process_setup::Stop`: Rocket would close connections before reading what was sent on
        // them.
        .merge(("shutdown.ctrlc", false))
        .merge(("shutdown.signals", Vec::<String>::new()))
        .merge(("shutdown.mercy", 1))
        .select(profile)
        .merge(file)
        .merge(
            Env::prefixed("ROCKET_")
                .ignore(&["PROFILE", "CONFIG"])
                .global(),
        );
    // Rocket's own log goes to stdout and contains whole URIs: it stays off regardless of the configuration.
    config = config.merge(Serialized::global("log_level", "off"));
    if let Some(address) = overrides.address {
        config = config.merge(Serialized::global("address", address));
    }
    if let Some(port) = overrides.port {
        config = config.merge(Serialized::global("port", port));
    }
    config
}

/// Rocket's own tables, whose keys it does not check.
const ROCKET_TABLES: [(&str, &[&str]); 2] = [
    ("shutdown", &["ctrlc", "signals", "grace", "mercy", "force"]),
    (
        "tls",
        &[
            "certs",
            "key",
            "ciphers",
            "prefer_server_cipher_order",
            "mutual",
        ],
    ),
];

/// Checks that Rocket's own keys are known and valid.
pub(super) fn check(config: &Figment) -> Result<(), SettingsError> {
    let named = |error: figment::Error| {
        let key = error.path.join(".");
        wrong(
            if key.is_empty() { "Rocket.toml" } else { &key },
            error.kind.to_string(),
        )
    };
    let given: Dict = config.extract().map_err(named)?;
    let known = |key: &str| key == "doorward" || rocket::Config::PARAMETERS.contains(&key);
    if let Some(key) = given.keys().find(|key| !known(key)) {
        return Err(wrong(key, "is not a Rocket setting"));
    }
    for (name, known) in ROCKET_TABLES {
        let keys = given
            .get(name)
            .and_then(Value::as_dict)
            .into_iter()
            .flatten();
        if let Some((key, _)) = keys
            .into_iter()
            .find(|(key, _)| !known.contains(&key.as_str()))
        {
            return Err(wrong(format!("{name}.{key}"), "is not a Rocket setting"));
        }
    }
    let config: rocket::Config = config.extract().map_err(named)?;
    if config.workers == 0 {
        return Err(wrong("workers", "must be at least 1"));
    }
    Ok(())
}
