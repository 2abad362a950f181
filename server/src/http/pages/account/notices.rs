//! Notices on the account page: the result or error of a form, and where it is shown.

use doorward_shared::ErrorCode;
use maud::{Markup, html};

use super::account_visit::AccountVisit;
use crate::http::{
    ApiError,
    pages::{
        components::stale_note,
        form_field::{FieldError, is_at_field},
        sign_in,
        texts::Texts,
    },
};

/// Fields of its forms, by their names in errors.
const FIELDS: &[&str] = &[
    "code",
    "currentPassword",
    "email",
    "firstName",
    "lastName",
    "name",
    "newPassword",
    "password",
    "scopes",
];

/// The result or error of a form, and the part of the page it belongs to.
#[derive(Default)]
pub(super) struct Notice<'a> {
    pub part: &'a str,
    /// The action of its form; empty if it does not matter.
    pub action: &'a str,
    pub error: Option<&'a ApiError>,
    /// If the form was stale: the status of the page.
    pub stale: Option<u16>,
    /// Content that is shown once.
    pub once: Option<Markup>,
}

impl<'a> Notice<'a> {
    /// The errors of this action's form, by field.
    pub(super) fn wrong(&self, texts: &Texts, action: &str) -> FieldError<'a> {
        FieldError::of(texts, self.error.filter(|_| self.is_about(action)))
    }

    /// Whether it belongs to the form of this action.
    pub(super) fn is_about(&self, action: &str) -> bool {
        self.action == action
    }
}

/// The part of the page that contains a form.
pub(super) fn part_of(action: &str) -> &str {
    // From `/account/PART/…`.
    match action.split('/').nth(2).unwrap_or_default() {
        "passkeys" => "factors",
        "delete" => "data",
        part => part,
    }
}

impl AccountVisit<'_> {
    pub(super) fn told(&self, news: &Notice<'_>) -> Markup {
        let step_up = |error: &ApiError| error.code() == ErrorCode::StepUpRequired;
        let above = news.error.filter(|error| !is_at_field(error, FIELDS));
        html! {
            @if news.error.is_some() && above.is_none() {
            } @else if let Some(error) = above {
                p class="alert" role="alert" {
                    (self.texts.of_error(error))
                    @if step_up(error) {
                        " " a href=(sign_in::again(self.services, news.part)) { (self.texts.sign_in_again) }
                    }
                }
            } @else if news.stale.is_some() {
                (stale_note(self, news.stale))
            } @else if let Some(once) = &news.once {
                (once)
            } @else {
                p class="done" role="status" { (self.texts.done) }
            }
        }
    }
}
