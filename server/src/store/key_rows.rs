//! Rows of API keys: select, insert, update and revoke.

use doorward_shared::{ClientId, KeyId, Timestamp, UserId};

use super::{
    NewKey, StoreError, account_limits,
    bulk_revocations::{self, AT_ONCE, BulkRevocation, RevokedKind},
    clients, initial_access_tokens, one_time_links,
    row_mapping::{self, API_KEY, ulid},
    sql::{Connection, OptionalExtension, params},
    write_tx::{NewEvent, WriteTx},
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Actor, ApiKey, AuditContext, Client, Diff, DiffValue, KeyRestrictions, Minter,
        diff::quoted, rules::api_key,
    },
};

pub(super) fn find(conn: &Connection, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!("SELECT {API_KEY} FROM api_keys AS k WHERE k.id = ?1");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id.0.to_bytes()], row_mapping::api_key)
        .optional()?)
}

/// The user whose consent to a client a key depends on.
pub(super) fn granted_by(conn: &Connection, id: KeyId) -> Result<Option<UserId>, StoreError> {
    let mut select = conn.prepare_cached("SELECT granted_by FROM api_keys WHERE id = ?1")?;
    let found = select.query_row([id.0.to_bytes()], |row| row_mapping::maybe_ulid(row, 0));
    Ok(found.optional()?.flatten().map(UserId))
}

/// Mints a key: inserts its row and its event.
pub(super) fn insert(
    tx: &mut WriteTx<'_>,
    new: NewKey,
    minter: Minter,
    context: &AuditContext,
    action: &str,
    detail: Option<&str>,
) -> Result<ApiKey, StoreError> {
    account_limits::key_fits(tx, new.owner, context.at)?;
    let hash = new.hash;
    let key = ApiKey {
        id: KeyId(tx.id(context.at)),
        owner: new.owner,
        name: new.name,
        hint: new.hint,
        scopes: new.scopes,
        environment: new.environment,
        created_at: context.at,
        expires_at: new.expires_at,
        last_used_at: None,
        last_used_ip: None,
        revoked_at: None,
        minted_by: Some(context.actor.to_string()),
        minter: minter.user,
        client: minter.client,
        terms: new.terms,
        meter: new.meter,
    };
    write(tx, &key, hash, minter.granted_by)?;
    tx.changes.keys.push(hash);
    if key.terms != KeyRestrictions::default() {
        update(tx, &key)?;
    }
    let mut diff = Diff::default();
    diff.note("name", None, key.name.as_str()).note(
        "scopes",
        DiffValue::Nothing,
        DiffValue::list(&key.scopes),
    );
    api_key::note_terms(&mut diff, None, &key.terms);
    let name = quoted(&key.name);
    let happened = NewEvent {
        action,
        target: Some(&key.id),
        user: key.owner.user(),
        detail: detail.or(Some(&name)),
    };
    tx.changed(context, happened, &diff)?;
    Ok(key)
}

/// Inserts the row of a new key, without its restrictions.
fn write(
    tx: &mut WriteTx<'_>,
    key: &ApiKey,
    hash: Digest256,
    granted_by: Option<UserId>,
) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO api_keys (id, hash, owner_id, name, hint, scopes, environment, created_at, expires_at, \
             minted_by, minter_id, client_id, meter_id, granted_by) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            key.id.0.to_bytes(),
            hash.0,
            key.owner.user().map(|id| id.0.to_bytes()),
            key.name,
            key.hint,
            key.scopes.to_string(),
            key.environment.as_str(),
            key.created_at.0,
            key.expires_at.map(|at| at.0),
            key.minted_by,
            key.minter.map(|id| id.0.to_bytes()),
            key.client.map(|id| id.0.to_bytes()),
            key.meter.map(|id| id.0.to_bytes()),
            granted_by.map(|id| id.0.to_bytes())
        ])?;
    Ok(())
}

/// Writes the mutable fields of a key.
pub(super) fn update(tx: &mut WriteTx<'_>, key: &ApiKey) -> Result<(), StoreError> {
    let terms = &key.terms;
    let allowed: Vec<_> = terms.allowed_ips.iter().map(ToString::to_string).collect();
    tx.conn
        .prepare_cached(
            "UPDATE api_keys SET name = ?2, scopes = ?3, rate_limit = ?4, rate_seconds = ?5, quota = ?6, \
             quota_period = ?7, allowed_ips = ?8, metadata = ?9, disabled = ?10 WHERE id = ?1",
        )?
        .execute(params![
            key.id.0.to_bytes(),
            key.name,
            key.scopes.to_string(),
            terms.rate_limit.map(|rate| rate.limit),
            terms.rate_limit.map(|rate| rate.window_seconds),
            terms.quota.map(|quota| quota.limit),
            terms.quota.map(|quota| quota.period.as_str()),
            row_mapping::lines(&allowed),
            terms.metadata.as_ref().map(ToString::to_string),
            !terms.enabled
        ])?;
    Ok(())
}

/// Removes a key from the cache.
pub(super) fn forget(tx: &mut WriteTx<'_>, id: KeyId) -> Result<(), StoreError> {
    let mut select = tx
        .conn
        .prepare_cached("SELECT hash FROM api_keys WHERE id = ?1")?;
    let hash = select.query_row([id.0.to_bytes()], |row| row.get(0).map(Digest256))?;
    tx.changes.keys.push(hash);
    Ok(())
}

