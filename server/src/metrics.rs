//! Metrics of the server, served at `/metrics` in the Prometheus text format.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use doorward_shared::apikey::KeyCode;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use quick_cache::DefaultHashBuilder;

mod labels;

use labels::{CauseLabels, GrantLabels, OutcomeLabels, RequestLabels, RouteLabels};

const LATENCIES: [f64; 13] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1., 5.,
];

/// Load of the hashing threads.
#[derive(Debug, Clone, Copy)]
pub struct HashingLoad {
    /// Queued jobs.
    pub waiting: usize,
    /// Running jobs.
    pub working: usize,
}

/// All metrics of a server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub(crate) store: StoreMetrics,
    routes: Arc<RwLock<Routes>>,
    requests: Family<RequestLabels, Counter>,
    latencies: Family<RouteLabels, Histogram, fn() -> Histogram>,
    tokens: Family<GrantLabels, Counter>,
    logins: Family<OutcomeLabels, Counter>,
    verifications: Family<OutcomeLabels, Counter>,
    mails: Family<OutcomeLabels, Counter>,
    refusals: Family<CauseLabels, Counter>,
    /// The same, in the order of [`KeyCode::ALL`]: found without a lookup.
    verified: Arc<[Counter]>,
    argon2_waiting: Gauge,
    argon2_working: Gauge,
    sessions_live: Gauge,
    pub(crate) current: Arc<crate::state::Current>,
}

/// By method, then by route pattern: found without copying either.
type Routes = Fast<&'static str, Fast<String, RouteMetrics>>;

/// A map that is read on each request.
type Fast<K, V> = HashMap<K, V, DefaultHashBuilder>;

/// The metrics of one route.
#[derive(Debug)]
struct RouteMetrics {
    latency: Histogram,
    by_status: Fast<u16, Counter>,
}

fn latency_histogram() -> Histogram {
    Histogram::new(LATENCIES)
}

impl Default for Metrics {
    fn default() -> Self {
        let verifications = Family::<OutcomeLabels, Counter>::default();
        let of = |code: &KeyCode| {
            let outcome = code.as_str();
            let labels = OutcomeLabels { outcome };
            verifications.get_or_create(&labels).clone()
        };
        Self {
            verified: KeyCode::ALL.iter().map(of).collect(),
            verifications,
            mails: Family::default(),
            refusals: Family::default(),
            store: StoreMetrics::default(),
            routes: Arc::default(),
            requests: Family::default(),
            latencies: Family::new_with_constructor(latency_histogram),
            tokens: Family::default(),
            logins: Family::default(),
            argon2_waiting: Gauge::default(),
            argon2_working: Gauge::default(),
            sessions_live: Gauge::default(),
            current: Arc::default(),
        }
    }
}

impl Metrics {
    /// Counts a completed request. `route` is the pattern, never the path, so that request paths are not stored.
    pub fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        self.current.request(took);
        let seconds = took.as_secs_f64();
        {
            let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
            let metrics = routes.get(method).and_then(|of| of.get(route));
            if let Some(metrics) = metrics
                && let Some(counter) = metrics.by_status.get(&status)
            {
                metrics.latency.observe(seconds);
                counter.inc();
                return;
            }
        }
        self.first_of(method, route, status, seconds);
    }

    /// Counts the first request of a route with this status.
    fn first_of(&self, method: &'static str, route: &str, status: u16, seconds: f64) {
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let of = routes.entry(method).or_default();
        let metrics = of.entry(route.to_owned()).or_insert_with(|| {
            let route = route.to_owned();
            RouteMetrics {
                latency: self
                    .latencies
                    .get_or_create(&RouteLabels { method, route })
                    .clone(),
                by_status: Fast::default(),
            }
        });
        metrics.latency.observe(seconds);
        let counter = metrics.by_status.entry(status).or_insert_with(|| {
            let route = route.to_owned();
            let labels = RequestLabels {
                method,
                route,
                status,
            };
            self.requests.get_or_create(&labels).clone()
        });
        counter.inc();
    }

    /// Counts an issued access token.
    pub fn token(&self, grant: &'static str) {
        self.current.tokens.fetch_add(1, Ordering::Relaxed);
        self.tokens.get_or_create(&GrantLabels { grant }).inc();
    }

    /// Counts the outcome of a sign-in.
    pub fn login(&self, outcome: &'static str) {
        if outcome == "success" {
            self.current.logins.fetch_add(1, Ordering::Relaxed);
        }
        self.logins.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Counts a wrong password or factor, logged as `login.failed`. A sign-in that waits for its second factor or is
    /// rate-limited does not count.
    pub fn failure(&self) {
        self.current.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the result of a key verification.
    pub fn verification(&self, code: KeyCode) {
        if let Some(counter) = self.verified.get(code as usize) {
            counter.inc();
        }
    }

    /// Counts the outcome of a mail delivery.
    pub fn mail(&self, outcome: &'static str) {
        self.mails.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Counts a sign-up.
    pub fn registration(&self) {
        self.current.registrations.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a refused client. There must be few causes: each has a permanent counter.
    pub fn refusal(&self, cause: &str) {
        self.current.refusals.fetch_add(1, Ordering::Relaxed);
        let cause = cause.to_owned();
        self.refusals.get_or_create(&CauseLabels { cause }).inc();
    }

    /// Sets the gauges.
    pub fn observe(&self, hashing: HashingLoad, sessions_live: u64) {
        self.argon2_waiting
            .set(i64::try_from(hashing.waiting).unwrap_or(i64::MAX));
        self.argon2_working
            .set(i64::try_from(hashing.working).unwrap_or(i64::MAX));
        self.sessions_live
            .set(i64::try_from(sessions_live).unwrap_or(i64::MAX));
    }

    fn register_requests(&self, registry: &mut Registry) {
        registry.register(
            "http_requests",
            "Requests by route and status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Request duration, from its head to the response",
            Unit::Seconds,
            self.latencies.clone(),
        );
    }

    /// The text of `/metrics`.
    pub fn text(&self) -> String {
        let mut registry = Registry::with_prefix("doorward");
        self.register_requests(&mut registry);
        registry.register(
            "tokens_issued",
            "Access tokens issued by grant",
            self.tokens.clone(),
        );
        registry.register("logins", "Sign-ins by outcome", self.logins.clone());
        registry.register(
            "apikey_verifications",
            "API keys that APIs asked about, by outcome",
            self.verifications.clone(),
        );
        registry.register(
            "client_refusals",
            "Refused clients by cause",
            self.refusals.clone(),
        );
        registry.register(
            "mails",
            "Mails handed to the mail server, by outcome: sent, delayed (tried again), failed (given up)",
            self.mails.clone(),
        );
        registry.register(
            "argon2_waiting",
            "Passwords waiting for a thread",
            self.argon2_waiting.clone(),
        );
        registry.register(
            "argon2_working",
            "Passwords being hashed",
            self.argon2_working.clone(),
        );
        registry.register(
            "sessions_live",
            "Active sessions: neither revoked nor expired",
            self.sessions_live.clone(),
        );
        self.store.register(&mut registry);
        let mut text = String::new();
        // Writing to a `String` does not fail.
        let _ = encode(&mut text, &registry);
        prometheus_text(&text)
    }
}

/// Metrics of the writer.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    queue: Gauge<i64, AtomicI64>,
    batch: Histogram,
    seconds: Histogram,
    units: Counter<u64, AtomicU64>,
    fsyncs: Counter<u64, AtomicU64>,
    failures: Counter<u64, AtomicU64>,
    reads: Counter<u64, AtomicU64>,
    /// Whether the disk refused a batch and has not accepted one since.
    failing: Arc<AtomicBool>,
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
            failures: Counter::default(),
            reads: Counter::default(),
            failing: Arc::default(),
        }
    }
}

