//! Comparing a password with a stored hash, so that the time tells neither whether there is an account nor how its hash
//! was made.

use std::time::Duration;

use argon2::{Block, Params};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use rustix::time::{ClockId, clock_gettime};

use super::{
    HASH_BYTES, Stored, Verdict,
    stored::{Kind, StoredHash},
};
use crate::domain::text::nfc;

/// KiB that are filled at once where a check has to last longer: well below a millisecond.
const FILLING_KIB: u32 = 256;

/// What a hashing thread works in, kept from one password to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
    /// KiB that Argon2 filled so far, all passes counted: what the work has cost.
    pub filled: u64,
    /// What a check of a kind that is not ours takes of this thread's time; of the dearest that was met.
    learned: Option<(Kind, Duration)>,
}

impl Memory {
    /// What Argon2 works in.
    pub fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::default());
        }
        &mut self.blocks[..count]
    }

    /// Gives the memory back.
    pub fn release(&mut self) {
        self.blocks = Vec::new();
    }

    /// Takes a measurement of `kind` into account.
    fn learn(&mut self, kind: &Kind, spent: Duration) {
        match &mut self.learned {
            Some((known, mean)) if known == kind => *mean = (*mean * 7 + spent) / 8,
            learned => *learned = Some((kind.clone(), spent)),
        }
    }

    /// What a check of `kind` takes of this thread's time: measured now where it was not before.
    fn time_of(&mut self, kind: &Kind) -> Duration {
        if let Some((known, mean)) = &self.learned
            && known == kind
        {
            return *mean;
        }
        let begun = thread_time();
        dummy(kind, b"", self);
        let spent = thread_time().saturating_sub(begun);
        self.learn(kind, spent);
        spent
    }
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
            // The same work for an account that is not there, or has no password.
            dummy(&dearest, text.as_bytes(), memory);
            settle(&dearest, &dearest, begun, memory);
            continue;
        };
        let (kind, bytes) = (&known.kind, known.expected.len());
        let output = kind.derive(text.as_bytes(), &known.salt, bytes, memory);
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

/// Does what has to be done beside a check of `kind` for it to cost what one of the `dearest` kind does.
fn settle(kind: &Kind, dearest: &Kind, begun: Duration, memory: &mut Memory) {
    match (kind, dearest) {
        (Kind::Argon2(.., params), Kind::Argon2(.., dearest)) => {
            if let Some(missing) = missing(params, dearest) {
                dummy(&Kind::ours(&missing), b"", memory);
            }
        }
        (kind, dearest) if kind == dearest => {
            memory.learn(kind, thread_time().saturating_sub(begun));
        }
        (_, dearest) => {
            let spent = thread_time().saturating_sub(begun);
            let wanted = memory.time_of(dearest).saturating_sub(spent);
            let begun = thread_time();
            if let Ok(some) = Params::new(FILLING_KIB, 1, 1, Some(HASH_BYTES)) {
                let some = Kind::ours(&some);
                while thread_time().saturating_sub(begun) < wanted {
                    dummy(&some, b"", memory);
                }
            }
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
    std::hint::black_box(kind.derive(password, &[0; 16], bytes, memory));
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
