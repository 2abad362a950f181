//! Errors of the OAuth endpoints, RFC 6749 section 5.2.

use std::borrow::Cow;

use super::MAX_PARAMETERS;
use crate::{
    crypto::key_ring::SignError,
    domain::{DomainError, RejectedParameter},
    service::Error,
    state::limits::RetryAfter,
    store::StoreError,
};

/// Description of the rejection of an unknown client.
pub(super) const UNKNOWN_CLIENT: &str = "no client has this client_id";

/// An error response of an OAuth endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    /// HTTP status.
    pub status: u16,
    /// `invalid_client`, …
    pub error: &'static str,
    pub description: Cow<'static, str>,
    /// Whether the client tried HTTP Basic, so that the response includes a challenge for it.
    pub basic: bool,
    pub retry_after: Option<u64>,
    /// Details of the rejection: recorded for operators, not disclosed to the client.
    pub sent: Option<Box<RejectedParameter>>,
}

impl OAuthError {
    /// 400.
    pub fn new(error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: 400,
            error,
            description: description.into(),
            basic: false,
            retry_after: None,
            sent: None,
        }
    }

    /// Adds the rejected parameters of the request.
    #[must_use]
    pub fn about(self, sent: RejectedParameter) -> Self {
        Self {
            sent: Some(Box::new(sent)),
            ..self
        }
    }

    /// 400 `invalid_request`.
    pub fn request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }

    /// 400 `invalid_grant`.
    pub fn grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }

    /// 400 `invalid_scope`.
    pub fn scope(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_scope", description)
    }

    /// 401 `invalid_client`, whatever the reason.
    pub fn client(basic: bool) -> Self {
        Self {
            status: 401,
            basic,
            ..Self::new("invalid_client", "client authentication failed")
        }
    }

    /// As [`OAuthError::client`], at endpoints without client authentication.
    pub fn unknown_client() -> Self {
        Self {
            description: UNKNOWN_CLIENT.into(),
            ..Self::client(false)
        }
    }

    /// 400 `invalid_request`.
    pub fn too_many_parameters() -> Self {
        Self::request(format!("there must be at most {MAX_PARAMETERS} parameters"))
    }

    /// 401 `invalid_token`, RFC 6750 section 3.1.
    pub fn token(description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: 401,
            ..Self::new("invalid_token", description)
        }
    }

    /// 401 if no token was sent: the challenge names no error (RFC 6750 section 3.1).
    pub fn no_token() -> Self {
        Self {
            status: 401,
            ..Self::new("invalid_request", "missing bearer token")
        }
    }

    /// 403 `insufficient_scope`, RFC 6750 section 3.1.
    pub fn insufficient_scope(scope: &str) -> Self {
        Self {
            status: 403,
            ..Self::new(
                "insufficient_scope",
                DomainError::Scope(scope.into()).to_string(),
            )
        }
    }

    /// The challenge of a 401 or 403, RFC 6749 section 5.2 and RFC 6750 section 3.
    pub fn challenge(&self) -> String {
        if self.basic {
            return r#"Basic realm="doorward""#.into();
        }
        let bearer = r#"Bearer realm="doorward""#;
        match self.error {
            "invalid_token" | "insufficient_scope" => {
                let text = self.description.replace(['"', '\\'], "'");
                format!(
                    r#"{bearer}, error="{}", error_description="{text}""#,
                    self.error
                )
            }
            _ => bearer.into(),
        }
    }

    /// 500 `server_error`.
    pub fn server() -> Self {
        Self {
            status: 500,
            ..Self::new("server_error", "something failed inside the server")
        }
    }

    /// 429 `rate_limited`.
    pub fn rate_limited(RetryAfter(seconds): RetryAfter) -> Self {
        Self {
            status: 429,
            retry_after: Some(seconds),
            ..Self::new(
                "rate_limited",
                "too many changes by this account; nothing was done",
            )
        }
    }

    /// 429 for dynamic registration.
    pub fn too_many_registrations(RetryAfter(seconds): RetryAfter) -> Self {
        Self {
            status: 429,
            retry_after: Some(seconds),
            ..Self::new("rate_limited", "too many registrations from this address")
        }
    }

    /// 429, as [`OAuthError::too_many_registrations`].
    pub fn too_many_changes(wait: RetryAfter) -> Self {
        Self {
            description: "too many changes of registrations".into(),
            ..Self::too_many_registrations(wait)
        }
    }

    /// 503 `temporarily_unavailable`.
    pub fn unavailable() -> Self {
        Self {
            status: 503,
            retry_after: Some(1),
            ..Self::new(
                "temporarily_unavailable",
                "temporarily unavailable; no change was made",
            )
        }
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => Self::new("invalid_grant", refusal.to_string()),
            StoreError::Overloaded => Self::unavailable(),
            StoreError::Unavailable(_) | StoreError::NewerSchema { .. } => {
                tracing::error!(%error, "storage is unavailable");
                Self::unavailable()
            }
            StoreError::Uncertain(_) => {
                tracing::error!(%error, "storage is unavailable");
                Self {
                    description: "the server cannot do this now".into(),
                    ..Self::unavailable()
                }
            }
        }
    }
}

/// Maps the rejection of a use case to the response of an OAuth endpoint.
impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidToken | Error::TokenExpired | Error::TokenRevoked => {
                Self::token(error.to_string())
            }
            Error::Scope(scope) => Self::insufficient_scope(&scope),
            Error::KeyNotForThis(_) | Error::KeyUsedUp { .. } => Self::unavailable(),
            Error::RateLimited(wait) => Self::rate_limited(wait),
            Error::Store(error) | Error::Partly { source: error, .. } => error.into(),
            Error::Overloaded(_) => Self::unavailable(),
            Error::Internal(why) => {
                tracing::error!(%why, "could not issue a token");
                Self::server()
            }
            // Errors of users' own accounts, which do not occur at OAuth endpoints.
            Error::InvalidRefreshToken
            | Error::RefreshTokenExpired
            | Error::RefreshTokenRevoked
            | Error::StepUp(_)
            | Error::WrongPassword
            | Error::Wrong(_)
            | Error::FactorRequired { .. }
            | Error::EnrolmentRequired { .. }
            | Error::FactorMissing
            | Error::NoSelfDeletion
            | Error::MailDisabled
            | Error::NoPasskeys
            | Error::Credential(_)
            | Error::RegistrationClosed
            | Error::Invalid { .. }
            | Error::Element { .. }
            | Error::Malformed { .. }
            | Error::Conflict(_) => Self::request(error.to_string()),
        }
    }
}

impl From<SignError> for OAuthError {
    fn from(error: SignError) -> Self {
        tracing::error!(%error, "could not issue a token");
        Self::server()
    }
}
