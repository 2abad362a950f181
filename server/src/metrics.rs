//! What `/metrics` shows.

use std::{
    sync::atomic::{AtomicI64, AtomicU64},
    time::Duration,
};

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// The writer's numbers.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    queue: Gauge<i64, AtomicI64>,
    batch: Histogram,
    seconds: Histogram,
    units: Counter<u64, AtomicU64>,
    fsyncs: Counter<u64, AtomicU64>,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        Self {
            queue: Gauge::default(),
            batch: Histogram::new([1., 2., 4., 8., 15., 32., 64., 128., 256.]),
            seconds: Histogram::new([
                0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.,
            ]),
            units: Counter::default(),
            fsyncs: Counter::default(),
        }
    }
}

impl StoreMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "writer_queue",
            "Units waiting for the writer when the last one came",
            self.queue.clone(),
        );
        registry.register(
            "writer_batch_size",
            "Units in one transaction",
            self.batch.clone(),
        );
        registry.register_with_unit(
            "writer_batch_duration",
            "From the first statement of a batch to its last answer",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register("writer_units", "Units written", self.units.clone());
        registry.register(
            "writer_fsyncs",
            "Commits of the write-ahead log, one fsync each",
            self.fsyncs.clone(),
        );
    }

    pub(crate) fn queue(&self, length: usize) {
        self.queue.set(i64::try_from(length).unwrap_or(i64::MAX));
    }

    pub(crate) fn batch(&self, size: usize, took: Duration) {
        self.batch.observe(size as f64);
        self.seconds.observe(took.as_secs_f64());
        self.units.inc_by(size as u64);
        self.fsyncs.inc();
    }
}
