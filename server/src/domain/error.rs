//! Errors of the domain: changes that its rules reject.

/// A change that the rules reject. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    #[error("{0} not found")]
    NotFound(&'static str),
    #[error("this email address has an account already")]
    EmailTaken,
    #[error("{0}")]
    Conflict(String),
    #[error("the account is disabled")]
    Disabled,
    /// An operator has blocked the caller's network.
    #[error("signing in and up is blocked from your network for a while")]
    Blocked,
    /// The account's address is not verified, and signing in requires that.
    #[error("the email address is not verified yet: open the link that was mailed to it")]
    EmailNotVerified,
    /// The password that a sign-in was checked against has changed since.
    #[error("the password has changed")]
    PasswordChanged,
    /// A code, recovery code or passkey that is wrong, used, deleted meanwhile, or another account's.
    #[error("the second factor is wrong or has been used")]
    FactorWrong,
    /// The operation is protected by the account's second factors, and none was used in this session.
    #[error(
        "sign in again with a second factor: this session was started without a second factor, or with one that has since been removed"
    )]
    FactorFirst,
    /// A one-time link that is unknown, used, or invalidated by a newer one or a change of the account.
    #[error("this link does not work any more")]
    LinkDead,
    #[error("this link has expired")]
    LinkExpired,
    #[error("{field} {reason}")]
    Invalid { field: &'static str, reason: String },
    #[error("missing scope {0}")]
    Scope(String),
    /// The sign-in is older than this many seconds.
    #[error("sign in again: this needs a sign-in within the last {0} seconds")]
    StepUp(u32),
    /// The user is in none of the groups that may sign in to the client.
    #[error("the account may not sign in to this application")]
    NotAdmitted,
    #[error("requires a first-party token (from /auth/login or /auth/register)")]
    NotFirstParty,
    /// The credential has ended since the request arrived.
    #[error("{}", Self::CREDENTIAL_ENDED)]
    CredentialEnded,
}

impl DomainError {
    /// The message of [`DomainError::CredentialEnded`].
    pub const CREDENTIAL_ENDED: &str = "the token has been revoked";

    /// The last administrator must stay one.
    pub fn last_admin() -> Self {
        Self::Conflict(
            "this is the last administrator: it cannot be removed, disabled, demoted or left without a password".into(),
        )
    }
}
