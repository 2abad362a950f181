//! Passwords: Argon2id on threads of its own, and which passwords are taken at all.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::{Output, ParamsString, Salt, SaltString},
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use tokio::sync::oneshot;

use super::secret::Secret;
use crate::{clock::random_bytes, domain::text::nfc};

/// Bytes of a hash.
const HASH_BYTES: usize = 32;
/// Most memory a stored hash may ask for, in KiB: 1 GiB.
const MAX_MEMORY_KIB: u32 = 1 << 20;
/// After so long without work a thread gives its memory back to the allocator,
const IDLE: Duration = Duration::from_millis(200);
/// and after so much longer the allocator gives it back to the system: longer than mimalloc keeps what was freed.
const SETTLE: Duration = Duration::from_millis(1500);
/// Large enough that mimalloc serves it with pages of its own, as it does the memory of Argon2.
const LARGE: usize = 4 << 20;
/// Fewest characters of a password, NIST SP 800-63B section 3.1.1.2.
const MIN_CHARS: usize = 8;
/// Most bytes of a password.
const MAX_BYTES: usize = 1024;

/// Sorted, lower case.
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt")
        .lines()
        .filter(|line| !line.starts_with("# "))
        .collect()
});

/// Whether a new password is taken.
///
/// # Errors
/// A sentence that says what is wrong: too short, too long, common, or the account's own address. What is judged is
/// what is hashed: the composed form (NFC).
pub fn check_password(password: &str, email: &str) -> Result<(), &'static str> {
    let password = nfc(password);
    if password.chars().count() < MIN_CHARS {
        return Err("must have at least 8 characters");
    }
    if password.len() > MAX_BYTES {
        return Err("must have at most 1024 bytes");
    }
    let folded = password.to_lowercase();
    if COMMON.binary_search(&folded.as_str()).is_ok() {
        return Err("is one of the most common passwords");
    }
    if folded == email.to_lowercase() {
        return Err("must not be the email address");
    }
    Ok(())
}

/// The queue is full. Nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are waiting to be checked")]
pub struct Overloaded;

/// What a password turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// `rehash`: the stored hash is cheaper than the settings ask for, or of letters that were not composed.
    Right {
        rehash: bool,
    },
    Wrong,
}

/// What a password is compared with.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// The account's hash, a PHC string; none where there is no account, or it has no password.
    pub phc: Option<String>,
    /// A hash of the dearest kind that any account has: each comparison costs as much, so that its time does not tell
    /// whether there is an account, and how old its hash is.
    pub dearest: Option<String>,
}

type Reply<T> = oneshot::Sender<T>;

enum Job {
    Hash(Secret, Reply<String>),
    Verify(Secret, Stored, Reply<Verdict>),
}

impl Job {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash(_, reply) => reply.is_closed(),
            Self::Verify(_, _, reply) => reply.is_closed(),
        }
    }
}

/// The threads that hash.
#[derive(Debug, Clone)]
pub struct Passwords {
    queue: Sender<Job>,
    working: Arc<AtomicUsize>,
}

impl Passwords {
    /// Starts `threads` threads of lower priority, before which up to `queue` jobs may wait.
    ///
    /// # Errors
    /// What is wrong with the parameters, or with starting threads.
    pub fn start(params: Params, threads: usize, queue: usize) -> std::io::Result<Self> {
        let (sender, jobs) = bounded(queue);
        let working = Arc::new(AtomicUsize::new(0));
        for _ in 0..threads.max(1) {
            let (jobs, params, working) = (jobs.clone(), params.clone(), working.clone());
            thread::Builder::new()
                .name("doorward-argon2".into())
                .spawn(move || run(&jobs, &params, &working))?;
        }
        Ok(Self {
            queue: sender,
            working,
        })
    }

    /// Hashes the composed form (NFC) of a password with a fresh salt; answers a PHC string.
    ///
    /// # Errors
    /// [`Overloaded`] at once when the queue is full.
    pub async fn hash(&self, password: Secret) -> Result<String, Overloaded> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(Job::Hash(password, reply))
            .map_err(|_| Overloaded)?;
        answer.await.map_err(|_| Overloaded)
    }

    /// Compares a password with a stored hash. Without one it costs the same, and is wrong.
    ///
    /// # Errors
    /// [`Overloaded`] at once when the queue is full.
    pub async fn verify(&self, password: Secret, stored: Stored) -> Result<Verdict, Overloaded> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(Job::Verify(password, stored, reply))
            .map_err(|_| Overloaded)?;
        answer.await.map_err(|_| Overloaded)
    }

    /// Whether one more would be refused now.
    pub fn is_full(&self) -> bool {
        self.queue.is_full()
    }

    /// Jobs that wait, and jobs that are worked on.
    pub fn load(&self) -> (usize, usize) {
        (self.queue.len(), self.working.load(Ordering::Relaxed))
    }
}

