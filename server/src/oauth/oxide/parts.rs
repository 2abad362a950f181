//! The parts that a flow asks for: registrar, owner solicitor, authorizer, issuer.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use async_trait::async_trait;
use chrono::{DateTime, Days, Utc};
use doorward_shared::ScopeSet;
use oxide_auth::{
    code_grant::extensions::Pkce,
    endpoint::{OwnerConsent, Solicitation},
    primitives::{
        grant::{Extensions, Grant},
        issuer::{IssuedToken, RefreshedToken, TokenType},
        registrar::{BoundClient, ClientUrl, PreGrant, RegisteredUrl, RegistrarError},
        scope::Scope,
    },
};
use oxide_auth_async::{
    endpoint::OwnerSolicitor,
    primitives::{Authorizer, Issuer, Registrar},
};
use url::Url;

use super::web::{Request, Response};
use crate::{
    domain::{Client, GrantType},
    oauth::{
        Failure, TokenAnswer,
        authorize::Next,
        exchange::{Exchange, own_scopes},
        owner::{Decision, Owner},
    },
};

/// What is asked of us while a flow runs.
#[expect(clippy::large_enum_variant, reason = "one for each request")]
pub(super) enum Port {
    Owner(Owner),
    Exchange(Exchange),
}

impl Port {
    /// Whether a client asks for itself.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self, Self::Exchange(exchange) if exchange.kind() == GrantType::ClientCredentials)
    }
}

/// What a flow came to by our doing.
pub(super) enum Reached {
    Next(Next),
    Issued(TokenAnswer),
    Failed(Failure),
}

/// What a flow asks of us, and what came of it.
pub(super) struct Parts {
    pub port: Port,
    pub client: Arc<Client>,
    pub reached: Option<Reached>,
}

/// The client of a request, which is known, or has been authenticated, before the flow starts.
pub(super) struct OneClient {
    pub client: Arc<Client>,
    /// The only one there is to this request, where it has one.
    pub redirect_uri: Option<String>,
    /// Whether it asks for itself, with client credentials.
    pub alone: bool,
}

/// A URL for flows that must have one; the browser is sent to the one that came, character by character.
fn some_url(text: &str) -> Result<Url, RegistrarError> {
    static SOME: LazyLock<Option<Url>> = LazyLock::new(|| Url::parse("http://localhost/").ok());
    let given = (!text.is_empty()).then(|| Url::parse(text).ok());
    let url = given.flatten().or_else(|| SOME.clone());
    url.ok_or(RegistrarError::PrimitiveError)
}

fn scope(scopes: &ScopeSet) -> Result<Scope, RegistrarError> {
    let scopes = scopes.to_string().parse();
    scopes.map_err(|_| RegistrarError::Unspecified)
}

#[async_trait]
impl Registrar for OneClient {
    async fn bound_redirect<'a>(
        &self,
        bound: ClientUrl<'a>,
    ) -> Result<BoundClient<'a>, RegistrarError> {
        let asked = bound.redirect_uri.as_ref().map(|uri| uri.as_str());
        let other = self.redirect_uri.is_some() && asked != self.redirect_uri.as_deref();
        if bound.client_id != self.client.id.to_string() || other {
            return Err(RegistrarError::Unspecified);
        }
        let url = match &self.redirect_uri {
            Some(uri) => uri.parse().map_err(|_| RegistrarError::PrimitiveError)?,
            None => some_url(asked.unwrap_or_default())?,
        };
        Ok(BoundClient {
            client_id: bound.client_id,
            redirect_uri: Cow::Owned(RegisteredUrl::Semantic(url)),
        })
    }

    async fn negotiate<'a>(
        &self,
        client: BoundClient<'a>,
        wanted: Option<Scope>,
    ) -> Result<PreGrant, RegistrarError> {
        let unknown = |_| RegistrarError::Unspecified;
        let asked = match wanted {
            Some(wanted) => ScopeSet::parse(&wanted.to_string()).map_err(unknown)?,
            // A client that may do nothing by itself is given nothing.
            None if self.alone => own_scopes(&self.client),
            None => self.client.scopes.clone(),
        };
        if !self.client.scopes.covers_all(&asked) {
            return Err(RegistrarError::Unspecified);
        }
        Ok(PreGrant {
            client_id: client.client_id.into_owned(),
            redirect_uri: client.redirect_uri.into_owned(),
            scope: scope(&asked)?,
        })
    }

    async fn check(&self, client_id: &str, _: Option<&[u8]>) -> Result<(), RegistrarError> {
        // Its secret was compared before the flow started; the flow must speak of the same client.
        if client_id == self.client.id.to_string() {
            Ok(())
        } else {
            Err(RegistrarError::Unspecified)
        }
    }
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

