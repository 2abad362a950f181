//! `/sign-up`, where `registration` is open.

use doorward_shared::{ErrorCode, auth::RegisterRequest};
use maud::html;
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    after_sign_in::{Then, already_in, arrived},
    authorize::parameter,
    first_step,
    form::{FormState, Posted, Taken},
    input::Wrong,
    page::Page,
    page_context::PageContext,
    page_response::Answer,
    parts::{alert, email_field, kept, names_fields, new_password, stale_note},
    texts::fill,
};
use crate::{
    http::{ApiError, Services},
    oauth::AuthorizationRequest,
    settings::Registration,
};

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}

const PATH: &str = "/sign-up";

/// Where somebody signs up, for a request that is under way.
pub(super) fn address(doorward: &Services, request: Option<&AuthorizationRequest>) -> String {
    beside(doorward, PATH, request)
}

/// Another page of signing in or up, for the same request.
pub(super) fn beside(
    doorward: &Services,
    path: &str,
    request: Option<&AuthorizationRequest>,
) -> String {
    let base = &doorward.site.base;
    match request {
        Some(request) => format!(
            "{base}{path}?request={}",
            doorward.authorization.keep(request)
        ),
        None => format!("{base}{path}"),
    }
}

fn page(
    visit: &PageContext<'_>,
    request: Option<&AuthorizationRequest>,
    said: FormState<'_>,
) -> Page {
    let (doorward, t) = (visit.doorward, visit.texts);
    let FormState {
        filled,
        error,
        stale,
    } = said;
    let value = |name| filled.map_or("", |fields| fields.get(name));
    let hint = request.and_then(|request| request.login_hint.as_deref());
    let email = filled.map_or(hint.unwrap_or_default(), |fields| fields.get("email"));
    let wrong = Wrong::of(t, error);
    let fields = html! {
        (kept(doorward, request))
        (email_field(t.email, email, false, &wrong))
        (new_password("password", t.password, t.password_rule).shown(&wrong))
        (names_fields(t, [value("firstName"), value("lastName")], &wrong))
        button type="submit" { (t.sign_up) }
    };
    let main = html! {
        h1 { (t.sign_up_title) }
        (alert(visit, error, &["email", "password", "firstName", "lastName"]))
        (stale_note(visit, stale))
        (visit.form(PATH, fields))
        p class="aside" {
            (t.have_account) " "
            a href=(beside(doorward, "/sign-in", request)) { (t.sign_in_link) }
        }
    };
    Page {
        status: stale.unwrap_or_else(|| error.map_or(200, |error| error.status().code)),
        retry_after: error.and_then(ApiError::retry_after),
        ..visit.page(t.sign_up_title, main)
    }
}

/// What comes after signing up where the address is to be verified first.
fn to_verify(visit: &PageContext<'_>, email: &str) -> Page {
    let t = visit.texts;
    let main = html! {
        h1 { (t.links.verify_first_title) }
        p role="status" { (fill(t.links.verify_first, "email", email)) }
        p { a href=(beside(visit.doorward, "/sign-in", None)) { (t.sign_in_link) } }
    };
    Page::new(t, t.links.verify_first_title, main)
}

fn closed(doorward: &Services) -> Option<ApiError> {
    (doorward.settings.registration == Registration::Closed)
        .then(|| ApiError::new(ErrorCode::RegistrationClosed, "registration is closed"))
}

#[get("/sign-up")]
fn show(visit: PageContext<'_>, uri: &Origin<'_>) -> Answer {
    if let Some(error) = closed(visit.doorward) {
        return Err(Page::of_error(visit.texts, &error).into());
    }
    let kept = parameter(uri, "request");
    let (visit, request) = visit.carrying(kept.as_deref())?;
    Ok(page(&visit, request.as_ref(), FormState::default()).into())
}

#[post("/sign-up", data = "<posted>")]
async fn submit(visit: PageContext<'_>, posted: Posted) -> Answer {
    let fields = match posted.take(&visit, PATH)? {
        Taken::Fresh(fields) => fields,
        Taken::Stale(stale) => {
            let (visit, request) = visit.carrying(stale.fields.given("request"))?;
            if let Some(answer) = already_in(&visit, request.as_ref()).await {
                return answer;
            }
            let said = FormState {
                filled: Some(&stale.fields),
                error: None,
                stale: Some(stale.status),
            };
            return Ok(page(&visit, request.as_ref(), said).into());
        }
    };
    let (visit, request) = visit.carrying(fields.given("request"))?;
    let doorward = visit.doorward;
    let form = RegisterRequest {
        email: fields.get("email").to_owned(),
        password: fields.get("password").to_owned(),
        first_name: fields.given("firstName").map(str::to_owned),
        last_name: fields.given("lastName").map(str::to_owned),
    };
    let (cookie, session, context) = visit.new_sign_in();
    let signed_up = doorward.accounts.sign_up(form, session, context).await;
    match signed_up.map_err(ApiError::from) {
        // A second factor is to be set up, to which signing in leads.
        Ok((_, None)) if !doorward.settings.require_verified_email => {
            first_step::sign_in(&visit, request, &fields).await
        }
        Ok((user, None)) => Ok(to_verify(&visit, user.email.as_str()).into()),
        Ok((_, Some(session))) => {
            let then = Then {
                request: request.as_ref(),
                ..Then::default()
            };
            arrived(&visit, then, &session, &cookie).await
        }
        Err(error) => {
            let said = FormState {
                filled: Some(&fields),
                error: Some(&error),
                stale: None,
            };
            Ok(page(&visit, request.as_ref(), said).into())
        }
    }
}
