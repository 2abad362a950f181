//! Durable writes that sign nothing: how many share one fsync, and what one alone takes.

use std::{future::Future, time::Duration};

use crate::{
    Result, baseline,
    client::{bare as request, json},
    measure::{CONNECTIONS, REQUESTS, Run, median, run},
    report::{Row, ms, us},
    seed::{Caller, world},
    server::Server,
};

/// Writes of the case of one connection.
const ALONE: usize = 500;
/// Turns they are done in.
const TURNS: usize = 10;
const MINT: &str = r#"{"name":"load","scopes":["read"]}"#;

/// Minting and deleting keys, and logging out, with 64 connections and with one.
pub(crate) async fn writes() -> Result<Vec<Row>> {
    // A connection does a whole number of writes: some more than `REQUESTS` may be logged out together.
    let apart = REQUESTS + CONNECTIONS;
    let total = (apart + ALONE) as u64;
    // Signatures are no part of this: the cheapest ones make the many tokens.
    let world = world(total, total, "EdDSA").await?;
    let directory = world.directory.path();
    let server = Server::doorward(directory, &[("DOORWARD_SIGNING_ALGORITHM", "EdDSA")])?;
    let callers = &world.callers;
    let many = (CONNECTIONS, REQUESTS);
    let mut rows = together("key create", &server, mint(&server, many, callers)).await?;
    let ids = keys_of(&server, callers).await?;
    let delete = run(&server, many, 204, |number| {
        let (token, ids) = (callers[number].token.clone(), ids[number].clone());
        move |at, _: &[u8]| request("DELETE", &format!("/apikey/{}", ids[at]), Some(&token))
    });
    rows.extend(together("key delete", &server, delete).await?);
    rows.extend(together("logout", &server, logout(&server, many, callers)).await?);
    let (mut mints, mut logouts, mut fsyncs) = (Vec::new(), Vec::new(), Vec::new());
    // In turn, so that whatever else the disk does meets all alike.
    for others in callers[apart..].chunks(ALONE / TURNS) {
        fsyncs.extend(baseline::fsyncs(directory)?);
        mints.extend(mint(&server, (1, others.len()), others).await?.latencies);
        logouts.extend(logout(&server, (1, others.len()), others).await?.latencies);
    }
    let bare = median(&fsyncs)?;
    for (case, latencies) in [("key create", mints), ("logout", logouts)] {
        let (time, target) = (median(&latencies)?, bare + Duration::from_millis(1));
        let case = format!("{case} alone, median latency");
        let name = format!("≤ fsync + 1 ms = {}", ms(target));
        rows.push(
            Row::held(&case, name, ms(time), time <= target)
                .beside(format!("bare fsync {}", ms(bare))),
        );
    }
    Ok(rows)
}

async fn mint(server: &Server, size: (usize, usize), callers: &[Caller]) -> Result<Run> {
    run(server, size, 201, |number| {
        let request = json("/apikey", Some(&callers[number].token), MINT);
        move |_, _: &[u8]| request.clone()
    })
    .await
}

async fn logout(
    server: &Server,
    (connections, total): (usize, usize),
    callers: &[Caller],
) -> Result<Run> {
    let each = total.div_ceil(connections);
    run(server, (connections, total), 204, |number| {
        let mine: Vec<_> = callers
            .iter()
            .skip(number * each)
            .take(each)
            .map(|caller| request("POST", "/auth/logout", Some(&caller.token)))
            .collect();
        move |at, _: &[u8]| mine[at].clone()
    })
    .await
}

/// The ids of the keys that each connection's caller minted.
async fn keys_of(server: &Server, callers: &[Caller]) -> Result<Vec<std::sync::Arc<[String]>>> {
    let mut all = Vec::new();
    for caller in &callers[..CONNECTIONS] {
        all.push(listed(server, &caller.token).await?.into());
    }
    Ok(all)
}

async fn listed(server: &Server, token: &str) -> Result<Vec<String>> {
    let mut connection = crate::client::Connection::open(server.address).await?;
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/apikey?limit=100&sort=id:desc{cursor}");
        let answer = connection
            .send(&request("GET", &path, Some(token)))
            .await?
            .expect(200)?;
        let page: serde_json::Value = serde_json::from_slice(answer.body)?;
        let rows = page["data"].as_array().ok_or("no data in a list")?;
        ids.extend(
            rows.iter()
                .filter_map(|row| row["id"].as_str().map(str::to_owned)),
        );
        match page["pagination"]["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(ids),
        }
    }
}

/// A run, and how many of its units shared an fsync.
async fn together(
    case: &str,
    server: &Server,
    work: impl Future<Output = Result<Run>>,
) -> Result<Vec<Row>> {
    let before = server.writer().await?;
    let run = work.await?;
    let after = server.writer().await?;
    let (units, fsyncs) = (after.0 - before.0, after.1 - before.1);
    let (batch, case) = (
        units / fsyncs,
        format!("{case}, 64 connections: units per fsync"),
    );
    let row = Row::held(&case, "≥ 15", format!("{batch:.1}"), batch >= 15.);
    let about = format!(
        "{units} units, {fsyncs} fsyncs, {} of CPU each",
        us(run.each())
    );
    Ok(vec![row.beside(about)])
}
