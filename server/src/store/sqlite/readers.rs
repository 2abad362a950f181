//! Read-only connections on their own threads: no SQL ever runs on an async worker.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::{StoreError, error::no_thread};

/// Reads that may wait; past it [`StoreError::Overloaded`].
const QUEUE: usize = 2048;

/// One state of the database for as long as it lives. Its statements are kept prepared: most reads are short.
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

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// How long a read may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// One statement that finds its rows by their keys: some microseconds, where they are in memory.
    Short,
    /// As long as it takes.
    Long,
}

/// Short reads that may wait for each reader that does such, before another is woken. To wake one costs about as much as a
/// short read; where rows come from the disk, more are soon awake.
const WAITING: usize = 4;

/// What waits for a reader.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    woken: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<(Length, Job)>,
    /// Readers that sleep and have not been woken.
    idle: usize,
    /// Those that have been woken and do not know it yet.
    woken: usize,
    /// Those that do short reads, or look for work.
    quick: usize,
    closed: bool,
}

impl Waiting {
    /// Whether one more shall wake.
    fn wakes(&mut self) -> bool {
        let wakes = self.idle > 0 && self.jobs.len() > WAITING * self.quick;
        if wakes {
            self.idle -= 1;
            self.woken += 1;
            self.quick += 1;
        }
        wakes
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, length: Length, job: Job) -> Result<(), StoreError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(StoreError::Unavailable("the store is closed".into()));
        }
        if waiting.jobs.len() >= QUEUE {
            return Err(StoreError::Overloaded);
        }
        waiting.jobs.push_back((length, job));
        let wakes = waiting.wakes();
        drop(waiting);
        if wakes {
            self.woken.notify_one();
        }
        Ok(())
    }

    /// One reader's work until the queue is closed and empty.
    fn work(&self, conn: &Connection) {
        let mut waiting = self.lock();
        waiting.quick += 1;
        loop {
            if let Some((length, job)) = waiting.jobs.pop_front() {
                if length == Length::Long {
                    waiting.quick -= 1;
                }
                let wakes = waiting.wakes();
                drop(waiting);
                if wakes {
                    self.woken.notify_one();
                }
                // A read that panics drops its answer, which tells its caller; the thread goes on.
                let _ = catch_unwind(AssertUnwindSafe(|| job(conn)));
                waiting = self.lock();
                if length == Length::Long {
                    waiting.quick += 1;
                }
            } else if waiting.closed {
                return;
            } else {
                waiting.idle += 1;
                waiting.quick -= 1;
                while waiting.woken == 0 && !waiting.closed {
                    waiting = self
                        .woken
                        .wait(waiting)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                if waiting.woken > 0 {
                    // Counted as awake by whoever woke it.
                    waiting.woken -= 1;
                } else {
                    waiting.idle -= 1;
                    waiting.quick += 1;
                }
            }
        }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.woken.notify_all();
    }
}

/// The readers and their queue.
pub(in crate::store) struct Readers {
    queue: Arc<Queue>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Readers {
    /// Starts one thread for each connection.
    pub(super) fn start(connections: Vec<Connection>) -> Result<Self, StoreError> {
        let readers = Self {
            queue: Arc::default(),
            threads: Mutex::default(),
        };
        for conn in connections {
            let queue = readers.queue.clone();
            let thread = thread::Builder::new()
                .name("doorward-reader".into())
                .spawn(move || queue.work(&conn))
                .map_err(no_thread)?;
            readers.threads().push(thread);
        }
        Ok(readers)
    }

    fn threads(&self) -> MutexGuard<'_, Vec<thread::JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the threads after what is queued, and with them their connections.
    pub(in crate::store) fn close(&self) {
        self.queue.close();
        for thread in self.threads().drain(..) {
            let _ = thread.join();
        }
    }

    /// Runs one consistent read.
    pub(in crate::store) async fn run<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let read = |conn: &Connection| Snapshot::of(conn).and_then(|_open| read(conn));
        self.answer(Length::Long, read).await
    }

    /// Runs a read of one statement, which is consistent by itself.
    pub(in crate::store) async fn look_up<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.answer(Length::Short, read).await
    }

    async fn answer<T, F>(&self, length: Length, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |conn: &Connection| drop(reply.send(read(conn))));
        self.queue.put(length, job)?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the read failed".into())))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.close();
    }
}
