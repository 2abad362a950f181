//! A flood of logins: verification goes on beside it, memory stays flat, and what does not fit is refused at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    task::{JoinHandle, JoinSet},
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    Result,
    client::{Connection, bare},
    grants::sign_up,
    measure::percentile,
    report::{Row, mib, ms},
    seed::world,
    server::Server,
};

/// Connections that try to sign in, over and over.
const FLOOD: usize = 64;
/// Connections that verify, one request in each interval.
const VERIFIERS: usize = 8;
const EVERY: Duration = Duration::from_millis(10);
const LASTS: Duration = Duration::from_secs(10);
/// What Argon2 may hold: 19 MiB for each hashing thread.
const PERMIT: u64 = 19 << 20;
const IDLE: u64 = 40 << 20;

/// Answers of the flood.
#[derive(Default)]
struct Answers {
    right: usize,
    refused: Vec<Duration>,
}

pub(crate) async fn flood() -> Result<Vec<Row>> {
    let world = world(1000, 1000, "RS256").await?;
    let server = Server::doorward(world.directory.path(), &[])?;
    let login = sign_up(&server).await?;
    sleep(Duration::from_secs(1)).await;
    let before = server.resident()?;
    let over = Arc::new(AtomicBool::new(false));
    let flood: Vec<_> = (0..FLOOD)
        .map(|_| attacker(&server, login.clone(), over.clone()))
        .collect();
    let mut verifiers = JoinSet::new();
    for caller in world.callers.iter().take(VERIFIERS) {
        let request = bare("GET", "/auth/me", Some(&caller.token));
        verifiers.spawn(verify(server.address, request, over.clone()));
    }
    let started = Instant::now();
    let mut peak = before;
    while started.elapsed() < LASTS {
        sleep(Duration::from_millis(50)).await;
        peak = peak.max(server.resident()?);
    }
    over.store(true, Relaxed);
    let mut latencies = Vec::new();
    while let Some(done) = verifiers.join_next().await {
        latencies.extend(done??);
    }
    let mut answers = Answers::default();
    for attacker in flood {
        let one = attacker.await??;
        answers.right += one.right;
        answers.refused.extend(one.refused);
    }
    sleep(Duration::from_secs(3)).await;
    rows(&latencies, &answers, [before, peak, server.resident()?])
}

fn attacker(server: &Server, login: Vec<u8>, over: Arc<AtomicBool>) -> JoinHandle<Result<Answers>> {
    let address = server.address;
    tokio::spawn(async move {
        let mut connection = Connection::open(address).await?;
        let mut answers = Answers::default();
        while !over.load(Relaxed) {
            let sent = Instant::now();
            match connection.send(&login).await?.status {
                200 => answers.right += 1,
                503 => answers.refused.push(sent.elapsed()),
                status => return Err(format!("{status} in the flood").into()),
            }
        }
        Ok(answers)
    })
}

async fn verify(
    address: std::net::SocketAddr,
    request: Vec<u8>,
    over: Arc<AtomicBool>,
) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(address).await?;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut latencies = Vec::new();
    while !over.load(Relaxed) {
        ticks.tick().await;
        let sent = Instant::now();
        connection.send(&request).await?.expect(200)?;
        latencies.push(sent.elapsed());
    }
    Ok(latencies)
}

fn rows(
    latencies: &[Duration],
    answers: &Answers,
    [before, peak, after]: [u64; 3],
) -> Result<Vec<Row>> {
    let limit = Duration::from_millis(50);
    let p99 = percentile(latencies, 0.99)?;
    let all = answers.right + answers.refused.len();
    let refused = answers.refused.len() as f64 * 100. / all as f64;
    let refusal = percentile(&answers.refused, 0.99)?;
    let cores = std::thread::available_parallelism()?.get() as u64;
    let bound = IDLE + cores * PERMIT;
    Ok(vec![
        Row::held(
            "flood: p99 of GET /auth/me",
            "< 50 ms",
            ms(p99),
            p99 < limit,
        )
        .beside(format!(
            "median {}, {} requests",
            ms(percentile(latencies, 0.5)?),
            latencies.len()
        )),
        Row::plain(
            "flood: logins refused with 503",
            format!("{refused:.1} % of {all}"),
        )
        .beside(format!(
            "p99 of a refusal {}, {} signed in",
            ms(refusal),
            answers.right
        )),
        Row::held(
            "flood: resident memory at its peak",
            format!("< {}", mib(bound)),
            mib(peak),
            peak < bound,
        )
        .beside(format!(
            "{} before, {} three seconds after",
            mib(before),
            mib(after)
        )),
    ])
}
