//! Account page: the email address, verifying and changing it.

use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{PageContext, account_visit::AccountVisit, notices::Notice};
use crate::http::{
    ApiError,
    pages::{
        form::Posted,
        form_field::Input,
        page_response::{PageResult, go},
        verify_email::{RESEND, send_again},
    },
};

pub(super) fn routes() -> Vec<Route> {
    routes![change]
}

/// Under the profile's path, so that the profile shows the result.
const PATH: &str = "/account/profile/email";
/// Name of the notice that a change was requested.
pub(super) const ASKED: &str = "email";

/// The email section of the profile.
pub(super) fn part(at: &AccountVisit<'_>, news: &Notice<'_>) -> Markup {
    let t = at.texts;
    if !at.services.verification.mail {
        return html! {};
    }
    let user = &at.who.account.user;
    let wrong = news.wrong(t, PATH);
    let email = Input {
        id: "newEmail",
        name: "email",
        label: t.links.new_email,
        autocomplete: "email",
        hint: Some(t.links.new_email_hint),
        ..Input::default()
    };
    let password = Input {
        id: "emailPassword",
        name: "emailPassword",
        field: "password",
        label: t.current_password,
        kind: "password",
        autocomplete: "current-password",
        ..Input::default()
    };
    let fields = html! {
        (email.shown(&wrong))
        (password.shown(&wrong))
        button type="submit" { (t.links.change_email) }
    };
    html! {
        h3 { (t.email) }
        @if !user.email_verified {
            p { (t.links.not_verified) }
            (at.form(RESEND, send_again(t, user.email.as_str())))
        }
        (at.form(PATH, fields))
    }
}

#[post("/account/profile/email", data = "<posted>")]
async fn change(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, PATH).await?;
    let password = fields.get("emailPassword").to_owned().into();
    let (by, context) = (at.who.caller(), at.context());
    let verification = &at.services.verification;
    let asked = verification.change(&by, fields.get("email"), password, context);
    let asked = asked.await.map_err(ApiError::from);
    match asked {
        // Nothing has changed yet: the page confirms the request and explains the next step.
        Ok(()) => {
            let base = &at.services.site.base;
            Ok(go(format!("{base}/account?done={ASKED}#profile")))
        }
        Err(error) => at.failed(PATH, &error).await,
    }
}
