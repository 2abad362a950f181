//! The authorization endpoint, RFC 6749 section 4.1: receives requests, keeps them while the user signs in and
//! consents, and responds.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use doorward_shared::ScopeSet;

use super::{
    ClientAnswer, OAuthError, ResponseMode, allowed_redirect,
    authorization_request::{AuthorizationRequest, AuthorizationRequestError, bad_redirect},
    client_auth::about_name,
    dynamic_registration::Registrations,
    oxide,
    resource_owner::ResourceOwner,
};
use crate::{
    clock::Clock,
    crypto::{key_ring::KeyRing, seal::MasterKey},
    service::SignedIn,
    store::Store,
};

/// Error description if the user denied the request.
pub(super) const SAID_NO: &str = "the user denied the request";

/// How long the user may take to sign in and consent, in seconds.
const LIFETIME: i64 = 3600;
/// How long after that a request may still start again, in seconds: the page may have been left open.
const BEGINS_ANEW: i64 = 86_400;
/// MAC purpose of a kept request.
const PLACE: &str = "authorization request";

/// The user at the authorization endpoint and their consent decision.
#[derive(Debug, Clone)]
pub(crate) struct EndUser {
    pub signed_in: Option<SignedIn>,
    /// Whether they allow what was shown; `None` before they were asked.
    pub decision: Option<bool>,
    pub ip: IpAddr,
    pub user_agent: Option<String>,
    pub request_id: Arc<str>,
}

/// The next step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AuthorizationOutcome {
    SignIn,
    /// Ask whether the client may have these scopes.
    Consent(ScopeSet),
    /// The browser carries this response to the client.
    Answer(ClientAnswer),
    /// The user may not sign in to this client: they see a page, then the client receives the error.
    NotAdmitted(ClientAnswer),
}

/// Handles authorization requests.
#[derive(Debug, Clone)]
pub struct AuthorizationEndpoint {
    pub(crate) store: Store,
    pub(crate) registrations: Registrations,
    pub(crate) keys: KeyRing,
    /// Authenticates data round-tripped through browsers.
    pub(crate) master: Arc<MasterKey>,
    pub(crate) issuer: String,
    pub(crate) clock: Clock,
}

impl AuthorizationEndpoint {
    /// Validates an authorization request.
    ///
    /// # Errors
    /// [`AuthorizationRequestError`].
    pub(crate) async fn read(
        &self,
        pairs: Vec<(String, String)>,
        ip: IpAddr,
    ) -> Result<AuthorizationRequest, AuthorizationRequestError> {
        // The client and its redirect URI must be known before any response is sent there.
        let once = |name: &str| once(&pairs, name);
        let name = once("client_id").ok_or_else(OAuthError::unknown_client)?;
        let page = |failure| AuthorizationRequestError::Page(name.parse().ok(), failure);
        let named = self.registrations.client_named(name, ip).await;
        let client = named.map_err(|failure| page(about_name(failure, name)))?;
        let client = client.ok_or_else(|| page(about_name(OAuthError::unknown_client(), name)))?;
        let client_id = client.id;
        let page = |failure| AuthorizationRequestError::Page(Some(client_id), failure);
        let redirect_uri = once("redirect_uri");
        let redirect_uri = redirect_uri
            .filter(|uri| allowed_redirect(&client, uri))
            .ok_or_else(|| page(bad_redirect(redirect_uri, &client)))?
            .to_owned();
        let state = once("state").map(str::to_owned);
        let mode = ResponseMode::parse(once("response_mode")).unwrap_or_default();
        let checked = AuthorizationRequest::checked(pairs, &client, &redirect_uri, self).await;
        checked.map_err(|failure| AuthorizationRequestError::Client {
            id: client_id,
            answer: self.refusal(&redirect_uri, mode, state.as_deref(), &failure),
            failure,
            needs_redirect_notice: client.dynamic,
        })
    }

    /// The request in the form that a browser carries.
    pub(crate) fn keep(&self, request: &AuthorizationRequest) -> String {
        let json = serde_json::to_vec(request).unwrap_or_default();
        self.master.stamp().sign(PLACE, &json)
    }

