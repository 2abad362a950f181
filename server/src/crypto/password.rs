//! Password hashing (Argon2id) and verification, whose timing reveals neither whether an account exists nor which kind
//! of hash it has. The threads are in `password/threads.rs`.

mod hash_formats;
mod hash_workspace;
mod stored;
#[cfg(test)]
mod stored_tests;
#[cfg(test)]
mod tests;
mod threads;

use std::time::Duration;

use argon2::{
    Algorithm, Params, PasswordHash, Version,
    password_hash::{Output, ParamsString, SaltString},
};
use aws_lc_rs::constant_time::verify_slices_are_equal;

use self::{
    hash_workspace::{HashWorkspace, derive, dummy, is_filled_up, is_large, thread_time},
    stored::{Kind, StoredHash},
};
pub use self::{
    stored::{ImportError, import},
    threads::{HashingThreads, Overloaded},
};
use crate::{clock::random_bytes, domain::text::nfc};

/// Length of a hash in bytes.
const HASH_BYTES: usize = 32;
/// KiB filled per step where a check has to be prolonged: well below a millisecond.
const FILLING_KIB: u32 = 256;

/// Result of verifying a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// `rehash`: the stored hash is cheaper than the settings require, was made without Unicode composition, or was
    /// imported.
    Right {
        rehash: bool,
    },
    Wrong,
}

/// The hashes that a password is verified against.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// The account's hash, a PHC string or an imported one; `None` without an account or password.
    pub phc: Option<String>,
    /// The most expensive hash of any account: each verification costs as much, so that its duration reveals neither
    /// whether the account exists nor the age of its hash.
    pub costliest: Option<String>,
}

/// Hashes the composed form (NFC) of a password with a new salt; returns a PHC string.
fn hash(password: &str, params: &Params, memory: &mut HashWorkspace) -> Option<String> {
    let salt = random_bytes::<16>();
    let kind = Kind::ours(params);
    let output = kind.derive(nfc(password).as_bytes(), &salt, HASH_BYTES, memory)?;
    let salt = SaltString::encode_b64(&salt).ok()?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).ok()?,
        salt: Some(salt.as_salt()),
        hash: Some(Output::new(&output).ok()?),
    };
    Some(phc.to_string())
}

/// Verifies the composed form first, then the original input if it differs: imported hashes and those from before
/// composition use the latter. Both cost the same with and without an account.
fn verify(password: &str, stored: &Stored, params: &Params, memory: &mut HashWorkspace) -> Verdict {
    let known = stored.phc.as_deref().and_then(StoredHash::read);
    let dearest = stored.costliest.as_deref().and_then(StoredHash::read);
    let dearest = dearest.map_or_else(|| Kind::ours(params), |dearest| dearest.kind);
    let composed = nfc(password);
    let as_typed = (*composed != *password).then_some(password);
    for text in [Some(&*composed), as_typed].into_iter().flatten() {
        let begun = thread_time();
        let Some(known) = &known else {
            // The same work without an account or password; for a large check, only a delay.
            let instead = if is_large(&dearest) {
                Kind::ours(params)
            } else {
                dearest.clone()
            };
            dummy(&instead, text.as_bytes(), memory);
            record_cost(&instead, &dearest, begun, memory);
            continue;
        };
        let (kind, bytes) = (&known.kind, known.expected.len());
        let output = derive(kind, bytes, text.as_bytes(), &known.salt, memory);
        record_cost(kind, &dearest, begun, memory);
        if output.is_some_and(|output| verify_slices_are_equal(&output, &known.expected).is_ok()) {
            let old = is_cheaper(kind, params) || as_typed.is_some_and(|raw| raw == text);
            return Verdict::Right {
                rehash: known.imported || old,
            };
        }
    }
    Verdict::Wrong
}

/// Adds the work or delay that makes a check of `kind` cost as much as one of the `dearest` kind. Between Argon2
/// hashes, memory to fill; otherwise, and if that is much memory, time.
fn record_cost(kind: &Kind, dearest: &Kind, begun: Duration, memory: &mut HashWorkspace) {
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

/// KiB that Argon2 fills, over all passes. Lanes are filled one after the other.
fn cost(params: &Params) -> u64 {
    u64::from(params.m_cost()) * u64::from(params.t_cost())
}

/// The additional work that makes a hash of `kind` cost as much as one of the `dearest` kind.
fn missing(kind: &Params, dearest: &Params) -> Option<Params> {
    let missing = cost(dearest).checked_sub(cost(kind))?;
    let memory = missing / u64::from(dearest.t_cost());
    // Fails below 8 KiB, a negligible difference.
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
