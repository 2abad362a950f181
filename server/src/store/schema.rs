//! Schema and migrations: append only, one transaction each, numbered by `PRAGMA user_version`.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Migration `n` brings a database from version `n` to `n + 1`. Never edit one that was released.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    // Keys from before: what they signed lived no longer than by the settings' defaults, as far as is known. Codes from
    // before have a minute to live, and nobody knows who signed in for them.
    "ALTER TABLE signing_keys ADD COLUMN longest_token_seconds INTEGER NOT NULL DEFAULT 7200;
     ALTER TABLE codes ADD COLUMN signed_in_by BLOB;",
];

/// The schema this binary writes.
pub const VERSION: u32 = MIGRATIONS.len() as u32;

/// The schema a database has; 0 when it is empty.
pub(super) fn version(conn: &Connection) -> Result<u32, StoreError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// The schema a database has.
///
/// # Errors
/// [`StoreError::NewerSchema`] when a later Doorward has written it.
pub(super) fn known(conn: &Connection) -> Result<u32, StoreError> {
    let found = version(conn)?;
    if found <= VERSION {
        Ok(found)
    } else {
        Err(StoreError::NewerSchema {
            found,
            known: VERSION,
        })
    }
}

/// Brings a database up to [`VERSION`].
///
/// # Errors
/// [`StoreError::NewerSchema`] when a later Doorward has written it; nothing is changed then.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let found = known(conn)?;
    if found == 0 && !names(conn)?.is_empty() {
        return Err(not_ours());
    }
    migrate_to(conn, VERSION)
}

fn migrate_to(conn: &mut Connection, wanted: u32) -> Result<(), StoreError> {
    let found = version(conn)?;
    let missing = MIGRATIONS.iter().enumerate().take(wanted as usize);
    for (at, migration) in missing.skip(found as usize) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(migration)?;
        tx.pragma_update(None, "user_version", at + 1)?;
        tx.commit()?;
    }
    Ok(())
}

fn not_ours() -> StoreError {
    StoreError::Unavailable("this database is not Doorward's".into())
}

/// What a database holds: kinds and names of its tables, indexes, triggers.
fn names(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT type || ' ' || name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";
    let mut select = conn.prepare(sql)?;
    let rows = select.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a database has the tables its version says; answers the version.
///
/// # Errors
/// [`StoreError::NewerSchema`], or that it is not a database of Doorward's.
pub(super) fn recognise(conn: &Connection) -> Result<u32, StoreError> {
    let found = known(conn)?;
    let mut known = Connection::open_in_memory()?;
    migrate_to(&mut known, found)?;
    if found == 0 || names(&known)? != names(conn)? {
        return Err(not_ours());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_each_earlier_version_is_brought_up_with_what_is_in_it() {
        for earlier in 1..VERSION {
            let mut conn = Connection::open_in_memory().unwrap();
            migrate_to(&mut conn, earlier).unwrap();
            assert_eq!(recognise(&conn).unwrap(), earlier);
            if earlier == 1 {
                let key = "INSERT INTO signing_keys VALUES ('k', 'RS256', x'00', 1, NULL)";
                conn.execute_batch(key).unwrap();
            }
            migrate(&mut conn).unwrap();
            assert_eq!(recognise(&conn).unwrap(), VERSION);
            if earlier == 1 {
                let sql = "SELECT longest_token_seconds FROM signing_keys WHERE kid = 'k'";
                let longest: u32 = conn.query_row(sql, [], |row| row.get(0)).unwrap();
                assert_eq!(longest, 7200);
            }
        }
    }
}
