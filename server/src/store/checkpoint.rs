//! Copies the write-ahead log back into the database beside the writer, so that a commit rarely has to.
//!
//! A passive checkpoint keeps nobody out. It gets to the log's end only while nothing is written; under steady load
//! the writer itself copies the few pages that are left once the log has reached its bound.

use std::{path::Path, thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::Connection;

use super::{StoreError, error::no_thread, open};

/// Changed rows after which it is time again. A row changes some one or two pages of the log's bound of 4,000.
const OFTEN: u64 = 1000;

/// The thread that does it, as the writer sees it.
pub(super) struct Checkpoints {
    wake: Sender<()>,
    thread: thread::JoinHandle<()>,
    /// Changes the writer had made when it woke the thread last.
    at: u64,
}

impl Checkpoints {
    pub fn start(path: &Path) -> Result<Self, StoreError> {
        let conn = open::writing(path)?;
        let (wake, due) = bounded(1);
        let thread = thread::Builder::new()
            .name("doorward-checkpoint".into())
            .spawn(move || run(&conn, &due))
            .map_err(no_thread)?;
        Ok(Self {
            wake,
            thread,
            at: 0,
        })
    }

    /// Tells it how many rows the writer has changed so far. Never waits.
    pub fn changed(&mut self, rows: u64) {
        if rows - self.at >= OFTEN {
            self.at = rows;
            let _ = self.wake.try_send(());
        }
    }

    /// Ends it, when what it is doing is done.
    pub fn end(self) {
        drop(self.wake);
        let _ = self.thread.join();
    }
}

fn run(conn: &Connection, due: &Receiver<()>) {
    while due.recv().is_ok() {
        let done = conn
            .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
            .and_then(|mut checkpoint| checkpoint.query_row([], |_| Ok(())));
        if let Err(error) = done {
            // Nothing is lost: what was committed is in the log.
            tracing::debug!(%error, "the log was not copied back");
        }
    }
}
