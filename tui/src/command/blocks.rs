//! `doorward blocks`.

use clap::{Args, Subcommand};
use doorward_shared::{Timestamp, admin::CreateBlock};

use super::{list_args::ListArgs, shell_quoting::Words, time_arg::TimeArg};

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Blocks {
    /// List the networks that are blocked
    List {
        #[command(flatten)]
        list: ListArgs,
    },
    /// Block a network for sign-in, sign-up and forgotten passwords
    Add(AddBlock),
    /// Lift blocks
    #[command(visible_alias = "delete")]
    Remove {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct AddBlock {
    /// A network such as 203.0.113.0/24, or one address
    pub network: String,
    /// Reason, shown to other operators
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Duration or end time, at most 30d
    #[arg(long, value_name = "SPAN")]
    pub until: Option<TimeArg>,
}

impl AddBlock {
    pub(crate) fn body(&self, now: Timestamp) -> CreateBlock {
        CreateBlock {
            network: self.network.clone(),
            reason: self.reason.clone(),
            until: self.until.map(|until| until.after(now)),
        }
    }
}

impl Blocks {
    pub(super) fn changes(&self) -> bool {
        !matches!(self, Self::List { .. })
    }

    pub(super) fn warning(&self) -> Option<String> {
        match self {
            Self::Add(add) => Some(format!(
                "Sign-in and sign-up are blocked from {}, except from your own address.",
                add.network
            )),
            _ => None,
        }
    }

    pub(super) fn would(&self) -> String {
        match self {
            Self::List { .. } => "list blocks".into(),
            Self::Add(add) => format!("block {}", add.network),
            Self::Remove { ids } => format!("lift {}", ids.join(" ")),
        }
    }

    pub(super) fn words(&self) -> Words {
        match self {
            Self::List { list } => list.written(Words::new("blocks list")),
            Self::Add(add) => Words::new("blocks add")
                .word(&add.network)
                .option("--reason", Some(&add.reason))
                .option("--until", add.until),
            Self::Remove { ids } => Words::new("blocks remove").all(ids),
        }
    }
}
