//! Parts of the sign-in page other than its form.

use doorward_shared::ErrorCode;
use maud::{Markup, html};

use super::{
    components::{alert, logo, website},
    forgot_password,
    page_context::PageContext,
    pending_request::PendingRequest,
    sign_in_page::SignInForm,
    sign_up,
    texts::{Texts, fill},
    verify_email,
};
use crate::{http::ApiError, oauth::AuthorizationRequest, settings::Registration};

/// The application that a user signs in to.
pub(super) fn for_whom(t: &Texts, asking: &PendingRequest) -> Markup {
    html! {
        (logo(asking.logo.as_deref()))
        p { (fill(t.sign_in_for, "app", &asking.name)) }
        (website(asking.website.as_deref()))
        (asking.stranger)
    }
}

/// The error of the submitted form.
pub(super) fn wrong(page_context: &PageContext<'_>, said: &SignInForm<'_>) -> Markup {
    html! {
        @match said.error {
            Some(error) if said.passkey && error.code() == ErrorCode::InvalidCredentials => {
                p class="alert" role="alert" { (page_context.texts.wrong_passkey) }
            }
            error => (alert(page_context, error, &[])),
        }
    }
}

/// Links for a forgotten password, and for signing up.
pub(super) fn other_ways(
    page_context: &PageContext<'_>,
    request: Option<&AuthorizationRequest>,
) -> Markup {
    let (services, t) = (page_context.services, page_context.texts);
    html! {
        @if services.verification.mail {
            p class="aside" {
                a href={ (services.site.base) (forgot_password::PATH) } { (t.links.forgot_link) }
            }
        }
        @if services.settings.registration == Registration::Open {
            p class="aside" {
                (t.no_account) " "
                a href=(sign_up::address(services, request)) { (t.sign_up_link) }
            }
        }
    }
}

/// Offers to resend the verification mail to a user whose sign-in failed because their address is not verified.
pub(super) fn send_again(
    page_context: &PageContext<'_>,
    email: Option<&str>,
    error: Option<&ApiError>,
) -> Markup {
    let unverified = error.is_some_and(|error| error.code() == ErrorCode::EmailNotVerified);
    let fields = verify_email::send_again(page_context.texts, email.unwrap_or_default());
    html! {
        @if unverified && page_context.services.verification.mail {
            (page_context.form(verify_email::RESEND, fields))
        }
    }
}
