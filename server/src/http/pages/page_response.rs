//! The response of a page's handler: a page, or a redirect.

use super::{
    page::Page,
    texts::{EN, Texts},
};
use crate::{http::ApiError, store::StoreError};

/// The response of a page's handler.
#[derive(Debug)]
pub(crate) enum PageResponse {
    Page(Box<Page>),
    Go(Redirect),
}

/// A redirect.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub to: String,
    pub cookie: Option<String>,
}

/// A page or a redirect, whether the request succeeded or not.
pub(super) type PageResult = Result<PageResponse, PageResponse>;

impl PageResponse {
    /// A page that reports a rejected form: it gets this status, unless it has an error status of its own.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        if let Self::Page(page) = &mut self
            && page.status == 200
        {
            page.status = status;
        }
        self
    }
}

impl From<Page> for PageResponse {
    fn from(page: Page) -> Self {
        Self::Page(Box::new(page))
    }
}

impl From<ApiError> for PageResponse {
    fn from(error: ApiError) -> Self {
        Page::of_error(&EN, &error).into()
    }
}

/// Maximum length of a URL in our `Location` headers, in bytes: beyond it a page redirects instead.
const MAX_LOCATION: usize = 2048;

/// As [`go`], if `to` contains user input and may be long.
pub(super) fn go_far(texts: &'static Texts, to: String) -> PageResponse {
    if to.len() <= MAX_LOCATION {
        go(to)
    } else {
        Page::redirecting(texts, to).into()
    }
}

impl From<StoreError> for PageResponse {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

/// Redirects the browser, with GET.
pub(super) fn go(to: impl Into<String>) -> PageResponse {
    PageResponse::Go(Redirect {
        to: to.into(),
        cookie: None,
    })
}
