//! Account page: applications that the user has consented to.

use doorward_shared::ClientId;
use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{PageContext, account_visit::AccountVisit, time::time};
use crate::http::{
    ApiError,
    pages::{
        consent::scopes,
        form::Posted,
        form_data::Fields,
        page_response::{PageResponse, PageResult},
        texts::fill,
    },
    path_ids,
};

pub(super) fn routes() -> Vec<Route> {
    routes![revoke]
}

const PATH: &str = "/account/apps/revoke";

pub(super) async fn part(at: &AccountVisit<'_>) -> Result<Markup, PageResponse> {
    let t = at.texts;
    let (user, query) = (at.who.account.user.id, at.query("apps"));
    let apps = at.services.store.consents(user, query).await?;
    Ok(html! {
        @if apps.data.is_empty() { p { (t.no_apps) } }
        ul class="rows" {
            @for app in &apps.data {
                li {
                    div {
                        strong { (app.client_name) }
                        p class="hint" { (t.since) " " (time(at, app.granted_at)) }
                        (scopes(t, &app.scope))
                    }
                    (at.form(PATH, html! {
                        input type="hidden" name="id" value=(app.client_id);
                        button type="submit" class="quiet danger" aria-label=(fill(t.revoke_app, "app", &app.client_name)) {
                            (t.revoke)
                        }
                    }))
                }
            }
        }
        (at.more("apps", &apps.pagination))
    })
}

#[post("/account/apps/revoke", data = "<posted>")]
async fn revoke(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, PATH).await?;
    let ended = revoke_app(&at, &fields).await;
    at.ended(PATH, ended).await
}

async fn revoke_app(at: &AccountVisit<'_>, fields: &Fields) -> Result<(), ApiError> {
    let client: ClientId = path_ids::id(fields.get("id"), "application")?;
    let user = at.who.account.user.id;
    at.services
        .store
        .revoke_consent(user, client, at.act()?)
        .await?;
    Ok(())
}
