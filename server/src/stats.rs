//! `/admin/stats`: what happens in each minute, kept so that a restart does not lose it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, AtomicU64, Ordering},
};
use std::time::Duration;

use doorward_shared::{
    Timestamp,
    admin::{Minute, Stats},
};

use crate::{app::Doorward, store::StoreError};

/// Bounds of the latency buckets, in microseconds: each 1.25 times the one before.
const BUCKETS: usize = 80;
/// How long minutes are kept, in seconds: a day.
pub(crate) const KEEP: i64 = 86_400;
/// How long totals that take a count are served again, in milliseconds.
const FRESH: i64 = 5000;

/// What has happened since the last minute was written.
#[derive(Debug)]
pub(crate) struct Current {
    pub logins: AtomicU64,
    pub failures: AtomicU64,
    pub registrations: AtomicU64,
    pub tokens: AtomicU64,
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
            requests: AtomicU64::default(),
            latencies: std::array::from_fn(|_| AtomicU64::default()),
        }
    }
}

/// The upper bound of a bucket, in milliseconds.
fn bound(bucket: usize) -> f64 {
    0.01 * 1.25_f64.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}

impl Current {
    /// Counts an answered request.
    pub fn request(&self, took: Duration) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let ratio = (took.as_secs_f64() * 1000. / 0.01).max(1.);
        let bucket = (ratio.ln() / 1.25_f64.ln()).ceil() as usize;
        self.latencies[bucket.min(BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
    }

    /// The minute that is ending, and a fresh start.
    pub fn take(&self, time: Timestamp, active_sessions: u64) -> Minute {
        self.read(time, active_sessions, |count| {
            count.swap(0, Ordering::Relaxed)
        })
    }

    fn read(
        &self,
        time: Timestamp,
        active_sessions: u64,
        get: impl Fn(&AtomicU64) -> u64,
    ) -> Minute {
        let latencies: Vec<u64> = self.latencies.iter().map(&get).collect();
        Minute {
            time,
            logins: get(&self.logins),
            failures: get(&self.failures),
            registrations: get(&self.registrations),
            tokens: get(&self.tokens),
            requests: get(&self.requests),
            active_sessions,
            p50_ms: percentile(&latencies, 0.5),
            p95_ms: percentile(&latencies, 0.95),
        }
    }
}

fn percentile(latencies: &[u64], part: f64) -> f64 {
    let all: u64 = latencies.iter().sum();
    if all == 0 {
        return 0.;
    }
    let wanted = (all as f64 * part).ceil() as u64;
    let mut seen = 0;
    let bucket = latencies.iter().position(|count| {
        seen += count;
        seen >= wanted
    });
    let rounded = bound(bucket.unwrap_or(BUCKETS - 1)) * 1000.;
    rounded.round() / 1000.
}

/// Answers that are good for some seconds.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    stats: Mutex<Option<Arc<Stats>>>,
    /// When storage was last seen to take a commit, in milliseconds.
    written_at: AtomicI64,
}

impl Doorward {
    /// How the server is doing. Counting takes time on a large database: an answer is good for some seconds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn stats(&self) -> Result<Stats, StoreError> {
        let now = self.clock.now();
        let fresh = {
            let last = self.remembered.stats.lock();
            let last = last.unwrap_or_else(PoisonError::into_inner);
            last.as_ref()
                .filter(|last| now.0 - last.time.0 < FRESH)
                .cloned()
        };
        if let Some(fresh) = fresh {
            return Ok(Stats::clone(&fresh));
        }
        let mut stats = self.store.stats(now).await?;
        // The minute that has not ended is shown as it stands.
        let active = stats.now.active_sessions;
        let running = self.metrics.current.read(minute_of(now), active, |count| {
            count.load(Ordering::Relaxed)
        });
        stats.series.push(running);
        let mut last = self
            .remembered
            .stats
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some(Arc::new(stats.clone()));
        Ok(stats)
    }

    /// Whether storage takes commits. A yes is good for a second, so that asking costs no stranger's fsync each time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn probe(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let last = &self.remembered.written_at;
        let recently = (0..1000).contains(&(now.0 - last.load(Ordering::Relaxed)));
        if recently && !self.metrics.store.is_failing() {
            return Ok(());
        }
        self.store.probe(now).await?;
        last.store(now.0, Ordering::Relaxed);
        Ok(())
    }

    /// Live sessions, as of some seconds ago at most; 0 when storage cannot be read.
    pub(crate) async fn sessions_live(&self) -> u64 {
        self.stats()
            .await
            .map_or(0, |stats| stats.now.active_sessions)
    }

    /// Writes the minute that has ended.
    ///
    /// # Errors
    /// [`StoreError`]; its numbers are lost then.
    pub(crate) async fn end_minute(&self, minute: Timestamp) -> Result<(), StoreError> {
        let now = self.clock.now();
        let active = self.store.active_sessions(now).await?;
        self.metrics.observe(self.passwords.load(), active);
        let minute = self.metrics.current.take(minute, active);
        self.store.put_minute(minute).await
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
        let minute = current.take(Timestamp(0), 7);
        assert!((50. ..=62.5).contains(&minute.p50_ms), "{}", minute.p50_ms);
        assert!((95. ..=118.8).contains(&minute.p95_ms), "{}", minute.p95_ms);
        assert_eq!((minute.requests, minute.active_sessions), (100, 7));
        assert_eq!(current.take(Timestamp(0), 0).requests, 0);
    }
}
