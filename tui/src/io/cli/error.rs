//! How a command can fail.

use doorward_shared::client::ClientError;

use crate::io::{connect::ConnectError, execute::ExecuteError, profiles::ProfilesError};

/// Ways a command can fail. Each has an exit code of its own that scripts can go by.
#[derive(Debug)]
pub(crate) enum CliError {
    Error(String),
    /// It was used wrongly.
    Usage(String),
    /// What was named is not there.
    NotFound(String),
    /// Not authenticated, or not allowed.
    NotAllowed(String),
    /// It does not go with what is there: the name is taken, the last administrator stays.
    Conflict(String),
    /// Nobody reads what is printed any more: there is nothing left to do, and nothing went wrong.
    ReaderGone,
}

impl CliError {
    /// The program's exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Error(_) => 1,
            Self::Usage(_) => 2,
            Self::NotFound(_) => 3,
            Self::NotAllowed(_) => 4,
            Self::Conflict(_) => 5,
        }
    }

    /// One line.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Error(why)
            | Self::Usage(why)
            | Self::NotFound(why)
            | Self::NotAllowed(why)
            | Self::Conflict(why) => why,
            Self::ReaderGone => "nobody reads the output",
        }
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let (status, text) = match &error {
            ClientError::Refused {
                status: 429,
                message,
                ..
            } => (429, message.clone()),
            ClientError::Refused {
                status,
                code: Some(code),
                message,
                ..
            } => (*status, format!("{message} ({})", code.as_str())),
            ClientError::Refused { status, .. } => (*status, error.to_string()),
            other => (0, other.to_string()),
        };
        match status {
            404 => Self::NotFound(text),
            401 | 403 => Self::NotAllowed(text),
            409 => Self::Conflict(text),
            _ => Self::Error(text),
        }
    }
}

impl From<ProfilesError> for CliError {
    fn from(error: ProfilesError) -> Self {
        match error {
            ProfilesError::Missing { .. } => Self::NotFound(error.to_string()),
            error => Self::Error(error.to_string()),
        }
    }
}

impl From<ConnectError> for CliError {
    fn from(error: ConnectError) -> Self {
        Self::Error(error.to_string())
    }
}

impl From<ExecuteError> for CliError {
    fn from(error: ExecuteError) -> Self {
        let text = error.to_string();
        match error {
            ExecuteError::Client(error) => error.into(),
            ExecuteError::NoReference(_) => Self::Usage(text),
            ExecuteError::UnknownEmail(_) => Self::NotFound(text),
            ExecuteError::Partly { .. } | ExecuteError::NoChange(_) => Self::Error(text),
        }
    }
}
