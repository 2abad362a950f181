//! Checkpoints the WAL on a thread beside the writer, so that a commit rarely has to.
//!
//! A passive checkpoint blocks no one. It reaches the end of the WAL only while nothing is written, and only then does
//! the WAL restart. Under steady load it is repeated until little is left, and the writer copies that between two
//! commits.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::Connection;

use super::open;
use crate::store::{Store, StoreError, caches::Caches, error::no_thread};

/// Number of changed rows between checkpoints. A row changes one or two pages; the WAL is limited to 16,000.
const ROWS_BETWEEN_CHECKPOINTS: u64 = 1000;
/// WAL size in pages from which a restart is due.
const RESTART_PAGES: i64 = 2000;
/// Maximum pages that the writer may have to copy: some milliseconds including their sync.
const MAX_PAGES_LEFT: i64 = 100;
/// Maximum consecutive checkpoints: each copies the pages written during the previous one.
const MAX_PASSES: u32 = 4;
/// Minimum pause of a background job between two transactions.
const REST: Duration = Duration::from_millis(4);
/// Maximum checks for a running checkpoint before a job continues anyway.
const MAX_LOOKS: u32 = 250;

/// The checkpoint thread, as seen by the writer.
pub(super) struct Checkpoints {
    wake: Sender<()>,
    thread: thread::JoinHandle<()>,
    memory: Arc<Caches>,
    /// The writer's change count when it last woke the thread.
    at: u64,
}

impl Checkpoints {
    pub(super) fn start(path: &Path, memory: Arc<Caches>) -> Result<Self, StoreError> {
        let conn = open::writing(path)?;
        let (wake, due) = bounded(1);
        let theirs = memory.clone();
        let thread = thread::Builder::new()
            .name("doorward-checkpoint".into())
            .spawn(move || run(&conn, &due, &theirs))
            .map_err(no_thread)?;
        Ok(Self {
            wake,
            thread,
            memory,
            at: 0,
        })
    }

    /// Reports the total number of rows the writer has changed. Never blocks.
    pub(super) fn changed(&mut self, rows: u64) {
        if rows - self.at >= ROWS_BETWEEN_CHECKPOINTS {
            self.at = rows;
            self.memory.copying.store(true, Ordering::Release);
            let _ = self.wake.try_send(());
        }
    }

    /// Ends the thread after its current work.
    pub(super) fn end(self) {
        drop(self.wake);
        let _ = self.thread.join();
    }
}

impl Store {
    /// The pause of a background job between two large transactions. During a checkpoint, background jobs write
    /// nothing: otherwise the checkpoint would never come near the end of the WAL, leaving the rest to the writer, and
    /// each foreground sync would wait for more data on its way to the disk.
    pub(in crate::store) async fn pause(&self) {
        for _ in 0..MAX_LOOKS {
            tokio::time::sleep(REST).await;
            if !self.memory().copying.load(Ordering::Acquire) {
                return;
            }
        }
    }
}

fn run(conn: &Connection, due: &Receiver<()>, memory: &Caches) {
    while due.recv().is_ok() {
        for _ in 0..MAX_PASSES {
            let Some(log) = copy(conn) else { break };
            if log.pages - log.copied <= MAX_PAGES_LEFT {
                if log.pages >= RESTART_PAGES {
                    memory.nearly_copied.store(true, Ordering::Release);
                }
                break;
            }
        }
        if due.is_empty() {
            memory.copying.store(false, Ordering::Release);
        }
    }
    memory.copying.store(false, Ordering::Release);
}

/// The write-ahead log, in pages.
struct Log {
    pages: i64,
    copied: i64,
}

/// Copies as much of the WAL as possible without blocking; `None` on failure.
fn copy(conn: &Connection) -> Option<Log> {
    let done = conn
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
        .and_then(|mut checkpoint| {
            checkpoint.query_row([], |row| {
                let (pages, copied) = (row.get(1)?, row.get(2)?);
                Ok(Log { pages, copied })
            })
        });
    // A failure loses nothing: committed data is in the WAL.
    done.inspect_err(|error| tracing::debug!(%error, "WAL checkpoint failed"))
        .ok()
}

/// Copies the small rest of a long WAL, on the writer's thread, so that its next commit restarts the WAL.
pub(super) fn finish(conn: &Connection, memory: &Caches) {
    if memory.nearly_copied.swap(false, Ordering::AcqRel) {
        copy(conn);
    }
}
