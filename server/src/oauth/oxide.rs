//! The adapter to `oxide-auth`, which no other file of the crate uses: its state machines run the authorization request
//! (RFC 6749 section 4.1.1) and the three grants of the token endpoint (sections 4.1.3, 4.4.2 and 6).
//!
//! The library decides which parameters a flow needs and that each is there once, that a code or a refresh token is
//! presented by the client it was issued to, and PKCE: whether the verifier is the preimage of the challenge (RFC 7636
//! section 4.6). Decisions that its types cannot express are made by our code during the flow: who the client is
//! (`client_auth.rs`), what the user allows (`resource_owner.rs`), and whether a code or a refresh token is valid and
//! what is issued for it (`token_issuance.rs`, and the rules of `domain/rules`). Its responses are discarded: only the
//! outcome of a flow is read from them.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use doorward_shared::ScopeSet;
use oxide_auth::{
    code_grant::error::{AccessTokenErrorType, AuthorizationErrorType},
    endpoint::{OAuthError as OxideError, OwnerConsent, Scopes, Solicitation, Template},
    frontends::simple::{
        extensions::{AddonList, Extended, Pkce},
        request::{NoError, Request, Response},
    },
    primitives::{
        grant::{Extensions, Grant},
        issuer::{IssuedToken, RefreshedToken},
        registrar::{BoundClient, ClientUrl, PreGrant, RegisteredUrl, RegistrarError},
        scope::Scope,
    },
};
use oxide_auth_async::{
    endpoint::{
        Endpoint, OwnerSolicitor, access_token::AccessTokenFlow, authorization::AuthorizationFlow,
        client_credentials::ClientCredentialsFlow, refresh::RefreshFlow,
    },
    primitives::{Authorizer, Issuer, Registrar},
};
use url::Url;

use super::{
    Form, OAuthError, TokenAnswer,
    authorization_request::bad_redirect,
    authorize::AuthorizationOutcome,
    resource_owner::{Decision, ResourceOwner},
    token_issuance::{BAD_CODE, Exchange},
};
use crate::domain::{AuthorizationCode, Client, GrantType};

/// One request being processed: implements every trait that its flow requires.
struct FlowEndpoint {
    asks: FlowParty,
    client: Arc<Client>,
    /// The error, if our code rejects it.
    refused: Option<OAuthError>,
}

/// The client of a request, and the outcome.
#[expect(clippy::large_enum_variant, reason = "one for each request")]
enum FlowParty {
    Person(ResourceOwner, Option<AuthorizationOutcome>),
    Client(Exchange, Option<TokenAnswer>),
}

/// Advances an authorization request. The inner error is reported to the client.
///
/// # Errors
/// [`OAuthError`], shown on a page.
pub(super) async fn authorize(
    owner: ResourceOwner,
    parameters: HashMap<String, String>,
) -> Result<Result<AuthorizationOutcome, OAuthError>, OAuthError> {
    let request = Request {
        query: parameters,
        ..Request::default()
    };
    let mut run = FlowEndpoint::new(owner.client.clone(), FlowParty::Person(owner, None));
    let done = AuthorizationFlow::prepare(run.with_pkce())?
        .execute(request)
        .await;
    match (run.refused, run.asks) {
        // The request is valid: storage failed, and the user may try again.
        (Some(failure), _) if failure.status >= 500 => Err(failure),
        (Some(failure), _) => Ok(Err(failure)),
        (None, FlowParty::Person(_, Some(next))) => Ok(Ok(next)),
        (None, _) => Err(done.err().unwrap_or_else(OAuthError::server)),
    }
}

/// Exchanges a grant for tokens.
///
/// # Errors
/// [`OAuthError`], RFC 6749 section 5.2.
pub(super) async fn exchange(exchange: Exchange, form: &Form) -> Result<TokenAnswer, OAuthError> {
    let (kind, request) = (exchange.kind(), token_request(&exchange, form));
    let mut run = FlowEndpoint::new(exchange.client.clone(), FlowParty::Client(exchange, None));
    let endpoint = run.with_pkce();
    let done = match kind {
        GrantType::ClientCredentials => {
            let mut flow = ClientCredentialsFlow::prepare(endpoint)?;
            flow.execute(request).await
        }
        GrantType::AuthorizationCode => AccessTokenFlow::prepare(endpoint)?.execute(request).await,
        GrantType::RefreshToken => RefreshFlow::prepare(endpoint)?.execute(request).await,
    };
    match (run.refused, run.asks) {
        (Some(failure), _) => Err(failure),
        (None, FlowParty::Client(_, Some(answer))) => Ok(answer),
        (None, _) => Err(done.err().unwrap_or_else(OAuthError::server)),
    }
}

