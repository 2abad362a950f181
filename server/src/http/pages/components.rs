//! Components shared by several pages.

use maud::{Markup, html};

use super::{
    browser_cookie::CookieLifetime,
    form_field::{FieldError, Input, is_at_field},
    page_context::PageContext,
    redirect_pages::destination,
    texts::Texts,
};
use crate::{
    domain::Client,
    http::{ApiError, Services},
    oauth::AuthorizationRequest,
};

/// The displayed logo of a client: none for a dynamically registered one, which could use any other's.
pub(super) fn shown_logo(client: &Client) -> Option<String> {
    client.policy.logo_uri.clone().filter(|_| !client.dynamic)
}

/// Notice about a dynamically registered application: its name and website are unverified.
pub(super) fn unverified_client_notice(t: &Texts, client: &Client) -> Markup {
    let document = client.document.as_deref().map(destination);
    html! {
        @if client.dynamic {
            p class="alert" role="note" {
                (t.stranger)
                @if let Some(host) = document {
                    " " (t.stranger_of) " " strong { (host) }
                }
            }
        }
    }
}

/// An application's logo, if it has one. Its name is shown beside it.
pub(super) fn logo(uri: Option<&str>) -> Markup {
    html! {
        @if let Some(uri) = uri {
            img class="app-logo" src=(uri) alt="" width="48" height="48" referrerpolicy="no-referrer";
        }
    }
}

/// Hidden field with the pending authorization request.
pub(super) fn request_field(services: &Services, request: Option<&AuthorizationRequest>) -> Markup {
    html! {
        @if let Some(request) = request {
            input type="hidden" name="request" value=(services.authorization.keep(request));
        }
    }
}

/// Hidden field with the part of the account page to return to.
pub(super) fn back_to(part: Option<&str>) -> Markup {
    html! {
        @if let Some(part) = part { input type="hidden" name="again" value=(part); }
    }
}

/// Hidden field with the choice to stay signed in.
pub(super) fn kept_in(stay: CookieLifetime) -> Markup {
    html! {
        @if stay == CookieLifetime::Session { input type="hidden" name="keep" value="true"; }
    }
}

/// The error message at the top of the page; nothing if it is shown at one of `fields`.
pub(super) fn alert(
    page_context: &PageContext<'_>,
    error: Option<&ApiError>,
    fields: &[&str],
) -> Markup {
    let error = error.filter(|error| !is_at_field(error, fields));
    html! {
        @if let Some(error) = error {
            p class="alert" role="alert" { (page_context.texts.of_error(error)) }
        }
    }
}

/// Notice that a form was rejected and must be sent again.
pub(super) fn stale_note(page_context: &PageContext<'_>, stale: Option<u16>) -> Markup {
    html! {
        @if stale.is_some() {
            p class="alert" role="alert" { (page_context.texts.stale_form) }
        }
    }
}

/// The email field of sign-in, focused. With `passkeys`, browsers also offer those in its autofill.
pub(super) fn email_field(
    label: &str,
    value: &str,
    passkeys: bool,
    wrong: &FieldError<'_>,
) -> Markup {
    let input = Input {
        id: "email",
        name: "email",
        label,
        value,
        autocomplete: if passkeys {
            "username webauthn"
        } else {
            "username"
        },
        autofocus: value.is_empty(),
        ..Input::default()
    };
    input.shown(wrong)
}

/// The field for the current password, by its id, since a page may have several.
pub(super) fn password_field(id: &str, label: &str, wrong: &FieldError<'_>) -> Markup {
    own_password(id, label).shown(wrong)
}

/// The input of [`password_field`], to be adjusted before it is rendered.
pub(super) fn own_password<'a>(id: &'a str, label: &'a str) -> Input<'a> {
    Input {
        id,
        name: "password",
        label,
        kind: "password",
        autocomplete: "current-password",
        ..Input::default()
    }
}

/// The field for a new password.
pub(super) fn new_password<'a>(name: &'a str, label: &'a str, hint: &'a str) -> Input<'a> {
    Input {
        id: name,
        name,
        label,
        kind: "password",
        autocomplete: "new-password",
        hint: Some(hint),
        ..Input::default()
    }
}

/// First and last name, optional.
pub(super) fn names_fields(t: &Texts, [first, last]: [&str; 2], wrong: &FieldError<'_>) -> Markup {
    let field = |name, label, value, autocomplete| Input {
        id: name,
        name,
        label,
        value,
        autocomplete,
        optional: Some(t.optional),
        ..Input::default()
    };
    html! {
        div class="pair" {
            div { (field("firstName", t.first_name, first, "given-name").shown(wrong)) }
            div { (field("lastName", t.last_name, last, "family-name").shown(wrong)) }
        }
    }
}

/// A link to an application's website, showing its host.
pub(super) fn website(uri: Option<&str>) -> Markup {
    html! {
        @if let Some(uri) = uri {
            p class="hint" { a href=(uri) rel="noreferrer" { (destination(uri)) } }
        }
    }
}
