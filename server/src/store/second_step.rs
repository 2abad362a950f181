//! Sessions of people who show a second factor, or set one up on the way in.

use doorward_shared::UserId;

use super::{
    NewSession, NewTotp, SeenPassword, Store, StoreError, factor_sessions,
    factors::{has_factor, replace_codes, use_up},
    sessions,
    sql::params,
    unit::Unit,
};
use crate::domain::{Cause, Refusal, Session, ShownFactor, User, rules::session};

/// The first step of a sign-in with a factor.
#[derive(Debug)]
pub struct FirstStep {
    pub password: SeenPassword,
    /// How often sign-ins of the account had ended unfinished: once more, and this one is over.
    pub sign_ins_ended: i64,
}

impl Store {
    /// Opens a session after a factor that was found right, and uses the factor up in the same unit. With a first step
    /// only if that still holds.
    ///
    /// # Errors
    /// [`Refusal::FactorWrong`] for a factor that was used or removed meanwhile, and as [`Store::open_session`].
    pub async fn open_session_with_factor(
        &self,
        user: UserId,
        first: Option<FirstStep>,
        shown: ShownFactor,
        new: NewSession,
        cause: Cause,
    ) -> Result<(User, Session), StoreError> {
        self.write(move |unit| {
            if let Some(first) = first {
                demand_first_step(unit, user, first)?;
            }
            use_up(unit, user, &shown, cause.at)?;
            sessions::open(unit, user, new, &cause)
        })
        .await
    }

    /// Sets one-time codes up for somebody who must have them to sign in, whose first code was of `step`, and opens the
    /// session: all of it, or nothing.
    ///
    /// # Errors
    /// [`Refusal::PasswordChanged`] where the first step does not hold any more, or a factor is there by now; as
    /// [`Store::open_session`].
    pub async fn enrol_totp(
        &self,
        user: UserId,
        first: FirstStep,
        totp: NewTotp,
        new: NewSession,
        cause: Cause,
    ) -> Result<(User, Session), StoreError> {
        self.write(move |unit| {
            demand_first_step(unit, user, first)?;
            session::password_is_enough(has_factor(unit.conn, user)?)?;
            let sql = "INSERT INTO totp (user_id, sealed, last_step, begun_at, confirmed_at) VALUES (?1, ?2, ?3, ?4, ?4) \
                       ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, last_step = excluded.last_step, \
                       begun_at = excluded.begun_at, confirmed_at = excluded.confirmed_at";
            unit.conn.prepare_cached(sql)?.execute(params![
                user.0.to_bytes(),
                totp.sealed,
                totp.step,
                cause.at.0
            ])?;
            replace_codes(unit, user, &totp.codes)?;
            factor_sessions::set_up(unit, user, None)?;
            unit.event(&cause, "mfa.totp_enabled", Some(&user), Some(user), None)?;
            sessions::open(unit, user, new, &cause)
        })
        .await
    }
}

/// Demands that the first step of a sign-in still holds: the password, and that nothing has ended it since.
fn demand_first_step(
    unit: &mut Unit<'_>,
    user: UserId,
    first: FirstStep,
) -> Result<(), StoreError> {
    let FirstStep {
        password,
        sign_ins_ended,
    } = first;
    sessions::demand_password(unit, user, &password.hash, password.rehashed)?;
    let sql = "SELECT disabled_at IS NOT NULL, sign_ins_ended FROM users WHERE id = ?1";
    let (is_disabled, ended): (bool, i64) = unit
        .conn
        .prepare_cached(sql)?
        .query_row([user.0.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match ended == sign_ins_ended {
        true => Ok(()),
        false if is_disabled => Err(Refusal::Disabled.into()),
        false => Err(Refusal::PasswordChanged.into()),
    }
}
