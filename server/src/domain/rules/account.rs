//! Rules for changing an account, and for keeping at least one administrator.

use doorward_shared::Timestamp;

use crate::domain::{Diff, DiffValue, DomainError, User, UserChange};

/// The account after a change.
pub fn change(before: &User, change: UserChange, now: Timestamp) -> User {
    let mut user = before.clone();
    // The same address again changes nothing, including the key by which the account is found.
    let email = change.email;
    if let Some(email) = email.filter(|email| email.as_str() != user.email.as_str()) {
        user.email = email;
        // The change itself states whether the new address is verified: the old address's state does not carry over.
        user.email_verified = false;
    }
    if let Some(first_name) = change.first_name {
        user.first_name = first_name;
    }
    if let Some(last_name) = change.last_name {
        user.last_name = last_name;
    }
    if let Some(role) = change.role {
        user.role = role;
    }
    if let Some(permissions) = change.permissions {
        user.permissions = permissions;
    }
    if let Some(groups) = change.groups {
        user.groups = groups;
    }
    if let Some(verified) = change.email_verified {
        user.email_verified = verified;
    }
    match change.disabled {
        Some(true) if user.disabled_at.is_none() => user.disabled_at = Some(now),
        Some(false) => user.disabled_at = None,
        _ => {}
    }
    user
}

/// Effect of a change on whether the user may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInEffect {
    /// The account's sessions end.
    Ends,
    Returns,
    Stays,
}

/// Effect of a change from `before` to `after` on whether the user may sign in.
pub fn access(before: &User, after: &User) -> SignInEffect {
    match (before.disabled_at, after.disabled_at) {
        (None, Some(_)) => SignInEffect::Ends,
        (Some(_), None) => SignInEffect::Returns,
        _ => SignInEffect::Stays,
    }
}

/// The diff for the audit log.
pub fn diff(before: &User, after: &User) -> Diff {
    let mut diff = Diff::default();
    let (first, last) = (before.first_name.as_deref(), before.last_name.as_deref());
    diff.note("email", before.email.as_str(), after.email.as_str())
        .note("firstName", first, after.first_name.as_deref())
        .note("lastName", last, after.last_name.as_deref())
        .note("role", before.role.as_str(), after.role.as_str())
        .note(
            "permissions",
            DiffValue::list(&before.permissions),
            DiffValue::list(&after.permissions),
        )
        .note(
            "groups",
            DiffValue::list(&before.groups),
            DiffValue::list(&after.groups),
        )
        .note("emailVerified", before.email_verified, after.email_verified);
    diff
}

/// Whether an active administrator exists, before and after a change.
#[derive(Debug, Clone, Copy)]
pub struct AnyAdministrator {
    pub before: bool,
    pub after: bool,
}

/// An active administrator that existed before must still exist after the change.
///
/// # Errors
/// [`DomainError::Conflict`].
pub fn keeps_an_administrator(any: AnyAdministrator) -> Result<(), DomainError> {
    if any.before && !any.after {
        Err(DomainError::last_admin())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::{ScopeSet, UserId};
    use proptest::prelude::*;
    use ulid::Ulid;

    use super::*;
    use crate::domain::Email;

    const NOW: Timestamp = Timestamp(1_000);

    fn name() -> impl Strategy<Value = Option<String>> {
        prop::option::of(prop_oneof![Just("Ada".to_owned()), Just("Bo".to_owned())])
    }

    fn email() -> impl Strategy<Value = Email> {
        prop_oneof![Just("a@example.com"), Just("b@example.com")]
            .prop_map(|text| Email::parse(text).unwrap())
    }

    prop_compose! {
        fn user()(email in email(), first_name in name(), disabled in any::<bool>()) -> User {
            User {
                id: UserId(Ulid(1)),
                email,
                first_name,
                last_name: None,
                role: "customer".into(),
                permissions: ScopeSet::default(),
                groups: Vec::new(),
                email_verified: false,
                disabled_at: disabled.then_some(Timestamp(5)),
                created_at: Timestamp(0),
                updated_at: Timestamp(0),
                last_login_at: None,
            }
        }
    }

    prop_compose! {
        fn a_change()(
            email in prop::option::of(email()), first_name in prop::option::of(name()),
            role in prop::option::of(Just("admin".to_owned())), disabled in prop::option::of(any::<bool>()),
            groups in prop::option::of(Just(vec!["staff".to_owned()])), email_verified in prop::option::of(any::<bool>())
        ) -> UserChange {
            UserChange { email, first_name, role, groups, email_verified, disabled, ..UserChange::default() }
        }
    }

    proptest! {
        #[test]
        fn a_change_holds_and_made_again_changes_nothing(before in user(), asked in a_change()) {
            let after = change(&before, asked.clone(), NOW);
            prop_assert_eq!(&change(&after, asked.clone(), NOW.plus_seconds(9)), &after);
            prop_assert!(asked.disabled.is_none_or(|disabled| after.disabled_at.is_some() == disabled));
            prop_assert!(asked.role.is_none_or(|role| after.role == role));
            prop_assert_eq!((after.id, after.created_at), (before.id, before.created_at));
        }

        #[test]
        fn access_ends_exactly_where_somebody_is_disabled_who_was_not(before in user(), asked in a_change()) {
            let disabled = asked.disabled;
            let after = change(&before, asked, NOW);
            let ends = before.disabled_at.is_none() && disabled == Some(true);
            prop_assert_eq!(access(&before, &after) == SignInEffect::Ends, ends);
            let returns = before.disabled_at.is_some() && disabled == Some(false);
            prop_assert_eq!(access(&before, &after) == SignInEffect::Returns, returns);
            // Disabling an account again keeps the time since when it is disabled.
            prop_assert!(before.disabled_at.is_none() || after.disabled_at.is_none_or(|at| at == Timestamp(5)));
        }

        #[test]
        fn the_log_tells_a_change_of_what_it_names_and_no_other(before in user(), asked in a_change()) {
            let after = change(&before, asked, NOW);
            let same = User { disabled_at: before.disabled_at, ..after.clone() } == before;
            prop_assert_eq!(diff(&before, &after).is_empty(), same);
        }
    }

    #[test]
    fn another_address_is_verified_only_where_the_change_says_so() {
        let address = |text: &str| Email::parse(text).ok();
        let before = User {
            email: address("a@example.com").unwrap(),
            email_verified: true,
            ..crate::domain::rules::fixtures::account("read").user
        };
        for (email, said, verified) in [
            ("a@example.com", None, true),
            ("b@example.com", None, false),
            ("b@example.com", Some(true), true),
        ] {
            let asked = UserChange {
                email: address(email),
                email_verified: said,
                ..UserChange::default()
            };
            assert_eq!(change(&before, asked, NOW).email_verified, verified);
        }
    }

    #[test]
    fn the_last_administrator_stays() {
        for (before, after, may) in [
            (true, false, false),
            (true, true, true),
            (false, false, true),
            (false, true, true),
        ] {
            let any = AnyAdministrator { before, after };
            assert_eq!(keeps_an_administrator(any).is_ok(), may);
        }
    }
}
