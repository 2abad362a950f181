//! Debug builds: records the statements that run, to check whether another engine would accept them.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io::Write,
    sync::{LazyLock, Mutex, PoisonError},
};

use rusqlite::{
    Connection,
    trace::{TraceEvent, TraceEventCodes},
};

/// Environment variable with the name of the file that gets a line for each statement.
const VARIABLE: &str = "SQLITE_STATEMENTS";

struct StatementLog {
    file: File,
    known: HashSet<String>,
}

static NOTED: LazyLock<Option<Mutex<StatementLog>>> = LazyLock::new(|| {
    let name = std::env::var_os(VARIABLE)?;
    let file = OpenOptions::new().create(true).append(true).open(name);
    let noted = |file| StatementLog {
        file,
        known: HashSet::new(),
    };
    file.ok().map(noted).map(Mutex::new)
});

/// Records the statements of a connection, each once.
pub(super) fn record(conn: &mut Connection) -> rusqlite::Result<()> {
    if NOTED.is_some() {
        conn.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(on_event))?;
    }
    Ok(())
}

fn on_event(event: TraceEvent<'_>) {
    let (TraceEvent::Stmt(_, text), Some(noted)) = (event, &*NOTED) else {
        return;
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
    if noted.known.insert(line.clone()) {
        // In a single write, so that lines of several processes do not mix.
        let _ = noted.file.write_all(format!("{line}\n").as_bytes());
    }
}
