//! Threads that hash and verify passwords, and their queues.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use argon2::Params;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use tokio::sync::oneshot;

use super::{
    Stored, Verdict, hash,
    hash_workspace::{HashWorkspace, Measured, is_large},
    stored::{Kind, StoredHash},
    verify,
};
use crate::{crypto::secret::Secret, metrics::HashingLoad};

/// Idle time after which a thread frees its memory to the allocator,
const IDLE: Duration = Duration::from_millis(200);
/// and further time after which the allocator returns it to the system: longer than mimalloc retains freed memory.
const SETTLE: Duration = Duration::from_millis(1500);
/// Large enough for mimalloc to use separate pages, as it does for the memory of Argon2.
const LARGE: usize = 4 << 20;

/// The queue is full. Nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are waiting to be checked")]
pub struct Overloaded;

type Reply<T> = oneshot::Sender<T>;

enum Job {
    Hash(Secret, Reply<String>),
    Verify(Secret, Stored, Reply<Verdict>),
}

impl Job {
    /// Whether the caller no longer waits.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash(_, reply) => reply.is_closed(),
            Self::Verify(_, _, reply) => reply.is_closed(),
        }
    }
}

/// The hashing threads. Checks that need much memory have a thread of their own, so that they do not delay others.
#[derive(Debug, Clone)]
pub struct HashingThreads {
    queue: Sender<Job>,
    large: Sender<Job>,
    params: Params,
    measured: Arc<Measured>,
    working: Arc<AtomicUsize>,
}

impl HashingThreads {
    /// Starts `threads` threads of slightly lower priority, and one for checks that need much memory. Each of the two
    /// queues holds up to `queue` jobs.
    ///
    /// # Errors
    /// Invalid parameters, or a thread that cannot be started.
    pub fn start(params: Params, threads: usize, queue: usize) -> std::io::Result<Self> {
        let ((usual, jobs), (large, large_jobs)) = (bounded(queue), bounded(queue));
        let this = Self {
            queue: usual,
            large,
            params,
            measured: Arc::default(),
            working: Arc::default(),
        };
        for _ in 0..threads.max(1) {
            this.spawn(jobs.clone())?;
        }
        this.spawn(large_jobs)?;
        Ok(this)
    }

    fn spawn(&self, jobs: Receiver<Job>) -> std::io::Result<()> {
        let (params, working) = (self.params.clone(), self.working.clone());
        let memory = HashWorkspace::of(self.measured.clone());
        thread::Builder::new()
            .name("doorward-argon2".into())
            .spawn(move || run(&jobs, &params, &working, memory))?;
        Ok(())
    }

    fn queue(&self, large: bool) -> &Sender<Job> {
        if large { &self.large } else { &self.queue }
    }

    /// Hashes the composed form (NFC) of a password with a new salt; returns a PHC string.
    ///
    /// # Errors
    /// [`Overloaded`] at once when the queue is full.
    pub async fn hash(&self, password: Secret) -> Result<String, Overloaded> {
        let (reply, answer) = oneshot::channel();
        self.queue(is_large(&Kind::ours(&self.params)))
            .try_send(Job::Hash(password, reply))
            .map_err(|_| Overloaded)?;
        answer.await.map_err(|_| Overloaded)
    }

    /// Verifies a password against a stored hash. Without one it costs the same and fails.
    ///
    /// # Errors
    /// [`Overloaded`] at once when the queue is full.
    pub async fn verify(&self, password: Secret, stored: Stored) -> Result<Verdict, Overloaded> {
        let (reply, answer) = oneshot::channel();
        let large = needs_large(&stored, &self.params, &self.measured);
        self.queue(large)
            .try_send(Job::Verify(password, stored, reply))
            .map_err(|_| Overloaded)?;
        answer.await.map_err(|_| Overloaded)
    }

    /// Whether another check of the usual kind would be refused now.
    pub fn is_full(&self) -> bool {
        self.queue.is_full()
    }

    /// Current load of the threads.
    pub fn load(&self) -> HashingLoad {
        HashingLoad {
            waiting: self.queue.len() + self.large.len(),
            working: self.working.load(Ordering::Relaxed),
        }
    }
}

fn run(jobs: &Receiver<Job>, params: &Params, working: &AtomicUsize, mut memory: HashWorkspace) {
    // Slightly below the threads that verify tokens: a storm of sign-ins delays those little, since there is one
    // hashing thread per core, and when verification uses the whole machine, sign-ins keep about half of their rate.
    // Ten steps below they kept a fifth. If the system refuses, all have equal priority.
    let _ = rustix::process::setpriority_process(None, 1);
    loop {
        let job = match jobs.recv_timeout(IDLE) {
            Ok(job) => job,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                memory.release();
                match wait_for_job(jobs) {
                    Some(job) => job,
                    None => return,
                }
            }
        };
        if job.is_abandoned() {
            continue;
        }
        working.fetch_add(1, Ordering::Relaxed);
        match job {
            Job::Hash(password, reply) => {
                if let Some(phc) = hash(password.expose(), params, &mut memory) {
                    let _ = reply.send(phc);
                }
            }
            Job::Verify(password, stored, reply) => {
                let verdict = verify(password.expose(), &stored, params, &mut memory);
                let _ = reply.send(verdict);
            }
        }
        working.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits for work after an idle period.
fn wait_for_job(jobs: &Receiver<Job>) -> Option<Job> {
    match jobs.recv_timeout(SETTLE) {
        Ok(job) => Some(job),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            // mimalloc returns memory only when pages are allocated or freed, which never happens on an idle server.
            drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
            jobs.recv().ok()
        }
    }
}

/// Whether verifying a password needs a large check: because the account's hash is large, or to measure the duration.
fn needs_large(stored: &Stored, params: &Params, measured: &Measured) -> bool {
    let kind = |text: Option<&str>| text.and_then(StoredHash::read).map(|stored| stored.kind);
    let ours = || Kind::ours(params);
    let own = kind(stored.phc.as_deref()).unwrap_or_else(ours);
    let dearest = kind(stored.costliest.as_deref()).unwrap_or_else(ours);
    is_large(&own) || (is_large(&dearest) && measured.of(&dearest).is_none())
}
