//! SQLite: its files and locks, connections and threads, schema, backups. Nothing outside this folder and `sql` names it.

mod backup;
mod backup_throttle;
mod check;
mod checkpoint;
mod count_guard;
mod file_modes;
mod leftovers;
mod open;
mod readers;
mod restore;
mod schema;
mod statement_log;
mod text_index;
mod writer;

pub(in crate::store) use backup::Copies;
pub use backup::{back_up, back_up_to_stdout};
pub use check::{check, check_file};
pub(in crate::store) use count_guard::Guard;
pub use file_modes::tighten;
pub use open::{Bounds, DATABASE, DirectoryLock, MASTER_KEY, OPERATOR_KEY};
pub(in crate::store) use readers::Readers;
pub use restore::{Restore, Restored, restore};
pub use schema::VERSION as SCHEMA_VERSION;
pub(in crate::store) use text_index::users_containing;
pub(in crate::store) use writer::Writer;

/// What tests of statements work with.
#[cfg(test)]
pub(in crate::store) mod test {
    pub(in crate::store) use super::open::reading;
    use super::schema;
    use crate::store::sql::Connection;

    /// An empty database in memory.
    pub(in crate::store) fn database() -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        schema::migrate(&mut conn).unwrap();
        conn
    }

    /// How the engine goes about a statement, in its own words.
    pub(in crate::store) fn plan(sql: &str) -> String {
        let conn = database();
        let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let none =
            rusqlite::params_from_iter(vec![rusqlite::types::Null; explain.parameter_count()]);
        let rows = explain
            .query_map(none, |row| row.get::<_, String>(3))
            .unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }
}
