//! `doorward clients`.

use clap::{Args, Subcommand};
use doorward_shared::admin::{ClientPatch, RegisterClient};

use super::{
    SecretArgs,
    api_keys::Rotate,
    client_policy::{ClientPolicyArgs, Preset},
    initial_access_token::MintInitialAccessToken,
    list_args::ListArgs,
    shell_quoting::Words,
};

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Clients {
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
    Update(UpdateClient),
    /// Give a client a new secret
    Secret(Rotate),
    /// Create an initial access token for client registration; it is printed once
    RegistrationToken(MintInitialAccessToken),
    /// List valid initial access tokens
    RegistrationTokens,
    /// Revoke an initial access token; clients already registered with it are kept
    RevokeRegistrationToken {
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Delete OAuth clients and revoke their tokens
    #[command(visible_alias = "revoke")]
    Delete {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Register {
    #[arg(long)]
    pub name: String,
    /// Preset grants, scopes and client type; explicit options override it
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// Redirect URI; may be given again
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub redirect_uris: Vec<String>,
    /// authorization_code, refresh_token or client_credentials; may be given again
    #[arg(long = "grant", required_unless_present = "preset")]
    pub grant_types: Vec<String>,
    #[arg(long = "scope")]
    pub scopes: Vec<String>,
    /// An audience it may ask tokens for; may be given again
    #[arg(long = "resource", value_name = "URI")]
    pub resources: Vec<String>,
    /// Public client without a secret: a browser or native app
    #[arg(long)]
    pub public: bool,
    /// Require PKCE although the client has a secret
    #[arg(long)]
    pub require_pkce: bool,
    /// Resource server: may introspect every access token and API key
    #[arg(long)]
    pub resource_server: bool,
    #[command(flatten)]
    pub policy: Box<ClientPolicyArgs>,
    #[command(flatten)]
    pub secret: SecretArgs,
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct UpdateClient {
    pub id: String,
    #[arg(long)]
    pub name: Option<String>,
    /// All of them; may be given again
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub redirect_uris: Option<Vec<String>>,
    /// All of them; may be given again
    #[arg(long = "grant")]
    pub grant_types: Option<Vec<String>>,
    /// All of them; may be given again
    #[arg(long = "scope")]
    pub scopes: Option<Vec<String>>,
    /// All of them; may be given again
    #[arg(long = "resource", value_name = "URI")]
    pub resources: Option<Vec<String>>,
    /// Require PKCE
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub require_pkce: Option<bool>,
    /// Do not require PKCE; public clients always need it
    #[arg(long, conflicts_with = "require_pkce")]
    pub no_require_pkce: bool,
    /// Resource server: may introspect every access token and API key
    #[arg(long, value_name = "BOOL")]
    pub resource_server: Option<bool>,
    #[command(flatten)]
    pub policy: Box<ClientPolicyArgs>,
}

impl Register {
    pub(crate) fn body(&self) -> RegisterClient {
        let (mut grant_types, mut scopes) = (self.grant_types.clone(), self.scopes.clone());
        let mut public = self.public;
        if let Some(preset) = self.preset {
            public |= !preset.is_confidential();
            if grant_types.is_empty() {
                grant_types = preset.grants(false);
            }
            if scopes.is_empty() {
                scopes = preset.scopes(false);
            }
        }
        self.policy.registration(RegisterClient {
            name: self.name.clone(),
            redirect_uris: self.redirect_uris.clone(),
            grant_types,
            scopes,
            confidential: !public,
            resources: self.resources.clone(),
            require_pkce: self.require_pkce,
            resource_server: self.resource_server,
            ..RegisterClient::default()
        })
    }
}

impl UpdateClient {
    /// The same, and it must use PKCE, or need not.
    #[must_use]
    pub(crate) fn requiring_pkce(self, needed: bool) -> Self {
        Self {
            require_pkce: needed.then_some(true),
            no_require_pkce: !needed,
            ..self
        }
    }

    pub(crate) fn body(&self) -> ClientPatch {
        let pkce = self.require_pkce;
        self.policy.patch(ClientPatch {
            name: self.name.clone(),
            redirect_uris: self.redirect_uris.clone(),
            grant_types: self.grant_types.clone(),
            scopes: self.scopes.clone(),
            resources: self.resources.clone(),
            require_pkce: pkce.or(self.no_require_pkce.then_some(false)),
            resource_server: self.resource_server,
            ..ClientPatch::default()
        })
    }
}

impl Clients {
    pub(super) fn changes(&self) -> bool {
        !matches!(
            self,
            Self::List { .. } | Self::Get { .. } | Self::RegistrationTokens
        )
    }

    pub(super) fn warning(&self) -> Option<String> {
        match self {
            Self::Secret(rotate) => Some(rotate.warning()),
            Self::RevokeRegistrationToken { id } => Some(format!(
                "{id} is revoked: no further client can register with it."
            )),
            Self::Delete { ids } => Some(match ids.as_slice() {
                [id] => format!("{id} is deleted, and all its tokens are revoked."),
                ids => format!(
                    "{} clients are deleted, and all their tokens are revoked.",
                    ids.len()
                ),
            }),
            _ => None,
        }
    }

    pub(super) fn would(&self) -> String {
        match self {
            Self::List { .. } => "list clients".into(),
            Self::Get { id } => format!("show {id}"),
            Self::Register(register) => format!("register {}", register.name),
            Self::Update(update) => format!("change {}", update.id),
            Self::Secret(rotate) => format!("give {} a new secret", rotate.id),
            Self::RegistrationToken(invite) => invite.would(),
            Self::RegistrationTokens => "list registration tokens".into(),
            Self::RevokeRegistrationToken { id } => format!("revoke {id}"),
            Self::Delete { ids } => format!("delete {}", ids.join(" ")),
        }
    }

    pub(super) fn words(&self) -> Words {
        fn given(values: &Option<Vec<String>>) -> &[String] {
            values.as_deref().unwrap_or_default()
        }
        match self {
            Self::List { list } => list.written(Words::new("clients list")),
            Self::Get { id } => Words::new("clients get").word(id),
            Self::RegistrationTokens => Words::new("clients registration-tokens"),
            Self::RevokeRegistrationToken { id } => {
                Words::new("clients revoke-registration-token").word(id)
            }
            Self::Register(register) => {
                let words = Words::new("clients register")
                    .option("--name", Some(&register.name))
                    .option("--preset", register.preset.map(Preset::as_str))
                    .each("--redirect-uri", &register.redirect_uris)
                    .each("--grant", &register.grant_types)
                    .each("--scope", &register.scopes)
                    .each("--resource", &register.resources)
                    .flag("--require-pkce", register.require_pkce)
                    .flag("--resource-server", register.resource_server)
                    .flag("--public", register.public);
                register.secret.written(register.policy.written(words))
            }
            Self::Update(update) => update.policy.written(
                Words::new("clients update")
                    .word(&update.id)
                    .option("--name", update.name.as_ref())
                    .each("--redirect-uri", given(&update.redirect_uris))
                    .each("--grant", given(&update.grant_types))
                    .each("--scope", given(&update.scopes))
                    .each("--resource", given(&update.resources))
                    .option("--require-pkce", update.require_pkce)
                    .flag("--no-require-pkce", update.no_require_pkce)
                    .option("--resource-server", update.resource_server),
            ),
            Self::Secret(rotate) => rotate.written(Words::new("clients secret")),
            Self::RegistrationToken(invite) => invite.written(),
            Self::Delete { ids } => Words::new("clients delete").all(ids),
        }
    }
}
