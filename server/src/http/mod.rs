//! HTTP: guards, bodies, answers, and one file per part of the API.

pub(crate) mod admin;
mod apikey;
mod auth;
mod backlog;
mod bearer;
mod body;
mod catchers;
mod check;
mod check_answer;
mod check_query;
mod client_address;
mod client_information;
mod cors;
mod docs;
mod docs_operation;
mod docs_schema;
mod error;
mod fairing;
mod first_party;
mod forwarded;
mod guards;
mod health;
mod invitation;
mod key_checks;
mod key_terms;
mod language;
mod listing;
mod mfa;
mod needs;
mod oauth;
mod oauth_answer;
mod oauth_body;
mod oauth_forms;
mod once;
pub mod openapi;
mod own_account;
mod own_data;
mod own_email;
mod own_password;
mod own_sessions;
mod pages;
mod params;
mod protected_resource;
mod query;
mod read_headers;
mod register;
mod registration_tokens;
mod reply;
mod request;
mod services;
pub(crate) mod site;
mod site_asset;
mod target;
mod token_answer;
mod token_info;
mod user_agent;
mod userinfo;
mod values;
mod well_known;

pub use bearer::Bearer;
pub use body::{Body, OptionalBody};
pub use error::ApiError;
pub use fairing::DoorwardFairing;
pub use first_party::FirstParty;
pub use guards::{Allowed, Recent};
pub use listing::{Filters, Listing};
pub use needs::Needs;
pub(crate) use own_account::Profiles;
pub use pages::signed_in::SignedIn;
pub use protected_resource::{NoResource, ProtectedResource};
pub use request::RequestInfo;
use rocket::Route;
pub use services::Services;

/// Every route there is.
fn routes() -> Vec<Route> {
    [api_routes(), pages::all()].concat()
}

/// Routes of the API, as `openapi` describes them.
fn api_routes() -> Vec<Route> {
    [
        auth::all(),
        own_sessions::all(),
        own_email::all(),
        own_password::all(),
        own_account::all(),
        mfa::all(),
        own_data::all(),
        apikey::all(),
        key_checks::all(),
        check::all(),
        register::all(),
        registration_tokens::all(),
        admin::all(),
        oauth::all(),
        token_info::all(),
        userinfo::all(),
        pages::api(),
        well_known::all(),
        health::all(),
        openapi::all(),
        docs::all(),
    ]
    .concat()
}
