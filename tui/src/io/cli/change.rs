//! Changes: asked about and made.

use std::{
    io::{self, IsTerminal},
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{
    Context, Outcome,
    change_result::{new_secret, print},
    confirm, output,
    secret_input::read_what_is_missing,
};
use crate::{
    command::Command,
    core::format::backup_progress,
    io::{
        clock::{idempotency_key, now},
        execute::{ChangeContext, ExecuteError, perform, resolve_all},
        progress::Progress,
    },
};

/// How often it is looked at how far a long change is.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Makes a change. What it destroys is said first.
///
/// # Errors
/// [`CliError`](super::CliError).
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
    let making = ChangeContext {
        key: &key,
        now: now(),
        tell: &tell,
    };
    let performed = watched(with, command, perform(&with.client, command, making)).await;
    drop(progress);
    let mut performed = match performed {
        Ok(performed) => performed,
        Err(ExecuteError::Partly {
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
    let mut progress = Progress::of_work();
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
        // Whoever may not read that waits without.
        let server = with.client.server().info().await.ok();
        if let Some(backup) = server.and_then(|server| server.backup) {
            progress.show(|| backup_progress(&backup));
        }
    }
}
