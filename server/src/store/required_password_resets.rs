//! Required password reset: removes the current password.

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
    /// Removes an account's password. Sign-in with a password is impossible until a link sets a new one; all sessions,
    /// pending sign-ins and links are revoked. Factors and API keys stay.
    ///
    /// # Errors
    /// [`DomainError::NotFound`]; [`DomainError::Conflict`] for the last administrator with a password; as for setting
    /// a password, which locks the user out as well.
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