/// The request as the flow reads it. For every confidential client it sees HTTP Basic, whichever method was
/// used: the client was authenticated before.
fn token_request(exchange: &Exchange, form: &Form) -> Request {
    let mut urlbody = exchange.parameters(form);
    let id = exchange.client.id.to_string();
    let is_service = exchange.kind() == GrantType::ClientCredentials;
    let mut auth = None;
    if exchange.client.is_confidential() || is_service {
        let basic = BASE64_STANDARD.encode(format!("{id}:-"));
        auth = Some(format!("Basic {basic}"));
    } else {
        urlbody.insert("client_id".into(), id);
    }
    Request {
        urlbody,
        auth,
        ..Request::default()
    }
}

/// Expiry is checked by our own clock and storage: for a flow nothing has expired.
const FOREVER: DateTime<Utc> = DateTime::<Utc>::MAX_UTC;

/// A URL for flows that require one; the browser is redirected to the URI that was sent, character by character.
fn some_url(text: &str) -> Result<Url, RegistrarError> {
    let url = Url::parse(text).or_else(|_| Url::parse("http://localhost/"));
    url.map_err(|_| RegistrarError::PrimitiveError)
}

fn scope(scopes: &ScopeSet) -> Result<Scope, RegistrarError> {
    let scopes = scopes.to_string().parse();
    scopes.map_err(|_| RegistrarError::Unspecified)
}

impl FlowEndpoint {
    fn new(client: Arc<Client>, asks: FlowParty) -> Self {
        Self {
            asks,
            client,
            refused: None,
        }
    }

    /// Whether PKCE is required was checked before: a challenge or a verifier that was sent is checked here.
    fn with_pkce(&mut self) -> Extended<&mut Self, AddonList> {
        let mut extended = Extended::new(self);
        extended.addons.push_code(Pkce::optional());
        extended
    }

    fn refuse<T>(&mut self, failure: OAuthError) -> Result<T, ()> {
        self.refused = Some(failure);
        Err(())
    }

    fn exchange(&mut self) -> Result<&mut Exchange, ()> {
        match &mut self.asks {
            FlowParty::Client(exchange, _) => Ok(exchange),
            FlowParty::Person(..) => Err(()),
        }
    }

    /// An error that the flow detected.
    fn found(&mut self, is_scope: bool) -> OAuthError {
        let kind = self.exchange().map(|exchange| exchange.kind());
        match kind {
            _ if is_scope => OAuthError::scope("the scope is not allowed"),
            Ok(GrantType::AuthorizationCode) => OAuthError::grant(BAD_CODE),
            Ok(GrantType::RefreshToken) => OAuthError::grant("the refresh token is not valid"),
            _ => OAuthError::request("the request is not complete"),
        }
    }

    fn grant(&self, owner: String, scopes: &ScopeSet, uri: &str) -> Option<Grant> {
        Some(Grant {
            owner_id: owner,
            client_id: self.client.id.to_string(),
            scope: scope(scopes).ok()?,
            redirect_uri: some_url(uri).ok()?,
            until: FOREVER,
            extensions: Extensions::new(),
        })
    }

    /// The grant of a code, with the challenge that the verifier must match.
    fn grant_of(&self, code: &AuthorizationCode) -> Result<Option<Grant>, ()> {
        let owner = code.user_id.to_string();
        let mut grant = self.grant(owner, &code.scope, &code.redirect_uri);
        if let (Some(grant), Some(challenge)) = (&mut grant, &code.challenge) {
            let pkce = Pkce::required();
            let challenge = Some(Cow::from(challenge.as_str()));
            if let Some(challenge) = pkce.challenge(Some("S256".into()), challenge)? {
                grant.extensions.set(&pkce, challenge);
            }
        }
        Ok(grant)
    }
}

/// The client is known, or has been authenticated, before the flow starts.
#[async_trait]
impl Registrar for FlowEndpoint {
    async fn bound_redirect<'a>(
        &self,
        bound: ClientUrl<'a>,
    ) -> Result<BoundClient<'a>, RegistrarError> {
        self.check(&bound.client_id, None).await?;
        let asked = bound.redirect_uri.as_ref().map(|uri| uri.as_str());
        let url = match &self.asks {
            FlowParty::Person(owner, _) if asked == Some(&owner.request.redirect_uri) => asked,
            FlowParty::Person(..) => return Err(RegistrarError::Unspecified),
            FlowParty::Client(..) => None,
        };
        Ok(BoundClient {
            redirect_uri: Cow::Owned(RegisteredUrl::Semantic(some_url(url.unwrap_or_default())?)),
            client_id: bound.client_id,
        })
    }

    async fn negotiate<'a>(
        &self,
        client: BoundClient<'a>,
        wanted: Option<Scope>,
    ) -> Result<PreGrant, RegistrarError> {
        // If no scope is requested, none is granted: the default scope was put into the request before.
        let wanted = wanted.map(|scope| scope.to_string()).unwrap_or_default();
        let asked = ScopeSet::parse(&wanted).map_err(|_| RegistrarError::Unspecified)?;
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
        // Its secret was compared before the flow started; the flow must be about the same client.
        let is_same = client_id == self.client.id.to_string();
        is_same.then_some(()).ok_or(RegistrarError::Unspecified)
    }
}

