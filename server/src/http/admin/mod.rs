//! `/admin`: the admin API.

mod api_keys;
pub(crate) mod apply;
mod blocks;
mod client_policy;
mod clients;
mod event_stream;
mod events;
mod roles;
mod server;
mod session_revocation;
mod sessions;
mod signing_keys;
mod stats;
mod user_access;
mod user_view;
mod users;
mod whoami;

use rocket::Route;

pub(crate) use self::{events::view as event, user_view::view as user};

pub(crate) fn routes() -> Vec<Route> {
    [
        users::routes(),
        user_access::routes(),
        user_view::routes(),
        sessions::routes(),
        session_revocation::routes(),
        blocks::routes(),
        api_keys::routes(),
        clients::routes(),
        roles::routes(),
        events::routes(),
        event_stream::routes(),
        signing_keys::routes(),
        server::routes(),
        whoami::routes(),
        stats::routes(),
    ]
    .concat()
}

/// Scopes of the admin API; each includes its `:read` half.
pub(crate) mod scopes {
    crate::http::required_scope::scope! {
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
