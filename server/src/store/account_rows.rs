//! Inserts and updates of account rows, and the consequences of an update.

use doorward_shared::{Timestamp, UserId};

use super::{
    StoreError, email_addresses, group_access, key_rows, mails, one_time_links, roles,
    row_counts::USER_ADDED,
    sessions,
    sql::{Connection, params},
    write_tx::{NewEvent, WriteTx},
};
use crate::domain::{
    Actor, AuditContext, DomainError, Email, NewUser, User,
    mail::MailKind,
    rules::account::{self as rule, AnyAdministrator, SignInEffect},
};

/// Inserts an account.
pub(super) fn insert(
    tx: &mut WriteTx<'_>,
    new: NewUser,
    context: &AuditContext,
    action: &str,
) -> Result<User, StoreError> {
    let id = UserId(tx.id(context.at));
    check_new(&new.email)?;
    if is_taken(tx.conn, &new.email, None)? {
        return Err(DomainError::EmailTaken.into());
    }
    roles::must_exist(tx.conn, &new.role)?;
    let sql = "INSERT INTO users (id, email, email_key, first_name, last_name, role, permissions, password, created_at, \
               group_names, email_verified, disabled_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    tx.counted(
        USER_ADDED,
        sql,
        params![
            id.0.to_bytes(),
            new.email.as_str(),
            new.email.key(),
            new.first_name,
            new.last_name,
            new.role,
            new.permissions.to_string(),
            new.password,
            context.at.0,
            new.groups.join(" "),
            new.email_verified,
            new.disabled.then_some(context.at.0)
        ],
    )?;
    tx.changes.users.push(id);
    let detail = new.disabled.then_some("disabled");
    tx.event(context, action, Some(&id), Some(id), detail)?;
    Ok(User {
        id,
        email: new.email,
        first_name: new.first_name,
        last_name: new.last_name,
        role: new.role,
        permissions: new.permissions,
        groups: new.groups,
        email_verified: new.email_verified,
        disabled_at: new.disabled.then_some(context.at),
        created_at: context.at,
        updated_at: context.at,
        last_login_at: None,
    })
}

/// Whether an account other than `own` has this address. Two accounts may share an address: the second has a key that
/// starts with the shared one, see [`Email::key_beside`].
pub(super) fn is_taken(
    conn: &Connection,
    email: &Email,
    own: Option<UserId>,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE (id <> ?1 OR ?1 IS NULL) \
               AND (email_key = ?2 OR (email_key >= ?3 AND email_key < ?4)))";
    let beside = Email::key_beside(email.key(), "");
    // `!` is the character after the space at the end.
    let end = format!("{}!", beside.trim_end());
    let found = params![own.map(|id| id.0.to_bytes()), email.key(), beside, end];
    Ok(conn
        .prepare_cached(sql)?
        .query_row(found, |row| row.get(0))?)
}

/// Checks that an account may take an address.
///
/// # Errors
/// [`DomainError::EmailTaken`], [`DomainError::Invalid`].
pub(super) fn check_address(
    conn: &Connection,
    email: &Email,
    user: &User,
) -> Result<(), StoreError> {
    check_new(email)?;
    if is_taken(conn, email, Some(user.id))? {
        Err(DomainError::EmailTaken.into())
    } else {
        Ok(())
    }
}

fn check_new(email: &Email) -> Result<(), StoreError> {
    let refused = |reason: &str| DomainError::Invalid {
        field: "email",
        reason: reason.into(),
    };
    Ok(email.check_new().map_err(refused)?)
}

/// Writes a changed account and applies the consequences of the change.
pub(super) fn update(
    tx: &mut WriteTx<'_>,
    before: &User,
    after: &User,
    context: &AuditContext,
) -> Result<(), StoreError> {
    if before.email != after.email {
        // An older account may keep an address that would be rejected for a new one.
        check_address(tx.conn, &after.email, after)?;
        one_time_links::end_all_of(tx, after.id)?;
    }
    roles::must_exist(tx.conn, &after.role)?;
    let admins = any_admin(tx.conn)?;
    write(tx.conn, after, context.at)?;
    guard_last_admin(tx.conn, admins)?;
    tx.changes.users.push(after.id);
    let id = after.id;
    match rule::access(before, after) {
        SignInEffect::Ends => {
            one_time_links::end_all_of(tx, id)?;
            key_rows::end_shown_to(tx, Actor::User(id))?;
            sessions::end_all_of(tx, id, None, context)?;
            tx.event(context, "user.disabled", Some(&id), Some(id), None)?;
        }
        SignInEffect::Returns => tx.event(context, "user.enabled", Some(&id), Some(id), None)?,
        SignInEffect::Stays => {}
    }
    if before.email != after.email {
        mails::notice(tx, MailKind::EmailChanged, before, context, |mail| {
            mail.about = email_addresses::told_address(before, &after.email);
        })?;
    }
    if before.groups != after.groups {
        group_access::left_groups(tx, before, after, context)?;
    }
    let diff = rule::diff(before, after);
    if diff.is_empty() {
        Ok(())
    } else {
        let happened = NewEvent {
            action: "user.updated",
            target: Some(&id),
            user: Some(id),
            detail: None,
        };
        tx.changed(context, happened, &diff)
    }
}

/// Updates the row of an account.
fn write(conn: &Connection, after: &User, now: Timestamp) -> Result<(), StoreError> {
    conn.prepare_cached(
            "UPDATE users SET email = ?2, email_key = ?3, first_name = ?4, last_name = ?5, role = ?6, permissions = ?7, \
             disabled_at = ?8, group_names = ?9, updated_at = ?11, \
             verified_at = CASE WHEN ?10 = 1 AND (email_verified = 0 OR email <> ?2) THEN ?12 ELSE verified_at END, \
             email_verified = ?10 WHERE id = ?1",
        )?
        .execute(params![
            after.id.0.to_bytes(),
            after.email.as_str(),
            after.email.key(),
            after.first_name,
            after.last_name,
            after.role,
            after.permissions.to_string(),
            after.disabled_at.map(|at| at.0),
            after.groups.join(" "),
            after.email_verified,
            after.updated_at.0,
            now.0
        ])?;
    Ok(())
}

/// Whether an enabled user has the `admin` permission.
pub(super) fn any_admin(conn: &Connection) -> Result<bool, StoreError> {
    any_admin_who(conn, "u.disabled_at IS NULL")
}

/// As [`any_admin`], but only users who can sign in with a password.
pub(super) fn any_admin_with_password(conn: &Connection) -> Result<bool, StoreError> {
    any_admin_who(conn, "u.disabled_at IS NULL AND u.password IS NOT NULL")
}

fn any_admin_who(conn: &Connection, condition: &str) -> Result<bool, StoreError> {
    // `admin` may come from the role or from the user's own permissions; both halves have an index.
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM roles r JOIN users u ON u.role = r.name \
           WHERE ' ' || r.permissions || ' ' LIKE '% admin %' AND {condition}) \
         OR EXISTS (SELECT 1 FROM users u WHERE u.permissions <> '' \
           AND ' ' || u.permissions || ' ' LIKE '% admin %' AND {condition})"
    );
    Ok(conn.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
}

/// Refuses to remove the last administrator.
pub(super) fn guard_last_admin(conn: &Connection, before: bool) -> Result<(), StoreError> {
    let after = any_admin(conn)?;
    Ok(rule::keeps_an_administrator(AnyAdministrator {
        before,
        after,
    })?)
}