fn run(jobs: &Receiver<Job>, params: &Params, working: &AtomicUsize) {
    // Below the threads that verify tokens. Where the system refuses, all stay equal.
    let _ = rustix::process::setpriority_process(None, 10);
    let mut memory = Memory::default();
    loop {
        let job = match jobs.recv_timeout(IDLE) {
            Ok(job) => job,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                memory = Memory::default();
                match rest(jobs) {
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

/// Waits for work when there has been none for a while.
fn rest(jobs: &Receiver<Job>) -> Option<Job> {
    match jobs.recv_timeout(SETTLE) {
        Ok(job) => Some(job),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            // mimalloc looks for what it may give back only when pages come or go: on a server that rests, never.
            drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
            jobs.recv().ok()
        }
    }
}

/// What Argon2 works in, kept from one password to the next.
#[derive(Debug, Default)]
struct Memory {
    blocks: Vec<Block>,
    /// KiB that were filled so far, all passes counted: what the work has cost.
    filled: u64,
}

fn derive(
    password: &str,
    salt: &[u8],
    params: &Params,
    memory: &mut Memory,
) -> Option<[u8; HASH_BYTES]> {
    let blocks = params.block_count();
    if memory.blocks.len() < blocks {
        memory.blocks.resize(blocks, Block::default());
    }
    memory.filled += cost(params);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut out = [0; HASH_BYTES];
    let blocks = &mut memory.blocks[..blocks];
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut out, blocks)
        .ok()?;
    Some(out)
}

fn hash(password: &str, params: &Params, memory: &mut Memory) -> Option<String> {
    let salt = random_bytes::<16>();
    let output = derive(&nfc(password), &salt, params, memory)?;
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

/// Compares the composed form first, then what was typed where that differs: hashes made before passwords were composed
/// are of that. Both cost the same with and without an account.
fn verify(password: &str, stored: &Stored, params: &Params, memory: &mut Memory) -> Verdict {
    let known = stored.phc.as_deref().and_then(parse);
    let dearest = stored.dearest.as_deref().and_then(parse);
    let dearest = dearest.map_or_else(|| params.clone(), |(dearest, ..)| dearest);
    let composed = nfc(password);
    let as_typed = (*composed != *password).then_some(password);
    for text in [Some(&*composed), as_typed].into_iter().flatten() {
        match &known {
            Some((kind, salt, expected)) => {
                let output = derive(text, salt, kind, memory);
                if let Some(missing) = missing(kind, &dearest) {
                    let _ = derive(text, &[0; 16], &missing, memory);
                }
                if output.is_some_and(|output| verify_slices_are_equal(&output, expected).is_ok()) {
                    let rehash =
                        is_cheaper(kind, params) || as_typed.is_some_and(|raw| raw == text);
                    return Verdict::Right { rehash };
                }
            }
            // The same work for an account that is not there, or has no password.
            None => {
                let _ = derive(text, &[0; 16], &dearest, memory);
            }
        }
    }
    Verdict::Wrong
}

/// KiB that Argon2 fills, all passes counted. Lanes are filled one after the other.
fn cost(params: &Params) -> u64 {
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

/// A stored hash that asks for absurd memory, or is of another kind, is no hash.
fn parse(phc: &str) -> Option<(Params, Vec<u8>, Vec<u8>)> {
    let hash = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let right_kind = hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into());
    if !right_kind || params.m_cost() > MAX_MEMORY_KIB {
        return None;
    }
    let mut salt = [0; Salt::MAX_LENGTH];
    let salt = hash.salt?.decode_b64(&mut salt).ok()?.to_vec();
    Some((params, salt, hash.hash?.as_bytes().to_vec()))
}

fn is_cheaper(stored: &Params, wanted: &Params) -> bool {
    stored.m_cost() < wanted.m_cost()
        || stored.t_cost() < wanted.t_cost()
        || stored.p_cost() < wanted.p_cost()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(memory: u32) -> Params {
        Params::new(memory, 1, 1, Some(HASH_BYTES)).unwrap()
    }

    #[tokio::test]
    async fn a_hash_opens_to_its_password_only() {
        let passwords = Passwords::start(params(64), 2, 8).unwrap();
        let phc = passwords
            .hash(Secret::from("correct horse".to_owned()))
            .await
            .unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{phc}");
        let check = |text: &str, phc: Option<&str>| {
            let phc = phc.map(str::to_owned);
            let dearest = phc.clone();
            passwords.verify(Secret::from(text.to_owned()), Stored { phc, dearest })
        };
        assert_eq!(
            check("correct horse", Some(&phc)).await,
            Ok(Verdict::Right { rehash: false })
        );
        assert_eq!(
            check("correct horse ", Some(&phc)).await,
            Ok(Verdict::Wrong)
        );
        assert_eq!(check("correct horse", None).await, Ok(Verdict::Wrong));
        assert_eq!(
            check("correct horse", Some("$argon2id$broken")).await,
            Ok(Verdict::Wrong)
        );
    }

    #[tokio::test]
    async fn a_cheaper_hash_asks_for_a_new_one() {
        let cheap = Passwords::start(params(64), 1, 8).unwrap();
        let phc = cheap
            .hash(Secret::from("correct horse".to_owned()))
            .await
            .unwrap();
        let dear = Passwords::start(params(128), 1, 8).unwrap();
        let verdict = dear
            .verify(
                Secret::from("correct horse".to_owned()),
                Stored {
                    phc: Some(phc.clone()),
                    dearest: Some(phc),
                },
            )
            .await;
        assert_eq!(verdict, Ok(Verdict::Right { rehash: true }));
    }

    #[test]
    fn hashes_are_the_ones_the_argon2_crate_makes() {
        use argon2::PasswordVerifier;
        let phc = hash("correct horse", &params(64), &mut Memory::default()).unwrap();
        let parsed = PasswordHash::new(&phc).unwrap();
        assert!(
            Argon2::default()
                .verify_password(b"correct horse", &parsed)
                .is_ok()
        );
    }

    fn phc(password: &str, params: &Params) -> String {
        hash(password, params, &mut Memory::default()).unwrap()
    }

    /// What comparing costs, and what comes of it.
    fn compared(password: &str, phc: Option<String>, dearest: Option<String>) -> (u64, Verdict) {
        let mut memory = Memory::default();
        let settings = Params::new(96, 2, 1, Some(HASH_BYTES)).unwrap();
        let verdict = verify(password, &Stored { phc, dearest }, &settings, &mut memory);
        (memory.filled, verdict)
    }

    #[test]
    fn a_wrong_password_costs_what_the_dearest_stored_kind_costs_whatever_is_stored() {
        let kind = |m, t, p| Params::new(m, t, p, Some(HASH_BYTES)).unwrap();
        let kinds = [
            kind(64, 1, 1),
            kind(64, 3, 1),
            kind(1000, 1, 1),
            kind(128, 2, 4),
            kind(200, 5, 1),
        ];
        let dearest = phc("x", &kinds[4]);
        for password in ["a wrong password", "wrong pa\u{308}ssword"] {
            let (unknown, verdict) = compared(password, None, Some(dearest.clone()));
            assert_eq!(verdict, Verdict::Wrong);
            let spellings = if password.is_ascii() { 1 } else { 2 };
            assert_eq!(unknown, spellings * cost(&kinds[4]));
            for kind in &kinds {
                let (known, verdict) =
                    compared(password, Some(phc("x", kind)), Some(dearest.clone()));
                assert_eq!(verdict, Verdict::Wrong);
                // A pass is the least that can be left over.
                assert!(
                    unknown.abs_diff(known) <= 8 * spellings * 5,
                    "{kind:?}: {known}, not {unknown}"
                );
            }
            let (imported, _) =
                compared(password, Some("$6$salt$hash".into()), Some(dearest.clone()));
            assert_eq!(imported, unknown);
        }
        // With nothing stored yet what would be stored is the measure.
        assert_eq!(compared("a wrong password", None, None).0, 96 * 2);
    }

    #[test]
    fn passwords_are_compared_composed_and_older_hashes_as_they_were_typed() {
        let (composed, decomposed) = ("p\u{e4}ssw\u{f6}rter", "pa\u{308}sswo\u{308}rter");
        let kind = Params::new(96, 2, 1, Some(HASH_BYTES)).unwrap();
        let new = phc(decomposed, &kind);
        for text in [composed, decomposed] {
            let (_, verdict) = compared(text, Some(new.clone()), None);
            assert_eq!(verdict, Verdict::Right { rehash: false }, "{text}");
        }
        // As they were made before: of what was typed.
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let output = derive(decomposed, &[7; 16], &kind, &mut Memory::default()).unwrap();
        let old = PasswordHash {
            salt: Some(salt.as_salt()),
            hash: Some(Output::new(&output).unwrap()),
            ..PasswordHash::new(&new).unwrap()
        }
        .to_string();
        assert_eq!(
            compared(decomposed, Some(old.clone()), None).1,
            Verdict::Right { rehash: true }
        );
        assert_eq!(compared(composed, Some(old), None).1, Verdict::Wrong);
    }

    #[test]
    fn what_is_judged_is_the_composed_form() {
        let email = "ada@example.com";
        let decomposed = "u\u{308}".repeat(7);
        assert!(check_password(&decomposed, email).is_err(), "7 letters");
        assert!(
            check_password(&"u\u{308}".repeat(400), email).is_ok(),
            "800 bytes"
        );
    }

    #[test]
    fn weak_passwords_are_refused_and_none_is_trimmed() {
        let email = "ada.lovelace@example.com";
        for bad in [
            "short",
            "1234567",
            "password1",
            "PASSWORD1",
            "Ada.Lovelace@example.com",
        ] {
            assert!(check_password(bad, email).is_err(), "{bad}");
        }
        assert!(check_password(&"x".repeat(1025), email).is_err());
        assert!(check_password(&"x".repeat(1024), email).is_ok());
        assert!(check_password("  spaces are kept  ", email).is_ok());
        assert!(
            check_password("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", email).is_err(),
            "7 characters, 14 bytes"
        );
    }
}
