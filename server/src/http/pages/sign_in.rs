//! `/sign-in`, and the ways back to it.

use maud::{Markup, html};
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    account::PARTS,
    after_sign_in::already_in,
    authorize::parameter,
    browser::Stay,
    first_step::sign_in,
    form::{Posted, Taken},
    page_context::PageContext,
    page_response::{Answer, go},
    pending_request::asking,
    sign_in_page::{SignInForm, page},
    sign_up,
};
use crate::{http::Services, oauth::AuthorizationRequest};

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}

pub(super) const PATH: &str = "/sign-in";

/// The page's address, with the request that is under way.
pub(super) fn address(doorward: &Services, request: Option<&AuthorizationRequest>) -> String {
    sign_up::beside(doorward, PATH, request)
}

/// The address at which somebody who is signed in signs in again, and comes back to a part of their account.
pub(super) fn again(doorward: &Services, part: &str) -> String {
    format!("{}{PATH}?again={part}", doorward.site.base)
}

/// The way back to the first step, for another account.
pub(super) fn restart(
    visit: &PageContext<'_>,
    request: Option<&AuthorizationRequest>,
    part: Option<&str>,
) -> Markup {
    let doorward = visit.doorward;
    let to = part.map_or_else(|| address(doorward, request), |part| again(doorward, part));
    html! { p class="aside" { a href=(to) { (visit.texts.factor_restart) } } }
}

/// The part of the account to come back to, where a form or a link names one.
pub(super) fn part(named: Option<&str>) -> Option<&'static str> {
    PARTS.into_iter().find(|part| Some(*part) == named)
}

#[get("/sign-in")]
async fn show(visit: PageContext<'_>, uri: &Origin<'_>) -> Answer {
    let kept = parameter(uri, "request");
    let (visit, request) = visit.carrying(kept.as_deref())?;
    let who = visit.browser.signed_in()?;
    let again = part(parameter(uri, "again").as_deref());
    if request.is_none() && again.is_none() && who.is_some() {
        return Ok(go(visit.home()));
    }
    let asking = asking(&visit, request).await?;
    let who = who.filter(|_| again.is_some());
    let said = SignInForm {
        email: who.as_ref().map(|who| who.account.user.email.as_str()),
        again,
        ..SignInForm::default()
    };
    Ok(page(&visit, asking.as_ref(), said).into())
}

#[post("/sign-in", data = "<posted>")]
async fn submit(visit: PageContext<'_>, posted: Posted) -> Answer {
    match posted.take(&visit, PATH)? {
        Taken::Fresh(fields) => {
            let (visit, request) = visit.carrying(fields.given("request"))?;
            sign_in(&visit, request, &fields).await
        }
        Taken::Stale(stale) => {
            let (visit, request) = visit.carrying(stale.fields.given("request"))?;
            let again = part(stale.fields.given("again"));
            if again.is_none()
                && let Some(answer) = already_in(&visit, request.as_ref()).await
            {
                return answer;
            }
            let asking = asking(&visit, request).await?;
            let said = SignInForm {
                email: stale.fields.given("email"),
                stale: Some(stale.status),
                again,
                stay: Stay::of(stale.fields.get("keep")),
                ..SignInForm::default()
            };
            Ok(page(&visit, asking.as_ref(), said).into())
        }
    }
}
