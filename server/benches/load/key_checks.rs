//! What a key's limits cost where it is used, and what an API pays to ask about a key.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use rusqlite::Connection as Database;

use crate::{
    Result,
    client::{Connection, bare, json},
    measure::{QUICK, ROUNDS, median, repeat},
    report::{Row, us},
    seed::world,
    server::Server,
};

/// What a rate limit may add to a use of a key.
const LIMIT: Duration = Duration::from_micros(2);
/// So many times what `/auth/me` costs with a key.
const VERIFY: f64 = 1.3;
/// Keys of each kind.
const KEYS: usize = 10;

/// `/auth/me` with keys without and with a rate limit, and `/apikey/verify` of both, each beside the first.
pub(crate) async fn keys() -> Result<Vec<Row>> {
    let world = world(2 * KEYS as u64, 2 * KEYS as u64, "RS256").await?;
    let (plain, limited) = world.callers.split_at(KEYS);
    let database = Database::open(world.directory.path().join("doorward.db"))?;
    // Their ids ascend with the callers.
    database.execute(
        "UPDATE api_keys SET rate_limit = 1000000000, rate_seconds = 60 WHERE owner_id IN \
         (SELECT owner_id FROM api_keys WHERE owner_id IS NOT NULL ORDER BY owner_id DESC LIMIT ?1)",
        [KEYS],
    )?;
    drop(database);
    let server = Server::doorward(world.directory.path(), &[])?;
    let hello = Server::hello()?;
    let basic = resource_server(&server, world.directory.path()).await?;
    let me = |caller: &crate::seed::Caller| bare("GET", "/auth/me", Some(&caller.key));
    let ask = |caller: &crate::seed::Caller| {
        let body = format!(r#"{{"key":"{}","scopes":["read"]}}"#, caller.key);
        let request = String::from_utf8_lossy(&json("/apikey/verify", None, &body)).into_owned();
        let head = format!("authorization: {basic}\r\ncontent-type");
        request.replacen("content-type", &head, 1).into_bytes()
    };
    let series: [(&str, Vec<Vec<u8>>); 4] = [
        ("GET /auth/me, API key", plain.iter().map(me).collect()),
        (
            "GET /auth/me, API key with a rate limit",
            limited.iter().map(me).collect(),
        ),
        ("POST /apikey/verify", plain.iter().map(ask).collect()),
        (
            "POST /apikey/verify, key with a rate limit",
            limited.iter().map(ask).collect(),
        ),
    ];
    let mut connection = Connection::open(server.address).await?;
    for (case, requests) in &series {
        let answer = connection.send(&requests[0]).await?.expect(200)?;
        let text = String::from_utf8_lossy(answer.body);
        let is_limited = text.contains("rateLimit");
        if case.contains("verify")
            && (!text.contains("\"valid\":true") || is_limited != case.contains("limit"))
        {
            return Err(format!("{case}: {text}").into());
        }
        repeat(&server, requests, 2000).await?;
    }
    let mut times = vec![Vec::new(); series.len()];
    let mut beside = Vec::new();
    for _ in 0..ROUNDS {
        beside.push(
            repeat(&hello, &[bare("GET", "/", None)], QUICK)
                .await?
                .each(),
        );
        for (times, (_, requests)) in times.iter_mut().zip(&series) {
            times.push(repeat(&server, requests, QUICK).await?.each());
        }
    }
    let beside = format!("bare Rocket hello {}", us(median(&beside)?));
    let base = median(&times[0])?;
    let mut rows = vec![Row::plain(series[0].0, us(base)).beside(beside.clone())];
    let targets = [
        base + LIMIT,
        base.mul_f64(VERIFY),
        base.mul_f64(VERIFY) + LIMIT,
    ];
    for ((times, (case, _)), target) in times.iter().zip(&series).skip(1).zip(targets) {
        let time = median(times)?;
        let row = Row::held(case, format!("≤ {}", us(target)), us(time), time <= target);
        rows.push(row.beside(beside.clone()));
    }
    Ok(rows)
}

/// Registers an API that may ask about keys; answers its `Authorization`.
async fn resource_server(server: &Server, directory: &std::path::Path) -> Result<String> {
    let operator = std::fs::read_to_string(directory.join("operator.key"))?;
    let body = r#"{"name":"load","grantTypes":["client_credentials"],"resourceServer":true}"#;
    let mut connection = Connection::open(server.address).await?;
    let request = json("/admin/clients", Some(operator.trim()), body);
    let answer = connection.send(&request).await?.expect(201)?;
    let pair = format!(
        "{}:{}",
        answer.text("clientId")?,
        answer.text("clientSecret")?
    );
    Ok(format!("Basic {}", BASE64_STANDARD.encode(pair)))
}
