//! The last administrator, whom the server keeps: checked before a change.

use std::collections::BTreeSet;

use doorward_shared::{
    UserId,
    admin::{Role, User},
    client::{Client, ClientError, Filter, ListQuery},
};

/// The role that there is always one of, where nobody tells which others hold `admin`.
const ADMIN: &str = "admin";
/// Accounts of a role that are looked at, and roles: more are never marked at once.
const PAGE_LIMIT: usize = 100;

/// Of these users, were all to go, the one that stays: the last administrator in their order. None where another one is left.
///
/// # Errors
/// [`ClientError`].
pub(super) async fn last_among(
    client: &Client,
    users: &[&User],
) -> Result<Option<UserId>, ClientError> {
    if users.is_empty() {
        return Ok(None);
    }
    let roles = roles(client).await;
    let Some(last) = last(users, &roles) else {
        return Ok(None);
    };
    let gone: BTreeSet<UserId> = users.iter().map(|user| user.id).collect();
    for role in &roles {
        let query = ListQuery::default().limited(PAGE_LIMIT);
        let query = query.with(Filter::Role, role).with(Filter::Disabled, false);
        let left = client.users().list(&query).await?;
        let is_left = |user: &User| !gone.contains(&user.id);
        if left.pagination.total > gone.len() as u64 || left.data.iter().any(is_left) {
            return Ok(None);
        }
    }
    Ok(Some(last))
}

/// The roles that make administrators.
async fn roles(client: &Client) -> Vec<String> {
    let query = ListQuery::default().limited(PAGE_LIMIT);
    match client.roles().list(&query).await {
        Ok(page) => named(page.data),
        // The caller may not see roles.
        Err(_) => vec![ADMIN.into()],
    }
}

fn named(roles: Vec<Role>) -> Vec<String> {
    let make = roles
        .into_iter()
        .filter(|role| role.permissions.covers(ADMIN));
    make.map(|role| role.name).collect()
}

/// The last of them who is an administrator that may sign in.
fn last(users: &[&User], roles: &[String]) -> Option<UserId> {
    let is_admin = |user: &User| roles.contains(&user.role) || user.permissions.covers(ADMIN);
    let mut admins = users.iter().rev();
    let last = admins.find(|user| !user.disabled && is_admin(user))?;
    Some(last.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::user;

    #[test]
    fn the_last_of_the_marked_administrators_stays_and_the_disabled_are_none() {
        let admin = |n: u64| User {
            role: "admin".into(),
            disabled: false,
            ..user(n, "a@example.org")
        };
        let disabled = User {
            disabled: true,
            ..admin(4)
        };
        let by_permission = User {
            permissions: doorward_shared::ScopeSet::parse("admin").unwrap(),
            ..user(5, "p@example.org")
        };
        let customer = user(6, "c@example.org");
        let roles = vec!["admin".to_owned()];
        let (one, two) = (admin(1), admin(2));
        let marked = [&one, &two, &disabled, &customer];
        assert_eq!(last(&marked, &roles), Some(two.id));
        assert_eq!(last(&[&disabled, &customer], &roles), None);
        assert_eq!(last(&[&by_permission], &roles), Some(by_permission.id));
    }
}
