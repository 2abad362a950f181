//! Browser sign-ins: the session that a cookie identifies.

use doorward_shared::{SessionId, Timestamp};

use super::{
    Store, StoreError,
    caches::through,
    row_mapping::ulid,
    sql::{OptionalExtension, params},
    write_tx::WriteTx,
};
use crate::crypto::secret::Digest256;

impl Store {
    /// The session of the browser whose cookie has this hash, live or not.
    pub async fn browser_session(&self, hash: Digest256) -> Result<Option<SessionId>, StoreError> {
        // A cookie always identifies the same session; whether that session is live is checked on each request.
        through(&self.memory().browsers, &hash, async {
            self.look_up(move |conn| {
                let sql = "SELECT session_id FROM browser_sessions WHERE hash = ?1";
                let id = conn
                    .prepare_cached(sql)?
                    .query_row([hash.0], |row| ulid(row, 0))
                    .optional()?;
                Ok(id.map(SessionId))
            })
            .await
        })
        .await
    }

    /// Extends the idle expiry of an active session, at most to its absolute expiry.
    pub async fn keep_session(
        &self,
        id: SessionId,
        idle_until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.conn
                .prepare_cached(
                    "UPDATE sessions SET idle_until = CASE WHEN ?2 < expires_at THEN ?2 ELSE expires_at END \
                     WHERE id = ?1 AND idle_until < ?2 AND revoked_at IS NULL",
                )?
                .execute(params![id.0.to_bytes(), idle_until.0])?;
            tx.changes.sessions.push(id);
            Ok(())
        })
        .await
    }
}

pub(super) fn insert(
    tx: &mut WriteTx<'_>,
    hash: Digest256,
    session: SessionId,
) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("INSERT INTO browser_sessions VALUES (?1, ?2)")?
        .execute(params![hash.0, session.0.to_bytes()])?;
    Ok(())
}
