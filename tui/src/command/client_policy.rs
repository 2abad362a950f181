//! Client policy: options of `doorward clients` for claims, groups, logout and keys.

use clap::{Args, ValueEnum};
use doorward_shared::{
    admin::{ClientPatch, RegisterClient},
    scope::OPENID_SCOPES,
};

use super::shell_quoting::Words;

/// Client presets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// Web application with a secret; users sign in
    Web,
    /// Single-page application in the browser, without a secret
    Browser,
    /// Mobile or desktop app, without a secret
    Native,
    /// Service that calls APIs on its own behalf; no users sign in
    Service,
    /// A client of MCP servers, without a secret
    Mcp,
}

impl Preset {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Browser => "browser",
            Self::Native => "native",
            Self::Service => "service",
            Self::Mcp => "mcp",
        }
    }

    /// Whether it can keep a secret.
    pub(crate) fn is_confidential(self) -> bool {
        matches!(self, Self::Web | Self::Service)
    }

    /// Whether people sign in to it.
    pub(crate) fn signs_in(self) -> bool {
        self != Self::Service
    }

    /// The grants it needs, with redirect URIs or without.
    pub(crate) fn grants(self, redirects: bool) -> Vec<String> {
        let code = ["authorization_code", "refresh_token"];
        let grants: Vec<&str> = match (self, redirects) {
            (Self::Service, false) => vec!["client_credentials"],
            (Self::Service, true) => [&code[..], &["client_credentials"]].concat(),
            _ => code.to_vec(),
        };
        grants.into_iter().map(str::to_owned).collect()
    }

    /// As [`Preset::grants`].
    pub(crate) fn scopes(self, redirects: bool) -> Vec<String> {
        let signs_in = self.signs_in() || redirects;
        let scopes = OPENID_SCOPES.iter().filter(|_| signs_in);
        // MCP servers ask for no groups.
        scopes
            .filter(|scope| self != Self::Mcp || **scope != "groups")
            .map(|scope| (*scope).to_owned())
            .collect()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct ClientPolicyArgs {
    /// Whether ID tokens hold the claims of the granted scopes, as userinfo does
    #[arg(long, value_name = "BOOL")]
    pub id_token_claims: Option<bool>,
    /// Whether unverified email addresses are disclosed to it
    #[arg(long, value_name = "withhold|send")]
    pub unverified_email: Option<String>,
    /// Only members of these groups may sign in to it; may be given again
    #[arg(long = "allowed-group", value_name = "GROUP")]
    pub allowed_groups: Option<Vec<String>>,
    /// All users may sign in to it
    #[arg(long, conflicts_with = "allowed_groups")]
    pub no_allowed_groups: bool,
    /// Post-logout redirect URIs, all of them; may be given again
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Remove all post-logout redirect URIs
    #[arg(long, conflicts_with = "post_logout_redirect_uris")]
    pub no_post_logout_redirect_uris: bool,
    /// Default audience of tokens; empty clears it, as in the options below
    #[arg(long, value_name = "URI")]
    pub default_resource: Option<String>,
    /// Back-channel logout URI
    #[arg(long, value_name = "URI")]
    pub backchannel_logout_uri: Option<String>,
    /// Whether logout tokens must name the session
    #[arg(long, value_name = "BOOL")]
    pub backchannel_logout_session_required: Option<bool>,
    /// client_secret_basic, client_secret_post, private_key_jwt or none
    #[arg(long = "auth-method", value_name = "METHOD")]
    pub token_endpoint_auth_method: Option<String>,
    /// Its public keys, a JWK set
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub jwks: Option<serde_json::Value>,
    /// JWKS URI of its public keys
    #[arg(long, value_name = "URI")]
    pub jwks_uri: Option<String>,
    /// Shown on its sign-in and consent pages
    #[arg(long, value_name = "URI")]
    pub logo_uri: Option<String>,
    /// Its home page
    #[arg(long, value_name = "URI")]
    pub client_uri: Option<String>,
    /// Whether it is a first-party application that skips consent
    #[arg(long, value_name = "BOOL")]
    pub skip_consent: Option<bool>,
}

fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Empty text clears a field.
fn cleared(given: &Option<String>) -> Option<Option<String>> {
    let given = given.clone();
    given.map(|text| Some(text).filter(|text| !text.is_empty()))
}

impl ClientPolicyArgs {
    /// A change with these options.
    pub(crate) fn patch(&self, patch: ClientPatch) -> ClientPatch {
        let everyone = self.no_allowed_groups.then(Vec::new);
        let nowhere = self.no_post_logout_redirect_uris.then(Vec::new);
        ClientPatch {
            id_token_claims: self.id_token_claims,
            unverified_email: self.unverified_email.clone(),
            allowed_groups: self.allowed_groups.clone().or(everyone),
            post_logout_redirect_uris: self.post_logout_redirect_uris.clone().or(nowhere),
            default_resource: cleared(&self.default_resource),
            backchannel_logout_uri: cleared(&self.backchannel_logout_uri),
            backchannel_logout_session_required: self.backchannel_logout_session_required,
            token_endpoint_auth_method: cleared(&self.token_endpoint_auth_method),
            jwks: self.jwks.clone().map(Some),
            jwks_uri: cleared(&self.jwks_uri),
            logo_uri: cleared(&self.logo_uri),
            client_uri: cleared(&self.client_uri),
            skip_consent: self.skip_consent,
            ..patch
        }
    }

    /// A registration with these options.
    pub(crate) fn registration(&self, form: RegisterClient) -> RegisterClient {
        let policy = self.patch(ClientPatch::default());
        RegisterClient {
            id_token_claims: policy.id_token_claims,
            unverified_email: policy.unverified_email,
            allowed_groups: policy.allowed_groups,
            post_logout_redirect_uris: policy.post_logout_redirect_uris,
            default_resource: policy.default_resource.flatten(),
            backchannel_logout_uri: policy.backchannel_logout_uri.flatten(),
            backchannel_logout_session_required: policy.backchannel_logout_session_required,
            token_endpoint_auth_method: policy.token_endpoint_auth_method.flatten(),
            jwks: policy.jwks.flatten(),
            jwks_uri: policy.jwks_uri.flatten(),
            logo_uri: policy.logo_uri.flatten(),
            client_uri: policy.client_uri.flatten(),
            skip_consent: policy.skip_consent,
            ..form
        }
    }

    /// The options in words.
    pub(crate) fn written(&self, words: Words) -> Words {
        let list = |values: &Option<Vec<String>>| values.clone().unwrap_or_default();
        words
            .option("--id-token-claims", self.id_token_claims)
            .option("--unverified-email", self.unverified_email.as_deref())
            .each("--allowed-group", &list(&self.allowed_groups))
            .flag("--no-allowed-groups", self.no_allowed_groups)
            .each(
                "--post-logout-redirect-uri",
                &list(&self.post_logout_redirect_uris),
            )
            .flag(
                "--no-post-logout-redirect-uris",
                self.no_post_logout_redirect_uris,
            )
            .option("--default-resource", self.default_resource.as_deref())
            .option(
                "--backchannel-logout-uri",
                self.backchannel_logout_uri.as_deref(),
            )
            .option(
                "--backchannel-logout-session-required",
                self.backchannel_logout_session_required,
            )
            .option("--auth-method", self.token_endpoint_auth_method.as_deref())
            .option("--jwks", self.jwks.as_ref())
            .option("--jwks-uri", self.jwks_uri.as_deref())
            .option("--logo-uri", self.logo_uri.as_deref())
            .option("--client-uri", self.client_uri.as_deref())
            .option("--skip-consent", self.skip_consent)
    }
}
