//! The one shape of every error.

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

/// An error as it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    code: ErrorCode,
    message: Cow<'static, str>,
    field: Option<String>,
    /// The scope that is missing.
    scope: Option<String>,
    retry_after: Option<u64>,
    /// How recent a sign-in must be, in seconds.
    max_age: Option<u32>,
    /// Whether it is not known if the change is on disk.
    uncertain: bool,
    /// With what a sign-in goes on.
    mfa: Option<Box<MfaStep>>,
}

impl ApiError {
    /// An error with a message for people.
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

    /// What kind of error it is.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What it says to people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The field at fault, where one is.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Whether the change may be there all the same, wholly.
    pub fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// How recent a sign-in has to be, in seconds, for `step_up_required`.
    pub fn max_age(&self) -> Option<u32> {
        self.max_age
    }

    /// When to come again, in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// The HTTP status.
    pub fn status(&self) -> Status {
        Status::from_code(self.code.status()).unwrap_or(Status::InternalServerError)
    }
}
