//! Properties derived from an operation: its possible errors, and its tag.

use doorward_shared::{ErrorCode, ErrorCode as E};
use rocket::http::Method::{Get, Post};

use super::{
    content::Content,
    operation::Operation,
    security::SecurityRequirement::{Anybody, Browser, Client, KeyHolder, Scope, Token},
};

impl Operation {
    /// All its possible errors, in the order of their statuses.
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
                // For API keys that are used from another address than allowed, or have used up a limit.
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

    /// Whether it may require a recent sign-in.
    fn asks_for_a_sign_in(&self) -> bool {
        let mints = matches!(self.who, KeyHolder(_)) && self.method == Post;
        self.takes_a_reason() || mints
    }

    /// The first segment of its path: its tag.
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
