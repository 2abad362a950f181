//! Sweeping: what is dead for long goes, in units so small that nobody waits long behind one.

use doorward_shared::Timestamp;
use rusqlite::params;

use super::{Store, StoreError};

/// Rows in one unit: some 10 ms of the writer.
const ROWS: u32 = 200;
/// How long dead sessions and keys are kept for operators to see, in seconds: 30 days.
const KEEP_DEAD: i64 = 30 * 86_400;
/// How long a code is known after its end, in seconds: a day.
const KEEP_CODE: i64 = 86_400;
/// How long an address that signed in stays known, in seconds: 180 days.
const KEEP_ADDRESS: i64 = 180 * 86_400;

impl Store {
    /// Deletes what is dead; answers how many rows went. Between two units others take their turn.
    pub async fn sweep(&self, now: Timestamp, event_days: u32) -> Result<usize, StoreError> {
        let dead = now.plus_seconds(-KEEP_DEAD);
        let events = now.plus_seconds(-i64::from(event_days) * 86_400);
        let event_floor = ulid::Ulid::from_parts(u64::try_from(events.0).unwrap_or_default(), 0);
        let mut gone = self.sweep_rows(SESSIONS_REVOKED, dead.0).await?;
        gone += self.sweep_rows(SESSIONS_ENDED, dead.0).await?;
        gone += self.sweep_rows(TOKENS, now.0).await?;
        gone += self.sweep_rows(KEYS, dead.0).await?;
        let codes = now.plus_seconds(-KEEP_CODE);
        gone += self.sweep_rows(super::codes::SWEEP_CODES, codes.0).await?;
        gone += self
            .sweep_rows(ADDRESSES, now.plus_seconds(-KEEP_ADDRESS).0)
            .await?;
        if event_days > 0 {
            gone += self.sweep_rows(EVENTS, event_floor.to_bytes()).await?;
        }
        self.memory().forget_tokens(now);
        Ok(gone)
    }

    async fn sweep_rows<P>(&self, sql: &'static str, before: P) -> Result<usize, StoreError>
    where
        P: rusqlite::ToSql + Copy + Send + 'static,
    {
        let mut gone = 0;
        loop {
            let some = self
                .write(move |unit| {
                    Ok(unit
                        .conn
                        .prepare_cached(sql)?
                        .execute(params![before, ROWS])?)
                })
                .await?;
            gone += some;
            if some < ROWS as usize {
                return Ok(gone);
            }
        }
    }
}

const SESSIONS_REVOKED: &str = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE revoked_at IS NOT NULL AND revoked_at < ?1 LIMIT ?2)";
const SESSIONS_ENDED: &str = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE revoked_at IS NULL AND idle_until < ?1 LIMIT ?2)";
const TOKENS: &str = "DELETE FROM revoked_tokens WHERE jti IN (SELECT jti FROM revoked_tokens WHERE expires_at < ?1 LIMIT ?2)";
const KEYS: &str = "DELETE FROM api_keys WHERE id IN \
     (SELECT id FROM api_keys WHERE revoked_at < ?1 OR expires_at < ?1 LIMIT ?2)";
const ADDRESSES: &str = "DELETE FROM user_addresses WHERE (user_id, ip) IN \
     (SELECT user_id, ip FROM user_addresses WHERE seen_at < ?1 LIMIT ?2)";
const EVENTS: &str =
    "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE id < ?1 LIMIT ?2)";
