//! Accounts.

use std::{
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use doorward_shared::{Page, ScopeSet, UserId};
use rusqlite::{Connection, OptionalExtension, params, types::Value};

use super::{
    Store, StoreError,
    addresses::{self, LinkByMail},
    admission, authority,
    carry_out::is_more_left,
    endings::{self, Ending, What},
    factors::{SeenPassword, with_factor},
    keys::{self, KeysOf},
    links,
    list::{Filter, List, ListQuery, folded},
    mails,
    memory::through,
    roles,
    rows::{self, USER, ip_bytes},
    sessions,
    writer::Unit,
};
use crate::domain::{
    Account, Act, Cause, Email, NewUser, Refusal, Session, User, UserChange, household,
    link::LinkKind,
    mail::MailKind,
    rules::{
        account::{self as accounts, Access},
        authority::{self as rule, AccountActs},
    },
};

/// What a sign-in is checked against.
#[derive(Debug, Clone)]
pub struct LoginRecord {
    pub user_id: UserId,
    /// PHC string; none when no password is set.
    pub password: Option<String>,
    pub disabled: bool,
    pub email_verified: bool,
    /// Whether the address has signed in to this account before.
    pub known_address: bool,
    /// Whether a second factor is set up.
    pub has_factor: bool,
    pub role: String,
    /// How often sign-ins of the account that were under way have ended.
    pub sign_ins_ended: i64,
}

/// What a password is checked against.
#[derive(Debug, Clone)]
pub struct LoginFacts {
    /// None where nobody has the address.
    pub account: Option<LoginRecord>,
    /// A hash of the dearest kind that is stored: with or without an account a check costs as much.
    pub dearest: Option<String>,
}

/// The first entry of the index `users_password_cost`.
const DEAREST: &str = "SELECT password FROM users WHERE password IS NOT NULL ORDER BY \
     CAST(substr(password, instr(password, '$m=') + 3) AS INTEGER) \
     * CAST(substr(password, instr(password, ',t=') + 3) AS INTEGER) DESC LIMIT 1";

/// Which users a list holds.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    pub role: Option<String>,
    pub disabled: Option<bool>,
    /// Those of [`Email::keys_of`]: the one account that a sign-in with the address means.
    pub email: Option<[String; 2]>,
}

const LIST: List<User> = List {
    from: "users AS u",
    columns: USER,
    id: "u.id",
    kept: Some("users"),
    sorts: &[
        ("id", "u.id"),
        // Ids come in the order of creation.
        ("createdAt", "u.id"),
        ("email", "u.email_key"),
        ("lastLoginAt", "coalesce(u.last_login_at, 0)"),
        ("role", "u.role"),
        ("firstName", "coalesce(u.first_name, '')"),
        ("lastName", "coalesce(u.last_name, '')"),
    ],
    row: rows::user,
};

impl Store {
    /// The account and what it may do now. From memory once it was asked for.
    pub async fn account(&self, id: UserId) -> Result<Option<Arc<Account>>, StoreError> {
        let memory = self.memory();
        through(&memory.busy_accounts, &id, async {
            if let Some(packed) = memory.accounts.get(&id) {
                return Ok(Some(Arc::new(packed.unpacked(id))));
            }
            let place = match memory.accounts.get_value_or_guard_async(&id).await {
                Ok(packed) => return Ok(Some(Arc::new(packed.unpacked(id)))),
                Err(place) => place,
            };
            let found = self.read(move |conn| account(conn, id)).await?;
            // What is not there is not kept, so that guesses cannot push out what is.
            if let Some(packed) = found.as_ref().and_then(|found| memory.packed(found)) {
                let _ = place.insert(packed);
            }
            Ok(found.map(Arc::new))
        })
        .await
    }

