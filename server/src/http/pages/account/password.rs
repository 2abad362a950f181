//! Account page: changing the password.

use maud::{Markup, html};
use rocket::{Route, get, post, routes};

use super::{PageContext, account_visit::AccountVisit, notices::Notice};
use crate::{
    http::{
        ApiError, Services,
        pages::{
            components::new_password,
            form::Posted,
            form_field::Input,
            page_response::{PageResponse, PageResult, go},
        },
    },
    service::PasswordChange,
};

pub(super) fn routes() -> Vec<Route> {
    routes![change, well_known]
}

const PATH: &str = "/account/password";

pub(super) fn part(at: &AccountVisit<'_>, news: &Notice<'_>) -> Markup {
    let t = at.texts;
    let wrong = news.wrong(t, PATH);
    let current = Input {
        id: "currentPassword",
        name: "currentPassword",
        label: t.current_password,
        kind: "password",
        autocomplete: "current-password",
        ..Input::default()
    };
    let rule = format!("{} {}", t.password_rule, t.password_ends);
    let fields = html! {
        // Password managers need the account's name, and ignore fields of `type=hidden`.
        label for="account-email" { (t.email) }
        input id="account-email" name="email" type="email" autocomplete="username" readonly
            value=(at.who.account.user.email.as_str());
        (current.shown(&wrong))
        (new_password("newPassword", t.new_password, &rule).shown(&wrong))
        label class="check" {
            input type="checkbox" name="apiKeys" value="true";
            span { (t.password_ends_keys) }
        }
        button type="submit" { (t.change_password) }
    };
    at.form(PATH, fields)
}

/// Well-known URL to which password managers direct users: <https://w3c.github.io/webappsec-change-password-url/>.
#[get("/.well-known/change-password")]
fn well_known(services: &Services) -> PageResponse {
    go(format!("{}/account#password", services.site.base))
}

#[post("/account/password", data = "<posted>")]
async fn change(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, PATH).await?;
    let password = |name| fields.get(name).to_owned().into();
    let change = PasswordChange {
        current: password("currentPassword"),
        new: password("newPassword"),
        api_keys: fields.get("apiKeys") == "true",
    };
    let by = at.who.caller();
    let accounts = &at.services.accounts;
    let ended = accounts
        .change_own_password(&by, change, at.context())
        .await;
    let ended = ended.map_err(ApiError::from);
    at.ended(PATH, ended).await
}
