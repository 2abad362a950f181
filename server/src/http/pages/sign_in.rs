//! `/sign-in`.

use doorward_shared::ErrorCode;
use maud::{Markup, html};
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    account::PARTS,
    authorize::parameter,
    browser::Stay,
    enrol, factor, forgot_password,
    form::{Fields, Posted, Taken},
    input::Wrong,
    onward::{Then, already_in, arrived},
    page::{Answer, Page, Shown, go},
    parts::{
        alert, back_to, email_field, kept, logo, password_field, shown_logo, stale_note, stranger,
        website,
    },
    sign_up,
    texts::{Texts, fill},
    verify_email,
    visit::Visit,
};
use crate::{
    http::{ApiError, Services},
    oauth::{AuthorizationRequest, Failure},
    settings::Registration,
};

pub(super) fn all() -> Vec<Route> {
    routes![show, submit]
}

const PATH: &str = "/sign-in";

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
    visit: &Visit<'_>,
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

/// A request that is under way, and the application that makes it.
#[derive(Debug)]
pub(super) struct Asking {
    pub request: AuthorizationRequest,
    pub name: String,
    pub logo: Option<String>,
    /// Its own, where an operator has registered it.
    pub website: Option<String>,
    /// What is said of one that registered itself.
    pub stranger: Markup,
}

/// Whose request is under way.
///
/// # Errors
/// A page, for a client that is not known any more.
pub(super) async fn asking(
    visit: &Visit<'_>,
    request: Option<AuthorizationRequest>,
) -> Result<Option<Asking>, Shown> {
    let Some(request) = request else {
        return Ok(None);
    };
    let client = visit.doorward.store.client(request.client_id).await?;
    let client = client.ok_or_else(|| visit.failed(&Failure::client(false)))?;
    let name = client.name.clone();
    Ok(Some(Asking {
        request,
        name,
        logo: shown_logo(&client),
        website: client.policy.client_uri.clone().filter(|_| !client.dynamic),
        stranger: stranger(visit.texts, &client),
    }))
}

/// What was said before, and what is said about it.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub email: Option<&'a str>,
    pub error: Option<&'a ApiError>,
    /// The form had been sent before, is too old, or is another browser's: the status of the page.
    pub stale: Option<u16>,
    /// Somebody signs in again, and comes back to this part of their account.
    pub again: Option<&'static str>,
    pub stay: Stay,
    /// Whether what went wrong was a passkey.
    pub passkey: bool,
}

/// The application that somebody signs in for.
fn for_whom(t: &Texts, asking: &Asking) -> Markup {
    html! {
        (logo(asking.logo.as_deref()))
        p { (fill(t.sign_in_for, "app", &asking.name)) }
        (website(asking.website.as_deref()))
        (asking.stranger)
    }
}

/// What was wrong with what was sent.
fn wrong(visit: &Visit<'_>, said: &Said<'_>) -> Markup {
    html! {
        @match said.error {
            Some(error) if said.passkey && error.code() == ErrorCode::InvalidCredentials => {
                p class="alert" role="alert" { (visit.texts.wrong_passkey) }
            }
            error => (alert(visit, error, &[])),
        }
    }
}

/// For somebody who has forgotten the password, or has no account yet.
fn other_ways(visit: &Visit<'_>, request: Option<&AuthorizationRequest>) -> Markup {
    let (doorward, t) = (visit.doorward, visit.texts);
    html! {
        @if doorward.verification.mail {
            p class="aside" {
                a href={ (doorward.site.base) (forgot_password::PATH) } { (t.links.forgot_link) }
            }
        }
        @if doorward.settings.registration == Registration::Open {
            p class="aside" {
                (t.no_account) " "
                a href=(sign_up::address(doorward, request)) { (t.sign_up_link) }
            }
        }
    }
}

/// The sign-in page.
pub(super) fn page(visit: &Visit<'_>, asking: Option<&Asking>, said: Said<'_>) -> Page {
    let (doorward, t) = (visit.doorward, visit.texts);
    let request = asking.map(|asking| &asking.request);
    let hint = request.and_then(|request| request.login_hint.as_deref());
    let email = said.email.or(hint).unwrap_or_default();
    // Not offered where the issuer's host is an address.
    let passkey = doorward.factors.request_options(doorward.clock.now()).ok();
    let fields = html! {
        (kept(doorward, request))
        (back_to(said.again))
        @if let Some((_, state)) = &passkey {
            input type="hidden" name="state" value=(state);
            input type="hidden" name="credential" value="";
        }
        (email_field(t.email, email, passkey.is_some(), &Wrong::default()))
        (password_field("password", t.password, &Wrong::default()))
        label class="check" {
            input type="checkbox" name="keep" value="true" checked[said.stay == Stay::Session];
            span { (t.keep_signed_in) }
        }
        button type="submit" { (t.sign_in) }
        @if passkey.is_some() {
            button type="button" class="quiet" data-passkey hidden { (t.sign_in_with_passkey) }
        }
    };
    let options = passkey.as_ref().map(|(options, _)| options.to_string());
    let main = html! {
        h1 { (t.sign_in_title) }
        @if let Some(asking) = asking { (for_whom(t, asking)) }
        (wrong(visit, &said))
        (stale_note(visit, said.stale))
        (visit.form_with(PATH, options.as_deref(), fields))
        (send_again(visit, said.email, said.error))
        (other_ways(visit, request))
    };
    Page {
        // A wrong password is an answer like another; what else can go wrong has its status.
        status: said
            .stale
            .unwrap_or_else(|| said.error.map_or(200, page_status)),
        retry_after: said.error.and_then(ApiError::retry_after),
        picture: asking.and_then(|asking| asking.logo.clone()),
        script: passkey.is_some(),
        ..visit.page(t.sign_in_title, main)
    }
}

