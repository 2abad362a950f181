//! `doorward clients`.

use clap::{Args, Subcommand};
use doorward_shared::{
    admin::{Client, ClientPatch, RegisterClient},
    apikey::RotateRequest,
};
use reqwest::Method;

use super::{Context, ListArgs, Outcome, idempotency_key, output, output::SecretArgs, segment};
use crate::secret::SecretFile;

#[derive(Debug, Subcommand)]
pub enum Clients {
    /// List OAuth clients
    List {
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show an OAuth client
    Get { id: String },
    /// Register an OAuth client; its secret is printed once
    #[command(visible_alias = "create")]
    Register(Register),
    /// Change an OAuth client
    Update(Update),
    /// Give a client a new secret
    Secret {
        id: String,
        /// For so many seconds the old secret stays good
        #[arg(long, default_value_t = 0)]
        grace_seconds: u32,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// Delete an OAuth client; its tokens die
    #[command(visible_alias = "revoke")]
    Delete { id: String },
}

impl Clients {
    /// Whether it changes something.
    pub fn changes(&self) -> bool {
        match self {
            Self::List { .. } | Self::Get { .. } => false,
            Self::Register(_) | Self::Update(_) | Self::Secret { .. } | Self::Delete { .. } => true,
        }
    }
}

#[derive(Debug, Args)]
pub struct Register {
    #[arg(long)]
    name: String,
    /// Where people are sent back to; may be given again
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// authorization_code, refresh_token or client_credentials; may be given again
    #[arg(long = "grant", required = true)]
    grant_types: Vec<String>,
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// An audience it may ask tokens for; may be given again
    #[arg(long = "resource", value_name = "URI")]
    resources: Vec<String>,
    /// It cannot keep a secret: a browser or native app
    #[arg(long)]
    public: bool,
    /// It must use PKCE, though it can keep a secret
    #[arg(long)]
    require_pkce: bool,
    /// It is an API: it may ask about every access token and API key
    #[arg(long)]
    resource_server: bool,
    #[command(flatten)]
    secret: SecretArgs,
}

#[derive(Debug, Args)]
pub struct Update {
    id: String,
    #[arg(long)]
    name: Option<String>,
    /// All of them; may be given again
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Option<Vec<String>>,
    /// All of them; may be given again
    #[arg(long = "grant")]
    grant_types: Option<Vec<String>>,
    /// All of them; may be given again
    #[arg(long = "scope")]
    scopes: Option<Vec<String>>,
    /// All of them; may be given again
    #[arg(long = "resource", value_name = "URI")]
    resources: Option<Vec<String>>,
    /// It must use PKCE
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    require_pkce: Option<bool>,
    /// It need not use PKCE, unless it is public
    #[arg(long, conflicts_with = "require_pkce")]
    no_require_pkce: bool,
    /// Whether it may ask about every access token and API key
    #[arg(long, value_name = "BOOL")]
    resource_server: Option<bool>,
}

pub async fn run(command: Clients, with: &Context) -> Outcome {
    let client = &with.client;
    match command {
        Clients::List { list } => {
            list.print::<Client>(with, "/admin/clients", Vec::new())
                .await
        }
        Clients::Get { id } => {
            let path = format!("/admin/clients/{}", segment(&id));
            output::one(with.output, &client.get::<Client>(&path, &[]).await?)
        }
        Clients::Register(form) => {
            let body = RegisterClient {
                name: form.name,
                redirect_uris: form.redirect_uris,
                grant_types: form.grant_types,
                scopes: form.scopes,
                confidential: !form.public,
                resources: form.resources,
                require_pkce: form.require_pkce,
                resource_server: form.resource_server,
            };
            if with.dry_run {
                return output::would(with.output, &format!("register {}", body.name));
            }
            let file = form.secret.begin(false)?.filter(|_| body.confidential);
            let made = client
                .mint("/admin/clients", &body, &idempotency_key())
                .await?;
            shown(with, made, &form.secret, file)
        }
        Clients::Update(form) => {
            let body = ClientPatch {
                name: form.name,
                redirect_uris: form.redirect_uris,
                grant_types: form.grant_types,
                scopes: form.scopes,
                resources: form.resources,
                require_pkce: form.require_pkce.or(form.no_require_pkce.then_some(false)),
                resource_server: form.resource_server,
            };
            if with.dry_run {
                return output::would(with.output, &format!("change {}", form.id));
            }
            let path = format!("/admin/clients/{}", segment(&form.id));
            let changed: Client = client.send(Method::PATCH, &path, &body).await?;
            output::one(with.output, &changed)
        }
        Clients::Secret {
            id,
            grace_seconds,
            secret,
        } => {
            let what = format!("The secret of {id} dies after {grace_seconds} seconds.");
            output::confirm(with.yes || with.dry_run, &what)?;
            if with.dry_run {
                return output::would(with.output, &format!("give {id} a new secret"));
            }
            let file = secret.begin(true)?;
            let path = format!("/admin/clients/{}/secret", segment(&id));
            let made = client
                .mint(&path, &RotateRequest { grace_seconds }, &idempotency_key())
                .await?;
            shown(with, made, &secret, file)
        }
        Clients::Delete { id } => {
            output::confirm(
                with.yes || with.dry_run,
                &format!("{id} is deleted, and all its tokens die."),
            )?;
            if with.dry_run {
                return output::would(with.output, &format!("delete {id}"));
            }
            client
                .done(
                    Method::DELETE,
                    &format!("/admin/clients/{}", segment(&id)),
                    None::<&()>,
                )
                .await?;
            output::did(with.output, "deleted", &id, &format!("{id} is deleted"))
        }
    }
}

/// Shows a client whose secret was made, and puts that where it is to go.
fn shown(
    with: &Context,
    mut made: Client,
    secret: &SecretArgs,
    file: Option<SecretFile>,
) -> Outcome {
    let id = made.id.to_string();
    if let Some(text) = &mut made.client_secret {
        secret.keep(file, text, &id)?;
    }
    output::one(with.output, &made)
}
