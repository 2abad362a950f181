//! The `doorward` program: the operators' console and the CLI.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a test that cannot go on should panic"
    )
)]

mod command;
mod core;
mod io;
#[cfg(test)]
mod tests;
mod view;

use std::{io::IsTerminal, process::ExitCode};

use clap::Parser;

use crate::{
    core::time_zone,
    io::{
        cli::{self, Cli, CliError, Context},
        clock,
        connect::{Connection, connect},
        console,
        profiles::Profiles,
        stderr,
    },
};

/// Wrong usage.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let wrong = error.use_stderr();
            let _ = error.print();
            return if wrong {
                ExitCode::from(USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(CliError::ReaderGone) => ExitCode::SUCCESS,
        Err(failed) => {
            stderr::say(&format!("error: {}", failed.message()));
            ExitCode::from(failed.code())
        }
    }
}

/// Why nothing may be changed through a connection, if nothing may.
fn guard(cli: &Cli, connection: &Connection) -> Result<(), CliError> {
    let profile = &connection.profile;
    let why = if cli.look.read_only {
        "read-only: changes are switched off by --read-only".to_owned()
    } else if profile.is_read_only() && cli.unlock.as_ref() != Some(&profile.name) {
        format!(
            "read-only: the profile {} has its changes switched off; --unlock {} switches them on for this command",
            profile.name, profile.name
        )
    } else {
        return Ok(());
    };
    Err(CliError::NotAllowed(why))
}

fn run(cli: Cli) -> Result<u8, CliError> {
    time_zone::choose(clock::zone(cli.utc));
    let mut profiles = Profiles::load()?;
    let Some(command) = &cli.command else {
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
            return Err(CliError::Usage(
                "the console needs a terminal; --help lists what works without one".into(),
            ));
        }
        let connection = connect(&cli.connect, &profiles)?;
        return console::run(&cli.look, connection, profiles);
    };
    if let Some(done) = cli::run_offline(command, &mut profiles, &cli) {
        return done.map(|()| 0);
    }
    let connection = connect(&cli.connect, &profiles)?;
    if command.changes() && !cli.dry_run {
        guard(&cli, &connection)?;
    }
    if let Some(why) = connection.key_missing {
        return Err(CliError::Error(format!(
            "there is no key to call the server with: {why}"
        )));
    }
    if let Some(warning) = &connection.warning {
        stderr::say(&format!("warning: {warning}"));
    }
    let client = match &cli.reason {
        Some(reason) => connection.client.with_reason(reason),
        None => connection.client,
    };
    let with = Context {
        client,
        output: cli.output,
        columns: cli.columns,
        yes: cli.yes,
        dry_run: cli.dry_run,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Error(error.to_string()))?;
    let Some(command) = cli.command else {
        return Ok(0);
    };
    runtime.block_on(cli::run(command, &with)).map(|()| 0)
}
