//! Account page: the user's name.

use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{PageContext, account_visit::AccountVisit, notices::Notice};
use crate::{
    domain::UserChange,
    http::{
        ApiError,
        pages::{
            components::names_fields, form::Posted, form_data::Fields, page_response::PageResult,
        },
        path_ids,
    },
};

pub(super) fn routes() -> Vec<Route> {
    routes![change]
}

const PATH: &str = "/account/profile";

pub(super) fn part(at: &AccountVisit<'_>, news: &Notice<'_>) -> Markup {
    let (t, user) = (at.texts, &at.who.account.user);
    let names = [&user.first_name, &user.last_name];
    let names = names.map(|name| name.as_deref().unwrap_or_default());
    let fields = html! {
        (names_fields(t, names, &news.wrong(t, PATH)))
        button type="submit" { (t.save) }
    };
    at.form(PATH, fields)
}

#[post("/account/profile", data = "<posted>")]
async fn change(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, PATH).await?;
    let ended = save(&at, &fields).await;
    at.ended(PATH, ended).await
}

async fn save(at: &AccountVisit<'_>, fields: &Fields) -> Result<(), ApiError> {
    let name = |name: &'static str| path_ids::name(name, Some(fields.get(name).to_owned()));
    let change = UserChange {
        first_name: Some(name("firstName")?),
        last_name: Some(name("lastName")?),
        ..UserChange::default()
    };
    let id = at.who.account.user.id;
    at.services.store.change_user(id, change, at.act()?).await?;
    Ok(())
}
