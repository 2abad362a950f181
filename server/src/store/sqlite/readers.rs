//! Read-only connections on their own threads: no SQL ever runs on an async worker.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
    thread,
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::{StoreError, error::no_thread};

/// Maximum queued reads; beyond it [`StoreError::Overloaded`].
const QUEUE: usize = 2048;

/// One consistent state of the database. Its statements are kept prepared: most reads are short.
struct Snapshot<'a>(&'a Connection);

impl<'a> Snapshot<'a> {
    fn of(conn: &'a Connection) -> Result<Self, StoreError> {
        conn.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self(conn))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        let ended = self.0.prepare_cached("COMMIT");
        if ended.and_then(|mut end| end.execute([])).is_err() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

/// `None` ends the thread that takes it.
type Job = Option<Box<dyn FnOnce(&Connection) + Send>>;

/// The readers' queue.
pub(in crate::store) struct Readers {
    queue: Sender<Job>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Readers {
    /// Starts one thread for each connection.
    pub(super) fn start(connections: Vec<Connection>) -> Result<Self, StoreError> {
        let (queue, jobs): (_, Receiver<Job>) = bounded(QUEUE);
        let start = |conn: Connection| {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name("doorward-reader".into())
                .spawn(move || {
                    while let Ok(Some(job)) = jobs.recv() {
                        // A read that panics drops its result, which its caller sees as an error; the thread continues.
                        let _ = catch_unwind(AssertUnwindSafe(|| job(&conn)));
                    }
                })
        };
        let threads = connections
            .into_iter()
            .map(start)
            .collect::<Result<_, _>>()
            .map_err(no_thread)?;
        Ok(Self {
            queue,
            threads: Mutex::new(threads),
        })
    }

    /// Ends the threads after the queued reads, and closes their connections.
    pub(in crate::store) fn close(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in threads.iter() {
            let _ = self.queue.send(None);
        }
        for thread in threads.drain(..) {
            let _ = thread.join();
        }
    }

    /// Runs one consistent read.
    pub(in crate::store) async fn run<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.look_up(|conn| Snapshot::of(conn).and_then(|_open| read(conn)))
            .await
    }

    /// Runs a read of a single statement, which is consistent by itself.
    pub(in crate::store) async fn look_up<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |conn: &Connection| drop(reply.send(read(conn))));
        self.queue
            .try_send(Some(job))
            .map_err(|error| match error {
                TrySendError::Full(_) => StoreError::Overloaded,
                TrySendError::Disconnected(_) => {
                    StoreError::Unavailable("the store is closed".into())
                }
            })?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the read failed".into())))
    }
}
