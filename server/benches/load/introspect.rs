//! `POST /oauth/introspect`, RFC 7662: what a resource server may ask on each request.

use crate::{
    Result,
    client::Connection,
    grants::{client_form, confidential_client},
    measure::{QUICK, ROUNDS, median, repeat},
    report::{Row, us},
    seed::world,
    server::Server,
};

/// So many times the bare route.
const GOAL: f64 = 1.5;

/// A client asks about its own token, the operator about people's tokens and keys.
pub(crate) async fn introspect() -> Result<Vec<Row>> {
    let world = world(10, 10, "RS256").await?;
    let server = Server::doorward(world.directory.path(), &[])?;
    let hello = Server::hello()?;
    let basic = confidential_client(&server, &world.directory).await?;
    let mut connection = Connection::open(server.address).await?;
    let grant = client_form("/oauth/token", &basic, "grant_type=client_credentials");
    let own = connection
        .send(&grant)
        .await?
        .expect(200)?
        .text("access_token")?;
    let operator = std::fs::read_to_string(world.directory.path().join("operator.key"))?;
    let operator = format!("Bearer {}", operator.trim());
    let ask =
        |who: &str, token: &str| client_form("/oauth/introspect", who, &format!("token={token}"));
    let tokens: Vec<_> = world
        .callers
        .iter()
        .map(|caller| ask(&operator, &caller.token))
        .collect();
    let keys: Vec<_> = world
        .callers
        .iter()
        .map(|caller| ask(&operator, &caller.key))
        .collect();
    let series = [
        (
            "introspection by a client, JWT of its own",
            vec![ask(&basic, &own)],
        ),
        ("introspection by the operator, JWT of a person", tokens),
        ("introspection by the operator, API key", keys),
    ];
    let bare = [crate::client::bare("GET", "/", None)];
    let mut rows = Vec::new();
    for (case, requests) in series {
        // That it says "active" at all.
        let answer = connection.send(&requests[0]).await?.expect(200)?;
        if !answer.body.starts_with(br#"{"active":true"#) {
            return Err(format!("{case}: not active").into());
        }
        let (mut times, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            beside.push(repeat(&hello, &bare, QUICK).await?.each());
            times.push(repeat(&server, &requests, QUICK).await?.each());
        }
        let row = Row::times(case, median(&times)?, GOAL, median(&beside)?);
        rows.push(row.beside(format!("bare Rocket hello {}", us(median(&beside)?))));
    }
    Ok(rows)
}
