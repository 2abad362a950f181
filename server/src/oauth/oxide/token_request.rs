//! The three grants of the token endpoint, RFC 6749 sections 4.1.3, 4.4.2 and 6, and the verifier of PKCE.

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Days, Utc};
use doorward_shared::ScopeSet;
use oxide_auth::{
    code_grant::{accesstoken::Request as AccessTokenRequest, extensions::Pkce},
    endpoint::{OAuthError as OxideError, OwnerConsent, Scopes, Solicitation, Template},
    primitives::{
        grant::{Extensions, Grant},
        issuer::{IssuedToken, RefreshedToken, TokenType},
    },
};
use oxide_auth_async::{
    code_grant::access_token::Extension as AccessTokenExtension,
    endpoint::{
        Endpoint, Extension, OwnerSolicitor, access_token::AccessTokenFlow,
        client_credentials::ClientCredentialsFlow, refresh::RefreshFlow,
    },
    primitives::{Authorizer, Issuer, Registrar},
};

use super::{
    client::{OneClient, scope, some_url},
    web::{Request, Response, normalized},
};
use crate::{
    domain::{AuthorizationCode, GrantType},
    oauth::{
        Form, OAuthError, TokenAnswer,
        grants::{BAD_CODE, Exchange},
    },
};

/// One request under way. Plays every part that its flow asks for, but the registrar's.
struct Run {
    exchange: Exchange,
    registrar: OneClient,
    pkce: Pkce,
    /// What the flow came to by our doing.
    reached: Option<Result<TokenAnswer, OAuthError>>,
}

/// Exchanges a grant for tokens.
///
/// # Errors
/// [`OAuthError`], RFC 6749 section 5.2.
pub(in crate::oauth) async fn exchange(
    exchange: Exchange,
    form: &Form,
) -> Result<TokenAnswer, OAuthError> {
    let kind = exchange.kind();
    let request = token_request(&exchange, form)?;
    let registrar = OneClient {
        client: exchange.client.clone(),
        redirect_uri: None,
        alone: kind == GrantType::ClientCredentials,
    };
    let mut run = Run {
        exchange,
        registrar,
        pkce: Pkce::required(),
        reached: None,
    };
    let done = match kind {
        GrantType::ClientCredentials => {
            let mut flow = ClientCredentialsFlow::prepare(&mut run)?;
            flow.execute(request).await
        }
        GrantType::AuthorizationCode => {
            let mut flow = AccessTokenFlow::prepare(&mut run)?;
            flow.execute(request).await
        }
        GrantType::RefreshToken => {
            let mut flow = RefreshFlow::prepare(&mut run)?;
            flow.execute(request).await
        }
    };
    if let Some(reached) = run.reached {
        return reached;
    }
    let response = done?;
    Err(match (kind, response.error.as_deref()) {
        _ if response.unauthorized => OAuthError::client(true),
        (_, Some("invalid_scope")) => OAuthError::scope("the scope is not allowed"),
        (GrantType::AuthorizationCode, _) => OAuthError::grant(BAD_CODE),
        (GrantType::RefreshToken, _) => OAuthError::grant("the refresh token is not valid"),
        _ => OAuthError::request("the request is not complete"),
    })
}

/// The request as the flow reads it. It sees one way of authentication, whichever was used: the secret was compared
/// before.
fn token_request(exchange: &Exchange, form: &Form) -> Result<Request, OAuthError> {
    let ours = ["client_id", "client_secret", "scope", "resource"];
    let mut pairs: Vec<_> = form
        .pairs()
        .iter()
        .filter(|(name, _)| !ours.contains(&name.as_str()))
        .cloned()
        .collect();
    // A scope that names nothing is left out: the flow takes "" for a scope it cannot read.
    let scope = exchange.scope(form).filter(|scope| !scope.is_empty());
    pairs.extend(scope.map(|scope| ("scope".into(), scope)));
    let id = exchange.client.id.to_string();
    let basic =
        exchange.client.is_confidential() || exchange.kind() == GrantType::ClientCredentials;
    let authorization = if basic {
        Some(format!(
            "Basic {}",
            BASE64_STANDARD.encode(format!("{id}:-"))
        ))
    } else {
        pairs.push(("client_id".into(), id));
        None
    };
    Ok(Request {
        body: normalized(&Form::checked(pairs)?),
        authorization,
        ..Request::default()
    })
}

