//! `oxide-auth`, and nothing else in the crate names it: its state machines run the authorization request (RFC 6749 section 4.1.1) and the three
//! grants of the token endpoint.
//!
//! What the library decides: which parameters a flow needs and whether they are there once (sections 4.1.1 to 4.1.3,
//! 4.4.2 and 6), that a code or a refresh token is asked about by the client it is of, and PKCE: whether the verifier is
//! the preimage of the challenge (RFC 7636 section 4.6). What it does not decide, since its types cannot say it, is asked
//! of us while it runs: who the client is (`client_auth.rs`), what the person allows (`authorize.rs`), what a code or a
//! refresh token is worth and what is issued for it (`token.rs`, and the rules of `domain/rules`). Its answers are not
//! sent; only how a flow ended is read from them, and what is answered is written by us.

mod parts;
mod pkce;
mod web;

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use oxide_auth::{
    code_grant::extensions::Pkce,
    endpoint::{OAuthError, Scopes, Template},
};
use oxide_auth_async::{
    endpoint::{
        Endpoint, Extension, OwnerSolicitor, access_token::AccessTokenFlow,
        authorization::AuthorizationFlow, client_credentials::ClientCredentialsFlow,
        refresh::RefreshFlow,
    },
    primitives::{Authorizer, Issuer, Registrar},
};

use self::{
    parts::{OneClient, Parts, Port, Reached},
    pkce::PkceCheck,
    web::{Request, Response, normalized},
};
use super::{
    Failure, Form, TokenAnswer,
    authorize::Next,
    exchange::{BAD_CODE, Exchange},
    owner::Owner,
    request::bad_redirect,
};
use crate::domain::{Client, GrantType};

/// One request under way. Plays every part that a flow asks for.
struct Flow {
    parts: Parts,
    registrar: OneClient,
    pkce: PkceCheck,
}

impl Flow {
    fn new(port: Port, client: Arc<Client>, redirect_uri: Option<String>) -> Self {
        Self {
            registrar: OneClient {
                alone: port.is_alone(),
                client: client.clone(),
                redirect_uri,
            },
            parts: Parts {
                port,
                client,
                reached: None,
            },
            pkce: PkceCheck(Pkce::required()),
        }
    }
}

/// Takes an authorization request as far as it goes. `None` for one whose scope the client may not ask for any more.
///
/// # Errors
/// [`Failure`], told on a page.
pub(super) async fn authorize(
    owner: Owner,
    parameters: &Form,
) -> Result<Result<Next, Failure>, Failure> {
    let client = owner.client.clone();
    let uri = owner.request.redirect_uri.clone();
    let mut run = Flow::new(Port::Owner(owner), client, Some(uri));
    let done = {
        let request = Request {
            query: normalized(parameters),
            ..Request::default()
        };
        let mut flow = AuthorizationFlow::prepare(&mut run)?;
        flow.execute(request).await
    };
    match (run.parts.reached, done) {
        (Some(Reached::Next(next)), _) => Ok(Ok(next)),
        // Nothing is wrong with the request: storage failed, and the person may try again.
        (Some(Reached::Failed(failure)), _) if failure.status >= 500 => Err(failure),
        (Some(Reached::Failed(failure)), _) => Ok(Err(failure)),
        (_, Ok(response)) if response.error.as_deref() == Some("invalid_scope") => {
            Ok(Err(Failure::scope("the scope is not allowed")))
        }
        (_, Ok(_)) => Ok(Err(Failure::request("the request is not complete"))),
        (_, Err(failure)) => Err(failure),
    }
}

/// Exchanges a grant for tokens.
///
/// # Errors
/// [`Failure`], RFC 6749 section 5.2.
pub(super) async fn exchange(exchange: Exchange, form: &Form) -> Result<TokenAnswer, Failure> {
    let (client, kind) = (exchange.client.clone(), exchange.kind());
    let request = token_request(&exchange, form)?;
    let mut run = Flow::new(Port::Exchange(exchange), client, None);
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
    match run.parts.reached {
        Some(Reached::Failed(failure)) => return Err(failure),
        Some(Reached::Issued(answer)) => return Ok(answer),
        Some(Reached::Next(_)) | None => {}
    }
    let response = done?;
    Err(match (kind, response.error.as_deref()) {
        _ if response.unauthorized => Failure::client(true),
        (_, Some("invalid_scope")) => Failure::scope("the scope is not allowed"),
        (GrantType::AuthorizationCode, _) => Failure::grant(BAD_CODE),
        (GrantType::RefreshToken, _) => Failure::grant("the refresh token is not valid"),
        _ => Failure::request("the request is not complete"),
    })
}

/// The request as the flow reads it. It sees one way of authentication, whichever was used: the secret was compared
/// before.
fn token_request(exchange: &Exchange, form: &Form) -> Result<Request, Failure> {
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

impl Endpoint<Request> for &mut Flow {
    type Error = Failure;

    fn registrar(&self) -> Option<&(dyn Registrar + Sync)> {
        Some(&self.registrar)
    }

    fn authorizer_mut(&mut self) -> Option<&mut (dyn Authorizer + Send)> {
        Some(&mut self.parts)
    }

    fn issuer_mut(&mut self) -> Option<&mut (dyn Issuer + Send)> {
        Some(&mut self.parts)
    }

    fn owner_solicitor(&mut self) -> Option<&mut (dyn OwnerSolicitor<Request> + Send)> {
        Some(&mut self.parts)
    }

    fn scopes(&mut self) -> Option<&mut dyn Scopes<Request>> {
        None
    }

    fn response(&mut self, _: &mut Request, _: Template<'_>) -> Result<Response, Failure> {
        Ok(Response::default())
    }

    fn error(&mut self, error: OAuthError) -> Failure {
        match (error, &self.parts.port) {
            (OAuthError::BadRequest | OAuthError::DenySilently, Port::Owner(owner)) => {
                bad_redirect(Some(&owner.request.redirect_uri), &owner.client)
            }
            (OAuthError::BadRequest, _) => Failure::request("the request is not complete"),
            (OAuthError::DenySilently, _) => Failure::scope("the scope is not allowed"),
            (OAuthError::PrimitiveError, _) => Failure::server(),
        }
    }

    fn web_error(&mut self, error: Failure) -> Failure {
        error
    }

    fn extension(&mut self) -> Option<&mut (dyn Extension + Send)> {
        Some(&mut self.pkce)
    }
}
