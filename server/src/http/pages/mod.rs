//! The hosted pages: signing in, up and out, consent, and one's own account. Server-rendered HTML without JavaScript,
//! except for passkeys, which only scripts can use.

mod account;
mod after_sign_in;
mod asset_routes;
mod authorize;
pub(in crate::http) mod browser_cookie;
mod components;
mod consent;
mod continue_authorization;
mod dead_link;
mod end_session;
mod end_session_request;
mod enrol;
mod factor;
mod failure_page;
mod forgot_password;
mod form;
mod form_data;
mod form_field;
mod form_get_routes;
mod form_origin;
mod form_token;
mod forward_auth_return;
mod home;
mod language;
mod page;
mod page_context;
mod page_responder;
mod page_response;
mod password_step;
mod pending_request;
mod redirect_pages;
mod reset_password;
mod sign_in;
mod sign_in_page;
mod sign_in_parts;
mod sign_out;
mod sign_out_page;
mod sign_up;
pub(super) mod signed_in_guard;
mod texts;
mod texts_links;
mod verify_email;

use rocket::Route;

/// The supported languages.
pub(super) fn languages() -> Vec<&'static str> {
    texts::ALL
        .iter()
        .map(|texts| texts.language.code())
        .collect()
}

/// The authorization endpoint, which the API description includes.
pub(super) fn api() -> Vec<Route> {
    [authorize::api(), end_session::api()].concat()
}

/// Routes of an app that is Doorward alone.
pub(super) fn standalone_routes() -> Vec<Route> {
    home::routes()
}

/// Routes that return HTML. They are separate from the API's, which `openapi` describes.
pub(super) fn routes() -> Vec<Route> {
    [
        asset_routes::routes(),
        authorize::routes(),
        sign_in::routes(),
        forward_auth_return::routes(),
        factor::routes(),
        enrol::routes(),
        sign_up::routes(),
        reset_password::routes(),
        forgot_password::routes(),
        verify_email::routes(),
        consent::routes(),
        sign_out::routes(),
        account::routes(),
        form_get_routes::routes(),
    ]
    .concat()
}
