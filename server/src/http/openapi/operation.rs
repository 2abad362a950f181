//! One operation: its authorization, its bodies, and the errors that do not follow from these.

use doorward_shared::ErrorCode;
use rocket::http::Method;
use utoipa::ToSchema;

use super::{
    content::{Content, of, page_of},
    security::SecurityRequirement,
};

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Operation {
    pub method: Method,
    pub path: &'static str,
    pub what: &'static str,
    pub who: SecurityRequirement,
    pub body: Content,
    pub status: u16,
    pub answer: Content,
    /// Filters of a list; `None` if it is not a list.
    pub filters: Option<&'static [&'static str]>,
    /// Query parameters of an operation that is not a list; the first is required.
    pub query: &'static [&'static str],
    /// Errors in addition to those that follow from the rest.
    pub errors: &'static [ErrorCode],
    /// Another success status, with the same response.
    pub also: Option<u16>,
    /// Whether an `Idempotency-Key` makes it safe to repeat.
    pub once: bool,
}

pub(super) const fn op(
    method: Method,
    path: &'static str,
    who: SecurityRequirement,
    what: &'static str,
) -> Operation {
    Operation {
        method,
        path,
        what,
        who,
        body: Content::None,
        status: 200,
        answer: Content::None,
        filters: None,
        query: &[],
        errors: &[],
        also: None,
        once: false,
    }
}

impl Operation {
    pub(super) const fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Content::Json(of::<T>());
        self
    }
    pub(super) const fn may_take<T: ToSchema>(mut self) -> Self {
        self.body = Content::Maybe(of::<T>());
        self
    }
    pub(super) const fn form<T: ToSchema>(mut self) -> Self {
        self.body = Content::Form(of::<T>());
        self
    }
    pub(super) const fn form_or_json<T: ToSchema>(mut self) -> Self {
        self.body = Content::Both(of::<T>());
        self
    }
    pub(super) const fn gives<T: ToSchema>(mut self, status: u16) -> Self {
        self.status = status;
        self.answer = Content::Json(of::<T>());
        self
    }
    pub(super) const fn text(mut self, kind: &'static str) -> Self {
        self.answer = Content::Text(kind);
        self
    }
    pub(super) const fn done(mut self) -> Self {
        self.status = 204;
        self
    }
    pub(super) const fn accepted(mut self) -> Self {
        self.status = 202;
        self
    }
    pub(super) const fn redirects(mut self) -> Self {
        self.status = 303;
        self
    }
    pub(super) const fn lists<T: ToSchema>(mut self, filters: &'static [&'static str]) -> Self {
        self.filters = Some(filters);
        self.answer = Content::Json(page_of::<T>());
        self
    }
    pub(super) const fn asks(mut self, query: &'static [&'static str]) -> Self {
        self.query = query;
        self
    }
    pub(super) const fn also(mut self, status: u16) -> Self {
        self.also = Some(status);
        self
    }
    pub(super) const fn once(mut self) -> Self {
        self.once = true;
        self
    }
    pub(super) const fn or(mut self, errors: &'static [ErrorCode]) -> Self {
        self.errors = errors;
        self
    }
}
