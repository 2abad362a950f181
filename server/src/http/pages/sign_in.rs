//! `/sign-in`, and the URLs that return to it.

use maud::{Markup, html};
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    account::PARTS,
    after_sign_in::already_in,
    authorize::parameter,
    browser_cookie::CookieLifetime,
    form::{AcceptedForm, Posted},
    page_context::PageContext,
    page_response::{PageResult, go},
    password_step::sign_in,
    pending_request::asking,
    sign_in_page::{SignInForm, page},
    sign_up,
};
use crate::{http::Services, oauth::AuthorizationRequest};

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}

pub(super) const PATH: &str = "/sign-in";

/// The page's URL, with the pending authorization request.
pub(super) fn address(services: &Services, request: Option<&AuthorizationRequest>) -> String {
    sign_up::other_pages(services, PATH, request)
}

/// The URL at which a signed-in user signs in again, and then returns to a part of the account page.
pub(super) fn again(services: &Services, part: &str) -> String {
    format!("{}{PATH}?again={part}", services.site.base)
}

/// The link back to the password step, to use another account.
pub(super) fn restart(
    page_context: &PageContext<'_>,
    request: Option<&AuthorizationRequest>,
    part: Option<&str>,
) -> Markup {
    let services = page_context.services;
    let to = part.map_or_else(|| address(services, request), |part| again(services, part));
    html! { p class="aside" { a href=(to) { (page_context.texts.factor_restart) } } }
}

/// The part of the account page to return to, if a form or a link names one.
pub(super) fn part(named: Option<&str>) -> Option<&'static str> {
    PARTS.into_iter().find(|part| Some(*part) == named)
}

#[get("/sign-in")]
async fn show(page_context: PageContext<'_>, uri: &Origin<'_>) -> PageResult {
    let kept = parameter(uri, "request");
    let (page_context, request) = page_context.carrying(kept.as_deref())?;
    let who = page_context.browser.signed_in()?;
    let again = part(parameter(uri, "again").as_deref());
    if request.is_none() && again.is_none() && who.is_some() {
        return Ok(go(page_context.home()));
    }
    let asking = asking(&page_context, request).await?;
    let who = who.filter(|_| again.is_some());
    let said = SignInForm {
        email: who.as_ref().map(|who| who.account.user.email.as_str()),
        again,
        ..SignInForm::default()
    };
    Ok(page(&page_context, asking.as_ref(), said).into())
}

#[post("/sign-in", data = "<posted>")]
async fn submit(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    match posted.take(&page_context, PATH)? {
        AcceptedForm::Fresh(fields) => {
            let (page_context, request) = page_context.carrying(fields.given("request"))?;
            sign_in(&page_context, request, &fields).await
        }
        AcceptedForm::Stale(stale) => {
            let (page_context, request) = page_context.carrying(stale.fields.given("request"))?;
            let again = part(stale.fields.given("again"));
            if again.is_none()
                && let Some(answer) = already_in(&page_context, request.as_ref()).await
            {
                return answer;
            }
            let asking = asking(&page_context, request).await?;
            let said = SignInForm {
                email: stale.fields.given("email"),
                stale: Some(stale.status),
                again,
                stay: CookieLifetime::of(stale.fields.get("keep")),
                ..SignInForm::default()
            };
            Ok(page(&page_context, asking.as_ref(), said).into())
        }
    }
}
