//! One's address: verified or not, and changed to another.

use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{At, Visit};
use crate::http::{
    ApiError,
    pages::{
        form::Posted,
        page::Answer,
        parts::password_field,
        verify_email::{RESEND, send_again},
    },
};

pub(super) fn all() -> Vec<Route> {
    routes![change]
}

/// Of the profile, which says what became of it.
const PATH: &str = "/account/profile/email";

/// Where mail is sent: what of the profile is about the address.
pub(super) fn part(at: &At<'_>) -> Markup {
    let t = at.texts;
    if !at.doorward.verification.mail {
        return html! {};
    }
    let user = &at.who.account.user;
    let fields = html! {
        label for="newEmail" { (t.links.new_email) }
        input id="newEmail" name="email" type="text" inputmode="email" autocomplete="email" autocapitalize="none"
            spellcheck="false" required;
        (password_field("emailPassword", t.current_password, "current-password"))
        p class="hint" { (t.links.new_email_hint) }
        button type="submit" { (t.links.change_email) }
    };
    html! {
        @if !user.email_verified {
            p { (t.links.not_verified) }
            (at.form(RESEND, send_again(t, user.email.as_str())))
        }
        (at.form(PATH, fields))
    }
}

#[post("/account/profile/email", data = "<posted>")]
async fn change(visit: Visit<'_>, posted: Posted) -> Answer {
    let (at, fields) = At::with(visit, posted, PATH).await?;
    let password = fields.get("emailPassword").to_owned().into();
    let (by, cause) = (at.who.caller(), at.cause());
    let verification = &at.doorward.verification;
    let asked = verification.change(&by, fields.get("email"), password, cause);
    let asked = asked.await.map_err(ApiError::from);
    at.ended("profile", asked).await
}
