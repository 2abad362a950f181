//! The single writer: a queue of operations, each rolled back alone, batched into one transaction and one fsync.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::oneshot;
use ulid::Ulid;

use super::{
    checkpoint::{self, Checkpoints},
    count_guard::Guard,
};
use crate::{
    metrics::StoreMetrics,
    store::{
        StoreError, cache_invalidation::CacheInvalidations, caches::Caches, error::no_thread,
        row_counts::Difference, write_tx::WriteTx,
    },
};

/// Maximum queued operations; beyond it [`StoreError::Overloaded`].
const QUEUE: usize = 4096;
/// Maximum operations in one transaction.
const BATCH: usize = 256;
/// Time budget of the operations of one transaction; the rest of the batch goes into the next.
const BATCH_BUDGET: Duration = Duration::from_millis(20);
/// Takes the database's write lock at once, so that no operation fails midway for lack of it.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// Delay before committing a batch, to let concurrent writers join. Applied only after a batch of more than one unit.
const BATCH_DELAY: Duration = Duration::from_micros(700);

/// Delivers an operation's result once its batch is committed or has failed.
type Completion = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Work = Box<dyn FnOnce(&mut WriteTx<'_>) -> (bool, Completion) + Send>;

enum Job {
    WriteTx(Work),
    Close,
}

/// The writer's queue.
#[derive(Clone)]
pub(in crate::store) struct Writer {
    queue: Sender<Job>,
    metrics: Arc<StoreMetrics>,
}

impl Writer {
    /// Starts the thread. It ends after [`Writer::close`], or when every sender is dropped.
    pub(super) fn start(
        mut conn: Connection,
        checkpoints: Checkpoints,
        memory: Arc<Caches>,
        metrics: Arc<StoreMetrics>,
    ) -> Result<(Self, thread::JoinHandle<()>), StoreError> {
        let (queue, jobs) = bounded(QUEUE);
        let held = WriterState {
            ids: seeded(&conn)?,
            guard: Guard::of(&mut conn)?,
            conn,
        };
        let theirs = metrics.clone();
        let thread = thread::Builder::new()
            .name("doorward-writer".into())
            .spawn(move || run(held, &jobs, checkpoints, &memory, &theirs))
            .map_err(no_thread)?;
        Ok((Self { queue, metrics }, thread))
    }

    /// Lets the thread end after the queued operations.
    pub(in crate::store) fn close(&self) {
        let _ = self.queue.send(Job::Close);
    }

    /// Queues an operation and waits until it is on disk.
    pub(in crate::store) async fn run<T, F>(&self, unit: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |with| match unit(with) {
            Ok(value) => (
                true,
                Box::new(move |done| drop(reply.send(done.map(|()| value)))),
            ),
            // Delivered only after the commit: a rejection may depend on what an earlier operation of the batch wrote.
            Err(error) => (
                false,
                Box::new(move |done| drop(reply.send(done.and(Err(error))))),
            ),
        });
        self.queue
            .try_send(Job::WriteTx(work))
            .map_err(|error| match error {
                TrySendError::Full(_) => StoreError::Overloaded,
                TrySendError::Disconnected(_) => {
                    StoreError::Unavailable("the store is closed".into())
                }
            })?;
        self.metrics.queue(self.queue.len());
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the unit failed".into())))
    }
}

/// An id generator that continues after the newest event, even if the clock was set back.
fn seeded(conn: &Connection) -> Result<ulid::Generator, StoreError> {
    let sql = "SELECT id FROM events ORDER BY id DESC LIMIT 1";
    let newest: Option<[u8; 16]> = conn.query_row(sql, [], |row| row.get(0)).optional()?;
    let mut ids = ulid::Generator::new();
    if let Some(newest) = newest {
        let _ = ids
            .generate_from_datetime(Ulid::from_bytes(newest).datetime() + Duration::from_millis(1));
    }
    Ok(ids)
}

/// State of the writer thread.
struct WriterState {
    conn: Connection,
    guard: Guard,
    ids: ulid::Generator,
}

fn run(
    mut held: WriterState,
    jobs: &Receiver<Job>,
    mut checkpoints: Checkpoints,
    memory: &Caches,
    metrics: &StoreMetrics,
) {
    let mut batched = false;
    let mut open = true;
    while open && let Ok(Job::WriteTx(first)) = jobs.recv() {
        if batched || !jobs.is_empty() {
            thread::sleep(BATCH_DELAY);
        }
        let mut batch = VecDeque::from([first]);
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            match job {
                Job::WriteTx(work) => batch.push_back(work),
                Job::Close => {
                    open = false;
                    break;
                }
            }
        }
        batched = batch.len() > 1;
        while !batch.is_empty() {
            commit(&mut held, &mut batch, memory, metrics);
        }
        checkpoints.changed(held.conn.total_changes());
    }
    checkpoints.end();
    // Leaves a single file after a clean shutdown.
    if let Err(error) = held.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "WAL checkpoint at shutdown failed; it is completed at the next start");
    }
}

