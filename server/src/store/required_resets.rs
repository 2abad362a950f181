//! Requiring a new password: the old one is taken away.

use doorward_shared::UserId;

use super::{
    Store, StoreError, account_rows::any_admin_with_password, authority, factors, one_time_links,
    sessions, sql::params,
};
use crate::domain::{
    Act, DomainError,
    rules::account::{self as rule, AnyAdministrator},
};

impl Store {
    /// Takes an account's password away. Nobody signs in with one until another is set by a link; all sessions end, and
    /// sign-ins and links that are under way. Factors and API keys stay.
    ///
    /// # Errors
    /// [`DomainError::NotFound`]; [`DomainError::Conflict`] for the last administrator who has one; as for setting a password, which
    /// keeps somebody out as well.
    pub(crate) async fn remove_password(&self, id: UserId, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize_password(tx, id, &act)?;
            let context = act.context(&by);
            let before = any_admin_with_password(tx.conn)?;
            let done = tx
                .conn
                .prepare_cached("UPDATE users SET password = NULL WHERE id = ?1")?
                .execute(params![id.0.to_bytes()])?;
            if done == 0 {
                return Err(DomainError::NotFound("user").into());
            }
            let after = any_admin_with_password(tx.conn)?;
            rule::keeps_an_administrator(AnyAdministrator { before, after })?;
            one_time_links::end_password_links(tx, id)?;
            factors::end_unfinished(tx.conn, id)?;
            sessions::end_all_of(tx, id, None, context)?;
            tx.event(context, "user.password_removed", Some(&id), Some(id), None)
        })
        .await
    }
}
