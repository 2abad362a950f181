//! Many connections at once, as after a proxy's restart.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::{
    Result,
    client::{Connection, bare},
    measure::percentile,
    report::{Row, ms},
    seed::world,
    server::Server,
};

const CALLERS: u64 = 2000;
const BURSTS: usize = 3;

/// The first answer of each connection, from when it began to connect.
pub(crate) async fn burst() -> Result<Vec<Row>> {
    let world = world(CALLERS, CALLERS, "EdDSA").await?;
    let algorithm = [("DOORWARD_SIGNING_ALGORITHM", "EdDSA")];
    let mut rows = Vec::new();
    for number in 1..=BURSTS {
        // Anew each time: nobody has called it before.
        let server = Server::doorward(world.directory.path(), &algorithm)?;
        let mut all = JoinSet::new();
        let started = Instant::now();
        for caller in &world.callers {
            let (address, request) = (server.address, bare("GET", "/auth/me", Some(&caller.token)));
            all.spawn(async move {
                let mut connection = Connection::open(address).await?;
                connection.send(&request).await?.expect(200)?;
                Ok::<_, crate::Error>((started.elapsed(), connection))
            });
        }
        let mut latencies = Vec::new();
        let mut open = Vec::new();
        while let Some(done) = all.join_next().await {
            let (latency, connection) = done??;
            latencies.push(latency);
            open.push(connection);
        }
        let (p99, goal) = (percentile(&latencies, 0.99)?, Duration::from_millis(200));
        let row = Row::held(
            &format!("{CALLERS} connections at once, burst {number}: p99 of the first answers"),
            "≤ 200 ms",
            ms(p99),
            p99 <= goal,
        );
        let longest = percentile(&latencies, 1.)?;
        rows.push(row.beside(format!(
            "median {}, longest {}",
            ms(percentile(&latencies, 0.5)?),
            ms(longest)
        )));
    }
    Ok(rows)
}
