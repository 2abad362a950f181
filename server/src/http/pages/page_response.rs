//! What a page's handler answers: a page, or the way to another.

use super::{
    page::Page,
    texts::{EN, Texts},
};
use crate::{http::ApiError, store::StoreError};

/// What a page's handler answers.
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

/// A page or a redirect, whether what was asked for was done or not.
pub(super) type PageResult = Result<PageResponse, PageResponse>;

impl PageResponse {
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

/// Most of an address that stands in a `Location` head of ours, in bytes: past it a page goes on instead.
const MAX_LOCATION: usize = 2048;

/// As [`go`], where `to` holds what somebody sent and may be long.
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

/// Sends the browser elsewhere, with GET.
pub(super) fn go(to: impl Into<String>) -> PageResponse {
    PageResponse::Go(Redirect {
        to: to.into(),
        cookie: None,
    })
}
