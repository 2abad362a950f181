//! How a server is called: on the screen, and in a shell.

use crate::{
    command::quoted,
    core::{msg::ServerName, resource::ProfileRow},
    io::{
        connect::{Connection, is_bare},
        profiles::Profiles,
    },
};

/// The option by which a command from a shell reaches a server, where it takes one.
fn named(connection: &Connection, profiles: &Profiles) -> Option<String> {
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
