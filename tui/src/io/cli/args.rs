//! The command line: options that hold for every command.

use clap::Parser;

use super::output::Format;
use crate::{command::Command, io::connect::ConnectArgs};

/// The operators' console of Doorward; with a subcommand, its non-interactive twin.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub connect: ConnectArgs,
    #[command(flatten)]
    pub look: DisplayArgs,
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
pub(crate) struct DisplayArgs {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
