//! `/sign-in/factor`: the second-factor step of a sign-in.

use doorward_shared::{
    ErrorCode,
    mfa::{MfaMethod, PasskeySignIn},
};
use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{
    after_sign_in::{SignInDestination, already_in, signed_in_with},
    browser_cookie::CookieLifetime,
    components::{alert, back_to, kept_in, request_field, stale_note},
    enrol::{is_wrong_code, wrong_code},
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
    domain::{AuditContext, Session},
    http::{ApiError, Services},
    oauth::AuthorizationRequest,
    service::PresentedFactor,
    store::NewSession,
};

pub(super) fn routes() -> Vec<Route> {
    routes![submit]
}

const PATH: &str = "/sign-in/factor";

/// Data of the page, and the error of the last attempt.
#[derive(Debug, Default)]
pub(super) struct FactorPage<'a> {
    pub token: &'a str,
    pub methods: &'a [MfaMethod],
    pub error: Option<&'a ApiError>,
    /// If the form was rejected: the status of the page.
    pub stale: Option<u16>,
    /// The part of the account page to return to.
    pub again: Option<&'static str>,
    pub stay: CookieLifetime,
    /// Whether the last attempt used a passkey.
    pub passkey: bool,
}

/// The field for a code, of the kinds that the account has; `None` if it has none.
fn code_field(t: &Texts, step: &FactorPage<'_>, wrong: &FieldError<'_>) -> Option<Markup> {
    let has = |method| step.methods.contains(&method);
    let (label, hint) = match (has(MfaMethod::Totp), has(MfaMethod::RecoveryCode)) {
        (false, false) => return None,
        (true, false) => (t.factor_code, t.factor_hint_app),
        (true, true) => (t.factor_code, t.factor_hint),
        (false, true) => (t.recovery_code, t.recovery_code_hint),
    };
    let has_passkey = has(MfaMethod::Passkey);
    let input = Input {
        id: "code",
        name: "code",
        label,
        autocomplete: "one-time-code",
        hint: Some(hint),
        autofocus: true,
        is_optional: has_passkey,
        ..Input::default()
    };
    // A passkey is offered first, since it is quicker.
    let class = has_passkey.then_some("quiet");
    Some(html! {
        (input.shown(wrong))
        button type="submit" class=[class] { (t.go_on) }
    })
}

/// The page that asks for a second factor.
///
/// # Errors
/// A page, when options for a passkey cannot be made.
pub(super) fn page(
    page_context: &PageContext<'_>,
    asking: Option<&PendingRequest>,
    step: &FactorPage<'_>,
) -> PageResult {
    let (services, t) = (page_context.services, page_context.texts);
    let request = asking.map(|asking| &asking.request);
    let has = |method| step.methods.contains(&method);
    let passkey = has(MfaMethod::Passkey)
        .then(|| services.factors.request_options(services.clock.now()))
        .transpose()
        .map_err(ApiError::from)?;
    let methods: Vec<_> = step.methods.iter().map(|method| name(*method)).collect();
    // A passkey has no field to show an error at.
    let wrong = wrong_code(t, step.error.filter(|_| !step.passkey));
    let above = step
        .error
        .filter(|error| step.passkey || !is_wrong_code(error));
    let fields = html! {
        (request_field(services, request))
        (back_to(step.again))
        (kept_in(step.stay))
        input type="hidden" name="mfaToken" value=(step.token);
        input type="hidden" name="methods" value=(methods.join(" "));
        @if let Some((_, state)) = &passkey {
            input type="hidden" name="state" value=(state);
            input type="hidden" name="credential" value="";
            button type="button" data-passkey hidden { (t.use_passkey) }
            noscript { p { (t.passkey_needs_script) } }
        }
        @if let Some(code) = code_field(t, step, &wrong) { (code) }
    };
    let options = passkey.as_ref().map(|(options, _)| options.to_string());
    let main = html! {
        h1 { (t.factor_title) }
        @match above {
            Some(error) if is_wrong_code(error) => p class="alert" role="alert" { (t.wrong_passkey_again) },
            error => (alert(page_context, error, &[])),
        }
        (stale_note(page_context, step.stale))
        (page_context.form_with(PATH, options.as_deref(), fields))
        (sign_in::restart(page_context, request, step.again))
    };
    Ok(Page {
        status: step
            .stale
            .unwrap_or_else(|| step.error.map_or(200, page_status)),
        retry_after: step.error.and_then(ApiError::retry_after),
        script: passkey.is_some(),
        ..page_context.page(t.factor_title, main)
    }
    .into())
}

