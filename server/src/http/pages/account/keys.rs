//! Account page: API keys.

use doorward_shared::{
    ScopeSet, Timestamp,
    apikey::{Environment, MintRequest},
};
use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{PageContext, account_visit::AccountVisit, notices::Notice, time::time};
use crate::{
    crypto::secret::Secret,
    domain::{ApiKey, KeyOwner, KeyRestrictions},
    http::{
        ApiError,
        pages::{
            form::Posted,
            form_data::Fields,
            form_field::{FieldError, Input},
            form_token::Form,
            page_response::{PageResponse, PageResult},
            texts::fill,
        },
        path_ids,
    },
    service::Mint,
    store::KeyFilter,
};

pub(super) fn routes() -> Vec<Route> {
    routes![mint, revoke]
}

/// Not repeatable: each use creates a key.
const MINT: Form = Form {
    action: "/account/keys",
    is_repeatable: false,
};
const REVOKE: &str = "/account/keys/revoke";
/// Lifetimes offered for a key, in days.
const DAYS: [i64; 4] = [30, 90, 365, 0];

pub(super) async fn part(at: &AccountVisit<'_>, news: &Notice<'_>) -> Result<Markup, PageResponse> {
    let t = at.texts;
    let filter = KeyFilter {
        owner: Some(KeyOwner::User(at.who.account.user.id)),
        active: Some(true),
        ..KeyFilter::default()
    };
    let query = at.query("keys");
    let now = at.services.clock.now();
    let keys = at.services.store.keys(filter, query, now).await?;
    let held = at.who.caller().scopes;
    Ok(html! {
        @if keys.data.is_empty() { p { (t.no_keys) } }
        ul class="rows" { @for key in &keys.data { (row(at, key)) } }
        (at.more("keys", &keys.pagination))
        details open[news.is_about(MINT.action)] {
            summary { (t.new_key) }
            (at.form(MINT.action, mint_fields(at, &held, &news.wrong(t, MINT.action))))
        }
    })
}

fn row(at: &AccountVisit<'_>, key: &ApiKey) -> Markup {
    let t = at.texts;
    let fields = html! {
        input type="hidden" name="id" value=(key.id);
        button type="submit" class="quiet danger" aria-label=(fill(t.revoke_key, "name", &key.name)) { (t.revoke) }
    };
    html! {
        li {
            div {
                strong { (key.name) } " " code { (key.hint) }
                p class="hint" {
                    (key.scopes) " · " (t.since) " " (time(at, key.created_at))
                    @if let Some(end) = key.expires_at { " · " (t.expires) " " (time(at, end)) }
                    " · "
                    @match key.last_used_at {
                        Some(used) => { (t.last_used) " " (time(at, used)) }
                        None => (t.never_used)
                    }
                }
            }
            (at.form(REVOKE, fields))
        }
    }
}

fn mint_fields(at: &AccountVisit<'_>, held: &ScopeSet, wrong: &FieldError<'_>) -> Markup {
    let t = at.texts;
    let name = Input {
        id: "key-name",
        name: "name",
        label: t.key_name,
        ..Input::default()
    };
    let narrower = Input {
        id: "key-narrower",
        name: "scopes",
        label: t.key_narrower,
        hint: Some(t.key_narrower_hint),
        optional: Some(t.optional),
        is_code: true,
        ..Input::default()
    };
    html! {
        (name.shown(wrong))
        fieldset {
            legend { (t.key_scopes) }
            @for scope in held {
                label class="check" {
                    input type="checkbox" name="scope" value=(scope);
                    span { code { (scope) } " " (t.of_scope(scope.as_str())) }
                }
            }
        }
        (narrower.shown(wrong))
        label for="key-days" { (t.key_expires) }
        select id="key-days" name="days" {
            @for days in DAYS {
                option value=(days) {
                    @if days == 0 { (t.never) } @else { (fill(t.in_days, "days", &days.to_string())) }
                }
            }
        }
        button type="submit" { (t.make_key) }
    }
}

fn asked(fields: &Fields, now: Timestamp) -> MintRequest {
    let narrower = fields.get("scopes").split_whitespace();
    let scopes = fields
        .all("scope")
        .chain(narrower)
        .map(str::to_owned)
        .collect();
    let days: i64 = fields.get("days").parse().unwrap_or(0);
    MintRequest {
        name: fields.get("name").to_owned(),
        scopes,
        expires_at: (1..=3650)
            .contains(&days)
            .then(|| now.plus_seconds(days * 86_400)),
        environment: Environment::Live,
        ..MintRequest::default()
    }
}

#[post("/account/keys", data = "<posted>")]
async fn mint(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, MINT).await?;
    match make(&at, &fields).await {
        Ok((key, secret)) => {
            let news = Notice {
                part: "keys",
                once: Some(shown_once(&at, &key, &secret)),
                ..Notice::default()
            };
            Ok(at.page(news).await?.into())
        }
        Err(error) => at.failed(MINT.action, &error).await,
    }
}

async fn make(at: &AccountVisit<'_>, fields: &Fields) -> Result<(ApiKey, Secret), ApiError> {
    let owner = KeyOwner::User(at.who.account.user.id);
    let now = at.services.clock.now();
    let mint = Mint::new(owner, &asked(fields, now), KeyRestrictions::default(), now)?;
    Ok(at.services.api_keys.mint(at.act()?, mint).await?)
}

fn shown_once(at: &AccountVisit<'_>, key: &ApiKey, secret: &Secret) -> Markup {
    let t = at.texts;
    html! {
        div class="done" role="status" {
            p { (fill(t.key_made, "name", &key.name)) }
            p { code class="secret" { (secret.expose()) } }
            p { strong { (t.key_once) } }
        }
    }
}

#[post("/account/keys/revoke", data = "<posted>")]
async fn revoke(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, REVOKE).await?;
    let ended = kill(&at, &fields).await;
    at.ended(REVOKE, ended).await
}

async fn kill(at: &AccountVisit<'_>, fields: &Fields) -> Result<(), ApiError> {
    let id = path_ids::id(fields.get("id"), "API key")?;
    let owner = Some(KeyOwner::User(at.who.account.user.id));
    at.services.store.revoke_key(id, owner, at.act()?).await?;
    Ok(())
}
