//! Reclaims an account that was registered with another person's email address: revokes all credentials that may have
//! been set up before verification.

use doorward_shared::UserId;

use super::{
    StoreError, factors,
    keys::{self, KeysOf},
    write_tx::WriteTx,
};
use crate::domain::AuditContext;

/// Revokes everything an account has, regardless of its age: keys and links, including those created for others, second
/// factors and consents; deletes the known addresses and devices. Sessions are ended when the new password is set.
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
