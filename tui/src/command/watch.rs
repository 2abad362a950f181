//! `doorward watch`.

use clap::{Args, ValueEnum};

use super::shell_quoting::Words;

/// A list that can be watched. Events are followed: `doorward events --follow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Watched {
    Users,
    Sessions,
    Apikeys,
    Clients,
    Blocks,
    Roles,
    Keys,
}

impl Watched {
    fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Sessions => "sessions",
            Self::Apikeys => "apikeys",
            Self::Clients => "clients",
            Self::Blocks => "blocks",
            Self::Roles => "roles",
            Self::Keys => "keys",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(crate) struct Watch {
    pub what: Watched,
    /// Only matching rows: a search as for --q
    #[arg(long, value_name = "SEARCH", visible_alias = "q")]
    pub filter: Option<String>,
}

impl Watch {
    pub(super) fn scope(&self) -> &'static str {
        match self.what {
            Watched::Users => "admin:users",
            Watched::Sessions | Watched::Blocks => "admin:sessions",
            Watched::Apikeys => "admin:apikeys",
            Watched::Clients => "admin:clients",
            Watched::Roles => "admin:roles",
            Watched::Keys => "admin:keys",
        }
    }

    pub(super) fn words(&self) -> Words {
        Words::new("watch")
            .word(self.what.as_str())
            .option("--filter", self.filter.as_ref())
    }
}
