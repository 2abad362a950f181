//! Stored row counts of some tables: counting millions of rows takes too long for a page of a list. The changes made by
//! the transactions of a batch are summed in memory, and each changed count is written once, with the commit.

use super::{
    StoreError,
    sql::{self, Connection, Params, Row, params},
    write_tx::WriteTx,
};

/// Number of rows for the count of a row of `counts`, as an expression.
const COUNTED: &str = include_str!("counted.sql");

/// A stored count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Events,
    Sessions,
    /// Unrevoked sessions, live or expired.
    SessionsUnrevoked,
    Users,
}

impl Count {
    fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Sessions => "sessions",
            Self::SessionsUnrevoked => "sessions_unrevoked",
            Self::Users => "users",
        }
    }
}

/// Differences of the counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Difference {
    events: i64,
    sessions: i64,
    sessions_unrevoked: i64,
    users: i64,
}

/// The difference of a row that is not counted.
pub(super) const NOT_COUNTED: Difference = Difference {
    events: 0,
    sessions: 0,
    sessions_unrevoked: 0,
    users: 0,
};
pub(super) const EVENT_ADDED: Difference = Difference {
    events: 1,
    ..NOT_COUNTED
};
pub(super) const EVENT_DELETED: Difference = Difference {
    events: -1,
    ..NOT_COUNTED
};
pub(super) const SESSION_ADDED: Difference = Difference {
    sessions: 1,
    sessions_unrevoked: 1,
    ..NOT_COUNTED
};
pub(super) const SESSION_REVOKED: Difference = Difference {
    sessions_unrevoked: -1,
    ..NOT_COUNTED
};
pub(super) const REVOKED_SESSION_DELETED: Difference = Difference {
    sessions: -1,
    ..NOT_COUNTED
};
pub(super) const UNREVOKED_SESSION_DELETED: Difference = Difference {
    sessions: -1,
    sessions_unrevoked: -1,
    ..NOT_COUNTED
};
pub(super) const USER_ADDED: Difference = Difference {
    users: 1,
    ..NOT_COUNTED
};
pub(super) const USER_DELETED: Difference = Difference {
    users: -1,
    ..NOT_COUNTED
};

impl Difference {
    fn add(&mut self, each: Self, rows: usize) {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.events += each.events * rows;
        self.sessions += each.sessions * rows;
        self.sessions_unrevoked += each.sessions_unrevoked * rows;
        self.users += each.users * rows;
    }
}

impl WriteTx<'_> {
    /// Runs a statement in which each changed row changes the counts by `each`; returns the number of rows changed.
    pub(super) fn counted(
        &mut self,
        each: Difference,
        sql: &str,
        values: impl Params,
    ) -> sql::Result<usize> {
        let conn = self.conn;
        let run = || conn.prepare_cached(sql)?.execute(values);
        let rows = self.guard.counting(run)?;
        self.counts.add(each, rows);
        Ok(rows)
    }

    /// As [`WriteTx::counted`], for a statement that returns the rows it changed.
    pub(super) fn counted_rows<T>(
        &mut self,
        each: Difference,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> sql::Result<T>,
    ) -> sql::Result<Vec<T>> {
        let conn = self.conn;
        let run = || {
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map(values, read)?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        let rows = self.guard.counting(run)?;
        self.counts.add(each, rows.len());
        Ok(rows)
    }

    /// Writes the differences of a batch, in its transaction.
    pub(super) fn write_counts(&mut self) -> sql::Result<()> {
        let Difference {
            events,
            sessions,
            sessions_unrevoked,
            users,
        } = std::mem::take(&mut self.counts);
        let (conn, guard) = (self.conn, self.guard);
        let changed = [
            (Count::Events, events),
            (Count::Sessions, sessions),
            (Count::SessionsUnrevoked, sessions_unrevoked),
            (Count::Users, users),
        ];
        for (count, difference) in changed.into_iter().filter(|changed| changed.1 != 0) {
            let sql = "UPDATE counts SET rows = rows + ?2 WHERE name = ?1";
            let run = || {
                conn.prepare_cached(sql)?
                    .execute(params![count.name(), difference])
            };
            guard.counting(run)?;
        }
        Ok(())
    }
}

/// A stored row count.
pub(super) fn stored_count(conn: &Connection, count: Count) -> Result<u64, StoreError> {
    let sql = "SELECT rows FROM counts WHERE name = ?1";
    let rows: i64 = conn
        .prepare_cached(sql)?
        .query_row([count.name()], |row| row.get(0))?;
    // Negative only if another program has changed the rows.
    Ok(u64::try_from(rows).unwrap_or_default())
}

