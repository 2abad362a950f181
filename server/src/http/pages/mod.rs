//! The hosted pages: signing in, up and out, consent, and one's own account. HTML made here, without JavaScript but
//! for passkeys, which browsers give to scripts alone.

mod account;
mod advance;
mod arrive;
mod asking;
mod asset;
mod authorize;
mod back;
pub(in crate::http) mod browser;
mod consent;
mod dead_link;
mod enrol;
mod factor;
mod failure_page;
mod fields;
mod first_step;
mod forgot_password;
mod form;
mod form_token;
mod frame;
mod home;
mod input;
mod language;
mod leading_on;
mod logout;
mod logout_request;
mod onward;
mod page;
mod parts;
mod reset_password;
mod sender;
mod shown;
mod sign_in;
mod sign_in_page;
mod sign_in_parts;
mod sign_out;
mod sign_out_page;
mod sign_up;
pub(super) mod signed_in;
mod texts;
mod texts_links;
mod verify_email;
mod visit;

use rocket::Route;

/// The languages there are texts in.
pub(super) fn languages() -> Vec<&'static str> {
    texts::ALL
        .iter()
        .map(|texts| texts.language.code())
        .collect()
}

/// The authorization endpoint, which is described with the API.
pub(super) fn api() -> Vec<Route> {
    [authorize::api(), logout::api()].concat()
}

/// Routes of an app that is nothing but Doorward.
pub(super) fn alone() -> Vec<Route> {
    home::all()
}

/// Routes that answer HTML. They stand apart from the API's, which are described in `openapi`.
pub(super) fn all() -> Vec<Route> {
    [
        asset::all(),
        authorize::all(),
        sign_in::all(),
        back::all(),
        factor::all(),
        enrol::all(),
        sign_up::all(),
        reset_password::all(),
        forgot_password::all(),
        verify_email::all(),
        consent::all(),
        sign_out::all(),
        account::all(),
        arrive::all(),
    ]
    .concat()
}
