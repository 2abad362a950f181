//! Refreshes among ten million sessions, of which none is in memory.

use std::{
    fs::File,
    path::Path,
    sync::mpsc::channel,
    time::{Duration, Instant},
};

use rustix::fs::{Advice, fadvise};

use crate::{
    Result,
    client::json,
    grants::refresh_token,
    measure::{CONNECTIONS, REQUESTS, percentile, run},
    report::{Row, mib, ms, us},
    seed::world,
    server::Server,
};

/// People with a session each.
const PEOPLE: u64 = 10_000_000;
/// Of them, those that refresh.
const SESSIONS: usize = REQUESTS / CONNECTIONS * CONNECTIONS;
/// The part of the warm rate that is left when every row comes from the disk.
const GOAL: f64 = 0.7;

/// The rate of refreshes, each of another session, after the system has dropped the database from its memory; beside
/// the same sessions a second time, and beside as many among no others.
pub(crate) async fn crowd() -> Result<Vec<Row>> {
    let small = world(SESSIONS as u64, SESSIONS as u64, "RS256").await?;
    let server = Server::doorward(small.directory.path(), &[])?;
    let tokens = small.callers.into_iter().map(|caller| caller.refresh);
    let first = refresh_each(&server, tokens.collect()).await?;
    let alone = refresh_each(&server, first.tokens).await?;
    server.stop()?;

    let big = world(PEOPLE, SESSIONS as u64, "RS256").await?;
    let path = big.directory.path().join("doorward.db");
    let bytes = std::fs::metadata(&path)?.len();
    forget(&path)?;
    let server = Server::doorward(big.directory.path(), &[])?;
    let tokens = big.callers.into_iter().map(|caller| caller.refresh);
    let cold = refresh_each(&server, tokens.collect()).await?;
    let warm = refresh_each(&server, cold.tokens).await?;
    let part = cold.rate / warm.rate.min(alone.rate);
    let row = Row::held(
        &format!("refresh among {PEOPLE} sessions, {}, from disk", mib(bytes)),
        format!("≥ {GOAL} of the warm rate"),
        format!("{:.0} /s = {part:.2}", cold.rate),
        part >= GOAL,
    );
    Ok(vec![row.beside(format!(
        "p99 {}, CPU {}; again {:.0} /s, p99 {}, CPU {}; among {SESSIONS} sessions {:.0} /s, p99 {}, CPU {}",
        ms(cold.p99),
        us(cold.each),
        warm.rate,
        ms(warm.p99),
        us(warm.each),
        alone.rate,
        ms(alone.p99),
        us(alone.each)
    ))])
}

/// One pass over all sessions.
struct Pass {
    /// Refreshes in a second.
    rate: f64,
    p99: Duration,
    /// The next token of each session.
    tokens: Vec<String>,
    /// The server's CPU time for one.
    each: Duration,
}

async fn refresh_each(server: &Server, tokens: Vec<String>) -> Result<Pass> {
    let (given, answers) = channel();
    let each = tokens.len() / CONNECTIONS;
    let started = Instant::now();
    let run = run(server, (CONNECTIONS, tokens.len()), 200, |number| {
        let mine = tokens[number * each..][..each].to_vec();
        let given = given.clone();
        move |at, answer: &[u8]| {
            if at > 0 {
                given.send(answer.to_vec()).ok();
            }
            let token = &mine[at];
            json(
                "/auth/refresh",
                None,
                &format!(r#"{{"refreshToken":"{token}"}}"#),
            )
        }
    })
    .await?;
    let took = started.elapsed();
    drop(given);
    let next = |body: Vec<u8>| {
        let token = refresh_token(&body).ok_or("no refreshToken in the answer")?;
        Ok(token.to_owned())
    };
    Ok(Pass {
        rate: run.requests as f64 / took.as_secs_f64(),
        p99: percentile(&run.latencies, 0.99)?,
        each: run.each(),
        tokens: answers
            .into_iter()
            .chain(run.bodies)
            .map(next)
            .collect::<Result<_>>()?,
    })
}

/// Lets the system drop a file from its memory.
fn forget(path: &Path) -> Result<()> {
    let file = File::open(path)?;
    // What is not on the disk yet cannot be dropped.
    file.sync_all()?;
    Ok(fadvise(&file, 0, None, Advice::DontNeed)?)
}
