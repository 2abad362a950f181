//! `doorward stats`.

use doorward_shared::admin::SeriesBy;

use super::{shell_quoting::Words, time_arg::Moment};

/// Which series is told beside the counters.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct StatsArgs {
    /// Tell what happened in each minute of the last day, or in each hour of the last 90 days: minute or hour
    #[arg(long)]
    pub by: Option<SeriesBy>,
    /// Since a time, or for 6h, 7d, …
    #[arg(long)]
    pub since: Option<Moment>,
}

impl StatsArgs {
    pub(super) fn words(&self) -> Words {
        Words::new("stats")
            .option("--by", self.by.map(SeriesBy::as_str))
            .option("--since", self.since)
    }
}
