//! Second factors: one-time code secrets, recovery codes and passkeys.

use doorward_shared::{Timestamp, UserId};

use super::{
    Store, StoreError, accounts, authority, factor_sessions, one_time_links, passkeys, sessions,
    sql::{Connection, OptionalExtension, params},
    write_tx::WriteTx,
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Act, DomainError, Factors, ShownFactor, counter_goes_on,
        rules::{
            authority::{self as rule, Rights},
            session,
        },
    },
};

/// Lifetime of a one-time code set-up, in seconds.
const SETUP_SECONDS: i64 = 600;
/// Maximum codes tried per set-up.
const SETUP_TRIES: u32 = 5;

/// A one-time code set-up to confirm.
#[derive(Debug)]
pub struct NewTotp {
    /// The sealed secret.
    pub sealed: Vec<u8>,
    /// Time step of the first code.
    pub step: i64,
    /// Hashes of the recovery codes.
    pub codes: Vec<Digest256>,
}

/// The password with which a sign-in or an operation began.
#[derive(Debug)]
pub struct SeenPassword {
    pub hash: String,
    /// A more expensive hash of the same password, to store.
    pub rehashed: Option<String>,
}

impl Store {
    /// Requires a second factor for sessions of users with these roles from now on. Called once, at the start.
    pub fn require_factor_of(&self, roles: &[String]) {
        let _ = self.memory().factor_roles.set(roles.into());
    }

    /// Whether a role requires a second factor. From memory.
    pub fn demands_factor(&self, role: &str) -> bool {
        self.memory().demands_factor(role)
    }

    /// The factors that an account has set up.
    pub async fn factors(&self, user: UserId) -> Result<Factors, StoreError> {
        self.read(move |conn| factors(conn, user)).await
    }

