//! Growth of the database with each refresh, login and event.

use std::path::Path;

use crate::{
    Result,
    client::{json, with_method},
    grants::sign_up,
    measure::{CONNECTIONS, run},
    report::Row,
    seed::world,
    server::Server,
};

const REFRESHES: usize = 20_000;
const LOGINS: usize = 400;
const CHANGES: usize = 20_000;

pub(crate) async fn growth() -> Result<Vec<Row>> {
    let world = world(CONNECTIONS as u64, CONNECTIONS as u64, "EdDSA").await?;
    let directory = world.directory.path();
    let environment = [("DOORWARD_SIGNING_ALGORITHM", "EdDSA")];
    let start = || Server::doorward(directory, &environment);
    let server = start()?;
    let login = sign_up(&server).await?;
    let mut at = used(directory, server)?;
    let mut rows = Vec::new();

    let server = start()?;
    run(&server, (CONNECTIONS, REFRESHES), 200, |number| {
        let first = world.callers[number].refresh.clone();
        move |_, last: &[u8]| {
            let token = crate::grants::refresh_token(last).unwrap_or(&first);
            let body = format!(r#"{{"refreshToken":"{token}"}}"#);
            json("/auth/refresh", None, &body)
        }
    })
    .await?;
    rows.push(grown(
        "refresh",
        &mut at,
        used(directory, server)?,
        REFRESHES,
    ));

    let server = start()?;
    run(&server, (2, LOGINS), 200, |_| {
        let login = login.clone();
        move |_, _: &[u8]| login.clone()
    })
    .await?;
    let login = grown(
        "login, with its session and event",
        &mut at,
        used(directory, server)?,
        LOGINS,
    );
    rows.push(login);

    let server = start()?;
    run(&server, (CONNECTIONS, CHANGES), 200, |number| {
        let token = world.callers[number].token.clone();
        move |at, _: &[u8]| {
            let body = format!(r#"{{"firstName":"Ada {at}"}}"#);
            with_method("PATCH", "/auth/me", Some(&token), "application/json", &body)
        }
    })
    .await?;
    rows.push(grown(
        "change of a name, with its event",
        &mut at,
        used(directory, server)?,
        CHANGES,
    ));
    Ok(rows)
}

fn grown(what: &str, at: &mut i64, now: i64, times: usize) -> Row {
    let each = (now - *at) as f64 / times as f64;
    *at = now;
    let row = Row::plain(
        format!("the database grows by: {what}"),
        format!("{each:.1} bytes"),
    );
    row.beside(format!("{times} of them"))
}

/// Bytes of the pages in use, once the server has stopped.
fn used(directory: &Path, server: Server) -> Result<i64> {
    server.stop()?;
    let conn = rusqlite::Connection::open(directory.join("doorward.db"))?;
    let number =
        |pragma| conn.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    Ok((number("page_count")? - number("freelist_count")?) * number("page_size")?)
}
