//! A backup of a large database beside refreshes.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

use crate::{
    Result,
    client::{Connection, bare, json},
    grants::refresh_token,
    measure::percentile,
    report::{Row, mib, ms},
    seed::{more_events, world},
    server::Server,
};

/// Connections that refresh, each a session of its own, with a rest after each.
const SESSIONS: u64 = 16;
const REST: Duration = Duration::from_millis(10);
const ALONE: Duration = Duration::from_secs(10);

/// How long a refresh takes beside a backup of 1 GiB, or of 7 when `large` says so, and without.
pub(crate) async fn backup(large: bool) -> Result<Vec<Row>> {
    let world = world(SESSIONS, SESSIONS, "EdDSA").await?;
    let directory = world.directory.path();
    let bytes = if large { 7 << 30 } else { 1 << 30 };
    more_events(directory, bytes)?;
    let server = Server::doorward(directory, &[("DOORWARD_SIGNING_ALGORITHM", "EdDSA")])?;
    let operator = std::fs::read_to_string(directory.join("operator.key"))?;
    let over = Arc::new(AtomicBool::new(false));
    // One phase's latencies each: before the backup, and beside it.
    let beside = Arc::new(AtomicBool::new(false));
    let mut sessions = JoinSet::new();
    for caller in &world.callers {
        sessions.spawn(refresh(
            server.address,
            caller.refresh.clone(),
            over.clone(),
            beside.clone(),
        ));
    }
    sleep(ALONE).await;
    let mut connection = Connection::open(server.address).await?;
    beside.store(true, Relaxed);
    let sent = Instant::now();
    let request = bare("POST", "/admin/server/backup", Some(operator.trim()));
    connection.send(&request).await?.expect(201)?;
    let took = sent.elapsed();
    over.store(true, Relaxed);
    let (mut before, mut during) = (Vec::new(), Vec::new());
    while let Some(done) = sessions.join_next().await {
        let [alone, beside] = done??;
        before.extend(alone);
        during.extend(beside);
    }
    let (alone, beside) = (percentile(&before, 0.99)?, percentile(&during, 0.99)?);
    let case = format!("refresh beside a backup of {}: p99", mib(bytes));
    Ok(vec![
        Row::held(
            &case,
            format!("≤ 2 × alone = {}", ms(alone * 2)),
            ms(beside),
            beside <= alone * 2,
        )
        .beside(format!(
            "medians {} alone and {} beside it, longest {} and {}; the backup took {:.1} s",
            ms(percentile(&before, 0.5)?),
            ms(percentile(&during, 0.5)?),
            ms(percentile(&before, 1.)?),
            ms(percentile(&during, 1.)?),
            took.as_secs_f64()
        )),
    ])
}

async fn refresh(
    address: SocketAddr,
    first: String,
    over: Arc<AtomicBool>,
    beside: Arc<AtomicBool>,
) -> Result<[Vec<Duration>; 2]> {
    let mut connection = Connection::open(address).await?;
    let mut token = first;
    let mut latencies = [Vec::new(), Vec::new()];
    while !over.load(Relaxed) {
        let phase = usize::from(beside.load(Relaxed));
        let body = format!(r#"{{"refreshToken":"{token}"}}"#);
        let sent = Instant::now();
        let answer = connection.send(&json("/auth/refresh", None, &body)).await?;
        let answer = answer.expect(200)?;
        latencies[phase].push(sent.elapsed());
        token = refresh_token(answer.body)
            .ok_or("no refreshToken in the answer")?
            .to_owned();
        sleep(REST).await;
    }
    Ok(latencies)
}