/// Offers the mail again that verifies an address, to whom signing in was refused for want of that.
fn send_again(visit: &Visit<'_>, email: Option<&str>, error: Option<&ApiError>) -> Markup {
    let unverified = error.is_some_and(|error| error.code() == ErrorCode::EmailNotVerified);
    let fields = verify_email::send_again(visit.texts, email.unwrap_or_default());
    html! {
        @if unverified && visit.doorward.verification.mail {
            (visit.form(verify_email::RESEND, fields))
        }
    }
}

/// HTTP's own login dialogue is not meant: no page answers 401.
pub(super) fn page_status(error: &ApiError) -> u16 {
    match error.code() {
        ErrorCode::InvalidCredentials
        | ErrorCode::AccountDisabled
        | ErrorCode::EmailNotVerified => 200,
        _ => error.status().code,
    }
}

#[get("/sign-in")]
async fn show(visit: Visit<'_>, uri: &Origin<'_>) -> Answer {
    let kept = parameter(uri, "request");
    let (visit, request) = visit.carrying(kept.as_deref())?;
    let who = visit.browser.signed_in()?;
    let again = part(parameter(uri, "again").as_deref());
    if request.is_none() && again.is_none() && who.is_some() {
        return Ok(go(visit.home()));
    }
    let asking = asking(&visit, request).await?;
    let who = who.filter(|_| again.is_some());
    let said = Said {
        email: who.as_ref().map(|who| who.account.user.email.as_str()),
        again,
        ..Said::default()
    };
    Ok(page(&visit, asking.as_ref(), said).into())
}

#[post("/sign-in", data = "<posted>")]
async fn submit(visit: Visit<'_>, posted: Posted) -> Answer {
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
            let said = Said {
                email: stale.fields.given("email"),
                stale: Some(stale.status),
                again,
                stay: Stay::of(stale.fields.get("keep")),
                ..Said::default()
            };
            Ok(page(&visit, asking.as_ref(), said).into())
        }
    }
}

/// Signs in with what a form says, or leads on to what is still to be shown or set up.
pub(super) async fn sign_in(
    visit: &Visit<'_>,
    request: Option<AuthorizationRequest>,
    fields: &Fields,
) -> Answer {
    let doorward = visit.doorward;
    let (cookie, new, cause) = visit.new_sign_in();
    let (email, password) = (fields.get("email"), fields.get("password").to_owned());
    let again = part(fields.given("again"));
    let stay = Stay::of(fields.get("keep"));
    let passkey = factor::passkey(fields);
    let signed_in = match &passkey {
        Some(passkey) => doorward.sign_in.passkey_sign_in(passkey, new, cause).await,
        None => {
            let signed_in = doorward
                .sign_in
                .with_password(email, password.into(), new, cause);
            signed_in.await
        }
    };
    match signed_in.map_err(ApiError::from) {
        Ok((_, session)) => {
            let then = Then {
                request: request.as_ref(),
                part: again,
                stay,
            };
            arrived(visit, then, &session, &cookie).await
        }
        Err(error) => {
            let asking = asking(visit, request).await?;
            let said = Said {
                email: Some(email),
                error: Some(&error),
                again,
                stay,
                passkey: passkey.is_some(),
                stale: None,
            };
            not_yet(visit, asking.as_ref(), said).await
        }
    }
}

/// The page after a sign-in that did not open a session: the second factor, the set-up of one, or once more the first step.
async fn not_yet(visit: &Visit<'_>, asking: Option<&Asking>, said: Said<'_>) -> Answer {
    let Some((error, step)) = said.error.and_then(|error| Some((error, error.mfa()?))) else {
        return Ok(page(visit, asking, said).into());
    };
    let (again, stay) = (said.again, said.stay);
    if error.code() == ErrorCode::MfaEnrolmentRequired {
        let step = enrol::Step {
            token: &step.token,
            again,
            stay,
            ..enrol::Step::default()
        };
        return enrol::page(visit, asking, &step).await;
    }
    let step = factor::Step {
        token: &step.token,
        methods: &step.methods,
        again,
        stay,
        ..factor::Step::default()
    };
    factor::page(visit, asking, &step)
}
