//! Takes an account back from whoever signed up with somebody else's address: all that they may have set up in it ends.

use doorward_shared::UserId;

use super::{
    StoreError, factors,
    keys::{self, KeysOf},
    write_tx::WriteTx,
};
use crate::domain::AuditContext;

/// Ends all that an account has, however new: keys and links, those it made for others too, second factors, consents; and forgets
/// from where and with what somebody has signed in. Sessions end with the password that is set.
pub(super) fn end_all(
    tx: &mut WriteTx<'_>,
    user: UserId,
    context: &AuditContext,
) -> Result<(), StoreError> {
    keys::end_all(tx, KeysOf::OwnerAndMinter(user), context)?;
    let had_factor = factors::has_factor(tx.conn, user)?;
    factors::remove_all(tx.conn, user)?;
    if had_factor {
        tx.event(context, "mfa.removed", Some(&user), Some(user), None)?;
    }
    for sql in [
        "DELETE FROM consents WHERE user_id = ?1",
        "DELETE FROM user_addresses WHERE user_id = ?1",
        "DELETE FROM user_devices WHERE user_id = ?1",
    ] {
        tx.conn.prepare_cached(sql)?.execute([user.0.to_bytes()])?;
    }
    Ok(())
}
