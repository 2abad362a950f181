//! The token endpoint, RFC 6749 section 3.2.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{Scope, ScopeSet};

use super::{
    Form, OAuthError,
    client_auth::{Authenticated, Clients},
    oxide,
    token_issuance::{Exchange, Presented, own_scopes},
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Actor, AuditContext, Client, GrantType, RejectedParameter,
        client::{MAX_RESOURCES, is_same_resource},
    },
    metrics::Metrics,
    service::{Refresh, Tokens},
    store::Store,
};

/// The response to a token request.
#[derive(Debug, Clone)]
pub struct TokenAnswer {
    pub access_token: String,
    /// The configured lifetime, in seconds.
    pub expires_in: u32,
    pub scope: String,
    pub refresh_token: Option<String>,
    pub id_token: Option<String>,
}

/// Handles token requests.
#[derive(Debug, Clone)]
pub struct TokenEndpoint {
    pub(crate) clients: Clients,
    pub(crate) tokens: Tokens,
    pub(crate) refresh: Refresh,
    pub(crate) store: Store,
    pub(crate) metrics: Metrics,
}

impl TokenEndpoint {
    /// Handles a token request.
    ///
    /// # Errors
    /// [`OAuthError`], RFC 6749 section 5.2.
    pub async fn answer(
        &self,
        headers: &[&str],
        form: &Form,
        ip: IpAddr,
        request_id: Arc<str>,
    ) -> Result<TokenAnswer, OAuthError> {
        let client = self.clients.authenticated(headers, form, ip).await?;
        let id = client.client.id;
        let context = AuditContext {
            actor: Actor::Client(id),
            client_id: None,
            ip: Some(ip),
            request_id: Some(request_id),
            at: self.clients.clock.now(),
            reason: None,
            language: Default::default(),
        };
        let answer = self.exchange(client, form, context).await;
        if let Err(failure) = &answer {
            self.clients.refused(Some(id), failure, ip);
        }
        answer
    }

    /// Handles a token request of an authenticated client.
    async fn exchange(
        &self,
        Authenticated { client, secret, .. }: Authenticated,
        form: &Form,
        context: AuditContext,
    ) -> Result<TokenAnswer, OAuthError> {
        let grant = form.require("grant_type")?;
        let kind: GrantType = grant.parse().map_err(|_| unknown_grant(grant))?;
        let public = kind == GrantType::ClientCredentials && !client.is_confidential();
        if !client.may(kind) || public {
            return Err(other_grant(kind, &client));
        }
        let exchange = Exchange {
            resources: resources(
                &self.tokens.issuer,
                &self.store,
                &client,
                form.all("resource"),
            )
            .await?,
            presented: presented(kind, &client, form)?,
            endpoint: self.clone(),
            client,
            context,
            secret,
        };
        let answer = oxide::exchange(exchange, form).await?;
        self.metrics.token(kind.as_str());
        Ok(answer)
    }
}

fn unknown_grant(grant: &str) -> OAuthError {
    let known = [
        GrantType::AuthorizationCode,
        GrantType::RefreshToken,
        GrantType::ClientCredentials,
    ];
    let why = "grant_type must be authorization_code, refresh_token or client_credentials";
    OAuthError::new("unsupported_grant_type", why).about(RejectedParameter::new(
        "grant_type",
        grant,
        known.map(GrantType::as_str),
    ))
}

/// Error for a grant that the client is not registered for.
pub(super) fn other_grant(grant: GrantType, client: &Client) -> OAuthError {
    let registered = client.grant_types.iter().map(|grant| grant.as_str());
    let why = "the client is not registered for this grant";
    OAuthError::new("unauthorized_client", why).about(RejectedParameter::new(
        "grant_type",
        grant.as_str(),
        registered,
    ))
}

/// Error for scopes that the client is not registered for.
pub(super) fn other_scope(asked: &str, registered: &ScopeSet) -> OAuthError {
    let registered = registered.iter().map(Scope::as_str);
    OAuthError::scope("the client is not registered for this scope")
        .about(RejectedParameter::new("scope", asked, registered))
}

/// Audiences a client may request, RFC 8707 section 2: for a dynamically registered one, those of all operators'
/// clients.
///
/// # Errors
/// `invalid_target`.
pub(super) async fn resources(
    issuer: &str,
    store: &Store,
    client: &Client,
    asked: Vec<String>,
) -> Result<Vec<String>, OAuthError> {
    let operators = if client.dynamic && !asked.is_empty() {
        Some(store.operator_resources().await?)
    } else {
        None
    };
    let registered = || {
        let own = client
            .resources
            .iter()
            .chain(&client.policy.default_resource);
        let all = own.chain(operators.iter().flat_map(|all| all.iter()));
        std::iter::once(issuer).chain(all.map(String::as_str))
    };
    let known = |asked: &str| {
        let mut same = registered().filter(|known| is_same_resource(known, asked));
        same.next().map(str::to_owned)
    };
    let mut resources = Vec::new();
    for uri in asked {
        let Some(resource) = known(&uri) else {
            let why = "the resource is not one this client is registered for";
            let sent = RejectedParameter::uri("resource", &uri, registered());
            return Err(OAuthError::new("invalid_target", why).about(sent));
        };
        if !resources.contains(&resource) {
            resources.push(resource);
        }
        if resources.len() > MAX_RESOURCES {
            let why = format!("there must be at most {MAX_RESOURCES} resources");
            return Err(OAuthError::new("invalid_target", why));
        }
    }
    Ok(resources)
}

/// The parameters that a grant needs, checked before its flow starts.
fn presented(kind: GrantType, client: &Client, form: &Form) -> Result<Presented, OAuthError> {
    let scope = form.get("scope").map(scopes).transpose()?;
    match kind {
        GrantType::ClientCredentials => {
            let own = own_scopes(client);
            match scope {
                Some(scope) if !own.covers_all(&scope) => {
                    Err(other_scope(&scope.to_string(), &own))
                }
                _ => Ok(Presented::ClientCredentials),
            }
        }
        GrantType::AuthorizationCode => {
            let verifier = form.get("code_verifier");
            // RFC 7636 section 4.1.
            let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
            let well_formed = |verifier: &str| {
                (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved)
            };
            if verifier.is_some_and(|verifier| !well_formed(verifier)) {
                return Err(OAuthError::grant(
                    "code_verifier must be 43 to 128 unreserved characters",
                ));
            }
            Ok(Presented::Code {
                hash: Digest256::of(form.require("code")?.as_bytes()),
                redirect_uri: form.require("redirect_uri")?.to_owned(),
                verified: verifier.is_some(),
                found: None,
            })
        }
        GrantType::RefreshToken => Ok(Presented::Refresh {
            used: form.require("refresh_token")?.to_owned().into(),
            scope,
        }),
    }
}

/// Parses the scopes of a request.
///
/// # Errors
/// `invalid_scope` for a malformed one.
pub(crate) fn scopes(text: &str) -> Result<ScopeSet, OAuthError> {
    let bad = || {
        OAuthError::scope("a scope is malformed")
            .about(RejectedParameter::new("scope", text, [""; 0]))
    };
    // RFC 6749 section 3.3: separated by single spaces.
    if text.len() > 8 * 1024 {
        return Err(bad());
    }
    let scopes = ScopeSet::parse(text).map_err(|_| bad())?;
    // A parameter without a value counts as omitted; one of spaces has a value without a scope.
    if scopes.is_empty() {
        return Err(bad());
    }
    Ok(scopes)
}