    /// The sealed secret of an account's active one-time codes.
    pub async fn totp_secret(&self, user: UserId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT sealed FROM totp WHERE user_id = ?1 AND confirmed_at IS NOT NULL";
            let found = conn
                .prepare_cached(sql)?
                .query_row([user.0.to_bytes()], |row| row.get(0));
            Ok(found.optional()?)
        })
        .await
    }

    /// Stores a secret until its first code confirms it; replaces an unconfirmed one.
    ///
    /// # Errors
    /// [`DomainError::Conflict`] if one-time codes are active, [`DomainError::PasswordChanged`]; as
    /// [`rule::change_factors`].
    pub async fn begin_totp(
        &self,
        user: UserId,
        sealed: Vec<u8>,
        password: SeenPassword,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            validate(tx, user, Some(password), &act)?;
            let kept = tx
                .conn
                .prepare_cached(
                    "INSERT INTO totp AS kept (user_id, sealed, last_step, begun_at) VALUES (?1, ?2, 0, ?3)
                     ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, begun_at = excluded.begun_at,
                     tries = 0 WHERE kept.confirmed_at IS NULL",
                )?
                .execute(params![user.0.to_bytes(), sealed, act.at().0])?;
            match kept {
                0 => Err(DomainError::Conflict("one-time codes are set up already".into()).into()),
                _ => Ok(()),
            }
        })
        .await
    }

    /// The sealed secret of the open set-up, after consuming one of its tries; concurrent requests cannot compare more
    /// codes than that. `None` if no set-up is open.
    ///
    /// # Errors
    /// As [`rule::change_factors`].
    pub async fn try_totp_setup(
        &self,
        user: UserId,
        act: Act,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.write(move |tx| {
            validate(tx, user, None, &act)?;
            let sql =
                "UPDATE totp SET tries = tries + 1 WHERE user_id = ?1 AND confirmed_at IS NULL
                       AND begun_at > ?2 AND tries < ?3 RETURNING sealed";
            let since = act.at().plus_seconds(-SETUP_SECONDS);
            let found = tx
                .conn
                .prepare_cached(sql)?
                .query_row(params![user.0.to_bytes(), since.0, SETUP_TRIES], |row| {
                    row.get(0)
                });
            Ok(found.optional()?)
        })
        .await
    }

    /// Activates a confirmed one-time code secret and issues recovery codes.
    ///
    /// # Errors
    /// [`DomainError::Conflict`] if the secret is no longer the one being set up; as [`rule::change_factors`].
    pub async fn confirm_totp(
        &self,
        user: UserId,
        totp: NewTotp,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = validate(tx, user, None, &act)?;
            let context = act.context(&by);
            let sql = "UPDATE totp SET confirmed_at = ?3, last_step = ?4
                       WHERE user_id = ?1 AND sealed = ?2 AND confirmed_at IS NULL";
            let done = tx.conn.prepare_cached(sql)?.execute(params![
                user.0.to_bytes(),
                totp.sealed,
                context.at.0,
                totp.step
            ])?;
            if done == 0 {
                return Err(DomainError::Conflict("the set-up was begun anew".into()).into());
            }
            if replace_codes(tx, user, &totp.codes)? > 0 {
                factor_sessions::taken_away(tx, user, &act)?;
            }
            factor_sessions::set_up(tx, user, act.session())?;
            tx.event(context, "mfa.totp_enabled", Some(&user), Some(user), None)
        })
        .await
    }

    /// Removes one-time codes, authorized by a code of `step`.
    ///
    /// # Errors
    /// [`DomainError::FactorWrong`] if none are active or the step was used, [`DomainError::PasswordChanged`]; as
    /// [`rule::change_factors`].
    pub async fn remove_totp(
        &self,
        user: UserId,
        step: i64,
        password: SeenPassword,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            // The code itself verifies the factor.
            let by = authority::authorize(tx, &act)?;
            rule::change_factors(&by, user)?;
            sessions::demand_password(tx, user, &password.hash, password.rehashed)?;
            let context = act.context(&by);
            use_up(tx, user, &ShownFactor::Totp { step }, context.at)?;
            of_user(tx.conn, "DELETE FROM totp WHERE user_id = ?1", user)?;
            after_removal(tx, user)?;
            factor_sessions::taken_away(tx, user, &act)?;
            tx.event(context, "mfa.totp_disabled", Some(&user), Some(user), None)
        })
        .await
    }

    /// Replaces an account's recovery codes.
    ///
    /// # Errors
    /// [`DomainError::Conflict`] for an account without a factor, [`DomainError::PasswordChanged`]; as [`rule::change_factors`].
    pub async fn replace_recovery_codes(
        &self,
        user: UserId,
        codes: Vec<Digest256>,
        password: SeenPassword,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = validate(tx, user, Some(password), &act)?;
            if !has_factor(tx.conn, user)? {
                let why = "recovery codes stand in for a second factor: set one up first";
                return Err(DomainError::Conflict(why.into()).into());
            }
            let context = act.context(&by);
            replace_codes(tx, user, &codes)?;
            factor_sessions::taken_away(tx, user, &act)?;
            let action = "mfa.recovery_codes_replaced";
            tx.event(context, action, Some(&user), Some(user), None)
        })
        .await
    }

    /// Removes every factor of an account and ends the sessions verified by one. For operators, when a user has lost
    /// their factors.
    ///
    /// # Errors
    /// [`DomainError::NotFound`]; as for setting a password, since the caller could sign in with one next.
    pub async fn remove_factors(&self, user: UserId, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize_password(tx, user, &act)?;
            let context = act.context(&by);
            remove_all(tx.conn, user)?;
            factor_sessions::end(tx, user, context)?;
            tx.event(context, "mfa.removed", Some(&user), Some(user), None)
        })
        .await
    }
}

/// Authorizes a change of an account's factors; a verified password must still be the account's.
pub(super) fn validate(
    tx: &mut WriteTx<'_>,
    user: UserId,
    password: Option<SeenPassword>,
    act: &Act,
) -> Result<Rights, StoreError> {
    let by = authority::authorize(tx, act)?;
    rule::change_factors(&by, user)?;
    factor_sessions::demand(tx.conn, act)?;
    if let Some(password) = password {
        sessions::demand_password(tx, user, &password.hash, password.rehashed)?;
    }
    Ok(by)
}

/// Revokes what could still become a credential of an account: sign-ins that wait for their factor, one-time code
/// set-ups, and address changes, whose new address could receive a password reset.
pub(super) fn end_unfinished(conn: &Connection, user: UserId) -> Result<(), StoreError> {
    let setup = "DELETE FROM totp WHERE user_id = ?1 AND confirmed_at IS NULL";
    of_user(conn, setup, user)?;
    let sign_ins = "UPDATE users SET sign_ins_ended = sign_ins_ended + 1 WHERE id = ?1";
    of_user(conn, sign_ins, user)?;
    one_time_links::end_address_change(conn, user)
}

/// Removes every factor of an account and the sign-ins that wait for one.
pub(super) fn remove_all(conn: &Connection, user: UserId) -> Result<(), StoreError> {
    of_user(conn, "DELETE FROM totp WHERE user_id = ?1", user)?;
    of_user(conn, "DELETE FROM passkeys WHERE user_id = ?1", user)?;
    delete_codes(conn, user)?;
    end_unfinished(conn, user)
}

