//! The authorization request, RFC 6749 section 4.1.1, and the challenge of PKCE that came with it.

use async_trait::async_trait;
use oxide_auth::{
    code_grant::{authorization::Request as AuthorizationRequest, extensions::Pkce},
    endpoint::{OAuthError as OxideError, OwnerConsent, Scopes, Solicitation, Template},
    primitives::grant::{Extensions, Grant},
};
use oxide_auth_async::{
    code_grant::authorization::Extension as AuthorizationExtension,
    endpoint::{Endpoint, Extension, OwnerSolicitor, authorization::AuthorizationFlow},
    primitives::{Authorizer, Issuer, Registrar},
};

use super::{
    client::OneClient,
    web::{Request, Response, normalized},
};
use crate::oauth::{
    Form, OAuthError,
    authorize::Next,
    request::bad_redirect,
    resource_owner::{Decision, ResourceOwner},
};

/// One request under way. Plays every part that its flow asks for, but the registrar's.
struct Run {
    owner: ResourceOwner,
    registrar: OneClient,
    pkce: Pkce,
    /// What the flow came to by our doing.
    reached: Option<Result<Next, OAuthError>>,
}

/// Takes an authorization request as far as it goes. `None` for one whose scope the client may not ask for any more.
///
/// # Errors
/// [`OAuthError`], told on a page.
pub(in crate::oauth) async fn authorize(
    owner: ResourceOwner,
    parameters: &Form,
) -> Result<Result<Next, OAuthError>, OAuthError> {
    let registrar = OneClient {
        client: owner.client.clone(),
        redirect_uri: Some(owner.request.redirect_uri.clone()),
        alone: false,
    };
    let mut run = Run {
        owner,
        registrar,
        pkce: Pkce::required(),
        reached: None,
    };
    let done = {
        let request = Request {
            query: normalized(parameters),
            ..Request::default()
        };
        let mut flow = AuthorizationFlow::prepare(&mut run)?;
        flow.execute(request).await
    };
    match (run.reached, done) {
        (Some(Ok(next)), _) => Ok(Ok(next)),
        // Nothing is wrong with the request: storage failed, and the person may try again.
        (Some(Err(failure)), _) if failure.status >= 500 => Err(failure),
        (Some(Err(failure)), _) => Ok(Err(failure)),
        (_, Ok(response)) if response.error.as_deref() == Some("invalid_scope") => {
            Ok(Err(OAuthError::scope("the scope is not allowed")))
        }
        (_, Ok(_)) => Ok(Err(OAuthError::request("the request is not complete"))),
        (_, Err(failure)) => Err(failure),
    }
}

#[async_trait]
impl OwnerSolicitor<Request> for Run {
    async fn check_consent(
        &mut self,
        _: &mut Request,
        _: Solicitation<'_>,
    ) -> OwnerConsent<Response> {
        match self.owner.decide().await {
            Ok(Decision::Ask(next)) => {
                self.reached = Some(Ok(next));
                OwnerConsent::InProgress(Response::default())
            }
            Ok(Decision::Grant { user, scope }) => {
                self.owner.granted = Some(scope);
                OwnerConsent::Authorized(user.to_string())
            }
            Err(failure) => {
                self.reached = Some(Err(failure));
                OwnerConsent::Denied
            }
        }
    }
}

#[async_trait]
impl Authorizer for Run {
    async fn authorize(&mut self, _: Grant) -> Result<String, ()> {
        match self.owner.make_code().await {
            Ok(code) => {
                self.reached = Some(Ok(Next::Answer(self.owner.answer(&code))));
                Ok(code)
            }
            Err(failure) => {
                self.reached = Some(Err(failure));
                Err(())
            }
        }
    }

    async fn extract(&mut self, _: &str) -> Result<Option<Grant>, ()> {
        // Codes are used at the token endpoint.
        Err(())
    }
}

/// PKCE, RFC 7636, with `S256` alone. Whether it is needed was judged before: a challenge that came is read here.
#[async_trait]
impl AuthorizationExtension for Run {
    async fn extend(
        &mut self,
        request: &(dyn AuthorizationRequest + Sync),
    ) -> Result<Extensions, ()> {
        let mut extensions = Extensions::new();
        if request.extension("code_challenge").is_none() {
            return Ok(extensions);
        }
        let challenge = self.pkce.challenge(
            request.extension("code_challenge_method"),
            request.extension("code_challenge"),
        )?;
        if let Some(challenge) = challenge {
            extensions.set(&self.pkce, challenge);
        }
        Ok(extensions)
    }
}

impl Extension for Run {
    fn authorization(&mut self) -> Option<&mut (dyn AuthorizationExtension + Send)> {
        Some(self)
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
        None
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
            OxideError::BadRequest | OxideError::DenySilently => {
                bad_redirect(Some(&self.owner.request.redirect_uri), &self.owner.client)
            }
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
