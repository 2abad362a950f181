//! A page, and what a failure looks like to a person.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};

use super::texts::{EN, Texts};
use crate::{
    http::ApiError,
    oauth::{ClientAnswer, Failure, ResponseMode},
    store::StoreError,
};

/// A page as it is answered.
#[derive(Debug)]
pub(crate) struct Page {
    pub status: u16,
    pub texts: &'static Texts,
    pub title: Cow<'static, str>,
    pub main: Markup,
    /// Wide, for the account.
    pub wide: bool,
    /// Whether the script that asks for passkeys may run.
    pub script: bool,
    /// Whether its address holds a token: no `Referer` tells more of it than the origin.
    pub holds_token: bool,
    /// Where the page goes on to by itself. Chromium applies `form-action` to the whole chain of redirects that a form
    /// starts: a navigation of its own is under no such rule.
    pub onward: Option<String>,
    /// Whether `onward` also stands in a `Location` head, for programs that read no HTML. Browsers ignore it here.
    pub located: bool,
    /// After how long it does, in seconds.
    pub onward_after: u32,
    /// Whether it goes on only by a click: `onward` is named, and stands in the `Location` head alone.
    pub onward_by_click: bool,
    /// Where a form of the page goes that is sent by itself, if it is one.
    pub posts_to: Option<String>,
    /// A picture of another origin that the page shows.
    pub picture: Option<String>,
    /// `Set-Cookie`
    pub cookie: Option<String>,
    /// Another one.
    pub second_cookie: Option<String>,
    pub retry_after: Option<u64>,
}

/// What a page's handler answers.
#[derive(Debug)]
pub(crate) enum Shown {
    Page(Box<Page>),
    Go(Go),
}

/// A redirect.
#[derive(Debug)]
pub(crate) struct Go {
    pub to: String,
    pub cookie: Option<String>,
}

/// A page or a redirect, whether what was asked for was done or not.
pub(super) type Answer = Result<Shown, Shown>;

impl Page {
    pub(crate) fn new(
        texts: &'static Texts,
        title: impl Into<Cow<'static, str>>,
        main: Markup,
    ) -> Self {
        Self {
            status: 200,
            texts,
            title: title.into(),
            main,
            wide: false,
            script: false,
            holds_token: false,
            onward: None,
            onward_after: 0,
            onward_by_click: false,
            posts_to: None,
            picture: None,
            located: false,
            cookie: None,
            second_cookie: None,
            retry_after: None,
        }
    }

    /// A page that goes on to `to` by itself, and has a link there.
    pub(crate) fn onward(texts: &'static Texts, to: impl Into<String>) -> Self {
        let to = to.into();
        let main = html! {
            h1 { (texts.onward_title) }
            p role="status" { (texts.onward_text) }
            p { a href=(to) { (texts.onward_link) } }
        };
        Self {
            onward: Some(to),
            ..Self::new(texts, texts.onward_title, main)
        }
    }

    /// A page that says where `to` leads, to whom nobody here has looked at: it has a link there, and goes nowhere by itself
    /// (RFC 9700 section 4.11.2).
    pub(crate) fn leaving(texts: &'static Texts, to: String, text: &str) -> Self {
        let main = html! {
            h1 { (texts.leaving_title) }
            p { (text) }
            p { (texts.leaving_to) " " strong { (destination(&to)) } }
            p { a href=(to) rel="noreferrer" { (texts.onward_link) } }
        };
        Self {
            onward: Some(to),
            onward_by_click: true,
            located: true,
            ..Self::new(texts, texts.leaving_title, main)
        }
    }

    /// A page that says that an application's request cannot be answered which nobody here knows. What tells the application
    /// is a click: a link to this server leads nobody to a stranger's site by itself (RFC 9700 section 4.11.2).
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

    /// A page whose form brings a client its answer, by itself or with a button: OAuth 2.0 Form Post Response Mode.
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

    /// A page that says that something went wrong. `detail` is for whoever looks after the application.
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

    /// What is said where there is no form to say it at.
    pub(crate) fn of_failure(texts: &'static Texts, failure: &Failure) -> Self {
        let what = match (failure.status, failure.error) {
            (503, _) => texts.unavailable,
            (500.., _) => texts.broken,
            (_, "invalid_client") => texts.unknown_client,
            _ => texts.bad_request,
        };
        let detail = format!("{}: {}", failure.error, failure.description);
        Self {
            retry_after: failure.retry_after,
            // A page challenges nobody for a password: 401 is not for it.
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

    /// As [`Page::of_failure`], for what the rest of the server says.
    pub(crate) fn of_error(texts: &'static Texts, error: &ApiError) -> Self {
        let what = texts.of_error(error);
        Self {
            retry_after: error.retry_after(),
            ..Self::error(texts, error.status().code, &what, None)
        }
    }
}

/// Sends the form of a page that posts.
pub(super) const SUBMIT: &str = "document.forms[0].submit()";

/// A form that brings a client its answer when its button is pressed.
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

/// Where somebody is sent: the host, or for an app on this device the scheme that opens it.
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

impl Shown {
    /// A page that stands for nothing done: it has this status, where it says nothing worse.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        if let Self::Page(page) = &mut self
            && page.status == 200
        {
            page.status = status;
        }
        self
    }
}

impl From<Page> for Shown {
    fn from(page: Page) -> Self {
        Self::Page(Box::new(page))
    }
}

impl From<ApiError> for Shown {
    fn from(error: ApiError) -> Self {
        Page::of_error(&EN, &error).into()
    }
}

/// Most of an address that stands in a `Location` head of ours, in bytes: past it a page goes on instead.
const MAX_LOCATION: usize = 2048;

/// As [`go`], where `to` holds what somebody sent and may be long.
pub(super) fn go_far(texts: &'static Texts, to: String) -> Shown {
    if to.len() <= MAX_LOCATION {
        go(to)
    } else {
        Page::onward(texts, to).into()
    }
}

impl From<StoreError> for Shown {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

/// Sends the browser elsewhere, with GET.
pub(super) fn go(to: impl Into<String>) -> Shown {
    Shown::Go(Go {
        to: to.into(),
        cookie: None,
    })
}
