//! The operator key: the only key without an owner, for the console on this machine.
//!
//! It is identified by its id, which `meta` marks, whatever its name and scopes are. During a rotation two keys are
//! marked, so that a crash between the database and the file write leaves one that works.

use doorward_shared::{KeyId, ScopeSet, Timestamp, apikey::Environment};
use ulid::Ulid;

use super::{
    Store, StoreError, WriteTx,
    keys::{self, NewKey},
    sql::{self, Connection, OptionalExtension, params},
};
use crate::{
    crypto::secret::Digest256,
    domain::{AuditContext, KeyOwner, KeyRestrictions, Minter, role},
};

/// Set in `meta` once an operator key has been created.
const MADE: &str = "operator_key_made";
/// Its initial name.
const OPERATOR: &str = "operator.key";
/// Condition for keys valid at `?1`, including those in the grace period of a rotation.
const ALIVE: &str = "(revoked_at IS NULL OR revoked_at > ?1)";
/// Keys marked in `meta`.
const MARKED: &str =
    "EXISTS (SELECT 1 FROM meta WHERE meta.key = 'operator_key:' || hex(api_keys.id))";

impl Store {
    /// Whether this database has ever had an operator key.
    pub async fn operator_key_made(&self) -> Result<bool, StoreError> {
        self.read(|conn| Ok(is_made(conn)?)).await
    }

    /// Creates an operator key with this secret hash and revokes the previous ones.
    pub async fn set_operator_key(
        &self,
        hash: Digest256,
        hint: String,
        context: AuditContext,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            insert(tx, hash, hint, &context)?;
            keep_only(tx, hash, &context)
        })
        .await
    }

    /// Creates an operator key with this secret hash beside the existing one.
    pub async fn add_operator_key(
        &self,
        hash: Digest256,
        hint: String,
        context: AuditContext,
    ) -> Result<(), StoreError> {
        self.write(move |tx| insert(tx, hash, hint, &context)).await
    }

    /// Revokes an operator key whose secret was not written to a file.
    pub async fn drop_operator_key(
        &self,
        hash: Digest256,
        context: AuditContext,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sql = "SELECT id FROM api_keys WHERE hash = ?1 AND revoked_at IS NULL";
            let id: Option<[u8; 16]> = tx
                .conn
                .query_row(sql, [hash.0], |row| row.get(0))
                .optional()?;
            if let Some(id) = id {
                let sql = "UPDATE api_keys SET revoked_at = ?1 WHERE id = ?2";
                tx.conn.execute(sql, params![context.at.0, id])?;
                tx.changes.keys.push(hash);
                let id = KeyId(Ulid::from_bytes(id));
                tx.event(&context, "apikey.revoked", Some(&id), None, Some(OPERATOR))?;
            }
            forget_dead(tx.conn, context.at)
        })
        .await
    }

    /// Marks the key in the directory's file if no key is marked: it may have been renamed before keys were identified
    /// by their ids.
    pub async fn recognise_operator_key(&self, hash: Digest256) -> Result<(), StoreError> {
        let find = move |conn: &Connection| {
            let sql = "SELECT id FROM api_keys WHERE hash = ?1 AND owner_id IS NULL AND revoked_at IS NULL \
                       AND NOT EXISTS (SELECT 1 FROM meta WHERE key LIKE 'operator\\_key:%' ESCAPE '\\')";
            let found = conn.query_row(sql, [hash.0], |row| row.get(0).map(Ulid::from_bytes));
            Ok(found.optional()?.map(KeyId))
        };
        match self.read(find).await? {
            Some(id) => self.write(move |tx| mark(tx, id)).await,
            None => Ok(()),
        }
    }

    /// Revokes every operator key except the one with this hash, if that one is live: it is the key in the file.
    pub async fn settle_operator_key(
        &self,
        hash: Digest256,
        context: AuditContext,
    ) -> Result<(), StoreError> {
        let now = context.at;
        let unsettled = self
            .read(move |conn| {
                Ok(
                    is_live(conn, hash)?
                        && !(others(conn, hash, now)?.is_empty() && is_made(conn)?),
                )
            })
            .await?;
        if !unsettled {
            return Ok(());
        }
        self.write(move |tx| {
            if is_live(tx.conn, hash)? {
                keep_only(tx, hash, &context)
            } else {
                Ok(())
            }
        })
        .await
    }
}

/// Keeps the key with this hash as the only operator key.
fn keep_only(
    tx: &mut WriteTx<'_>,
    hash: Digest256,
    context: &AuditContext,
) -> Result<(), StoreError> {
    for id in others(tx.conn, hash, context.at)? {
        tx.event(context, "apikey.revoked", Some(&id), None, Some(OPERATOR))?;
    }
    retire_others(tx.conn, hash, context)?;
    tx.changes.all_keys = true;
    let sql = "INSERT INTO meta VALUES (?1, '1') ON CONFLICT (key) DO NOTHING";
    tx.conn.prepare_cached(sql)?.execute([MADE])?;
    Ok(())
}

