//! Roles: named lists of permissions.

use doorward_shared::ScopeSet;

/// The default role of every new account.
pub const CUSTOMER: &str = "customer";
/// The role with every permission.
pub const ADMIN: &str = "admin";

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    pub name: String,
    pub permissions: ScopeSet,
    /// Number of users who have it.
    pub users: u64,
}

impl Role {
    /// `customer` and `admin` cannot be deleted.
    pub fn is_built_in(name: &str) -> bool {
        matches!(name, CUSTOMER | ADMIN)
    }
}

/// A role's name: 1 to 64 of `a-z 0-9 - _`, starting with a letter.
pub fn name_ok(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}
