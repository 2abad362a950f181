//! One model of each operator action: the CLI parses it from a command line, the console builds it, both execute it, and
//! it is written as a CLI command line. No I/O here.

mod api_key_checks;
mod api_keys;
mod blocks;
mod client_policy;
mod clients;
mod complete;
mod events;
mod incident;
mod initial_access_token;
mod key_restrictions;
mod list_args;
mod one_time_link;
mod profiles;
mod roles;
pub(crate) mod secret;
mod sessions;
mod shell_quoting;
mod signing_keys;
mod stats;
pub(crate) mod time_arg;
mod users;
mod watch;

use std::{fmt, path::PathBuf};

use clap::Subcommand;

use self::shell_quoting::Words;
pub(crate) use self::{
    api_key_checks::Verify,
    api_keys::{ApiKeys, ListKeys, Mint, Rotate, UpdateKey},
    blocks::{AddBlock, Blocks},
    client_policy::ClientPolicyArgs,
    client_policy::Preset,
    clients::{Clients, Register, UpdateClient},
    complete::{Complete, CompletionRequest, NamedServer},
    events::{Events, ListEvents},
    incident::Incident,
    initial_access_token::MintInitialAccessToken,
    key_restrictions::{NO_LIMIT, Terms},
    list_args::ListArgs,
    one_time_link::LinkArgs,
    profiles::{Profiles, SetProfile},
    roles::{PutArgs, Roles},
    sessions::{ListSessions, Revoke, SessionOwnerArgs, Sessions},
    shell_quoting::quoted,
    signing_keys::{RevokeKeys, SigningKeys},
    stats::StatsArgs,
    users::{Create, ListUsers, Mfa, Password, Update, Users, span},
    watch::{Watch, Watched},
};

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Command {
    /// Show server status and the current identity
    Status,
    /// User accounts
    #[command(subcommand)]
    Users(Users),
    /// Sessions: sign-ins, and grants to OAuth clients
    #[command(subcommand)]
    Sessions(Sessions),
    /// API keys
    #[command(subcommand)]
    Apikeys(ApiKeys),
    /// OAuth clients
    #[command(subcommand)]
    Clients(Clients),
    /// Network blocks for sign-in and sign-up
    #[command(subcommand)]
    Blocks(Blocks),
    /// Roles and their permissions
    #[command(subcommand)]
    Roles(Roles),
    /// The audit log
    Events(Box<Events>),
    /// Show a list, then each change as it happens
    Watch(Watch),
    /// Signing keys
    #[command(subcommand)]
    Keys(SigningKeys),
    /// Counters now, and per minute or hour
    Stats(StatsArgs),
    /// Back up the database on the server's machine
    Backup,
    /// What happened around users, addresses, networks, clients and keys, as Markdown; JSON with -o json
    Incident(Incident),
    /// Servers the console knows
    #[command(subcommand)]
    Profiles(Profiles),
    /// Print completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Print ids and names that begin with a word, for a shell
    #[command(hide = true)]
    Complete(Complete),
    /// Write man pages into a directory
    Man { directory: PathBuf },
}

/// Destination of a secret.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct SecretArgs {
    /// Write the secret into a file of mode 0600 instead of printing it
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

impl SecretArgs {
    fn written(&self, words: Words) -> Words {
        let file = self.secret_file.as_ref();
        words.option("--secret-file", file.map(|path| path.display()))
    }
}

