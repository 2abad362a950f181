//! `doorward roles`.

use clap::{Args, Subcommand};
use doorward_shared::admin::PutRole;

use super::{list_args::ListArgs, shell_quoting::Words};

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Roles {
    /// List roles
    List {
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show a role
    Get { name: String },
    /// Create or change a role; takes effect immediately for its users
    #[command(visible_alias = "create")]
    Put(PutArgs),
    /// Delete roles that no user has
    #[command(visible_alias = "revoke")]
    Delete {
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct PutArgs {
    pub name: String,
    /// A permission of the role; may be given again
    #[arg(long = "permission", value_name = "SCOPE")]
    pub permissions: Vec<String>,
}

impl PutArgs {
    pub(crate) fn body(&self) -> PutRole {
        PutRole {
            permissions: self.permissions.clone(),
        }
    }
}

impl Roles {
    pub(super) fn changes(&self) -> bool {
        !matches!(self, Self::List { .. } | Self::Get { .. })
    }

    pub(super) fn warning(&self) -> Option<String> {
        match self {
            Self::Delete { names } => Some(match names.as_slice() {
                [name] => format!("The role {name} is deleted."),
                names => format!("{} roles are deleted.", names.len()),
            }),
            _ => None,
        }
    }

    pub(super) fn would(&self) -> String {
        match self {
            Self::List { .. } => "list roles".into(),
            Self::Get { name } => format!("show {name}"),
            Self::Put(put) => format!("set {} to {}", put.name, put.permissions.join(" ")),
            Self::Delete { names } => format!("delete {}", names.join(" ")),
        }
    }

    pub(super) fn words(&self) -> Words {
        match self {
            Self::List { list } => list.written(Words::new("roles list")),
            Self::Get { name } => Words::new("roles get").word(name),
            Self::Put(put) => Words::new("roles put")
                .word(&put.name)
                .each("--permission", &put.permissions),
            Self::Delete { names } => Words::new("roles delete").all(names),
        }
    }
}
