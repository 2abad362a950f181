//! Verification that no memory helps: the first use of each of many tokens, and of tokens that were just issued.

use std::{sync::mpsc::channel, time::Duration};

use crate::{
    Result, baseline,
    client::{bare as request, json},
    measure::{CONNECTIONS, REQUESTS, percentile, repeat, run},
    report::{Row, mib, ms, us},
    seed::{Caller, world},
    server::Server,
};

/// Sessions of the cold pass, each with a token that is used once.
const MANY: u64 = 80_000;
/// What one active session may hold.
const EACH: f64 = 320.;
/// Sessions in use that a server's memory is asked of, and what its caches may take for all of them to stay.
const MILLION: u64 = 1_000_000;
const ROOM: &str = "1073741824";

/// The first and the second use of every token, what they leave in memory, and first uses after a refresh.
pub(crate) async fn cold() -> Result<Vec<Row>> {
    let world = world(MANY, MANY, "RS256").await?;
    let server = Server::doorward(world.directory.path(), &[])?;
    let tokens = world.callers.iter().map(|caller| &*caller.token);
    let requests: Vec<_> = tokens
        .map(|token| request("GET", "/auth/me", Some(token)))
        .collect();
    // What a server holds that has served anyone: threads, buffers, statements.
    repeat(&server, &requests[..CONNECTIONS], REQUESTS).await?;
    // By the second half: what the readers keep of the database is full by then, and grows no more.
    let (half, rest) = requests.split_at(requests.len() / 2);
    let mut first = repeat(&server, half, half.len()).await?;
    let before = server.resident()?;
    let later = repeat(&server, rest, rest.len()).await?;
    let held = server.resident()?.saturating_sub(before);
    first.cpu += later.cpu;
    first.requests += later.requests;
    first.latencies.extend(later.latencies);
    let second = repeat(&server, &requests, requests.len()).await?;
    let warm = repeat(&server, &requests[..CONNECTIONS], REQUESTS).await?;
    let each = held as f64 / rest.len() as f64;
    let (goal, p99) = (
        Duration::from_micros(50),
        percentile(&first.latencies, 0.99)?,
    );
    let slow = Duration::from_millis(50);
    let verify = baseline::verify()?;
    let mut rows = vec![
        Row::held(
            "GET /auth/me, JWT, first use, rows in the page cache",
            "≤ 50 µs",
            us(first.each()),
            first.each() <= goal,
        )
        .beside(format!(
            "second use {}, warm {}, bare verification {}",
            us(second.each()),
            us(warm.each()),
            us(verify)
        )),
        Row::held("first uses: p99 latency", "≤ 50 ms", ms(p99), p99 <= slow).beside(format!(
            "{MANY} tokens, second use {}",
            ms(percentile(&second.latencies, 0.99)?)
        )),
        Row::held(
            "an active session in memory",
            "≤ 320 bytes",
            format!("{each:.0} bytes"),
            each <= EACH,
        )
        .beside(format!(
            "{} for {}, with token and an account of its own",
            mib(held),
            rest.len()
        )),
    ];
    rows.push(issued(&server, &world.callers, warm.each()).await?);
    Ok(rows)
}

/// What a million sessions in use hold, each with a token and an account of its own.
pub(crate) async fn million() -> Result<Vec<Row>> {
    let world = world(MILLION, MILLION, "EdDSA").await?;
    let room = [("DOORWARD_CACHE_BYTES", ROOM)];
    let server = Server::doorward(world.directory.path(), &room)?;
    let tokens = world.callers.iter().map(|caller| &*caller.token);
    let requests: Vec<_> = tokens
        .map(|token| request("GET", "/auth/me", Some(token)))
        .collect();
    repeat(&server, &requests[..CONNECTIONS], REQUESTS).await?;
    let before = server.resident()?;
    repeat(&server, &requests, requests.len()).await?;
    let held = server.resident()?.saturating_sub(before);
    let second = repeat(&server, &requests, requests.len()).await?;
    let each = held as f64 / MILLION as f64;
    let row = Row::held(
        "1,000,000 sessions in use: memory of each",
        "≤ 320 bytes",
        format!("{each:.0} bytes"),
        each <= EACH,
    );
    Ok(vec![row.beside(format!(
        "{} for all, what the readers keep of the database with it; second use {}",
        mib(held),
        us(second.each())
    ))])
}

/// Tokens that this process has just issued, by refresh.
async fn issued(server: &Server, callers: &[Caller], warm: Duration) -> Result<Row> {
    let (given, tokens) = channel();
    let each = REQUESTS.div_ceil(CONNECTIONS);
    let last = run(server, (CONNECTIONS, REQUESTS), 200, |number| {
        let mine = callers.iter().skip(number * each).take(each);
        let bodies: Vec<_> = mine
            .map(|caller| format!(r#"{{"refreshToken":"{}"}}"#, caller.refresh))
            .collect();
        let given = given.clone();
        move |at, answer: &[u8]| {
            if at > 0 {
                given.send(answer.to_vec()).ok();
            }
            json("/auth/refresh", None, &bodies[at])
        }
    })
    .await?;
    drop(given);
    let requests = tokens
        .into_iter()
        .chain(last.bodies)
        .map(|body| {
            let body: serde_json::Value = serde_json::from_slice(&body)?;
            let token = body["accessToken"].as_str().ok_or("no accessToken")?;
            Ok(request("GET", "/auth/me", Some(token)))
        })
        .collect::<Result<Vec<_>>>()?;
    let first = repeat(server, &requests, requests.len()).await?;
    let goal = warm.mul_f64(1.3);
    let row = Row::held(
        "GET /auth/me, JWT, first use of a token that was just issued",
        format!("≤ 1.3 × warm = {}", us(goal)),
        us(first.each()),
        first.each() <= goal,
    );
    Ok(row.beside(format!("warm {}, {} tokens", us(warm), requests.len())))
}