/// Counts all rows anew, for a database that other programs may have changed.
pub(super) fn recount(conn: &Connection) -> sql::Result<()> {
    conn.execute(&format!("UPDATE counts SET rows = {COUNTED}"), [])?;
    Ok(())
}

/// Compares the stored counts with the rows.
///
/// # Errors
/// The count that is wrong, and how to repair it.
pub(super) fn compare(conn: &Connection) -> Result<(), StoreError> {
    let sql = format!("SELECT name, rows, {COUNTED} FROM counts");
    let mut select = conn.prepare(&sql)?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let (name, kept, rows): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if kept != rows {
            return Err(StoreError::Unavailable(format!(
                "the count of {name} is {kept} and should be {rows}: another program has changed the rows; \
                 restoring a backup of this database counts them anew"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use doorward_shared::Timestamp;

    use std::sync::Arc;

    use super::*;
    use crate::{
        clock::Clock,
        domain::{AuditContext, DomainError},
        store::{
            Bounds, DATABASE, DirectoryLock, Store,
            sqlite::test::{database, reading},
        },
    };

    fn store() -> (Store, Connection, tempfile::TempDir) {
        let home = tempfile::tempdir().unwrap();
        let lock = DirectoryLock::take(home.path()).unwrap();
        let (bounds, clock) = (Bounds::default(), Clock::system());
        let store = Store::open(home.path(), lock, bounds, clock, Arc::default()).unwrap();
        let reader = reading(&home.path().join(DATABASE)).unwrap();
        (store, reader, home)
    }

    #[tokio::test]
    async fn a_statement_that_forgets_to_count_is_refused() {
        let (store, _reader, _home) = store();
        let forgetful = [
            "INSERT INTO events (id, time, actor, action) VALUES (x'01', 0, 'system', 'a')",
            "DELETE FROM events",
            "INSERT OR REPLACE INTO sessions SELECT * FROM sessions",
            "DELETE FROM sessions WHERE id = x'01'",
            "UPDATE sessions SET last_seen_at = 0, revoked_at = NULL",
            "INSERT INTO users SELECT * FROM users",
            "DELETE FROM users",
            "UPDATE counts SET rows = 0",
        ];
        for sql in forgetful {
            let done = store.write(move |tx| Ok(tx.conn.execute(sql, [])?));
            let refused = done.await.unwrap_err().to_string();
            assert!(refused.contains("not authorized"), "{sql}: {refused}");
        }
        let others = store.write(|tx| {
            let conn = tx.conn;
            conn.execute("UPDATE sessions SET last_seen_at = 0", [])?;
            conn.execute("DELETE FROM clients", [])?;
            Ok(tx.counted(USER_DELETED, "DELETE FROM users", [])?)
        });
        assert_eq!(others.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn units_that_are_rolled_back_change_no_count() {
        let (store, reader, _home) = store();
        let context = AuditContext::system(Timestamp(1));
        // They wait for one another, so that batches mix all kinds in any order.
        let units = (0..300).map(|number| {
            let context = context.clone();
            let store = store.clone();
            async move {
                store
                    .write(move |tx| {
                        for _ in 0..=number % 4 {
                            tx.event(&context, "test", None, None, None)?;
                        }
                        match number % 3 {
                            0 => Ok(()),
                            1 => Err(StoreError::from(DomainError::EmailTaken)),
                            _ => panic!("units may panic"),
                        }
                    })
                    .await
            }
        });
        let done = all_done(units).await;
        assert_eq!(done, 100);
        compare(&reader).unwrap();
        assert_eq!(stored_count(&reader, Count::Events).unwrap(), 250);
    }

    /// Queues all operations before waiting for any; returns how many succeeded.
    async fn all_done<F>(units: impl Iterator<Item = F>) -> usize
    where
        F: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let mut tasks: tokio::task::JoinSet<_> = units.collect();
        let mut done = 0;
        while let Some(tx) = tasks.join_next().await {
            done += usize::from(tx.unwrap().is_ok());
        }
        done
    }

    #[test]
    fn rows_that_another_program_has_changed_are_found_and_counted_anew() {
        let conn = database();
        compare(&conn).unwrap();
        let event = "INSERT INTO events (id, time, actor, action) VALUES (x'01', 0, 'system', 'a')";
        conn.execute(event, []).unwrap();
        let found = compare(&conn).unwrap_err().to_string();
        assert!(
            found.starts_with("the count of events is 0 and should be 1"),
            "{found}"
        );
        recount(&conn).unwrap();
        compare(&conn).unwrap();
        conn.execute("DELETE FROM events", []).unwrap();
        conn.execute("UPDATE counts SET rows = -1 WHERE name = 'events'", [])
            .unwrap();
        assert_eq!(stored_count(&conn, Count::Events).unwrap(), 0);
    }
}