#[async_trait]
impl OwnerSolicitor<Request> for FlowEndpoint {
    async fn check_consent(
        &mut self,
        _: &mut Request,
        asked: Solicitation<'_>,
    ) -> OwnerConsent<Response> {
        let (owner, next) = match &mut self.asks {
            FlowParty::Person(owner, next) => (owner, next),
            // With client credentials the client itself is the owner, RFC 6749 section 4.4.
            FlowParty::Client(..) => {
                return OwnerConsent::Authorized(asked.pre_grant().client_id.clone());
            }
        };
        match owner.decide().await {
            Ok(Decision::Ask(page)) => {
                *next = Some(page);
                OwnerConsent::InProgress(Response::default())
            }
            Ok(Decision::Grant { user, scope }) => {
                owner.granted = Some(scope);
                OwnerConsent::Authorized(user.to_string())
            }
            Err(failure) => {
                self.refused = Some(failure);
                OwnerConsent::Denied
            }
        }
    }
}

#[async_trait]
impl Authorizer for FlowEndpoint {
    async fn authorize(&mut self, _: Grant) -> Result<String, ()> {
        let FlowParty::Person(owner, next) = &mut self.asks else {
            return Err(());
        };
        match owner.make_code().await {
            Ok(code) => {
                *next = Some(AuthorizationOutcome::Answer(owner.answer(&code)));
                Ok(code)
            }
            Err(failure) => self.refuse(failure),
        }
    }

    async fn extract(&mut self, _: &str) -> Result<Option<Grant>, ()> {
        match self.exchange()?.find_code().await {
            Ok(Some(code)) => self.grant_of(&code),
            Ok(None) => Ok(None),
            Err(failure) => self.refuse(failure),
        }
    }
}

#[async_trait]
impl Issuer for FlowEndpoint {
    async fn issue(&mut self, grant: Grant) -> Result<IssuedToken, ()> {
        let FlowParty::Client(exchange, answer) = &mut self.asks else {
            return Err(());
        };
        match exchange.issue(&grant.scope.to_string()).await {
            Ok(issued) => *answer = Some(issued),
            Err(failure) => return self.refuse(failure),
        }
        // The flow is told only that something was issued, without the tokens.
        Ok(IssuedToken::without_refresh(String::new(), FOREVER))
    }

    async fn refresh(&mut self, _: &str, grant: Grant) -> Result<RefreshedToken, ()> {
        let issued = self.issue(grant).await?;
        Ok(RefreshedToken {
            token: issued.token,
            refresh: None,
            until: issued.until,
            token_type: issued.token_type,
        })
    }

    async fn recover_token(&mut self, _: &str) -> Result<Option<Grant>, ()> {
        Ok(None)
    }

    async fn recover_refresh(&mut self, _: &str) -> Result<Option<Grant>, ()> {
        // The single check-and-set at issuance decides, and limits the requested scope as well. For the flow the grant
        // is as wide as the request.
        let scope = self.exchange()?.refreshed_scope().ok_or(())?;
        Ok(self.grant(String::new(), &scope, ""))
    }
}

impl Endpoint<Request> for &mut FlowEndpoint {
    type Error = OAuthError;

    fn registrar(&self) -> Option<&(dyn Registrar + Sync)> {
        Some(*self)
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

    fn response(
        &mut self,
        _: &mut Request,
        mut kind: Template<'_>,
    ) -> Result<Response, OAuthError> {
        let asked = kind.authorization_error();
        let asked = asked.map(|error| error.kind() == AuthorizationErrorType::InvalidScope);
        let issued = kind.access_token_error();
        let issued = issued.map(|error| error.kind() == AccessTokenErrorType::InvalidScope);
        if let Some(is_scope) = asked.or(issued) {
            let failure = self.found(is_scope);
            self.refused.get_or_insert(failure);
        }
        Ok(Response::default())
    }

    fn error(&mut self, error: OxideError) -> OAuthError {
        match (error, &self.asks) {
            (OxideError::PrimitiveError, _) => OAuthError::server(),
            (_, FlowParty::Person(owner, _)) => {
                bad_redirect(Some(&owner.request.redirect_uri), &self.client)
            }
            (OxideError::BadRequest, _) => OAuthError::request("the request is not complete"),
            (OxideError::DenySilently, _) => OAuthError::scope("the scope is not allowed"),
        }
    }

    fn web_error(&mut self, error: NoError) -> OAuthError {
        match error {}
    }
}
