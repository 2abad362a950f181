//! User accounts.

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
    /// The user's own permissions, in addition to the role's.
    pub permissions: ScopeSet,
    /// Sorted, without duplicates.
    pub groups: Vec<String>,
    /// Whether the user has proven to own the address, or an operator vouches for it.
    pub email_verified: bool,
    pub disabled_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// When names, address, role or groups last changed.
    pub updated_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
}

impl User {
    /// Whether its user can sign in and its credentials are valid.
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

/// An account and its current permissions, as the hot path reads it.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    /// The role's permissions and the user's own.
    pub may: ScopeSet,
}

/// The data of a new account. Its password is already hashed.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub email: Email,
    /// PHC string. Without one the user cannot sign in until one is set.
    pub password: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: String,
    pub permissions: ScopeSet,
    pub groups: Vec<String>,
    pub email_verified: bool,
    /// Whether the account is created disabled.
    pub disabled: bool,
}

/// Changes to an account; a field that is `None` stays as it is.
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
