//! Fixtures shared by the tests of several rules.

use doorward_shared::{ScopeSet, Timestamp, UserId};
use ulid::Ulid;

use crate::domain::{Account, Email, User};

pub(crate) const NOW: Timestamp = Timestamp(1_764_000_000_000);
pub(crate) const USER: UserId = UserId(Ulid(7));

pub(crate) fn set(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

/// Ada's account, with these permissions.
pub(crate) fn account(may: &str) -> Account {
    Account {
        user: User {
            id: USER,
            email: Email::parse("ada@example.com").unwrap(),
            first_name: None,
            last_name: None,
            role: "x".into(),
            permissions: ScopeSet::default(),
            groups: Vec::new(),
            email_verified: false,
            disabled_at: None,
            created_at: NOW,
            updated_at: NOW,
            last_login_at: None,
        },
        may: set(may),
    }
}
