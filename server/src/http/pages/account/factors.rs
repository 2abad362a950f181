//! One's second factors: the authenticator app and recovery codes. Passkeys stand beside in their own file.

use doorward_shared::ErrorCode;
use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{At, News, Visit, passkeys};
use crate::{
    crypto::secret::Secret,
    http::{
        ApiError,
        pages::{
            enrol::{authenticator, code_field, codes},
            form::{Fields, Form, Posted},
            page::{Answer, Shown},
            parts::password_field_for,
            texts::fill,
        },
    },
};

pub(super) fn all() -> Vec<Route> {
    routes![begin, confirm, remove, new_codes]
}

const BEGIN: &str = "/account/factors/totp";
const CONFIRM: &str = "/account/factors/totp/confirm";
const REMOVE: &str = "/account/factors/totp/remove";
/// Each time it is taken the codes before are dead.
const CODES: Form = Form {
    action: "/account/factors/codes",
    is_repeatable: false,
};

pub(super) async fn part(at: &At<'_>) -> Result<Markup, Shown> {
    let t = at.texts;
    let factors = at.doorward.store.factors(at.who.account.user.id).await?;
    let again =
        |id: &str| password_field_for(id, "password", t.current_password, "current-password");
    Ok(html! {
        p { (t.factors_why) }
        h3 { (t.totp) }
        @if factors.totp {
            p { (t.totp_on) }
            details {
                summary { (t.totp_remove) }
                (at.form(REMOVE, html! {
                    (again("totp-off-password"))
                    label for="totp-off-code" { (t.totp_code_now) }
                    input id="totp-off-code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code"
                        maxlength="10" required;
                    button type="submit" class="quiet danger" { (t.totp_remove) }
                }))
            }
        } @else {
            details {
                summary { (t.totp_set_up) }
                (at.form(BEGIN, html! {
                    (again("totp-on-password"))
                    button type="submit" { (t.go_on) }
                }))
            }
        }
        @if factors.is_any() {
            p { (fill(t.recovery_left, "left", &factors.recovery_codes.to_string())) }
            details {
                summary { (t.recovery_new) }
                (at.form(CODES.action, html! {
                    p class="hint" { (t.recovery_new_hint) }
                    (again("codes-password"))
                    button type="submit" { (t.recovery_new) }
                }))
            }
        }
        (passkeys::part(at, &factors.passkeys))
    })
}

/// What the first code goes into.
fn confirm_form(at: &At<'_>) -> Markup {
    let t = at.texts;
    at.form(
        CONFIRM,
        html! {
            (code_field(t))
            button type="submit" { (t.totp_take_into_use) }
        },
    )
}

#[post("/account/factors/totp", data = "<posted>")]
async fn begin(visit: Visit<'_>, posted: Posted) -> Answer {
    let (at, fields) = At::with(visit, posted, BEGIN).await?;
    let password = fields.get("password").to_owned().into();
    let own = &at.doorward.own_factors;
    let begun = own.begin_totp(&at.who.caller(), password, at.cause()).await;
    match begun.map_err(ApiError::from) {
        Ok((secret, uri)) => {
            let once = html! {
                div class="setup" {
                    (authenticator(at.texts, &secret, &uri)?)
                    (confirm_form(&at))
                }
            };
            at.shown_once("factors", once).await
        }
        Err(error) => at.failed("factors", &error).await,
    }
}

#[post("/account/factors/totp/confirm", data = "<posted>")]
async fn confirm(visit: Visit<'_>, posted: Posted) -> Answer {
    let (at, fields) = At::with(visit, posted, CONFIRM).await?;
    let (own, by) = (&at.doorward.own_factors, at.who.caller());
    let done = own.confirm_totp(&by, fields.get("code"), at.cause()).await;
    match done.map_err(ApiError::from) {
        Ok(made) => at.shown_once("factors", kept(&at, &made)).await,
        // The set-up stays open for some tries: the code is asked for again.
        Err(error) if error.code() == ErrorCode::InvalidCredentials => {
            let once = html! {
                p class="alert" role="alert" { (at.texts.wrong_factor) }
                (confirm_form(&at))
            };
            at.shown_once("factors", once).await
        }
        Err(error) => at.failed("factors", &error).await,
    }
}

#[post("/account/factors/totp/remove", data = "<posted>")]
async fn remove(visit: Visit<'_>, posted: Posted) -> Answer {
    let (at, fields) = At::with(visit, posted, REMOVE).await?;
    let password = fields.get("password").to_owned().into();
    let (caller, own) = (at.who.caller(), &at.doorward.own_factors);
    let removed = own.remove_totp(&caller, password, fields.get("code"), at.cause());
    at.ended_factor(removed.await.map_err(ApiError::from)).await
}

#[post("/account/factors/codes", data = "<posted>")]
async fn new_codes(visit: Visit<'_>, posted: Posted) -> Answer {
    let (at, fields) = At::with(visit, posted, CODES).await?;
    match make(&at, &fields).await {
        Ok(made) => at.shown_once("factors", kept(&at, &made)).await,
        Err(error) => at.failed("factors", &error).await,
    }
}

async fn make(at: &At<'_>, fields: &Fields) -> Result<Vec<Secret>, ApiError> {
    let password = fields.get("password").to_owned().into();
    let own = &at.doorward.own_factors;
    Ok(own
        .new_recovery_codes(&at.who.caller(), password, at.cause())
        .await?)
}

fn kept(at: &At<'_>, made: &[Secret]) -> Markup {
    html! {
        div class="done" role="status" {
            p { strong { (at.texts.codes_title) } }
            (codes(at.texts, made))
        }
    }
}

impl At<'_> {
    /// The page, with something in a part of it that is shown this once.
    pub(super) async fn shown_once(&self, part: &str, once: Markup) -> Answer {
        let news = News {
            part,
            once: Some(once),
            ..News::default()
        };
        Ok(self.page(news).await?.into())
    }

    /// What taking a factor away comes to.
    pub(super) async fn ended_factor(&self, ended: Result<(), ApiError>) -> Answer {
        match ended {
            Err(error) if error.code() == ErrorCode::Conflict => {
                let once = html! { p class="alert" role="alert" { (self.texts.last_factor) } };
                Ok(self
                    .shown_once("factors", once)
                    .await?
                    .with_status(error.status().code))
            }
            ended => self.ended("factors", ended).await,
        }
    }
}
