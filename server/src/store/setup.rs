//! What was done of setting a server up, as far as the database knows.

use doorward_shared::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use ulid::Ulid;

use super::{Store, StoreError, rows};

/// What has happened at least once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beginnings {
    pub administrator: bool,
    pub backed_up_at: Option<Timestamp>,
    pub mail_sent: bool,
    pub client_connected: bool,
}

impl Store {
    /// What has happened at least once. Each is one step in an index.
    pub(crate) async fn beginnings(&self) -> Result<Beginnings, StoreError> {
        self.read(beginnings).await
    }
}

fn beginnings(conn: &Connection) -> Result<Beginnings, StoreError> {
    let is_there = |sql: &str| -> Result<bool, StoreError> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    let sql = "SELECT id FROM events WHERE action = 'server.backed_up' ORDER BY id DESC LIMIT 1";
    let backup: Option<Ulid> = conn
        .prepare_cached(sql)?
        .query_row([], |row| rows::ulid(row, 0))
        .optional()?;
    let at = |id: Ulid| Timestamp(i64::try_from(id.timestamp_ms()).unwrap_or(i64::MAX));
    Ok(Beginnings {
        administrator: is_there(
            "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL)",
        )?,
        backed_up_at: backup.map(at),
        mail_sent: is_there("SELECT EXISTS (SELECT 1 FROM mails WHERE sent_at IS NOT NULL)")?,
        client_connected: is_there(
            "SELECT EXISTS (SELECT 1 FROM sessions WHERE client_id IS NOT NULL)",
        )?,
    })
}