fn name(method: MfaMethod) -> &'static str {
    match method {
        MfaMethod::Totp => "totp",
        MfaMethod::RecoveryCode => "recoveryCode",
        MfaMethod::Passkey => "passkey",
    }
}

/// The methods listed in our form. A browser that changes them only changes what it is offered.
fn methods(fields: &Fields) -> Vec<MfaMethod> {
    let all = [MfaMethod::Totp, MfaMethod::RecoveryCode, MfaMethod::Passkey];
    let named = fields.get("methods");
    all.into_iter()
        .filter(|method| named.split(' ').any(|word| word == name(*method)))
        .collect()
}

/// A passkey's response, if the script has put a valid one into a form.
pub(super) fn passkey(fields: &Fields) -> Option<PasskeySignIn> {
    let credential = serde_json::from_str(fields.given("credential")?).ok()?;
    let state = fields.get("state").to_owned();
    Some(PasskeySignIn { state, credential })
}

/// The presented factor: a passkey's response, six digits, or else a recovery code.
fn factor(fields: &Fields) -> Option<PresentedFactor> {
    if fields.given("credential").is_some() {
        return passkey(fields).map(PresentedFactor::Passkey);
    }
    let code = fields.get("code");
    let plain = |c: &char| !c.is_whitespace();
    let digits = code.chars().filter(plain).all(|c| c.is_ascii_digit());
    Some(if digits && code.chars().filter(plain).count() <= 6 {
        PresentedFactor::Code(code.to_owned().into())
    } else {
        PresentedFactor::Recovery(code.to_owned().into())
    })
}

#[post("/sign-in/factor", data = "<posted>")]
async fn submit(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    match posted.take(&page_context, PATH)? {
        AcceptedForm::Fresh(fields) => {
            let (page_context, request) = page_context.carrying(fields.given("request"))?;
            second_step(&page_context, request, &fields).await
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
            let step = FactorPage {
                token: stale.fields.get("mfaToken"),
                methods: &methods(&stale.fields),
                error: None,
                stale: Some(stale.status),
                again,
                stay: CookieLifetime::of(stale.fields.get("keep")),
                passkey: false,
            };
            page(&page_context, asking.as_ref(), &step)
        }
    }
}

/// Opens the session of a sign-in with the factor in a form.
async fn complete(
    services: &Services,
    fields: &Fields,
    new: NewSession,
    context: AuditContext,
) -> Result<Session, ApiError> {
    let factor = factor(fields).ok_or_else(|| {
        ApiError::new(
            ErrorCode::InvalidRequest,
            "the passkey's answer cannot be read",
        )
    })?;
    let token = fields.get("mfaToken").to_owned().into();
    let opened = services.sign_in.second_step(token, factor, new, context);
    let (_, session) = opened.await?;
    Ok(session)
}

async fn second_step(
    page_context: &PageContext<'_>,
    request: Option<AuthorizationRequest>,
    fields: &Fields,
) -> PageResult {
    let services = page_context.services;
    let (cookie, new, context) = page_context.new_sign_in();
    let token = fields.get("mfaToken");
    let again = sign_in::part(fields.given("again"));
    let stay = CookieLifetime::of(fields.get("keep"));
    let error = match complete(services, fields, new, context).await {
        Ok(session) => {
            let then = SignInDestination {
                request: request.as_ref(),
                part: again,
                stay,
            };
            return signed_in_with(page_context, then, &session, &cookie).await;
        }
        Err(error) => error,
    };
    let asking = asking(page_context, request).await?;
    // The token has expired: the sign-in starts again.
    if error.code() == ErrorCode::InvalidToken {
        let said = SignInForm {
            stale: Some(200),
            again,
            ..SignInForm::default()
        };
        return Ok(sign_in_page::page(page_context, asking.as_ref(), said).into());
    }
    let step = FactorPage {
        token,
        methods: &methods(fields),
        error: Some(&error),
        again,
        stay,
        passkey: fields.given("credential").is_some(),
        ..FactorPage::default()
    };
    page(page_context, asking.as_ref(), &step)
}
