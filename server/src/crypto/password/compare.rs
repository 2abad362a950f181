//! Comparing a password with a stored hash, so that the time tells neither whether there is an account nor how its hash
//! was made.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::{Block, Params};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use rustix::time::{ClockId, clock_gettime};
use zeroize::Zeroizing;

use super::{
    HASH_BYTES, Stored, Verdict,
    stored::{Kind, StoredHash},
};
use crate::domain::text::nfc;

/// KiB that are filled at once where a check has to last longer: well below a millisecond.
const FILLING_KIB: u32 = 256;

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
    fn of(&self, kind: &Kind) -> Option<Duration> {
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
    fn longest(&self) -> Duration {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let timed = times.iter().filter(|(kind, _)| !is_filled_up(kind));
        timed.map(|(_, mean)| *mean).max().unwrap_or_default()
    }
}

/// What a hashing thread works in, kept from one password to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
    /// KiB that Argon2 filled so far, all passes counted: what the work has cost.
    pub filled: u64,
    measured: Arc<Measured>,
}

impl Memory {
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
    fn time_of(&mut self, kind: &Kind) -> Duration {
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

/// Whether comparing a password with what is stored makes a large check: because the account's hash is of a large kind,
/// or to learn how long one takes.
pub(super) fn needs_large(stored: &Stored, params: &Params, measured: &Measured) -> bool {
    let kind = |text: Option<&str>| text.and_then(StoredHash::read).map(|stored| stored.kind);
    let ours = || Kind::ours(params);
    let own = kind(stored.phc.as_deref()).unwrap_or_else(ours);
    let dearest = kind(stored.dearest.as_deref()).unwrap_or_else(ours);
    is_large(&own) || (is_large(&dearest) && measured.of(&dearest).is_none())
}

/// Hashes a password, and notes how long it took. The memory of large kinds is given back at once.
fn derive(
    kind: &Kind,
    bytes: usize,
    password: &[u8],
    salt: &[u8],
    memory: &mut Memory,
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

/// Compares the composed form first, then what was typed where that differs: hashes made before passwords were composed
/// are of that, and those of other systems. Both cost the same with and without an account.
pub(super) fn verify(
    password: &str,
    stored: &Stored,
    params: &Params,
    memory: &mut Memory,
) -> Verdict {
    let known = stored.phc.as_deref().and_then(StoredHash::read);
    let dearest = stored.dearest.as_deref().and_then(StoredHash::read);
    let dearest = dearest.map_or_else(|| Kind::ours(params), |dearest| dearest.kind);
    let composed = nfc(password);
    let as_typed = (*composed != *password).then_some(password);
    for text in [Some(&*composed), as_typed].into_iter().flatten() {
        let begun = thread_time();
        let Some(known) = &known else {
            // The same work for an account that is not there, or has no password; a large check is only waited for.
            let instead = if is_large(&dearest) {
                Kind::ours(params)
            } else {
                dearest.clone()
            };
            dummy(&instead, text.as_bytes(), memory);
            settle(&instead, &dearest, begun, memory);
            continue;
        };
        let (kind, bytes) = (&known.kind, known.expected.len());
        let output = derive(kind, bytes, text.as_bytes(), &known.salt, memory);
        settle(kind, &dearest, begun, memory);
        if output.is_some_and(|output| verify_slices_are_equal(&output, &known.expected).is_ok()) {
            let old = is_cheaper(kind, params) || as_typed.is_some_and(|raw| raw == text);
            return Verdict::Right {
                rehash: known.imported || old,
            };
        }
    }
    Verdict::Wrong
}

/// Whether what a check of this kind costs less than another is made up for by filling memory.
fn is_filled_up(kind: &Kind) -> bool {
    matches!(kind, Kind::Argon2(..)) && !is_large(kind)
}

/// Does what has to be done beside a check of `kind` for it to cost what one of the `dearest` kind does. Among hashes of
/// Argon2 that is so much more to fill; else, and where that is much memory, it is time.
fn settle(kind: &Kind, dearest: &Kind, begun: Duration, memory: &mut Memory) {
    let mut wanted = memory.measured.longest();
    if let (Kind::Argon2(.., params), Kind::Argon2(.., most)) = (kind, dearest)
        && is_filled_up(kind)
        && is_filled_up(dearest)
    {
        if let Some(missing) = missing(params, most) {
            dummy(&Kind::ours(&missing), b"", memory);
        }
    } else {
        wanted = wanted.max(memory.time_of(dearest));
    }
    let spent = thread_time().saturating_sub(begun);
    let wanted = wanted.saturating_sub(spent);
    if wanted.is_zero() {
        return;
    }
    let begun = thread_time();
    if let Ok(some) = Params::new(FILLING_KIB, 1, 1, Some(HASH_BYTES)) {
        let some = Kind::ours(&some);
        while thread_time().saturating_sub(begun) < wanted {
            std::hint::black_box(some.derive(b"", &[0; 16], HASH_BYTES, memory));
        }
    }
}

/// The work of a check, for nothing.
fn dummy(kind: &Kind, password: &[u8], memory: &mut Memory) {
    let bytes = match kind {
        Kind::Bcrypt(_) => 23,
        Kind::Pbkdf2(..) => 16,
        _ => HASH_BYTES,
    };
    std::hint::black_box(derive(kind, bytes, password, &[0; 16], memory));
}

/// KiB that Argon2 fills, all passes counted. Lanes are filled one after the other.
pub(super) fn cost(params: &Params) -> u64 {
    u64::from(params.m_cost()) * u64::from(params.t_cost())
}

/// What has to be done beside a hash of `kind` for it to cost what one of the `dearest` kind does.
fn missing(kind: &Params, dearest: &Params) -> Option<Params> {
    let missing = cost(dearest).checked_sub(cost(kind))?;
    let memory = missing / u64::from(dearest.t_cost());
    // Fails below 8 KiB, where nothing worth the name is missing.
    Params::new(
        u32::try_from(memory).ok()?,
        dearest.t_cost(),
        1,
        Some(HASH_BYTES),
    )
    .ok()
}

fn is_cheaper(stored: &Kind, wanted: &Params) -> bool {
    let Kind::Argon2(.., stored) = stored else {
        return true;
    };
    stored.m_cost() < wanted.m_cost()
        || stored.t_cost() < wanted.t_cost()
        || stored.p_cost() < wanted.p_cost()
}
