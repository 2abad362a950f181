//! `doorward stats`.

use doorward_shared::admin::SeriesBy;

use super::{shell_quoting::Words, time_arg::TimeArg};

/// The time series shown with the counters.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct StatsArgs {
    /// Time series: `minute` for the last day, or `hour` for the last 90 days
    #[arg(long)]
    pub by: Option<SeriesBy>,
    /// Since a time, or for 6h, 7d, …
    #[arg(long)]
    pub since: Option<TimeArg>,
}

impl StatsArgs {
    pub(super) fn words(&self) -> Words {
        Words::new("stats")
            .option("--by", self.by.map(SeriesBy::as_str))
            .option("--since", self.since)
    }
}
