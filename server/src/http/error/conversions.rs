//! Maps domain and service errors to API errors.

use doorward_shared::ErrorCode;

use super::ApiError;
use crate::{domain::DomainError, service::Error, state::limits::RetryAfter, store::StoreError};

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::Overloaded => Self::new(
                ErrorCode::Overloaded,
                "the server is busy; nothing was done",
            ),
            StoreError::Unavailable(_) | StoreError::NewerSchema { .. } => {
                // The text of an I/O error is for the operator's log, not for callers.
                tracing::error!(%error, "storage is unavailable");
                Self::new(
                    ErrorCode::StorageUnavailable,
                    "storage is unavailable; nothing was done",
                )
            }
            StoreError::Uncertain(_) => {
                tracing::error!(%error, "storage is unavailable");
                Self {
                    uncertain: true,
                    ..Self::new(
                        ErrorCode::StorageUnavailable,
                        "storage is unavailable and the change may have been made; check before retrying",
                    )
                }
            }
        }
    }
}

impl From<DomainError> for ApiError {
    fn from(refusal: DomainError) -> Self {
        let message = refusal.to_string();
        match refusal {
            DomainError::NotFound(_) => Self::new(ErrorCode::NotFound, message),
            DomainError::EmailTaken => Self {
                field: Some("email".into()),
                ..Self::new(ErrorCode::EmailTaken, message)
            },
            DomainError::Conflict(_) => Self::new(ErrorCode::Conflict, message),
            DomainError::Blocked => Self::new(ErrorCode::Blocked, message),
            DomainError::Disabled => Self::new(ErrorCode::AccountDisabled, message),
            DomainError::PasswordChanged => Self::new(
                ErrorCode::Conflict,
                "the account has changed in the meantime",
            ),
            DomainError::FactorWrong => Self::new(ErrorCode::InvalidCredentials, message),
            DomainError::FactorFirst => Self::new(ErrorCode::StepUpRequired, message),
            DomainError::EmailNotVerified => Self::new(ErrorCode::EmailNotVerified, message),
            DomainError::LinkDead => Self::new(ErrorCode::InvalidToken, message),
            DomainError::LinkExpired => Self::new(ErrorCode::TokenExpired, message),
            // List parameters are part of the request's syntax.
            DomainError::Invalid { field, reason } if matches!(field, "sort" | "cursor") => {
                Self::request(field, reason)
            }
            DomainError::Invalid { field, reason } => Self::validation(field, reason),
            DomainError::Scope(scope) => Self::scope(&scope),
            DomainError::StepUp(within) => Self::step_up(within),
            DomainError::NotFirstParty | DomainError::NotAdmitted => {
                Self::new(ErrorCode::InsufficientScope, message)
            }
            DomainError::CredentialEnded => Self::token_revoked(),
        }
    }
}

/// Maps an error of a use case to the REST API's response. The only such mapping.
impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let message = match &error {
            // These are frequent under attack, and their messages are constants.
            Error::InvalidToken | Error::TokenExpired | Error::TokenRevoked => String::new(),
            error => error.to_string(),
        };
        let of = |code| Self::new(code, message.clone());
        match error {
            Error::InvalidToken => Self::invalid_token(),
            Error::TokenExpired => Self::token_expired(),
            Error::TokenRevoked => Self::token_revoked(),
            Error::InvalidRefreshToken => of(ErrorCode::InvalidToken),
            Error::RefreshTokenExpired => of(ErrorCode::TokenExpired),
            Error::RefreshTokenRevoked => of(ErrorCode::TokenRevoked),
            Error::Scope(scope) => Self::scope(&scope),
            Error::KeyNotForThis(_) => of(ErrorCode::InsufficientScope),
            Error::KeyUsedUp { retry_after, .. } => Self::limited(message, retry_after),
            Error::StepUp(within) => Self::step_up(within),
            Error::Wrong(field) => Self::at(ErrorCode::InvalidCredentials, field, "is wrong"),
            Error::WrongPassword => of(ErrorCode::InvalidCredentials),
            Error::MailDisabled => of(ErrorCode::MailDisabled),
            Error::FactorRequired { token, methods } => {
                of(ErrorCode::MfaRequired).going_on(&token, methods)
            }
            Error::NoPasskeys => of(ErrorCode::NotFound),
            Error::Credential(why) => Self::validation("credential", why),
            Error::RegistrationClosed => of(ErrorCode::RegistrationClosed),
            Error::NoSelfDeletion => of(ErrorCode::InsufficientScope),
            Error::FactorMissing => of(ErrorCode::MfaEnrolmentRequired),
            Error::EnrolmentRequired { token } => {
                of(ErrorCode::MfaEnrolmentRequired).going_on(&token, Vec::new())
            }
            Error::Invalid { field, reason } => Self::validation(field, reason),
            Error::Element { field, at, reason } => Self::element(field, at, reason),
            Error::Malformed { field, reason } => Self::request(field, reason),
            Error::Conflict(_) => of(ErrorCode::Conflict),
            Error::RateLimited(wait) => wait.into(),
            Error::Overloaded(_) => of(ErrorCode::Overloaded),
            Error::Partly { source, .. } => Self::new(Self::from(source).code(), message),
            Error::Store(error) => error.into(),
            Error::Internal(_) => of(ErrorCode::InternalError),
        }
    }
}

impl From<RetryAfter> for ApiError {
    fn from(wait: RetryAfter) -> Self {
        Self::limited(wait.to_string(), wait.0)
    }
}
