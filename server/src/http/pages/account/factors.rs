//! Account page: the authenticator app and recovery codes. Passkeys are in their own file.

use doorward_shared::ErrorCode;
use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{
    PageContext,
    account_visit::AccountVisit,
    notices::{Notice, part_of},
    passkeys,
};
use crate::{
    crypto::secret::Secret,
    http::{
        ApiError,
        pages::{
            components::password_field,
            enrol::{authenticator, code_field, codes},
            form::Posted,
            form_data::Fields,
            form_field::{FieldError, Input},
            form_token::Form,
            page_response::{PageResponse, PageResult},
            texts::fill,
        },
    },
};

pub(super) fn routes() -> Vec<Route> {
    routes![begin, confirm, remove, new_codes]
}

/// For notices that belong to none of the forms.
const PATH: &str = "/account/factors";
const BEGIN: &str = "/account/factors/totp";
const CONFIRM: &str = "/account/factors/totp/confirm";
const REMOVE: &str = "/account/factors/totp/remove";
/// Each use invalidates the previous codes.
const CODES: Form = Form {
    action: "/account/factors/codes",
    is_repeatable: false,
};

pub(super) async fn part(at: &AccountVisit<'_>, news: &Notice<'_>) -> Result<Markup, PageResponse> {
    let t = at.texts;
    let factors = at.services.store.factors(at.who.account.user.id).await?;
    let wrong = |action| news.wrong(t, action);
    let again = |id, action| password_field(id, t.current_password, &wrong(action));
    let code = Input {
        id: "totp-off-code",
        name: "code",
        label: t.totp_code_now,
        autocomplete: "one-time-code",
        is_digits: true,
        ..Input::default()
    };
    Ok(html! {
        p { (t.factors_why) }
        h3 { (t.totp) }
        @if factors.totp {
            p { (t.totp_on) }
            details open[news.is_about(REMOVE)] {
                summary { (t.totp_remove) }
                (at.form(REMOVE, html! {
                    (again("totp-off-password", REMOVE))
                    (code.shown(&wrong(REMOVE)))
                    button type="submit" class="quiet danger" { (t.totp_remove) }
                }))
            }
        } @else if !news.is_about(CONFIRM) {
            details open[news.is_about(BEGIN)] {
                summary { (t.totp_set_up) }
                (at.form(BEGIN, html! {
                    (again("totp-on-password", BEGIN))
                    button type="submit" { (t.go_on) }
                }))
            }
        }
        @if factors.is_any() { (recovery(at, news, factors.recovery_codes)) }
        (passkeys::part(at, news, &factors.passkeys))
    })
}

/// The remaining recovery codes, and creating new ones. A user without any is locked out when they lose their last
/// factor.
fn recovery(at: &AccountVisit<'_>, news: &Notice<'_>, left: u32) -> Markup {
    let t = at.texts;
    let without_codes = left == 0;
    let wrong = news.wrong(t, CODES.action);
    let again = password_field("codes-password", t.current_password, &wrong);
    html! {
        h3 { (t.recovery_codes) }
        @if without_codes {
            p { strong { (t.recovery_none) } }
        } @else {
            p { (fill(t.recovery_left, "left", &left.to_string())) }
        }
        details open[without_codes || news.is_about(CODES.action)] {
            summary { (t.recovery_new) }
            (at.form(CODES.action, html! {
                @if !without_codes { p class="hint" { (t.recovery_new_hint) } }
                (again)
                button type="submit" { (t.recovery_new) }
            }))
        }
    }
}

/// The field for the first code.
fn confirm_form(at: &AccountVisit<'_>, wrong: &FieldError<'_>) -> Markup {
    let t = at.texts;
    at.form(
        CONFIRM,
        html! {
            (code_field(t, wrong))
            button type="submit" { (t.totp_take_into_use) }
        },
    )
}

#[post("/account/factors/totp", data = "<posted>")]
async fn begin(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, BEGIN).await?;
    let password = fields.get("password").to_owned().into();
    let own = &at.services.own_factors;
    let begun = own
        .begin_totp(&at.who.caller(), password, at.context())
        .await;
    match begun.map_err(ApiError::from) {
        Ok((secret, uri)) => {
            let once = html! {
                div class="setup" {
                    (authenticator(at.texts, &secret, &uri)?)
                    (confirm_form(&at, &FieldError::default()))
                }
            };
            at.shown_once(CONFIRM, once).await
        }
        Err(error) => at.failed(BEGIN, &error).await,
    }
}

#[post("/account/factors/totp/confirm", data = "<posted>")]
async fn confirm(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, CONFIRM).await?;
    let (own, by) = (&at.services.own_factors, at.who.caller());
    let done = own
        .confirm_totp(&by, fields.get("code"), at.context())
        .await;
    match done.map_err(ApiError::from) {
        Ok(made) => at.shown_once(PATH, kept(&at, &made)).await,
        // The set-up stays pending for some attempts: the page asks for the code again.
        Err(error) if error.code() == ErrorCode::InvalidCredentials => {
            let wrong = FieldError::of(at.texts, Some(&error));
            let once = html! { div class="setup" { (confirm_form(&at, &wrong)) } };
            at.shown_once(CONFIRM, once).await
        }
        Err(error) => at.failed(BEGIN, &error).await,
    }
}

#[post("/account/factors/totp/remove", data = "<posted>")]
async fn remove(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, REMOVE).await?;
    let password = fields.get("password").to_owned().into();
    let (caller, own) = (at.who.caller(), &at.services.own_factors);
    let removed = own.remove_totp(&caller, password, fields.get("code"), at.context());
    let removed = removed.await.map_err(ApiError::from);
    at.ended_factor(REMOVE, removed).await
}

#[post("/account/factors/codes", data = "<posted>")]
async fn new_codes(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, CODES).await?;
    match make(&at, &fields).await {
        Ok(made) => at.shown_once(PATH, kept(&at, &made)).await,
        Err(error) => at.failed(CODES.action, &error).await,
    }
}

async fn make(at: &AccountVisit<'_>, fields: &Fields) -> Result<Vec<Secret>, ApiError> {
    let password = fields.get("password").to_owned().into();
    let own = &at.services.own_factors;
    Ok(own
        .new_recovery_codes(&at.who.caller(), password, at.context())
        .await?)
}

fn kept(at: &AccountVisit<'_>, made: &[Secret]) -> Markup {
    html! {
        div class="done" role="status" {
            p { strong { (at.texts.codes_title) } }
            (codes(at.texts, made))
        }
    }
}

impl AccountVisit<'_> {
    /// The page, with content that is shown only once in a part of it, in place of the form of `action`.
    pub(super) async fn shown_once(&self, action: &str, once: Markup) -> PageResult {
        let news = Notice {
            part: part_of(action),
            action,
            once: Some(once),
            ..Notice::default()
        };
        Ok(self.page(news).await?.into())
    }

    /// The result of removing a factor.
    pub(super) async fn ended_factor(
        &self,
        action: &str,
        ended: Result<(), ApiError>,
    ) -> PageResult {
        match ended {
            Err(error) if error.code() == ErrorCode::Conflict => {
                let once = html! { p class="alert" role="alert" { (self.texts.last_factor) } };
                Ok(self
                    .shown_once(PATH, once)
                    .await?
                    .with_status(error.status().code))
            }
            ended => self.ended(action, ended).await,
        }
    }
}
