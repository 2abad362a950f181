//! What was done on the account page, or why not, and where that is said.

use doorward_shared::ErrorCode;
use maud::{Markup, html};

use super::account_visit::AccountVisit;
use crate::http::{
    ApiError,
    pages::{
        components::stale_note,
        input::{FieldError, is_at_field},
        sign_in,
        texts::Texts,
    },
};

/// Fields of its forms, as errors call them.
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

/// What was done, or why not, and in which part of the page.
#[derive(Default)]
pub(super) struct Notice<'a> {
    pub part: &'a str,
    /// Of the form it is about; empty where that makes no difference.
    pub action: &'a str,
    pub error: Option<&'a ApiError>,
    /// The form was stale: the status of the page.
    pub stale: Option<u16>,
    /// Something that is shown once.
    pub once: Option<Markup>,
}

impl<'a> Notice<'a> {
    /// What was wrong with the form of this action, at its fields.
    pub(super) fn wrong(&self, texts: &Texts, action: &str) -> FieldError<'a> {
        FieldError::of(texts, self.error.filter(|_| self.is_about(action)))
    }

    /// Whether it is about the form of this action.
    pub(super) fn is_about(&self, action: &str) -> bool {
        self.action == action
    }
}

/// The part of the page that a form stands in.
pub(super) fn part_of(action: &str) -> &str {
    // Of `/account/PART/…`.
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
