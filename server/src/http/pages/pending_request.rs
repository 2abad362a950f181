//! The authorization request that a page belongs to, and the application that sent it.

use maud::Markup;

use super::{
    components::{shown_logo, unverified_client_notice},
    page_context::PageContext,
    page_response::PageResponse,
};
use crate::oauth::{AuthorizationRequest, OAuthError};

/// A pending authorization request, and the application that sent it.
#[derive(Debug)]
pub(super) struct PendingRequest {
    pub request: AuthorizationRequest,
    pub name: String,
    pub logo: Option<String>,
    /// Its website, if an operator has registered the client.
    pub website: Option<String>,
    /// Notice about a dynamically registered client.
    pub stranger: Markup,
}

/// The application of the pending request.
///
/// # Errors
/// A page, for a client that no longer exists.
pub(super) async fn asking(
    page_context: &PageContext<'_>,
    request: Option<AuthorizationRequest>,
) -> Result<Option<PendingRequest>, PageResponse> {
    let Some(request) = request else {
        return Ok(None);
    };
    let client = page_context
        .services
        .store
        .client(request.client_id)
        .await?;
    let client = client.ok_or_else(|| page_context.failed(&OAuthError::client(false)))?;
    let name = client.name.clone();
    Ok(Some(PendingRequest {
        request,
        name,
        logo: shown_logo(&client),
        website: client.policy.client_uri.clone().filter(|_| !client.dynamic),
        stranger: unverified_client_notice(page_context.texts, &client),
    }))
}
