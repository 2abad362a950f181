//! Why something could not be shown or done, as the screen says it.

use doorward_shared::{ErrorCode, client::ClientError};

use crate::core::sanitize::clean;

/// How a message of [`ProblemKind::Unreachable`] begins.
pub(crate) const LOST: &str = "cannot reach the server: ";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub what: ProblemKind,
    /// One line.
    pub message: String,
    /// The field at fault, where one is.
    pub field: Option<String>,
    /// 404: it is not there.
    pub is_gone: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// 401: sign in again.
    Unauthorized,
    /// 403: a scope is missing; the message names it.
    Forbidden,
    /// 429 or 503: come again after so many seconds.
    Wait(u64),
    /// No answer: nobody knows whether anything was done.
    Unreachable,
    /// Somebody else changed meanwhile what was to be taken back.
    Overtaken,
    /// A plain no.
    Refused,
}

impl Problem {
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self {
            what: ProblemKind::Forbidden,
            ..Self::refused(message)
        }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self {
            what: ProblemKind::Refused,
            message: message.into(),
            field: None,
            is_gone: false,
        }
    }
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        let message = match &error {
            // Which server stands on the screen all the time.
            ClientError::Unreachable { reason, .. } => format!("{LOST}{reason}"),
            error => error.to_string(),
        };
        let message = clean(&message);
        let is_gone = matches!(error, ClientError::Refused { status: 404, .. });
        let (what, field) = match error {
            ClientError::Unreachable { .. } => (ProblemKind::Unreachable, None),
            ClientError::Refused {
                status,
                code,
                retry_after,
                field,
                ..
            } => {
                let what = match (status, code) {
                    // A wrong password at sign-in is no reason to sign in again.
                    (401, Some(ErrorCode::InvalidCredentials)) => ProblemKind::Refused,
                    (401, _) => ProblemKind::Unauthorized,
                    (403, Some(ErrorCode::InsufficientScope)) => ProblemKind::Forbidden,
                    (429 | 503, _) => ProblemKind::Wait(retry_after.unwrap_or(5).clamp(1, 3600)),
                    _ => ProblemKind::Refused,
                };
                (what, field.map(|field| clean(&field)))
            }
            ClientError::Untrusted(_) => (ProblemKind::Unreachable, None),
            ClientError::Strange { .. } | ClientError::Setup(_) => (ProblemKind::Refused, None),
        };
        Self {
            what,
            message,
            field,
            is_gone,
        }
    }
}
