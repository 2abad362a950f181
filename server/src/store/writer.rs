//! The one writer: queued units, each in a savepoint, a batch per transaction, one fsync per batch.

use std::{
    borrow::Cow,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use doorward_shared::{ClientId, EventId, Timestamp, UserId};
use rusqlite::{Connection, params};
use tokio::sync::oneshot;
use ulid::Ulid;

use super::{
    StoreError,
    checkpoint::Checkpoints,
    error::no_thread,
    mails,
    memory::{Changes, Memory},
    rows::ip_text,
};
use crate::{
    domain::{Cause, Diff, Noted},
    metrics::StoreMetrics,
};

/// Units that may wait; past it [`StoreError::Overloaded`].
const QUEUE: usize = 4096;
/// Units in one transaction, at most.
const BATCH: usize = 256;
/// How long the units of one transaction run before the rest of the batch waits for the next.
const TURN: Duration = Duration::from_millis(20);
/// How long a batch waits for company once writers have shown to come together. A lone writer never waits.
const GATHER: Duration = Duration::from_micros(700);

/// Gives a unit's answer once its batch is on disk, or not.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Work = Box<dyn FnOnce(&mut Unit<'_>) -> (bool, Answer) + Send>;

enum Job {
    Unit(Work),
    Close,
}

/// What a unit works with: the open transaction, fresh ids, and the list of what it makes stale in memory.
pub(super) struct Unit<'a> {
    pub conn: &'a Connection,
    pub changes: &'a mut Changes,
    /// For what is noted there and not on disk yet.
    pub memory: &'a Memory,
    ids: &'a mut ulid::Generator,
}

/// Who caused an event, as the log has it.
#[derive(Debug, Clone)]
pub(super) struct By {
    pub actor: String,
    pub ip: Option<String>,
    pub request_id: Option<String>,
    pub reason: Option<String>,
    /// The OAuth client through which a person acted.
    pub client: Option<ClientId>,
}

impl From<&Cause> for By {
    fn from(cause: &Cause) -> Self {
        Self {
            actor: cause.actor.to_string(),
            ip: cause.ip.map(ip_text),
            request_id: cause.request_id.as_deref().map(str::to_owned),
            reason: cause.reason.as_deref().map(str::to_owned),
            client: cause.client_id,
        }
    }
}

impl Unit<'_> {
    /// What time it is, after every commit before this unit.
    pub(super) fn now(&self) -> Timestamp {
        self.memory.clock.now()
    }

    /// A fresh id, greater than every one before it even within a millisecond.
    pub(super) fn id(&mut self, at: Timestamp) -> Ulid {
        let time =
            std::time::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or_default());
        // The generator refuses only once 2^80 ids have come in one millisecond.
        self.ids
            .generate_from_datetime(time)
            .unwrap_or_else(|_| Ulid::from_datetime(time + Duration::from_millis(1)))
    }

    /// Appends to the audit log, in the transaction of what it records.
    pub(super) fn event(
        &mut self,
        cause: &Cause,
        action: &str,
        target: Option<&dyn std::fmt::Display>,
        user: Option<UserId>,
        detail: Option<&str>,
    ) -> Result<(), StoreError> {
        self.insert_event(cause, (action, target, user), (detail, None))
    }

    /// As [`Unit::event`], of a change of fields; `detail` is the change in words unless one is given.
    pub(super) fn changed(
        &mut self,
        cause: &Cause,
        action: &str,
        (target, user): (&dyn std::fmt::Display, Option<UserId>),
        diff: &Diff,
        detail: Option<&str>,
    ) -> Result<(), StoreError> {
        let words = diff.to_string();
        let detail = detail.unwrap_or(&words);
        let event = (action, Some(target), user);
        self.insert_event(cause, event, (Some(detail), Some(diff)))
    }

    fn insert_event(
        &mut self,
        cause: &Cause,
        event: (&str, Option<&dyn std::fmt::Display>, Option<UserId>),
        (detail, diff): (Option<&str>, Option<&Diff>),
    ) -> Result<(), StoreError> {
        let changes = diff.filter(|diff| !diff.is_empty()).map(json);
        let (action, _, user) = event;
        self.event_by(&By::from(cause), cause.at, event, (detail, changes))?;
        mails::tell(self, cause, action, user)
    }

    /// As [`Unit::event`], for what somebody caused in an earlier unit; `changes` is JSON.
    pub(super) fn event_by(
        &mut self,
        by: &By,
        at: Timestamp,
        (action, target, user): (&str, Option<&dyn std::fmt::Display>, Option<UserId>),
        (detail, changes): (Option<&str>, Option<String>),
    ) -> Result<(), StoreError> {
        let id = EventId(self.id(at));
        let target = target.map(ToString::to_string);
        let detail = match (detail, by.reason.as_deref()) {
            (Some(detail), Some(reason)) if detail != reason => {
                Some(Cow::Owned(format!("{detail}: {reason}")))
            }
            (detail, reason) => detail.or(reason).map(Cow::Borrowed),
        };
        self.conn
            .prepare_cached(
                "INSERT INTO events (id, time, actor, action, target, user_id, ip, request_id, detail, client_id, changes) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                id.0.to_bytes(),
                at.0,
                by.actor,
                action,
                target,
                user.map(|id| id.0.to_bytes()),
                by.ip,
                by.request_id,
                detail,
                by.client.map(|id| id.0.to_bytes()),
                changes
            ])?;
        self.changes.events = true;
        Ok(())
    }
}

