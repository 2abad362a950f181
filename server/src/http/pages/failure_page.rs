//! Error pages.

use maud::html;

use super::{page::Page, texts::Texts};
use crate::{http::ApiError, oauth::OAuthError};

impl Page {
    /// An error page. `detail` is for the application's developers.
    pub(crate) fn error(
        texts: &'static Texts,
        status: u16,
        what: &str,
        detail: Option<&str>,
    ) -> Self {
        let main = html! {
            h1 { (texts.error_title) }
            p role="alert" { (what) }
            @if let Some(detail) = detail {
                p class="detail" { (texts.error_detail) " " code { (detail) } }
            }
        };
        Self {
            status,
            ..Self::new(texts, texts.error_title, main)
        }
    }

    /// An error page for an error without a form to show it at.
    pub(crate) fn of_failure(texts: &'static Texts, failure: &OAuthError) -> Self {
        let what = match (failure.status, failure.error) {
            (503, _) => texts.unavailable,
            (500.., _) => texts.broken,
            (_, "invalid_client") => texts.unknown_client,
            _ => texts.bad_request,
        };
        let detail = format!("{}: {}", failure.error, failure.description);
        Self {
            retry_after: failure.retry_after,
            // A page does not challenge for a credential, so it does not use 401.
            ..Self::error(
                texts,
                if failure.status == 401 {
                    400
                } else {
                    failure.status
                },
                what,
                Some(&detail),
            )
        }
    }

    /// As [`Page::of_failure`], for errors of the other layers.
    pub(crate) fn of_error(texts: &'static Texts, error: &ApiError) -> Self {
        let what = texts.of_error(error);
        Self {
            retry_after: error.retry_after(),
            ..Self::error(texts, error.status().code, &what, None)
        }
    }
}
