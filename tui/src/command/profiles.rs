//! `doorward profiles`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shell_quoting::Words;

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Profiles {
    /// List profiles
    List,
    /// Add or change a profile; --key-file names the file that holds its key
    Set(SetProfile),
    /// Set the default profile
    Use { name: String },
    /// Delete a profile, and its key if stored with --keep-key
    Delete { name: String },
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct SetProfile {
    pub name: String,
    /// URL of the server; needed for a new profile
    #[arg(long)]
    pub url: Option<String>,
    /// The same as --key-file
    #[arg(long, hide = true)]
    pub key: Option<PathBuf>,
    #[arg(long)]
    pub ca_file: Option<PathBuf>,
    #[arg(long)]
    pub pinned_sha256: Option<String>,
    #[arg(long)]
    pub color: Option<String>,
    /// Read-only by default (production)
    #[arg(long)]
    pub production: bool,
    /// Read a key from standard input and keep it in the keyring, or a file of mode 0600
    #[arg(long, conflicts_with = "key")]
    pub keep_key: bool,
}

impl Profiles {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::List => Words::new("profiles list"),
            Self::Set(set) => Words::new("profiles set")
                .word(&set.name)
                .option("--url", set.url.as_ref())
                .option("--key", set.key.as_ref().map(|path| path.display()))
                .option("--ca-file", set.ca_file.as_ref().map(|path| path.display()))
                .option("--pinned-sha256", set.pinned_sha256.as_ref())
                .option("--color", set.color.as_ref())
                .flag("--production", set.production)
                .flag("--keep-key", set.keep_key),
            Self::Use { name } => Words::new("profiles use").word(name),
            Self::Delete { name } => Words::new("profiles delete").word(name),
        }
    }
}
