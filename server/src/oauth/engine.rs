//! Doorward's registrar, authorizer, issuer and owner solicitor, behind the traits of `oxide-auth-async`.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Days, Utc};
use doorward_shared::ScopeSet;
use oxide_auth::{
    code_grant::extensions::Pkce,
    endpoint::{OAuthError, OwnerConsent, Scopes, Solicitation, Template},
    primitives::{
        grant::{Extensions, Grant},
        issuer::{IssuedToken, RefreshedToken, TokenType},
        registrar::{BoundClient, ClientUrl, PreGrant, RegisteredUrl, RegistrarError},
        scope::Scope,
    },
};
use oxide_auth_async::{
    code_grant::{
        access_token::Extension as AccessTokenExtension,
        authorization::Extension as AuthorizationExtension,
    },
    endpoint::{Endpoint, Extension, OwnerSolicitor},
    primitives::{Authorizer, Issuer, Registrar},
};
use url::Url;

use super::{
    Failure,
    adapter::{OAuthRequest, OAuthResponse},
    token::{self, TokenAnswer},
};
use crate::{
    app::Doorward,
    crypto::secret::{Digest256, Secret},
    domain::{Cause, Client, Code},
};

/// One token request of a client that has shown who it is.
pub(super) struct Engine {
    pub registrar: KnownClient,
    pub grants: Grants,
    pub pkce: PkceCheck,
}

impl Engine {
    pub fn new(grants: Grants) -> Self {
        let registrar = KnownClient {
            client: grants.client.clone(),
        };
        Self {
            registrar,
            grants,
            pkce: PkceCheck::default(),
        }
    }
}

/// The client of this request, which has been authenticated before the flow starts.
pub(super) struct KnownClient {
    client: Arc<Client>,
}

/// Finds grants and issues tokens, and remembers what to answer.
pub(super) struct Grants {
    pub doorward: Doorward,
    pub client: Arc<Client>,
    pub kind: Kind,
    pub cause: Cause,
    /// Audiences that were asked for, all of which the client may ask for.
    pub resources: Vec<String>,
    /// The secret that the client has shown.
    pub secret: Option<Digest256>,
    /// Set when a flow has issued something.
    pub answer: Option<TokenAnswer>,
    /// Why a part of ours said no, where the flow only knows that it did.
    pub failure: Option<Failure>,
}

