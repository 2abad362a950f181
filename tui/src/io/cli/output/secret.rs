//! A secret that goes into a file instead of to the output.

use std::{io, path::PathBuf};

use super::Outcome;
use crate::{
    command::{Replace, SecretArgs},
    io::{cli::CliError, secret_file::SecretFile},
};

/// Begins the file for a secret, if one is asked for.
///
/// # Errors
/// When it cannot be written: nothing has been minted yet.
pub(crate) fn begin(secret: &SecretArgs, replace: Replace) -> Result<Option<SecretFile>, CliError> {
    let begin = |path: &PathBuf| {
        SecretFile::begin(path, replace == Replace::Old).map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::AlreadyExists => ", and is not overwritten",
                _ => "",
            };
            CliError::Error(format!(
                "{}: {error}{hint}; nothing was done",
                path.display()
            ))
        })
    };
    secret.secret_file.as_ref().map(begin).transpose()
}

/// Puts the secret of `of` into the file, and says so in its place.
///
/// # Errors
/// When it is not there: the secret is lost then.
pub(crate) fn keep(
    args: &SecretArgs,
    file: Option<SecretFile>,
    secret: &mut String,
    of: &str,
) -> Outcome {
    if let (Some(file), Some(path)) = (file, &args.secret_file) {
        file.keep(secret).map_err(|error| {
            CliError::Error(format!(
                "{}: {error}; the secret of {of} is lost: revoke or rotate it",
                path.display()
            ))
        })?;
        *secret = format!("in {}", path.display());
    }
    Ok(())
}
