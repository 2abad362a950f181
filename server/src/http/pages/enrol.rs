//! `/sign-in/enrol`: sets up TOTP during a sign-in to an account that must have a second factor and has none.

use doorward_shared::ErrorCode;
use maud::{Markup, PreEscaped, html};
use rocket::{Route, post, routes};

use super::{
    after_sign_in::{SignInDestination, already_in, destination, signed_in},
    browser_cookie::CookieLifetime,
    components::{alert, back_to, kept_in, request_field, stale_note},
    form::{AcceptedForm, Posted},
    form_data::Fields,
    form_field::{FieldError, Input},
    page::Page,
    page_context::PageContext,
    page_response::PageResult,
    pending_request::{PendingRequest, asking},
    sign_in,
    sign_in_page::{self, SignInForm, page_status},
    texts::Texts,
};
use crate::{
    crypto::secret::Secret,
    http::{ApiError, mfa::qr_svg},
    oauth::AuthorizationRequest,
};

pub(super) fn routes() -> Vec<Route> {
    routes![submit]
}

const PATH: &str = "/sign-in/enrol";

/// Data of the page, and the error of the last attempt.
#[derive(Debug, Default)]
pub(super) struct EnrolPage<'a> {
    pub token: &'a str,
    pub error: Option<&'a ApiError>,
    /// If the form was rejected: the status of the page.
    pub stale: Option<u16>,
    /// The part of the account page to return to.
    pub again: Option<&'static str>,
    pub stay: CookieLifetime,
}

/// The page that sets up TOTP; the sign-in page, if its time is over.
///
/// # Errors
/// A page, when storage cannot be read.
pub(super) async fn page(
    page_context: &PageContext<'_>,
    asking: Option<&PendingRequest>,
    step: &EnrolPage<'_>,
) -> PageResult {
    let (services, t) = (page_context.services, page_context.texts);
    let token = Secret::from(step.token.to_owned());
    let offered = match services.sign_in.enrolment(&token).await {
        Ok(offered) => offered,
        Err(crate::service::Error::InvalidToken) => return Ok(over(page_context, asking, step)),
        Err(error) => return Err(ApiError::from(error).into()),
    };
    let request = asking.map(|asking| &asking.request);
    let fields = html! {
        (request_field(services, request))
        (back_to(step.again))
        (kept_in(step.stay))
        input type="hidden" name="token" value=(step.token);
        (code_field(t, &wrong_code(t, step.error)))
        button type="submit" { (t.go_on) }
    };
    let above = step.error.filter(|error| !is_wrong_code(error));
    let main = html! {
        h1 { (t.enrol_title) }
        p { (t.enrol_why) }
        (alert(page_context, above, &[]))
        (stale_note(page_context, step.stale))
        (authenticator(t, &offered.secret, &offered.uri)?)
        (page_context.form(PATH, fields))
        (sign_in::restart(page_context, request, step.again))
    };
    Ok(Page {
        status: step
            .stale
            .unwrap_or_else(|| step.error.map_or(200, page_status)),
        retry_after: step.error.and_then(ApiError::retry_after),
        ..page_context.page(t.enrol_title, main)
    }
    .into())
}

/// The sign-in starts again.
fn over(
    page_context: &PageContext<'_>,
    asking: Option<&PendingRequest>,
    step: &EnrolPage<'_>,
) -> super::page_response::PageResponse {
    let said = SignInForm {
        stale: Some(200),
        again: step.again,
        stay: step.stay,
        ..SignInForm::default()
    };
    sign_in_page::page(page_context, asking, said).into()
}

