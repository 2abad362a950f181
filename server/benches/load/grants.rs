//! Token grants: client credentials, refresh, login.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use tempfile::TempDir;

use crate::{
    Result, baseline,
    client::{Connection, json},
    measure::{CONNECTIONS, REQUESTS, median, percentile, repeat, run},
    report::{Row, ms, us},
    seed::world,
    server::Server,
};

/// Logins of the login case: each takes some 20 ms.
const LOGINS: usize = 1200;
/// Turns they are done in, between hashes.
const TURNS: usize = 12;
const CREDENTIALS: &str = r#"{"email":"ada@example.com","password":"correct horse battery"}"#;

/// Signs somebody up; answers the request with which they sign in.
pub(crate) async fn sign_up(server: &Server) -> Result<Vec<u8>> {
    let mut connection = Connection::open(server.address).await?;
    connection
        .send(&json("/auth/register", None, CREDENTIALS))
        .await?
        .expect(201)?;
    Ok(json("/auth/login", None, CREDENTIALS))
}

/// Registers a client that may use client credentials; answers its `Authorization`.
pub(crate) async fn confidential_client(server: &Server, directory: &TempDir) -> Result<String> {
    let operator = std::fs::read_to_string(directory.path().join("operator.key"))?;
    let body = r#"{"name":"load","redirectUris":[],"grantTypes":["client_credentials"],"scopes":["read","write"],"confidential":true}"#;
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

/// A form that comes with a client's credentials.
pub(crate) fn client_form(path: &str, authorization: &str, form: &str) -> Vec<u8> {
    let length = form.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {authorization}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
    )
    .into_bytes()
}

/// `grant_type=client_credentials`, beside one signature.
pub(crate) async fn client_credentials(algorithm: &str) -> Result<Vec<Row>> {
    let world = world(10, 10, algorithm).await?;
    let server = Server::doorward(
        world.directory.path(),
        &[("DOORWARD_SIGNING_ALGORITHM", algorithm)],
    )?;
    let basic = confidential_client(&server, &world.directory).await?;
    let requests = [client_form(
        "/oauth/token",
        &basic,
        "grant_type=client_credentials",
    )];
    repeat(&server, &requests, 500).await?;
    let run = repeat(&server, &requests, REQUESTS).await?;
    let sign = baseline::sign(algorithm)?;
    let target = sign + Duration::from_micros(30);
    let name = format!("≤ sign + 30 µs = {}", us(target));
    let case = format!("client credentials, {algorithm}");
    let row = Row::held(&case, name, us(run.each()), run.each() <= target);
    let mut rows = vec![row.beside(format!("bare sign {}", us(sign)))];
    if algorithm == "EdDSA" {
        rows.push(origins(&server, &world.directory, &basic).await?);
    }
    Ok(rows)
}

/// What it costs to let a page of another origin read the answer.
async fn origins(server: &Server, directory: &TempDir, basic: &str) -> Result<Row> {
    let operator = std::fs::read_to_string(directory.path().join("operator.key"))?;
    let body = r#"{"name":"page","redirectUris":["https://page.example/callback"],"grantTypes":["authorization_code"],"scopes":["openid"],"confidential":false}"#;
    let mut connection = Connection::open(server.address).await?;
    let request = json("/admin/clients", Some(operator.trim()), body);
    connection.send(&request).await?.expect(201)?;
    let form = "grant_type=client_credentials";
    let plain = client_form("/oauth/token", basic, form);
    let text = String::from_utf8(plain.clone())?;
    let from_page = text.replacen(
        "content-type:",
        "origin: https://page.example\r\ncontent-type:",
        1,
    );
    let cases = [[plain], [from_page.into_bytes()]];
    let mut times = [Duration::ZERO; 2];
    // In turn, since the difference is far below what a run differs from the next by.
    for _ in 0..TURNS {
        for (time, requests) in times.iter_mut().zip(&cases) {
            *time += repeat(server, requests, REQUESTS).await?.each();
        }
    }
    let [plain, from_page] = times.map(|time| time / TURNS as u32);
    let more = from_page.saturating_sub(plain);
    let goal = Duration::from_micros(1);
    let row = Row::held(
        "client credentials, EdDSA, with the Origin of a browser application",
        "< 1 µs more",
        format!("{:.2} µs more", more.as_secs_f64() * 1e6),
        more < goal,
    );
    Ok(row.beside(format!("without {}", us(plain))))
}

/// `POST /auth/refresh`, each connection with a session of its own, each request with the token of the answer before.
pub(crate) async fn refresh() -> Result<Vec<Row>> {
    let world = world(CONNECTIONS as u64, CONNECTIONS as u64, "RS256").await?;
    let server = Server::doorward(world.directory.path(), &[])?;
    let (units, fsyncs) = server.writer().await?;
    let run = run(&server, (CONNECTIONS, REQUESTS), 200, |number| {
        let first = world.callers[number].refresh.clone();
        move |_, last: &[u8]| {
            let token = refresh_token(last).unwrap_or(&first);
            json(
                "/auth/refresh",
                None,
                &format!(r#"{{"refreshToken":"{token}"}}"#),
            )
        }
    })
    .await?;
    let after = server.writer().await?;
    let sign = baseline::sign("RS256")?;
    let target = sign + Duration::from_micros(60);
    let name = format!("≤ sign + 60 µs = {}", us(target));
    let row = Row::held(
        "refresh, RS256, 64 connections",
        name,
        us(run.each()),
        run.each() <= target,
    );
    let batch = (after.0 - units) / (after.1 - fsyncs);
    Ok(vec![
        row.beside(format!("bare sign {}", us(sign))),
        Row::plain("refresh: units per fsync", format!("{batch:.1}")),
    ])
}

/// Where `"refreshToken":"…"` stands in an answer, found without reading it whole.
pub(crate) fn refresh_token(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(r#""refreshToken":""#)?;
    rest.split_once('"').map(|(token, _)| token)
}

/// `POST /auth/login` with a right password, beside one hash.
pub(crate) async fn login() -> Result<Vec<Row>> {
    let world = world(10, 10, "RS256").await?;
    let server = Server::doorward(world.directory.path(), &[])?;
    let request = sign_up(&server).await?;
    // As many as hash at once: none waits long, and no hashing thread does.
    let cores = std::thread::available_parallelism()?.get();
    let (mut times, mut whole, mut warm) = (Vec::new(), Vec::new(), Vec::new());
    let (mut over, mut latencies) = (Vec::new(), Vec::new());
    // In turn: what the neighbours do to the way to memory changes a hash by a tenth from one minute to the next.
    for _ in 0..TURNS {
        let bare = baseline::argon2()?;
        let run = run(&server, (cores, LOGINS / TURNS), 200, |_| {
            let request = request.clone();
            move |_, _: &[u8]| request.clone()
        })
        .await?;
        over.push(run.each().as_secs_f64() / bare.warm.as_secs_f64());
        times.push(run.each());
        whole.push(bare.whole);
        warm.push(bare.warm);
        latencies.extend(run.latencies);
    }
    let (time, over) = (median(&times)?, median(&over)?);
    let sign = baseline::sign("RS256")?;
    let measured = format!("{} = {over:.3} times", ms(time));
    let target = "≤ 1.05 times the hash in memory at hand";
    let row = Row::held("login", target, measured, over <= 1.05);
    Ok(vec![
        row.beside(format!(
            "bare Argon2id {}, in memory at hand {}, bare sign {}",
            ms(median(&whole)?),
            ms(median(&warm)?),
            ms(sign)
        )),
        Row::plain("login: median latency", ms(percentile(&latencies, 0.5)?)),
    ])
}
