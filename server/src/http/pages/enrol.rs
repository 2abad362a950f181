//! `/sign-in/enrol`: the way in for somebody who must have a second factor and has none.

use doorward_shared::ErrorCode;
use maud::{Markup, PreEscaped, html};
use rocket::{Route, post, routes};

use super::{
    after_sign_in::{Then, already_in, destination, settled},
    browser::Stay,
    fields::Fields,
    form::{Posted, Taken},
    input::{Input, Wrong},
    page::Page,
    page_context::PageContext,
    page_response::Answer,
    parts::{alert, back_to, kept, kept_in, stale_note},
    pending_request::{Asking, asking},
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

/// What the page stands on, and what is said about the last try.
#[derive(Debug, Default)]
pub(super) struct Step<'a> {
    pub token: &'a str,
    pub error: Option<&'a ApiError>,
    /// The form was not taken: the status of the page.
    pub stale: Option<u16>,
    /// The part of the account to come back to.
    pub again: Option<&'static str>,
    pub stay: Stay,
}

/// The page that sets one-time codes up; the sign-in page, where its time is over.
///
/// # Errors
/// A page, when storage cannot be read.
pub(super) async fn page(
    visit: &PageContext<'_>,
    asking: Option<&Asking>,
    step: &Step<'_>,
) -> Answer {
    let (doorward, t) = (visit.doorward, visit.texts);
    let token = Secret::from(step.token.to_owned());
    let offered = match doorward.sign_in.enrolment(&token).await {
        Ok(offered) => offered,
        Err(crate::service::Error::InvalidToken) => return Ok(over(visit, asking, step)),
        Err(error) => return Err(ApiError::from(error).into()),
    };
    let request = asking.map(|asking| &asking.request);
    let fields = html! {
        (kept(doorward, request))
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
        (alert(visit, above, &[]))
        (stale_note(visit, step.stale))
        (authenticator(t, &offered.secret, &offered.uri)?)
        (visit.form(PATH, fields))
        (sign_in::restart(visit, request, step.again))
    };
    Ok(Page {
        status: step
            .stale
            .unwrap_or_else(|| step.error.map_or(200, page_status)),
        retry_after: step.error.and_then(ApiError::retry_after),
        ..visit.page(t.enrol_title, main)
    }
    .into())
}

/// The sign-in begins anew.
fn over(
    visit: &PageContext<'_>,
    asking: Option<&Asking>,
    step: &Step<'_>,
) -> super::page_response::PageResponse {
    let said = SignInForm {
        stale: Some(200),
        again: step.again,
        stay: step.stay,
        ..SignInForm::default()
    };
    sign_in_page::page(visit, asking, said).into()
}

/// What an authenticator reads: a picture, an address for the one on this device, and letters to type.
pub(super) fn authenticator(t: &Texts, secret: &Secret, uri: &Secret) -> Result<Markup, ApiError> {
    let svg = qr_svg(uri.expose())?;
    // Without the head that an SVG file of its own has.
    let svg = svg.find("<svg").map_or("", |start| &svg[start..]);
    Ok(html! {
        p { (t.enrol_scan) }
        div class="qr" role="img" aria-label=(t.enrol_picture) { (PreEscaped(svg)) }
        p { a href=(uri.expose()) { (t.enrol_open) } }
        p class="hint" { (t.enrol_type) }
        p { code class="secret" { (secret.expose()) } }
    })
}

/// Whether what is wrong is the code.
pub(super) fn is_wrong_code(error: &ApiError) -> bool {
    error.code() == ErrorCode::InvalidCredentials
}

/// What is said at the field for a code.
pub(super) fn wrong_code(t: &Texts, error: Option<&ApiError>) -> Wrong<'static> {
    if error.is_some_and(is_wrong_code) {
        Wrong::at("code", t.wrong_code)
    } else {
        Wrong::default()
    }
}

/// The field for the first code.
pub(super) fn code_field(t: &Texts, wrong: &Wrong<'_>) -> Markup {
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

/// Recovery codes, which are shown once.
pub(super) fn codes(t: &Texts, codes: &[Secret]) -> Markup {
    html! {
        p { (t.codes_text) }
        ul class="codes" {
            @for code in codes { li { code { (code.expose()) } } }
        }
    }
}

#[post("/sign-in/enrol", data = "<posted>")]
async fn submit(visit: PageContext<'_>, posted: Posted) -> Answer {
    match posted.take(&visit, PATH)? {
        Taken::Fresh(fields) => {
            let (visit, request) = visit.carrying(fields.given("request"))?;
            enrol(&visit, request, &fields).await
        }
        Taken::Stale(stale) => {
            let (visit, request) = visit.carrying(stale.fields.given("request"))?;
            let again = sign_in::part(stale.fields.given("again"));
            if again.is_none()
                && let Some(answer) = already_in(&visit, request.as_ref()).await
            {
                return answer;
            }
            let asking = asking(&visit, request).await?;
            let step = Step {
                token: stale.fields.get("token"),
                error: None,
                stale: Some(stale.status),
                again,
                stay: Stay::of(stale.fields.get("keep")),
            };
            page(&visit, asking.as_ref(), &step).await
        }
    }
}

async fn enrol(
    visit: &PageContext<'_>,
    request: Option<AuthorizationRequest>,
    fields: &Fields,
) -> Answer {
    let (doorward, t) = (visit.doorward, visit.texts);
    let (cookie, new, context) = visit.new_sign_in();
    let token = fields.get("token");
    let (again, stay) = (
        sign_in::part(fields.given("again")),
        Stay::of(fields.get("keep")),
    );
    let typed = fields.get("code");
    let enrolled = doorward
        .sign_in
        .enrol(token.to_owned().into(), typed, new, context)
        .await;
    let error = match enrolled.map_err(ApiError::from) {
        Ok(enrolled) => {
            let then = Then {
                request: request.as_ref(),
                part: again,
                stay,
            };
            let to = destination(visit, &then);
            let main = html! {
                h1 { (t.codes_title) }
                (codes(t, &enrolled.recovery_codes))
                p { a class="button" href=(to) { (t.codes_kept) } }
            };
            return Ok(Page {
                cookie: Some(settled(visit, stay, &enrolled.session, &cookie).await?),
                ..Page::new(t, t.codes_title, main)
            }
            .into());
        }
        Err(error) => error,
    };
    let asking = asking(visit, request).await?;
    let step = Step {
        token,
        error: Some(&error),
        stale: None,
        again,
        stay,
    };
    page(visit, asking.as_ref(), &step).await
}