/// What is asked for tokens with.
#[expect(clippy::large_enum_variant, reason = "one for each request")]
pub(super) enum Kind {
    ClientCredentials,
    Code {
        hash: Digest256,
        redirect_uri: String,
        /// Whether a PKCE verifier came.
        verified: bool,
        found: Option<Code>,
    },
    Refresh {
        used: Secret,
        scope: Option<ScopeSet>,
    },
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

/// A URL for flows that must have one; it is never answered.
fn some_url(text: &str) -> Result<Url, RegistrarError> {
    Url::parse(text)
        .or_else(|_| Url::parse("http://localhost/"))
        .map_err(|_| RegistrarError::PrimitiveError)
}

fn scope(scopes: &ScopeSet) -> Result<Scope, RegistrarError> {
    scopes
        .to_string()
        .parse()
        .map_err(|_| RegistrarError::Unspecified)
}

#[async_trait]
impl Registrar for KnownClient {
    async fn bound_redirect<'a>(
        &self,
        bound: ClientUrl<'a>,
    ) -> Result<BoundClient<'a>, RegistrarError> {
        let uri = bound
            .redirect_uri
            .as_ref()
            .map_or("http://localhost/", |uri| uri.as_str());
        Ok(BoundClient {
            client_id: bound.client_id,
            redirect_uri: std::borrow::Cow::Owned(RegisteredUrl::from(some_url(uri)?)),
        })
    }

    async fn negotiate<'a>(
        &self,
        client: BoundClient<'a>,
        wanted: Option<Scope>,
    ) -> Result<PreGrant, RegistrarError> {
        let allowed = scope(&self.client.scopes)?;
        Ok(PreGrant {
            client_id: client.client_id.into_owned(),
            redirect_uri: client.redirect_uri.into_owned(),
            scope: wanted.unwrap_or(allowed),
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

impl Grants {
    fn fail<T>(&mut self, failure: impl Into<Failure>) -> Result<T, ()> {
        self.failure = Some(failure.into());
        Err(())
    }

    fn issued(&mut self, answer: Result<TokenAnswer, Failure>) -> Result<IssuedToken, ()> {
        match answer {
            Ok(answer) => {
                let token = IssuedToken {
                    token: answer.access_token.clone(),
                    refresh: answer.refresh_token.clone(),
                    until: far(),
                    token_type: TokenType::Bearer,
                };
                self.answer = Some(answer);
                Ok(token)
            }
            Err(failure) => self.fail(failure),
        }
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
}

#[async_trait]
impl Authorizer for Grants {
    async fn authorize(&mut self, _: Grant) -> Result<String, ()> {
        // Codes are made where the consent is given, not at the token endpoint.
        Err(())
    }

    async fn extract(&mut self, _: &str) -> Result<Option<Grant>, ()> {
        let Kind::Code {
            hash,
            redirect_uri,
            verified,
            ..
        } = &self.kind
        else {
            return Err(());
        };
        let (hash, redirect_uri, verified) = (*hash, redirect_uri.clone(), *verified);
        let code = match self.doorward.store.code(hash).await {
            Ok(code) => code,
            Err(error) => return self.fail(error),
        };
        let Some(code) = code.filter(|code| code.client_id == self.client.id) else {
            return Ok(None);
        };
        if code.used_at.is_some() {
            if let Err(error) = self
                .doorward
                .store
                .replay_code(hash, self.cause.clone())
                .await
            {
                return self.fail(error);
            }
            return Ok(None);
        }
        if code.expires_at <= self.cause.at || code.redirect_uri != redirect_uri {
            return Ok(None);
        }
        // RFC 9700 sections 2.1.1 and 4.8.2: neither half of PKCE without the other.
        match (&code.challenge, verified) {
            (Some(_), false) => return self.fail(Failure::grant("code_verifier is missing")),
            (None, true) => {
                let reason = "code_verifier came for a code that had no code_challenge";
                return self.fail(Failure::grant(reason));
            }
            _ => {}
        }
        let mut grant = self.as_grant(code.user_id.to_string(), &code.scope, &redirect_uri);
        if let (Some(grant), Some(challenge)) = (&mut grant, &code.challenge) {
            let challenge =
                Pkce::required().challenge(Some("S256".into()), Some(challenge.as_str().into()))?;
            if let Some(challenge) = challenge {
                grant.extensions.set(&Pkce::required(), challenge);
            }
        }
        if let Kind::Code { found, .. } = &mut self.kind {
            *found = Some(code);
        }
        Ok(grant)
    }
}

#[async_trait]
impl Issuer for Grants {
    async fn issue(&mut self, grant: Grant) -> Result<IssuedToken, ()> {
        let answer = match &self.kind {
            Kind::ClientCredentials => {
                let scopes = ScopeSet::parse(&grant.scope.to_string()).map_err(drop)?;
                let now = self.cause.at;
                token::client_credentials(
                    &self.doorward,
                    &self.client,
                    (&scopes, &self.resources),
                    self.secret,
                    now,
                )
            }
            Kind::Code {
                hash,
                found: Some(code),
                ..
            } => {
                let code = (*hash, code.clone());
                let resources = self.resources.clone();
                token::code(
                    &self.doorward,
                    &self.client,
                    code,
                    resources,
                    self.cause.clone(),
                )
                .await
            }
            _ => return Err(()),
        };
        self.issued(answer)
    }

    async fn refresh(&mut self, _: &str, _: Grant) -> Result<RefreshedToken, ()> {
        let Kind::Refresh { used, scope } = &self.kind else {
            return Err(());
        };
        let asked = (used.clone(), scope.clone(), self.resources.clone());
        let answer = token::refresh(&self.doorward, &self.client, asked, self.cause.clone()).await;
        let issued = self.issued(answer)?;
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
        // The one check-and-set in `refresh` decides; what is asked for is bounded there too. For the flow the grant
        // is as wide as what is asked for.
        let Kind::Refresh { scope, .. } = &self.kind else {
            return Err(());
        };
        let scope = scope.clone().unwrap_or_default();
        Ok(self.as_grant(String::new(), &scope, "http://localhost/"))
    }
}

#[async_trait]
impl OwnerSolicitor<OAuthRequest> for Grants {
    /// With client credentials the client itself is the owner, RFC 6749 section 4.4.
    async fn check_consent(
        &mut self,
        _: &mut OAuthRequest,
        asked: Solicitation<'_>,
    ) -> OwnerConsent<OAuthResponse> {
        OwnerConsent::Authorized(asked.pre_grant().client_id.clone())
    }
}

/// PKCE, RFC 7636, with `S256` alone. Whether it is needed was judged before: a challenge or a verifier that came is
/// checked here.
pub(super) struct PkceCheck(Pkce);

impl Default for PkceCheck {
    fn default() -> Self {
        Self(Pkce::required())
    }
}

#[async_trait]
impl AuthorizationExtension for PkceCheck {
    async fn extend(
        &mut self,
        request: &(dyn oxide_auth::code_grant::authorization::Request + Sync),
    ) -> Result<Extensions, ()> {
        if request.extension("code_challenge").is_none() {
            return Ok(Extensions::new());
        }
        let challenge = self.0.challenge(
            request.extension("code_challenge_method"),
            request.extension("code_challenge"),
        )?;
        let mut extensions = Extensions::new();
        if let Some(challenge) = challenge {
            extensions.set(&self.0, challenge);
        }
        Ok(extensions)
    }
}

#[async_trait]
impl AccessTokenExtension for PkceCheck {
    async fn extend(
        &mut self,
        request: &(dyn oxide_auth::code_grant::accesstoken::Request + Sync),
        mut data: Extensions,
    ) -> Result<Extensions, ()> {
        let verifier = request.extension("code_verifier");
        match data.remove(&self.0) {
            None if verifier.is_none() => {}
            // Without a challenge it fails, as it must.
            challenge => self.0.verify(challenge, verifier)?,
        }
        Ok(Extensions::new())
    }
}

impl Extension for PkceCheck {
    fn authorization(&mut self) -> Option<&mut (dyn AuthorizationExtension + Send)> {
        Some(self)
    }

    fn access_token(&mut self) -> Option<&mut (dyn AccessTokenExtension + Send)> {
        Some(self)
    }
}

impl Endpoint<OAuthRequest> for &mut Engine {
    type Error = Failure;

    fn registrar(&self) -> Option<&(dyn Registrar + Sync)> {
        Some(&self.registrar)
    }

    fn authorizer_mut(&mut self) -> Option<&mut (dyn Authorizer + Send)> {
        Some(&mut self.grants)
    }

    fn issuer_mut(&mut self) -> Option<&mut (dyn Issuer + Send)> {
        Some(&mut self.grants)
    }

    fn owner_solicitor(&mut self) -> Option<&mut (dyn OwnerSolicitor<OAuthRequest> + Send)> {
        Some(&mut self.grants)
    }

    fn scopes(&mut self) -> Option<&mut dyn Scopes<OAuthRequest>> {
        None
    }

    fn response(
        &mut self,
        _: &mut OAuthRequest,
        _: Template<'_>,
    ) -> Result<OAuthResponse, Failure> {
        Ok(OAuthResponse::default())
    }

    fn error(&mut self, error: OAuthError) -> Failure {
        match error {
            OAuthError::BadRequest => Failure::request("the request is not complete"),
            OAuthError::DenySilently => Failure::scope("the scope is not allowed"),
            OAuthError::PrimitiveError => Failure::server(),
        }
    }

    fn web_error(&mut self, error: Failure) -> Failure {
        error
    }

    fn extension(&mut self) -> Option<&mut (dyn Extension + Send)> {
        Some(&mut self.pkce)
    }
}
