//! Why the domain says no.

/// A change that the rules refuse. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("this email address has an account already")]
    EmailTaken,
    #[error("{0}")]
    Conflict(String),
    #[error("the account is disabled")]
    Disabled,
    /// An operator has blocked the network that they come from.
    #[error("signing in and up is blocked from your network for a while")]
    Blocked,
    /// The account's address is not verified, and signing in needs that.
    #[error("the email address is not verified yet: open the link that was mailed to it")]
    EmailNotVerified,
    /// The password a sign-in was checked against is no longer the account's.
    #[error("the password has changed")]
    PasswordChanged,
    /// A code, recovery code or passkey that is wrong, used, removed meanwhile, or another account's.
    #[error("the second factor is wrong or has been used")]
    FactorWrong,
    /// What an account's second factors guard, in a session in which none of them was shown.
    #[error(
        "sign in again with a second factor: this session began without one, or with one that may be gone"
    )]
    FactorFirst,
    /// A one-time link that is unknown, used, or ended by a newer one or a change of the account.
    #[error("this link does not work any more")]
    LinkDead,
    #[error("this link has expired")]
    LinkExpired,
    #[error("{field} {reason}")]
    Invalid { field: &'static str, reason: String },
    #[error("this needs the scope {0}")]
    Scope(String),
    /// The sign-in is longer ago than so many seconds.
    #[error("sign in again: this needs a sign-in of the last {0} seconds")]
    StepUp(u32),
    /// The account is in none of the groups that may sign in to the client.
    #[error("the account may not sign in to this application")]
    NotAdmitted,
    #[error("this needs a token from login or registration")]
    NotFirstParty,
    /// The credential has ended since the request came.
    #[error("{}", Self::CREDENTIAL_ENDED)]
    CredentialEnded,
}

impl DomainError {
    /// What [`DomainError::CredentialEnded`] says.
    pub const CREDENTIAL_ENDED: &str = "the token has been revoked";

    /// The one administrator there is must stay one.
    pub fn last_admin() -> Self {
        Self::Conflict(
            "this is the last administrator: it cannot be removed, disabled, demoted or left without a password".into(),
        )
    }
}
