//! The pace of a copy of the database: beside a server at work, and below it.
//!
//! A copy that works as fast as the machine lets it takes the disk and a core from whoever waits for a commit. And what it
//! has written and not synced goes to the disk with the next sync of anyone, who then waits for what is not his.

use std::{
    fs::File,
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;

/// Bytes that a copy may hold back from the disk: whoever commits meanwhile waits for the sync of so many.
const PORTION: u64 = 1 << 20;
/// How long it works before it rests for as long.
const WORK_BUDGET: Duration = Duration::from_millis(3);
/// Of SQLite's machine between two looks at the clock: some 10 µs.
const STEPS: i32 = 200;

/// Puts the thread behind all others. Where the system refuses, all stay equal.
pub(super) fn step_back() {
    let _ = rustix::process::setpriority_process(None, 15);
}

/// From here on a connection's statements rest as long as they work, in short turns, and do `between` before each rest.
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
        // It goes on.
        false
    };
    conn.progress_handler(STEPS, Some(turn))
}

/// What a copy has written so far.
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

    /// Syncs what came since, if it is a portion; answers how long the file is.
    pub(super) fn sync(&mut self) -> u64 {
        let bytes = self
            .file
            .metadata()
            .map_or(self.synced, |found| found.len());
        if bytes.saturating_sub(self.synced) >= PORTION {
            // An error meets the sync at the end of the copy as well, which answers for it.
            let _ = self.file.sync_data();
            self.synced = bytes;
        }
        bytes
    }
}
