//! The twin: everything the console does, for scripts.

mod change;
mod complete;
mod confirm;
mod csv;
mod events;
mod failed;
mod list;
pub(crate) mod output;
mod printer;
mod profiles;
mod rows;
mod server;
mod sessions;
mod watch;

use std::io::{IsTerminal, Read};

use clap::Parser;
use doorward_shared::client::Client;

pub(crate) use self::{
    failed::Failed,
    output::{Format, Outcome},
};
use crate::{
    command::{ApiKeys, Clients, Command, Roles, Sessions, Users},
    io::{clock, connect::ConnectArgs, import, perform::resolve_all, prompt, stderr},
};

/// The operators' console of Doorward; with a subcommand, its non-interactive twin.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub connect: ConnectArgs,
    #[command(flatten)]
    pub look: LookArgs,
    /// How answers are printed
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub output: Format,
    /// Columns of a list, in this order: the table's own, or fields as JSON names them
    #[arg(long, global = true, value_delimiter = ',', value_name = "NAME,…")]
    pub columns: Option<Vec<String>>,
    /// Do what destroys something without asking
    #[arg(long, global = true)]
    pub yes: bool,
    /// Say what would be done, and do nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Why; goes into the events of what is changed
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Change something although this profile has its changes switched off
    #[arg(long, global = true, value_name = "PROFILE")]
    pub unlock: Option<String>,
    /// Show times in UTC instead of this machine's zone
    #[arg(long, global = true)]
    pub utc: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How the console looks.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct LookArgs {
    /// Console: draw with ASCII characters alone
    #[arg(long)]
    pub ascii: bool,
    /// Switch all changes off
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Console: dark, light, either, high-contrast, colour-blind, plain, or a file of themes/ beside the configuration
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
}

/// What a command works with.
pub(crate) struct Context {
    pub client: Client,
    pub output: Format,
    /// Columns that were asked for.
    pub columns: Option<Vec<String>>,
    pub yes: bool,
    pub dry_run: bool,
}

/// Reads a secret: from standard input, which is asked for when it is a terminal.
fn read_secret(what: &str, prompt: &str) -> Result<String, Failed> {
    let wrong =
        |error: std::io::Error| Failed::Error(format!("the {what} cannot be read: {error}"));
    let mut text = String::new();
    if std::io::stdin().is_terminal() {
        stderr::ask(prompt);
        crossterm::terminal::enable_raw_mode().map_err(wrong)?;
        let read = prompt::hidden_line();
        let _ = crossterm::terminal::disable_raw_mode();
        stderr::say("");
        text = read.map_err(wrong)?;
    } else {
        std::io::stdin().read_to_string(&mut text).map_err(wrong)?;
    }
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret).to_owned();
    if secret.is_empty() {
        Err(Failed::Usage(format!("no {what} was given")))
    } else {
        Ok(secret)
    }
}

/// Runs a command.
///
/// # Errors
/// [`Failed`].
pub(crate) async fn run(mut command: Command, with: &Context) -> Outcome {
    if with.columns.is_some() && !list::takes_columns(&command, with.output) {
        let why = "--columns is for lists, as tables and CSV; JSON and YAML have every field";
        return Err(Failed::Usage(why.into()));
    }
    if let Command::Sessions(Sessions::Revoke(asked)) = command {
        return sessions::revoke(asked, with).await;
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

/// What is looked at and is no list.
async fn show(command: Command, with: &Context) -> Outcome {
    let (client, format) = (&with.client, with.output);
    match command {
        Command::Status => server::status(with).await,
        Command::Stats(asked) => server::stats(&asked, with).await,
        Command::Watch(asked) => watch::run(asked, with).await,
        Command::Events(asked) => events::run(asked.asked(), with).await,
        Command::Incident(asked) => events::incident(asked, with).await,
        Command::Users(Users::Get { user }) => {
            output::one(format, &client.users().get(user).await?)
        }
        Command::Sessions(Sessions::Get { id }) => {
            output::one(format, &client.sessions().get(id).await?)
        }
        Command::Apikeys(ApiKeys::Get { id }) => {
            output::one(format, &client.api_keys().get(id).await?)
        }
        Command::Apikeys(ApiKeys::Usage(asked)) => {
            let span = asked.span(clock::now());
            let usage = client.api_keys().usage(&asked.id, asked.by, span).await?;
            output::rows(format, &usage.data)
        }
        Command::Clients(Clients::Get { id }) => {
            output::one(format, &client.clients().get(id).await?)
        }
        Command::Clients(Clients::RegistrationTokens) => {
            let tokens = client.clients().registration_tokens().await?;
            output::rows(format, &tokens.data)
        }
        Command::Roles(Roles::Get { name }) => {
            output::one(format, &client.roles().get(&name).await?)
        }
        // Lists and changes are done already, the others before there was a connection.
        _ => Ok(()),
    }
}

/// Commands that need no server; `None` for the others.
///
/// # Errors
/// [`Failed`].
pub(crate) fn run_offline(
    command: &Command,
    profiles: &mut crate::io::profiles::Profiles,
    cli: &Cli,
) -> Option<Outcome> {
    match command {
        Command::Profiles(command) => Some(profiles::profiles(command, profiles, cli)),
        Command::Completions { shell } => Some(output::write(&complete::script(*shell))),
        Command::Complete(asked) => Some(complete::run(asked, profiles)),
        Command::Man { directory } => {
            let command = <Cli as clap::CommandFactory>::command();
            let made = std::fs::create_dir_all(directory)
                .and_then(|()| clap_mangen::generate_to(command, directory));
            Some(made.map_err(|error| Failed::Error(format!("{}: {error}", directory.display()))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
