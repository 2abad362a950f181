//! Copies the write-ahead log back into the database beside the writer, so that a commit rarely has to.
//!
//! A passive checkpoint keeps nobody out. It gets to the log's end only while nothing is written; under steady load
//! the writer itself copies the few pages that are left once the log has reached its bound.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::Connection;

use super::open;
use crate::store::{Store, StoreError, error::no_thread, memory::Memory};

/// Changed rows after which it is time again. A row changes some one or two pages of the log's bound of 4,000.
const OFTEN: u64 = 1000;
/// How long a job in the background rests between two units, at least.
const REST: Duration = Duration::from_millis(4);
/// Looks at whether the log is still being copied before a job goes on all the same.
const LOOKS: u32 = 250;

/// The thread that does it, as the writer sees it.
pub(super) struct Checkpoints {
    wake: Sender<()>,
    thread: thread::JoinHandle<()>,
    memory: Arc<Memory>,
    /// Changes the writer had made when it woke the thread last.
    at: u64,
}

impl Checkpoints {
    pub(super) fn start(path: &Path, memory: Arc<Memory>) -> Result<Self, StoreError> {
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
        if rows - self.at >= OFTEN {
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
    pub(in crate::store) async fn rest(&self) {
        for _ in 0..LOOKS {
            tokio::time::sleep(REST).await;
            if !self.memory().copying.load(Ordering::Acquire) {
                return;
            }
        }
    }
}

fn run(conn: &Connection, due: &Receiver<()>, memory: &Memory) {
    while due.recv().is_ok() {
        let done = conn
            .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
            .and_then(|mut checkpoint| checkpoint.query_row([], |_| Ok(())));
        if let Err(error) = done {
            // Nothing is lost: what was committed is in the log.
            tracing::debug!(%error, "the log was not copied back");
        }
        if due.is_empty() {
            memory.copying.store(false, Ordering::Release);
        }
    }
    memory.copying.store(false, Ordering::Release);
}