/// A condition on an account id (column or parameter): whether its sign-in requires a second factor.
macro_rules! with_factor {
    ($id:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM totp WHERE totp.user_id = ",
            $id,
            " AND totp.confirmed_at IS NOT NULL) OR EXISTS (SELECT 1 FROM passkeys WHERE passkeys.user_id = ",
            $id,
            "))"
        )
    };
}

pub(super) use with_factor;

/// Whether an account has a second factor. Recovery codes alone do not count.
pub(super) fn has_factor(conn: &Connection, user: UserId) -> Result<bool, StoreError> {
    let mut select = conn.prepare_cached(concat!("SELECT ", with_factor!("?1")))?;
    Ok(select.query_row([user.0.to_bytes()], |row| row.get(0))?)
}

/// The factors that an account has set up.
pub(super) fn factors(conn: &Connection, user: UserId) -> Result<Factors, StoreError> {
    let id = user.0.to_bytes();
    let totp = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM totp WHERE user_id = ?1 AND confirmed_at IS NOT NULL)",
        )?
        .query_row([id], |row| row.get(0))?;
    let recovery_codes = conn
        .prepare_cached("SELECT count(*) FROM recovery_codes WHERE user_id = ?1")?
        .query_row([id], |row| row.get(0))?;
    let passkeys = passkeys::of_user(conn, user)?;
    Ok(Factors {
        totp,
        passkeys,
        recovery_codes,
    })
}

/// Runs a statement with an account id as its parameter.
fn of_user(conn: &Connection, sql: &str, user: UserId) -> Result<usize, StoreError> {
    Ok(conn.prepare_cached(sql)?.execute([user.0.to_bytes()])?)
}

fn delete_codes(conn: &Connection, user: UserId) -> Result<usize, StoreError> {
    of_user(conn, "DELETE FROM recovery_codes WHERE user_id = ?1", user)
}

/// Replaces recovery codes; returns the number of the previous ones.
pub(super) fn replace_codes(
    tx: &mut WriteTx<'_>,
    user: UserId,
    codes: &[Digest256],
) -> Result<usize, StoreError> {
    let before = delete_codes(tx.conn, user)?;
    let mut insert = tx
        .conn
        .prepare_cached("INSERT INTO recovery_codes (user_id, hash) VALUES (?1, ?2)")?;
    for code in codes {
        insert.execute(params![user.0.to_bytes(), code.0])?;
    }
    Ok(before)
}

/// Deletes the recovery codes with the last factor, unless the role requires a factor.
pub(super) fn after_removal(tx: &WriteTx<'_>, user: UserId) -> Result<(), StoreError> {
    if has_factor(tx.conn, user)? {
        return Ok(());
    }
    let account = accounts::find(tx.conn, user)?.ok_or(DomainError::NotFound("user"))?;
    session::last_factor_may_go(tx.memory.demands_factor(&account.role))?;
    delete_codes(tx.conn, user).map(drop)
}

/// Consumes a factor in one check-and-set: of concurrent uses exactly one wins.
pub(super) fn use_up(
    tx: &mut WriteTx<'_>,
    user: UserId,
    shown: &ShownFactor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = user.0.to_bytes();
    let used = match shown {
        ShownFactor::Totp { step } => tx
            .conn
            .prepare_cached(
                "UPDATE totp SET last_step = ?2 WHERE user_id = ?1 AND confirmed_at IS NOT NULL AND last_step < ?2",
            )?
            .execute(params![id, step])?,
        ShownFactor::Recovery { hash } => tx
            .conn
            .prepare_cached("DELETE FROM recovery_codes WHERE user_id = ?1 AND hash = ?2")?
            .execute(params![id, hash.0])?,
        ShownFactor::Passkey {
            id: passkey,
            sign_count,
        } => {
            let sql = "SELECT sign_count FROM passkeys WHERE id = ?1 AND user_id = ?2";
            let stored: Option<u32> = tx
                .conn
                .prepare_cached(sql)?
                .query_row(params![passkey.0.to_bytes(), id], |row| row.get(0))
                .optional()?;
            if stored.is_none_or(|stored| !counter_goes_on(stored, *sign_count)) {
                return Err(DomainError::FactorWrong.into());
            }
            tx.conn
                .prepare_cached("UPDATE passkeys SET sign_count = ?2, last_used_at = ?3 WHERE id = ?1")?
                .execute(params![passkey.0.to_bytes(), sign_count, now.0])?
        }
    };
    match used {
        1 => Ok(()),
        _ => Err(DomainError::FactorWrong.into()),
    }
}
