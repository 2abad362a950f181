//! Statistics for `/admin/stats`: counts per minute and hour, persisted so that a restart does not lose them.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use doorward_shared::{
    Timestamp,
    admin::{Minute, SeriesBy, Stats},
};

use crate::{
    clock::Clock,
    crypto::password::HashingThreads,
    metrics::Metrics,
    state::minute_of,
    store::{Store, StoreError, hour_of, series_floor as floor},
};

/// How long totals that are slow to compute are cached, in milliseconds.
const FRESH: i64 = 5000;

/// Values cached for some seconds.
#[derive(Debug, Default)]
pub(crate) struct CachedStats {
    totals: Mutex<Option<Arc<Stats>>>,
    /// When storage last accepted a commit, in milliseconds.
    written_at: AtomicI64,
}

/// Collects statistics.
#[derive(Debug, Clone)]
pub struct Statistics {
    pub(crate) store: Store,
    pub(crate) metrics: Metrics,
    pub(crate) passwords: HashingThreads,
    pub(crate) clock: Clock,
    pub(crate) remembered: Arc<CachedStats>,
}

impl Statistics {
    /// The server's state, and its counts since a time. Totals are cached for some seconds, since counting is slow on a
    /// large database.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn stats(
        &self,
        by: SeriesBy,
        since: Option<Timestamp>,
    ) -> Result<Stats, StoreError> {
        let mut stats = Stats::clone(&*self.totals().await?);
        let now = self.clock.now();
        stats.series = self.store.series(by, floor(by, now, since)).await?;
        // A period that has not ended yet is shown so far.
        let current = &self.metrics.current;
        let running = current.peek(minute_of(now), stats.now.active_sessions);
        let same = |last: &Minute| last.time == hour_of(now);
        match stats.series.last_mut() {
            Some(last) if by == SeriesBy::Hour && same(last) => add(last, &running),
            _ if by == SeriesBy::Hour => stats.series.push(Minute {
                time: hour_of(now),
                ..running
            }),
            // For a minute that began in an earlier process, the earlier part is in storage.
            Some(last) if last.time == running.time => add(last, &running),
            _ => stats.series.push(running),
        }
        Ok(stats)
    }

    /// Totals, at most some seconds old.
    async fn totals(&self) -> Result<Arc<Stats>, StoreError> {
        let now = self.clock.now();
        let fresh = {
            let last = self.remembered.totals.lock();
            let last = last.unwrap_or_else(PoisonError::into_inner);
            last.as_ref()
                .filter(|last| now.0 - last.time.0 < FRESH)
                .cloned()
        };
        if let Some(fresh) = fresh {
            return Ok(fresh);
        }
        let totals = Arc::new(self.store.stats(now).await?);
        let last = self.remembered.totals.lock();
        *last.unwrap_or_else(PoisonError::into_inner) = Some(totals.clone());
        Ok(totals)
    }

    /// Whether storage accepts commits. Success is cached for a second, so that unauthenticated health checks do not
    /// cause an fsync each.
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

    /// Number of active sessions, at most some seconds old; 0 when storage cannot be read.
    pub(crate) async fn sessions_live(&self) -> u64 {
        self.totals()
            .await
            .map_or(0, |stats| stats.now.active_sessions)
    }

    /// Writes the minute that has ended.
    ///
    /// # Errors
    /// [`StoreError`]; that minute's counts are lost then.
    pub(crate) async fn end_minute(&self, minute: Timestamp) -> Result<(), StoreError> {
        let now = self.clock.now();
        let active = self.store.active_sessions(now).await?;
        self.metrics.observe(self.passwords.load(), active);
        let (minute, latencies) = self.metrics.current.take(minute, active);
        self.store.put_minute(minute, latencies).await
    }
}

/// Adds the running counts to the stored ones of the same time.
fn add(written: &mut Minute, running: &Minute) {
    written.logins += running.logins;
    written.failures += running.failures;
    written.registrations += running.registrations;
    written.tokens += running.tokens;
    written.refusals += running.refusals;
    written.active_sessions = running.active_sessions;
    if running.requests > written.requests {
        (written.p50_ms, written.p95_ms) = (running.p50_ms, running.p95_ms);
    }
    written.requests += running.requests;
}
