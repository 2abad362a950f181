//! `/forgot-password`: where a link for a new password is asked for.

use maud::html;
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    authorize::parameter,
    form::{Posted, Taken},
    input::Wrong,
    page::Page,
    page_context::PageContext,
    page_response::{Answer, PageResponse},
    parts::{email_field, stale_note},
    sign_in,
};
use crate::{domain::Actor, http::ApiError, store::AskedFor};

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}

/// The page's path, under the site's base.
pub(super) const PATH: &str = "/forgot-password";

fn page(visit: &PageContext<'_>, email: &str, stale: Option<u16>) -> Page {
    let t = visit.texts;
    let fields = html! {
        (email_field(t.email, email, false, &Wrong::default()))
        button type="submit" { (t.links.forgot_send) }
    };
    let main = html! {
        h1 { (t.links.forgot_title) }
        p { (t.links.forgot_text) }
        (stale_note(visit, stale))
        (visit.form(PATH, fields))
        p class="aside" { a href=(sign_in::address(visit.doorward, None)) { (t.sign_in_link) } }
    };
    Page {
        status: stale.unwrap_or(200),
        ..visit.page(t.links.forgot_title, main)
    }
}

/// A page that says that a mail goes out, if somebody has the address.
pub(super) fn sent(visit: &PageContext<'_>) -> Page {
    let t = visit.texts;
    let main = html! {
        h1 { (t.links.sent_title) }
        p role="status" { (t.links.sent_text) }
        p { a href=(sign_in::address(visit.doorward, None)) { (t.sign_in_link) } }
    };
    Page::new(t, t.links.sent_title, main)
}

/// Without mail there is no such page.
pub(super) fn must_mail(visit: &PageContext<'_>) -> Result<(), PageResponse> {
    let can = visit.doorward.verification.must_mail();
    can.map_err(|error| {
        let error = ApiError::from(error);
        let detail = Some(error.message());
        Page::error(visit.texts, 404, visit.texts.links.no_mail, detail).into()
    })
}

#[get("/forgot-password")]
fn show(visit: PageContext<'_>, uri: &Origin<'_>) -> Answer {
    must_mail(&visit)?;
    let email = parameter(uri, "email").unwrap_or_default();
    Ok(page(&visit, &email, None).into())
}

#[post("/forgot-password", data = "<posted>")]
async fn submit(visit: PageContext<'_>, posted: Posted) -> Answer {
    must_mail(&visit)?;
    let fields = match posted.take(&visit, PATH)? {
        Taken::Fresh(fields) => fields,
        Taken::Stale(stale) => {
            let email = stale.fields.get("email");
            return Ok(page(&visit, email, Some(stale.status)).into());
        }
    };
    let context = visit.context(Actor::Anonymous);
    let email = fields.get("email").trim().to_owned();
    let asked = visit
        .doorward
        .verification
        .ask(AskedFor::Password, email, visit.info.ip, context);
    match asked.await {
        Ok(()) => Ok(sent(&visit).into()),
        Err(error) => Err(Page::of_error(visit.texts, &error.into()).into()),
    }
}
