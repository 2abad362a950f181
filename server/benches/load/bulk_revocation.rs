//! Ending all sessions of one account that has very many.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::{
    Result,
    client::{Connection, json, with_method},
    measure::percentile,
    report::{Row, ms},
    seed::{more_sessions, world},
    server::Server,
};

const MANY: u64 = 100_000;
/// How long others write before, and beside the rows that are written as ended: most of what that takes.
const BEFORE: Duration = Duration::from_secs(2);
const LASTS: Duration = Duration::from_secs(20);
/// Turns of the writer that are over within the bound of their name, and all.
const SHORT: &str = r#"doorward_writer_batch_duration_seconds_bucket{le="0.025"} "#;
const TURNS: &str = "doorward_writer_batch_duration_seconds_count ";

/// One account's sessions end while another's owner writes.
pub(crate) async fn bulk() -> Result<Vec<Row>> {
    let world = world(2, 2, "EdDSA").await?;
    let directory = world.directory.path();
    more_sessions(directory, world.callers[0].user, MANY)?;
    let server = Server::doorward(directory, &[("DOORWARD_SIGNING_ALGORITHM", "EdDSA")])?;
    let operator = std::fs::read_to_string(directory.join("operator.key"))?;
    let mut others = Connection::open(server.address).await?;
    let rename = with_method(
        "PATCH",
        "/auth/me",
        Some(&world.callers[1].token),
        "application/json",
        r#"{"firstName":"Bob"}"#,
    );
    let mut alone = Vec::new();
    let started = Instant::now();
    while started.elapsed() < BEFORE {
        alone.push(time(&mut others, &rename).await?);
    }
    let [short, turns] = server.metrics([SHORT, TURNS]).await?;
    let address = server.address;
    let path = format!("/admin/users/{}/sessions/revoke", world.callers[0].user);
    let ending = tokio::spawn(async move {
        sleep(Duration::from_millis(20)).await;
        let mut connection = Connection::open(address).await?;
        let request = json(&path, Some(operator.trim()), "{}");
        let sent = Instant::now();
        connection.send(&request).await?.expect(200)?;
        Ok::<_, crate::Error>(sent.elapsed())
    });
    let mut waits = Vec::new();
    let started = Instant::now();
    while started.elapsed() < LASTS {
        waits.push(time(&mut others, &rename).await?);
    }
    let answered = ending.await??;
    let [short_after, turns_after] = server.metrics([SHORT, TURNS]).await?;
    let long = (turns_after - turns) - (short_after - short);
    let longest = percentile(&waits, 1.)?;
    Ok(vec![
        Row::held(
            "ending 100,000 sessions of one account: answered in",
            "≤ 100 ms",
            ms(answered),
            answered <= Duration::from_millis(100),
        )
        .beside("its sessions are dead from then on"),
        Row::held(
            "ending 100,000 sessions: longest wait of another write",
            "≤ 50 ms",
            ms(longest),
            longest <= Duration::from_millis(50),
        )
        .beside(format!(
            "median {}, p99 {}; longest before {}",
            ms(percentile(&waits, 0.5)?),
            ms(percentile(&waits, 0.99)?),
            ms(percentile(&alone, 1.)?)
        )),
        Row::held(
            "ending 100,000 sessions: turns of the writer over 25 ms",
            "0",
            format!("{long}"),
            long <= 0.,
        )
        .beside(format!("{} turns", turns_after - turns)),
    ])
}

async fn time(connection: &mut Connection, request: &[u8]) -> Result<Duration> {
    let sent = Instant::now();
    connection.send(request).await?.expect(200)?;
    Ok(sent.elapsed())
}
