//! Schema and migrations: append only, one transaction each, numbered by `PRAGMA user_version`.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Migration `n` brings a database from version `n` to `n + 1`. Never edit one that was released.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// The schema this binary writes.
pub const VERSION: u32 = MIGRATIONS.len() as u32;

/// The schema a database has; 0 when it is empty.
pub(super) fn version(conn: &Connection) -> Result<u32, StoreError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Brings a database up to [`VERSION`].
///
/// # Errors
/// [`StoreError::NewerSchema`] when a later Doorward has written it; nothing is changed then.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let found = version(conn)?;
    if found > VERSION {
        return Err(StoreError::NewerSchema {
            found,
            known: VERSION,
        });
    }
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(migration)?;
        tx.pragma_update(None, "user_version", at + 1)?;
        tx.commit()?;
    }
    Ok(())
}
