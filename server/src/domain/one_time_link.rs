//! One-time links: what whoever opens one may do.

use doorward_shared::{ScopeSet, Timestamp, UserId, admin::LinkPurpose};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// An operator made it: it sets somebody's first password, and their name.
    Invite,
    /// An operator made it: it sets another password.
    Reset,
    /// Asked for by somebody who has forgotten their password.
    Forgot,
    /// Of a sign-up: it verifies the account's address, or deletes the account.
    SignUp,
    /// It verifies the account's address.
    Verify,
    /// It changes the account's address to the one it was mailed to.
    Change,
}

impl LinkKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Invite,
        Self::Reset,
        Self::Forgot,
        Self::SignUp,
        Self::Verify,
        Self::Change,
    ];

    /// As it is stored, and as events tell it.
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

    /// The kind of this name.
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

/// A link that was not used yet. Its token is known by its hash alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub user_id: UserId,
    pub kind: LinkKind,
    /// The address it was mailed to; none where it was shown to an operator.
    pub mailed_to: Option<String>,
    /// Who made it, where the account's address does not vouch for it.
    pub maker: Option<Maker>,
    pub expires_at: Timestamp,
}

/// What whoever made a link may do. A link lets in like a password: it is worth no more than who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// When they made it.
    pub then: ScopeSet,
    /// As it is now; none where they are gone, or let in no more.
    pub now: Option<ScopeSet>,
}
