//! `doorward roles`.

use clap::Subcommand;
use doorward_shared::admin::{PutRole, Role};
use reqwest::Method;

use super::{Context, ListArgs, Outcome, output, segment};

#[derive(Debug, Subcommand)]
pub enum Roles {
    /// List roles
    List {
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show a role
    Get { name: String },
    /// Create or change a role; whoever has it gains and loses at once
    #[command(visible_alias = "create")]
    Put {
        name: String,
        /// A permission of the role; may be given again
        #[arg(long = "permission", value_name = "SCOPE")]
        permissions: Vec<String>,
    },
    /// Delete a role that nobody has
    #[command(visible_alias = "revoke")]
    Delete { name: String },
}

impl Roles {
    /// Whether it changes something.
    pub fn changes(&self) -> bool {
        match self {
            Self::List { .. } | Self::Get { .. } => false,
            Self::Put { .. } | Self::Delete { .. } => true,
        }
    }
}

pub async fn run(command: Roles, with: &Context) -> Outcome {
    let client = &with.client;
    match command {
        Roles::List { list } => list.print::<Role>(with, "/admin/roles", Vec::new()).await,
        Roles::Get { name } => {
            let path = format!("/admin/roles/{}", segment(&name));
            output::one(with.output, &client.get::<Role>(&path, &[]).await?)
        }
        Roles::Put { name, permissions } => {
            if with.dry_run {
                return output::would(
                    with.output,
                    &format!("set {name} to {}", permissions.join(" ")),
                );
            }
            let path = format!("/admin/roles/{}", segment(&name));
            let role: Role = client
                .send(Method::PUT, &path, &PutRole { permissions })
                .await?;
            output::one(with.output, &role)
        }
        Roles::Delete { name } => {
            output::confirm(
                with.yes || with.dry_run,
                &format!("The role {name} is deleted."),
            )?;
            if with.dry_run {
                return output::would(with.output, &format!("delete {name}"));
            }
            client
                .done(
                    Method::DELETE,
                    &format!("/admin/roles/{}", segment(&name)),
                    None::<&()>,
                )
                .await?;
            output::did(with.output, "deleted", &name, &format!("{name} is deleted"))
        }
    }
}
