//! A page as it is answered.

use std::borrow::Cow;

use maud::Markup;

use super::texts::Texts;

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
    pub redirect_to: Option<String>,
    /// Whether `onward` also stands in a `Location` head, for programs that read no HTML. Browsers ignore it here.
    pub has_location: bool,
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
