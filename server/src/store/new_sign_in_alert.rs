//! Known addresses and devices of sign-ins, and the alert about a new one.

use doorward_shared::UserId;

use super::{StoreError, accounts, mails, row_mapping::ip_bytes, sql::params, write_tx::WriteTx};
use crate::{
    crypto::secret::Digest256,
    domain::{
        AuditContext, Session, client_prefix,
        device::Device,
        is_unknown,
        mail::{Language, MailKind},
    },
};

/// Precision of an address's "last seen", in seconds (a day): it is kept for months, and most sign-ins then write
/// nothing.
const ADDRESS_STEP: i64 = 86_400;
/// Maximum known devices per account.
const DEVICES: u32 = 100;

/// Records a sign-in with its account; notifies the user if the address or the device is new.
pub(super) fn note(
    tx: &mut WriteTx<'_>,
    session: &Session,
    context: &AuditContext,
) -> Result<(), StoreError> {
    let user = session.user_id;
    tx.conn
        .prepare_cached("UPDATE users SET last_login_at = ?2 WHERE id = ?1")?
        .execute(params![user.0.to_bytes(), context.at.0])?;
    if !is_unknown(session.ip) {
        tx.conn
            .prepare_cached(
                "INSERT INTO user_addresses AS known VALUES (?1, ?2, ?3)
                 ON CONFLICT (user_id, ip) DO UPDATE SET seen_at = excluded.seen_at WHERE known.seen_at < ?4",
            )?
            .execute(params![
                user.0.to_bytes(),
                ip_bytes(client_prefix(session.ip)),
                context.at.0,
                context.at.plus_seconds(-ADDRESS_STEP).0
            ])?;
    }
    if session.client_id.is_none() && mails::is_telling(tx) {
        note_device(tx, session, context)?;
    }
    Ok(())
}

/// Stores the address and device of a sign-in, and notifies the user of a new one. The first sign-in is not reported.
/// An unknown address always counts as new and is not stored.
fn note_device(
    tx: &mut WriteTx<'_>,
    session: &Session,
    context: &AuditContext,
) -> Result<(), StoreError> {
    let device = Device::of(session.user_agent.as_deref()).known();
    let user = session.user_id.0.to_bytes();
    let sql = "SELECT EXISTS (SELECT 1 FROM user_devices WHERE user_id = ?1)";
    let any: bool = tx
        .conn
        .prepare_cached(sql)?
        .query_row([user], |row| row.get(0))?;
    if !is_unknown(session.ip) {
        // Identified by its English name, whatever the user's language.
        let name = device.said_in(Language::En);
        let place = [&ip_bytes(client_prefix(session.ip))[..], name.as_bytes()].concat();
        if remember(tx, session.user_id, Digest256::of(&place), context)? {
            return Ok(());
        }
    }
    if !any {
        return Ok(());
    }
    let Some(user) = accounts::find(tx.conn, session.user_id)? else {
        return Ok(());
    };
    let ip = session.ip.to_canonical().to_string();
    mails::notice(tx, MailKind::NewSignIn, &user, context, |mail| {
        mail.device = Some(device.said_in(mail.language).into_owned());
        mail.ip = Some(ip);
    })
}

/// Stores an address or device of an account; returns whether it was known. Evicts those not seen for longest.
fn remember(
    tx: &WriteTx<'_>,
    user: UserId,
    place: Digest256,
    context: &AuditContext,
) -> Result<bool, StoreError> {
    let user = user.0.to_bytes();
    let sql = "SELECT EXISTS (SELECT 1 FROM user_devices WHERE user_id = ?1 AND device = ?2)";
    let known: bool = tx
        .conn
        .prepare_cached(sql)?
        .query_row(params![user, place.0], |row| row.get(0))?;
    let sql = "INSERT INTO user_devices AS known VALUES (?1, ?2, ?3) \
               ON CONFLICT (user_id, device) DO UPDATE SET seen_at = excluded.seen_at WHERE known.seen_at < ?4";
    let stale = context.at.plus_seconds(-ADDRESS_STEP).0;
    tx.conn
        .prepare_cached(sql)?
        .execute(params![user, place.0, context.at.0, stale])?;
    if !known {
        let sql = "DELETE FROM user_devices WHERE user_id = ?1 AND device IN (SELECT device FROM user_devices \
                   WHERE user_id = ?1 ORDER BY seen_at DESC, device LIMIT 1000 OFFSET ?2)";
        let mut delete = tx.conn.prepare_cached(sql)?;
        delete.execute(params![user, DEVICES])?;
    }
    Ok(known)
}
