//! Accounts: sign-up, creation, changes, passwords and deletion.

use std::sync::LazyLock;

use doorward_shared::{ScopeSet, SessionId, UserId};

use super::{
    Store, StoreError,
    account_rows::{any_admin, guard_last_admin, insert, is_taken, update},
    authority,
    bulk_revocation_job::is_more_left,
    bulk_revocations::{self, BulkRevocation, RevokedKind},
    email_addresses::{self, LinkByMail},
    factor_sessions,
    factors::SeenPassword,
    keys::{self, KeysOf},
    mails, one_time_links, roles,
    row_counts::USER_DELETED,
    row_mapping::{self, ROLE_MAY, USER},
    sessions,
    sql::{Connection, OptionalExtension, params},
    write_tx::WriteTx,
};
use crate::domain::{
    Account, Act, AuditContext, DomainError, Email, NewUser, Session, User, UserChange,
    mail::MailKind,
    one_time_link::LinkKind,
    rules::{
        account as accounts,
        authority::{self as rule, AccountActs},
    },
};

/// What a new password revokes: all sessions except the one to keep, and the keys if requested.
#[derive(Debug, Clone, Copy)]
pub struct EndsWithPassword {
    pub keep: Option<SessionId>,
    pub api_keys: bool,
}

impl Store {
    /// Creates an account on sign-up, mails a verification link if mail is configured, and opens the given session,
    /// unless the role requires a second factor.
    ///
    /// # Errors
    /// [`DomainError::EmailTaken`].
    pub async fn sign_up(
        &self,
        new: NewUser,
        session: Option<super::NewSession>,
        link: Option<LinkByMail>,
        context: AuditContext,
    ) -> Result<(User, Option<Session>), StoreError> {
        self.write(move |tx| {
            let mut user = insert(tx, new, &context, "user.registered")?;
            tx.conn
                .prepare_cached("UPDATE users SET signed_up = 1 WHERE id = ?1")?
                .execute([user.id.0.to_bytes()])?;
            if let Some(link) = link {
                email_addresses::send(tx, LinkKind::SignUp, MailKind::SignUp, &user, link)?;
            }
            // A user who needs a second factor gets a session after setting one up.
            let session = session.filter(|_| !tx.memory.demands_factor(&user.role));
            let Some(session) = session else {
                return Ok((user, None));
            };
            let may = roles::held(tx.conn, &user.role, &user.permissions)?;
            let scope = session.scope.clone().unwrap_or(may);
            let opened = sessions::insert(tx, user.id, scope, session, &context)?;
            user.last_login_at = Some(context.at);
            Ok((user, Some(opened)))
        })
        .await
    }

    /// Creates an account for an operator. `role_given`: whether the operator named the role.
    ///
    /// # Errors
    /// [`DomainError::EmailTaken`]; an unknown role is [`DomainError::Invalid`]; as [`rule::create_account`].
    pub async fn create_user(
        &self,
        new: NewUser,
        role_given: bool,
        act: Act,
    ) -> Result<User, StoreError> {
        self.write(move |tx| create(tx, new, role_given, &act))
            .await
    }

    /// Checks that an account could be created with this address now.
    ///
    /// # Errors
    /// [`DomainError::EmailTaken`].
    pub async fn may_have_email(&self, email: Email) -> Result<(), StoreError> {
        self.read(move |conn| {
            if is_taken(conn, &email, None)? {
                Err(DomainError::EmailTaken.into())
            } else {
                Ok(())
            }
        })
        .await
    }

