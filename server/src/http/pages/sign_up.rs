//! `/sign-up`, if `registration` is open.

use doorward_shared::{ErrorCode, auth::RegisterRequest};
use maud::html;
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    after_sign_in::{SignInDestination, already_in, signed_in_with},
    authorize::parameter,
    components::{alert, email_field, names_fields, new_password, request_field, stale_note},
    form::{AcceptedForm, FormState, Posted},
    form_field::FieldError,
    page::Page,
    page_context::PageContext,
    page_response::PageResult,
    password_step,
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

/// The sign-up URL, with the pending authorization request.
pub(super) fn address(services: &Services, request: Option<&AuthorizationRequest>) -> String {
    other_pages(services, PATH, request)
}

/// Another page of signing in or up, for the same request.
pub(super) fn other_pages(
    services: &Services,
    path: &str,
    request: Option<&AuthorizationRequest>,
) -> String {
    let base = &services.site.base;
    match request {
        Some(request) => format!(
            "{base}{path}?request={}",
            services.authorization.keep(request)
        ),
        None => format!("{base}{path}"),
    }
}

fn page(
    page_context: &PageContext<'_>,
    request: Option<&AuthorizationRequest>,
    said: FormState<'_>,
) -> Page {
    let (services, t) = (page_context.services, page_context.texts);
    let FormState {
        filled,
        error,
        stale,
    } = said;
    let value = |name| filled.map_or("", |fields| fields.get(name));
    let hint = request.and_then(|request| request.login_hint.as_deref());
    let email = filled.map_or(hint.unwrap_or_default(), |fields| fields.get("email"));
    let wrong = FieldError::of(t, error);
    let fields = html! {
        (request_field(services, request))
        (email_field(t.email, email, false, &wrong))
        (new_password("password", t.password, t.password_rule).shown(&wrong))
        (names_fields(t, [value("firstName"), value("lastName")], &wrong))
        button type="submit" { (t.sign_up) }
    };
    let main = html! {
        h1 { (t.sign_up_title) }
        (alert(page_context, error, &["email", "password", "firstName", "lastName"]))
        (stale_note(page_context, stale))
        (page_context.form(PATH, fields))
        p class="aside" {
            (t.have_account) " "
            a href=(other_pages(services, "/sign-in", request)) { (t.sign_in_link) }
        }
    };
    Page {
        status: stale.unwrap_or_else(|| error.map_or(200, |error| error.status().code)),
        retry_after: error.and_then(ApiError::retry_after),
        ..page_context.page(t.sign_up_title, main)
    }
}

/// The page after signing up if the address must be verified first.
fn to_verify(page_context: &PageContext<'_>, email: &str) -> Page {
    let t = page_context.texts;
    let main = html! {
        h1 { (t.links.verify_first_title) }
        p role="status" { (fill(t.links.verify_first, "email", email)) }
        p { a href=(other_pages(page_context.services, "/sign-in", None)) { (t.sign_in_link) } }
    };
    Page::new(t, t.links.verify_first_title, main)
}

fn closed(services: &Services) -> Option<ApiError> {
    (services.settings.registration == Registration::Closed)
        .then(|| ApiError::new(ErrorCode::RegistrationClosed, "registration is closed"))
}

#[get("/sign-up")]
fn show(page_context: PageContext<'_>, uri: &Origin<'_>) -> PageResult {
    if let Some(error) = closed(page_context.services) {
        return Err(Page::of_error(page_context.texts, &error).into());
    }
    let kept = parameter(uri, "request");
    let (page_context, request) = page_context.carrying(kept.as_deref())?;
    Ok(page(&page_context, request.as_ref(), FormState::default()).into())
}

#[post("/sign-up", data = "<posted>")]
async fn submit(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let fields = match posted.take(&page_context, PATH)? {
        AcceptedForm::Fresh(fields) => fields,
        AcceptedForm::Stale(stale) => {
            let (page_context, request) = page_context.carrying(stale.fields.given("request"))?;
            if let Some(answer) = already_in(&page_context, request.as_ref()).await {
                return answer;
            }
            let said = FormState {
                filled: Some(&stale.fields),
                error: None,
                stale: Some(stale.status),
            };
            return Ok(page(&page_context, request.as_ref(), said).into());
        }
    };
    let (page_context, request) = page_context.carrying(fields.given("request"))?;
    let services = page_context.services;
    let form = RegisterRequest {
        email: fields.get("email").to_owned(),
        password: fields.get("password").to_owned(),
        first_name: fields.given("firstName").map(str::to_owned),
        last_name: fields.given("lastName").map(str::to_owned),
    };
    let (cookie, session, context) = page_context.new_sign_in();
    let signed_up = services.accounts.sign_up(form, session, context).await;
    match signed_up.map_err(ApiError::from) {
        // A second factor must be set up, which happens at sign-in.
        Ok((_, None)) if !services.settings.require_verified_email => {
            password_step::sign_in(&page_context, request, &fields).await
        }
        Ok((user, None)) => Ok(to_verify(&page_context, user.email.as_str()).into()),
        Ok((_, Some(session))) => {
            let then = SignInDestination {
                request: request.as_ref(),
                ..SignInDestination::default()
            };
            signed_in_with(&page_context, then, &session, &cookie).await
        }
        Err(error) => {
            let said = FormState {
                filled: Some(&fields),
                error: Some(&error),
                stale: None,
            };
            Ok(page(&page_context, request.as_ref(), said).into())
        }
    }
}
