//! Rejects statements that would bypass the row counts.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use rusqlite::{
    Connection,
    hooks::{AuthAction, AuthContext, Authorization},
};

/// Makes SQLite reject each statement of the writer that changes counted rows, unless
/// [`WriteTx::counted`](crate::store::write_tx::WriteTx::counted) runs it: a statement that does not count fails every
/// time.
#[derive(Debug)]
pub(in crate::store) struct Guard {
    is_counting: Arc<AtomicBool>,
}

impl Guard {
    /// Guards the statements of a connection.
    pub(super) fn of(conn: &mut Connection) -> rusqlite::Result<Self> {
        let is_counting = Arc::new(AtomicBool::new(false));
        let asked = is_counting.clone();
        conn.authorizer(Some(move |context: AuthContext<'_>| {
            if asked.load(Relaxed) || !is_counted(context.action) {
                Authorization::Allow
            } else {
                Authorization::Deny
            }
        }))?;
        Ok(Self { is_counting })
    }

    /// Statements are authorized when they are prepared, and again if the schema has changed since.
    pub(in crate::store) fn counting<T>(&self, run: impl FnOnce() -> T) -> T {
        self.is_counting.store(true, Relaxed);
        let done = run();
        self.is_counting.store(false, Relaxed);
        done
    }
}

/// Whether a statement with this action changes a count.
fn is_counted(action: AuthAction<'_>) -> bool {
    match action {
        AuthAction::Insert { table_name } | AuthAction::Delete { table_name } => {
            matches!(table_name, "counts" | "events" | "sessions" | "users")
        }
        AuthAction::Update {
            table_name,
            column_name,
        } => table_name == "counts" || (table_name, column_name) == ("sessions", "revoked_at"),
        _ => false,
    }
}
