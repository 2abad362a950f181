//! `doorward apikeys verify` and `doorward apikeys usage`.

use clap::Args;
use doorward_shared::{
    Timestamp,
    apikey::{UsageBy, VerifyRequest},
};

use super::{secret::Secret, shell_quoting::Words, time_arg::TimeArg};

/// A call to verify a key for.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Verify {
    /// Required scope; may be given again
    #[arg(long = "scope")]
    pub scopes: Option<Vec<String>>,
    /// IP address of the call
    #[arg(long)]
    pub ip: Option<String>,
    /// Cost of the call, charged to the key's limits
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub cost: Option<u64>,
    /// Typed or read from standard input: other users can read command lines.
    #[arg(skip)]
    pub key: Option<Secret>,
}

impl Verify {
    pub(crate) fn body(&self) -> VerifyRequest {
        let key = self.key.as_ref();
        VerifyRequest {
            key: key.map(|key| key.expose().to_owned()).unwrap_or_default(),
            scopes: self.scopes.clone(),
            ip: self.ip.clone(),
            cost: self.cost,
        }
    }

    pub(super) fn words(&self) -> Words {
        Words::new("apikeys verify")
            .each("--scope", self.scopes.as_deref().unwrap_or_default())
            .option("--ip", self.ip.as_ref())
            .option("--cost", self.cost)
    }
}

/// Which part of a key's use.
#[derive(Debug, Clone, PartialEq, Args)]
pub(crate) struct Usage {
    pub id: String,
    /// hour or day
    #[arg(long, default_value = "day")]
    pub by: UsageBy,
    /// Since a time, or for 30d, 24h, …
    #[arg(long)]
    pub from: Option<TimeArg>,
    /// Until a time, or a span ago
    #[arg(long)]
    pub to: Option<TimeArg>,
}

impl Usage {
    /// From when, and until when.
    pub(crate) fn span(&self, now: Timestamp) -> [Option<Timestamp>; 2] {
        [self.from, self.to].map(|at| at.map(|at| at.before(now)))
    }

    pub(super) fn words(&self) -> Words {
        Words::new("apikeys usage")
            .word(&self.id)
            .option("--by", Some(self.by.as_str()))
            .option("--from", self.from)
            .option("--to", self.to)
    }
}
