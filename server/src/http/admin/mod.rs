//! `/admin`: the operators' API.

pub(crate) mod apply;
mod blocks;
mod client_policy;
mod clients;
mod events;
mod keys;
mod roles;
mod server;
mod sessions;
mod signing;
mod users;

use rocket::Route;

pub(crate) use self::{events::view as event, users::view as user};

pub(crate) fn all() -> Vec<Route> {
    [
        users::all(),
        sessions::all(),
        blocks::all(),
        keys::all(),
        clients::all(),
        roles::all(),
        events::all(),
        signing::all(),
        server::all(),
    ]
    .concat()
}

/// Scopes of the admin API; each covers its `:read` half.
pub(crate) mod scopes {
    crate::http::guards::scope! {
        UsersRead = "admin:users:read";
        Users = "admin:users";
        SessionsRead = "admin:sessions:read";
        Sessions = "admin:sessions";
        ApiKeysRead = "admin:apikeys:read";
        ApiKeys = "admin:apikeys";
        ClientsRead = "admin:clients:read";
        Clients = "admin:clients";
        RolesRead = "admin:roles:read";
        Roles = "admin:roles";
        EventsRead = "admin:events:read";
        KeysRead = "admin:keys:read";
        Keys = "admin:keys";
        ServerRead = "admin:server:read";
        Server = "admin:server";
    }
}
