//! Why a call failed.

use std::time::Duration;

use crate::ErrorCode;

/// Why a call did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server could not be asked, or did not answer: nobody knows whether anything was done.
    #[error("cannot reach {url}: {reason}")]
    Unreachable {
        /// The server's URL.
        url: String,
        /// The innermost cause.
        reason: String,
    },
    /// The server said no.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `None` for a code this client does not know.
        code: Option<ErrorCode>,
        /// What is wrong, in the server's words.
        message: String,
        /// The field at fault, where one is.
        field: Option<String>,
        /// When to come again, in seconds.
        retry_after: Option<u64>,
    },
    /// Something answered that is no Doorward server.
    #[error("{url} does not answer like a Doorward server: {reason}")]
    Strange {
        /// The server's URL.
        url: String,
        /// What is wrong with the answer.
        reason: String,
        /// Of the answer, where it was no success.
        status: Option<u16>,
    },
    /// What was given to make a client with is wrong.
    #[error("{0}")]
    Setup(String),
    /// The port is owned by another user: nothing was sent.
    #[error("{0}")]
    Untrusted(String),
}

impl ClientError {
    /// Whether the same call may succeed later: nobody answered, or the server, or a proxy in front of it, says that it
    /// cannot now (429 or 5xx).
    pub fn is_passing(&self) -> bool {
        let passing = |status: u16| status == 429 || status >= 500;
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => passing(*status),
            Self::Strange { status, .. } => status.is_some_and(passing),
            Self::Setup(_) | Self::Untrusted(_) => false,
        }
    }

    /// How long the server asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => retry_after.map(Duration::from_secs),
            _ => None,
        }
    }
}
