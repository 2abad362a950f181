//! How a server is called: on the screen, and in a shell.

use crate::{
    command::quoted,
    core::{msg::ServerName, resource::ProfileRow},
    io::{
        connect::{Connection, is_bare},
        profiles::Profiles,
    },
};

/// The options by which a command from a shell reaches a server with the same key, where it takes any.
fn named(connection: &Connection, profiles: &Profiles) -> Option<String> {
    let key_file = connection
        .key_file
        .as_ref()
        .map(|file| format!("--key-file {}", quoted(&file.to_string_lossy())));
    let options: Vec<String> = [server_option(connection, profiles), key_file]
        .into_iter()
        .flatten()
        .collect();
    (!options.is_empty()).then(|| options.join(" "))
}

fn server_option(connection: &Connection, profiles: &Profiles) -> Option<String> {
    let bare = profiles.chosen().ok().flatten();
    match connection.profile.name.as_str() {
        "" => {
            let url = connection.client.base();
            let by_itself = bare.is_none() && is_bare(url);
            (!by_itself).then(|| format!("--server {}", quoted(url)))
        }
        name if bare.is_some_and(|bare| bare.name == name) => None,
        name => Some(format!("--profile {}", quoted(name))),
    }
}

/// How the screen calls a server.
pub(super) fn server_name(connection: &Connection, profiles: &Profiles) -> ServerName {
    let current = &connection.profile.name;
    let rows = profiles.config.profiles.values().map(|profile| ProfileRow {
        name: profile.name.clone(),
        url: profile.url.clone().unwrap_or_default(),
        color: profile.color.clone(),
        read_only: profile.is_read_only(),
        current: profile.name == *current,
    });
    ServerName {
        profile: current.clone(),
        url: connection.client.base().to_owned(),
        named: named(connection, profiles),
        color: connection.profile.color.clone(),
        read_only: connection.profile.is_read_only(),
        unlocked: false,
        in_the_clear: connection.warning.is_some(),
        profiles: rows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::connect::{ConnectArgs, connect, to_profile};

    #[test]
    fn a_command_from_a_shell_names_the_key_that_the_console_was_started_with() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("config.toml");
        std::fs::write(&config, "[profiles.a]\nurl = 'http://127.0.0.1:1'\n").unwrap();
        let profiles = Profiles::load_from(config).unwrap();
        let key = directory.path().join("my key");
        std::fs::write(&key, "sk_live_x").unwrap();
        let args = ConnectArgs {
            server: Some("http://127.0.0.1:2".into()),
            key_file: Some(key.clone()),
            profile: None,
        };
        let connection = connect(&args, &profiles).unwrap();
        let named = server_name(&connection, &profiles).named.unwrap();
        let file = key.display();
        assert_eq!(
            named,
            format!("--server http://127.0.0.1:2 --key-file '{file}'")
        );
        let connection = to_profile("a", &profiles).unwrap();
        let named = server_name(&connection, &profiles).named.unwrap();
        assert_eq!(named, "--profile a", "a profile has its own");
    }
}
