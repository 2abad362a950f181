//! Login latency during saturating token verification, and during a flood of invalid tokens.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

use crate::{
    Result,
    client::{Connection, bare},
    grants::sign_up,
    measure::{REQUESTS, percentile, repeat},
    report::{Row, ms, us},
    seed::world,
    server::Server,
};

/// Connections that sign in, one after the other.
const LOGINS: usize = 4;
/// Connections beside them.
const OTHERS: usize = 32;
const LASTS: Duration = Duration::from_secs(8);

/// One kind of request, sent by some connections over and over.
struct Load {
    requests: Vec<Vec<u8>>,
    status: u16,
}

/// Latencies of the logins and of what ran beside them.
struct Beside {
    logins: Vec<Duration>,
    others: Vec<Duration>,
}

pub(crate) async fn mixed() -> Result<Vec<Row>> {
    let world = world(1000, 1000, "RS256").await?;
    let server = Server::doorward(world.directory.path(), &[])?;
    let login = sign_up(&server).await?;
    let get = |token: &str| bare("GET", "/auth/me", Some(token));
    let good: Vec<_> = world
        .callers
        .iter()
        .map(|caller| get(&caller.token))
        .collect();
    // Signatures that are not ours: nothing but the last letters tells them from good ones.
    let bad: Vec<_> = (world.callers.iter().enumerate())
        .map(|(number, caller)| get(&forged(&caller.token, number)))
        .collect();
    let warm = repeat(&server, &good, REQUESTS).await?.each();
    let refused = crate::measure::run(&server, (64, REQUESTS), 401, |number| {
        let bad = bad.clone();
        move |at, _: &[u8]| bad[(number * 16 + at) % bad.len()].clone()
    })
    .await?
    .each();
    let mut rows = vec![
        Row::held(
            "a bad token of an address that sends many",
            "≤ a good one",
            us(refused),
            refused <= warm,
        )
        .beside(format!("a good one {}", us(warm))),
    ];
    let alone = beside(&server, &login, None).await?;
    let rate = |run: &Beside| run.logins.len() as f64 / LASTS.as_secs_f64();
    for (name, load) in [
        (
            "saturating verification",
            Load {
                requests: good,
                status: 200,
            },
        ),
        (
            "a flood of bad tokens",
            Load {
                requests: bad,
                status: 401,
            },
        ),
    ] {
        let run = beside(&server, &login, Some(Arc::new(load))).await?;
        let half = rate(&alone) / 2.;
        let row = Row::held(
            &format!("logins beside {name}"),
            format!("≥ {half:.1}/s"),
            format!("{:.1}/s", rate(&run)),
            rate(&run) >= half,
        );
        let others = run.others.len() as f64 / LASTS.as_secs_f64();
        rows.push(row.beside(format!(
            "alone {:.1}/s; {others:.0}/s of the others",
            rate(&alone)
        )));
        let p999 = [
            percentile(&run.logins, 0.999)?,
            percentile(&run.others, 0.999)?,
        ];
        let goal = Duration::from_millis(150);
        rows.push(
            Row::held(
                &format!("logins beside {name}: p99.9 of logins and of the others"),
                "≤ 150 ms",
                format!("{}, {}", ms(p999[0]), ms(p999[1])),
                p999.iter().all(|time| *time <= goal),
            )
            .beside(format!(
                "logins alone {}",
                ms(percentile(&alone.logins, 0.999)?)
            )),
        );
    }
    Ok(rows)
}

/// A token with another signature of the same length.
fn forged(token: &str, number: usize) -> String {
    let tail = format!("{number:06}AA");
    format!("{}{tail}", &token[..token.len() - tail.len()])
}

/// Signs in for a while, with the load beside it if there is one.
async fn beside(server: &Server, login: &[u8], load: Option<Arc<Load>>) -> Result<Beside> {
    let over = Arc::new(AtomicBool::new(false));
    let logins = Arc::new(Load {
        requests: vec![login.to_vec()],
        status: 200,
    });
    let mut signing_in = JoinSet::new();
    let mut others = JoinSet::new();
    for number in 0..LOGINS {
        signing_in.spawn(send(server.address, logins.clone(), number, over.clone()));
    }
    if let Some(load) = load {
        for number in 0..OTHERS {
            others.spawn(send(
                server.address,
                load.clone(),
                number * 31,
                over.clone(),
            ));
        }
    }
    sleep(LASTS).await;
    over.store(true, Relaxed);
    let mut run = Beside {
        logins: Vec::new(),
        others: Vec::new(),
    };
    while let Some(done) = signing_in.join_next().await {
        run.logins.extend(done??);
    }
    while let Some(done) = others.join_next().await {
        run.others.extend(done??);
    }
    Ok(run)
}

async fn send(
    address: SocketAddr,
    load: Arc<Load>,
    first: usize,
    over: Arc<AtomicBool>,
) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(address).await?;
    let mut latencies = Vec::new();
    while !over.load(Relaxed) {
        let request = &load.requests[(first + latencies.len()) % load.requests.len()];
        let sent = Instant::now();
        connection.send(request).await?.expect(load.status)?;
        latencies.push(sent.elapsed());
    }
    Ok(latencies)
}
