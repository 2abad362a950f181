//! Runs of many requests, and their measurements.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::{Result, client::Connection, server::Server};

/// Connections at a time.
pub(crate) const CONNECTIONS: usize = 64;
/// Requests of a case.
pub(crate) const REQUESTS: usize = 20_000;
/// Requests of a case that takes some microseconds each: the system tells CPU time in steps of 10 ms.
pub(crate) const QUICK: usize = 100_000;
/// How often a case is run; the median counts.
pub(crate) const ROUNDS: usize = 3;

/// What a run took.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// The server's CPU time, all requests together.
    pub cpu: Duration,
    pub requests: usize,
    /// How long each request took, in no order.
    pub latencies: Vec<Duration>,
    /// What each connection's script says at its end.
    pub bodies: Vec<Vec<u8>>,
}

impl Run {
    /// The server's CPU time for one request.
    pub(crate) fn each(&self) -> Duration {
        self.cpu.div_f64(self.requests.max(1) as f64)
    }
}

/// Sends `total` requests over `connections` connections, and expects `status` of each. `script` makes what one
/// connection sends: its next request, from the number of the request and the body of the answer before.
pub(crate) async fn run<S, F>(
    server: &Server,
    (connections, total): (usize, usize),
    status: u16,
    script: S,
) -> Result<Run>
where
    S: Fn(usize) -> F,
    F: FnMut(usize, &[u8]) -> Vec<u8> + Send + 'static,
{
    let each = total.div_ceil(connections);
    let mut work = JoinSet::new();
    let before = server.cpu()?;
    for number in 0..connections {
        let mut next = script(number);
        let address = server.address;
        work.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut latencies = Vec::with_capacity(each);
            let mut body = Vec::new();
            for at in 0..each {
                let request = next(at, &body);
                let sent = Instant::now();
                let answer = connection.send(&request).await?.expect(status)?;
                latencies.push(sent.elapsed());
                body.clear();
                body.extend_from_slice(answer.body);
            }
            Ok::<_, crate::Error>((latencies, body))
        });
    }
    let mut run = Run::default();
    while let Some(done) = work.join_next().await {
        let (latencies, body) = done??;
        run.requests += latencies.len();
        run.latencies.extend(latencies);
        run.bodies.push(body);
    }
    run.cpu = server.cpu()? - before;
    Ok(run)
}

/// As [`run`] with requests that are ready made, each connection starting at another.
pub(crate) async fn repeat(server: &Server, requests: &[Vec<u8>], total: usize) -> Result<Run> {
    repeat_for(server, requests, total, 200).await
}

/// As [`repeat`], and expects `status` of each.
pub(crate) async fn repeat_for(
    server: &Server,
    requests: &[Vec<u8>],
    total: usize,
    status: u16,
) -> Result<Run> {
    let all: std::sync::Arc<[Vec<u8>]> = requests.into();
    let stride = all.len().div_ceil(CONNECTIONS);
    run(server, (CONNECTIONS, total), status, |number| {
        let all = all.clone();
        move |at, _: &[u8]| all[(number * stride + at) % all.len()].clone()
    })
    .await
}

/// The middle one.
pub(crate) fn median<T: PartialOrd + Copy>(values: &[T]) -> Result<T> {
    percentile(values, 0.5)
}

/// The value below which a part of all lies.
pub(crate) fn percentile<T: PartialOrd + Copy>(values: &[T], part: f64) -> Result<T> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let at = ((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1));
    Ok(*sorted.get(at).ok_or("nothing was measured")?)
}
