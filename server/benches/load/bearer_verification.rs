//! `GET /auth/me` and `GET /auth/check`: what verifying a credential costs.

use std::time::Duration;

use crate::{
    Result,
    client::bare,
    measure::{QUICK, ROUNDS, median, repeat_for},
    report::{Row, us},
    seed::{World, world},
    server::Server,
};

/// So many times the bare route.
const GOAL: f64 = 1.25;
/// Callers in the small world.
const FEW: usize = 10;
/// Callers in the big one, spread over all its users.
const MANY: u64 = 2000;

/// One series of requests to one server.
struct Series<'a> {
    name: String,
    server: &'a Server,
    requests: Vec<Vec<u8>>,
    status: u16,
    times: Vec<Duration>,
}

impl<'a> Series<'a> {
    fn new(name: String, server: &'a Server, requests: Vec<Vec<u8>>) -> Self {
        let status = if name.contains("/auth/check") {
            204
        } else {
            200
        };
        Self {
            name,
            server,
            requests,
            status,
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
            for path in ["/auth/me", "/auth/check"] {
                let tokens = callers.iter().map(|caller| get(path, Some(&caller.token)));
                let keys = callers.iter().map(|caller| get(path, Some(&caller.key)));
                let name = |credential| format!("GET {path}, {credential}, {who}");
                all.extend([
                    Series::new(name("JWT"), server, tokens.collect()),
                    Series::new(name("API key"), server, keys.collect()),
                ]);
            }
        }
    }
    let live = vec![get("/health/live", None)];
    all.push(Series::new("GET /health/live".into(), &servers[0], live));
    for series in &all {
        // So that every caller has been seen once.
        let (server, requests) = (series.server, &series.requests);
        repeat_for(server, requests, 4 * MANY as usize, series.status).await?;
    }
    for _ in 0..ROUNDS {
        // Side by side, so that whatever else the machine does meets all alike.
        for series in &mut all {
            let (server, requests) = (series.server, &series.requests);
            let run = repeat_for(server, requests, QUICK, series.status).await?;
            series.times.push(run.each());
        }
    }
    rows(&all)
}

fn rows(all: &[Series<'_>]) -> Result<Vec<Row>> {
    let of = |name: &str| {
        let found = all.iter().find(|series| series.name == name);
        median(&found.ok_or("no such series")?.times)
    };
    let hello = of("hello")?;
    let beside = format!("bare Rocket hello {}", us(hello));
    let row = |series: &Series<'_>| {
        let (name, time) = (series.name.as_str(), median(&series.times)?);
        let row = match name {
            "hello" => return Ok(Row::plain("bare Rocket hello", us(time))),
            name if name.contains("/auth/me") => Row::times(name, time, GOAL, hello),
            name if name.contains("/auth/check") => {
                let me = of(&name.replace("/auth/check", "/auth/me"))?;
                let row = Row::times(name, time, 1., me);
                return Ok(row.beside(format!("GET /auth/me {}", us(me))));
            }
            name => Row::plain(name, us(time)),
        };
        Ok(row.beside(beside.clone()))
    };
    all.iter().map(row).collect()
}