/// Runs as much of a batch as fits in a turn, and delivers the results to the callers.
fn commit(
    held: &mut WriterState,
    batch: &mut VecDeque<Work>,
    memory: &Caches,
    metrics: &StoreMetrics,
) {
    let WriterState { conn, guard, ids } = held;
    let conn: &Connection = conn;
    let (started, waiting, before) = (Instant::now(), batch.len(), conn.total_changes());
    checkpoint::finish(conn, memory);
    let mut changes = CacheInvalidations::default();
    let mut answers = Vec::with_capacity(batch.len());
    let mut unit = WriteTx {
        conn,
        changes: &mut changes,
        memory,
        ids,
        counts: Difference::default(),
        guard,
    };
    let done = transaction(&mut unit, batch, &mut answers);
    let mut uncertain = false;
    metrics.batch(waiting - batch.len(), started.elapsed(), done.is_ok());
    if let Err(failed) = &done {
        tracing::error!(error = %failed.error, "a batch of {} was rolled back", answers.len());
        // SQLite may have rolled back by itself.
        if !conn.is_autocommit()
            && let Err(error) = conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "rollback failed; the transaction is still open");
        }
        // A change reported as failed must not reappear: see `overwrite`.
        uncertain = failed.committing
            && !(conn.is_autocommit() && overwrite(conn).is_ok())
            && failed.may_be_in_the_log();
    } else {
        // A batch without writes says nothing about the state of the disk.
        if conn.total_changes() > before {
            metrics.synced();
        }
        // Committed changes are applied to the caches before any caller is notified.
        memory.apply(changes);
    }
    for answer in answers {
        answer(match &done {
            Ok(()) => Ok(()),
            Err(failed) if uncertain => Err(StoreError::Uncertain(failed.error.to_string())),
            Err(failed) => Err(StoreError::Unavailable(failed.error.to_string())),
        });
    }
}

/// A failed batch; nothing of it was done.
struct BatchError {
    error: rusqlite::Error,
    /// Whether the commit itself failed: the whole batch may have been written to the WAL.
    committing: bool,
}

impl BatchError {
    fn before_commit(error: rusqlite::Error) -> Self {
        Self {
            error,
            committing: false,
        }
    }

    /// Whether the WAL may contain the whole commit. It does not if one of its writes failed, as on a full disk.
    fn may_be_in_the_log(&self) -> bool {
        use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR_WRITE};
        let code = self.error.sqlite_error().map(|error| error.extended_code);
        !matches!(code, Some(SQLITE_FULL | SQLITE_IOERR_WRITE))
    }
}

/// Overwrites a failed commit with a small one of the server's own. After a failed sync, the frames of the commit stay
/// in the WAL until the next commit overwrites them: a crash before that would restore a change that was reported as
/// failed.
fn overwrite(conn: &Connection) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta AS kept VALUES ('failed_commits', '1')
               ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(kept.value AS BIGINT) + 1 AS TEXT)";
    statement(conn, sql)
}

/// Runs waiting operations in one transaction. Those that exceed the turn's time stay in the batch.
fn transaction(
    unit: &mut WriteTx<'_>,
    batch: &mut VecDeque<Work>,
    answers: &mut Vec<Completion>,
) -> Result<(), BatchError> {
    let conn = unit.conn;
    let until = Instant::now() + BATCH_BUDGET;
    let mut done = statement(conn, BEGIN);
    let mut first = true;
    while done.is_ok() {
        let Some(job) = batch.pop_front() else { break };
        done = run_unit(unit, job, answers, first);
        first = false;
        if Instant::now() >= until {
            break;
        }
    }
    if done.is_ok() {
        done = unit.write_counts();
    }
    if let Err(error) = done {
        // Drops the remaining reply channels, which tells their callers that nothing was done.
        batch.clear();
        return Err(BatchError::before_commit(error));
    }
    statement(conn, "COMMIT").map_err(|error| BatchError {
        error,
        committing: true,
    })
}

/// Runs one operation: its changes are kept or fully rolled back. The first of a transaction needs no savepoint (which
/// copies each written page): alone, it is rolled back with the transaction.
///
/// # Errors
/// A storage failure, which loses the whole transaction. A rejection is not an error here.
fn run_unit(
    unit: &mut WriteTx<'_>,
    job: Work,
    answers: &mut Vec<Completion>,
    first: bool,
) -> rusqlite::Result<()> {
    let conn = unit.conn;
    if !first {
        statement(conn, "SAVEPOINT unit")?;
    }
    let (mark, counts) = (unit.changes.mark(), unit.counts);
    // An operation that panics drops its reply channel: its caller receives an error.
    let (keep, answer) = match catch_unwind(AssertUnwindSafe(|| job(unit))) {
        Ok((keep, answer)) => (keep, Some(answer)),
        Err(_) => (false, None),
    };
    answers.extend(answer);
    if !keep {
        unit.changes.roll_back(mark);
        unit.counts = counts;
    }
    if conn.is_autocommit() {
        // SQLite has rolled everything back by itself: full disk or I/O error.
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
        return Err(rusqlite::Error::SqliteFailure(code, None));
    }
    match (first, keep) {
        (true, true) => Ok(()),
        (true, false) => {
            statement(conn, "ROLLBACK")?;
            statement(conn, BEGIN)
        }
        (false, true) => statement(conn, "RELEASE unit"),
        (false, false) => {
            statement(conn, "ROLLBACK TO unit")?;
            statement(conn, "RELEASE unit")
        }
    }
}

/// Runs a statement without parameters and rows.
fn statement(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(drop)
}
