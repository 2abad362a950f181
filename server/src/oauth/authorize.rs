//! The authorization endpoint, RFC 6749 section 4.1, over the flow of `oxide-auth`: who is signed in, what they
//! allow, and the code that stands for it.

use std::{net::IpAddr, sync::Arc};

use async_trait::async_trait;
use doorward_shared::{ScopeSet, Timestamp};
use oxide_auth::{
    endpoint::{OAuthError, OwnerConsent, Scopes, Solicitation, Template},
    primitives::{
        grant::Grant,
        registrar::{BoundClient, ClientUrl, PreGrant, RegisteredUrl, RegistrarError},
        scope::Scope,
    },
};
use oxide_auth_async::{
    endpoint::{Endpoint, Extension, OwnerSolicitor, authorization::AuthorizationFlow},
    primitives::{Authorizer, Issuer, Registrar},
};

use super::{
    Failure, Form,
    adapter::{OAuthRequest, OAuthResponse},
    allowed_redirect,
    engine::PkceCheck,
    redirect::is_claimed_by_any_program,
    request::{AuthorizationRequest, BAD_REDIRECT, Refused},
    with_parameters,
};
use crate::{
    app::Doorward,
    browser::SignedIn,
    clock::random_bytes,
    crypto::secret::authorization_code,
    domain::{Actor, Cause, Client, Code},
    store::{Created, grantable},
};

/// Why a request is refused whose person did not allow it.
pub(super) const SAID_NO: &str = "the person said no";

/// How long a code is good, in seconds.
const CODE_SECONDS: i64 = 60;

/// Who stands before the authorization endpoint, and what they have said.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub signed_in: Option<SignedIn>,
    /// Whether they allow what was shown to them; `None` before they were asked.
    pub decision: Option<bool>,
    pub ip: IpAddr,
    pub user_agent: Option<String>,
    pub request_id: Arc<str>,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next {
    SignIn,
    /// Ask whether the client may have these scopes.
    Consent(ScopeSet),
    /// Send the browser back to the client.
    Answer(String),
}

impl Doorward {
    /// Takes a request as far as it goes.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn authorize(
        &self,
        request: &AuthorizationRequest,
        visitor: Visitor,
    ) -> Result<Next, Refused> {
        let client = self.store.client(request.client_id).await?;
        let page = |failure| Refused::Page(Some(request.client_id), failure);
        let client = client.ok_or_else(|| page(Failure::unknown_client()))?;
        // The client may have changed while somebody signed in.
        if !allowed_redirect(&client, &request.redirect_uri) {
            return Err(page(BAD_REDIRECT));
        }
        if client.needs_pkce() && request.challenge.is_none() {
            return Err(page(Failure::request("send a PKCE code_challenge (S256)")));
        }
        let asked = Asked {
            client: client.clone(),
            uri: request.redirect_uri.clone(),
        };
        let owner = Owner {
            doorward: self.clone(),
            request: request.clone(),
            client,
            visitor,
            now: self.clock.now(),
            granted: None,
            reached: None,
        };
        let mut door = Door {
            asked,
            owner,
            pkce: PkceCheck::default(),
        };
        let flow_request = OAuthRequest::with_query(&as_form(request)?);
        let done = {
            let mut flow = AuthorizationFlow::prepare(&mut door)?;
            flow.execute(flow_request).await
        };
        let tell = |failure: &Failure| Refused::Client {
            id: request.client_id,
            url: self.refusal(&request.redirect_uri, request.state.as_deref(), failure),
            failure: failure.clone(),
        };
        match (door.owner.reached, done) {
            (Some(Reached::Next(next)), _) => Ok(next),
            // Nothing is wrong with the request: storage failed, and the person may try again.
            (Some(Reached::Failed(failure)), _) if failure.status >= 500 => Err(page(failure)),
            (Some(Reached::Failed(failure)), _) => Err(tell(&failure)),
            (None, Ok(response)) if response.error.as_deref() == Some("invalid_scope") => {
                Err(tell(&Failure::scope("the scope is not allowed")))
            }
            (None, Ok(_)) => Err(tell(&Failure::request("the request is not complete"))),
            (None, Err(failure)) => Err(page(failure)),
        }
    }
}

/// The request as the flow reads it.
fn as_form(request: &AuthorizationRequest) -> Result<Form, Failure> {
    let mut pairs = vec![
        ("response_type".into(), "code".into()),
        ("client_id".into(), request.client_id.to_string()),
        ("redirect_uri".into(), request.redirect_uri.clone()),
    ];
    if let Some(challenge) = &request.challenge {
        pairs.push(("code_challenge".into(), challenge.clone()));
        pairs.push(("code_challenge_method".into(), "S256".into()));
    }
    if !request.scope.is_empty() {
        pairs.push(("scope".into(), request.scope.to_string()));
    }
    Form::checked(pairs)
}

