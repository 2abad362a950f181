//! Errors of the use cases, independent of HTTP: `http/error/conversions.rs` and `oauth/error.rs` map them to
//! responses.

use doorward_shared::mfa::MfaMethod;

use crate::{
    crypto::{key_ring::SignError, password::Overloaded, secret::Secret, webauthn::CeremonyError},
    domain::{DomainError, rules::credential::CredentialEnd},
    state::limits::{LimitError, RetryAfter},
    store::StoreError,
};

/// Error of a use case. Nothing has changed, except for [`Error::Partly`] and as described at
/// [`StoreError::Uncertain`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a credential of this server.
    #[error("{}", Self::INVALID_TOKEN)]
    InvalidToken,
    #[error("{}", Self::TOKEN_EXPIRED)]
    TokenExpired,
    /// It was valid once, and was revoked.
    #[error("{}", DomainError::CREDENTIAL_ENDED)]
    TokenRevoked,
    #[error("the refresh token is not valid")]
    InvalidRefreshToken,
    #[error("the refresh token has expired")]
    RefreshTokenExpired,
    #[error("the refresh token has been used or revoked")]
    RefreshTokenRevoked,
    /// The caller lacks this scope.
    #[error("{}", DomainError::Scope(.0.clone()))]
    Scope(String),
    /// A valid API key that is not accepted for this call.
    #[error("{0}")]
    KeyNotForThis(&'static str),
    /// A limit of an API key is exceeded.
    #[error("the {what} of this API key is exceeded")]
    KeyUsedUp {
        what: &'static str,
        /// In seconds.
        retry_after: u64,
    },
    /// The sign-in is older than this many seconds.
    #[error("{}", DomainError::StepUp(*.0))]
    StepUp(u32),
    /// Also for an address without an account.
    #[error("email or password is wrong")]
    WrongPassword,
    /// A signed-in user's repeated password or code is wrong, by its field.
    #[error("{0} is wrong")]
    Wrong(&'static str),
    #[error("this server sends no mail: set mail_url")]
    MailDisabled,
    /// The password is correct, and the account has a second factor: the methods and the token to continue with.
    #[error("second factor required: POST the mfaToken to /auth/mfa")]
    FactorRequired {
        token: Secret,
        methods: Vec<MfaMethod>,
    },
    /// The password is correct, and the account must set up a second factor, on the pages with this token.
    #[error("{}", Self::FactorMissing)]
    EnrolmentRequired { token: Secret },
    /// The session predates the rule that the account must have a second factor, which it lacks.
    #[error("this account requires a second factor: sign in on the hosted page to enrol one")]
    FactorMissing,
    /// The issuer's host is an IP address, which cannot be an RP ID.
    #[error(
        "passkeys are not offered: the issuer's host is an address; set `issuer` to a URL with a host name"
    )]
    NoPasskeys,
    #[error("credential {0}")]
    Credential(CeremonyError),
    #[error("self-service account deletion is disabled; ask an administrator")]
    NoSelfDeletion,
    #[error("registration is closed; an administrator creates accounts")]
    RegistrationClosed,
    /// A value is rejected.
    #[error("{field} {reason}")]
    Invalid { field: &'static str, reason: String },
    /// One element of a list is rejected.
    #[error("{field}[{at}] {reason}")]
    Element {
        field: &'static str,
        at: usize,
        reason: String,
    },
    /// The request is malformed at `field`.
    #[error("{field} {reason}")]
    Malformed { field: &'static str, reason: String },
    #[error("{0}")]
    Conflict(&'static str),
    #[error("{0}")]
    RateLimited(RetryAfter),
    /// Too many such operations are in progress.
    #[error("{0}; nothing was done")]
    Overloaded(&'static str),
    /// Storage failed after part of the work.
    #[error("{done} of {of} sessions have ended; send it again for the others")]
    Partly {
        done: u64,
        of: u64,
        source: StoreError,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An internal error.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// The message of [`Error::InvalidToken`].
    pub(crate) const INVALID_TOKEN: &str = "the token is not valid";
    /// The message of [`Error::TokenExpired`].
    pub(crate) const TOKEN_EXPIRED: &str = "the token has expired";

    /// A value that is rejected for a reason.
    pub(super) fn invalid(field: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Invalid {
            field,
            reason: reason.to_string(),
        }
    }
}

impl From<DomainError> for Error {
    fn from(refusal: DomainError) -> Self {
        Self::Store(refusal.into())
    }
}

impl From<CredentialEnd> for Error {
    fn from(over: CredentialEnd) -> Self {
        match over {
            CredentialEnd::Revoked => Self::TokenRevoked,
            CredentialEnd::Expired => Self::TokenExpired,
        }
    }
}

impl From<RetryAfter> for Error {
    fn from(wait: RetryAfter) -> Self {
        Self::RateLimited(wait)
    }
}

impl From<Overloaded> for Error {
    fn from(_: Overloaded) -> Self {
        Self::Overloaded("too many sign-ins at once")
    }
}

impl From<LimitError> for Error {
    fn from(held: LimitError) -> Self {
        match held {
            LimitError::Limited(wait) => wait.into(),
            LimitError::Overloaded(overloaded) => overloaded.into(),
        }
    }
}

impl From<SignError> for Error {
    fn from(error: SignError) -> Self {
        Self::Internal(error.to_string())
    }
}
