//! `/sign-in`.

use doorward_shared::ErrorCode;
use maud::{Markup, html};
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    authorize::{continued, parameter},
    browser::{new_cookie, set_cookie},
    form::{Fields, Posted},
    page::{Answer, Go, Page, Shown, go},
    sign_up,
    visit::Visit,
};
use crate::{
    app::Doorward,
    domain::{Actor, Session},
    http::ApiError,
    oauth::AuthorizationRequest,
    settings::Registration,
};

pub fn all() -> Vec<Route> {
    routes![show, submit]
}

const PATH: &str = "/sign-in";

/// What was said before, and what is said about it.
#[derive(Debug, Default)]
pub struct Said<'a> {
    pub email: Option<&'a str>,
    pub error: Option<&'a ApiError>,
}

/// The sign-in page.
pub fn page(visit: &Visit<'_>, request: Option<&AuthorizationRequest>, said: Said<'_>) -> Page {
    let (doorward, t) = (visit.doorward, visit.texts);
    let hint = request.and_then(|request| request.login_hint.as_deref());
    let email = said.email.or(hint).unwrap_or_default();
    let fields = html! {
        (kept(doorward, request))
        (email_field(t.email, email))
        (password_field("password", t.password, "current-password"))
        button type="submit" { (t.sign_in) }
    };
    let main = html! {
        h1 { (t.sign_in_title) }
        (alert(visit, said.error))
        (visit.form(PATH, fields))
        @if doorward.settings.registration == Registration::Open {
            p class="aside" {
                (t.no_account) " "
                a href=(sign_up::address(doorward, request)) { (t.sign_up_link) }
            }
        }
    };
    Page {
        // A wrong password is an answer like another; what else can go wrong has its status.
        status: said.error.map_or(200, page_status),
        leads_to: request.map(|request| request.redirect_uri.clone()),
        cookie: visit.browser.cookie_if_fresh(doorward),
        retry_after: said.error.and_then(ApiError::retry_after),
        ..Page::new(t, t.sign_in_title, main)
    }
}

/// HTTP's own login dialogue is not meant: no page answers 401.
pub fn page_status(error: &ApiError) -> u16 {
    match error.code() {
        ErrorCode::InvalidCredentials | ErrorCode::AccountDisabled => 200,
        _ => error.status().code,
    }
}

/// The request that is under way, carried by a form.
pub fn kept(doorward: &Doorward, request: Option<&AuthorizationRequest>) -> Markup {
    html! {
        @if let Some(request) = request {
            input type="hidden" name="request" value=(doorward.keep_request(request));
        }
    }
}

/// What went wrong, where it is seen and heard first.
pub fn alert(visit: &Visit<'_>, error: Option<&ApiError>) -> Markup {
    html! {
        @if let Some(error) = error {
            p class="alert" role="alert" { (visit.texts.of_error(error)) }
        }
    }
}

/// The address somebody signs in with. No `type="email"`: browsers refuse local parts beyond ASCII there.
pub fn email_field(label: &str, value: &str) -> Markup {
    html! {
        label for="email" { (label) }
        input id="email" name="email" type="text" inputmode="email" autocomplete="username" value=(value)
            autocapitalize="none" spellcheck="false" required;
    }
}

/// A labelled password.
pub fn password_field(name: &str, label: &str, autocomplete: &str) -> Markup {
    html! {
        label for=(name) { (label) }
        input id=(name) name=(name) type="password" autocomplete=(autocomplete) required;
    }
}

#[get("/sign-in")]
async fn show(visit: Visit<'_>, uri: &Origin<'_>) -> Answer {
    let kept = parameter(uri, "request");
    let (visit, request) = visit.carrying(kept.as_deref())?;
    if request.is_none() && visit.browser.signed_in()?.is_some() {
        return Ok(go(format!("{}/account", visit.doorward.site.base)));
    }
    Ok(page(&visit, request.as_ref(), Said::default()).into())
}

#[post("/sign-in", data = "<posted>")]
async fn submit(visit: Visit<'_>, posted: Posted) -> Answer {
    let fields = posted.take(&visit, PATH)?;
    let (visit, request) = visit.carrying(fields.given("request"))?;
    sign_in(&visit, request.as_ref(), &fields).await
}

async fn sign_in(
    visit: &Visit<'_>,
    request: Option<&AuthorizationRequest>,
    fields: &Fields,
) -> Answer {
    let doorward = visit.doorward;
    let now = doorward.clock.now();
    let cookie = new_cookie();
    let from = (visit.info.ip, visit.agent.clone());
    let new = doorward.new_browser_session(from, cookie.digest(), now);
    let cause = visit.info.cause(Actor::Anonymous, now);
    let (email, password) = (fields.get("email"), fields.get("password").to_owned());
    match doorward.sign_in(email, password.into(), new, cause).await {
        Ok((_, session)) => arrived(visit, request, &session, set_cookie(doorward, &cookie)).await,
        Err(error) => {
            let said = Said {
                email: Some(email),
                error: Some(&error),
            };
            Ok(page(visit, request, said).into())
        }
    }
}

/// After signing in or up: the session this browser had before ends, and what was under way goes on.
pub async fn arrived(
    visit: &Visit<'_>,
    request: Option<&AuthorizationRequest>,
    session: &Session,
    cookie: String,
) -> Answer {
    let doorward = visit.doorward;
    if let Some(before) = visit.browser.signed_in()? {
        let cause = visit
            .info
            .cause(Actor::User(session.user_id), session.created_at);
        let id = before.session.id;
        doorward
            .store
            .revoke_session(id, None, "session.logout", cause)
            .await?;
    }
    let to = match request {
        Some(request) => continued(doorward, request),
        None => format!("{}/account", doorward.site.base),
    };
    Ok(Shown::Go(Go {
        to,
        cookie: Some(cookie),
    }))
}
