//! Event counters and request latencies of the current minute.
//!
//! Not shared between processes: each would overwrite the other's minute.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use doorward_shared::{Timestamp, admin::Minute};

use crate::domain::latency::{BUCKETS, Latencies, bucket};

/// Counts since the last minute was written.
#[derive(Debug)]
pub(crate) struct Current {
    pub logins: AtomicU64,
    pub failures: AtomicU64,
    pub registrations: AtomicU64,
    pub tokens: AtomicU64,
    /// Refused clients.
    pub refusals: AtomicU64,
    requests: AtomicU64,
    latencies: [AtomicU64; BUCKETS],
}

impl Default for Current {
    fn default() -> Self {
        Self {
            logins: AtomicU64::default(),
            failures: AtomicU64::default(),
            registrations: AtomicU64::default(),
            tokens: AtomicU64::default(),
            refusals: AtomicU64::default(),
            requests: AtomicU64::default(),
            latencies: std::array::from_fn(|_| AtomicU64::default()),
        }
    }
}

impl Current {
    /// Counts a completed request.
    pub(crate) fn request(&self, took: Duration) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.latencies[bucket(took)].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the ending minute and resets the counters.
    pub(crate) fn take(&self, time: Timestamp, active_sessions: u64) -> (Minute, Latencies) {
        self.read(time, active_sessions, |count| {
            count.swap(0, Ordering::Relaxed)
        })
    }

    /// The current counts of the minute.
    pub(crate) fn peek(&self, time: Timestamp, active_sessions: u64) -> Minute {
        let (minute, _) = self.read(time, active_sessions, |count| count.load(Ordering::Relaxed));
        minute
    }

    fn read(
        &self,
        time: Timestamp,
        active_sessions: u64,
        get: impl Fn(&AtomicU64) -> u64,
    ) -> (Minute, Latencies) {
        let latencies = Latencies::new(std::array::from_fn(|at| get(&self.latencies[at])));
        let minute = Minute {
            time,
            logins: get(&self.logins),
            failures: get(&self.failures),
            registrations: get(&self.registrations),
            tokens: get(&self.tokens),
            refusals: get(&self.refusals),
            requests: get(&self.requests),
            active_sessions,
            p50_ms: latencies.percentile(0.5),
            p95_ms: latencies.percentile(0.95),
        };
        (minute, latencies)
    }
}

/// The start of the minute an instant lies in.
pub(crate) fn minute_of(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(60_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_quarter_of_what_was_measured() {
        let current = Current::default();
        for milliseconds in 1..=100 {
            current.request(Duration::from_millis(milliseconds));
        }
        let (minute, _) = current.take(Timestamp(0), 7);
        assert!((50. ..=62.5).contains(&minute.p50_ms), "{}", minute.p50_ms);
        assert!((95. ..=118.8).contains(&minute.p95_ms), "{}", minute.p95_ms);
        assert_eq!((minute.requests, minute.active_sessions), (100, 7));
        assert_eq!(current.take(Timestamp(0), 0).0.requests, 0);
    }
}
