//! The pages of signing out: the confirmation, and the redirect afterwards.

use maud::{Markup, html};
use rocket::http::Method;
use serde::{Deserialize, Serialize};

use super::{
    browser_cookie::{CookieLifetime, new_cookie, set_cookie},
    form_data::Fields,
    page::Page,
    page_context::PageContext,
    page_response::{PageResponse, Redirect},
};
use crate::http::Services;

pub(super) const PATH: &str = "/sign-out";
/// MAC purpose of a kept logout request.
const PLACE: &str = "sign-out";

/// Where an application wants the user to be redirected after signing out.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LogoutRequest {
    /// One of the client's post-logout redirect URIs, `state` added to it.
    pub then: Option<String>,
    /// Whether that requires a click: the application registered itself.
    #[serde(default)]
    pub by_click: bool,
    /// The session of the ID token in the hint.
    pub hinted_session: Option<doorward_shared::SessionId>,
}

/// Asks first, since any site can send a browser here.
pub(super) fn page(page_context: &PageContext<'_>, request: &LogoutRequest) -> Page {
    let (services, t) = (page_context.services, page_context.texts);
    let json = serde_json::to_vec(request).unwrap_or_default();
    let fields = html! {
        input type="hidden" name="wish" value=(services.master.stamp().sign(PLACE, &json));
        button type="submit" { (t.sign_out) }
    };
    let main = html! {
        h1 { (t.sign_out_title) }
        p { (t.sign_out_question) }
        (page_context.form(PATH, fields))
    };
    page_context.page(t.sign_out_title, main)
}

pub(super) fn done(page_context: &PageContext<'_>) -> Page {
    let (base, t) = (&page_context.services.site.base, page_context.texts);
    let main: Markup = html! {
        h1 { (t.signed_out_title) }
        p role="status" { (t.signed_out) }
        p class="aside" { a href={ (base) "/sign-in" } { (t.sign_in_link) } }
    };
    Page::new(t, t.signed_out_title, main)
}

/// The page after signing out that continues by a click.
pub(super) fn leaving(page_context: &PageContext<'_>, to: String) -> Page {
    Page::leaving(page_context.texts, to, page_context.texts.signed_out)
}

/// After signing out: redirects to the application, or shows a confirmation. Sets a new cookie.
pub(super) fn gone(page_context: &PageContext<'_>, request: LogoutRequest) -> PageResponse {
    let LogoutRequest { then, by_click, .. } = request;
    let cookie = Some(set_cookie(
        page_context.services,
        &new_cookie(),
        CookieLifetime::Browser,
    ));
    let page = match then {
        Some(to) if by_click => leaving(page_context, to),
        Some(to) if page_context.is(Method::Post) => Page {
            has_location: true,
            ..Page::redirecting(page_context.texts, to)
        },
        Some(to) => return PageResponse::Go(Redirect { to, cookie }),
        None => done(page_context),
    };
    Page { cookie, ..page }.into()
}

/// The logout request in a form.
pub(super) fn kept_logout_request(services: &Services, fields: &Fields) -> LogoutRequest {
    let request = fields.given("wish").and_then(|text| {
        let json = services.master.stamp().check(PLACE, text)?;
        serde_json::from_slice(&json).ok()
    });
    request.unwrap_or_default()
}
