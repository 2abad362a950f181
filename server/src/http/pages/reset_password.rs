//! `/reset-password`: the target of one-time links that set a password. Viewing it does not use up the link, since mail
//! scanners open links too.

use maud::{Markup, html};
use rocket::{Route, get, http::uri::Origin, post, routes};

use super::{
    authorize::parameter,
    components::{alert, names_fields, new_password, stale_note},
    dead_link::{Dead, dead, is_dead},
    form::{AcceptedForm, FormState, Posted},
    form_data::Fields,
    form_field::{FieldError, Input, is_at_field},
    page::Page,
    page_context::PageContext,
    page_response::PageResult,
    sign_in,
    texts::{Texts, fill},
};
use crate::{
    crypto::secret::Secret,
    domain::{Actor, User, one_time_link::LinkKind},
    http::ApiError,
    service::{OpenLink, Reset},
};

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}

const PATH: &str = "/reset-password";

/// The names of an invited user: as they filled them in, else as the inviting operator entered them.
fn names(t: &Texts, user: &User, filled: Option<&Fields>, wrong: &FieldError<'_>) -> Markup {
    let known = [&user.first_name, &user.last_name];
    let known = known.map(|name| name.as_deref().unwrap_or_default());
    let names = filled.map_or(known, |fields| {
        ["firstName", "lastName"].map(|name| fields.get(name))
    });
    names_fields(t, names, wrong)
}

/// Whether the account's API keys stay valid.
fn keep_keys(t: &Texts, filled: Option<&Fields>) -> Markup {
    let keeps = filled.is_some_and(|fields| fields.get("keepApiKeys") == "true");
    html! {
        label class="check" {
            input type="checkbox" name="keepApiKeys" value="true" checked[keeps];
            span { (t.links.keep_keys) }
        }
    }
}

fn page(
    page_context: &PageContext<'_>,
    open: &OpenLink,
    token: &Secret,
    said: FormState<'_>,
) -> Page {
    let (services, t) = (page_context.services, page_context.texts);
    let FormState {
        filled,
        error,
        stale,
    } = said;
    let user = &open.account.user;
    let invites = open.link.kind == LinkKind::Invite;
    let (title, text) = if invites {
        let title = fill(t.links.invite_title, "site", &services.site.name);
        (title, t.links.invite_text)
    } else {
        (t.links.reset_title.to_owned(), t.links.reset_text)
    };
    let wrong = FieldError::of(t, error);
    let password = Input {
        autofocus: error.is_none_or(|error| !is_at_field(error, &["firstName", "lastName"])),
        ..new_password("newPassword", t.new_password, t.password_rule)
    };
    let fields = html! {
        input type="hidden" name="token" value=(token.expose());
        // For password managers, which ignore fields of `type=hidden`.
        label for="email" { (t.email) }
        input id="email" type="text" autocomplete="username" readonly value=(user.email.as_str());
        (password.shown(&wrong))
        @if invites {
            (names(t, user, filled, &wrong))
        } @else {
            (keep_keys(t, filled))
        }
        button type="submit" { (t.links.set_password) }
    };
    let main = html! {
        h1 { (title) }
        p { (text) }
        (alert(page_context, error, &["newPassword", "firstName", "lastName"]))
        (stale_note(page_context, stale))
        (page_context.form(PATH, fields))
    };
    Page {
        status: stale.unwrap_or_else(|| error.map_or(200, |error| error.status().code)),
        retry_after: error.and_then(ApiError::retry_after),
        title: title.into(),
        holds_token: true,
        ..page_context.page("", main)
    }
}

#[get("/reset-password")]
async fn show(page_context: PageContext<'_>, uri: &Origin<'_>) -> PageResult {
    let token = parameter(uri, "token").unwrap_or_default().into();
    shown(&page_context, &token, FormState::default()).await
}

async fn shown(page_context: &PageContext<'_>, token: &Secret, said: FormState<'_>) -> PageResult {
    match page_context.services.links.open(token).await {
        Ok(open) => Ok(page(page_context, &open, token, said).into()),
        Err(error) => Err(dead(page_context, Dead::Reset, &error.into())),
    }
}

#[post("/reset-password", data = "<posted>")]
async fn submit(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let fields = match posted.take(&page_context, PATH)? {
        AcceptedForm::Fresh(fields) => fields,
        AcceptedForm::Stale(stale) => {
            let token = stale.fields.get("token").to_owned().into();
            let said = FormState {
                filled: Some(&stale.fields),
                stale: Some(stale.status),
                error: None,
            };
            return shown(&page_context, &token, said).await;
        }
    };
    let (services, t) = (page_context.services, page_context.texts);
    let token = Secret::from(fields.get("token").to_owned());
    let name = |field| fields.given(field).map(str::to_owned);
    let reset = Reset {
        token: token.clone(),
        password: fields.get("newPassword").to_owned().into(),
        names: Some([name("firstName"), name("lastName")]),
        keep_api_keys: fields.get("keepApiKeys") == "true",
        thorough: true,
    };
    let context = page_context.context(Actor::Anonymous);
    let error = match services.links.reset(reset, context).await {
        Ok(_) => {
            let main = html! {
                h1 { (t.links.set_title) }
                p role="status" { (t.links.set_text) }
                p { a class="button" href=(sign_in::address(services, None)) { (t.sign_in_link) } }
            };
            return Ok(Page::new(t, t.links.set_title, main).into());
        }
        Err(error) => ApiError::from(error),
    };
    if is_dead(&error) {
        return Err(dead(&page_context, Dead::Reset, &error));
    }
    let said = FormState {
        filled: Some(&fields),
        error: Some(&error),
        stale: None,
    };
    shown(&page_context, &token, said).await
}
