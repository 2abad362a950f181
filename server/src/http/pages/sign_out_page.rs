//! The pages of signing out: the question, and where it leads on to.

use maud::{Markup, html};
use rocket::http::Method;
use serde::{Deserialize, Serialize};

use super::{
    browser::{Stay, new_cookie, set_cookie},
    fields::Fields,
    page::Page,
    page_context::PageContext,
    page_response::{Go, PageResponse},
};
use crate::http::Services;

pub(super) const PATH: &str = "/sign-out";
/// What a kept wish is stamped as.
const PLACE: &str = "sign-out";

/// Where an application wants somebody to be sent once they have signed out.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LogoutRequest {
    /// One of the client's post-logout redirect URIs, `state` added to it.
    pub then: Option<String>,
    /// Whether that takes a click: the application registered itself.
    #[serde(default)]
    pub by_click: bool,
    /// The session of the ID token that came as a hint.
    pub hinted: Option<doorward_shared::SessionId>,
}

/// Asks first: any page can send a browser here.
pub(super) fn page(visit: &PageContext<'_>, wish: &LogoutRequest) -> Page {
    let (doorward, t) = (visit.doorward, visit.texts);
    let json = serde_json::to_vec(wish).unwrap_or_default();
    let fields = html! {
        input type="hidden" name="wish" value=(doorward.master.stamp().sign(PLACE, &json));
        button type="submit" { (t.sign_out) }
    };
    let main = html! {
        h1 { (t.sign_out_title) }
        p { (t.sign_out_question) }
        (visit.form(PATH, fields))
    };
    visit.page(t.sign_out_title, main)
}

pub(super) fn done(visit: &PageContext<'_>) -> Page {
    let (base, t) = (&visit.doorward.site.base, visit.texts);
    let main: Markup = html! {
        h1 { (t.signed_out_title) }
        p role="status" { (t.signed_out) }
        p class="aside" { a href={ (base) "/sign-in" } { (t.sign_in_link) } }
    };
    Page::new(t, t.signed_out_title, main)
}

/// The page that leads on from signing out by a click.
pub(super) fn leaving(visit: &PageContext<'_>, to: String) -> Page {
    Page::leaving(visit.texts, to, visit.texts.signed_out)
}

/// After signing out: back to the application, or a page that says so. The cookie is another one.
pub(super) fn gone(visit: &PageContext<'_>, wish: LogoutRequest) -> PageResponse {
    let LogoutRequest { then, by_click, .. } = wish;
    let cookie = Some(set_cookie(visit.doorward, &new_cookie(), Stay::Browser));
    let page = match then {
        Some(to) if by_click => leaving(visit, to),
        Some(to) if visit.is(Method::Post) => Page {
            located: true,
            ..Page::onward(visit.texts, to)
        },
        Some(to) => return PageResponse::Go(Go { to, cookie }),
        None => done(visit),
    };
    Page { cookie, ..page }.into()
}

/// The wish that a form carries.
pub(super) fn kept_wish(doorward: &Services, fields: &Fields) -> LogoutRequest {
    let wish = fields.given("wish").and_then(|text| {
        let json = doorward.master.stamp().check(PLACE, text)?;
        serde_json::from_slice(&json).ok()
    });
    wish.unwrap_or_default()
}
