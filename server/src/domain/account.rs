//! A person's account.

use doorward_shared::{ScopeSet, Timestamp, UserId};

use super::Email;

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: String,
    /// The user's own, beside the role's.
    pub permissions: ScopeSet,
    /// Sorted, each once.
    pub groups: Vec<String>,
    /// Whether somebody has shown that the address is theirs, or an operator vouches for it.
    pub email_verified: bool,
    pub disabled_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// When names, address, role or groups last changed.
    pub updated_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
}

impl User {
    /// Whether it may be signed in to, and what it has is good.
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

/// An account and what it may do now, as the hot path reads it.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    /// The role's permissions and the user's own.
    pub may: ScopeSet,
}

/// What an account starts with. Its password is hashed already.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub email: Email,
    /// PHC string. Without one nobody can sign in until one is set.
    pub password: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: String,
    pub permissions: ScopeSet,
    pub groups: Vec<String>,
    pub email_verified: bool,
    /// Whether nobody may sign in to it.
    pub disabled: bool,
}

/// What changes of an account; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    pub email: Option<Email>,
    pub first_name: Option<Option<String>>,
    pub last_name: Option<Option<String>>,
    pub role: Option<String>,
    pub permissions: Option<ScopeSet>,
    pub groups: Option<Vec<String>>,
    pub email_verified: Option<bool>,
    pub disabled: Option<bool>,
}
