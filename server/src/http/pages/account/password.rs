//! One's password.

use maud::{Markup, html};
use rocket::{Route, State, post, routes};

use super::{At, Browser, Language};
use crate::{
    app::Doorward,
    http::{
        RequestInfo,
        pages::{form::Posted, page::Answer, sign_in::password_field},
    },
};

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
async fn change(
    doorward: &State<Doorward>,
    browser: Browser,
    info: &RequestInfo,
    language: Language,
    posted: Posted,
) -> Answer {
    let fields = posted.take(doorward, &browser, PATH, language.0)?;
    let at = match At::new(doorward, &browser, info, language) {
        Ok(at) => at,
        Err(answer) => return answer,
    };
    let password = |name| fields.get(name).to_owned().into();
    let (current, new) = (password("currentPassword"), password("newPassword"));
    let by = at.first_party();
    let ended = doorward.change_own_password(info, &by, current, new).await;
    at.ended("password", ended).await
}