/// The client that asks, bound to one of its redirect URIs.
struct Asked {
    client: Arc<Client>,
    uri: String,
}

#[async_trait]
impl Registrar for Asked {
    async fn bound_redirect<'a>(
        &self,
        bound: ClientUrl<'a>,
    ) -> Result<BoundClient<'a>, RegistrarError> {
        let uri = bound.redirect_uri.as_ref().map(|uri| uri.as_str());
        if bound.client_id != self.client.id.to_string() || uri != Some(&self.uri) {
            return Err(RegistrarError::Unspecified);
        }
        // For the flow alone: the browser is sent to the URI as it came, character by character.
        let url = self
            .uri
            .parse()
            .map_err(|_| RegistrarError::PrimitiveError)?;
        Ok(BoundClient {
            client_id: bound.client_id,
            redirect_uri: std::borrow::Cow::Owned(RegisteredUrl::Semantic(url)),
        })
    }

    async fn negotiate<'a>(
        &self,
        client: BoundClient<'a>,
        wanted: Option<Scope>,
    ) -> Result<PreGrant, RegistrarError> {
        let wanted = wanted.map(|scope| scope.to_string()).unwrap_or_default();
        let scope = ScopeSet::parse(&wanted).map_err(|_| RegistrarError::Unspecified)?;
        if !self.client.scopes.covers_all(&scope) {
            return Err(RegistrarError::Unspecified);
        }
        Ok(PreGrant {
            client_id: client.client_id.into_owned(),
            redirect_uri: client.redirect_uri.into_owned(),
            scope: wanted.parse().map_err(|_| RegistrarError::Unspecified)?,
        })
    }

    async fn check(&self, _: &str, _: Option<&[u8]>) -> Result<(), RegistrarError> {
        // Nobody authenticates a client at this endpoint.
        Err(RegistrarError::Unspecified)
    }
}

/// Asks the person, and makes the code.
struct Owner {
    doorward: Doorward,
    request: AuthorizationRequest,
    client: Arc<Client>,
    visitor: Visitor,
    now: Timestamp,
    /// What the person gives, once they have said so.
    granted: Option<ScopeSet>,
    reached: Option<Reached>,
}

enum Reached {
    Next(Next),
    Failed(Failure),
}

impl Owner {
    /// Whether the person must sign in, now or again. Times count from when the request came, so that whoever has
    /// signed in for it has signed in.
    fn must_sign_in(&self, who: &SignedIn) -> bool {
        let asked_at = self.request.asked_at;
        let signed_in_at = who.session.created_at;
        let max_age = self.request.max_age.map(i64::from);
        let too_long_ago = max_age.is_some_and(|age| signed_in_at < asked_at.plus_seconds(-age));
        let is_other = self
            .request
            .hinted
            .is_some_and(|user| user != who.account.user.id);
        let again = self.request.prompt.login && signed_in_at < asked_at;
        too_long_ago || is_other || again
    }

    /// What of the request the person can give.
    fn offered(&self, who: &SignedIn) -> ScopeSet {
        let may = grantable(&who.account.may);
        self.request.scope.intersect(&may)
    }

    /// A client that cannot show who it is, at an address any program may claim: what was allowed before may have
    /// been allowed to another (RFC 8252 section 8.6).
    fn must_ask_always(&self) -> bool {
        !self.client.is_confidential() && is_claimed_by_any_program(&self.request.redirect_uri)
    }

    async fn decide(&self) -> Result<Decision, Failure> {
        let prompt = self.request.prompt;
        let refuse = |error, reason: &'static str| Err(Failure::new(error, reason));
        let Some(who) = self
            .visitor
            .signed_in
            .as_ref()
            .filter(|who| !self.must_sign_in(who))
        else {
            return if prompt.none {
                refuse("login_required", "nobody is signed in who could answer")
            } else {
                Ok(Decision::Ask(Next::SignIn))
            };
        };
        let offered = self.offered(who);
        if offered.is_empty() && !self.request.scope.is_empty() {
            return refuse("access_denied", "the account holds none of these scopes");
        }
        let user = who.account.user.id;
        match self.visitor.decision {
            Some(false) => return refuse("access_denied", SAID_NO),
            Some(true) => {
                // Nothing that was not on the page they said yes to.
                let shown = self.request.shown.clone().unwrap_or_default();
                return Ok(Decision::Grant(offered.intersect(&shown)));
            }
            None => {}
        }
        let before = self.doorward.store.consent(user, self.client.id).await?;
        let known = before.is_some_and(|before| before.covers_all(&offered));
        if known && !prompt.consent && !self.must_ask_always() {
            Ok(Decision::Grant(offered))
        } else if prompt.none {
            refuse("consent_required", "the person has not allowed this yet")
        } else {
            Ok(Decision::Ask(Next::Consent(offered)))
        }
    }

