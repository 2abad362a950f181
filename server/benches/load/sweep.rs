//! Sweeping what is long dead while others write: how long one turn of the writer lasts, and how long they wait.

use std::time::{Duration, Instant};

use crate::{
    Result,
    client::{Connection, json},
    measure::percentile,
    report::{Row, ms},
    seed::graveyard,
    server::Server,
};

/// Ended sessions, each with a refresh token, and as many old events.
const DEAD: u64 = 300_000;
const LASTS: Duration = Duration::from_secs(300);
const MINT: &str = r#"{"name":"load","scopes":["read"]}"#;
/// Turns that are over within the bound of their name, and all.
const SHORT: &str = r#"doorward_writer_batch_duration_seconds_bucket{le="0.05"} "#;
const TURNS: &str = "doorward_writer_batch_duration_seconds_count ";

pub(crate) async fn sweep() -> Result<Vec<Row>> {
    let world = graveyard(DEAD).await?;
    let started = Instant::now();
    let server = Server::doorward(world.directory.path(), &[])?;
    let mut connection = Connection::open(server.address).await?;
    let mint = json("/apikey", Some(&world.callers[0].token), MINT);
    let mut waits = Vec::new();
    let log = world.directory.path().join("server.log");
    while !std::fs::read_to_string(&log)?.contains("expired rows deleted") {
        if started.elapsed() > LASTS {
            return Err("sweeping is never done".into());
        }
        let sent = Instant::now();
        connection.send(&mint).await?.expect(201)?;
        waits.push(sent.elapsed());
    }
    let swept = started.elapsed();
    let [short, turns] = server.metrics([SHORT, TURNS]).await?;
    let row = Row::held(
        "sweeping 600,000 dead rows: turns of the writer over 50 ms",
        "0",
        format!("{}", turns - short),
        short >= turns,
    );
    let longest = waits.iter().max().copied().unwrap_or_default();
    Ok(vec![
        row.beside(format!("{turns} turns in {:.1} s", swept.as_secs_f64())),
        Row::plain(
            "sweeping: key create meanwhile, median, p99 and longest latency",
            format!(
                "{}, {}, {}",
                ms(percentile(&waits, 0.5)?),
                ms(percentile(&waits, 0.99)?),
                ms(longest)
            ),
        ),
    ])
}
