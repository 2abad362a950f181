//! The operator key: the one key that no user owns, for the console on this machine.

use doorward_shared::{ScopeSet, apikey::Environment};
use rusqlite::{OptionalExtension, params};

use super::{
    Store, StoreError,
    keys::{self, NewKey},
};
use crate::{
    crypto::secret::Digest256,
    domain::{Cause, KeyOwner, role},
};

/// Set in `meta` once there has been an operator key.
pub(super) const MADE: &str = "operator_key_made";
/// Its name among keys.
pub(super) const OPERATOR: &str = "operator.key";

impl Store {
    /// Whether this database has had an operator key.
    pub async fn operator_key_made(&self) -> Result<bool, StoreError> {
        self.read(|conn| {
            let found = conn
                .query_row("SELECT 1 FROM meta WHERE key = ?1", [MADE], |_| Ok(()))
                .optional()?;
            Ok(found.is_some())
        })
        .await
    }

    /// Makes the secret with this hash the operator key, and revokes those before it.
    pub async fn set_operator_key(
        &self,
        hash: Digest256,
        hint: String,
        cause: Cause,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let sql = "UPDATE api_keys SET revoked_at = ?1 WHERE owner_id IS NULL AND name = ?2 AND revoked_at IS NULL";
            unit.conn.prepare_cached(sql)?.execute(params![cause.at.0, OPERATOR])?;
            // A file that was put back may hold a key that was replaced once: whoever holds the directory decides.
            let again = "DELETE FROM api_keys WHERE hash = ?1 AND owner_id IS NULL";
            unit.conn.prepare_cached(again)?.execute(params![hash.0])?;
            unit.changes.all_keys = true;
            let scopes = ScopeSet::parse(role::ADMIN).unwrap_or_default();
            let key = NewKey {
                owner: KeyOwner::Operator,
                hash,
                hint,
                name: OPERATOR.into(),
                scopes,
                environment: Environment::Live,
                expires_at: None,
            };
            keys::insert(unit, key, &cause, "apikey.created", None)?;
            unit.conn.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?.execute(params![MADE, "1"])?;
            Ok(())
        })
        .await
    }
}
