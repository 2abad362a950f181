//! Rules for a role's permissions, and for deleting roles.

use doorward_shared::ScopeSet;

use crate::domain::{DomainError, Role, role::ADMIN};

/// Whether a role may be given these permissions: `admin` keeps `admin`, so that an administrator can still be created.
///
/// # Errors
/// [`DomainError::Conflict`].
pub fn put(name: &str, permissions: &ScopeSet) -> Result<(), DomainError> {
    if name == ADMIN && !permissions.covers("admin") {
        return Err(DomainError::Conflict(
            "the role admin keeps its permission admin".into(),
        ));
    }
    Ok(())
}

/// State of a role that an operator wants to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleUsage {
    Missing,
    /// At least one account has it.
    Used,
    Unused,
}

/// Whether a role may be deleted.
///
/// # Errors
/// [`DomainError::NotFound`]; [`DomainError::Conflict`] for a built-in one and one in use.
pub fn delete(name: &str, standing: RoleUsage) -> Result<(), DomainError> {
    match standing {
        RoleUsage::Missing => Err(DomainError::NotFound("role")),
        _ if Role::is_built_in(name) => Err(DomainError::Conflict(format!(
            "the role {name} is built in"
        ))),
        RoleUsage::Used => Err(DomainError::Conflict(format!(
            "some users have the role {name}"
        ))),
        RoleUsage::Unused => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::subsequence};

    use super::*;

    fn name() -> impl Strategy<Value = &'static str> {
        prop_oneof![Just("admin"), Just("customer"), Just("clerk")]
    }

    proptest! {
        #[test]
        fn the_role_admin_always_has_admin(
            name in name(), some in subsequence(vec!["admin", "admin:users", "read"], 0..=3)
        ) {
            let permissions = ScopeSet::parse(&some.join(" ")).unwrap();
            let refused = put(name, &permissions).is_err();
            prop_assert_eq!(refused, name == "admin" && !some.contains(&"admin"));
        }

        #[test]
        fn only_what_nobody_has_and_is_not_built_in_is_deleted(
            name in name(), standing in prop_oneof![Just(RoleUsage::Missing), Just(RoleUsage::Used), Just(RoleUsage::Unused)]
        ) {
            let done = delete(name, standing).is_ok();
            prop_assert_eq!(done, standing == RoleUsage::Unused && name == "clerk");
            let missing = delete(name, standing) == Err(DomainError::NotFound("role"));
            prop_assert_eq!(missing, standing == RoleUsage::Missing);
        }
    }
}
