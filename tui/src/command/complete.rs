//! `doorward complete`: what a shell asks while somebody types.

use clap::Args;

use super::watch::Watched;

#[derive(Debug, Clone, PartialEq, Args)]
pub(crate) struct Complete {
    pub what: Watched,
    /// What was typed of it
    #[arg(default_value = "")]
    pub prefix: String,
}
