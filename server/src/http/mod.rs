//! The HTTP layer: guards, bodies, responses, and one file per part of the API.

pub(crate) mod admin;
mod api_key_verification;
mod apikey;
mod auth;
mod bearer;
mod body;
pub(crate) mod branding;
mod catchers;
mod client_address;
mod client_information;
mod cors;
mod docs;
mod docs_operation;
mod docs_schema;
mod dynamic_registration;
mod error;
mod fairing;
mod first_party;
mod forward_auth;
mod forward_auth_query;
mod forward_auth_request;
mod forward_auth_response;
mod guards;
mod health;
mod idempotency_key;
mod initial_access_tokens;
mod introspect_and_revoke;
mod key_restrictions;
mod language;
mod list_query;
mod listen_backlog;
mod mfa;
mod oauth;
mod oauth_body;
mod oauth_forms;
mod oauth_response;
pub mod openapi;
mod own_account;
mod own_email;
mod own_export_and_deletion;
mod own_password;
mod own_sessions;
mod pages;
mod path_ids;
mod protected_resource;
mod query;
mod query_params;
mod registration_credential;
mod request;
mod request_headers;
mod request_target;
mod required_scope;
mod response;
mod services;
mod site_asset;
mod token_response;
mod user_agent;
mod userinfo;
mod well_known;

pub use bearer::Bearer;
pub use body::{Body, OptionalBody};
pub use error::ApiError;
pub use fairing::DoorwardFairing;
pub use first_party::FirstParty;
pub use guards::{Allowed, Recent};
pub use list_query::{Filters, Listing};
pub(crate) use own_account::Profiles;
pub use pages::signed_in_guard::SignedIn;
pub use protected_resource::{NoResource, ProtectedResource};
pub use request::RequestInfo;
pub use required_scope::Needs;
use rocket::Route;
pub use services::Services;

/// All routes.
fn routes() -> Vec<Route> {
    [api_routes(), pages::routes()].concat()
}

/// Routes of the API, as described in `openapi`.
fn api_routes() -> Vec<Route> {
    [
        auth::routes(),
        own_sessions::routes(),
        own_email::routes(),
        own_password::routes(),
        own_account::routes(),
        mfa::routes(),
        own_export_and_deletion::routes(),
        apikey::routes(),
        api_key_verification::routes(),
        forward_auth::routes(),
        dynamic_registration::routes(),
        initial_access_tokens::routes(),
        admin::routes(),
        oauth::routes(),
        introspect_and_revoke::routes(),
        userinfo::routes(),
        pages::api(),
        well_known::routes(),
        health::routes(),
        openapi::routes(),
        docs::routes(),
    ]
    .concat()
}
