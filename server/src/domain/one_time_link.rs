//! One-time links and what they authorize.

use doorward_shared::{ScopeSet, Timestamp, UserId, admin::LinkPurpose};

/// The purpose of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// Created by an operator: sets a user's first password, and their name.
    Invite,
    /// Created by an operator: sets a new password.
    Reset,
    /// Requested by a user who has forgotten their password.
    Forgot,
    /// Mailed at sign-up: verifies the account's address, or deletes the account.
    SignUp,
    /// Verifies the account's address.
    Verify,
    /// Changes the account's address to the one it was mailed to.
    Change,
}

impl LinkKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Invite,
        Self::Reset,
        Self::Forgot,
        Self::SignUp,
        Self::Verify,
        Self::Change,
    ];

    /// The name in storage and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Reset => "reset",
            Self::Forgot => "forgot",
            Self::SignUp => "sign-up",
            Self::Verify => "verify",
            Self::Change => "change",
        }
    }

    /// Parses a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether it sets the account's password.
    pub fn sets_password(self) -> bool {
        matches!(self, Self::Invite | Self::Reset | Self::Forgot)
    }
}

impl From<LinkPurpose> for LinkKind {
    fn from(purpose: LinkPurpose) -> Self {
        match purpose {
            LinkPurpose::Invite => Self::Invite,
            LinkPurpose::Reset => Self::Reset,
        }
    }
}

/// An unused link. Only the hash of its token is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub user_id: UserId,
    pub kind: LinkKind,
    /// The address it was mailed to; `None` if it was shown to an operator.
    pub mailed_to: Option<String>,
    /// Its creator's permissions, unless access to the account's address is what authorises it.
    pub maker: Option<LinkCreator>,
    pub expires_at: Timestamp,
}

/// Permissions of a link's creator. A link can be used like a password, so it is valid only as far as its creator's
/// permissions reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkCreator {
    /// At creation.
    pub then: ScopeSet,
    /// Now; `None` if the creator was deleted or disabled.
    pub now: Option<ScopeSet>,
}
