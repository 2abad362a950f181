//! The clock and the random source: the only place that reads the time or the system's random numbers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use doorward_shared::Timestamp;

/// The system clock, or one that a test moves.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    /// `lead`: the largest lead of the wall clock over the monotonic one so far, in microseconds.
    System {
        started: Instant,
        lead: Arc<AtomicI64>,
    },
    Manual {
        start: i64,
        elapsed: Arc<AtomicI64>,
    },
}

impl Clock {
    /// The system clock.
    pub fn system() -> Self {
        Self(Kind::System {
            started: Instant::now(),
            lead: Arc::new(AtomicI64::new(i64::MIN)),
        })
    }

    /// A clock that stays at `start` until it is moved.
    pub fn manual(start: Timestamp) -> Self {
        Self(Kind::Manual {
            start: start.0,
            elapsed: Arc::default(),
        })
    }

    /// The wall clock, except that it never steps back while the process runs: if the system clock is set back, this
    /// one continues from its last value. An expired token stays expired.
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes in")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System { started, lead } => {
                // In this order: a pause between the two makes the lead smaller, which has no effect.
                let wall = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                Timestamp(steady(lead, micros(wall), micros(started.elapsed())) / 1000)
            }
            Kind::Manual { start, elapsed } => Timestamp(start + elapsed.load(Ordering::SeqCst)),
        }
    }

    /// Time since a fixed moment, unaffected by changes of the wall clock.
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Kind::System { started, .. } => started.elapsed(),
            Kind::Manual { elapsed, .. } => Duration::from_millis(
                u64::try_from(elapsed.load(Ordering::SeqCst)).unwrap_or_default(),
            ),
        }
    }

    /// Moves a manual clock; no effect on the system clock.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual { elapsed, .. } = &self.0 {
            elapsed.fetch_add(
                i64::try_from(by.as_millis()).unwrap_or(i64::MAX),
                Ordering::SeqCst,
            );
        }
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// The monotonic time plus the largest lead that the wall clock has had over it.
fn steady(lead: &AtomicI64, wall: i64, monotonic: i64) -> i64 {
    let now = wall.saturating_sub(monotonic);
    let before = lead.fetch_max(now, Ordering::SeqCst);
    monotonic.saturating_add(before.max(now))
}

/// Random bytes from the operating system.
///
/// # Panics
/// If the system has none: nothing that needs them may continue.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_back_does_not_take_the_time_back_and_time_still_passes() {
        let lead = AtomicI64::new(i64::MIN);
        assert_eq!(steady(&lead, 1_000_000, 0), 1_000_000);
        assert_eq!(steady(&lead, 1_000_500, 500), 1_000_500);
        // An hour back.
        assert_eq!(steady(&lead, 1_001_000 - 3_600_000_000, 1_000), 1_001_000);
        assert_eq!(steady(&lead, 1_002_000 - 3_600_000_000, 2_000), 1_002_000);
        // Corrected, and then ahead.
        assert_eq!(steady(&lead, 1_003_000, 3_000), 1_003_000);
        assert_eq!(steady(&lead, 9_000_000, 4_000), 9_000_000);
        assert_eq!(steady(&lead, 1_005_000, 5_000), 9_001_000);
    }

    #[test]
    fn the_machines_clock_goes_on() {
        let clock = Clock::system();
        let first = clock.now();
        assert!(first.0 > 1_700_000_000_000, "{first}");
        assert!(clock.clone().now() >= first);
    }
}
