//! One's password.

use maud::{Markup, html};
use rocket::{Route, State, get, post, routes};

use super::{At, Visit};
use crate::{
    app::Doorward,
    http::pages::{
        form::Posted,
        page::{Answer, Shown, go},
        sign_in::password_field,
    },
};

pub fn all() -> Vec<Route> {
    routes![change, well_known]
}

const PATH: &str = "/account/password";

pub fn part(at: &At<'_>) -> Markup {
    let t = at.texts;
    let fields = html! {
        // Password managers want to know whose password it is, and pass over fields of `type=hidden`.
        label for="account-email" { (t.email) }
        input id="account-email" name="email" type="email" autocomplete="username" readonly
            value=(at.who.account.user.email.as_str());
        (password_field("currentPassword", t.current_password, "current-password"))
        label for="newPassword" { (t.new_password) }
        input id="newPassword" name="newPassword" type="password" autocomplete="new-password"
            minlength="8" aria-describedby="password-rule" required;
        p id="password-rule" class="hint" { (t.password_rule) " " (t.password_ends) }
        label class="check" {
            input type="checkbox" name="apiKeys" value="true";
            span { (t.password_ends_keys) }
        }
        button type="submit" { (t.change_password) }
    };
    at.form(PATH, fields)
}

/// Where password managers send people: <https://w3c.github.io/webappsec-change-password-url/>.
#[get("/.well-known/change-password")]
fn well_known(doorward: &State<Doorward>) -> Shown {
    go(format!("{}/account#password", doorward.site.base))
}

#[post("/account/password", data = "<posted>")]
async fn change(visit: Visit<'_>, posted: Posted) -> Answer {
    let (at, fields) = At::with(visit, posted, PATH).await?;
    let password = |name| fields.get(name).to_owned().into();
    let (current, new) = (password("currentPassword"), password("newPassword"));
    let by = at.first_party();
    let ended = at
        .doorward
        .change_own_password(
            at.info,
            &by,
            (current, new),
            fields.get("apiKeys") == "true",
        )
        .await;
    at.ended("password", ended).await
}