impl StoreMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "writer_queue",
            "Write queue length at the last enqueue",
            self.queue.clone(),
        );
        registry.register(
            "writer_batch_size",
            "Units in one transaction",
            self.batch.clone(),
        );
        registry.register_with_unit(
            "writer_batch_duration",
            "From the first statement of a transaction to its commit",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register("writer_units", "Units written", self.units.clone());
        registry.register(
            "writer_fsyncs",
            "Commits of the write-ahead log, one fsync each",
            self.fsyncs.clone(),
        );
        registry.register(
            "writer_failed_batches",
            "Transactions the disk refused; nothing of them was done",
            self.failures.clone(),
        );
        registry.register(
            "store_reads",
            "Cache misses that read the database",
            self.reads.clone(),
        );
    }

    /// Counts a cache miss.
    pub(crate) fn read(&self) {
        self.reads.inc();
    }

    pub(crate) fn queue(&self, length: usize) {
        self.queue.set(i64::try_from(length).unwrap_or(i64::MAX));
    }

    /// Counts a transaction.
    pub(crate) fn batch(&self, size: usize, took: Duration, done: bool) {
        self.batch.observe(size as f64);
        self.seconds.observe(took.as_secs_f64());
        if done {
            self.units.inc_by(size as u64);
        } else {
            self.failing.store(true, Ordering::Relaxed);
            self.failures.inc();
        }
    }

    /// Counts a commit with changes.
    pub(crate) fn synced(&self) {
        self.failing.store(false, Ordering::Relaxed);
        self.fsyncs.inc();
    }

    /// Whether the disk refused the last transaction with changes.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }
}

/// Converts OpenMetrics, which the library writes, to the older text format that every Prometheus accepts: in it a
/// counter's family has the name of its samples, and units are part of names.
fn prometheus_text(open_metrics: &str) -> String {
    let counters: HashSet<&str> = open_metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        if line == "# EOF" || line.starts_with("# UNIT ") {
            continue;
        }
        let comment = line
            .strip_prefix("# ")
            .and_then(|rest| rest.split_once(' '));
        match comment.and_then(|(kind, rest)| Some((kind, rest.split_once(' ')?))) {
            Some((kind, (name, rest))) if counters.contains(name) => {
                text.push_str(&format!("# {kind} {name}_total {rest}\n"));
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_belongs_to_a_family_that_is_described() {
        let metrics = Metrics::default();
        metrics.request("GET", "/x", 200, Duration::from_millis(3));
        metrics.login("success");
        metrics.token("password");
        metrics.store.batch(3, Duration::from_millis(1), true);
        let text = metrics.text();
        let kinds: HashMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
            .collect();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .filter(|family| kinds.get(family) == Some(&"histogram"))
                .unwrap_or(name);
            let kind = kinds
                .get(family)
                .unwrap_or_else(|| panic!("{line} of no family"));
            assert_eq!(*kind == "counter", name.ends_with("_total"), "{line}");
            assert!(
                text.contains(&format!("# HELP {family} ")),
                "{family} is not described"
            );
        }
        assert!(text.contains("doorward_writer_units_total 3\n"), "{text}");
    }
}