    /// Restores a kept request, if it is authentic and not much too old.
    ///
    /// # Errors
    /// `invalid_request`.
    pub(crate) fn restore_request(&self, text: &str) -> Result<AuthorizationRequest, OAuthError> {
        let json = self.master.stamp().check(PLACE, text);
        let request = json.and_then(|json| serde_json::from_slice(&json).ok());
        let now = self.clock.now();
        let within =
            |request: &AuthorizationRequest, seconds| now < request.asked_at.plus_seconds(seconds);
        match request {
            Some(request) if within(&request, LIFETIME) => Ok(request),
            Some(request) if within(&request, BEGINS_ANEW) => Ok(AuthorizationRequest {
                asked_at: now,
                shown: None,
                is_again: true,
                ..request
            }),
            _ => Err(OAuthError::request(
                "the authorization request has expired or was modified",
            )),
        }
    }

    /// The error response for the client, RFC 6749 section 4.1.2.1, including `iss` (RFC 9207 section 2).
    pub(crate) fn refusal(
        &self,
        uri: &str,
        mode: ResponseMode,
        state: Option<&str>,
        failure: &OAuthError,
    ) -> ClientAnswer {
        let mut parameters = vec![
            ("error", failure.error.to_owned()),
            ("error_description", failure.description.to_string()),
        ];
        parameters.extend(state.map(|state| ("state", state.to_owned())));
        parameters.push(("iss", self.issuer.clone()));
        ClientAnswer {
            uri: uri.to_owned(),
            mode,
            parameters,
        }
    }

    /// As [`AuthorizationEndpoint::refusal`], for a valid request.
    pub(super) fn refusal_of(
        &self,
        request: &AuthorizationRequest,
        failure: &OAuthError,
    ) -> ClientAnswer {
        let (uri, state) = (&request.redirect_uri, request.state.as_deref());
        self.refusal(uri, request.mode, state, failure)
    }

    /// Advances a request to the next step.
    ///
    /// # Errors
    /// [`AuthorizationRequestError`].
    pub(crate) async fn authorize(
        &self,
        request: &AuthorizationRequest,
        visitor: EndUser,
    ) -> Result<AuthorizationOutcome, AuthorizationRequestError> {
        let client = self.store.client(request.client_id).await?;
        let page = |failure| AuthorizationRequestError::Page(Some(request.client_id), failure);
        let client = client.ok_or_else(|| page(OAuthError::unknown_client()))?;
        // The client may have changed while the user signed in.
        if !allowed_redirect(&client, &request.redirect_uri) {
            return Err(page(bad_redirect(Some(&request.redirect_uri), &client)));
        }
        if client.needs_pkce() && request.challenge.is_none() {
            return Err(page(OAuthError::request(
                "send a PKCE code_challenge (S256)",
            )));
        }
        let unseen_stranger = client.dynamic && visitor.decision.is_none();
        let owner = ResourceOwner {
            endpoint: self.clone(),
            request: request.clone(),
            client,
            visitor,
            now: self.clock.now(),
            granted: None,
        };
        let reached = oxide::authorize(owner, flow_parameters(request)).await;
        let reached = reached.map_err(page)?;
        reached.map_err(|failure| AuthorizationRequestError::Client {
            id: request.client_id,
            answer: self.refusal_of(request, &failure),
            failure,
            needs_redirect_notice: unseen_stranger,
        })
    }
}

/// Error description for a user who is in none of a client's groups.
pub(crate) const NOT_ADMITTED: &str =
    "the account is in none of the groups that may use this application";

/// The request as the library's flow reads it.
fn flow_parameters(request: &AuthorizationRequest) -> HashMap<String, String> {
    let mut parameters = HashMap::from([
        ("response_type".into(), "code".into()),
        ("client_id".into(), request.client_id.to_string()),
        ("redirect_uri".into(), request.redirect_uri.clone()),
    ]);
    if let Some(challenge) = &request.challenge {
        parameters.insert("code_challenge".into(), challenge.clone());
        parameters.insert("code_challenge_method".into(), "S256".into());
    }
    if !request.scope.is_empty() {
        parameters.insert("scope".into(), request.scope.to_string());
    }
    parameters
}

/// The value of a parameter that was sent exactly once.
fn once<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = pairs.iter().filter(|(have, _)| have == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) if !value.is_empty() => Some(value),
        _ => None,
    }
}
