//! Stored password hashes: our own, and imported ones, which are kept unchanged until their owner signs in.

use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::pbkdf2;
use zeroize::Zeroizing;

use super::{cost, hash_formats, hash_workspace::HashWorkspace};

/// Maximum memory of a stored hash, in KiB: 1 GiB.
pub(super) const MAX_MEMORY_KIB: u64 = 1 << 20;
/// Maximum duration of one check by [`Kind::micros`].
const MAX_MICROS: u64 = 5_000_000;
/// Maximum lanes (`p`) of scrypt: no system uses more, and with a small `N` their cost is not estimated well.
const MAX_SCRYPT_LANES: u32 = 64;
/// Prefix of an imported hash, followed by its cost, so that the index can find the most expensive hash.
const IMPORTED: &str = "$imported$m=";
/// Maximum size of an imported hash, in bytes.
const MAX_TEXT: usize = 512;
/// Minimum length of a hash in bytes: a shorter one could be matched by guessing.
const MIN_HASH: usize = 16;
const MAX_HASH: usize = 64;
/// Number of password bytes that bcrypt reads, including its terminating zero.
const BCRYPT_BYTES: usize = 72;

/// Why a hash cannot be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error(
        "is in an unsupported format: Argon2, bcrypt, scrypt or PBKDF2 in PHC or modular crypt format is expected"
    )]
    OtherKind,
    #[error("is not a well-formed hash of its kind")]
    Malformed,
    #[error("costs too much: one check would take over 5 seconds or 1 GiB of memory")]
    TooDear,
}

/// Hash algorithm and parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Argon2(Algorithm, Version, Params),
    /// The exponent of the number of rounds, a power of 2.
    Bcrypt(u32),
    Scrypt {
        log_n: u8,
        r: u32,
        p: u32,
    },
    Pbkdf2(Digest, NonZeroU32),
}

/// The hash function that PBKDF2 iterates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Kind {
    /// The kind that this server creates.
    pub(super) fn ours(params: &Params) -> Self {
        Self::Argon2(Algorithm::Argon2id, Version::V0x13, params.clone())
    }

    /// Memory of one check, in KiB.
    pub(super) fn memory_kib(&self) -> u64 {
        match self {
            Self::Argon2(_, _, params) => params.m_cost().into(),
            Self::Scrypt { log_n, r, p } => {
                let blocks = 1u64.checked_shl((*log_n).into()).unwrap_or(u64::MAX);
                // The lanes are kept too; the larger of the two counts.
                let blocks = blocks.max((*p).into());
                blocks.saturating_mul(u64::from(*r)).saturating_mul(128) / 1024
            }
            Self::Bcrypt(_) | Self::Pbkdf2(..) => 0,
        }
    }

    /// Estimated duration of one check, in microseconds.
    fn micros(&self) -> u64 {
        let nanos = match self {
            Self::Argon2(_, _, params) => {
                let filled = u64::from(params.m_cost()).saturating_mul(params.t_cost().into());
                filled.saturating_mul(ARGON2_KIB_NANOS)
            }
            Self::Bcrypt(cost) => BCRYPT_ROUND_NANOS.saturating_mul(1 << (*cost).min(31)),
            Self::Scrypt { log_n, r, p } => {
                let blocks = 1u64.checked_shl((*log_n).into()).unwrap_or(u64::MAX);
                let lanes = u64::from(*r).saturating_mul((*p).into());
                // PBKDF2 generates the lanes, 32 bytes at a time.
                let made = lanes.saturating_mul(128 / 32 * Digest::Sha256.nanos());
                let mixed = blocks.saturating_mul(lanes);
                made.saturating_add(mixed.saturating_mul(SCRYPT_BLOCK_NANOS))
            }
            Self::Pbkdf2(digest, iterations) => {
                u64::from(iterations.get()).saturating_mul(digest.nanos())
            }
        };
        nanos / 1000
    }

    /// Hashes a password.
    pub(super) fn derive(
        &self,
        password: &[u8],
        salt: &[u8],
        bytes: usize,
        memory: &mut HashWorkspace,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(vec![0; bytes]);
        match self {
            Self::Argon2(algorithm, version, params) => {
                memory.filled += cost(params);
                let blocks = memory.blocks(params.block_count());
                Argon2::new(*algorithm, *version, params.clone())
                    .hash_password_into_with_memory(password, salt, &mut out, blocks)
                    .ok()?;
            }
            Self::Bcrypt(cost) => {
                let mut password = Zeroizing::new(password.to_vec());
                password.push(0);
                password.truncate(BCRYPT_BYTES);
                let hash = bcrypt::bcrypt(*cost, salt.try_into().ok()?, &password);
                out = Zeroizing::new(hash.get(..bytes)?.to_vec());
            }
            Self::Scrypt { log_n, r, p } => {
                let params = scrypt::Params::new(*log_n, *r, *p, bytes).ok()?;
                scrypt::scrypt(password, salt, &params, &mut out).ok()?;
            }
            Self::Pbkdf2(digest, iterations) => {
                pbkdf2::derive(digest.algorithm(), *iterations, salt, password, &mut out);
            }
        }
        Some(out)
    }
}

