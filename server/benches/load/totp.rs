//! What a one-time code adds to a sign-in, beside a password hash that costs nothing.

use std::{sync::Arc, time::Duration};

use doorward_server::{
    clock::Clock,
    crypto::{secret::Secret, totp},
};
use tokio::task::JoinSet;

use crate::{
    Result,
    client::{Connection, json},
    report::{Row, us},
    server::Server,
};

/// As many as wait for a hash without one being turned away.
const CONNECTIONS: usize = 16;
/// People of each connection: a code works once, so each of them signs in with one.
const EACH: usize = 160;
const PASSWORD: &str = "correct horse battery";

/// Sign-ins at 16 connections, first without a second factor, then with one.
pub(crate) async fn factor() -> Result<Vec<Row>> {
    let directory = tempfile::tempdir()?;
    let server = Server::doorward(
        directory.path(),
        &[
            ("DOORWARD_ARGON2_MEMORY_KIB", "64"),
            ("DOORWARD_ARGON2_ITERATIONS", "1"),
            ("DOORWARD_SIGNING_ALGORITHM", "EdDSA"),
        ],
    )?;
    let nothing = Arc::new(vec![String::new(); CONNECTIONS * EACH]);
    let (tokens, _) = phase(&server, Step::Register, nothing.clone()).await?;
    let (_, plain) = phase(&server, Step::SignIn, nothing).await?;
    let (secrets, _) = phase(&server, Step::Enrol, Arc::new(tokens)).await?;
    let (_, coded) = phase(&server, Step::SignInWithCode, Arc::new(secrets)).await?;
    let goal = Duration::from_micros(100);
    let more = coded.saturating_sub(plain);
    let row = Row::held(
        "a one-time code at sign-in, both calls, EdDSA, 16 connections",
        format!("≤ {} more than without", us(goal)),
        format!("{} more", us(more)),
        more <= goal,
    );
    Ok(vec![row.beside(format!(
        "a sign-in without a hash {}, with a code {}",
        us(plain),
        us(coded)
    ))])
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Gives an access token.
    Register,
    SignIn,
    /// Takes the access token, gives the secret.
    Enrol,
    /// Takes the secret.
    SignInWithCode,
}

/// Every person does one step. What the step gives each of them, and the server's CPU time for one.
async fn phase(
    server: &Server,
    step: Step,
    takes: Arc<Vec<String>>,
) -> Result<(Vec<String>, Duration)> {
    let before = server.cpu()?;
    let mut work = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (address, takes) = (server.address, takes.clone());
        work.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut gives = Vec::new();
            for person in number * EACH..(number + 1) * EACH {
                gives.push((
                    person,
                    act(&mut connection, step, person, &takes[person]).await?,
                ));
            }
            Ok::<_, crate::Error>(gives)
        });
    }
    let mut gives = vec![String::new(); takes.len()];
    while let Some(done) = work.join_next().await {
        for (person, given) in done?? {
            gives[person] = given;
        }
    }
    let spent = server.cpu()? - before;
    Ok((gives, spent.div_f64(takes.len() as f64)))
}

async fn act(
    connection: &mut Connection,
    step: Step,
    person: usize,
    takes: &str,
) -> Result<String> {
    let credentials = format!(r#"{{"email":"p{person}@example.com","password":"{PASSWORD}"}}"#);
    let mut ask = async |path: &str, bearer: Option<&str>, body: &str, status, field: &str| {
        let answer = connection.send(&json(path, bearer, body)).await?;
        answer.expect(status)?.text(field)
    };
    match step {
        Step::Register => ask("/auth/register", None, &credentials, 201, "accessToken").await,
        Step::SignIn => ask("/auth/login", None, &credentials, 200, "accessToken").await,
        Step::Enrol => {
            let password = format!(r#"{{"password":"{PASSWORD}"}}"#);
            let secret = ask("/auth/mfa/totp", Some(takes), &password, 200, "secret").await?;
            // A code works once, and none before it: the sign-in takes the next.
            let body = format!(r#"{{"code":"{}"}}"#, code(&secret, -1)?);
            let confirm = json("/auth/mfa/totp/confirm", Some(takes), &body);
            connection.send(&confirm).await?.expect(200)?;
            Ok(secret)
        }
        Step::SignInWithCode => {
            let waits = ask("/auth/login", None, &credentials, 401, "mfaToken").await?;
            let body = format!(r#"{{"mfaToken":"{waits}","code":"{}"}}"#, code(takes, 1)?);
            ask("/auth/mfa", None, &body, 200, "accessToken").await
        }
    }
}

/// The code of a step so many after this one.
fn code(secret: &str, ahead: i64) -> Result<String> {
    let secret = totp::secret_bytes(&Secret::from(secret.to_owned())).ok_or("an odd secret")?;
    let step = Clock::system().now().seconds() / totp::STEP_SECONDS;
    Ok(totp::code(&secret, step + ahead))
}
