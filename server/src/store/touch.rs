//! When keys and sessions were last used: noted in memory, written in batches, never in the way of a read.

use std::{collections::HashMap, net::IpAddr};

use doorward_shared::{KeyId, SessionId, Timestamp};
use rusqlite::params;

use super::{Store, StoreError, rows::ip_text};

/// Notes kept between two flushes; past it the oldest knowledge stands.
const MANY: usize = 50_000;

#[derive(Debug, Default)]
pub(super) struct Touched {
    pub keys: HashMap<KeyId, (Timestamp, IpAddr)>,
    pub sessions: HashMap<SessionId, Timestamp>,
}

impl Store {
    /// Notes that a key was used.
    pub fn touch_key(&self, id: KeyId, at: Timestamp, ip: IpAddr) {
        let mut touched = self.touched();
        if touched.keys.len() < MANY || touched.keys.contains_key(&id) {
            touched.keys.insert(id, (at, ip));
        }
    }

    /// Notes that a session was used.
    pub fn touch_session(&self, id: SessionId, at: Timestamp) {
        let mut touched = self.touched();
        if touched.sessions.len() < MANY || touched.sessions.contains_key(&id) {
            touched.sessions.insert(id, at);
        }
    }

    /// Writes what was noted since the last time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the notes are lost then, which only makes "last used" older.
    pub async fn flush_touches(&self) -> Result<(), StoreError> {
        let notes = std::mem::take(&mut *self.touched());
        if notes.keys.is_empty() && notes.sessions.is_empty() {
            return Ok(());
        }
        let sessions: Vec<_> = notes.sessions.into_iter().collect();
        let keys: Vec<_> = notes.keys.into_iter().collect();
        // Small units, so that nobody waits long behind them.
        for some in sessions.chunks(500).map(<[_]>::to_vec) {
            self.write(move |unit| {
                let mut update = unit.conn.prepare_cached(
                    "UPDATE sessions SET last_seen_at = max(last_seen_at, ?2) WHERE id = ?1",
                )?;
                for (id, at) in some {
                    update.execute(params![id.0.to_bytes(), at.0])?;
                }
                Ok(())
            })
            .await?;
        }
        for some in keys.chunks(500).map(<[_]>::to_vec) {
            self.write(move |unit| {
                let mut update = unit.conn.prepare_cached(
                    "UPDATE api_keys SET last_used_at = ?2, last_used_ip = ?3 WHERE id = ?1",
                )?;
                for (id, (at, ip)) in some {
                    update.execute(params![id.0.to_bytes(), at.0, ip_text(ip)])?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}
