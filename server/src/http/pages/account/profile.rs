//! One's name.

use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{At, Visit};
use crate::{
    domain::UserChange,
    http::{
        ApiError,
        pages::{
            form::{Fields, Posted},
            page::Answer,
        },
        values,
    },
};

pub(super) fn all() -> Vec<Route> {
    routes![change]
}

const PATH: &str = "/account/profile";

pub(super) fn part(at: &At<'_>) -> Markup {
    let (t, user) = (at.texts, &at.who.account.user);
    let value = |name: &Option<String>| name.clone().unwrap_or_default();
    let fields = html! {
        div class="pair" {
            div {
                label for="firstName" { (t.first_name) }
                input id="firstName" name="firstName" autocomplete="given-name" value=(value(&user.first_name));
            }
            div {
                label for="lastName" { (t.last_name) }
                input id="lastName" name="lastName" autocomplete="family-name" value=(value(&user.last_name));
            }
        }
        button type="submit" { (t.save) }
    };
    at.form(PATH, fields)
}

#[post("/account/profile", data = "<posted>")]
async fn change(visit: Visit<'_>, posted: Posted) -> Answer {
    let (at, fields) = At::with(visit, posted, PATH).await?;
    let ended = save(&at, &fields).await;
    at.ended("profile", ended).await
}

async fn save(at: &At<'_>, fields: &Fields) -> Result<(), ApiError> {
    let name = |name: &'static str| values::name(name, Some(fields.get(name).to_owned()));
    let change = UserChange {
        first_name: Some(name("firstName")?),
        last_name: Some(name("lastName")?),
        ..UserChange::default()
    };
    let id = at.who.account.user.id;
    at.doorward.store.change_user(id, change, at.act()?).await?;
    Ok(())
}