/// Nanoseconds on a slow server core of 2020: per KiB that Argon2 fills, per bcrypt round, per scrypt block (128 bytes,
/// written and read), and below per PBKDF2 iteration. `what_import_costs_are_on_this_machine` measures them.
const ARGON2_KIB_NANOS: u64 = 700;
const BCRYPT_ROUND_NANOS: u64 = 70_000;
const SCRYPT_BLOCK_NANOS: u64 = 430;

impl Digest {
    /// Output length. Only this much of a hash is compared: more would double the cost without adding security.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn nanos(self) -> u64 {
        match self {
            Self::Sha1 | Self::Sha256 => 250,
            Self::Sha384 | Self::Sha512 => 700,
        }
    }

    fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

/// A hash to verify passwords against.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StoredHash {
    pub kind: Kind,
    pub salt: Vec<u8>,
    pub expected: Vec<u8>,
    /// Whether it was imported.
    pub imported: bool,
}

impl StoredHash {
    /// Parses a database column; `None` if it is not a hash to sign in with.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix(IMPORTED) {
            let (_, rest) = rest.split_once(",t=1")?;
            let hash = hash_formats::hash(rest)
                .or_else(|_| hash_formats::hash(rest.strip_prefix('$').unwrap_or_default()));
            return hash.ok().map(|hash| Self {
                imported: true,
                ..hash
            });
        }
        let hash = hash_formats::hash(text).ok()?;
        let Kind::Argon2(Algorithm::Argon2id, Version::V0x13, params) = &hash.kind else {
            return None;
        };
        (u64::from(params.m_cost()) <= MAX_MEMORY_KIB).then_some(hash)
    }

    fn check(&self) -> Result<(), ImportError> {
        let bytes = self.expected.len();
        // Odd lengths are truncated hashes. bcrypt's is 23 bytes, fixed by its format.
        let whole = bytes.is_multiple_of(4) || matches!(self.kind, Kind::Bcrypt(_));
        if !whole || !(MIN_HASH..=MAX_HASH).contains(&bytes) {
            return Err(ImportError::Malformed);
        }
        let many_lanes = matches!(self.kind, Kind::Scrypt { p, .. } if p > MAX_SCRYPT_LANES);
        let micros = self.kind.micros();
        if many_lanes || micros > MAX_MICROS || self.kind.memory_kib() > MAX_MEMORY_KIB {
            return Err(ImportError::TooDear);
        }
        Ok(())
    }
}

/// The stored form of a hash from another system.
///
/// # Errors
/// [`ImportError`].
pub fn import(text: &str) -> Result<String, ImportError> {
    if text.is_empty() || text.len() > MAX_TEXT || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(if hash_formats::is_known(text) {
            ImportError::Malformed
        } else {
            ImportError::OtherKind
        });
    }
    let hash = hash_formats::hash(text)?;
    hash.check()?;
    // What Argon2 would fill in that time: the unit of the index.
    let cost = (hash.kind.micros() * 1000 / ARGON2_KIB_NANOS).max(1);
    let dollar = if text.starts_with('$') { "" } else { "$" };
    Ok(format!("{IMPORTED}{cost},t=1{dollar}{text}"))
}