impl Parts {
    fn fail<T>(&mut self, failure: Failure) -> Result<T, ()> {
        self.reached = Some(Reached::Failed(failure));
        Err(())
    }

    fn as_grant(&self, owner: String, scopes: &ScopeSet, uri: &str) -> Option<Grant> {
        Some(Grant {
            owner_id: owner,
            client_id: self.client.id.to_string(),
            scope: scope(scopes).ok()?,
            redirect_uri: some_url(uri).ok()?,
            until: far(),
            extensions: Extensions::new(),
        })
    }

    /// Issues what the grant is worth. The flow gets to know that it was, and nothing of it is sent.
    async fn issued(&mut self, scope: &str) -> Result<IssuedToken, ()> {
        let Port::Exchange(exchange) = &self.port else {
            return Err(());
        };
        match exchange.issue(scope).await {
            Ok(answer) => {
                let token = IssuedToken {
                    token: String::new(),
                    refresh: None,
                    until: far(),
                    token_type: TokenType::Bearer,
                };
                self.reached = Some(Reached::Issued(answer));
                Ok(token)
            }
            Err(failure) => self.fail(failure),
        }
    }
}

#[async_trait]
impl OwnerSolicitor<Request> for Parts {
    async fn check_consent(
        &mut self,
        _: &mut Request,
        asked: Solicitation<'_>,
    ) -> OwnerConsent<Response> {
        let owner = match &mut self.port {
            Port::Owner(owner) => owner,
            // With client credentials the client itself is the owner, RFC 6749 section 4.4.
            Port::Exchange(_) => {
                return OwnerConsent::Authorized(asked.pre_grant().client_id.clone());
            }
        };
        match owner.decide().await {
            Ok(Decision::Ask(next)) => {
                self.reached = Some(Reached::Next(next));
                OwnerConsent::InProgress(Response::default())
            }
            Ok(Decision::Grant { user, scope }) => {
                owner.granted = Some(scope);
                OwnerConsent::Authorized(user.to_string())
            }
            Err(failure) => {
                self.reached = Some(Reached::Failed(failure));
                OwnerConsent::Denied
            }
        }
    }
}

#[async_trait]
impl Authorizer for Parts {
    async fn authorize(&mut self, _: Grant) -> Result<String, ()> {
        let Port::Owner(owner) = &self.port else {
            // Codes are made where the consent is given, not at the token endpoint.
            return Err(());
        };
        match owner.make_code().await {
            Ok(code) => {
                self.reached = Some(Reached::Next(Next::Answer(owner.answer(&code))));
                Ok(code)
            }
            Err(failure) => self.fail(failure),
        }
    }

    async fn extract(&mut self, _: &str) -> Result<Option<Grant>, ()> {
        let Port::Exchange(exchange) = &mut self.port else {
            // Codes are used at the token endpoint.
            return Err(());
        };
        let code = match exchange.find_code().await {
            Ok(Some(code)) => code,
            Ok(None) => return Ok(None),
            Err(failure) => return self.fail(failure),
        };
        let owner = code.user_id.to_string();
        let mut grant = self.as_grant(owner, &code.scope, &code.redirect_uri);
        if let (Some(grant), Some(challenge)) = (&mut grant, &code.challenge) {
            let pkce = Pkce::required();
            let challenge = pkce.challenge(Some("S256".into()), Some(challenge.as_str().into()))?;
            if let Some(challenge) = challenge {
                grant.extensions.set(&pkce, challenge);
            }
        }
        Ok(grant)
    }
}

#[async_trait]
impl Issuer for Parts {
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
        let Port::Exchange(exchange) = &self.port else {
            return Err(());
        };
        let scope = exchange.refreshed_scope().ok_or(())?;
        Ok(self.as_grant(String::new(), &scope, "http://localhost/"))
    }
}
