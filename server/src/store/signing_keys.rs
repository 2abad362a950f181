//! Signing keys, sealed: only the master key decrypts them.

use doorward_shared::Timestamp;

use super::{
    Store, StoreError, authority, row_mapping,
    sql::{Connection, OptionalExtension, params},
};
use crate::domain::{
    Act, AuditContext,
    rules::{
        authority as rule,
        signing_key::{self as keys, SigningKeyUsage},
    },
};

/// A signing key as stored.
#[derive(Debug, Clone)]
pub struct StoredSigningKey {
    pub kid: String,
    /// `RS256`, `ES256` or `EdDSA`.
    pub algorithm: String,
    /// PKCS #8, sealed with the master key; the `kid` is the associated data.
    pub sealed: Vec<u8>,
    pub created_at: Timestamp,
    /// When it leaves the JWKS; `None` while it signs.
    pub retires_at: Option<Timestamp>,
    /// When it stopped signing; `None` while it signs.
    pub stopped_at: Option<Timestamp>,
    /// Whether the tokens it signed are revoked; the row remains so that they are recognized.
    pub is_revoked: bool,
    /// Longest lifetime of a token it may have signed, in seconds.
    pub longest_token_seconds: u32,
}

impl Store {
    /// All signing keys, newest first.
    pub async fn signing_keys(&self) -> Result<Vec<StoredSigningKey>, StoreError> {
        self.read(|conn| {
            let sql = "SELECT kid, algorithm, sealed, created_at, retires_at, stopped_at, longest_token_seconds, \
                       EXISTS (SELECT 1 FROM meta WHERE meta.key = 'withdrawn_key:' || kid) \
                       FROM signing_keys ORDER BY retires_at IS NOT NULL, created_at DESC";
            let mut select = conn.prepare_cached(sql)?;
            let rows = select.query_map([], |row| {
                Ok(StoredSigningKey {
                    kid: row.get(0)?,
                    algorithm: row.get(1)?,
                    sealed: row.get(2)?,
                    created_at: Timestamp(row.get(3)?),
                    retires_at: row_mapping::maybe_time(row, 4)?,
                    stopped_at: row_mapping::maybe_time(row, 5)?,
                    longest_token_seconds: row.get(6)?,
                    is_revoked: row.get(7)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Makes `key` the signing key; the previous ones leave the JWKS when their last token has expired.
    ///
    /// # Errors
    /// As [`rule::change_signing_keys`].
    pub async fn rotate_signing_key(
        &self,
        key: StoredSigningKey,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::change_signing_keys(&by)?;
            let context = act.context(&by);
            stop_all(tx.conn, context.at)?;
            tx.conn
                .prepare_cached("INSERT INTO signing_keys (kid, algorithm, sealed, created_at, longest_token_seconds) \
                     VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![
                    key.kid,
                    key.algorithm,
                    key.sealed,
                    key.created_at.0,
                    key.longest_token_seconds
                ])?;
            tx.event(
                context,
                "signing_key.rotated",
                Some(&key.kid),
                None,
                Some(&key.algorithm),
            )
        })
        .await
    }

    /// Deletes a key that no longer signs, before its scheduled removal.
    ///
    /// # Errors
    /// As [`keys::delete`] and [`rule::change_signing_keys`].
    pub async fn delete_signing_key(&self, kid: String, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::change_signing_keys(&by)?;
            let sql = "SELECT retires_at IS NULL FROM signing_keys WHERE kid = ?1";
            let mut select = tx.conn.prepare_cached(sql)?;
            let signs: Option<bool> = select.query_row([&kid], |row| row.get(0)).optional()?;
            keys::delete(match signs {
                None => SigningKeyUsage::Missing,
                Some(true) => SigningKeyUsage::Signs,
                Some(false) => SigningKeyUsage::Verifies,
            })?;
            tx.conn
                .prepare_cached("DELETE FROM signing_keys WHERE kid = ?1")?
                .execute([&kid])?;
            forget_marks(tx.conn)?;
            tx.event(
                act.context(&by),
                "signing_key.revoked",
                Some(&kid),
                None,
                None,
            )
        })
        .await
    }

    /// Records the lifetime of the tokens that the signing key will sign, before it is used.
    pub async fn note_token_lifetime(&self, seconds: u32) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sql = "UPDATE signing_keys SET longest_token_seconds = ?1 \
                       WHERE retires_at IS NULL AND longest_token_seconds < ?1";
            tx.conn.prepare_cached(sql)?.execute([seconds])?;
            Ok(())
        })
        .await
    }

    /// Deletes keys whose last token has expired; returns their number.
    pub async fn drop_retired_keys(&self, now: Timestamp) -> Result<usize, StoreError> {
        let due = self
            .signing_keys()
            .await?
            .iter()
            .any(|key| keys::is_retired(key.retires_at, now));
        if !due {
            return Ok(0);
        }
        self.write(move |tx| {
            let gone = tx
                .conn
                .prepare_cached("DELETE FROM signing_keys WHERE retires_at <= ?1")?
                .execute([now.0])?;
            if gone > 0 {
                forget_marks(tx.conn)?;
                let detail = format!("{gone} keys");
                tx.event(
                    &AuditContext::system(now),
                    "signing_key.retired",
                    None,
                    None,
                    Some(&detail),
                )?;
            }
            Ok(gone)
        })
        .await
    }
}

/// Stops all keys from signing; they leave the JWKS when their last token has expired.
pub(super) fn stop_all(conn: &Connection, now: Timestamp) -> Result<(), StoreError> {
    for (kid, longest) in signing(conn)? {
        let sql = "UPDATE signing_keys SET retires_at = ?2, stopped_at = ?3 WHERE kid = ?1";
        let retires_at = keys::retires_at(now, longest);
        conn.prepare_cached(sql)?
            .execute(params![kid, retires_at.0, now.0])?;
    }
    Ok(())
}

/// Revokes all keys and the tokens they signed: none is published any more.
pub(super) fn withdraw_all(conn: &Connection, now: Timestamp) -> Result<(), StoreError> {
    stop_all(conn, now)?;
    let sql = "INSERT INTO meta SELECT 'withdrawn_key:' || kid, '1' FROM signing_keys WHERE TRUE \
               ON CONFLICT (key) DO NOTHING";
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// Removes the marks of deleted revoked keys.
fn forget_marks(conn: &Connection) -> Result<(), StoreError> {
    let sql = "DELETE FROM meta WHERE substr(key, 1, 14) = 'withdrawn_key:' AND NOT EXISTS \
               (SELECT 1 FROM signing_keys WHERE 'withdrawn_key:' || kid = meta.key)";
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// The keys that sign, and the longest lifetime of the tokens each may have signed.
fn signing(conn: &Connection) -> Result<Vec<(String, u32)>, StoreError> {
    let sql = "SELECT kid, longest_token_seconds FROM signing_keys WHERE retires_at IS NULL";
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
