//! `/admin/stats`: what happens in each minute, kept so that a restart does not lose it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use doorward_shared::{Timestamp, admin::Stats};

use crate::{
    clock::Clock,
    crypto::password::Passwords,
    metrics::Metrics,
    state::minute_of,
    store::{Store, StoreError},
};

/// How long totals that take a count are served again, in milliseconds.
const FRESH: i64 = 5000;

/// Answers that are good for some seconds.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    stats: Mutex<Option<Arc<Stats>>>,
    /// When storage was last seen to take a commit, in milliseconds.
    written_at: AtomicI64,
}

/// What counts.
#[derive(Debug, Clone)]
pub struct Statistics {
    pub(crate) store: Store,
    pub(crate) metrics: Metrics,
    pub(crate) passwords: Passwords,
    pub(crate) clock: Clock,
    pub(crate) remembered: Arc<Remembered>,
}

impl Statistics {
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
