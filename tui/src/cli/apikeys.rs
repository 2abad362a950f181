//! `doorward apikeys`.

use clap::{Args, Subcommand};
use doorward_shared::{
    Timestamp,
    admin::{AdminKey, AdminMint, AdminMintedKey},
    apikey::{Environment, KeyPatch, RotateRequest},
};
use reqwest::Method;

use super::{
    Context, ListArgs, Outcome, idempotency_key, output, output::SecretArgs, segment, time_ago,
    time_ahead, users::resolve,
};

#[derive(Debug, Subcommand)]
pub enum ApiKeys {
    /// List API keys
    List {
        #[command(flatten)]
        list: ListArgs,
        /// Of this user, by id or email
        #[arg(long)]
        owner: Option<String>,
        /// Those that cover this scope
        #[arg(long)]
        scope: Option<String>,
        /// Not used since a time, or for 30d, 24h, …
        #[arg(long, value_parser = time_ago)]
        unused_since: Option<Timestamp>,
        /// Expiring before a time, or within 30d, 24h, …
        #[arg(long, value_parser = time_ahead)]
        expires_before: Option<Timestamp>,
        /// Only live ones (true) or dead ones (false)
        #[arg(long)]
        active: Option<bool>,
    },
    /// Show an API key, without its secret
    Get { id: String },
    /// Mint an API key; its secret is printed once
    #[command(visible_alias = "create")]
    Mint(Mint),
    /// Mint a key like another one
    Clone {
        id: String,
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// Rename a key or shrink its scopes
    Update {
        id: String,
        #[arg(long)]
        name: Option<String>,
        /// The scopes it keeps, all of them; may be given again
        #[arg(long = "scope")]
        scopes: Option<Vec<String>>,
    },
    /// Give a key a new secret
    Rotate {
        id: String,
        /// For so many seconds the old secret stays good
        #[arg(long, default_value_t = 0)]
        grace_seconds: u32,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// Revoke keys at once
    #[command(visible_alias = "delete")]
    Revoke {
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

impl ApiKeys {
    /// Whether it changes something.
    pub fn changes(&self) -> bool {
        match self {
            Self::List { .. } | Self::Get { .. } => false,
            Self::Mint(_)
            | Self::Clone { .. }
            | Self::Update { .. }
            | Self::Rotate { .. }
            | Self::Revoke { .. } => true,
        }
    }
}

#[derive(Debug, Args)]
pub struct Mint {
    #[arg(long)]
    name: String,
    /// A scope of the key; may be given again
    #[arg(long = "scope", required = true)]
    scopes: Vec<String>,
    /// Owner, by id or email; without it the caller
    #[arg(long)]
    owner: Option<String>,
    /// When it expires: a time, or 30d, 24h, …
    #[arg(long, value_parser = time_ahead)]
    expires: Option<Timestamp>,
    /// live or test
    #[arg(long, default_value = "live", value_parser = environment)]
    environment: Environment,
    #[command(flatten)]
    secret: SecretArgs,
}

fn environment(text: &str) -> Result<Environment, String> {
    match text {
        "live" => Ok(Environment::Live),
        "test" => Ok(Environment::Test),
        _ => Err("must be live or test".into()),
    }
}

pub async fn run(command: ApiKeys, with: &Context) -> Outcome {
    let client = &with.client;
    match command {
        ApiKeys::List {
            list,
            owner,
            scope,
            unused_since,
            expires_before,
            active,
        } => {
            let owner = match &owner {
                Some(owner) => Some(resolve(client, owner).await?.to_string()),
                None => None,
            };
            let filters = vec![
                ("ownerId", owner),
                ("scope", scope),
                ("unusedSince", unused_since.map(|at| at.to_string())),
                ("expiresBefore", expires_before.map(|at| at.to_string())),
                ("active", active.map(|active| active.to_string())),
            ];
            list.print::<AdminKey>(with, "/admin/apikeys", filters)
                .await
        }
        ApiKeys::Get { id } => {
            let path = format!("/admin/apikeys/{}", segment(&id));
            output::one(with.output, &client.get::<AdminKey>(&path, &[]).await?)
        }
        ApiKeys::Mint(form) => {
            let owner_id = match &form.owner {
                Some(owner) => Some(resolve(client, owner).await?),
                None => None,
            };
            let body = AdminMint {
                owner_id,
                name: form.name,
                scopes: form.scopes,
                expires_at: form.expires,
                environment: form.environment,
                ..AdminMint::default()
            };
            mint(with, &body, &form.secret).await
        }
        ApiKeys::Clone { id, name, secret } => {
            let like: AdminKey = client
                .get(&format!("/admin/apikeys/{}", segment(&id)), &[])
                .await?;
            let body = AdminMint {
                owner_id: like.owner_id,
                name: name.unwrap_or(like.name),
                scopes: like.scopes.iter().map(ToString::to_string).collect(),
                expires_at: like.expires_at,
                environment: like.environment,
                rate_limit: like.rate_limit,
                quota: like.quota,
                allowed_ips: Some(like.allowed_ips),
                metadata: like.metadata,
                enabled: None,
            };
            mint(with, &body, &secret).await
        }
        ApiKeys::Update { id, name, scopes } => {
            if with.dry_run {
                return output::would(with.output, &format!("change {id}"));
            }
            let path = format!("/admin/apikeys/{}", segment(&id));
            let key: AdminKey = client
                .send(
                    Method::PATCH,
                    &path,
                    &KeyPatch {
                        name,
                        scopes,
                        ..KeyPatch::default()
                    },
                )
                .await?;
            output::one(with.output, &key)
        }
        ApiKeys::Rotate {
            id,
            grace_seconds,
            secret,
        } => {
            let what = format!("The secret of {id} dies after {grace_seconds} seconds.");
            output::confirm(with.yes || with.dry_run, &what)?;
            if with.dry_run {
                return output::would(with.output, &format!("rotate {id}"));
            }
            let file = secret.begin(true)?;
            let path = format!("/admin/apikeys/{}/rotate", segment(&id));
            let mut key: AdminMintedKey = client
                .mint(&path, &RotateRequest { grace_seconds }, &idempotency_key())
                .await?;
            secret.keep(file, &mut key.key, &key.id.to_string())?;
            output::one(with.output, &key)
        }
        ApiKeys::Revoke { ids } => {
            output::confirm(
                with.yes || with.dry_run,
                &format!("{} keys die at once.", ids.len()),
            )?;
            if with.dry_run {
                return output::would(with.output, &format!("revoke {}", ids.join(" ")));
            }
            let mut revoked = Vec::new();
            let mut failed = Ok(());
            for id in ids {
                let path = format!("/admin/apikeys/{}", segment(&id));
                match client.done(Method::DELETE, &path, None::<&()>).await {
                    Ok(()) => revoked.push(id),
                    Err(error) => {
                        failed = Err(error.into());
                        break;
                    }
                }
            }
            // What was done is said before what failed.
            if !revoked.is_empty() {
                output::did_all(with.output, "revoked", &revoked)?;
            }
            failed
        }
    }
}

async fn mint(with: &Context, body: &AdminMint, secret: &SecretArgs) -> Outcome {
    if with.dry_run {
        return output::would(
            with.output,
            &format!("mint {} with {}", body.name, body.scopes.join(" ")),
        );
    }
    let file = secret.begin(false)?;
    let mut key: AdminMintedKey = with
        .client
        .mint("/admin/apikeys", body, &idempotency_key())
        .await?;
    secret.keep(file, &mut key.key, &key.id.to_string())?;
    output::one(with.output, &key)
}