/// A moment that no flow takes for past: lifetimes are judged by our own clock and storage.
#[expect(
    clippy::disallowed_methods,
    reason = "the flow compares it with the same clock"
)]
fn far() -> DateTime<Utc> {
    Utc::now()
        .checked_add_days(Days::new(3650))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Run {
    fn fail<T>(&mut self, failure: OAuthError) -> Result<T, ()> {
        self.reached = Some(Err(failure));
        Err(())
    }

    fn grant(&self, owner: String, scopes: &ScopeSet, uri: &str) -> Option<Grant> {
        Some(Grant {
            owner_id: owner,
            client_id: self.exchange.client.id.to_string(),
            scope: scope(scopes).ok()?,
            redirect_uri: some_url(uri).ok()?,
            until: far(),
            extensions: Extensions::new(),
        })
    }

    /// What a code stands for, with the challenge that the verifier has to fit.
    fn grant_of(&self, code: &AuthorizationCode) -> Result<Option<Grant>, ()> {
        let owner = code.user_id.to_string();
        let mut grant = self.grant(owner, &code.scope, &code.redirect_uri);
        if let (Some(grant), Some(challenge)) = (&mut grant, &code.challenge) {
            let method = Some("S256".into());
            let challenge = self
                .pkce
                .challenge(method, Some(challenge.as_str().into()))?;
            if let Some(challenge) = challenge {
                grant.extensions.set(&self.pkce, challenge);
            }
        }
        Ok(grant)
    }

    /// Issues what the grant is worth. The flow gets to know that it was, and nothing of it is sent.
    async fn issued(&mut self, scope: &str) -> Result<IssuedToken, ()> {
        match self.exchange.issue(scope).await {
            Ok(answer) => {
                self.reached = Some(Ok(answer));
                Ok(IssuedToken {
                    token: String::new(),
                    refresh: None,
                    until: far(),
                    token_type: TokenType::Bearer,
                })
            }
            Err(failure) => self.fail(failure),
        }
    }
}

#[async_trait]
impl Authorizer for Run {
    async fn authorize(&mut self, _: Grant) -> Result<String, ()> {
        // Codes are made where the consent is given.
        Err(())
    }

    async fn extract(&mut self, _: &str) -> Result<Option<Grant>, ()> {
        match self.exchange.find_code().await {
            Ok(Some(code)) => self.grant_of(&code),
            Ok(None) => Ok(None),
            Err(failure) => self.fail(failure),
        }
    }
}

/// PKCE, RFC 7636. Whether it is needed was judged before: a verifier that came is checked here.
#[async_trait]
impl AccessTokenExtension for Run {
    async fn extend(
        &mut self,
        request: &(dyn AccessTokenRequest + Sync),
        mut data: Extensions,
    ) -> Result<Extensions, ()> {
        let verifier = request.extension("code_verifier");
        match data.remove(&self.pkce) {
            None if verifier.is_none() => {}
            // Without a challenge it fails, as it must.
            challenge => self.pkce.verify(challenge, verifier)?,
        }
        Ok(Extensions::new())
    }
}

impl Extension for Run {
    fn access_token(&mut self) -> Option<&mut (dyn AccessTokenExtension + Send)> {
        Some(self)
    }
}

#[async_trait]
impl OwnerSolicitor<Request> for Run {
    async fn check_consent(
        &mut self,
        _: &mut Request,
        asked: Solicitation<'_>,
    ) -> OwnerConsent<Response> {
        // With client credentials the client itself is the owner, RFC 6749 section 4.4.
        OwnerConsent::Authorized(asked.pre_grant().client_id.clone())
    }
}

#[async_trait]
impl Issuer for Run {
    async fn issue(&mut self, grant: Grant) -> Result<IssuedToken, ()> {
        self.issued(&grant.scope.to_string()).await
    }

    async fn refresh(&mut self, _: &str, _: Grant) -> Result<RefreshedToken, ()> {
        let issued = self.issued("").await?;
        Ok(RefreshedToken {
            token: issued.token,
            refresh: issued.refresh,
            until: issued.until,
            token_type: issued.token_type,
        })
    }

    async fn recover_token(&mut self, _: &str) -> Result<Option<Grant>, ()> {
        Ok(None)
    }

    async fn recover_refresh(&mut self, _: &str) -> Result<Option<Grant>, ()> {
        // The one check-and-set that issues decides; what is asked for is bounded there too. For the flow the grant is
        // as wide as what is asked for.
        let scope = self.exchange.refreshed_scope().ok_or(())?;
        Ok(self.grant(String::new(), &scope, "http://localhost/"))
    }
}

impl Endpoint<Request> for &mut Run {
    type Error = OAuthError;

    fn registrar(&self) -> Option<&(dyn Registrar + Sync)> {
        Some(&self.registrar)
    }

    fn authorizer_mut(&mut self) -> Option<&mut (dyn Authorizer + Send)> {
        Some(*self)
    }

    fn issuer_mut(&mut self) -> Option<&mut (dyn Issuer + Send)> {
        Some(*self)
    }

    fn owner_solicitor(&mut self) -> Option<&mut (dyn OwnerSolicitor<Request> + Send)> {
        Some(*self)
    }

    fn scopes(&mut self) -> Option<&mut dyn Scopes<Request>> {
        None
    }

    fn response(&mut self, _: &mut Request, _: Template<'_>) -> Result<Response, OAuthError> {
        Ok(Response::default())
    }

    fn error(&mut self, error: OxideError) -> OAuthError {
        match error {
            OxideError::BadRequest => OAuthError::request("the request is not complete"),
            OxideError::DenySilently => OAuthError::scope("the scope is not allowed"),
            OxideError::PrimitiveError => OAuthError::server(),
        }
    }

    fn web_error(&mut self, error: OAuthError) -> OAuthError {
        error
    }

    fn extension(&mut self) -> Option<&mut (dyn Extension + Send)> {
        Some(*self)
    }
}
