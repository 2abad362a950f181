//! Background jobs: periodic tasks while the app runs, and flushing at the end of the process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;

use super::{Backchannel, KeyVerification, Outbox, RefusedClients, SigningKeys, Statistics};
use crate::{clock::Clock, state::minute_of, store::Store};

/// Interval of writing last-used times: each run may touch thousands of rows all over the database.
const FLUSH: Duration = Duration::from_secs(30);
/// Interval of deleting expired rows.
const SWEEP: Duration = Duration::from_secs(600);
/// Interval of writing rejected clients.
const REFUSALS: Duration = Duration::from_secs(1);
/// Interval of writing API key usage: a killed process loses the usage since then.
const METERS: Duration = Duration::from_secs(2);
/// Delay before a failed bulk revocation is retried.
const RETRY: Duration = Duration::from_secs(5);

/// How long to wait for mails in progress at the end of the process.
const MAIL_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
/// The same before a hand-over to another Rocket instance: meanwhile no process accepts connections on the port.
const HAND_OVER: Duration = Duration::from_millis(200);

/// Runs background jobs.
#[derive(Debug, Clone)]
pub struct Jobs {
    pub(crate) store: Store,
    pub(crate) statistics: Statistics,
    pub(crate) signing_keys: SigningKeys,
    pub(crate) refused_clients: RefusedClients,
    pub(crate) key_verification: KeyVerification,
    pub(crate) backchannel: Backchannel,
    /// `None` if no mail is sent.
    pub(crate) outbox: Option<Outbox>,
    pub(crate) clock: Clock,
    /// Retention of the audit log, in days.
    pub(crate) event_days: u32,
    /// Whether the final flush has been done.
    pub(crate) is_flushed: Arc<AtomicBool>,
    /// Whether the next Rocket instance to stop hands over to another.
    pub(crate) handed_over: Arc<AtomicBool>,
}

impl Jobs {
    /// Starts all jobs; they end when the tasks are aborted.
    pub(crate) fn start(&self) -> Vec<JoinHandle<()>> {
        // Restarted in the same process: another Rocket instance took over, with other certificates.
        self.is_flushed.store(false, Ordering::Relaxed);
        self.store.allow_backups(true);
        let outbox = self.outbox.clone();
        let mut tasks = vec![
            tokio::spawn(self.clone().flush()),
            tokio::spawn(self.clone().sweep()),
            tokio::spawn(self.clone().carry_out()),
            tokio::spawn(self.clone().minutes()),
            tokio::spawn(self.clone().refusals()),
            tokio::spawn(self.clone().key_meters()),
            tokio::spawn(self.backchannel.clone().run()),
        ];
        tasks.extend(outbox.map(|outbox| tokio::spawn(outbox.run())));
        tasks
    }

    /// Flushes buffered last-used times and the current minute's counters, once, at the end of the process, which does
    /// not wait for backups.
    pub(crate) async fn flush_at_end(&self) {
        // Rocket does not always wait for its fairings at shutdown.
        self.finish().await;
        if !self.is_flushed.swap(true, Ordering::Relaxed) {
            self.store.allow_backups(false);
            let minute = minute_of(self.clock.now());
            let _ = self.statistics.end_minute(minute).await;
            let _ = self.store.flush_touches().await;
            let _ = self.key_verification.flush().await;
            self.refused_clients.write(true).await;
        }
    }

    /// Waits for work in progress that must not be interrupted, before the tasks are aborted.
    pub(crate) async fn finish(&self) {
        if let Some(outbox) = &self.outbox {
            let patience = if self.handed_over.load(Ordering::Relaxed) {
                HAND_OVER
            } else {
                MAIL_SHUTDOWN_TIMEOUT
            };
            outbox.stop(patience).await;
        }
    }

    /// Prepares a hand-over from one Rocket instance to another.
    pub(crate) fn hand_over(&self) {
        self.handed_over.store(true, Ordering::Relaxed);
    }

    /// When a Rocket instance stops: as [`Jobs::flush_at_end`], unless another takes over.
    pub(crate) async fn stop(&self) {
        if !self.handed_over.swap(false, Ordering::Relaxed) {
            self.flush_at_end().await;
        }
    }

    async fn flush(self) {
        loop {
            tokio::time::sleep(FLUSH).await;
            if let Err(error) = self.store.flush_touches().await {
                tracing::warn!(%error, "could not persist last-used times; they are written with the next flush");
            }
        }
    }

    async fn key_meters(self) {
        loop {
            tokio::time::sleep(METERS).await;
            if let Err(error) = self.key_verification.flush().await {
                tracing::warn!(%error, "could not persist API key usage; retrying");
            }
        }
    }

    async fn refusals(self) {
        loop {
            tokio::time::sleep(REFUSALS).await;
            self.refused_clients.write(false).await;
        }
    }

    async fn sweep(self) {
        loop {
            match self.store.sweep(self.clock.now(), self.event_days).await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, "expired rows deleted"),
                Err(error) => tracing::warn!(%error, "could not delete expired rows"),
            }
            match self.store.sweep_unused_clients(self.clock.now()).await {
                Ok(0) => {}
                Ok(clients) => tracing::info!(
                    clients,
                    "unused clients that registered themselves were deleted"
                ),
                Err(error) => tracing::warn!(%error, "unused clients were not deleted"),
            }
            tokio::time::sleep(SWEEP).await;
        }
    }

    /// Applies bulk revocations to the rows they match: pending ones of the last run first, then each new one.
    async fn carry_out(self) {
        loop {
            let signal = self.store.ending_signal();
            match self.store.carry_out_endings().await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, "bulk revocation applied"),
                Err(error) => {
                    tracing::warn!(%error, "could not apply a pending bulk revocation; retrying");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            }
            signal.await;
        }
    }

    async fn minutes(self) {
        loop {
            let now = self.clock.now();
            let minute = minute_of(now);
            let left = u64::try_from(minute.0 + 60_000 - now.0).unwrap_or(60_000);
            tokio::time::sleep(Duration::from_millis(left)).await;
            if let Err(error) = self.statistics.end_minute(minute).await {
                tracing::warn!(%error, "could not store per-minute statistics");
            }
            if let Err(error) = self.store.note_expired_sessions(self.clock.now()).await {
                tracing::warn!(%error, "could not notify clients of expired sessions");
            }
            if let Err(error) = self.signing_keys.drop_retired(self.clock.now()).await {
                tracing::warn!(%error, "retired signing keys were not dropped");
            }
        }
    }
}
