//! Account page: passkeys. Adding one takes two steps: the password again, and the browser's passkey dialog.

use doorward_shared::{PasskeyId, mfa::CreatedCredential};
use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{PageContext, account_visit::AccountVisit, notices::Notice, time::time};
use crate::{
    domain::Passkey,
    http::{
        ApiError,
        pages::{
            components::password_field, form::Posted, form_data::Fields, form_field::Input,
            page_response::PageResult, texts::fill,
        },
        path_ids,
    },
};

pub(super) fn routes() -> Vec<Route> {
    routes![begin, add, remove]
}

const BEGIN: &str = "/account/passkeys/begin";
const ADD: &str = "/account/passkeys/add";
const REMOVE: &str = "/account/passkeys/remove";

pub(super) fn part(at: &AccountVisit<'_>, news: &Notice<'_>, passkeys: &[Passkey]) -> Markup {
    let t = at.texts;
    let wrong = news.wrong(t, BEGIN);
    let name = Input {
        id: "passkey-name",
        name: "name",
        label: t.passkey_name,
        hint: Some(t.passkey_name_hint),
        ..Input::default()
    };
    html! {
        h3 { (t.passkeys) }
        @if passkeys.is_empty() { p { (t.no_passkeys) } }
        ul class="rows" { @for passkey in passkeys { (row(at, passkey)) } }
        @if at.services.factors.party.is_some() {
            details open[news.is_about(BEGIN)] {
                summary { (t.passkey_add) }
                (at.form(BEGIN, html! {
                    (name.shown(&wrong))
                    (password_field("passkey-password", t.current_password, &wrong))
                    button type="submit" { (t.go_on) }
                }))
            }
        }
    }
}

fn row(at: &AccountVisit<'_>, passkey: &Passkey) -> Markup {
    let t = at.texts;
    html! {
        li {
            div {
                strong { (passkey.name) }
                p class="hint" {
                    (t.since) " " (time(at, passkey.created_at)) " · "
                    @match passkey.last_used_at {
                        Some(used) => { (t.last_used) " " (time(at, used)) }
                        None => (t.never_used)
                    }
                }
            }
            (at.form(REMOVE, html! {
                input type="hidden" name="id" value=(passkey.id);
                button type="submit" class="quiet danger" aria-label=(fill(t.passkey_remove, "name", &passkey.name)) {
                    (t.remove)
                }
            }))
        }
    }
}

#[post("/account/passkeys/begin", data = "<posted>")]
async fn begin(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, BEGIN).await?;
    let name = fields.get("name");
    let options = match options(&at, &fields).await {
        Ok(options) => options.to_string(),
        Err(error) => return at.failed(BEGIN, &error).await,
    };
    let t = at.texts;
    let fields = html! {
        input type="hidden" name="name" value=(name);
        input type="hidden" name="credential" value="";
        p { (fill(t.passkey_create_hint, "name", name)) }
        button type="button" data-passkey hidden { (t.passkey_create) }
        noscript { p { (t.passkey_needs_script) } }
    };
    let once = html! { div class="setup" { (at.form_making(ADD, &options, fields)) } };
    let news = Notice {
        part: "factors",
        once: Some(once),
        ..Notice::default()
    };
    Ok(at.page(news).await?.into())
}

async fn options(at: &AccountVisit<'_>, fields: &Fields) -> Result<serde_json::Value, ApiError> {
    path_ids::required_name("name", fields.get("name"))?;
    let password = fields.get("password").to_owned().into();
    let own = &at.services.own_factors;
    Ok(own
        .passkey_options(&at.who.caller(), password, at.context())
        .await?)
}

#[post("/account/passkeys/add", data = "<posted>")]
async fn add(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, ADD).await?;
    let added = made(&at, &fields).await;
    at.ended(ADD, added).await
}

async fn made(at: &AccountVisit<'_>, fields: &Fields) -> Result<(), ApiError> {
    let name = path_ids::required_name("name", fields.get("name"))?;
    let credential: CreatedCredential = serde_json::from_str(fields.get("credential"))
        .map_err(|_| ApiError::validation("credential", "cannot be read"))?;
    let own = &at.services.own_factors;
    own.add_passkey(&at.who.caller(), name, &credential, at.context())
        .await?;
    Ok(())
}

#[post("/account/passkeys/remove", data = "<posted>")]
async fn remove(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, REMOVE).await?;
    let removed = take_away(&at, &fields).await;
    at.ended_factor(REMOVE, removed).await
}

async fn take_away(at: &AccountVisit<'_>, fields: &Fields) -> Result<(), ApiError> {
    let id: PasskeyId = path_ids::id(fields.get("id"), "passkey")?;
    let own = &at.services.own_factors;
    Ok(own
        .remove_passkey(&at.who.caller(), id, at.context())
        .await?)
}