fn is_made(conn: &Connection) -> sql::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM meta WHERE key = ?1)";
    conn.query_row(sql, [MADE], |row| row.get(0))
}

fn insert(
    tx: &mut WriteTx<'_>,
    hash: Digest256,
    hint: String,
    context: &AuditContext,
) -> Result<(), StoreError> {
    // A file that was put back may hold a replaced key: the owner of the directory decides.
    let again = "DELETE FROM api_keys WHERE hash = ?1 AND owner_id IS NULL";
    tx.conn.prepare_cached(again)?.execute([hash.0])?;
    let key = NewKey {
        owner: KeyOwner::Operator,
        hash,
        hint,
        name: OPERATOR.into(),
        scopes: ScopeSet::parse(role::ADMIN).unwrap_or_default(),
        environment: Environment::Live,
        expires_at: None,
        terms: KeyRestrictions::default(),
        meter: None,
    };
    let made = keys::insert(tx, key, Minter::default(), context, "apikey.created", None)?;
    mark(tx, made.id)
}

/// Whether the secret with this hash is a valid operator key.
pub(super) fn is_live(conn: &Connection, hash: Digest256) -> sql::Result<bool> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM api_keys WHERE hash = ?1 AND revoked_at IS NULL AND {MARKED})"
    );
    conn.query_row(&sql, [hash.0], |row| row.get(0))
}

/// The other valid operator keys.
fn others(conn: &Connection, hash: Digest256, now: Timestamp) -> sql::Result<Vec<KeyId>> {
    let sql = format!("SELECT id FROM api_keys WHERE hash <> ?2 AND {ALIVE} AND {MARKED}");
    let mut select = conn.prepare(&sql)?;
    let both = params![now.0, hash.0];
    let rows = select.query_map(both, |row| row.get(0).map(Ulid::from_bytes).map(KeyId))?;
    rows.collect()
}

/// Revokes all operator keys except the one with this hash.
pub(super) fn retire_others(
    conn: &Connection,
    hash: Digest256,
    context: &AuditContext,
) -> Result<(), StoreError> {
    let sql =
        format!("UPDATE api_keys SET revoked_at = ?1 WHERE hash <> ?2 AND {ALIVE} AND {MARKED}");
    conn.execute(&sql, params![context.at.0, hash.0])?;
    forget_dead(conn, context.at)
}

/// Revokes all operator keys: the next start adopts the key in the file, or creates one.
pub(super) fn retire_all(conn: &Connection, context: &AuditContext) -> Result<(), StoreError> {
    let sql = format!("UPDATE api_keys SET revoked_at = ?1 WHERE {ALIVE} AND {MARKED}");
    conn.execute(&sql, params![context.at.0])?;
    conn.execute("DELETE FROM meta WHERE key = ?1", [MADE])?;
    forget_dead(conn, context.at)
}

/// Removes the marks of keys that are revoked (grace period over) or deleted.
fn forget_dead(conn: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let sql = format!(
        "DELETE FROM meta WHERE key LIKE 'operator\\_key:%' ESCAPE '\\' AND NOT EXISTS ( \
         SELECT 1 FROM api_keys WHERE 'operator_key:' || hex(api_keys.id) = meta.key AND {ALIVE})"
    );
    conn.execute(&sql, [now.0])?;
    Ok(())
}

/// Marks a key as the operator key and removes its minter, so that it survives them: the user who rotated it may be
/// deleted, even by an operator who may not touch the key.
pub(super) fn mark(tx: &mut WriteTx<'_>, id: KeyId) -> Result<(), StoreError> {
    let mark =
        "INSERT INTO meta VALUES ('operator_key:' || hex(?1), '1') ON CONFLICT (key) DO NOTHING";
    tx.conn.prepare_cached(mark)?.execute([id.0.to_bytes()])?;
    let free =
        "UPDATE api_keys SET minter_id = NULL, client_id = NULL, granted_by = NULL WHERE id = ?1";
    tx.conn.prepare_cached(free)?.execute([id.0.to_bytes()])?;
    Ok(())
}

/// Whether a key is the operator key, or a replaced one in its grace period.
pub(super) fn is_marked(conn: &Connection, id: KeyId) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM meta WHERE key = 'operator_key:' || hex(?1))";
    let mut select = conn.prepare_cached(sql)?;
    Ok(select.query_row([id.0.to_bytes()], |row| row.get(0))?)
}
