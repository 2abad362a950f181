//! One's password.

use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{At, Visit};
use crate::http::pages::{form::Posted, page::Answer, sign_in::password_field};

pub fn all() -> Vec<Route> {
    routes![change]
}

const PATH: &str = "/account/password";

pub fn part(at: &At<'_>) -> Markup {
    let t = at.texts;
    let fields = html! {
        // Password managers want to know whose password it is.
        input type="hidden" name="email" autocomplete="username" value=(at.who.account.user.email.as_str());
        (password_field("currentPassword", t.current_password, "current-password"))
        label for="newPassword" { (t.new_password) }
        input id="newPassword" name="newPassword" type="password" autocomplete="new-password"
            minlength="8" aria-describedby="password-rule" required;
        p id="password-rule" class="hint" { (t.password_rule) " " (t.password_ends) }
        button type="submit" { (t.change_password) }
    };
    at.form(PATH, fields)
}

#[post("/account/password", data = "<posted>")]
async fn change(visit: Visit<'_>, posted: Posted) -> Answer {
    let (at, fields) = At::with(visit, posted, PATH)?;
    let password = |name| fields.get(name).to_owned().into();
    let (current, new) = (password("currentPassword"), password("newPassword"));
    let by = at.first_party();
    let ended = at
        .doorward
        .change_own_password(at.info, &by, current, new)
        .await;
    at.ended("password", ended).await
}
