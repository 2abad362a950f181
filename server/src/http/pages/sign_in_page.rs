//! The sign-in page.

use doorward_shared::ErrorCode;
use maud::html;

use super::{
    browser_cookie::CookieLifetime,
    components::{back_to, email_field, own_password, request_field, stale_note},
    form_field::{FieldError, Input},
    page::Page,
    page_context::PageContext,
    pending_request::PendingRequest,
    sign_in::PATH,
    sign_in_parts::{for_whom, other_ways, send_again, wrong},
};
use crate::http::ApiError;

/// The values entered before, and the error.
#[derive(Debug, Default)]
pub(super) struct SignInForm<'a> {
    pub email: Option<&'a str>,
    pub error: Option<&'a ApiError>,
    /// If the form was used, too old, or another browser's: the status of the page.
    pub stale: Option<u16>,
    /// If a user signs in again: the part of the account page to return to.
    pub again: Option<&'static str>,
    pub stay: CookieLifetime,
    /// Whether the error is about a passkey.
    pub passkey: bool,
}

/// The sign-in page.
pub(super) fn page(
    page_context: &PageContext<'_>,
    asking: Option<&PendingRequest>,
    said: SignInForm<'_>,
) -> Page {
    let (services, t) = (page_context.services, page_context.texts);
    let request = asking.map(|asking| &asking.request);
    let hint = request.and_then(|request| request.login_hint.as_deref());
    let email = said.email.or(hint).unwrap_or_default();
    // Not available if the issuer's host is an IP address.
    let passkey = services.factors.request_options(services.clock.now()).ok();
    let fields = html! {
        (request_field(services, request))
        (back_to(said.again))
        @if let Some((_, state)) = &passkey {
            input type="hidden" name="state" value=(state);
            input type="hidden" name="credential" value="";
        }
        (email_field(t.email, email, passkey.is_some(), &FieldError::default()))
        (Input { autofocus: !email.is_empty(), ..own_password("password", t.password) }.shown(&FieldError::default()))
        label class="check" {
            input type="checkbox" name="keep" value="true" checked[said.stay == CookieLifetime::Session];
            span { (t.keep_signed_in) }
        }
        button type="submit" { (t.sign_in) }
        @if passkey.is_some() {
            button type="button" class="quiet" data-passkey hidden { (t.sign_in_with_passkey) }
        }
    };
    let options = passkey.as_ref().map(|(options, _)| options.to_string());
    let main = html! {
        h1 { (t.sign_in_title) }
        @if let Some(asking) = asking { (for_whom(t, asking)) }
        (wrong(page_context, &said))
        (stale_note(page_context, said.stale))
        (page_context.form_with(PATH, options.as_deref(), fields))
        (send_again(page_context, said.email, said.error))
        (other_ways(page_context, request))
    };
    Page {
        // A wrong password is a normal result; other errors have their status.
        status: said
            .stale
            .unwrap_or_else(|| said.error.map_or(200, page_status)),
        retry_after: said.error.and_then(ApiError::retry_after),
        picture: asking.and_then(|asking| asking.logo.clone()),
        script: passkey.is_some(),
        ..page_context.page(t.sign_in_title, main)
    }
}

/// Avoids the browser's HTTP login dialog: no page responds with 401.
pub(super) fn page_status(error: &ApiError) -> u16 {
    match error.code() {
        ErrorCode::InvalidCredentials
        | ErrorCode::AccountDisabled
        | ErrorCode::EmailNotVerified => 200,
        _ => error.status().code,
    }
}
