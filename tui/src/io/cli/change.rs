//! Changes: asked about, made, and printed.

use std::{
    io::{self, IsTerminal},
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{
    Context, Failed, Outcome, confirm,
    output::{self, Format},
    read_secret,
};
use crate::{
    command::{ApiKeys, Command, Create, Password, Users, Verify, secret::Secret},
    core::format::backup_progress,
    io::{
        clock::{idempotency_key, now},
        perform::{Making, PerformError, Performed, perform, resolve_all},
        progress::Progress,
    },
};

/// How often it is looked at how far a long change is.
const OFTEN: Duration = Duration::from_secs(1);

/// Makes a change. What it destroys is said first.
///
/// # Errors
/// [`Failed`].
pub(super) async fn run(mut command: Command, with: &Context) -> Outcome {
    let warning = command.warning();
    resolve_all(&with.client, &mut command).await?;
    if let Some(warning) = warning {
        confirm::confirm(with.yes || with.dry_run, &warning)?;
    }
    if with.dry_run {
        return output::would(with.output, &command.would());
    }
    read_what_is_missing(&mut command)?;
    make(&command, with).await
}

pub(super) async fn make(command: &Command, with: &Context) -> Outcome {
    let secret = command.secret();
    let file = match secret {
        Some((secret, replace)) => output::begin(secret, replace)?,
        None => None,
    };
    let key = idempotency_key();
    let progress = Mutex::new(Progress::of_work());
    let tell = |done: usize, of: usize| {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.show(|| format!("{done} of {of}"));
    };
    let making = Making {
        key: &key,
        now: now(),
        tell: &tell,
    };
    let performed = watched(with, command, perform(&with.client, command, making)).await;
    drop(progress);
    let mut performed = match performed {
        Ok(performed) => performed,
        Err(PerformError::Partly {
            done, how, error, ..
        }) => {
            // What was done is said before what failed.
            output::did_all(with.output, how.as_str(), &done)?;
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    };
    if let (Some((secret, _)), Some((text, id))) = (secret, new_secret(&mut performed)) {
        output::keep(secret, file, text, &id)?;
    }
    print(with.output, command, &performed)
}

/// Does what takes long, and says meanwhile how far it is: in one line of a terminal's stderr, which is gone at the end.
async fn watched<T>(with: &Context, command: &Command, work: impl Future<Output = T>) -> T {
    if !matches!(command, Command::Backup) || !io::stderr().is_terminal() {
        return work.await;
    }
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                eprint!("\r\x1b[K");
                return done;
            }
            () = tokio::time::sleep(OFTEN) => {}
        }
        // Whoever may not read that waits without.
        let server = with.client.server().info().await.ok();
        if let Some(backup) = server.and_then(|server| server.backup) {
            eprint!("\r\x1b[K{}", backup_progress(&backup));
        }
    }
}

/// Reads a password or a key where one belongs to the command.
fn read_what_is_missing(command: &mut Command) -> Result<(), Failed> {
    match command {
        Command::Users(
            Users::Password(Password { password, .. })
            | Users::Create(Create {
                password_stdin: true,
                password,
                ..
            }),
        ) if password.is_none() => {
            *password = Some(Secret::new(read_secret("password", "Password: ")?));
        }
        Command::Apikeys(ApiKeys::Verify(Verify { key, .. })) if key.is_none() => {
            *key = Some(Secret::new(read_secret("API key", "API key: ")?));
        }
        _ => {}
    }
    Ok(())
}

/// The secret that was made, and of what.
fn new_secret(performed: &mut Performed) -> Option<(&mut String, String)> {
    match performed {
        Performed::Minted(key) | Performed::Rotated(key) => {
            let id = key.id.to_string();
            Some((&mut key.key, id))
        }
        Performed::Link(user, link) => {
            let of = format!("the link for {user}");
            link.url.as_mut().map(|url| (url, of))
        }
        Performed::Registered(client) | Performed::NewSecret(client) => {
            let id = client.id.to_string();
            client.client_secret.as_mut().map(|secret| (secret, id))
        }
        // Nobody looks it up: it has no id.
        Performed::RegistrationToken(made) => {
            Some((&mut made.token, "registration token".to_owned()))
        }
        _ => None,
    }
}

fn print(format: Format, command: &Command, performed: &Performed) -> Outcome {
    let is_json = format.is_data();
    match performed {
        Performed::UserCreated(user) | Performed::User(user) => output::one(format, user),
        Performed::FactorsRemoved(id) => {
            let said = format!("{id}: the second factors are removed");
            output::did(format, "factors removed", id, &said)
        }
        Performed::PasswordSet(id) => {
            let said = format!("{id}: the password is set");
            output::did(format, "password set", id, &said)
        }
        Performed::PasswordRemoved(id) => {
            let said = format!("{id}: the password is taken away");
            output::did(format, "password removed", id, &said)
        }
        Performed::Link(_, link) => output::one(format, link),
        Performed::UserSessions(ended) if is_json => output::json(format, ended),
        Performed::UserSessions(ended) => {
            output::line(&format!("{} sessions have ended", ended.revoked))
        }
        Performed::Sessions(ended) if is_json => output::json(format, ended),
        Performed::Sessions(ended) => {
            output::line(&format!("{} sessions have ended", ended.revoked))
        }
        Performed::Minted(key) | Performed::Rotated(key) => output::one(format, key),
        Performed::Key(key) => output::one(format, key),
        Performed::Verified(told) => output::one(format, told),
        Performed::Registered(client)
        | Performed::NewSecret(client)
        | Performed::Client(client) => output::one(format, client),
        Performed::RegistrationToken(made) => output::one(format, made),
        Performed::Role(role) => output::one(format, role),
        Performed::Blocked(block) => output::one(format, block),
        Performed::SigningKey(key) => output::one(format, key),
        Performed::Backup(made) => output::one(format, made),
        // One API key is told as several are.
        Performed::Gone { ids, how } => match (command, ids.as_slice()) {
            (Command::Apikeys(_), ids) => output::did_all(format, how.as_str(), ids),
            (_, [id]) => {
                let said = format!("{id} is {}", how.as_str());
                output::did(format, how.as_str(), id, &said)
            }
            (_, ids) => output::did_all(format, how.as_str(), ids),
        },
    }
}
