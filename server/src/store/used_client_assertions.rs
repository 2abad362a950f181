//! Used client assertions: each is accepted once, also across restarts (RFC 7523 section 3).

use doorward_shared::Timestamp;

use super::{Store, StoreError, sql::params};
use crate::crypto::secret::Digest256;

impl Store {
    /// Marks an assertion as used; returns whether it was unused.
    pub async fn use_assertion(
        &self,
        hash: Digest256,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let sql = "INSERT INTO assertions VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            let new = tx
                .conn
                .prepare_cached(sql)?
                .execute(params![hash.0, until.0])?;
            Ok(new == 1)
        })
        .await
    }
}
