//! Restriction of clients to groups of users. A user removed from them immediately loses what the client was granted
//! for them.

use doorward_shared::{ClientId, UserId};

use super::{
    StoreError, authorization_codes,
    bulk_revocations::{self, AT_ONCE, BulkRevocation},
    row_mapping::{self, ulid},
    sessions,
    sql::{Connection, params},
    write_tx::WriteTx,
};
use crate::domain::{AuditContext, Client, ClientPolicy, User};

/// Maximum sessions of a client checked when its groups change; if it has more, all of them end.
const LOOKED_AT: usize = 1000;

/// Clients with group restrictions: few, and all created by operators.
fn restricted(conn: &Connection) -> Result<Vec<(ClientId, ClientPolicy)>, StoreError> {
    let sql = "SELECT id, allowed_groups FROM clients WHERE allowed_groups <> ''";
    let mut select = conn.prepare_cached(sql)?;
    let found = select.query_map([], |row| {
        let policy = ClientPolicy {
            allowed_groups: row_mapping::words(row, 1)?,
            ..ClientPolicy::default()
        };
        Ok((ClientId(ulid(row, 0)?), policy))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Revokes the codes, sessions and refresh tokens of clients whose groups a user has left.
pub(super) fn left_groups(
    tx: &mut WriteTx<'_>,
    before: &User,
    after: &User,
    context: &AuditContext,
) -> Result<(), StoreError> {
    for (client, policy) in restricted(tx.conn)? {
        if policy.admits(before) && !policy.admits(after) {
            authorization_codes::drop_unused(tx, after.id, Some(client))?;
            bulk_revocations::end_sessions_of(tx, after.id, Some(client), None, context)?;
        }
    }
    Ok(())
}

/// Ends a client's sessions of all users that its groups no longer admit. If the client has many sessions, all of them
/// end and members sign in again.
pub(super) fn groups_changed(
    tx: &mut WriteTx<'_>,
    before: &Client,
    after: &Client,
    context: &AuditContext,
) -> Result<(), StoreError> {
    let (old, new) = (&before.policy.allowed_groups, &after.policy.allowed_groups);
    let is_wider = new.is_empty() || (!old.is_empty() && old.iter().all(|one| new.contains(one)));
    if is_wider {
        return Ok(());
    }
    let sql = "SELECT s.id, s.user_id, coalesce(u.group_names, '') FROM sessions s LEFT JOIN users u ON u.id = s.user_id \
               WHERE s.client_id = ?1 AND s.revoked_at IS NULL ORDER BY s.id DESC LIMIT ?2";
    let mut select = tx.conn.prepare_cached(sql)?;
    let found = select.query_map(params![after.id.0.to_bytes(), LOOKED_AT], |row| {
        let id = doorward_shared::SessionId(ulid(row, 0)?);
        Ok((id, UserId(ulid(row, 1)?), row_mapping::words(row, 2)?))
    })?;
    let found = found.collect::<Result<Vec<_>, _>>()?;
    let many = found.len() >= LOOKED_AT;
    let mut out = found;
    out.retain(|(_, _, groups)| !after.policy.admits_groups(groups));
    if many || out.len() > AT_ONCE {
        let ending = BulkRevocation {
            client: Some(after.id),
            action: Some("session.revoked"),
            ..BulkRevocation::default()
        };
        return bulk_revocations::insert(tx, &ending, context);
    }
    for (id, user, _) in out {
        if sessions::end(tx, id, context.at)? {
            tx.event(context, "session.revoked", Some(&id), Some(user), None)?;
        }
    }
    Ok(())
}