/// `{"role":["customer","admin"]}`
fn json(diff: &Diff) -> String {
    let value = |noted: &Noted| match noted {
        Noted::Nothing => serde_json::Value::Null,
        Noted::Text(text) => text.as_str().into(),
        Noted::List(items) => items.as_slice().into(),
        Noted::Flag(flag) => (*flag).into(),
    };
    let fields = diff
        .iter()
        .map(|(field, before, after)| ((*field).to_owned(), [value(before), value(after)].into()));
    serde_json::Value::Object(fields.collect()).to_string()
}

/// The writer's queue.
#[derive(Clone)]
pub(super) struct Writer {
    queue: Sender<Job>,
    metrics: Arc<StoreMetrics>,
}

impl Writer {
    /// Starts the thread. It ends after [`Writer::close`], or when every sender is gone.
    pub(super) fn start(
        conn: Connection,
        checkpoints: Checkpoints,
        memory: Arc<Memory>,
        metrics: Arc<StoreMetrics>,
    ) -> Result<(Self, thread::JoinHandle<()>), StoreError> {
        let (queue, jobs) = bounded(QUEUE);
        let ids = seeded(&conn)?;
        let theirs = metrics.clone();
        let thread = thread::Builder::new()
            .name("doorward-writer".into())
            .spawn(move || run(&conn, &jobs, checkpoints, &memory, &theirs, ids))
            .map_err(no_thread)?;
        Ok((Self { queue, metrics }, thread))
    }

    /// Lets the thread end after what is queued.
    pub(super) fn close(&self) {
        let _ = self.queue.send(Job::Close);
    }

    /// Queues a unit and waits until it is on disk.
    pub(super) async fn run<T, F>(&self, unit: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Unit<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |with| match unit(with) {
            Ok(value) => (
                true,
                Box::new(move |done| drop(reply.send(done.map(|()| value)))),
            ),
            // Told only after the commit: a refusal may rest on what an earlier unit of the batch wrote.
            Err(error) => (
                false,
                Box::new(move |done| drop(reply.send(done.and(Err(error))))),
            ),
        });
        self.queue
            .try_send(Job::Unit(work))
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

/// A generator that goes on after the newest event, whatever the clock has done since.
fn seeded(conn: &Connection) -> Result<ulid::Generator, StoreError> {
    let newest: Option<[u8; 16]> =
        conn.query_row("SELECT max(id) FROM events", [], |row| row.get(0))?;
    let mut ids = ulid::Generator::new();
    if let Some(newest) = newest {
        let _ = ids
            .generate_from_datetime(Ulid::from_bytes(newest).datetime() + Duration::from_millis(1));
    }
    Ok(ids)
}

fn run(
    conn: &Connection,
    jobs: &Receiver<Job>,
    mut checkpoints: Checkpoints,
    memory: &Memory,
    metrics: &StoreMetrics,
    mut ids: ulid::Generator,
) {
    let mut company = false;
    let mut open = true;
    while open && let Ok(Job::Unit(first)) = jobs.recv() {
        if company || !jobs.is_empty() {
            thread::sleep(GATHER);
        }
        let mut batch = VecDeque::from([first]);
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            match job {
                Job::Unit(work) => batch.push_back(work),
                Job::Close => {
                    open = false;
                    break;
                }
            }
        }
        company = batch.len() > 1;
        while !batch.is_empty() {
            commit(conn, &mut batch, memory, metrics, &mut ids);
        }
        checkpoints.changed(conn.total_changes());
    }
    checkpoints.end();
    // Leaves one file behind on a clean stop.
    if let Err(error) = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the log was not copied back; the next start goes on from it");
    }
}

