//! Secrets that a command needs and that stand on no command line.

use std::io::{IsTerminal, Read};

use super::CliError;
use crate::{
    command::{ApiKeys, Command, Create, Password, Users, Verify, secret::Secret},
    io::{prompt, stderr},
};

/// Reads a secret: from standard input, which is asked for when it is a terminal.
fn read_secret(what: &str, prompt: &str) -> Result<String, CliError> {
    let wrong =
        |error: std::io::Error| CliError::Error(format!("the {what} cannot be read: {error}"));
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
        Err(CliError::Usage(format!("no {what} was given")))
    } else {
        Ok(secret)
    }
}

/// Reads a password or a key where one belongs to the command.
pub(super) fn read_what_is_missing(command: &mut Command) -> Result<(), CliError> {
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