    /// Changes an account. Disabling it revokes its sessions.
    ///
    /// # Errors
    /// [`DomainError::NotFound`], [`DomainError::EmailTaken`], [`DomainError::Conflict`] for the last administrator; as
    /// [`rule::change_account`].
    pub async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        act: Act,
    ) -> Result<User, StoreError> {
        self.write(move |tx| Ok(change_one(tx, id, change, &act)?.1))
            .await
    }

    /// Sets a password, given as a PHC string, and revokes the user's credentials. With `seen`, only if `seen` is still
    /// the current password, so that one of two concurrent changes wins.
    ///
    /// # Errors
    /// [`DomainError::NotFound`], [`DomainError::PasswordChanged`], [`DomainError::FactorFirst`]; as [`rule::set_password`].
    pub async fn set_password(
        &self,
        id: UserId,
        password: String,
        seen: Option<String>,
        ends: EndsWithPassword,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            // Checked now: the user may have become an operator while the password was hashed.
            let by = authority::authorize_password(tx, id, &act)?;
            factor_sessions::demand(tx.conn, &act)?;
            let context = act.context(&by);
            let sql =
                "UPDATE users SET password = ?2 WHERE id = ?1 AND (password = ?3 OR ?3 IS NULL)";
            let done =
                tx.conn
                    .prepare_cached(sql)?
                    .execute(params![id.0.to_bytes(), password, seen])?;
            if done == 0 {
                let gone = find(tx.conn, id)?.is_none();
                return Err(if gone {
                    DomainError::NotFound("user")
                } else {
                    DomainError::PasswordChanged
                }
                .into());
            }
            one_time_links::end_password_links(tx, id)?;
            sessions::end_all_of(tx, id, ends.keep, context)?;
            if ends.api_keys {
                keys::end_all(tx, KeysOf::Owner(id), context)?;
            }
            tx.event(context, "user.password_changed", Some(&id), Some(id), None)
        })
        .await
    }

    /// Deletes an account and revokes its sessions, its keys and the keys it minted for others. Their rows are deleted
    /// later.
    ///
    /// # Errors
    /// [`DomainError::NotFound`], [`DomainError::Conflict`] for the last administrator; as [`rule::delete_account`].
    pub async fn delete_user(&self, id: UserId, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            let found = account(tx.conn, id)?.ok_or(DomainError::NotFound("user"))?;
            rule::delete_account(&by, &found.may)?;
            remove(tx, &found.user, None, act.context(&by))
        })
        .await
    }

    /// As [`Store::delete_user`], by the user, if the verified password is still the current one.
    ///
    /// # Errors
    /// [`DomainError::PasswordChanged`], [`DomainError::FactorFirst`], [`DomainError::Conflict`]; as [`rule::delete_own_account`].
    pub async fn delete_own_user(
        &self,
        id: UserId,
        seen: SeenPassword,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::delete_own_account(&by, id)?;
            factor_sessions::demand(tx.conn, &act)?;
            sessions::demand_password(tx, id, &seen.hash, None)?;
            let user = find(tx.conn, id)?.ok_or(DomainError::NotFound("user"))?;
            remove(tx, &user, None, act.context(&by))
        })
        .await
    }
}

/// Deletes an account; its sessions and keys are revoked.
pub(super) fn remove(
    tx: &mut WriteTx<'_>,
    user: &User,
    why: Option<&str>,
    context: &AuditContext,
) -> Result<(), StoreError> {
    let id = user.id;
    sessions::end_all_of(tx, id, None, context)?;
    keys::end_all(tx, KeysOf::OwnerAndMinter(id), context)?;
    let admins = any_admin(tx.conn)?;
    let sql = "DELETE FROM users WHERE id = ?1";
    tx.counted(USER_DELETED, sql, [id.0.to_bytes()])?;
    guard_last_admin(tx.conn, admins)?;
    if is_more_left(tx.conn, Some(id), None)? {
        let rows = BulkRevocation {
            what: RevokedKind::Rows,
            user: Some(id),
            ..BulkRevocation::default()
        };
        bulk_revocations::insert(tx, &rows, context)?;
    }
    mails::drop_of(tx, id)?;
    tx.changes.users.push(id);
    let email = user.email.as_str();
    let detail = why.map_or_else(|| email.to_owned(), |why| format!("{email}: {why}"));
    tx.event(context, "user.deleted", Some(&id), Some(id), Some(&detail))
}

