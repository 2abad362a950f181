//! `GET /auth/me`: what verifying a credential costs.

use std::time::Duration;

use crate::{
    Result,
    client::bare,
    measure::{REQUESTS, ROUNDS, median, repeat},
    report::{Row, us},
    seed::{World, world},
    server::Server,
};

const TARGET: Duration = Duration::from_micros(45);
/// Callers in the small world.
const FEW: usize = 10;
/// Callers in the big one, spread over all its users.
const MANY: u64 = 2000;

/// One series of requests to one server.
struct Series<'a> {
    name: String,
    server: &'a Server,
    requests: Vec<Vec<u8>>,
    times: Vec<Duration>,
}

impl<'a> Series<'a> {
    fn new(name: String, server: &'a Server, requests: Vec<Vec<u8>>) -> Self {
        Self {
            name,
            server,
            requests,
            times: Vec::new(),
        }
    }
}

/// Ten users, and a million when `million` says so, with tokens and with keys, beside the bare route.
pub(crate) async fn me(million: bool) -> Result<Vec<Row>> {
    let mut worlds = vec![("10", world(10, FEW as u64, "RS256").await?)];
    if million {
        worlds.push(("1,000,000", world(1_000_000, MANY, "RS256").await?));
    }
    let start = |(_, world): &(&str, World)| Server::doorward(world.directory.path(), &[]);
    let servers = worlds.iter().map(start).collect::<Result<Vec<_>>>()?;
    let hello = Server::hello()?;
    let get = |path, credential| bare("GET", path, credential);
    let mut all = vec![Series::new("hello".into(), &hello, vec![get("/", None)])];
    for ((users, world), server) in worlds.iter().zip(&servers) {
        // As many callers as there are in the small world, so that only the number of users differs; then all.
        let mut groups = vec![(format!("{users} users"), &world.callers[..FEW])];
        if world.callers.len() > FEW {
            groups.push((format!("{users} users, {MANY} callers"), &world.callers));
        }
        for (who, callers) in groups {
            let tokens = callers.iter().map(|caller| &*caller.token);
            let keys = callers.iter().map(|caller| &*caller.key);
            let tokens = tokens.map(|token| get("/auth/me", Some(token)));
            let keys = keys.map(|key| get("/auth/me", Some(key)));
            all.extend([
                Series::new(
                    format!("GET /auth/me, JWT, {who}"),
                    server,
                    tokens.collect(),
                ),
                Series::new(
                    format!("GET /auth/me, API key, {who}"),
                    server,
                    keys.collect(),
                ),
            ]);
        }
    }
    let live = vec![get("/health/live", None)];
    all.push(Series::new("GET /health/live".into(), &servers[0], live));
    for series in &all {
        // So that every caller has been seen once.
        repeat(series.server, &series.requests, 4 * MANY as usize).await?;
    }
    for _ in 0..ROUNDS {
        // Side by side, so that whatever else the machine does meets all alike.
        for series in &mut all {
            let run = repeat(series.server, &series.requests, REQUESTS).await?;
            series.times.push(run.each());
        }
    }
    rows(&all)
}

fn rows(all: &[Series<'_>]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut bare = String::new();
    for series in all {
        let time = median(&series.times)?;
        let row = match series.name.as_str() {
            "hello" => {
                bare = format!("bare Rocket hello {}", us(time));
                Row::plain("bare Rocket hello", us(time))
            }
            name if name.contains("/auth/me") => {
                Row::held(name, format!("≤ {}", us(TARGET)), us(time), time <= TARGET)
            }
            name => Row::plain(name, us(time)),
        };
        rows.push(if series.name == "hello" {
            row
        } else {
            row.beside(bare.clone())
        });
    }
    Ok(rows)
}