/// Revokes one key; returns whether it was not yet revoked.
pub(super) fn revoke(tx: &mut WriteTx<'_>, id: KeyId, now: Timestamp) -> Result<bool, StoreError> {
    if find(tx.conn, id)?.is_some_and(|key| key.is_revoked(now)) {
        return Ok(false);
    }
    let sql = "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND (revoked_at IS NULL OR revoked_at > ?2)";
    let done = tx
        .conn
        .prepare_cached(sql)?
        .execute(params![id.0.to_bytes(), now.0])?;
    forget(tx, id)?;
    Ok(done > 0)
}

/// Sets of keys that are revoked together.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeysOf {
    Owner(UserId),
    /// The account's own keys, those it minted for others, and those minted with tokens it granted to OAuth clients.
    OwnerAndMinter(UserId),
    /// Keys minted with a client's tokens.
    Client(ClientId),
    /// The subset minted with tokens of this account.
    MintedThrough(UserId, ClientId),
}

/// Revokes the links that an account or client was shown for others, and the registration tokens it minted.
pub(super) fn end_shown_to(tx: &WriteTx<'_>, to: Actor) -> Result<(), StoreError> {
    one_time_links::end_made_by(tx, to)?;
    initial_access_tokens::end_minted_by(tx, to)
}

/// Revokes what a client was shown if its key or secret was replaced: its own tokens are revoked too, and a leaked key
/// or secret may have been used for both.
pub(super) fn client_changed(tx: &WriteTx<'_>, before: &Client) -> Result<(), StoreError> {
    // Read again, with the key fingerprints.
    let after = clients::find(tx.conn, before.id)?;
    if after.is_some_and(|after| after.keeps_credentials_of(before)) {
        return Ok(());
    }
    end_shown_to(tx, Actor::Client(before.id))
}

impl KeysOf {
    fn ending(self) -> BulkRevocation {
        let (user, minter, client) = match self {
            Self::Owner(id) => (Some(id), None, None),
            Self::OwnerAndMinter(id) => (Some(id), Some(id), None),
            Self::Client(id) => (None, None, Some(id)),
            Self::MintedThrough(id, client) => (None, Some(id), Some(client)),
        };
        BulkRevocation {
            what: RevokedKind::Keys,
            user,
            minter,
            client,
            action: Some("apikey.revoked"),
            ..BulkRevocation::default()
        }
    }
}

/// Some of the keys of a set, with their owners; more than can be revoked at once, if there are more. Includes rows
/// that a pending bulk revocation has not reached yet: `revoke` and the worker skip them.
fn some_of(
    conn: &Connection,
    of: KeysOf,
    now: Timestamp,
) -> Result<Vec<(KeyId, Option<UserId>)>, StoreError> {
    let (by, through) = match of {
        KeysOf::Owner(id) => (vec![("owner_id", id.0)], None),
        KeysOf::OwnerAndMinter(id) => (
            ["owner_id", "minter_id", "granted_by"]
                .map(|by| (by, id.0))
                .to_vec(),
            None,
        ),
        KeysOf::Client(id) => (vec![("client_id", id.0)], None),
        KeysOf::MintedThrough(id, client) => (vec![("granted_by", id.0)], Some(client)),
    };
    let through = through.map(|id| id.0.to_bytes());
    let mut found = Vec::new();
    for (column, id) in by {
        let sql = format!(
            "SELECT id, owner_id FROM api_keys WHERE {column} = ?1 AND coalesce(revoked_at, 9223372036854775807) > ?2 \
             AND (client_id = ?4 OR ?4 IS NULL) LIMIT ?3"
        );
        let mut select = conn.prepare_cached(&sql)?;
        let of = params![id.to_bytes(), now.0, AT_ONCE + 1, through];
        let rows = select.query_map(of, |row| {
            Ok((
                KeyId(ulid(row, 0)?),
                row_mapping::maybe_ulid(row, 1)?.map(UserId),
            ))
        })?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

/// Revokes a set of keys: a few at once, each with its event; many by a bulk revocation. With an account's keys, also
/// the links it was shown for others and the registration tokens it minted, since they may have been obtained with a
/// stolen session. With a client's keys, also the links created with its tokens; its registration tokens are checked
/// against the client. With the keys a client minted for an account, also both kinds created for that account.
pub(super) fn end_all(
    tx: &mut WriteTx<'_>,
    of: KeysOf,
    context: &AuditContext,
) -> Result<(), StoreError> {
    match of {
        KeysOf::Owner(id) | KeysOf::OwnerAndMinter(id) => end_shown_to(tx, Actor::User(id))?,
        KeysOf::Client(id) => one_time_links::end_made_through(tx, id)?,
        KeysOf::MintedThrough(id, client) => {
            one_time_links::end_made_by_through(tx, id, client)?;
            initial_access_tokens::end_minted_through(tx, id, client)?;
        }
    }
    let found = some_of(tx.conn, of, context.at)?;
    if found.len() > AT_ONCE {
        return bulk_revocations::insert(tx, &of.ending(), context);
    }
    for (id, owner) in found {
        if revoke(tx, id, context.at)? {
            tx.event(context, "apikey.revoked", Some(&id), owner, None)?;
        }
    }
    Ok(())
}