    /// What a sign-in from `ip` is checked against; `keys` are those of [`Email::keys_of`].
    pub async fn login_facts(
        &self,
        keys: [String; 2],
        ip: IpAddr,
    ) -> Result<LoginFacts, StoreError> {
        self.read(move |conn| {
            const FOUND: &str = concat!(
                "SELECT u.id, u.password, u.disabled_at IS NOT NULL, \
                 EXISTS (SELECT 1 FROM user_addresses a WHERE a.user_id = u.id AND a.ip = ?3), ",
                with_factor!("u.id"),
                ", u.sign_ins_ended, u.role, u.email_verified FROM users u WHERE u.email_key IN (?1, ?2) ORDER BY u.email_key = ?1 DESC LIMIT 1"
            );
            let [beside, key] = keys;
            let found = conn.prepare_cached(FOUND)?.query_row(
                params![beside, key, ip_bytes(household(ip))],
                |row| {
                    Ok(LoginRecord {
                        user_id: UserId(rows::ulid(row, 0)?),
                        password: row.get(1)?,
                        disabled: row.get(2)?,
                        known_address: row.get(3)?,
                        has_factor: row.get(4)?,
                        sign_ins_ended: row.get(5)?,
                        role: row.get(6)?,
                        email_verified: row.get(7)?,
                    })
                },
            );
            let account = found.optional()?;
            let dearest = conn
                .prepare_cached(DEAREST)?
                .query_row([], |row| row.get(0))
                .optional()?;
            Ok(LoginFacts { account, dearest })
        })
        .await
    }

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
                let kinds = (LinkKind::SignUp, MailKind::SignUp);
                addresses::send(unit, kinds, &user, link)?;
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
        self.read(move |conn| match is_taken(conn, &email, None)? {
            true => Err(Refusal::EmailTaken.into()),
            false => Ok(()),
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

    /// Sets a password, given as a PHC string, and ends the user's sessions but `keep`, with `api_keys` their keys too.
    /// With `seen` only if that is still the password, so that of two changes at once one wins.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::PasswordChanged`]; as [`rule::set_password`].
    pub async fn set_password(
        &self,
        id: UserId,
        password: String,
        seen: Option<String>,
        (keep, api_keys): (Option<doorward_shared::SessionId>, bool),
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            // Now: whose password it is may have become an operator while it was hashed.
            let by = authority::judge_password(unit, id, &act)?;
            let cause = act.cause(&by);
            let sql =
                "UPDATE users SET password = ?2 WHERE id = ?1 AND (?3 IS NULL OR password = ?3)";
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
            links::end_with_password(unit, id)?;
            sessions::end_all_of(unit, id, keep, cause)?;
            if api_keys {
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
    /// [`Refusal::PasswordChanged`], [`Refusal::Conflict`]; as [`rule::delete_own_account`].
    pub async fn delete_own_user(
        &self,
        id: UserId,
        seen: SeenPassword,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            rule::delete_own_account(&by, id)?;
            sessions::demand_password(unit, id, &seen.hash, None)?;
            let user = find(unit.conn, id)?.ok_or(Refusal::NotFound("user"))?;
            remove(unit, &user, None, act.cause(&by))
        })
        .await
    }

    /// A page of users. `q` is looked for in addresses and names.
    pub async fn users(
        &self,
        filter: UserFilter,
        query: ListQuery,
    ) -> Result<Page<User>, StoreError> {
        let order = LIST.order(&query)?;
        self.read(move |conn| {
            let mut conditions = Filter::default();
            if let Some(role) = filter.role {
                conditions.and("u.role = ?", [Value::Text(role)]);
            }
            if let Some(disabled) = filter.disabled {
                conditions.and(
                    if disabled {
                        "u.disabled_at IS NOT NULL"
                    } else {
                        "u.disabled_at IS NULL"
                    },
                    [],
                );
            }
            if let Some([first, second]) = filter.email {
                conditions.and(
                    "u.id = (SELECT id FROM users WHERE email_key IN (?, ?) ORDER BY email_key = ? DESC LIMIT 1)",
                    [first.clone(), second, first].map(Value::Text),
                );
            }
            if let Some(q) = query.q.as_deref().filter(|q| !q.is_empty()) {
                search(&mut conditions, q);
            }
            LIST.page(conn, conditions, &query, order)
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
    unit.conn
        .prepare_cached("DELETE FROM users WHERE id = ?1")?
        .execute([id.0.to_bytes()])?;
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

/// Users that a search finds, at most. What matches more often wants more letters.
const FOUND: u32 = 2000;

fn search(conditions: &mut Filter, q: &str) {
    if let Ok(id) = q.parse::<UserId>() {
        conditions.and("u.id = ?", [Value::Blob(id.0.to_bytes().to_vec())]);
    } else {
        let (found, text) = matching(q, FOUND);
        conditions.and(found, [text]);
        conditions.bounded(FOUND);
        if is_short(q) {
            conditions.among(FOUND);
        }
    }
}

/// Whether a text is too short for the trigram index.
fn is_short(q: &str) -> bool {
    q.chars().count() < 3
}

/// A condition on `users AS u` that holds for the newest `most` users whose address or name contains `q`, and its one
/// value. From three characters on the trigram index answers; of shorter text only the newest users are read.
pub(super) fn matching(q: &str, most: u32) -> (String, Value) {
    if !is_short(q) {
        let found = format!(
            "u.rid IN (SELECT rowid FROM users_text WHERE users_text MATCH ? ORDER BY rowid DESC LIMIT {most})"
        );
        (
            found,
            Value::Text(format!("\"{}\"", q.replace('"', "\"\""))),
        )
    } else {
        let found = format!(
            "u.rid IN (SELECT rid FROM (SELECT rid, email || char(10) || coalesce(first_name, '') || char(10) || \
             coalesce(last_name, '') AS text FROM users ORDER BY rid DESC LIMIT {most}) \
             WHERE instr(fold(text), ?) > 0)"
        );
        (found, folded(q))
    }
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
    let Some(user) = find(conn, id)? else {
        return Ok(None);
    };
    let may = roles::permissions(conn, &user.role)?.union(&user.permissions);
    Ok(Some(Account { user, may }))
}

/// Creates an account, as [`Store::create_user`].
pub(super) fn create(
    unit: &mut Unit<'_>,
    new: NewUser,
    role_given: bool,
    act: &Act,
) -> Result<User, StoreError> {
    let by = authority::judge(unit, act)?;
    let facts = NewFacts {
        role: &new.role,
        role_given,
        permissions: &new.permissions,
        with_password: new.password.is_some(),
    };
    judge_new(unit.conn, &by, &facts)?;
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

fn insert(
    unit: &mut Unit<'_>,
    new: NewUser,
    cause: &Cause,
    action: &str,
) -> Result<User, StoreError> {
    let id = UserId(unit.id(cause.at));
    check_new(&new.email)?;
    if is_taken(unit.conn, &new.email, None)? {
        return Err(Refusal::EmailTaken.into());
    }
    roles::must_exist(unit.conn, &new.role)?;
    unit.conn
        .prepare_cached(
            "INSERT INTO users (id, email, email_key, first_name, last_name, role, permissions, password, created_at, \
             group_names, email_verified, disabled_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            id.0.to_bytes(),
            new.email.as_str(),
            new.email.key(),
            new.first_name,
            new.last_name,
            new.role,
            new.permissions.to_string(),
            new.password,
            cause.at.0,
            new.groups.join(" "),
            new.email_verified,
            new.disabled.then_some(cause.at.0)
        ])?;
    unit.changes.users.push(id);
    let detail = new.disabled.then_some("disabled");
    unit.event(cause, action, Some(&id), Some(id), detail)?;
    Ok(User {
        id,
        email: new.email,
        first_name: new.first_name,
        last_name: new.last_name,
        role: new.role,
        permissions: new.permissions,
        groups: new.groups,
        email_verified: new.email_verified,
        disabled_at: new.disabled.then_some(cause.at),
        created_at: cause.at,
        updated_at: cause.at,
        last_login_at: None,
    })
}

/// Whether another account than `own` has an address. One may stand beside another of the same address, with a key
/// that starts with the shared one: see [`Email::key_beside`].
fn is_taken(conn: &Connection, email: &Email, own: Option<UserId>) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE (?1 IS NULL OR id <> ?1) \
               AND (email_key = ?2 OR (email_key >= ?3 AND email_key < ?4)))";
    let beside = Email::key_beside(email.key(), "");
    // The space at its end is followed by the exclamation mark.
    let end = format!("{}!", beside.trim_end());
    let found = params![own.map(|id| id.0.to_bytes()), email.key(), beside, end];
    Ok(conn
        .prepare_cached(sql)?
        .query_row(found, |row| row.get(0))?)
}

/// Whether an address can become that of an account.
///
/// # Errors
/// [`Refusal::EmailTaken`], [`Refusal::Invalid`].
pub(super) fn check_address(
    conn: &Connection,
    email: &Email,
    user: &User,
) -> Result<(), StoreError> {
    check_new(email)?;
    match is_taken(conn, email, Some(user.id))? {
        true => Err(Refusal::EmailTaken.into()),
        false => Ok(()),
    }
}

fn check_new(email: &Email) -> Result<(), StoreError> {
    let refused = |reason: &str| Refusal::Invalid {
        field: "email",
        reason: reason.into(),
    };
    Ok(email.check_new().map_err(refused)?)
}

/// Writes what an account is after a change, and what follows from it.
pub(super) fn update(
    unit: &mut Unit<'_>,
    before: &User,
    after: &User,
    cause: &Cause,
) -> Result<(), StoreError> {
    if before.email != after.email {
        // An account made before may keep what none is made with any more.
        check_address(unit.conn, &after.email, after)?;
        links::end_all_of(unit, after.id)?;
    }
    roles::must_exist(unit.conn, &after.role)?;
    let admins = any_admin(unit.conn)?;
    unit.conn
        .prepare_cached(
            "UPDATE users SET email = ?2, email_key = ?3, first_name = ?4, last_name = ?5, role = ?6, permissions = ?7, \
             disabled_at = ?8, group_names = ?9, updated_at = ?11, \
             verified_at = CASE WHEN ?10 AND (NOT email_verified OR email <> ?2) THEN ?12 ELSE verified_at END, \
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
            cause.at.0
        ])?;
    guard_last_admin(unit.conn, admins)?;
    unit.changes.users.push(after.id);
    let id = after.id;
    match accounts::access(before, after) {
        Access::Ends => {
            links::end_all_of(unit, id)?;
            sessions::end_all_of(unit, id, None, cause)?;
            unit.event(cause, "user.disabled", Some(&id), Some(id), None)?;
        }
        Access::Returns => unit.event(cause, "user.enabled", Some(&id), Some(id), None)?,
        Access::Stays => {}
    }
    if before.email != after.email {
        mails::notice(unit, MailKind::EmailChanged, before, cause, |mail| {
            mail.about = addresses::told_address(before, &after.email);
        })?;
    }
    if before.groups != after.groups {
        admission::left_groups(unit, before, after, cause)?;
    }
    let diff = accounts::diff(before, after);
    if diff.is_empty() {
        Ok(())
    } else {
        unit.changed(cause, "user.updated", (&id, Some(id)), &diff, None)
    }
}

/// What an account is to start with.
pub(super) struct NewFacts<'a> {
    pub role: &'a str,
    pub role_given: bool,
    pub permissions: &'a ScopeSet,
    pub with_password: bool,
}

/// Judges who makes an account. The role that everybody starts with needs no right to give it.
pub(super) fn judge_new(
    conn: &Connection,
    by: &rule::Rights,
    new: &NewFacts<'_>,
) -> Result<(), StoreError> {
    roles::must_exist(conn, new.role)?;
    let may = roles::permissions(conn, new.role)?.union(new.permissions);
    let given = if new.role_given {
        &may
    } else {
        new.permissions
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
    let both = (may(&before.role, &before.permissions)?, may(role, own)?);
    Ok(rule::change_account(
        by,
        before.id,
        (&both.0, &both.1),
        &given,
        acts,
    )?)
}

/// Whether somebody who is not disabled may do everything in the admin API.
pub(super) fn any_admin(conn: &Connection) -> Result<bool, StoreError> {
    // `admin` stands in the role's list or in the user's own; both halves have an index.
    let sql = "SELECT EXISTS (SELECT 1 FROM roles r JOIN users u ON u.role = r.name \
                 WHERE ' ' || r.permissions || ' ' LIKE '% admin %' AND u.disabled_at IS NULL) \
               OR EXISTS (SELECT 1 FROM users u WHERE u.permissions <> '' \
                 AND ' ' || u.permissions || ' ' LIKE '% admin %' AND u.disabled_at IS NULL)";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Where there was an administrator there must still be one.
pub(super) fn guard_last_admin(conn: &Connection, before: bool) -> Result<(), StoreError> {
    Ok(accounts::keeps_an_administrator(before, any_admin(conn)?)?)
}
