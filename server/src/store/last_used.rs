//! Last-used times of keys and sessions: buffered in memory and written in batches, so that reads never wait for them.

use std::{collections::HashMap, net::IpAddr};

use doorward_shared::{KeyId, SessionId, Timestamp};
use quick_cache::DefaultHashBuilder;

use super::{Store, StoreError, row_mapping::ip_text, sql::params};

/// Maximum last-used updates buffered between flushes; beyond it new keys are not recorded until the next flush.
const MAX_BUFFERED: usize = 50_000;

#[derive(Debug, Default)]
pub(super) struct Touched {
    pub keys: HashMap<KeyId, (Timestamp, Option<IpAddr>), DefaultHashBuilder>,
    pub sessions: HashMap<SessionId, Timestamp, DefaultHashBuilder>,
}

impl Store {
    /// Records the use of a key, and its IP address if known.
    pub fn touch_key(&self, id: KeyId, at: Timestamp, ip: Option<IpAddr>) {
        let mut touched = self.touched();
        if touched.keys.len() < MAX_BUFFERED || touched.keys.contains_key(&id) {
            touched.keys.insert(id, (at, ip));
        }
    }

    /// Records the use of a session.
    pub fn touch_session(&self, id: SessionId, at: Timestamp) {
        let mut touched = self.touched();
        if touched.sessions.len() < MAX_BUFFERED || touched.sessions.contains_key(&id) {
            touched.sessions.insert(id, at);
        }
    }

    /// Writes the buffered times.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Overloaded`]; the buffered times are kept for the next call.
    pub async fn flush_touches(&self) -> Result<(), StoreError> {
        // The buffered times stay readable until they are written: eviction of the least recently used session depends
        // on them.
        let (keys, sessions): (Vec<_>, Vec<_>) = {
            let notes = self.touched();
            let keys = notes.keys.iter().map(|(id, note)| (*id, *note));
            let sessions = notes.sessions.iter().map(|(id, at)| (*id, *at));
            (keys.collect(), sessions.collect())
        };
        self.write_touches(&keys, &sessions).await?;
        let mut notes = self.touched();
        for (id, at) in sessions {
            if notes.sessions.get(&id) == Some(&at) {
                notes.sessions.remove(&id);
            }
        }
        for (id, note) in keys {
            if notes.keys.get(&id) == Some(&note) {
                notes.keys.remove(&id);
            }
        }
        Ok(())
    }

    async fn write_touches(
        &self,
        keys: &[(KeyId, (Timestamp, Option<IpAddr>))],
        sessions: &[(SessionId, Timestamp)],
    ) -> Result<(), StoreError> {
        // Short transactions, so that other writes are not delayed.
        for some in sessions.chunks(500).map(<[_]>::to_vec) {
            self.write(move |tx| {
                let mut update = tx.conn.prepare_cached(
                    "UPDATE sessions SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at < ?2",
                )?;
                for (id, at) in some {
                    update.execute(params![id.0.to_bytes(), at.0])?;
                }
                Ok(())
            })
            .await?;
        }
        for some in keys.chunks(500).map(<[_]>::to_vec) {
            self.write(move |tx| {
                let mut update = tx.conn.prepare_cached(
                    "UPDATE api_keys SET last_used_at = ?2, last_used_ip = ?3 WHERE id = ?1",
                )?;
                for (id, (at, ip)) in some {
                    update.execute(params![id.0.to_bytes(), at.0, ip.map(ip_text)])?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}
