//! Start time, idle memory, and the size of the program.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::{
    Result,
    client::{Connection, bare},
    measure::median,
    report::{Row, mib, ms},
    seed::world,
    server::Server,
};

const USERS: u64 = 100_000;
const STARTS: usize = 7;

pub(crate) async fn start() -> Result<Vec<Row>> {
    let world = world(USERS, 10, "RS256").await?;
    let directory = world.directory.path();
    let mut times = Vec::new();
    let mut resident = 0;
    for number in 0..STARTS {
        let started = Instant::now();
        let server = Server::doorward(directory, &[])?;
        let mut connection = Connection::open(server.address).await?;
        let ready = bare("GET", "/health/ready", None);
        connection.send(&ready).await?.expect(200)?;
        times.push(started.elapsed());
        if number + 1 == STARTS {
            let me = bare("GET", "/auth/me", Some(&world.callers[0].token));
            connection.send(&me).await?.expect(200)?;
            sleep(Duration::from_secs(2)).await;
            resident = server.resident()?;
        }
        server.stop()?;
    }
    let (time, limit) = (median(&times)?, Duration::from_millis(150));
    let size = std::fs::metadata(env!("CARGO_BIN_EXE_doorward-server"))?.len();
    let slowest = times.iter().max().copied().unwrap_or_default();
    Ok(vec![
        Row::held(
            "start to ready, 100,000 users",
            "≤ 150 ms",
            ms(time),
            time <= limit,
        )
        .beside(format!("slowest of {STARTS} {}", ms(slowest))),
        Row::held(
            "resident memory, idle",
            "< 40 MiB",
            mib(resident),
            resident < 40 << 20,
        ),
        Row::held("release binary", "< 25 MiB", mib(size), size < 25 << 20),
    ])
}
