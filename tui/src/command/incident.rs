//! `doorward incident`.

use clap::Args;

use super::{shell_quoting::Words, time_arg::TimeArg};

/// Default time span of an incident.
const WEEK: &str = "7d";

#[derive(Debug, Clone, PartialEq, Args)]
pub(crate) struct Incident {
    /// Users (id or email), addresses, networks, clients and keys (id), together
    #[arg(required = true, num_args = 1..=8)]
    pub about: Vec<String>,
    /// How far back: a time, or 24h, 7d, …
    #[arg(long, default_value = WEEK)]
    pub since: TimeArg,
}

impl Incident {
    /// Around ids, addresses and networks, of the last week.
    pub(crate) fn around(about: Vec<String>) -> Self {
        Self {
            about,
            since: TimeArg::WEEK,
        }
    }

    pub(super) fn words(&self) -> Words {
        let since = Some(self.since).filter(|since| *since != TimeArg::WEEK);
        Words::new("incident")
            .all(&self.about)
            .option("--since", since)
    }
}
