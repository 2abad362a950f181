//! `/admin`: the operators' API.

pub(crate) mod apply;
mod blocks;
mod client_policy;
mod clients;
mod event_stream;
mod events;
mod keys;
mod roles;
mod server;
mod session_revocation;
mod sessions;
mod signing;
mod stats;
mod user_access;
mod user_view;
mod users;
mod whoami;

use rocket::Route;

pub(crate) use self::{events::view as event, user_view::view as user};

pub(crate) fn all() -> Vec<Route> {
    [
        users::all(),
        user_access::all(),
        user_view::all(),
        sessions::all(),
        session_revocation::all(),
        blocks::all(),
        keys::all(),
        clients::all(),
        roles::all(),
        events::all(),
        event_stream::all(),
        signing::all(),
        server::all(),
        whoami::all(),
        stats::all(),
    ]
    .concat()
}

/// Scopes of the admin API; each covers its `:read` half.
pub(crate) mod scopes {
    crate::http::needs::scope! {
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
