//! Accounts.

use std::sync::LazyLock;

use doorward_shared::{ScopeSet, SessionId, UserId};

use super::{
    Store, StoreError,
    account_rows::{any_admin, guard_last_admin, insert, is_taken, update},
    addresses::{self, LinkByMail},
    authority,
    carry_out::is_more_left,
    counts::USER_DELETED,
    endings::{self, Ending, What},
    factor_sessions,
    factors::SeenPassword,
    keys::{self, KeysOf},
    links, mails, roles,
    rows::{self, ROLE_MAY, USER},
    sessions,
    sql::{Connection, OptionalExtension, params},
    unit::Unit,
};
use crate::domain::{
    Account, Act, Cause, Email, NewUser, Refusal, Session, User, UserChange,
    link::LinkKind,
    mail::MailKind,
    rules::{
        account as accounts,
        authority::{self as rule, AccountActs},
    },
};

/// What ends with a password that is set anew: all sessions but one that is kept, and the keys if that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct EndsWithPassword {
    pub keep: Option<SessionId>,
    pub api_keys: bool,
}

impl Store {
    /// Makes an account for somebody who signs up, mails them a link where mail is sent, and signs them in where there is a
    /// session for that, but for whoever must have a second factor.
    ///
    /// # Errors
    /// [`Refusal::EmailTaken`].
    pub async fn sign_up(
        &self,
        new: NewUser,
        session: Option<super::NewSession>,
        link: Option<LinkByMail>,
        cause: Cause,
    ) -> Result<(User, Option<Session>), StoreError> {
        self.write(move |unit| {
            let mut user = insert(unit, new, &cause, "user.registered")?;
            unit.conn
                .prepare_cached("UPDATE users SET signed_up = 1 WHERE id = ?1")?
                .execute([user.id.0.to_bytes()])?;
            if let Some(link) = link {
                addresses::send(unit, LinkKind::SignUp, MailKind::SignUp, &user, link)?;
            }
            // Whoever must have a second factor comes in once they have set one up.
            let session = session.filter(|_| !unit.memory.demands_factor(&user.role));
            let Some(session) = session else {
                return Ok((user, None));
            };
            let may = roles::permissions(unit.conn, &user.role)?.union(&user.permissions);
            let scope = session.scope.clone().unwrap_or(may);
            let opened = sessions::insert(unit, user.id, scope, session, &cause)?;
            user.last_login_at = Some(cause.at);
            Ok((user, Some(opened)))
        })
        .await
    }

    /// Creates an account for an operator. `role_given` says whether they named the role.
    ///
    /// # Errors
    /// [`Refusal::EmailTaken`]; an unknown role is [`Refusal::Invalid`]; as [`rule::create_account`].
    pub async fn create_user(
        &self,
        new: NewUser,
        role_given: bool,
        act: Act,
    ) -> Result<User, StoreError> {
        self.write(move |unit| create(unit, new, role_given, &act))
            .await
    }

    /// Whether an account could be made with an address now.
    ///
    /// # Errors
    /// [`Refusal::EmailTaken`].
    pub async fn may_have_email(&self, email: Email) -> Result<(), StoreError> {
        self.read(move |conn| {
            if is_taken(conn, &email, None)? {
                Err(Refusal::EmailTaken.into())
            } else {
                Ok(())
            }
        })
        .await
    }

    /// Changes an account. Disabling it ends its sessions.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::EmailTaken`], [`Refusal::Conflict`] for the last administrator; as
    /// [`rule::change_account`].
    pub async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        act: Act,
    ) -> Result<User, StoreError> {
        self.write(move |unit| Ok(change_one(unit, id, change, &act)?.1))
            .await
    }

    /// Sets a password, given as a PHC string, and ends what the user had.
    /// With `seen` only if that is still the password, so that of two changes at once one wins.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::PasswordChanged`], [`Refusal::FactorFirst`]; as [`rule::set_password`].
    pub async fn set_password(
        &self,
        id: UserId,
        password: String,
        seen: Option<String>,
        ends: EndsWithPassword,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            // Now: whose password it is may have become an operator while it was hashed.
            let by = authority::judge_password(unit, id, &act)?;
            factor_sessions::demand(unit.conn, &act)?;
            let cause = act.cause(&by);
            let sql =
                "UPDATE users SET password = ?2 WHERE id = ?1 AND (password = ?3 OR ?3 IS NULL)";
            let done =
                unit.conn
                    .prepare_cached(sql)?
                    .execute(params![id.0.to_bytes(), password, seen])?;
            if done == 0 {
                let gone = find(unit.conn, id)?.is_none();
                return Err(if gone {
                    Refusal::NotFound("user")
                } else {
                    Refusal::PasswordChanged
                }
                .into());
            }
            links::end_password_links(unit, id)?;
            sessions::end_all_of(unit, id, ends.keep, cause)?;
            if ends.api_keys {
                keys::end_all(unit, KeysOf::Owner(id), cause)?;
            }
            unit.event(cause, "user.password_changed", Some(&id), Some(id), None)
        })
        .await
    }

    /// Deletes an account; its sessions and keys are revoked, and the keys it minted for others. Their rows are swept later.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Conflict`] for the last administrator; as [`rule::delete_account`].
    pub async fn delete_user(&self, id: UserId, act: Act) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            let found = account(unit.conn, id)?.ok_or(Refusal::NotFound("user"))?;
            rule::delete_account(&by, &found.may)?;
            remove(unit, &found.user, None, act.cause(&by))
        })
        .await
    }

    /// As [`Store::delete_user`], by the person themselves, whose password is still the one that was shown.
    ///
    /// # Errors
    /// [`Refusal::PasswordChanged`], [`Refusal::FactorFirst`], [`Refusal::Conflict`]; as [`rule::delete_own_account`].
    pub async fn delete_own_user(
        &self,
        id: UserId,
        seen: SeenPassword,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            rule::delete_own_account(&by, id)?;
            factor_sessions::demand(unit.conn, &act)?;
            sessions::demand_password(unit, id, &seen.hash, None)?;
            let user = find(unit.conn, id)?.ok_or(Refusal::NotFound("user"))?;
            remove(unit, &user, None, act.cause(&by))
        })
        .await
    }
}