impl Command {
    /// Whether it changes something on the server.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::Users(command) => command.changes(),
            Self::Sessions(command) => command.changes(),
            Self::Apikeys(command) => command.changes(),
            Self::Clients(command) => command.changes(),
            Self::Roles(command) => command.changes(),
            Self::Blocks(command) => command.changes(),
            Self::Keys(command) => command.changes(),
            Self::Backup => true,
            Self::Status
            | Self::Watch(_)
            | Self::Events(_)
            | Self::Stats(_)
            | Self::Incident(_)
            | Self::Profiles(_)
            | Self::Completions { .. }
            | Self::Complete(_)
            | Self::Man { .. } => false,
        }
    }

    /// The scope that it takes, as a change.
    pub(crate) fn scope(&self) -> &'static str {
        match self {
            Self::Users(_) => "admin:users",
            Self::Sessions(_) | Self::Blocks(_) => "admin:sessions",
            Self::Apikeys(_) => "admin:apikeys",
            Self::Clients(_) => "admin:clients",
            Self::Roles(_) => "admin:roles",
            Self::Events(_) | Self::Incident(_) => "admin:events",
            Self::Watch(watch) => watch.scope(),
            Self::Keys(_) => "admin:keys",
            Self::Stats(_) | Self::Backup => "admin:server",
            Self::Status
            | Self::Profiles(_)
            | Self::Completions { .. }
            | Self::Complete(_)
            | Self::Man { .. } => "",
        }
    }

    /// Whether a form with a typed name is confirmation enough, since nothing exists yet that it could affect.
    pub(crate) fn is_creation(&self) -> bool {
        matches!(
            self,
            Self::Users(Users::Create(_))
                | Self::Apikeys(ApiKeys::Mint(_))
                | Self::Clients(Clients::Register(_))
        )
    }

    /// References to users in it: an id, or an email address that has to be looked up.
    pub(crate) fn people(&mut self) -> Vec<&mut String> {
        match self {
            Self::Users(command) => command.people(),
            Self::Sessions(command) => command.people(),
            Self::Apikeys(command) => command.people(),
            Self::Events(command) => command.people(),
            _ => Vec::new(),
        }
    }

    /// Keeps only these of the items that it destroys, by id or name.
    pub(crate) fn narrow_to(&mut self, left: &[String]) {
        match self {
            Self::Users(Users::Delete { users: named })
            | Self::Apikeys(ApiKeys::Revoke { ids: named })
            | Self::Clients(Clients::Delete { ids: named })
            | Self::Blocks(Blocks::Remove { ids: named })
            | Self::Roles(Roles::Delete { names: named }) => *named = left.to_vec(),
            Self::Keys(SigningKeys::Revoke(revoke)) => {
                if let Some(narrow) = RevokeKeys::all(left.to_vec()) {
                    *revoke = narrow;
                }
            }
            _ => {}
        }
    }

    /// The warning before it is executed; none where nothing is lost.
    pub(crate) fn warning(&self) -> Option<String> {
        match self {
            Self::Users(command) => command.warning(),
            Self::Apikeys(command) => command.warning(),
            Self::Clients(command) => command.warning(),
            Self::Roles(command) => command.warning(),
            Self::Blocks(command) => command.warning(),
            Self::Keys(command) => command.warning(),
            // Sessions are shown before they end: see their preview.
            _ => None,
        }
    }

    /// A description for the dry run, after "would".
    pub(crate) fn would(&self) -> String {
        match self {
            Self::Users(command) => command.would(),
            Self::Sessions(command) => command.would(),
            Self::Apikeys(command) => command.would(),
            Self::Clients(command) => command.would(),
            Self::Roles(command) => command.would(),
            Self::Blocks(command) => command.would(),
            Self::Keys(command) => command.would(),
            Self::Backup => "back the database up".into(),
            other => format!("run {other}"),
        }
    }

    /// The destination of a secret that it creates, and whether an existing file may be overwritten.
    pub(crate) fn secret(&self) -> Option<(&SecretArgs, Replace)> {
        match self {
            Self::Apikeys(ApiKeys::Mint(Mint { secret, .. }) | ApiKeys::Clone { secret, .. })
            | Self::Clients(Clients::Register(Register { secret, .. })) => {
                Some((secret, Replace::Never))
            }
            Self::Users(Users::Link(link)) => Some((&link.secret, Replace::Old)),
            Self::Clients(Clients::RegistrationToken(invite)) => {
                Some((&invite.secret, Replace::Never))
            }
            Self::Apikeys(ApiKeys::Rotate(rotate)) | Self::Clients(Clients::Secret(rotate)) => {
                Some((&rotate.secret, Replace::Old))
            }
            _ => None,
        }
    }

    /// Whether the server refuses it without a reason.
    pub(crate) fn needs_reason(&self) -> bool {
        matches!(self, Self::Users(Users::Mfa(_)))
    }

    /// The command line with a reason.
    pub(crate) fn because(&self, reason: Option<&str>) -> String {
        match reason {
            Some(reason) => format!("{self} --reason {}", quoted(reason)),
            None => self.to_string(),
        }
    }
}

/// Whether an existing file may be overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replace {
    Never,
    /// A new secret of the same object replaces the old one.
    Old,
}

/// The CLI command line.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Status => Words::new("status"),
            Self::Users(command) => command.words(),
            Self::Sessions(command) => command.words(),
            Self::Apikeys(command) => command.words(),
            Self::Clients(command) => command.words(),
            Self::Roles(command) => command.words(),
            Self::Blocks(command) => command.words(),
            Self::Events(command) => command.words(),
            Self::Watch(command) => command.words(),
            Self::Keys(command) => command.words(),
            Self::Stats(command) => command.words(),
            Self::Backup => Words::new("backup"),
            Self::Incident(command) => command.words(),
            Self::Profiles(command) => command.words(),
            Self::Completions { shell } => Words::new("completions").word(shell),
            Self::Complete(_) => Words::new("complete"),
            Self::Man { directory } => Words::new("man").word(directory.display()),
        };
        words.fmt(f)
    }
}
