//! The twin: everything the console does, for scripts.

mod apikeys;
mod clients;
mod events;
mod list;
pub mod output;
mod profiles;
mod roles;
mod rows;
mod server;
mod sessions;
mod users;

use std::io::{IsTerminal, Read};

use clap::{Parser, Subcommand};
use doorward_shared::{Timestamp, client::Client};

pub use self::{
    list::ListArgs,
    output::{Failed, Format, Outcome},
    users::resolve,
};
use crate::{connect::ConnectArgs, stderr, when};

/// The operators' console of Doorward; with a subcommand, its non-interactive twin.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, disable_help_subcommand = true)]
pub struct Cli {
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
pub struct LookArgs {
    /// Console: draw with ASCII characters alone
    #[arg(long)]
    pub ascii: bool,
    /// Switch all changes off
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Console: dark, light, high-contrast, colour-blind or plain
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, read once")]
pub enum Command {
    /// Show server status and the current identity
    Status,
    /// People's accounts
    #[command(subcommand)]
    Users(users::Users),
    /// Sign-ins, and what OAuth clients were granted
    #[command(subcommand)]
    Sessions(sessions::Sessions),
    /// API keys
    #[command(subcommand)]
    Apikeys(apikeys::ApiKeys),
    /// OAuth clients
    #[command(subcommand)]
    Clients(clients::Clients),
    /// Roles and their permissions
    #[command(subcommand)]
    Roles(roles::Roles),
    /// The audit log
    Events(events::Events),
    /// Signing keys
    #[command(subcommand)]
    Keys(server::Keys),
    /// Counters now, and per minute
    Stats,
    /// Back the database up on the server's machine
    Backup,
    /// The timeline of a user, an address, a client or a key, as Markdown
    Incident(events::Incident),
    /// Servers the console knows
    #[command(subcommand)]
    Profiles(profiles::ProfilesCommand),
    /// Print completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Write man pages into a directory
    Man { directory: std::path::PathBuf },
}

impl Command {
    /// Whether it changes something on the server.
    pub fn changes(&self) -> bool {
        match self {
            Self::Users(command) => command.changes(),
            Self::Sessions(command) => command.changes(),
            Self::Apikeys(command) => command.changes(),
            Self::Clients(command) => command.changes(),
            Self::Roles(command) => command.changes(),
            Self::Keys(command) => command.changes(),
            Self::Backup => true,
            Self::Status
            | Self::Events(_)
            | Self::Stats
            | Self::Incident(_)
            | Self::Profiles(_)
            | Self::Completions { .. }
            | Self::Man { .. } => false,
        }
    }
}

/// What a command works with.
pub struct Context {
    pub client: Client,
    pub output: Format,
    pub yes: bool,
    pub dry_run: bool,
}

/// A time from now on, also as 90s, 15m, 24h or 30d.
pub fn time_ahead(text: &str) -> Result<Timestamp, String> {
    when::ahead_of(text, now())
}

/// A time that has been, also as 90s, 15m, 24h or 30d ago.
pub fn time_ago(text: &str) -> Result<Timestamp, String> {
    when::before(text, now())
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is where the time comes in")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    Timestamp(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// A part of a path, so that nothing typed ends up as another part of it.
pub fn segment(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    // A path of dots would be taken for a way up.
    if out.chars().all(|c| c == '.') {
        out.replace('.', "%2E")
    } else {
        out
    }
}

/// A key by which a call that mints something can be sent again.
pub fn idempotency_key() -> String {
    let random =
        std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
    format!("doorward-{}-{random:016x}", now().0)
}

/// Reads a password: from standard input, which is asked for when it is a terminal.
fn read_password() -> Result<String, Failed> {
    let wrong =
        |error: std::io::Error| Failed::Error(format!("the password cannot be read: {error}"));
    let mut text = String::new();
    if std::io::stdin().is_terminal() {
        stderr::ask("Password: ");
        crossterm::terminal::enable_raw_mode().map_err(wrong)?;
        let read = crate::prompt::hidden_line();
        let _ = crossterm::terminal::disable_raw_mode();
        stderr::say("");
        text = read.map_err(wrong)?;
    } else {
        std::io::stdin().read_to_string(&mut text).map_err(wrong)?;
    }
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password).to_owned();
    if password.is_empty() {
        Err(Failed::Usage("no password was given".into()))
    } else {
        Ok(password)
    }
}

/// Runs a command.
///
/// # Errors
/// [`Failed`].
pub async fn run(command: Command, with: &Context) -> Outcome {
    match command {
        Command::Status => server::status(with).await,
        Command::Users(command) => users::run(command, with).await,
        Command::Sessions(command) => sessions::run(command, with).await,
        Command::Apikeys(command) => apikeys::run(command, with).await,
        Command::Clients(command) => clients::run(command, with).await,
        Command::Roles(command) => roles::run(command, with).await,
        Command::Events(command) => events::run(command, with).await,
        Command::Keys(command) => server::keys(command, with).await,
        Command::Stats => server::stats(with).await,
        Command::Backup => server::backup(with).await,
        Command::Incident(asked) => events::incident(asked, with).await,
        // Answered before there is a connection.
        Command::Profiles(_) | Command::Completions { .. } | Command::Man { .. } => Ok(()),
    }
}

/// Commands that need no server; `None` for the others.
///
/// # Errors
/// [`Failed`].
pub fn run_offline(
    command: &Command,
    profiles: &mut crate::profiles::Profiles,
    cli: &Cli,
) -> Option<Outcome> {
    match command {
        Command::Profiles(command) => Some(profiles::profiles(command, profiles, cli)),
        Command::Completions { shell } => {
            let mut command = <Cli as clap::CommandFactory>::command();
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, "doorward", &mut script);
            Some(output::write(&String::from_utf8_lossy(&script)))
        }
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

    #[test]
    fn a_path_segment_stays_one_segment() {
        assert_eq!(segment("user_01"), "user_01");
        assert_eq!(segment("../x?y#z"), "..%2Fx%3Fy%23z");
        assert_eq!(segment(".."), "%2E%2E");
    }
}
