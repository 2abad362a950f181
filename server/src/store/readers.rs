//! Read-only connections on their own threads: no SQL ever runs on an async worker.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::StoreError;

/// Reads that may wait; past it [`StoreError::Overloaded`].
const QUEUE: usize = 2048;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The readers' queue.
#[derive(Clone)]
pub(super) struct Readers {
    queue: Sender<Job>,
}

impl Readers {
    /// Starts one thread for each connection.
    pub fn start(connections: Vec<Connection>) -> Result<Self, StoreError> {
        let (queue, jobs): (_, Receiver<Job>) = bounded(QUEUE);
        for conn in connections {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name("doorward-reader".into())
                .spawn(move || {
                    while let Ok(job) = jobs.recv() {
                        // A read that panics drops its answer, which tells its caller; the thread goes on.
                        let _ = catch_unwind(AssertUnwindSafe(|| job(&conn)));
                    }
                })?;
        }
        Ok(Self { queue })
    }

    /// Runs one consistent read.
    pub async fn run<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            let snapshot = conn.unchecked_transaction().map_err(StoreError::from);
            drop(reply.send(snapshot.and_then(|_open| read(conn))));
        });
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Unavailable("the store is closed".into()),
        })?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the read failed".into())))
    }
}
