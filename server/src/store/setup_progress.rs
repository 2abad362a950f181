//! Progress of the server's initial set-up. It is derived from rows that are deleted after a while, so it is stored
//! before.

use doorward_shared::Timestamp;
use ulid::Ulid;

use super::{
    Store, StoreError, row_mapping,
    sql::{Connection, OptionalExtension, params},
};

/// Keys in `meta` for the last backup, the first mail sent and the first client used.
const BACKED_UP: &str = "begun:backup";
const MAILED: &str = "begun:mail";
const CONNECTED: &str = "begun:client";

/// Steps completed at least once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SetupProgress {
    pub administrator: bool,
    pub backed_up_at: Option<Timestamp>,
    pub mail_sent: bool,
    pub client_connected: bool,
}

impl Store {
    /// The completed steps. Each is a single index lookup.
    pub(crate) async fn beginnings(&self) -> Result<SetupProgress, StoreError> {
        let found = self.read(|conn| Ok((found(conn)?, noted(conn)?)));
        let (found, noted) = found.await?;
        Ok(found.or(noted))
    }

    /// Stores the completed steps that are not stored yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn keep_beginnings(&self) -> Result<(), StoreError> {
        let read = self.read(|conn| Ok((found(conn)?, noted(conn)?)));
        let (found, noted) = read.await?;
        let known = found.or(noted.clone());
        let new = SetupProgress {
            // Depends on the current rows alone.
            administrator: noted.administrator,
            ..known
        };
        if new == noted {
            return Ok(());
        }
        self.write(move |tx| {
            let at = new.backed_up_at.map(|at| at.0.to_string());
            let flag = |is: bool| is.then(|| "1".to_owned());
            let notes = [
                (BACKED_UP, at),
                (MAILED, flag(new.mail_sent)),
                (CONNECTED, flag(new.client_connected)),
            ];
            for (key, value) in notes.into_iter().filter_map(|(key, value)| Some((key, value?))) {
                tx.conn
                    .prepare_cached(
                        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    )?
                    .execute(params![key, value])?;
            }
            Ok(())
        })
        .await
    }
}

impl SetupProgress {
    fn or(self, other: Self) -> Self {
        Self {
            administrator: self.administrator || other.administrator,
            backed_up_at: self.backed_up_at.max(other.backed_up_at),
            mail_sent: self.mail_sent || other.mail_sent,
            client_connected: self.client_connected || other.client_connected,
        }
    }
}

/// The stored steps.
fn noted(conn: &Connection) -> Result<SetupProgress, StoreError> {
    let value = |key: &str| -> Result<Option<String>, StoreError> {
        let mut select = conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(select.query_row([key], |row| row.get(0)).optional()?)
    };
    let at = value(BACKED_UP)?.and_then(|at| at.parse().ok());
    Ok(SetupProgress {
        administrator: false,
        backed_up_at: at.map(Timestamp),
        mail_sent: value(MAILED)?.is_some(),
        client_connected: value(CONNECTED)?.is_some(),
    })
}

/// The steps derived from the rows.
fn found(conn: &Connection) -> Result<SetupProgress, StoreError> {
    let is_there = |sql: &str| -> Result<bool, StoreError> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    let sql = "SELECT id FROM events WHERE action = 'server.backed_up' ORDER BY id DESC LIMIT 1";
    let backup: Option<Ulid> = conn
        .prepare_cached(sql)?
        .query_row([], |row| row_mapping::ulid(row, 0))
        .optional()?;
    let at = |id: Ulid| Timestamp(i64::try_from(id.timestamp_ms()).unwrap_or(i64::MAX));
    Ok(SetupProgress {
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
