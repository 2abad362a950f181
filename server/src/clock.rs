//! The only place that reads the time or the system's random numbers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use doorward_shared::Timestamp;

/// What time it is: the system's, or one that a test moves.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System { started: Instant },
    Manual { start: i64, elapsed: Arc<AtomicI64> },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Kind::System {
            started: Instant::now(),
        })
    }

    /// A clock that stands at `start` until it is moved.
    pub fn manual(start: Timestamp) -> Self {
        Self(Kind::Manual {
            start: start.0,
            elapsed: Arc::default(),
        })
    }

    /// The wall clock.
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes in")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System { .. } => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Kind::Manual { start, elapsed } => Timestamp(start + elapsed.load(Ordering::SeqCst)),
        }
    }

    /// Time since some fixed moment, which no change of the wall clock moves.
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Kind::System { started } => started.elapsed(),
            Kind::Manual { elapsed, .. } => Duration::from_millis(
                u64::try_from(elapsed.load(Ordering::SeqCst)).unwrap_or_default(),
            ),
        }
    }

    /// Moves a manual clock; the system's stays.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual { elapsed, .. } = &self.0 {
            elapsed.fetch_add(
                i64::try_from(by.as_millis()).unwrap_or(i64::MAX),
                Ordering::SeqCst,
            );
        }
    }
}

/// Random bytes from the operating system.
///
/// # Panics
/// When it has none to give: nothing that needs them may go on then.
#[expect(
    clippy::expect_used,
    reason = "without random numbers no secret can be made"
)]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system gives random numbers");
    bytes
}