/// Runs what of a batch fits in a turn, and tells everybody in it what became of it.
fn commit(
    conn: &Connection,
    batch: &mut VecDeque<Work>,
    memory: &Memory,
    metrics: &StoreMetrics,
    ids: &mut ulid::Generator,
) {
    let (started, waiting, before) = (Instant::now(), batch.len(), conn.total_changes());
    let mut changes = Changes::default();
    let mut answers = Vec::with_capacity(batch.len());
    let done = transaction(conn, batch, (&mut changes, memory), ids, &mut answers);
    let mut uncertain = false;
    metrics.batch(waiting - batch.len(), started.elapsed(), done.is_ok());
    if let Err(failed) = &done {
        tracing::error!(error = %failed.error, "a batch of {} was rolled back", answers.len());
        // SQLite may have rolled back by itself.
        if !conn.is_autocommit()
            && let Err(error) = conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the transaction stays open");
        }
        // A change that is answered as undone must not come back: see `overwrite`.
        uncertain = failed.committing
            && !(conn.is_autocommit() && overwrite(conn).is_ok())
            && failed.may_be_in_the_log();
    } else {
        // A batch that had nothing to write says nothing about the disk.
        if conn.total_changes() > before {
            metrics.synced();
        }
        // What is on disk is applied to memory before anybody is told of it.
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

/// A batch of which nothing was done.
struct Failed {
    error: rusqlite::Error,
    /// It was the commit that failed: all of the batch may have been written to the log.
    committing: bool,
}

impl Failed {
    fn before_commit(error: rusqlite::Error) -> Self {
        Self {
            error,
            committing: false,
        }
    }

    /// Whether the log may hold the whole commit. It does not where a write of it was refused, as on a full disk.
    fn may_be_in_the_log(&self) -> bool {
        use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR_WRITE};
        let code = self.error.sqlite_error().map(|error| error.extended_code);
        !matches!(code, Some(SQLITE_FULL | SQLITE_IOERR_WRITE))
    }
}

/// Writes a small commit of the server's own over one that failed. The frames of a commit whose sync was refused stay in
/// the log, whole, until the next commit takes their place: a crash before that would bring back a change whose caller
/// was told that nothing was done.
fn overwrite(conn: &Connection) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta VALUES ('failed_commits', '1')
               ON CONFLICT (key) DO UPDATE SET value = value + 1";
    let done = conn
        .prepare_cached(sql)
        .and_then(|mut count| count.execute([]));
    done.map(drop)
}

fn transaction(
    conn: &Connection,
    batch: &mut VecDeque<Work>,
    (changes, memory): (&mut Changes, &Memory),
    ids: &mut ulid::Generator,
    answers: &mut Vec<Answer>,
) -> Result<(), Failed> {
    let mut failed = conn
        .prepare_cached("BEGIN IMMEDIATE")
        .and_then(|mut begin| begin.execute([]))
        .err();
    let until = Instant::now() + TURN;
    while let Some(job) = batch.pop_front() {
        if failed.is_none() {
            failed = conn
                .prepare_cached("SAVEPOINT unit")
                .and_then(|mut save| save.execute([]))
                .err();
        }
        if failed.is_some() {
            // Its answer goes with it, which tells its caller that nothing was done.
            drop(job);
            continue;
        }
        let mark = changes.mark();
        let mut unit = Unit {
            conn,
            changes,
            memory,
            ids,
        };
        // A unit that panics drops its answer: its caller is told that it failed.
        let (keep, answer) = match catch_unwind(AssertUnwindSafe(|| job(&mut unit))) {
            Ok((keep, answer)) => (keep, Some(answer)),
            Err(_) => (false, None),
        };
        answers.extend(answer);
        if !keep {
            changes.roll_back(mark);
        }
        if conn.is_autocommit() {
            // SQLite itself has rolled everything back: full disk or I/O error.
            failed = Some(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR),
                None,
            ));
            continue;
        }
        let end = if keep {
            "RELEASE unit"
        } else {
            "ROLLBACK TO unit"
        };
        failed = conn
            .prepare_cached(end)
            .and_then(|mut end| end.execute([]))
            .err();
        if !keep && failed.is_none() {
            failed = conn
                .prepare_cached("RELEASE unit")
                .and_then(|mut end| end.execute([]))
                .err();
        }
        if failed.is_none() && Instant::now() >= until {
            break;
        }
    }
    match failed {
        Some(error) => Err(Failed::before_commit(error)),
        None => conn
            .prepare_cached("COMMIT")
            .and_then(|mut end| end.execute([]))
            .map(drop)
            .map_err(|error| Failed {
                error,
                committing: true,
            }),
    }
}
