//! The command-line interface: every console action as a command, for scripts.

mod args;
mod change;
mod change_result;
mod complete;
mod completion_script;
mod confirm;
mod csv;
mod error;
mod events;
mod incident;
mod list;
pub(crate) mod output;
mod printer;
mod profiles;
mod secret_input;
mod session_revocation;
mod show;
mod status;
mod table_columns;
mod watch;

use doorward_shared::client::Client;

use self::show::show;
pub(crate) use self::{
    args::{Cli, DisplayArgs},
    error::CliError,
    output::{Format, Outcome},
};
use crate::{
    command::{Command, Sessions, Users},
    io::{execute::resolve_all, import},
};

/// What a command works with.
pub(crate) struct Context {
    pub client: Client,
    pub output: Format,
    /// Columns that were asked for.
    pub columns: Option<Vec<String>>,
    pub yes: bool,
    pub dry_run: bool,
}

/// Runs a command.
///
/// # Errors
/// [`CliError`].
pub(crate) async fn run(mut command: Command, with: &Context) -> Outcome {
    if with.columns.is_some() && !list::takes_columns(&command, with.output) {
        let why = "--columns is for lists, as tables and CSV; JSON and YAML have every field";
        return Err(CliError::Usage(why.into()));
    }
    if let Command::Sessions(Sessions::Revoke(asked)) = command {
        return session_revocation::revoke(asked, with).await;
    }
    if let Command::Users(Users::Import { file }) = &command {
        return import::run(file, with).await;
    }
    if let Command::Users(Users::Export) = command {
        return list::export(with).await;
    }
    if command.changes() {
        return change::run(command, with).await;
    }
    resolve_all(&with.client, &mut command).await?;
    if let Some(listing) = list::listing(&command) {
        return list::print(listing, with).await;
    }
    show(command, with).await
}

/// Commands that need no server; `None` for the others.
///
/// # Errors
/// [`CliError`].
pub(crate) fn run_offline(
    command: &Command,
    profiles: &mut crate::io::profiles::Profiles,
    cli: &Cli,
) -> Option<Outcome> {
    match command {
        Command::Profiles(command) => Some(profiles::profiles(command, profiles, cli)),
        Command::Completions { shell } => Some(output::write(&completion_script::script(*shell))),
        Command::Complete(asked) => Some(complete::run(asked, profiles)),
        Command::Man { directory } => {
            let command = <Cli as clap::CommandFactory>::command();
            let made = std::fs::create_dir_all(directory)
                .and_then(|()| clap_mangen::generate_to(command, directory));
            Some(made.map_err(|error| CliError::Error(format!("{}: {error}", directory.display()))))
        }
        _ => None,
    }
}
