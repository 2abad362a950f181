//! Throttles a copy of the database, so that a running server keeps the disk and the CPU.
//!
//! An unthrottled copy takes the disk and a core from commits. And data it has written but not synced goes to the disk
//! with the next sync of any file, which then waits for it.

use std::{
    fs::File,
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;

/// Maximum unsynced bytes of a copy: the sync of a concurrent commit may have to wait for them.
const PORTION: u64 = 1 << 20;
/// Time it works before it pauses for as long.
const WORK_BUDGET: Duration = Duration::from_millis(3);
/// Number of SQLite VM instructions between two checks of the clock: some 10 µs.
const STEPS: i32 = 200;

/// Gives the thread the lowest priority. If the system refuses, it keeps its priority.
pub(super) fn step_back() {
    let _ = rustix::process::setpriority_process(None, 15);
}

/// From here on a connection's statements pause for as long as they work, in short turns, and call `between` before
/// each pause.
///
/// # Errors
/// SQLite's.
pub(super) fn keep(
    conn: &mut Connection,
    mut between: impl FnMut() + Send + 'static,
) -> rusqlite::Result<()> {
    let mut since = Instant::now();
    let turn = move || {
        if since.elapsed() >= WORK_BUDGET {
            between();
            thread::sleep(since.elapsed());
            since = Instant::now();
        }
        // Continue.
        false
    };
    conn.progress_handler(STEPS, Some(turn))
}

/// Progress of a copy's file.
#[derive(Debug)]
pub(super) struct Written {
    file: File,
    synced: u64,
}

impl Written {
    /// # Errors
    /// When there is no such file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self { file, synced: 0 })
    }

    /// Syncs new data once it reaches the limit; returns the length of the file.
    pub(super) fn sync(&mut self) -> u64 {
        let bytes = self
            .file
            .metadata()
            .map_or(self.synced, |found| found.len());
        if bytes.saturating_sub(self.synced) >= PORTION {
            // The sync at the end of the copy meets the same error and reports it.
            let _ = self.file.sync_data();
            self.synced = bytes;
        }
        bytes
    }
}