pub(super) fn find(conn: &Connection, id: UserId) -> Result<Option<User>, StoreError> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {USER} FROM users AS u WHERE u.id = ?1"));
    Ok(conn
        .prepare_cached(&SQL)?
        .query_row([id.0.to_bytes()], row_mapping::user)
        .optional()?)
}

pub(super) fn account(conn: &Connection, id: UserId) -> Result<Option<Account>, StoreError> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {USER}, {ROLE_MAY} FROM users AS u WHERE u.id = ?1"));
    Ok(conn
        .prepare_cached(&SQL)?
        .query_row([id.0.to_bytes()], row_mapping::account)
        .optional()?)
}

/// Creates an account, as [`Store::create_user`].
pub(super) fn create(
    tx: &mut WriteTx<'_>,
    new: NewUser,
    role_given: bool,
    act: &Act,
) -> Result<User, StoreError> {
    let by = authority::authorize(tx, act)?;
    let wanted = WantedAccount {
        role: new.role.clone(),
        role_given,
        permissions: new.permissions.clone(),
        with_password: new.password.is_some(),
    };
    validate_new(tx.conn, &by, &wanted)?;
    insert(tx, new, act.context(&by), "user.created")
}

/// Changes an account, as [`Store::change_user`]; returns it before and after.
pub(super) fn change_one(
    tx: &mut WriteTx<'_>,
    id: UserId,
    change: UserChange,
    act: &Act,
) -> Result<(User, User), StoreError> {
    let by = authority::authorize(tx, act)?;
    let before = find(tx.conn, id)?.ok_or(DomainError::NotFound("user"))?;
    validate_change(tx, &by, &before, &change)?;
    let context = act.context(&by);
    let mut after = accounts::change(&before, change, context.at);
    if after == before {
        return Ok((before, after));
    }
    after.updated_at = context.at;
    update(tx, &before, &after, context)?;
    Ok((before, after))
}

/// A requested new account.
#[derive(Debug)]
pub struct WantedAccount {
    pub role: String,
    /// Whether the role was named: assigning the default role requires no right.
    pub role_given: bool,
    pub permissions: ScopeSet,
    pub with_password: bool,
}

/// Authorizes the creation of an account. Assigning the default role requires no right.
pub(super) fn validate_new(
    conn: &Connection,
    by: &rule::Rights,
    new: &WantedAccount,
) -> Result<(), StoreError> {
    roles::must_exist(conn, &new.role)?;
    let may = roles::held(conn, &new.role, &new.permissions)?;
    let given = if new.role_given {
        &may
    } else {
        &new.permissions
    };
    Ok(rule::create_account(by, &may, given, new.with_password)?)
}

/// Authorizes a change of an account, against its permissions before and after.
fn validate_change(
    tx: &WriteTx<'_>,
    by: &rule::Rights,
    before: &User,
    change: &UserChange,
) -> Result<(), StoreError> {
    let conn = tx.conn;
    let mut given = change.permissions.clone().unwrap_or_default();
    if let Some(role) = &change.role {
        roles::must_exist(conn, role)?;
        given = given.union(&roles::permissions(conn, role)?);
    }
    let role = change.role.as_ref().unwrap_or(&before.role);
    let own = change.permissions.as_ref().unwrap_or(&before.permissions);
    let email = change.email.as_ref();
    let new_address = email.is_some_and(|email| email.as_str() != before.email.as_str());
    let verified = change.email_verified;
    let verifies = verified.is_some_and(|verified| verified != before.email_verified);
    let acts = AccountActs {
        guarded: change.email.is_some()
            || change.role.is_some()
            || change.permissions.is_some()
            || change.groups.is_some()
            || change.email_verified.is_some()
            || change.disabled.is_some(),
        lets_in: mails::is_mailing(tx) && (new_address || verifies),
    };
    let now = roles::held(conn, &before.role, &before.permissions)?;
    let then = roles::held(conn, role, own)?;
    Ok(rule::change_account(
        by, before.id, &now, &then, &given, acts,
    )?)
}
