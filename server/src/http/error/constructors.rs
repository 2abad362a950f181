//! Constructors for each kind of API error.

use std::borrow::Cow;

use doorward_shared::ErrorCode;

use super::ApiError;
use crate::{domain::DomainError, service::Error};

impl ApiError {
    /// 403, naming the scope the caller lacks.
    pub fn scope(scope: &str) -> Self {
        Self {
            scope: Some(scope.to_owned()),
            ..Self::new(
                ErrorCode::InsufficientScope,
                DomainError::Scope(scope.to_owned()).to_string(),
            )
        }
    }

    /// 401: not a credential of this server.
    pub fn invalid_token() -> Self {
        Self::new(ErrorCode::InvalidToken, Error::INVALID_TOKEN)
    }

    /// 401: it was valid once, and was revoked.
    pub fn token_revoked() -> Self {
        Self::new(ErrorCode::TokenRevoked, DomainError::CREDENTIAL_ENDED)
    }

    /// 401: the sign-in is too old for an operation that changes something, RFC 9470.
    pub fn step_up(within_seconds: u32) -> Self {
        Self {
            max_age: Some(within_seconds),
            ..Self::new(
                ErrorCode::StepUpRequired,
                DomainError::StepUp(within_seconds).to_string(),
            )
        }
    }

    /// 401: expired.
    pub fn token_expired() -> Self {
        Self::new(ErrorCode::TokenExpired, Error::TOKEN_EXPIRED)
    }

    /// 429: a limit is used up; retry after this many seconds.
    pub fn limited(message: impl Into<Cow<'static, str>>, retry_after: u64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(ErrorCode::RateLimited, message)
        }
    }

    /// 422: a value is rejected.
    pub fn validation(field: &str, reason: impl std::fmt::Display) -> Self {
        Self::at(ErrorCode::ValidationFailed, field, reason)
    }

    /// As [`ApiError::validation`], for one element of a list.
    pub fn element(field: &str, at: usize, reason: impl std::fmt::Display) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(
                ErrorCode::ValidationFailed,
                format!("{field}[{at}]: {reason}"),
            )
        }
    }

    /// The same error with its path prefixed by the member `field`.
    #[must_use]
    pub(in crate::http) fn in_field(self, field: &str) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..self
        }
    }

    /// 400: the request is malformed at `field`.
    pub fn request(field: &str, reason: impl std::fmt::Display) -> Self {
        Self::at(ErrorCode::InvalidRequest, field, reason)
    }

    /// 404.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(ErrorCode::NotFound, DomainError::NotFound(what).to_string())
    }

    pub(super) fn at(code: ErrorCode, field: &str, reason: impl std::fmt::Display) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(code, format!("{field} {reason}"))
        }
    }
}
