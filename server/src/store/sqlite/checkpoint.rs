//! Copies the write-ahead log back into the database beside the writer, so that a commit rarely has to.
//!
//! A passive checkpoint keeps nobody out. It gets to the log's end only while nothing is written, and only then does the
//! log begin anew. Under steady load it is repeated until little is left, and that the writer copies between two commits.

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

/// Changed rows after which it is time again. A row changes some one or two pages of the log's bound of 16,000.
const ROWS_BETWEEN_CHECKPOINTS: u64 = 1000;
/// Pages from which on a log shall begin anew.
const RESTART_PAGES: i64 = 2000;
/// Pages that the writer may have to copy: some milliseconds with their sync.
const MAX_PAGES_LEFT: i64 = 100;
/// Checkpoints in a row, at most: each copies what came during the one before.
const MAX_PASSES: u32 = 4;
/// How long a job in the background rests between two units, at least.
const REST: Duration = Duration::from_millis(4);
/// Looks at whether the log is still being copied before a job goes on all the same.
const MAX_LOOKS: u32 = 250;

/// The thread that does it, as the writer sees it.
pub(super) struct Checkpoints {
    wake: Sender<()>,
    thread: thread::JoinHandle<()>,
    memory: Arc<Caches>,
    /// Changes the writer had made when it woke the thread last.
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

    /// Tells it how many rows the writer has changed so far. Never waits.
    pub(super) fn changed(&mut self, rows: u64) {
        if rows - self.at >= ROWS_BETWEEN_CHECKPOINTS {
            self.at = rows;
            self.memory.copying.store(true, Ordering::Release);
            let _ = self.wake.try_send(());
        }
    }

    /// Ends it, when what it is doing is done.
    pub(super) fn end(self) {
        drop(self.wake);
        let _ = self.thread.join();
    }
}

impl Store {
    /// A job's rest between two units that write much. While the log is copied back nothing is added to it but what people
    /// wait for: else the copy never comes near the log's end, and the writer has to do what is left of it; and each of
    /// their syncs would wait for more on its way to the disk.
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

/// Copies as much of the log as can be without keeping anybody out; none where that failed.
fn copy(conn: &Connection) -> Option<Log> {
    let done = conn
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
        .and_then(|mut checkpoint| {
            checkpoint.query_row([], |row| {
                let (pages, copied) = (row.get(1)?, row.get(2)?);
                Ok(Log { pages, copied })
            })
        });
    // Nothing is lost where it fails: what was committed is in the log.
    done.inspect_err(|error| tracing::debug!(%error, "the log was not copied back"))
        .ok()
}

/// Copies the little that is left of a long log, by the writer, so that its next commit begins the log anew.
pub(super) fn finish(conn: &Connection, memory: &Caches) {
    if memory.nearly_copied.swap(false, Ordering::AcqRel) {
        copy(conn);
    }
}
