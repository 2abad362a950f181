//! What a hashing thread works in, and what all of them know: how much of a thread's time a check of each kind takes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::Block;
use rustix::time::{ClockId, clock_gettime};
use zeroize::Zeroizing;

use super::{HASH_BYTES, stored::Kind};

/// KiB from which on a check is so large that one is made at a time, by a thread of its own, and none for nothing but once.
const LARGE_KIB: u64 = 128 * 1024;
/// Kinds whose time is known, at most.
const KINDS: usize = 64;

/// What all hashing threads know: what a check takes of a thread's time, by its kind.
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

    /// Takes a measurement of `kind` into account.
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

    /// The longest time of the kinds that were met since the start and are told from others by time: which one costs most
    /// here, a model does not know.
    pub(super) fn longest(&self) -> Duration {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let timed = times.iter().filter(|(kind, _)| !is_filled_up(kind));
        timed.map(|(_, mean)| *mean).max().unwrap_or_default()
    }
}

/// What a hashing thread works in, kept from one password to the next.
#[derive(Debug, Default)]
pub(super) struct HashWorkspace {
    blocks: Vec<Block>,
    /// KiB that Argon2 filled so far, all passes counted: what the work has cost.
    pub filled: u64,
    pub measured: Arc<Measured>,
}

impl HashWorkspace {
    /// What Argon2 works in.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::default());
        }
        &mut self.blocks[..count]
    }

    /// Gives the memory back.
    pub(super) fn release(&mut self) {
        self.blocks = Vec::new();
    }

    /// As one of the threads that share what was measured.
    pub(super) fn of(measured: Arc<Measured>) -> Self {
        Self {
            measured,
            ..Self::default()
        }
    }

    /// What a check of `kind` takes of a thread's time: measured now where it was not before.
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

/// Whether hashing takes so much memory that the threads for all others must not do it.
pub(super) fn is_large(kind: &Kind) -> bool {
    kind.memory_kib() > LARGE_KIB
}

/// Whether what a check of this kind costs less than another is made up for by filling memory.
pub(super) fn is_filled_up(kind: &Kind) -> bool {
    matches!(kind, Kind::Argon2(..)) && !is_large(kind)
}

/// Hashes a password, and notes how long it took. The memory of large kinds is given back at once.
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

/// Processor time of this thread: that others run beside it does not count.
pub(super) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

/// The work of a check, for nothing.
pub(super) fn dummy(kind: &Kind, password: &[u8], memory: &mut HashWorkspace) {
    let bytes = match kind {
        Kind::Bcrypt(_) => 23,
        Kind::Pbkdf2(..) => 16,
        _ => HASH_BYTES,
    };
    std::hint::black_box(derive(kind, bytes, password, &[0; 16], memory));
}
