//! `/verify-email`: the target of links that verify an address. Requires a click, since mail scanners open links too.

use maud::{Markup, html};
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    authorize::parameter,
    components::stale_note,
    dead_link::{Dead, dead},
    forgot_password::{must_mail, sent},
    form::{AcceptedForm, Posted},
    form_token::Form,
    page::Page,
    page_context::PageContext,
    page_response::PageResult,
    sign_in_page,
    texts::{Texts, fill},
};
use crate::{
    crypto::secret::Secret,
    domain::{Actor, one_time_link::LinkKind},
    http::ApiError,
    service::OpenLink,
    store::RequestedMail,
};

pub(super) fn routes() -> Vec<Route> {
    routes![show, confirm, deny, resend]
}

const PATH: &str = "/verify-email";
const DENY: &str = "/verify-email/not-me";
/// Where the mail can be requested again.
pub(super) const RESEND: &str = "/verify-email/resend";

/// The fields of a form to [`RESEND`].
pub(super) fn send_again(t: &Texts, email: &str) -> Markup {
    html! {
        input type="hidden" name="email" value=(email);
        button type="submit" class="quiet" { (t.links.send_again) }
    }
}

fn page(
    page_context: &PageContext<'_>,
    open: &OpenLink,
    token: &Secret,
    stale: Option<u16>,
) -> Page {
    let t = page_context.texts;
    let user = &open.account.user;
    let email = open
        .link
        .mailed_to
        .as_deref()
        .unwrap_or(user.email.as_str());
    let name = [&user.first_name, &user.last_name].map(|name| name.as_deref().unwrap_or_default());
    let name = name.join(" ");
    let (title, text) = match open.link.kind {
        LinkKind::Change => (t.links.change_title, t.links.change_text),
        _ => (t.links.verify_title, t.links.verify_text),
    };
    let present = (open.link.kind == LinkKind::Change).then(|| user.email.as_str());
    let can_deny = matches!(open.link.kind, LinkKind::SignUp | LinkKind::Change);
    let (not_me_text, not_me) = match open.link.kind {
        LinkKind::Change => (t.links.not_my_change, t.links.not_me_change),
        _ => (t.links.not_me_text, t.links.not_me),
    };
    let hidden = html! { input type="hidden" name="token" value=(token.expose()); };
    let confirm = html! {
        (hidden)
        button type="submit" { (t.links.verify_confirm) }
    };
    let deny = html! {
        (hidden)
        button type="submit" class="quiet" { (not_me) }
    };
    let main = html! {
        h1 { (title) }
        p { (text) }
        p { strong { (email) } @if !name.trim().is_empty() { " · " (name) } }
        @if let Some(present) = present {
            p { (t.links.change_of) " " strong { (present) } }
        }
        (stale_note(page_context, stale))
        (page_context.form(PATH, confirm))
        @if can_deny {
            p { (not_me_text) }
            (page_context.form(DENY, deny))
        }
    };
    Page {
        status: stale.unwrap_or(200),
        holds_token: true,
        ..page_context.page(title, main)
    }
}

#[get("/verify-email")]
async fn show(page_context: PageContext<'_>, uri: &Origin<'_>) -> PageResult {
    let token = parameter(uri, "token").unwrap_or_default().into();
    shown(&page_context, &token, None).await
}

async fn shown(page_context: &PageContext<'_>, token: &Secret, stale: Option<u16>) -> PageResult {
    match page_context.services.verification.open(token).await {
        Ok(open) => Ok(page(page_context, &open, token, stale).into()),
        Err(error) => Err(dead(page_context, Dead::Verify, &error.into())),
    }
}

/// The token in a form; a stale form shows the page again.
async fn token(
    page_context: &PageContext<'_>,
    posted: Posted,
    form: impl Into<Form>,
) -> Result<Secret, PageResult> {
    match posted.take(page_context, form) {
        Ok(AcceptedForm::Fresh(fields)) => Ok(fields.get("token").to_owned().into()),
        Ok(AcceptedForm::Stale(stale)) => {
            let token = stale.fields.get("token").to_owned().into();
            Err(shown(page_context, &token, Some(stale.status)).await)
        }
        Err(page) => Err(Err(page)),
    }
}

fn done(page_context: &PageContext<'_>, title: &'static str, text: String) -> PageResult {
    let main = html! {
        h1 { (title) }
        p role="status" { (text) }
        p { a class="button" href=(page_context.home()) { (page_context.texts.go_on) } }
    };
    Ok(Page::new(page_context.texts, title, main).into())
}

#[post("/verify-email", data = "<posted>")]
async fn confirm(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let token = match token(&page_context, posted, PATH).await {
        Ok(token) => token,
        Err(answer) => return answer,
    };
    let t = page_context.texts;
    let context = page_context.context(Actor::Anonymous);
    let signed_in = page_context.browser.signed_in()?;
    let signed_in = signed_in.map(|signed_in| signed_in.account.user.id);
    let verification = &page_context.services.verification;
    match verification.verify(&token, signed_in, context).await {
        Ok(user) => {
            let text = fill(t.links.verified_text, "email", user.email.as_str());
            done(&page_context, t.links.verified_title, text)
        }
        Err(error) => Err(dead(&page_context, Dead::Verify, &error.into())),
    }
}

#[post("/verify-email/not-me", data = "<posted>")]
async fn deny(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let token = match token(&page_context, posted, DENY).await {
        Ok(token) => token,
        Err(answer) => return answer,
    };
    let t = page_context.texts;
    let context = page_context.context(Actor::Anonymous);
    match page_context
        .services
        .verification
        .reject_change(&token, context)
        .await
    {
        Ok(what) => {
            let (title, text) = match what {
                LinkKind::Change => (t.links.change_refused_title, t.links.change_refused_text),
                _ => (t.links.deleted_title, t.links.deleted_text),
            };
            let main = html! {
                h1 { (title) }
                p role="status" { (text) }
            };
            Ok(Page::new(t, title, main).into())
        }
        Err(error) => Err(dead(&page_context, Dead::Verify, &error.into())),
    }
}

#[post("/verify-email/resend", data = "<posted>")]
async fn resend(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    must_mail(&page_context)?;
    let email = match posted.take(&page_context, RESEND)? {
        AcceptedForm::Fresh(fields) => fields.get("email").to_owned(),
        // The mail can be requested again from the sign-in page.
        AcceptedForm::Stale(stale) => {
            let said = sign_in_page::SignInForm {
                email: stale.fields.given("email"),
                stale: Some(stale.status),
                ..sign_in_page::SignInForm::default()
            };
            return Ok(sign_in_page::page(&page_context, None, said).into());
        }
    };
    let context = page_context.context(Actor::Anonymous);
    let verification = &page_context.services.verification;
    let asked = verification.ask(
        RequestedMail::Verification,
        email,
        page_context.info.ip,
        context,
    );
    match asked.await {
        Ok(()) => Ok(sent(&page_context).into()),
        Err(error) => Err(Page::of_error(page_context.texts, &ApiError::from(error)).into()),
    }
}