    async fn make_code(&self) -> Result<String, Failure> {
        let (Some(who), Some(scope)) = (&self.visitor.signed_in, &self.granted) else {
            return Err(Failure::server());
        };
        let user = who.account.user.id;
        let code = authorization_code(random_bytes());
        let kept = Code {
            client_id: self.client.id,
            user_id: user,
            redirect_uri: self.request.redirect_uri.clone(),
            scope: scope.clone(),
            challenge: self.request.challenge.clone(),
            nonce: self.request.nonce.clone(),
            auth_time: who.session.created_at,
            resources: self.request.resources.clone(),
            ip: self.visitor.ip,
            user_agent: self.visitor.user_agent.clone(),
            expires_at: self.now.plus_seconds(CODE_SECONDS),
            signed_in_by: Some(who.session.id),
            used_at: None,
            session_id: None,
        };
        let cause = Cause {
            actor: Actor::User(user),
            client_id: Some(self.client.id),
            ip: Some(self.visitor.ip),
            request_id: Some(self.visitor.request_id.clone()),
            at: self.now,
            reason: None,
        };
        let allowed = self.visitor.decision == Some(true);
        let created = self
            .doorward
            .store
            .create_code(code.digest(), kept, allowed, cause);
        match created.await? {
            Created::Kept => Ok(code.expose().to_owned()),
            Created::SignedOut => Err(Failure::new("login_required", "the sign-in has ended")),
            Created::NotAllowed => {
                let why = "what the person had allowed was taken back";
                Err(Failure::new("consent_required", why))
            }
        }
    }

    fn answer(&self, code: &str) -> String {
        let mut parameters = vec![("code", code)];
        parameters.extend(self.request.state.as_deref().map(|state| ("state", state)));
        parameters.push(("iss", &self.doorward.issuer));
        with_parameters(&self.request.redirect_uri, &parameters)
    }
}

enum Decision {
    Ask(Next),
    Grant(ScopeSet),
}

#[async_trait]
impl OwnerSolicitor<OAuthRequest> for Owner {
    async fn check_consent(
        &mut self,
        _: &mut OAuthRequest,
        _: Solicitation<'_>,
    ) -> OwnerConsent<OAuthResponse> {
        match self.decide().await {
            Ok(Decision::Ask(next)) => {
                self.reached = Some(Reached::Next(next));
                OwnerConsent::InProgress(OAuthResponse::default())
            }
            Ok(Decision::Grant(scope)) => {
                self.granted = Some(scope);
                let who = self.visitor.signed_in.as_ref();
                let id = who.map(|who| who.account.user.id.to_string());
                OwnerConsent::Authorized(id.unwrap_or_default())
            }
            Err(failure) => {
                self.reached = Some(Reached::Failed(failure));
                OwnerConsent::Denied
            }
        }
    }
}

#[async_trait]
impl Authorizer for Owner {
    async fn authorize(&mut self, _: Grant) -> Result<String, ()> {
        match self.make_code().await {
            Ok(code) => {
                self.reached = Some(Reached::Next(Next::Answer(self.answer(&code))));
                Ok(code)
            }
            Err(failure) => {
                self.reached = Some(Reached::Failed(failure));
                Err(())
            }
        }
    }

    async fn extract(&mut self, _: &str) -> Result<Option<Grant>, ()> {
        // Codes are used at the token endpoint.
        Err(())
    }
}

struct Door {
    asked: Asked,
    owner: Owner,
    pkce: PkceCheck,
}

impl Endpoint<OAuthRequest> for &mut Door {
    type Error = Failure;

    fn registrar(&self) -> Option<&(dyn Registrar + Sync)> {
        Some(&self.asked)
    }

    fn authorizer_mut(&mut self) -> Option<&mut (dyn Authorizer + Send)> {
        Some(&mut self.owner)
    }

    fn issuer_mut(&mut self) -> Option<&mut (dyn Issuer + Send)> {
        None
    }

    fn owner_solicitor(&mut self) -> Option<&mut (dyn OwnerSolicitor<OAuthRequest> + Send)> {
        Some(&mut self.owner)
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
            OAuthError::BadRequest | OAuthError::DenySilently => BAD_REDIRECT,
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
