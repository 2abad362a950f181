//! The contents and options of a hosted page.

use std::borrow::Cow;

use maud::Markup;

use super::texts::Texts;

/// The contents and options of a hosted page.
#[derive(Debug)]
pub(crate) struct Page {
    pub status: u16,
    pub texts: &'static Texts,
    pub title: Cow<'static, str>,
    pub main: Markup,
    /// Wide layout, for the account page.
    pub wide: bool,
    /// Whether the passkey script may run.
    pub script: bool,
    /// Whether its URL contains a token: `Referer` is then limited to the origin.
    pub holds_token: bool,
    /// URL to which the page redirects by itself. Chromium applies `form-action` to the whole redirect chain of a form;
    /// a navigation that the page starts is not subject to it.
    pub redirect_to: Option<String>,
    /// Whether `redirect_to` is also in a `Location` header, for programs that do not parse HTML. Browsers ignore it
    /// here.
    pub has_location: bool,
    /// The delay before it redirects, in seconds.
    pub onward_after: u32,
    /// Whether it continues only by a click: `redirect_to` is then only in the link and the `Location` header.
    pub onward_by_click: bool,
    /// Target of the page's self-submitting form, if it has one.
    pub posts_to: Option<String>,
    /// An image of another origin that the page shows.
    pub picture: Option<String>,
    /// `Set-Cookie`
    pub cookie: Option<String>,
    /// A second one.
    pub second_cookie: Option<String>,
    pub retry_after: Option<u64>,
}

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
            redirect_to: None,
            onward_after: 0,
            onward_by_click: false,
            posts_to: None,
            picture: None,
            has_location: false,
            cookie: None,
            second_cookie: None,
            retry_after: None,
        }
    }
}
