//! Errors of the OAuth endpoints, RFC 6749 section 5.2.

use std::borrow::Cow;

use crate::{crypto::signing::SignError, store::StoreError};

/// An error as an OAuth endpoint answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// HTTP status.
    pub status: u16,
    /// `invalid_client`, …
    pub error: &'static str,
    pub description: Cow<'static, str>,
    /// Whether the client tried HTTP Basic, and is to be challenged for it.
    pub basic: bool,
    pub retry_after: Option<u64>,
}

impl Failure {
    /// 400.
    pub fn new(error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: 400,
            error,
            description: description.into(),
            basic: false,
            retry_after: None,
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

    /// 401 `invalid_client`, whatever about the client is wrong.
    pub fn client(basic: bool) -> Self {
        Self {
            status: 401,
            basic,
            ..Self::new("invalid_client", "client authentication failed")
        }
    }

    /// 500 `server_error`.
    pub fn server() -> Self {
        Self {
            status: 500,
            ..Self::new("server_error", "something failed inside the server")
        }
    }

    /// 503 `temporarily_unavailable`.
    pub fn unavailable() -> Self {
        Self {
            status: 503,
            retry_after: Some(1),
            ..Self::new(
                "temporarily_unavailable",
                "the server cannot do this now; nothing was done",
            )
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => Self::new("invalid_grant", refusal.to_string()),
            StoreError::Overloaded => Self::unavailable(),
            StoreError::Unavailable(_) | StoreError::NewerSchema { .. } => {
                tracing::error!(%error, "storage is unavailable");
                Self::unavailable()
            }
        }
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        tracing::error!(%error, "a token was not issued");
        Self::server()
    }
}
