//! `doorward apikeys`.

use clap::{Args, Subcommand};
use doorward_shared::{
    Timestamp,
    admin::{AdminKey, AdminMint},
    apikey::{Environment, KeyPatch, RotateRequest},
};

use super::{
    SecretArgs,
    api_key_checks::{Usage, Verify},
    key_restrictions::Terms,
    list_args::ListArgs,
    shell_quoting::Words,
    time_arg::TimeArg,
};

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum ApiKeys {
    /// List API keys
    List(ListKeys),
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
    /// Change a key: its name, its limits, or fewer scopes
    Update(UpdateKey),
    /// Verify a key for one call and charge it to the key's limits; the key is typed or comes on standard input
    Verify(Verify),
    /// Show how often a key was used
    Usage(Usage),
    /// Give a key a new secret
    Rotate(Rotate),
    /// Revoke keys at once
    #[command(visible_alias = "delete")]
    Revoke {
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct ListKeys {
    #[command(flatten)]
    pub list: ListArgs,
    /// Of this user, by id or email
    #[arg(long)]
    pub owner: Option<String>,
    /// Those that cover this scope
    #[arg(long)]
    pub scope: Option<String>,
    /// Not used since a time, or for 30d, 24h, …
    #[arg(long)]
    pub unused_since: Option<TimeArg>,
    /// Expiring before a time, or within 30d, 24h, …
    #[arg(long)]
    pub expires_before: Option<TimeArg>,
    /// Only active sessions (true) or only ended ones (false)
    #[arg(long)]
    pub active: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Mint {
    #[arg(long)]
    pub name: String,
    /// A scope of the key; may be given again
    #[arg(long = "scope", required = true)]
    pub scopes: Vec<String>,
    /// Owner, by id or email; without it the caller
    #[arg(long)]
    pub owner: Option<String>,
    /// When it expires: a time, or 30d, 24h, …
    #[arg(long)]
    pub expires: Option<TimeArg>,
    /// live or test
    #[arg(long, default_value = "live", value_parser = environment)]
    pub environment: Environment,
    #[command(flatten)]
    pub terms: Terms,
    #[command(flatten)]
    pub secret: SecretArgs,
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct UpdateKey {
    pub id: String,
    #[arg(long)]
    pub name: Option<String>,
    /// The scopes it keeps, all of them; may be given again
    #[arg(long = "scope")]
    pub scopes: Option<Vec<String>>,
    #[command(flatten)]
    pub terms: Terms,
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Rotate {
    pub id: String,
    /// Grace period in seconds during which the old secret still works
    #[arg(long, default_value_t = 0)]
    pub grace_seconds: u32,
    #[command(flatten)]
    pub secret: SecretArgs,
}

fn environment(text: &str) -> Result<Environment, String> {
    match text {
        "live" => Ok(Environment::Live),
        "test" => Ok(Environment::Test),
        _ => Err("must be live or test".into()),
    }
}

impl Mint {
    /// The owner must be an id by now.
    pub(crate) fn body(&self, now: Timestamp) -> AdminMint {
        self.terms.of_mint(AdminMint {
            owner_id: self.owner.as_ref().and_then(|id| id.parse().ok()),
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            expires_at: self.expires.map(|at| at.after(now)),
            environment: self.environment,
            ..AdminMint::default()
        })
    }

    /// A key like this one.
    pub(crate) fn like(key: &AdminKey) -> Self {
        Self {
            owner: key.owner_id.map(|id| id.to_string()),
            name: key.name.clone(),
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            expires: key.expires_at.map(TimeArg::At),
            environment: key.environment,
            secret: SecretArgs::default(),
            terms: Terms::like(key),
        }
    }
}

impl UpdateKey {
    pub(crate) fn body(&self) -> KeyPatch {
        self.terms.of_patch(KeyPatch {
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            ..KeyPatch::default()
        })
    }
}

impl Rotate {
    /// With a grace period in seconds during which the old secret still works.
    pub(crate) fn after(id: &str, grace_seconds: u32) -> Self {
        Self {
            id: id.to_owned(),
            grace_seconds,
            secret: SecretArgs::default(),
        }
    }

    pub(crate) fn body(&self) -> RotateRequest {
        RotateRequest {
            grace_seconds: self.grace_seconds,
        }
    }

    pub(super) fn warning(&self) -> String {
        format!(
            "The current secret of {} is revoked after {} seconds.",
            self.id, self.grace_seconds
        )
    }

    pub(super) fn written(&self, words: Words) -> Words {
        let words = words.word(&self.id);
        let words = words.option("--grace-seconds", Some(self.grace_seconds));
        self.secret.written(words)
    }
}

impl ApiKeys {
    pub(super) fn changes(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Get { .. } | Self::Usage(_))
    }

    pub(super) fn people(&mut self) -> Vec<&mut String> {
        let owner = match self {
            Self::List(listed) => listed.owner.as_mut(),
            Self::Mint(mint) => mint.owner.as_mut(),
            _ => None,
        };
        owner.into_iter().collect()
    }

    pub(super) fn warning(&self) -> Option<String> {
        match self {
            Self::Rotate(rotate) => Some(rotate.warning()),
            Self::Revoke { ids } => Some(format!("{} keys are revoked immediately.", ids.len())),
            _ => None,
        }
    }

    pub(super) fn would(&self) -> String {
        match self {
            Self::List(_) => "list API keys".into(),
            Self::Get { id } => format!("show {id}"),
            Self::Mint(mint) => format!("mint {} with {}", mint.name, mint.scopes.join(" ")),
            Self::Clone { id, .. } => format!("mint a key like {id}"),
            Self::Update(update) => format!("change {}", update.id),
            Self::Verify(_) => "verify a key, which spends its limits".into(),
            Self::Usage(usage) => format!("show how often {} was used", usage.id),
            Self::Rotate(rotate) => format!("rotate {}", rotate.id),
            Self::Revoke { ids } => format!("revoke {}", ids.join(" ")),
        }
    }

    pub(super) fn words(&self) -> Words {
        match self {
            Self::List(listed) => {
                let words = Words::new("apikeys list")
                    .option("--owner", listed.owner.as_ref())
                    .option("--scope", listed.scope.as_ref())
                    .option("--unused-since", listed.unused_since)
                    .option("--expires-before", listed.expires_before)
                    .option("--active", listed.active);
                listed.list.written(words)
            }
            Self::Get { id } => Words::new("apikeys get").word(id),
            Self::Mint(mint) => {
                let words = Words::new("apikeys mint")
                    .option("--name", Some(&mint.name))
                    .each("--scope", &mint.scopes)
                    .option("--owner", mint.owner.as_ref())
                    .option("--expires", mint.expires)
                    .option("--environment", Some(mint.environment.as_str()));
                mint.secret.written(mint.terms.written(words))
            }
            Self::Clone { id, name, secret } => {
                let words = Words::new("apikeys clone").word(id);
                secret.written(words.option("--name", name.as_ref()))
            }
            Self::Update(update) => {
                let words = Words::new("apikeys update")
                    .word(&update.id)
                    .option("--name", update.name.as_ref())
                    .each("--scope", update.scopes.as_deref().unwrap_or_default());
                update.terms.written(words)
            }
            Self::Verify(asked) => asked.words(),
            Self::Usage(asked) => asked.words(),
            Self::Rotate(rotate) => rotate.written(Words::new("apikeys rotate")),
            Self::Revoke { ids } => Words::new("apikeys revoke").all(ids),
        }
    }
}
