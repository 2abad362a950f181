//! The question before something is destroyed.

use std::io::{self, IsTerminal};

use super::{CliError, Outcome};

/// Asks before something is destroyed. Without a terminal only `--yes` says so.
pub(super) fn confirm(yes: bool, what: &str) -> Outcome {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(CliError::Usage(format!(
            "{what} Without a terminal this needs --yes"
        )));
    }
    crate::io::stderr::ask(&format!("{what} Type yes to go on: "));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| CliError::Error(error.to_string()))?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err(CliError::Error("nothing was done".into()))
    }
}