/// The TOTP secret: a QR code, a link for an app on this device, and text to type.
pub(super) fn authenticator(t: &Texts, secret: &Secret, uri: &Secret) -> Result<Markup, ApiError> {
    let svg = qr_svg(uri.expose())?;
    // Without the XML declaration of a standalone SVG file.
    let svg = svg.find("<svg").map_or("", |start| &svg[start..]);
    Ok(html! {
        p { (t.enrol_scan) }
        div class="qr" role="img" aria-label=(t.enrol_picture) { (PreEscaped(svg)) }
        p { a href=(uri.expose()) { (t.enrol_open) } }
        p class="hint" { (t.enrol_type) }
        p { code class="secret" { (secret.expose()) } }
    })
}

/// Whether the error is a wrong code.
pub(super) fn is_wrong_code(error: &ApiError) -> bool {
    error.code() == ErrorCode::InvalidCredentials
}

/// The error shown at the code field.
pub(super) fn wrong_code(t: &Texts, error: Option<&ApiError>) -> FieldError<'static> {
    if error.is_some_and(is_wrong_code) {
        FieldError::at("code", t.wrong_code)
    } else {
        FieldError::default()
    }
}

/// The field for the first code.
pub(super) fn code_field(t: &Texts, wrong: &FieldError<'_>) -> Markup {
    let input = Input {
        id: "code",
        name: "code",
        label: t.enrol_code,
        autocomplete: "one-time-code",
        hint: Some(t.enrol_code_hint),
        is_digits: true,
        ..Input::default()
    };
    input.shown(wrong)
}

/// Recovery codes, shown once.
pub(super) fn codes(t: &Texts, codes: &[Secret]) -> Markup {
    html! {
        p { (t.codes_text) }
        ul class="codes" {
            @for code in codes { li { code { (code.expose()) } } }
        }
    }
}

#[post("/sign-in/enrol", data = "<posted>")]
async fn submit(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    match posted.take(&page_context, PATH)? {
        AcceptedForm::Fresh(fields) => {
            let (page_context, request) = page_context.carrying(fields.given("request"))?;
            enrol(&page_context, request, &fields).await
        }
        AcceptedForm::Stale(stale) => {
            let (page_context, request) = page_context.carrying(stale.fields.given("request"))?;
            let again = sign_in::part(stale.fields.given("again"));
            if again.is_none()
                && let Some(answer) = already_in(&page_context, request.as_ref()).await
            {
                return answer;
            }
            let asking = asking(&page_context, request).await?;
            let step = EnrolPage {
                token: stale.fields.get("token"),
                error: None,
                stale: Some(stale.status),
                again,
                stay: CookieLifetime::of(stale.fields.get("keep")),
            };
            page(&page_context, asking.as_ref(), &step).await
        }
    }
}

async fn enrol(
    page_context: &PageContext<'_>,
    request: Option<AuthorizationRequest>,
    fields: &Fields,
) -> PageResult {
    let (services, t) = (page_context.services, page_context.texts);
    let (cookie, new, context) = page_context.new_sign_in();
    let token = fields.get("token");
    let (again, stay) = (
        sign_in::part(fields.given("again")),
        CookieLifetime::of(fields.get("keep")),
    );
    let typed = fields.get("code");
    let enrolled = services
        .sign_in
        .enrol(token.to_owned().into(), typed, new, context)
        .await;
    let error = match enrolled.map_err(ApiError::from) {
        Ok(enrolled) => {
            let then = SignInDestination {
                request: request.as_ref(),
                part: again,
                stay,
            };
            let to = destination(page_context, &then);
            let main = html! {
                h1 { (t.codes_title) }
                (codes(t, &enrolled.recovery_codes))
                p { a class="button" href=(to) { (t.codes_kept) } }
            };
            return Ok(Page {
                cookie: Some(signed_in(page_context, stay, &enrolled.session, &cookie).await?),
                ..Page::new(t, t.codes_title, main)
            }
            .into());
        }
        Err(error) => error,
    };
    let asking = asking(page_context, request).await?;
    let step = EnrolPage {
        token,
        error: Some(&error),
        stale: None,
        again,
        stay,
    };
    page(page_context, asking.as_ref(), &step).await
}
