//! Requiring a new password: the old one is taken away.

use doorward_shared::UserId;

use super::{
    Store, StoreError, account_rows::any_admin_with_password, authority, factors, links, sessions,
    sql::params,
};
use crate::domain::{
    Act, Refusal,
    rules::account::{self as rule, AnyAdministrator},
};

impl Store {
    /// Takes an account's password away. Nobody signs in with one until another is set by a link; all sessions end, and
    /// sign-ins and links that are under way. Factors and API keys stay.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] for the last administrator who has one; as for setting a password, which
    /// keeps somebody out as well.
    pub(crate) async fn remove_password(&self, id: UserId, act: Act) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge_password(unit, id, &act)?;
            let cause = act.cause(&by);
            let before = any_admin_with_password(unit.conn)?;
            let done = unit
                .conn
                .prepare_cached("UPDATE users SET password = NULL WHERE id = ?1")?
                .execute(params![id.0.to_bytes()])?;
            if done == 0 {
                return Err(Refusal::NotFound("user").into());
            }
            let after = any_admin_with_password(unit.conn)?;
            rule::keeps_an_administrator(AnyAdministrator { before, after })?;
            links::end_password_links(unit, id)?;
            factors::end_unfinished(unit.conn, id)?;
            sessions::end_all_of(unit, id, None, cause)?;
            unit.event(cause, "user.password_removed", Some(&id), Some(id), None)
        })
        .await
    }
}
