//! The `doorward` program: the operators' console, and its non-interactive twin.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a test that cannot go on should panic"
    )
)]

mod app;
mod cli;
mod connect;
mod console;
mod effects;
mod incident;
mod item;
mod keymap;
mod profiles;
mod prompt;
mod screens;
mod secret;
mod terminal;
mod text;
mod theme;
mod twin;
mod widgets;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::Parser;

use crate::{
    cli::{Cli, Context, Failed},
    connect::connect,
    profiles::Profiles,
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
        Err(Failed::Usage(why)) => {
            eprintln!("error: {}", text::clean(&why));
            ExitCode::from(USAGE)
        }
        Err(Failed::Error(why)) => {
            eprintln!("error: {}", text::clean(&why));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<u8, Failed> {
    let mut profiles = Profiles::load()?;
    let Some(command) = cli.command else {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(Failed::Usage(
                "the console needs a terminal; --help lists what works without one".into(),
            ));
        }
        let connection = connect(&cli.connect, &profiles)?;
        return console::run(&cli.look, connection, profiles);
    };
    if let Some(done) = cli::run_offline(&command, &mut profiles, cli.output) {
        return done.map(|()| 0);
    }
    let connection = connect(&cli.connect, &profiles)?;
    if let Some(why) = connection.key_missing {
        return Err(Failed::Error(format!(
            "there is no key to call the server with: {why}"
        )));
    }
    let client = match &cli.reason {
        Some(reason) => connection.client.with_reason(reason),
        None => connection.client,
    };
    let with = Context {
        client,
        output: cli.output,
        yes: cli.yes,
        dry_run: cli.dry_run,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::Error(error.to_string()))?;
    runtime.block_on(cli::run(command, &with)).map(|()| 0)
}
