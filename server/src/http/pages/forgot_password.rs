//! `/forgot-password`: requests a link for a new password.

use maud::html;
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    authorize::parameter,
    components::{email_field, stale_note},
    form::{AcceptedForm, Posted},
    form_field::FieldError,
    page::Page,
    page_context::PageContext,
    page_response::{PageResponse, PageResult},
    sign_in,
};
use crate::{domain::Actor, http::ApiError, store::RequestedMail};

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}

/// The page's path, under the site's base.
pub(super) const PATH: &str = "/forgot-password";

fn page(page_context: &PageContext<'_>, email: &str, stale: Option<u16>) -> Page {
    let t = page_context.texts;
    let fields = html! {
        (email_field(t.email, email, false, &FieldError::default()))
        button type="submit" { (t.links.forgot_send) }
    };
    let main = html! {
        h1 { (t.links.forgot_title) }
        p { (t.links.forgot_text) }
        (stale_note(page_context, stale))
        (page_context.form(PATH, fields))
        p class="aside" { a href=(sign_in::address(page_context.services, None)) { (t.sign_in_link) } }
    };
    Page {
        status: stale.unwrap_or(200),
        ..page_context.page(t.links.forgot_title, main)
    }
}

/// Confirms that a mail is sent if the address has an account.
pub(super) fn sent(page_context: &PageContext<'_>) -> Page {
    let t = page_context.texts;
    let main = html! {
        h1 { (t.links.sent_title) }
        p role="status" { (t.links.sent_text) }
        p { a href=(sign_in::address(page_context.services, None)) { (t.sign_in_link) } }
    };
    Page::new(t, t.links.sent_title, main)
}

/// Without mail this page does not exist.
pub(super) fn must_mail(page_context: &PageContext<'_>) -> Result<(), PageResponse> {
    let can = page_context.services.verification.must_mail();
    can.map_err(|error| {
        let error = ApiError::from(error);
        let detail = Some(error.message());
        Page::error(
            page_context.texts,
            404,
            page_context.texts.links.no_mail,
            detail,
        )
        .into()
    })
}

#[get("/forgot-password")]
fn show(page_context: PageContext<'_>, uri: &Origin<'_>) -> PageResult {
    must_mail(&page_context)?;
    let email = parameter(uri, "email").unwrap_or_default();
    Ok(page(&page_context, &email, None).into())
}

#[post("/forgot-password", data = "<posted>")]
async fn submit(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    must_mail(&page_context)?;
    let fields = match posted.take(&page_context, PATH)? {
        AcceptedForm::Fresh(fields) => fields,
        AcceptedForm::Stale(stale) => {
            let email = stale.fields.get("email");
            return Ok(page(&page_context, email, Some(stale.status)).into());
        }
    };
    let context = page_context.context(Actor::Anonymous);
    let email = fields.get("email").trim().to_owned();
    let asked = page_context.services.verification.ask(
        RequestedMail::Password,
        email,
        page_context.info.ip,
        context,
    );
    match asked.await {
        Ok(()) => Ok(sent(&page_context).into()),
        Err(error) => Err(Page::of_error(page_context.texts, &error.into()).into()),
    }
}
