//! What several pages are put together from.

use maud::{Markup, html};

use super::{browser::Stay, page::destination, texts::Texts, visit::Visit};
use crate::{
    domain::Client,
    http::{ApiError, Services},
    oauth::AuthorizationRequest,
};

/// The logo that is shown of a client: none of one that registered itself, which could show anybody's.
pub(super) fn shown_logo(client: &Client) -> Option<String> {
    client.policy.logo_uri.clone().filter(|_| !client.dynamic)
}

/// What is said of an application that registered itself: its name and its website are its own words.
pub(super) fn stranger(t: &Texts, client: &Client) -> Markup {
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

/// An application's logo, where it has one. Its name stands beside it.
pub(super) fn logo(uri: Option<&str>) -> Markup {
    html! {
        @if let Some(uri) = uri {
            img class="app-logo" src=(uri) alt="" width="48" height="48" referrerpolicy="no-referrer";
        }
    }
}

/// The request that is under way, carried by a form.
pub(super) fn kept(doorward: &Services, request: Option<&AuthorizationRequest>) -> Markup {
    html! {
        @if let Some(request) = request {
            input type="hidden" name="request" value=(doorward.authorization.keep(request));
        }
    }
}

/// The part of the account that a form leads back to.
pub(super) fn back_to(part: Option<&str>) -> Markup {
    html! {
        @if let Some(part) = part { input type="hidden" name="again" value=(part); }
    }
}

/// That somebody is to be kept signed in, as a form carries it on.
pub(super) fn kept_in(stay: Stay) -> Markup {
    html! {
        @if stay == Stay::Session { input type="hidden" name="keep" value="true"; }
    }
}

/// What went wrong, where it is seen and heard first.
pub(super) fn alert(visit: &Visit<'_>, error: Option<&ApiError>) -> Markup {
    html! {
        @if let Some(error) = error {
            p class="alert" role="alert" { (visit.texts.of_error(error)) }
        }
    }
}

/// That a form was not taken, and is to be sent again.
pub(super) fn stale_note(visit: &Visit<'_>, stale: Option<u16>) -> Markup {
    html! {
        @if stale.is_some() {
            p class="alert" role="alert" { (visit.texts.stale_form) }
        }
    }
}

/// The address somebody signs in with. No `type="email"`: browsers refuse local parts beyond ASCII there.
/// With `passkeys` browsers offer those too where they fill it in.
pub(super) fn email_field(label: &str, value: &str, passkeys: bool) -> Markup {
    let autocomplete = if passkeys {
        "username webauthn"
    } else {
        "username"
    };
    html! {
        label for="email" { (label) }
        input id="email" name="email" type="text" inputmode="email" autocomplete=(autocomplete) value=(value)
            autocapitalize="none" spellcheck="false" required;
    }
}

/// A labelled password.
pub(super) fn password_field(name: &str, label: &str, autocomplete: &str) -> Markup {
    password_field_for(name, name, label, autocomplete)
}

/// As [`password_field`], where several stand on one page: each has an id of its own.
pub(super) fn password_field_for(id: &str, name: &str, label: &str, autocomplete: &str) -> Markup {
    html! {
        label for=(id) { (label) }
        input id=(id) name=(name) type="password" autocomplete=(autocomplete) required;
    }
}

/// An application's website, by its host.
pub(super) fn website(uri: Option<&str>) -> Markup {
    html! {
        @if let Some(uri) = uri {
            p class="hint" { a href=(uri) rel="noreferrer" { (destination(uri)) } }
        }
    }
}
