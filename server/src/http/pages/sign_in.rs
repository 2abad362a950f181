//! `/sign-in`.

use doorward_shared::ErrorCode;
use maud::{Markup, html};
use rocket::{Route, State, get, http::uri::Origin, post, routes};

use super::{
    authorize::{Visit, continued, parameter, refused},
    browser::{Browser, new_cookie, set_cookie},
    form::{Fields, Posted, form},
    language::Language,
    page::{Answer, Go, Page, Shown, go},
    sign_up,
};
use crate::{
    app::Doorward,
    domain::{Actor, Session},
    http::{ApiError, RequestInfo, request::UserAgent},
    oauth::{AuthorizationRequest, Failure},
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
        (field("email", "email", t.email, "username", email))
        (password_field("password", t.password, "current-password"))
        button type="submit" { (t.sign_in) }
    };
    let main = html! {
        h1 { (t.sign_in_title) }
        (alert(visit, said.error))
        (form(doorward, visit.browser, PATH, fields))
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

/// A labelled field that must be filled in.
pub fn field(name: &str, kind: &str, label: &str, autocomplete: &str, value: &str) -> Markup {
    html! {
        label for=(name) { (label) }
        input id=(name) name=(name) type=(kind) autocomplete=(autocomplete) value=(value)
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

/// The request a form or a link carries. None when it carries none.
///
/// # Errors
/// `invalid_request` for one that was changed on its way or is too old.
pub fn carried(
    doorward: &Doorward,
    text: Option<&str>,
) -> Result<Option<AuthorizationRequest>, Failure> {
    text.map(|text| doorward.kept_request(text)).transpose()
}

#[get("/sign-in")]
async fn show(
    doorward: &State<Doorward>,
    browser: Browser,
    info: &RequestInfo,
    agent: UserAgent,
    language: Language,
    uri: &Origin<'_>,
) -> Answer {
    let request = match carried(doorward, parameter(uri, "request").as_deref()) {
        Ok(request) => request,
        Err(failure) => return refused(language.0, failure.into()),
    };
    if request.is_none() && browser.signed_in()?.is_some() {
        return go(format!("{}/account", doorward.site.base));
    }
    let locales = request
        .as_ref()
        .and_then(|request| request.ui_locales.as_deref());
    let visit = Visit {
        doorward,
        browser: &browser,
        info,
        agent,
        texts: language.or(locales),
    };
    Ok(page(&visit, request.as_ref(), Said::default()).into())
}

#[post("/sign-in", data = "<posted>")]
async fn submit(
    doorward: &State<Doorward>,
    browser: Browser,
    info: &RequestInfo,
    agent: UserAgent,
    language: Language,
    posted: Posted,
) -> Answer {
    let fields = posted.take(doorward, &browser, PATH, language.0)?;
    let request = match carried(doorward, fields.given("request")) {
        Ok(request) => request,
        Err(failure) => return refused(language.0, failure.into()),
    };
    let locales = request
        .as_ref()
        .and_then(|request| request.ui_locales.as_deref());
    let visit = Visit {
        doorward,
        browser: &browser,
        info,
        agent,
        texts: language.or(locales),
    };
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
    let from = (visit.info.ip, visit.agent.0.clone());
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
