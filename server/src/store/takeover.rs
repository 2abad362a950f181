//! What somebody else may have set up in an account before its address was known to be its holder's.

use doorward_shared::{Timestamp, UserId};
use rusqlite::params;

use super::{
    StoreError, factors,
    keys::{self, KeysOf},
    writer::Unit,
};
use crate::domain::Cause;

/// Ends what is older than a moment: keys, second factors, consents; and forgets from where and with what somebody has
/// signed in, whenever that was. Sessions end with the password that is set.
pub(super) fn end_what_is_older(
    unit: &mut Unit<'_>,
    (user, than): (UserId, Timestamp),
    cause: &Cause,
) -> Result<(), StoreError> {
    keys::end_all(unit, KeysOf::OwnerBefore(user, than), cause)?;
    if factors::remove_older(unit.conn, user, than)? {
        unit.event(cause, "mfa.removed", Some(&user), Some(user), None)?;
    }
    unit.conn
        .prepare_cached("DELETE FROM consents WHERE user_id = ?1 AND granted_at < ?2")?
        .execute(params![user.0.to_bytes(), than.0])?;
    for sql in [
        "DELETE FROM user_addresses WHERE user_id = ?1",
        "DELETE FROM user_devices WHERE user_id = ?1",
    ] {
        unit.conn
            .prepare_cached(sql)?
            .execute([user.0.to_bytes()])?;
    }
    Ok(())
}