/// Deletes an account; its sessions and keys end.
pub(super) fn remove(
    unit: &mut Unit<'_>,
    user: &User,
    why: Option<&str>,
    cause: &Cause,
) -> Result<(), StoreError> {
    let id = user.id;
    sessions::end_all_of(unit, id, None, cause)?;
    keys::end_all(unit, KeysOf::OwnerAndMinter(id), cause)?;
    let admins = any_admin(unit.conn)?;
    let sql = "DELETE FROM users WHERE id = ?1";
    unit.counted(USER_DELETED, sql, [id.0.to_bytes()])?;
    guard_last_admin(unit.conn, admins)?;
    if is_more_left(unit.conn, Some(id), None)? {
        let rows = Ending {
            what: What::Rows,
            user: Some(id),
            ..Ending::default()
        };
        endings::insert(unit, &rows, cause)?;
    }
    mails::drop_of(unit, id)?;
    unit.changes.users.push(id);
    let email = user.email.as_str();
    let detail = why.map_or_else(|| email.to_owned(), |why| format!("{email}: {why}"));
    unit.event(cause, "user.deleted", Some(&id), Some(id), Some(&detail))
}

pub(super) fn find(conn: &Connection, id: UserId) -> Result<Option<User>, StoreError> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {USER} FROM users AS u WHERE u.id = ?1"));
    Ok(conn
        .prepare_cached(&SQL)?
        .query_row([id.0.to_bytes()], rows::user)
        .optional()?)
}

pub(super) fn account(conn: &Connection, id: UserId) -> Result<Option<Account>, StoreError> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {USER}, {ROLE_MAY} FROM users AS u WHERE u.id = ?1"));
    Ok(conn
        .prepare_cached(&SQL)?
        .query_row([id.0.to_bytes()], rows::account)
        .optional()?)
}

/// Creates an account, as [`Store::create_user`].
pub(super) fn create(
    unit: &mut Unit<'_>,
    new: NewUser,
    role_given: bool,
    act: &Act,
) -> Result<User, StoreError> {
    let by = authority::judge(unit, act)?;
    let wanted = WantedAccount {
        role: new.role.clone(),
        role_given,
        permissions: new.permissions.clone(),
        with_password: new.password.is_some(),
    };
    judge_new(unit.conn, &by, &wanted)?;
    insert(unit, new, act.cause(&by), "user.created")
}

/// Changes an account, as [`Store::change_user`]; answers it before and after.
pub(super) fn change_one(
    unit: &mut Unit<'_>,
    id: UserId,
    change: UserChange,
    act: &Act,
) -> Result<(User, User), StoreError> {
    let by = authority::judge(unit, act)?;
    let before = find(unit.conn, id)?.ok_or(Refusal::NotFound("user"))?;
    judge_change(unit, &by, &before, &change)?;
    let cause = act.cause(&by);
    let mut after = accounts::change(&before, change, cause.at);
    if after == before {
        return Ok((before, after));
    }
    after.updated_at = cause.at;
    update(unit, &before, &after, cause)?;
    Ok((before, after))
}

/// What an account is to start with.
#[derive(Debug)]
pub struct WantedAccount {
    pub role: String,
    /// Whether the role was named: the one that everybody starts with needs no right to give it.
    pub role_given: bool,
    pub permissions: ScopeSet,
    pub with_password: bool,
}

/// Judges who makes an account. The role that everybody starts with needs no right to give it.
pub(super) fn judge_new(
    conn: &Connection,
    by: &rule::Rights,
    new: &WantedAccount,
) -> Result<(), StoreError> {
    roles::must_exist(conn, &new.role)?;
    let may = roles::permissions(conn, &new.role)?.union(&new.permissions);
    let given = if new.role_given {
        &may
    } else {
        &new.permissions
    };
    Ok(rule::create_account(by, &may, given, new.with_password)?)
}

/// Judges who changes an account, against what it may do before and would after.
fn judge_change(
    unit: &Unit<'_>,
    by: &rule::Rights,
    before: &User,
    change: &UserChange,
) -> Result<(), StoreError> {
    let conn = unit.conn;
    let may = |role: &str, own: &ScopeSet| {
        roles::permissions(conn, role).map(|permissions| permissions.union(own))
    };
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
        lets_in: mails::is_mailing(unit) && (new_address || verifies),
    };
    let now = may(&before.role, &before.permissions)?;
    let then = may(role, own)?;
    Ok(rule::change_account(
        by, before.id, &now, &then, &given, acts,
    )?)
}
