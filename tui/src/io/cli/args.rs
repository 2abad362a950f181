//! The command line: options that hold for every command.

use clap::Parser;

use super::output::Format;
use crate::{command::Command, io::connect::ConnectArgs};

/// Doorward admin client: interactive console without a subcommand, command line (CLI) with one.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub connect: ConnectArgs,
    #[command(flatten)]
    pub look: DisplayArgs,
    /// Output format
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub output: Format,
    /// Columns to print, in order: table column names or JSON field names
    #[arg(long, global = true, value_delimiter = ',', value_name = "NAME,…")]
    pub columns: Option<Vec<String>>,
    /// Skip confirmation of destructive actions
    #[arg(long, global = true)]
    pub yes: bool,
    /// Dry run: print what would be done
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Reason, recorded in the audit log
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Allow changes to PROFILE although it is read-only by default
    #[arg(long, global = true, value_name = "PROFILE")]
    pub unlock: Option<String>,
    /// Show times in UTC instead of this machine's zone
    #[arg(long, global = true)]
    pub utc: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Display options of the console.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct DisplayArgs {
    /// Console: draw with ASCII characters alone
    #[arg(long)]
    pub ascii: bool,
    /// Read-only mode: refuse every change
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
