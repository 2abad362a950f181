//! Validates a request to `/oauth/logout`: OpenID Connect RP-Initiated Logout 1.0 sections 2 and 3.

use std::sync::Arc;

use doorward_shared::ClientId;

use super::sign_out_page::LogoutRequest;
use crate::{
    domain::{Client, RejectedParameter},
    http::Services,
    oauth::{AuthorizationRequestError, Form, Hint, OAuthError, with_parameters},
    store::StoreError,
};

/// A valid logout request.
pub(super) struct Logout {
    pub hint: Option<Hint>,
    pub request: LogoutRequest,
}

/// The client with this `client_id`: its id, or the URL of its metadata document, which is not fetched for this.
async fn client_called(services: &Services, name: &str) -> Result<Option<ClientId>, StoreError> {
    if let Ok(id) = name.parse() {
        return Ok(Some(id));
    }
    let found = services.store.document_client(name.to_owned()).await?;
    Ok(found.map(|(id, _)| id))
}

/// Validates a logout request.
///
/// # Errors
/// [`AuthorizationRequestError`].
pub(super) async fn read_logout(
    services: &Services,
    pairs: Vec<(String, String)>,
) -> Result<Logout, AuthorizationRequestError> {
    let form = Form::checked(pairs)?;
    // A token that cannot be verified, or no longer, counts as none: the user is asked.
    let hint = form
        .get("id_token_hint")
        .and_then(|hint| Hint::read(hint, &services.keys));
    let named = match form.get("client_id") {
        Some(name) => {
            let id = client_called(services, name).await?;
            Some(id.ok_or_else(OAuthError::unknown_client)?)
        }
        None => None,
    };
    let hinted = match &hint {
        Some(hint) => client_called(services, &hint.client).await?,
        None => None,
    };
    let client = match (named, hinted) {
        (Some(named), Some(hinted)) if named != hinted => {
            let why = OAuthError::request("id_token_hint is an ID token of another client");
            return Err(AuthorizationRequestError::Page(Some(named), why));
        }
        (named, hinted) => named.or(hinted),
    };
    let mut request = LogoutRequest {
        then: None,
        by_click: false,
        hinted_session: hint.as_ref().and_then(|hint| hint.session),
    };
    let uri = form.get("post_logout_redirect_uri");
    // The client of the redirect URI was named in an unreadable hint: the user is asked, and not redirected.
    let lost = client.is_none() && form.get("id_token_hint").is_some();
    if let Some(uri) = uri.filter(|_| !lost) {
        let client = registered_with(services, client, uri).await?;
        request.by_click = client.dynamic;
        request.then = Some(match form.get("state") {
            Some(state) => with_parameters(uri, &[("state", state)]),
            None => uri.to_owned(),
        });
    }
    Ok(Logout { hint, request })
}

/// The client, if it has registered the post-logout redirect URI.
///
/// # Errors
/// [`AuthorizationRequestError`].
async fn registered_with(
    services: &Services,
    client: Option<ClientId>,
    uri: &str,
) -> Result<Arc<Client>, AuthorizationRequestError> {
    let bad = |registered: &[String]| {
        let why = "post_logout_redirect_uri is not registered for this client";
        let sent = RejectedParameter::uri("post_logout_redirect_uri", uri, registered);
        AuthorizationRequestError::Page(client, OAuthError::request(why).about(sent))
    };
    let found = services
        .store
        .client(client.ok_or_else(|| bad(&[]))?)
        .await?;
    let found = found.ok_or_else(OAuthError::unknown_client)?;
    let registered = &found.policy.post_logout_redirect_uris;
    if registered.iter().any(|known| known == uri) {
        Ok(found)
    } else {
        Err(bad(registered))
    }
}
