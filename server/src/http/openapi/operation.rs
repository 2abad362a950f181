//! One operation: who may call it, what travels, and which errors follow from that.

use doorward_shared::{ErrorCode, Page};
use rocket::http::Method;
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Who {
    Anybody,
    /// Any valid credential.
    Bearer,
    /// A token from login or registration.
    FirstParty,
    /// As [`Who::FirstParty`], or an API key with this scope.
    KeyHolder(&'static str),
    /// Whoever holds this scope.
    Scope(&'static str),
    /// As [`Who::Scope`], or an OAuth client that is a resource server.
    ResourceServer(&'static str),
    /// An OAuth client that shows who it is.
    Client,
    /// A person's browser, which a client sends here. Errors are pages.
    Browser,
    /// An access token of this scope that a client obtained. Errors are RFC 6749's.
    Token(&'static str),
}

/// What travels.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) enum Content {
    None,
    Json(SchemaOf),
    /// JSON, or nothing, which stands for all defaults.
    Maybe(SchemaOf),
    Form(SchemaOf),
    /// Either of the two.
    Both(SchemaOf),
    /// Some other text.
    Text(&'static str),
}

pub(super) type Schemas = Vec<(String, RefOr<utoipa::openapi::schema::Schema>)>;

/// How to get at a type's schema.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct SchemaOf(pub(super) fn(&mut Schemas) -> String);

pub(super) const fn of<T: ToSchema>() -> SchemaOf {
    SchemaOf(|schemas| {
        let name = T::name().into_owned();
        T::schemas(schemas);
        schemas.push((name.clone(), T::schema()));
        name
    })
}

const fn page_of<T: ToSchema>() -> SchemaOf {
    SchemaOf(|schemas| {
        // Every page is called `Page`; each kind is to have a name of its own.
        let name = format!("Page_{}", T::name());
        Page::<T>::schemas(schemas);
        schemas.push((T::name().into_owned(), T::schema()));
        schemas.push((name.clone(), Page::<T>::schema()));
        name
    })
}

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Operation {
    pub method: Method,
    pub path: &'static str,
    pub what: &'static str,
    pub who: Who,
    pub body: Content,
    pub status: u16,
    pub answer: Content,
    /// Filters of a list; `None` when it is no list.
    pub filters: Option<&'static [&'static str]>,
    /// Parameters of the query of what is no list; the first must be given.
    pub query: &'static [&'static str],
    /// Errors beside those that follow from the rest.
    pub errors: &'static [ErrorCode],
    /// Another status of success, with the same answer.
    pub also: Option<u16>,
    /// Whether an `Idempotency-Key` makes it safe to send again.
    pub once: bool,
}

pub(super) const fn op(
    method: Method,
    path: &'static str,
    who: Who,
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

use ErrorCode as E;
use Method::{Get, Post};
use Who::{Anybody, Browser, Client, KeyHolder, Scope, Token};

impl Operation {
    /// Every error it may answer, in the order of their statuses.
    pub(in crate::http) fn all_errors(&self) -> Vec<ErrorCode> {
        if matches!(self.who, Client | Token(_) | Browser) {
            return Vec::new();
        }
        let mut errors = self.errors.to_vec();
        if self.who != Anybody {
            errors.extend([
                E::MissingToken,
                E::InvalidToken,
                E::TokenExpired,
                E::TokenRevoked,
                // Of API keys that may not come from there, or have used up what they may.
                E::InsufficientScope,
                E::RateLimited,
            ]);
            errors.push(E::StorageUnavailable);
        }
        if !matches!(self.body, Content::None) {
            errors.extend([
                E::InvalidRequest,
                E::PayloadTooLarge,
                E::UnsupportedMediaType,
                E::StorageUnavailable,
            ]);
        }
        if self.filters.is_some() || !self.query.is_empty() {
            errors.push(E::InvalidRequest);
        }
        if self.once {
            errors.push(E::Conflict);
        }
        if self.asks_for_a_sign_in() {
            errors.push(E::StepUpRequired);
        }
        if self.path.contains('{') {
            errors.push(E::NotFound);
        }
        if !matches!(self.method, Get) {
            errors.extend([E::StorageUnavailable, E::Overloaded]);
        }
        errors.sort_by_key(|code| (code.status(), code.as_str()));
        errors.dedup();
        errors
    }

    /// Whether it is a change by an operator, who may give a reason for it.
    pub(super) fn takes_a_reason(&self) -> bool {
        matches!(self.who, Scope(_)) && self.path.starts_with("/admin/") && self.method != Get
    }

    /// Whether it may ask for a recent sign-in.
    fn asks_for_a_sign_in(&self) -> bool {
        let mints = matches!(self.who, KeyHolder(_)) && self.method == Post;
        self.takes_a_reason() || mints
    }

    /// The first segment of its path: what it belongs to.
    pub(in crate::http) fn tag(&self) -> &'static str {
        let mut parts = self.path.trim_start_matches('/').split('/');
        let first = parts.next().unwrap_or_default();
        match (first, parts.next()) {
            ("admin", Some(_)) => "admin",
            (".well-known" | "oauth", _) => "oauth",
            ("health" | "metrics" | "openapi.json" | "docs", _) => "operations",
            _ => first,
        }
    }
}
