//! Sign-ins with a second factor, or with one set up during the sign-in.

use doorward_shared::UserId;

use super::{
    NewSession, NewTotp, SeenPassword, Store, StoreError, factor_sessions,
    factors::{has_factor, replace_codes, use_up},
    sessions,
    sql::params,
    write_tx::WriteTx,
};
use crate::domain::{AuditContext, DomainError, Session, ShownFactor, User, rules::session};

/// The first step (password) of a sign-in with a second factor.
#[derive(Debug)]
pub struct FirstStep {
    pub password: SeenPassword,
    /// The account's count of cancelled sign-ins at that time: if it has changed, this sign-in is no longer valid.
    pub sign_ins_ended: i64,
}

impl Store {
    /// Opens a session after a factor was verified, and consumes the factor in the same transaction. With a first step,
    /// only if that is still valid.
    ///
    /// # Errors
    /// [`DomainError::FactorWrong`] if the factor has been used or removed since, and as [`Store::open_session`].
    pub async fn open_session_with_factor(
        &self,
        user: UserId,
        first: Option<FirstStep>,
        shown: ShownFactor,
        new: NewSession,
        context: AuditContext,
    ) -> Result<(User, Session), StoreError> {
        self.write(move |tx| {
            if let Some(first) = first {
                demand_first_step(tx, user, first)?;
            }
            use_up(tx, user, &shown, context.at)?;
            sessions::open(tx, user, new, &context)
        })
        .await
    }

    /// Sets up one-time codes for a user who needs them to sign in, whose first code was of `step`, and opens the
    /// session, in one transaction.
    ///
    /// # Errors
    /// [`DomainError::PasswordChanged`] if the first step is no longer valid or a factor exists by now; as
    /// [`Store::open_session`].
    pub async fn enrol_totp(
        &self,
        user: UserId,
        first: FirstStep,
        totp: NewTotp,
        new: NewSession,
        context: AuditContext,
    ) -> Result<(User, Session), StoreError> {
        self.write(move |tx| {
            demand_first_step(tx, user, first)?;
            session::password_is_enough(has_factor(tx.conn, user)?)?;
            let sql = "INSERT INTO totp (user_id, sealed, last_step, begun_at, confirmed_at) VALUES (?1, ?2, ?3, ?4, ?4) \
                       ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, last_step = excluded.last_step, \
                       begun_at = excluded.begun_at, confirmed_at = excluded.confirmed_at";
            tx.conn.prepare_cached(sql)?.execute(params![
                user.0.to_bytes(),
                totp.sealed,
                totp.step,
                context.at.0
            ])?;
            replace_codes(tx, user, &totp.codes)?;
            factor_sessions::set_up(tx, user, None)?;
            tx.event(&context, "mfa.totp_enabled", Some(&user), Some(user), None)?;
            sessions::open(tx, user, new, &context)
        })
        .await
    }
}

/// Requires the first step of a sign-in to be still valid: same password, and not cancelled since.
fn demand_first_step(
    tx: &mut WriteTx<'_>,
    user: UserId,
    first: FirstStep,
) -> Result<(), StoreError> {
    let FirstStep {
        password,
        sign_ins_ended,
    } = first;
    sessions::demand_password(tx, user, &password.hash, password.rehashed)?;
    let sql = "SELECT disabled_at IS NOT NULL, sign_ins_ended FROM users WHERE id = ?1";
    let (is_disabled, ended): (bool, i64) = tx
        .conn
        .prepare_cached(sql)?
        .query_row([user.0.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match ended == sign_ins_ended {
        true => Ok(()),
        false if is_disabled => Err(DomainError::Disabled.into()),
        false => Err(DomainError::PasswordChanged.into()),
    }
}
