//! The common format of all errors.

mod challenge;
mod constructors;
mod conversions;
mod guard_error;
mod mfa_step;
mod responder;

use std::borrow::Cow;

use doorward_shared::ErrorCode;
use rocket::http::Status;

use self::mfa_step::MfaStep;

/// `Retry-After` of 503 responses, in seconds.
const RETRY_SECONDS: u64 = 1;

/// An error response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    code: ErrorCode,
    message: Cow<'static, str>,
    field: Option<String>,
    /// The missing scope.
    scope: Option<String>,
    retry_after: Option<u64>,
    /// Maximum age of a sign-in, in seconds.
    max_age: Option<u32>,
    /// Whether it is unknown if the change was stored.
    uncertain: bool,
    /// How the sign-in continues.
    mfa: Option<Box<MfaStep>>,
}

impl ApiError {
    /// An error with a human-readable message.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        let retry_after = (code.status() == 503).then_some(RETRY_SECONDS);
        Self {
            code,
            message: message.into(),
            field: None,
            scope: None,
            retry_after,
            max_age: None,
            uncertain: false,
            mfa: None,
        }
    }

    /// The error code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The human-readable message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The invalid field, if there is one.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Whether the change may have been made, completely.
    pub fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// Required maximum age of a sign-in, in seconds, for `step_up_required`.
    pub fn max_age(&self) -> Option<u32> {
        self.max_age
    }

    /// When to retry, in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// The HTTP status.
    pub fn status(&self) -> Status {
        Status::from_code(self.code.status()).unwrap_or(Status::InternalServerError)
    }
}
