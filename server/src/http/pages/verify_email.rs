//! `/verify-email`: where the link leads that verifies an address. It takes a click: mail scanners open links too.

use maud::{Markup, html};
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    authorize::parameter,
    dead_link::{Dead, dead},
    forgot_password::{must_mail, sent},
    form::{Posted, Taken},
    form_token::Form,
    page::Page,
    page_context::PageContext,
    page_response::Answer,
    parts::stale_note,
    sign_in_page,
    texts::{Texts, fill},
};
use crate::{
    crypto::secret::Secret,
    domain::{Actor, link::LinkKind},
    http::ApiError,
    service::OpenLink,
    store::AskedFor,
};

pub(super) fn routes() -> Vec<Route> {
    routes![show, confirm, deny, resend]
}

const PATH: &str = "/verify-email";
const DENY: &str = "/verify-email/not-me";
/// Where the mail is asked for again.
pub(super) const RESEND: &str = "/verify-email/resend";

/// The fields of a form to [`RESEND`].
pub(super) fn send_again(t: &Texts, email: &str) -> Markup {
    html! {
        input type="hidden" name="email" value=(email);
        button type="submit" class="quiet" { (t.links.send_again) }
    }
}

fn page(visit: &PageContext<'_>, open: &OpenLink, token: &Secret, stale: Option<u16>) -> Page {
    let t = visit.texts;
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
        (stale_note(visit, stale))
        (visit.form(PATH, confirm))
        @if can_deny {
            p { (not_me_text) }
            (visit.form(DENY, deny))
        }
    };
    Page {
        status: stale.unwrap_or(200),
        holds_token: true,
        ..visit.page(title, main)
    }
}

#[get("/verify-email")]
async fn show(visit: PageContext<'_>, uri: &Origin<'_>) -> Answer {
    let token = parameter(uri, "token").unwrap_or_default().into();
    shown(&visit, &token, None).await
}

async fn shown(visit: &PageContext<'_>, token: &Secret, stale: Option<u16>) -> Answer {
    match visit.doorward.verification.open(token).await {
        Ok(open) => Ok(page(visit, &open, token, stale).into()),
        Err(error) => Err(dead(visit, Dead::Verify, &error.into())),
    }
}

/// The token that a form brings; a stale form shows the page again.
async fn token(
    visit: &PageContext<'_>,
    posted: Posted,
    form: impl Into<Form>,
) -> Result<Secret, Answer> {
    match posted.take(visit, form) {
        Ok(Taken::Fresh(fields)) => Ok(fields.get("token").to_owned().into()),
        Ok(Taken::Stale(stale)) => {
            let token = stale.fields.get("token").to_owned().into();
            Err(shown(visit, &token, Some(stale.status)).await)
        }
        Err(page) => Err(Err(page)),
    }
}

fn done(visit: &PageContext<'_>, title: &'static str, text: String) -> Answer {
    let main = html! {
        h1 { (title) }
        p role="status" { (text) }
        p { a class="button" href=(visit.home()) { (visit.texts.go_on) } }
    };
    Ok(Page::new(visit.texts, title, main).into())
}

#[post("/verify-email", data = "<posted>")]
async fn confirm(visit: PageContext<'_>, posted: Posted) -> Answer {
    let token = match token(&visit, posted, PATH).await {
        Ok(token) => token,
        Err(answer) => return answer,
    };
    let t = visit.texts;
    let context = visit.context(Actor::Anonymous);
    let signed_in = visit.browser.signed_in()?;
    let signed_in = signed_in.map(|signed_in| signed_in.account.user.id);
    let verification = &visit.doorward.verification;
    match verification.verify(&token, signed_in, context).await {
        Ok(user) => {
            let text = fill(t.links.verified_text, "email", user.email.as_str());
            done(&visit, t.links.verified_title, text)
        }
        Err(error) => Err(dead(&visit, Dead::Verify, &error.into())),
    }
}

#[post("/verify-email/not-me", data = "<posted>")]
async fn deny(visit: PageContext<'_>, posted: Posted) -> Answer {
    let token = match token(&visit, posted, DENY).await {
        Ok(token) => token,
        Err(answer) => return answer,
    };
    let t = visit.texts;
    let context = visit.context(Actor::Anonymous);
    match visit.doorward.verification.disown(&token, context).await {
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
        Err(error) => Err(dead(&visit, Dead::Verify, &error.into())),
    }
}

#[post("/verify-email/resend", data = "<posted>")]
async fn resend(visit: PageContext<'_>, posted: Posted) -> Answer {
    must_mail(&visit)?;
    let email = match posted.take(&visit, RESEND)? {
        Taken::Fresh(fields) => fields.get("email").to_owned(),
        // What it asks for is asked for at the sign-in.
        Taken::Stale(stale) => {
            let said = sign_in_page::SignInForm {
                email: stale.fields.given("email"),
                stale: Some(stale.status),
                ..sign_in_page::SignInForm::default()
            };
            return Ok(sign_in_page::page(&visit, None, said).into());
        }
    };
    let context = visit.context(Actor::Anonymous);
    let verification = &visit.doorward.verification;
    let asked = verification.ask(AskedFor::Verification, email, visit.info.ip, context);
    match asked.await {
        Ok(()) => Ok(sent(&visit).into()),
        Err(error) => Err(Page::of_error(visit.texts, &ApiError::from(error)).into()),
    }
}
