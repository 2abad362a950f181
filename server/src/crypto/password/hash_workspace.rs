//! Working memory of a hashing thread, and the shared measurements of how long a check of each kind takes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::Block;
use rustix::time::{ClockId, clock_gettime};
use zeroize::Zeroizing;

use super::{HASH_BYTES, stored::Kind};

/// Memory cost (KiB) above which checks run one at a time on a dedicated thread; dummy checks of this size run once, to
/// measure them.
const LARGE_KIB: u64 = 128 * 1024;
/// Maximum kinds with a measured time.
const KINDS: usize = 64;

/// Thread time of a check by its kind, shared by all hashing threads.
#[derive(Debug, Default)]
pub(super) struct Measured {
    times: Mutex<Vec<(Kind, Duration)>>,
}

impl Measured {
    pub(super) fn of(&self, kind: &Kind) -> Option<Duration> {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let found = times.iter().find(|(known, _)| known == kind);
        found.map(|(_, mean)| *mean)
    }

    /// Records a measurement of `kind`.
    fn learn(&self, kind: &Kind, spent: Duration) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        match times.iter_mut().find(|(known, _)| known == kind) {
            Some((_, mean)) => *mean = (*mean * 7 + spent) / 8,
            None => {
                if times.len() == KINDS {
                    times.remove(0);
                }
                times.push((kind.clone(), spent));
            }
        }
    }

    /// The longest time among the kinds used since the start that are compared by time: a model cannot tell which one
    /// costs most on this machine.
    pub(super) fn longest(&self) -> Duration {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let timed = times.iter().filter(|(kind, _)| !is_filled_up(kind));
        timed.map(|(_, mean)| *mean).max().unwrap_or_default()
    }
}

/// Working memory of a hashing thread, reused from one password to the next.
#[derive(Debug, Default)]
pub(super) struct HashWorkspace {
    blocks: Vec<Block>,
    /// KiB that Argon2 has filled so far, over all passes: the cost of the work.
    pub filled: u64,
    pub measured: Arc<Measured>,
}

impl HashWorkspace {
    /// The memory blocks of Argon2.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::default());
        }
        &mut self.blocks[..count]
    }

    /// Frees the memory.
    pub(super) fn release(&mut self) {
        self.blocks = Vec::new();
    }

    /// A workspace that shares measurements with other threads.
    pub(super) fn of(measured: Arc<Measured>) -> Self {
        Self {
            measured,
            ..Self::default()
        }
    }

    /// Thread time of a check of `kind`, measured now if it is not known.
    pub(super) fn time_of(&mut self, kind: &Kind) -> Duration {
        match self.measured.of(kind) {
            Some(mean) => mean,
            None => {
                dummy(kind, b"", self);
                self.measured.of(kind).unwrap_or_default()
            }
        }
    }
}

/// Whether hashing takes so much memory that it needs the dedicated thread.
pub(super) fn is_large(kind: &Kind) -> bool {
    kind.memory_kib() > LARGE_KIB
}

/// Whether a difference in cost of this kind is compensated by filling memory.
pub(super) fn is_filled_up(kind: &Kind) -> bool {
    matches!(kind, Kind::Argon2(..)) && !is_large(kind)
}

/// Hashes a password and records its duration. The memory of large kinds is freed at once.
pub(super) fn derive(
    kind: &Kind,
    bytes: usize,
    password: &[u8],
    salt: &[u8],
    memory: &mut HashWorkspace,
) -> Option<Zeroizing<Vec<u8>>> {
    let begun = thread_time();
    let output = kind.derive(password, salt, bytes, memory);
    let spent = thread_time().saturating_sub(begun);
    memory.measured.learn(kind, spent);
    if is_large(kind) {
        memory.release();
    }
    output
}

/// Processor time of this thread, unaffected by others that run beside it.
pub(super) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

/// A dummy check, to equalise timing.
pub(super) fn dummy(kind: &Kind, password: &[u8], memory: &mut HashWorkspace) {
    let bytes = match kind {
        Kind::Bcrypt(_) => 23,
        Kind::Pbkdf2(..) => 16,
        _ => HASH_BYTES,
    };
    std::hint::black_box(derive(kind, bytes, password, &[0; 16], memory));
}
