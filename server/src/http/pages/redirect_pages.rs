//! Pages that redirect, by themselves or by a click.

use maud::{Markup, PreEscaped, html};

use super::{page::Page, texts::Texts};
use crate::oauth::{ClientAnswer, ResponseMode};

impl Page {
    /// A page that redirects to `to` by itself, and also has a link there.
    pub(crate) fn redirecting(texts: &'static Texts, to: impl Into<String>) -> Self {
        let to = to.into();
        let main = html! {
            h1 { (texts.onward_title) }
            p role="status" { (texts.onward_text) }
            p { a href=(to) { (texts.onward_link) } }
        };
        Self {
            redirect_to: Some(to),
            ..Self::new(texts, texts.onward_title, main)
        }
    }

    /// A page that names the host of `to`, which belongs to an unverified client: it only has a link there, and does
    /// not redirect by itself (RFC 9700 section 4.11.2).
    pub(crate) fn leaving(texts: &'static Texts, to: String, text: &str) -> Self {
        let main = html! {
            h1 { (texts.leaving_title) }
            p { (text) }
            p { (texts.leaving_to) " " strong { (destination(&to)) } }
            p { a href=(to) rel="noreferrer" { (texts.onward_link) } }
        };
        Self {
            redirect_to: Some(to),
            onward_by_click: true,
            has_location: true,
            ..Self::new(texts, texts.leaving_title, main)
        }
    }

    /// An error page for the request of an unverified application. Only a click reports the error to the application: a
    /// link to this server must not redirect users to an unverified site (RFC 9700 section 4.11.2).
    pub(crate) fn refused_stranger(texts: &'static Texts, answer: ClientAnswer) -> Self {
        let posts = answer.mode == ResponseMode::FormPost;
        let url = answer.url();
        let main = html! {
            h1 { (texts.error_title) }
            p role="alert" { (texts.refused_stranger) }
            p { (texts.leaving_to) " " strong { (destination(&answer.uri)) } }
            @if posts {
                (answer_form(&answer, texts.onward_link))
            } @else {
                p { a href=(url) rel="noreferrer" { (texts.onward_link) } }
            }
        };
        Self {
            status: 400,
            posts_to: posts.then_some(answer.uri),
            ..Self::new(texts, texts.error_title, main)
        }
    }

    /// A page whose form carries a response to a client, by itself or with a button: OAuth 2.0 Form Post Response Mode.
    pub(crate) fn posting(texts: &'static Texts, answer: ClientAnswer) -> Self {
        let main = html! {
            h1 { (texts.onward_title) }
            p role="status" { (texts.onward_text) }
            (answer_form(&answer, texts.onward_link))
            script { (PreEscaped(SUBMIT)) }
        };
        Self {
            posts_to: Some(answer.uri),
            ..Self::new(texts, texts.onward_title, main)
        }
    }
}
/// The script that submits the form of such a page.
pub(super) const SUBMIT: &str = "document.forms[0].submit()";

/// A form that carries a response to a client when its button is pressed.
pub(super) fn answer_form(answer: &ClientAnswer, button: &str) -> Markup {
    html! {
        form method="post" action=(answer.uri) {
            @for (name, value) in &answer.parameters {
                input type="hidden" name=(name) value=(value);
            }
            button type="submit" { (button) }
        }
    }
}

/// The displayed redirect target: the host, or for an app on this device the scheme that opens it.
pub(super) fn destination(uri: &str) -> &str {
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    match rest.strip_prefix("//") {
        Some(rest) if matches!(scheme, "http" | "https") => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            authority.rsplit('@').next().unwrap_or(authority)
        }
        _ => scheme,
    }
}
